"""The words of messages: the program's, or a programme's own, with a look at how they arrive before they are used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from babel import Locale
from fastapi import APIRouter, Depends, Request, Response

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError, Kind
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.domain.wordings import actions, queries
from app.domain.wordings.errors import TemplateChanged
from app.domain.wordings.queries import TemplateFacts
from app.telephone.templates import TEMPLATES
from app.web.complaints import Complaint, in_words
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.forms import Entered, Fields
from app.web.message_templates import (
    ABOUT_FIELDS,
    LONGEST,
    SOON,
    Preview,
    at_worst,
    fault_in,
    says_how_to_stop,
    usual_words,
    usually,
)
from app.web.message_words import KINDS
from app.web.problems import STATUS
from app.web.templating import language_of, render
from app.web.wording import text_of

router = APIRouter(prefix="/messages/templates", include_in_schema=False)
Writer = Annotated[Actor, Depends(allowed(Permission.WRITE_TEMPLATES))]


class UnknownTemplate(DomainError):
    """There is no message of this name, or the programme does not speak the language."""

    kind, code = Kind.NOT_FOUND, "unknown_template"


@dataclass(frozen=True)
class Wording:
    """The words of a message in a language, as they are used or as someone is writing them."""

    language: str
    language_name: str
    words: str
    is_own: bool
    number: int
    usual: Preview | None
    worst: Preview | None
    error: str
    says_how_to_stop: bool
    versions: tuple[TemplateFacts, ...]


@router.get("")
def show_templates(request: Request, db: Db, now: Now, actor: Writer) -> Response:
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
        own = queries.templates_of(session, actor.programme_id)
        place, day = _place_and_day(programmes.sites(session, actor.programme_id), now)
    listed = {
        name: [
            _wording(request, name, language, own.get((name, language)), place, day)
            for language in programme.languages
        ]
        for name in TEMPLATES
    }
    context = {"listed": listed, "templates": TEMPLATES, "kinds": KINDS}
    return render(request, "messages_templates.html", context)


@router.get("/{name}")
def show_template(request: Request, db: Db, now: Now, actor: Writer, name: str) -> Response:
    return _page(request, db, now, actor, name)


@router.post("/{name}")
def write_template(
    request: Request, db: Db, now: Now, actor: Writer, name: str, entered: Fields
) -> Response:
    """Use these words from now on, or only look at them first."""
    language, words = entered.get("language", ""), _words(entered)
    _check_known(db, actor, name, language)
    fault = fault_in(name, language, words)
    if entered.get("act") == "look" or fault:
        return _page(request, db, now, actor, name, entered=entered, fault=fault)
    kept = "" if words == usual_words(name, language) else words
    return _write(request, db, now, actor, name, entered, kept)


@router.post("/{name}/reset")
def reset_template(
    request: Request, db: Db, now: Now, actor: Writer, name: str, entered: Fields
) -> Response:
    """Go back to the program's words. The programme's own are kept among the versions."""
    _check_known(db, actor, name, entered.get("language", ""))
    return _write(request, db, now, actor, name, entered, "")


@router.post("/{name}/preview")
def preview_template(
    request: Request, db: Db, now: Now, actor: Writer, name: str, entered: Fields
) -> Response:
    """How words would arrive, for the page while someone writes."""
    language, words = entered.get("language", ""), _words(entered)
    _check_known(db, actor, name, language)
    with db.snapshot() as session:
        place, day = _place_and_day(programmes.sites(session, actor.programme_id), now)
    shown = _shown(request, name, language, words, place, day, fault_in(name, language, words))
    return render(request, "messages_templates_preview.html", {"each": shown})


def _write(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    name: str,
    entered: Entered,
    words: str,
) -> Response:
    try:
        with db.transaction() as session:
            actions.write_template(
                session,
                name=name,
                language=entered["language"],
                text=words,
                after=_number(entered),
                by=actor,
                now=now,
            )
    except TemplateChanged as refusal:
        return _page(request, db, now, actor, name, entered=entered, outdated=refusal)
    return done(f"/messages/templates/{name}", "template_written" if words else "template_reset")


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    name: str,
    *,
    entered: Entered | None = None,
    fault: Complaint | None = None,
    outdated: DomainError | None = None,
) -> Response:
    if name not in TEMPLATES:
        raise UnknownTemplate(name=name)
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
        place, day = _place_and_day(programmes.sites(session, actor.programme_id), now)
        versions = {
            language: queries.versions_of(session, actor.programme_id, name, language)
            for language in programme.languages
        }
        names = usernames(session, actor.programme_id)
        zone = programmes.clock_of(session, actor.programme_id, actor.site_id)
    wordings = []
    for language in programme.languages:
        if entered and entered.get("language") == language:
            shown = _shown(request, name, language, _words(entered), place, day, fault)
            number = _number(entered)
        else:
            newest = next(iter(versions[language]), None)
            shown = _wording(request, name, language, newest, place, day)
            number = newest.number if newest else 0
        wordings.append(_with(shown, number, versions[language]))
    context = {
        "name": name,
        "title": KINDS[name],  # type: ignore[index]
        "template": TEMPLATES[name],
        "about_fields": ABOUT_FIELDS,
        "wordings": wordings,
        "longest": LONGEST,
        "usernames": names,
        "zone": zone,
        "failed": bool(fault),
        "looks_only": bool(entered) and not fault and not outdated,
        "outdated": text_of(outdated.code, language_of(request)) if outdated else "",
        "here": f"/messages/templates/{name}",
    }
    status = STATUS[TemplateChanged.kind] if outdated else 422 if fault else 200
    return render(request, "messages_templates_one.html", context, status=status)


def _wording(
    request: Request,
    name: str,
    language: str,
    newest: TemplateFacts | None,
    place: SiteFacts | None,
    day: str,
) -> Wording:
    """The words that are used."""
    words = (newest.text if newest else "") or usual_words(name, language)
    return _shown(request, name, language, words, place, day, None)


def _shown(
    request: Request,
    name: str,
    language: str,
    words: str,
    place: SiteFacts | None,
    day: str,
    fault: Complaint | None,
) -> Wording:
    """Words with how they arrive; those that cannot be filled in do not."""
    spoken = language_of(request)
    can_be_filled_in = fault is None or "parts" in fault.facts or "words" in fault.facts
    return Wording(
        language,
        str(Locale(language).get_display_name(spoken)),
        words,
        words != usual_words(name, language),
        0,
        usually(name, language, words, place, day) if can_be_filled_in else None,
        at_worst(name, language, words) if can_be_filled_in else None,
        in_words({"words": fault}, spoken)["words"] if fault else "",
        says_how_to_stop(name, words),
        (),
    )


def _with(shown: Wording, number: int, versions: list[TemplateFacts]) -> Wording:
    return Wording(**(vars(shown) | {"number": number, "versions": tuple(versions)}))


def _place_and_day(sites: list[SiteFacts], now: datetime) -> tuple[SiteFacts | None, str]:
    """A place of the programme and a day that is near: what a message usually says."""
    zone = sites[0].timezone if sites else "UTC"
    return (sites[0] if sites else None), (local_date(now, zone) + SOON).isoformat()


def _check_known(db: Database, actor: Actor, name: str, language: str) -> None:
    """Raises: UnknownTemplate."""
    with db.snapshot() as session:
        languages = programmes.programme(session, actor.programme_id).languages
    if name not in TEMPLATES or language not in languages:
        raise UnknownTemplate(name=name)


def _words(entered: Mapping[str, str]) -> str:
    return entered.get("words", "").replace("\r\n", "\n").strip()


def _number(entered: Mapping[str, str]) -> int:
    text = entered.get("number", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
