from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.rules import Account
from app.domain.treasury import actions
from app.domain.treasury import queries as treasury
from app.domain.treasury.queries import Entry
from app.web.days import Span
from app.web.deps import Db, Now, allowed
from app.web.figures.words import gettext_of, site_name
from app.web.flash import done
from app.web.table_files import Cell, Column, Unit, table_file
from app.web.templating import language_of, render
from app.web.wording import ABOUT_ACCOUNTS, ACCOUNTS, text_of

router = APIRouter(prefix="/stipends/entries", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))]
Corrector = Annotated[Actor, Depends(allowed(Permission.CORRECT_LEDGER))]
Word = Annotated[str, Query(max_length=40)]
PAGE = 50


@dataclass(frozen=True)
class Filter:
    """Which entries are asked for; nothing is all of them."""

    site: str
    account: Account | None
    span: Span

    @property
    def query(self) -> str:
        """The same as an address has it."""
        given = {
            "site": self.site,
            "account": self.account.value if self.account else "",
            "since": self.span.since.isoformat() if self.span.since else "",
            "until": self.span.until.isoformat() if self.span.until else "",
        }
        return urlencode({name: word for name, word in given.items() if word})

    def found(
        self, session: Session, actor: Actor, *, limit: int | None, offset: int = 0
    ) -> list[Entry]:
        """Raises: UnknownSite."""
        programme_id = actor.programme_id
        place = programmes.site_by_code(session, programme_id, self.site) if self.site else None
        return treasury.entries(
            session,
            programme_id,
            site_id=place.id if place else None,
            account=self.account,
            since=self.span.since,
            until=self.span.until,
            limit=limit,
            offset=offset,
        )


def _filter(site: Word = "", account: Word = "", since: Word = "", until: Word = "") -> Filter:
    known = {each.value: each for each in Account}
    return Filter(site.strip(), known.get(account), Span.of(since, until))


Filtered = Annotated[Filter, Depends(_filter)]


@router.get("")
def show_entries(
    request: Request, db: Db, actor: Reader, chosen: Filtered, page: int = 1
) -> Response:
    """The lines of the books, newest day first."""
    page = min(max(page, 1), 10_000)
    with db.snapshot() as session:
        entries = chosen.found(session, actor, limit=PAGE + 1, offset=(page - 1) * PAGE)
        context = _words(session, actor, language_of(request))
    context |= {
        "chosen": chosen,
        "entries": entries[:PAGE],
        "page": page,
        "has_more": len(entries) > PAGE,
    }
    return render(request, "ledger_entries.html", context)


@router.get("/all.{kind}")
def take_entries(
    request: Request,
    db: Db,
    actor: Reader,
    chosen: Filtered,
    kind: Literal["csv", "xlsx", "pdf"],
) -> Response:
    """Every entry that was asked for, not only those of the page."""
    language = language_of(request)
    _ = gettext_of(language)
    with db.snapshot() as session:
        entries = chosen.found(session, actor, limit=None)
        sites = {each.id: each.code for each in programmes.sites(session, actor.programme_id)}
        versions = _versions(session, actor)
    columns = [
        Column("id", _("Entry")),
        Column("day", _("Day"), Unit.DAY),
        Column("site", _("Site")),
        Column("credit", _("From (credit)")),
        Column("debit", _("To (debit)")),
        Column("amount", _("Amount"), Unit.MONEY),
        Column("rules", _("Rules"), Unit.NUMBER),
        Column("reason", _("Reason")),
        Column("reverses", _("Reverses")),
        Column("reversed_by", _("Reversed by")),
    ]
    is_for_programs = kind == "csv"
    rows: list[list[Cell]] = [
        [
            each.id.hex,
            each.entered_on,
            sites[each.site_id],
            each.credit.value if is_for_programs else _(ACCOUNTS[each.credit]),
            each.debit.value if is_for_programs else _(ACCOUNTS[each.debit]),
            each.amount,
            versions.get(each.protocol_id) if each.protocol_id else None,
            each.reason,
            each.reverses.hex if each.reverses else None,
            each.reversed_by.hex if each.reversed_by else None,
        ]
        for each in entries
    ]
    if not is_for_programs:  # ids are for programs, and too wide for paper
        columns, rows = columns[1:8], [row[1:8] for row in rows]
    return table_file(kind, "entries", _("Entries of the books"), columns, rows, language=language)


@router.get("/{entry_id}")
def show_entry(request: Request, db: Db, actor: Reader, entry_id: UUID) -> Response:
    return _entry_page(request, db, actor, entry_id)


@router.post("/{entry_id}/reverse")
def reverse_entry(
    request: Request,
    db: Db,
    now: Now,
    actor: Corrector,
    entry_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Correct an entry by one that takes it back; a second press finds it corrected and is told so."""
    try:
        with db.transaction() as session:
            actions.reverse_entry(session, entry_id, reason=reason, by=actor, now=now)
    except DomainError as refusal:
        if refusal.code == "unknown_entry":
            raise
        if _was_taken_back(db, actor, entry_id, reason):
            return RedirectResponse(f"/stipends/entries/{entry_id}", status_code=303)
        error = text_of(refusal.code, language_of(request))
        return _entry_page(request, db, actor, entry_id, error=error, typed=reason, status=422)
    return done(f"/stipends/entries/{entry_id}", "entry_reversed")


def _was_taken_back(db: Database, actor: Actor, entry_id: UUID, reason: str) -> bool:
    """Whether the same form did it a moment ago."""
    with db.snapshot() as session:
        entry = treasury.entry(session, actor.programme_id, entry_id)
        by = entry and entry.reversed_by
        reversal = treasury.entry(session, actor.programme_id, by) if by else None
    return bool(reversal and reversal.reason == reason)


def _entry_page(
    request: Request,
    db: Db,
    actor: Actor,
    entry_id: UUID,
    *,
    status: int = 200,
    error: str = "",
    typed: str = "",
) -> Response:
    with db.snapshot() as session:
        entry = treasury.entry(session, actor.programme_id, entry_id)
        if entry is None:
            raise HTTPException(404)
        other_id = entry.reversed_by or entry.reverses
        other = treasury.entry(session, actor.programme_id, other_id) if other_id else None
        context = _words(session, actor, language_of(request))
    context |= {
        "entry": entry,
        "other": other,
        "may_correct": actor.may(Permission.CORRECT_LEDGER) and entry.may_be_reversed,
        "error": error,
        "typed": typed,
        "here": f"/stipends/entries/{entry_id}",
    }
    return render(request, "ledger_entry.html", context, status=status)


def _words(session: Session, actor: Actor, language: str) -> dict[str, object]:
    sites = programmes.sites(session, actor.programme_id)
    return {
        "sites": {each.id: each for each in sites},
        "site_names": {each.id: site_name(each, language) for each in sites},
        "versions": _versions(session, actor),
        "account_names": ACCOUNTS,
        "about_accounts": ABOUT_ACCOUNTS,
    }


def _versions(session: Session, actor: Actor) -> Mapping[UUID, int]:
    """The number of each version of the rules."""
    adopted = programmes.protocol_versions(session, actor.programme_id)
    return {each.id: each.version for each in adopted}
