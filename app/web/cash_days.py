"""The report of a day of a site's cash, to take away."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from app.core.i18n import N_, translations
from app.domain.cash_days import queries
from app.domain.cash_days.queries import Day
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import usernames
from app.domain.stipends.rules import receipt_text
from app.web.figures.words import site_name
from app.web.float_words import COUNT_KINDS, MOVEMENTS
from app.web.table_files import Column, Row, Unit, table_file

TITLE = N_("Cash of a day")
KEYS = ("line", "what", "number", "amount", "by")


def day_file(session: Session, form: str, place: SiteFacts, on: date, language: str) -> Response:
    """The report in one table: what was there, each movement, each receipt, each count."""
    say = translations(language).gettext
    names = usernames(session, place.programme_id)
    day = queries.day_of(session, place.programme_id, place.id, on)
    heads = (say(N_("Line")), say(N_("What")), say(N_("Number")), say(N_("Amount")), say(N_("By")))
    units = (Unit.TEXT, Unit.TEXT, Unit.NUMBER, Unit.MONEY, Unit.TEXT)
    return table_file(
        form,
        f"cash-{place.code}-{on.isoformat()}",
        f"{say(TITLE)}: {site_name(place, language)}, {on.isoformat()}",
        [Column(*each) for each in zip(KEYS, heads, units, strict=True)],
        _rows(day, names, say),
        language=language,
    )


def _rows(day: Day, names: dict[UUID, str], say: Callable[[str], str]) -> list[Row]:
    rows: list[Row] = [("opening", say(N_("In the books in the morning")), None, day.opening, "")]
    rows += [
        (each.movement.value, say(MOVEMENTS[each.movement]), each.entries, each.amount, "")
        for each in day.movements
    ]
    rows.append(("closing", say(N_("In the books in the evening")), None, day.closing, ""))
    for each in day.receipts:
        about = say(N_("Receipt {number}")).format(number=receipt_text(each.receipt))
        rows.append(("receipt", about, 1, each.amount, names.get(each.paid_by, "")))
    for count in day.counts:
        who = names.get(count.by, "")
        rows.append(("counted", say(COUNT_KINDS[count.kind]), None, count.counted, who))
        about = count.reason or say(N_("It fits."))
        rows.append(("difference", about, None, count.difference, who))
    return rows
