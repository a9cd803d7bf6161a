"""Pages: one Jinja environment a language, and what every template may use."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core.codes import group
from app.core.i18n import languages, negotiate, translations, with_minus
from app.core.money import Money
from app.domain.stipends.rules import receipt_text
from app.web.flash import forget, said
from app.web.navigation import menu_for, messages_for, stipends_for
from app.web.wording import ROLES

FOLDER = Path(__file__).parent
LANGUAGE_COOKIE = "pdi_language"
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "ps"}


def render(
    request: Request,
    template: str,
    context: Mapping[str, object] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    language: str | None = None,
) -> Response:
    """A page in the reader's language, or in the one that was asked for. ``actor`` and ``csrf`` are known to it when someone is logged in.

    ``here`` is where a change of language leads back to: this page, or the front page after a form.
    """
    language = language or language_of(request)
    actor = getattr(request.state, "actor", None)
    html = (
        environment(language)
        .get_template(template)
        .render(
            {
                "request": request,
                "language": language,
                "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
                "languages": languages(),
                "actor": actor,
                "menu": menu_for(actor),
                "stipends_menu": stipends_for(actor),
                "messages_menu": messages_for(actor),
                "csrf": getattr(request.state, "csrf", ""),
                "here": _here(request),
                "said": said(request),
                **(context or {}),
            }
        )
    )
    response = HTMLResponse(html, status_code=status, headers=dict(headers or {}))
    forget(request, response)
    return response


def language_of(request: Request) -> str:
    """What the reader chose, else what her browser asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in languages():
        return chosen
    return negotiate(request.headers.get("Accept-Language", ""))


@cache
def environment(language: str) -> Environment:
    """The templates as one language sees them."""
    jinja = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    jinja.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    jinja.filters.update(_filters(language))
    jinja.globals["asset"] = asset
    jinja.globals["role_names"] = ROLES
    return jinja


def asset(path: str) -> str:
    """The address of a static file, changed whenever the file changes."""
    file = FOLDER / "static" / path
    version = int(file.stat().st_mtime) if file.exists() else 0
    return f"/static/{path}?v={version:x}"


def _here(request: Request) -> str:
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _filters(language: str) -> dict[str, Any]:
    def day(value: date, pattern: str = "long") -> str:
        return format_date(value, pattern, locale=language)

    def moment(value: datetime, zone: str = "UTC", pattern: str = "medium") -> str:
        return format_datetime(value, pattern, tzinfo=ZoneInfo(zone), locale=language)

    def when(value: str) -> str:
        if "T" in value:
            return f"{moment(datetime.fromisoformat(value))} UTC"
        return day(date.fromisoformat(value))

    def percent(value: float | None) -> str:
        return (
            "–"
            if value is None
            else with_minus(format_percent(value, "#,##0.0 %", locale=language))
        )

    def number(value: float | None) -> str:
        return "–" if value is None else with_minus(format_decimal(value, locale=language))

    def money(value: Money) -> str:
        return with_minus(value.text(language))

    def amount(value: Money) -> str:
        """Without the currency, for a column that names it once."""
        places = -int(value.major.as_tuple().exponent)
        pattern = "#,##0" + ("." + "0" * places if places else "")
        return with_minus(format_decimal(value.major, pattern, locale=language))

    return {
        "day": day,
        "moment": moment,
        "when": when,
        "percent": percent,
        "number": number,
        "money": money,
        "amount": amount,
        "grouped": group,
        "receipt_digits": receipt_text,
        "json": lambda value: json.dumps(value, ensure_ascii=False),
    }
