"""What nobody has come for: how long it waits, what will expire, what expired and can be given back or given up."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.money import Money
from app.domain.contacts.queries import shared_numbers
from app.domain.expiry import queries as expiry
from app.domain.expiry.queries import Expired
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.unclaimed import actions, queries
from app.domain.unclaimed.queries import WriteOffFacts
from app.domain.unclaimed.rules import Expiry
from app.web.deps import Db, Now, allowed
from app.web.figures.ages import Ages, age_name
from app.web.figures.words import gettext_of
from app.web.flash import done
from app.web.problems import STATUS
from app.web.table_files import Cell, Column, Unit, table_file
from app.web.templating import language_of, render
from app.web.wording import words_of

router = APIRouter(prefix="/stipends/unclaimed", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))]
Corrector = Annotated[Actor, Depends(allowed(Permission.CORRECT_LEDGER))]
Decider = Annotated[Actor, Depends(allowed(Permission.APPROVE_PAYOUT))]
Reason = Annotated[str, Form(max_length=500)]
FileKind = Literal["csv", "xlsx", "pdf"]
PAGE = 25


@dataclass(frozen=True)
class Unclaimed:
    """What the page and its files tell."""

    ages: Ages
    expiry: Expiry | None
    expired: list[Expired]
    requests: list[WriteOffFacts]
    sites: dict[UUID, SiteFacts]
    shared: dict[int, int]
    currency: str

    def expired_at(self, site_id: UUID | None = None) -> Money:
        minor = sum(each.amount.minor for each in self.expired if site_id in (None, each.site_id))
        return Money(minor, self.currency)


@router.get("")
def show_unclaimed(request: Request, db: Db, now: Now, actor: Reader, page: int = 1) -> Response:
    return _page(request, db, now, actor, page=page)


@router.get("/{table}.{form}")
def take_table(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    table: Literal["waiting", "ages", "expired"],
    form: FileKind,
) -> Response:
    """A table of the page as a file."""
    read, language = _read(db, now, actor), language_of(request)
    title, columns, rows = TABLES[table](read, language)
    return table_file(form, f"unclaimed-{table}", title, columns, rows, language=language)


@router.post("/restore")
def restore(
    request: Request,
    db: Db,
    now: Now,
    actor: Corrector,
    entry_id: Annotated[UUID, Form()],
    reason: Reason = "",
) -> Response:
    """Owe again what had expired."""
    try:
        with db.transaction() as session:
            actions.restore(session, entry_id, reason=reason, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem)
    return _done("expired_restored")


@router.post("/write-off")
def ask_write_off(
    request: Request,
    db: Db,
    now: Now,
    actor: Corrector,
    request_id: Annotated[UUID, Form()],
    site: Annotated[str, Form(max_length=20)],
    until: Annotated[date, Form()],
    reason: Reason = "",
) -> Response:
    """Ask that a site's expired money is given up; someone else decides."""
    try:
        with db.transaction() as session:
            place = programmes.site_by_code(session, actor.programme_id, site)
            actions.ask_write_off(
                session,
                request_id=request_id,
                site_id=place.id,
                expired_until=until,
                reason=reason,
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem)
    return _done("giving_up_asked")


@router.post("/write-off/{request_id}")
def decide_write_off(
    request: Request,
    db: Db,
    now: Now,
    actor: Decider,
    request_id: UUID,
    decision: Annotated[Literal["approve", "refuse"], Form()],
) -> Response:
    try:
        with db.transaction() as session:
            actions.decide_write_off(
                session, request_id, approve=decision == "approve", by=actor, now=now
            )
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem)
    return _done("giving_up_approved" if decision == "approve" else "giving_up_refused")


def _read(db: Database, now: datetime, actor: Actor) -> Unclaimed:
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
        today = local_date(now, programmes.clock_of(session, actor.programme_id, actor.site_id))
        waiting = queries.waiting(session, programme.id)
        return Unclaimed(
            ages=Ages(waiting, programme.currency, today),
            expiry=queries.expiry_of(session, programme.id),
            expired=expiry.expired(session, programme.id),
            requests=queries.write_offs(session, programme.id),
            sites={each.id: each for each in programmes.sites(session, programme.id)},
            shared=shared_numbers(session, programme.id),
            currency=programme.currency,
        )


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    *,
    page: int = 1,
    problem: DomainError | None = None,
) -> Response:
    if problem and not actor.may(Permission.SEE_LEDGER):
        raise problem  # whoever decides need not see all that stands here
    read, language = _read(db, now, actor), language_of(request)
    waiting = read.ages.waiting
    pages = max(1, -(-len(waiting) // PAGE))
    page = min(max(page, 1), pages)
    context = {
        "read": read,
        "ages": read.ages,
        "age_name": lambda band: age_name(band, language),
        "some": waiting[(page - 1) * PAGE : page * PAGE],
        "page": page,
        "pages": pages,
        "request_id": uuid4(),
        "may_correct": actor.may(Permission.CORRECT_LEDGER),
        "may_decide": actor.may(Permission.APPROVE_PAYOUT),
        "problem": words_of(problem) if problem else "",
        "now": now,
    }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "unclaimed.html", context, status=status)


def _done(said: str) -> Response:
    return done("/stipends/unclaimed", said)


Table = tuple[str, list[Column], list[list[Cell]]]


def _waiting(read: Unclaimed, language: str) -> Table:
    _, today = gettext_of(language), read.ages.today
    columns = [
        Column("account", _("Account")),
        Column("site", _("Site")),
        Column("owed_since", _("Owed since"), Unit.DAY),
        Column("days", _("Days"), Unit.NUMBER),
        Column("amount", _("Amount"), Unit.MONEY),
        Column("expires_on", _("Expires on"), Unit.DAY),
    ]
    rows: list[list[Cell]] = [
        [
            each.account,
            read.sites[each.site_id].code,
            each.owed_since,
            each.days(today),
            each.amount,
            each.expires_on,
        ]
        for each in read.ages.waiting
    ]
    return _("Unclaimed"), columns, rows


def _ages(read: Unclaimed, language: str) -> Table:
    _ = gettext_of(language)
    columns = [
        Column("site", _("Site")),
        *(
            Column(f"from_{band}_days", age_name(band, language), Unit.MONEY)
            for band in read.ages.bands
        ),
        Column("together", _("Together"), Unit.MONEY),
    ]
    rows: list[list[Cell]] = [
        [
            site.code,
            *(read.ages.amount(band, site.id) for band in read.ages.bands),
            read.ages.amount(site_id=site.id),
        ]
        for site in read.sites.values()
    ]
    return _("How long it has waited"), columns, rows


def _expired(read: Unclaimed, language: str) -> Table:
    _ = gettext_of(language)
    columns = [
        Column("account", _("Account")),
        Column("site", _("Site")),
        Column("expired_on", _("Expired on"), Unit.DAY),
        Column("amount", _("Amount"), Unit.MONEY),
    ]
    rows: list[list[Cell]] = [
        [each.account, read.sites[each.site_id].code, each.expired_on, each.amount]
        for each in read.expired
    ]
    return _("Past its time to claim"), columns, rows


TABLES = {"waiting": _waiting, "ages": _ages, "expired": _expired}
