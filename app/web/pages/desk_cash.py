"""The cash of a desk: counted, handed over, and reported at the end of a day."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.money import Money
from app.domain.cash_days import queries as days
from app.domain.cash_days.queries import Day
from app.domain.counts.actions import Sheet
from app.domain.counts.queries import counts_of, denominations
from app.domain.counts.rules import CountKind
from app.domain.floats import actions, queries
from app.domain.floats.actions import Counted
from app.domain.floats.errors import NotYourSite
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.domain.stipends.queries import Books, books_of
from app.domain.stipends.rules import receipt_text
from app.domain.treasury import actions as treasury
from app.web import float_words
from app.web.cash_counts import FREE_ROWS, FREE_ROWS_WITHOUT_LIST, minor_of, pieces_of
from app.web.cash_days import day_file
from app.web.deps import Db, Now, allowed
from app.web.desk_place import desk_site
from app.web.flash import done
from app.web.forms import Entered, Fields, identifier, refill
from app.web.problems import STATUS
from app.web.templating import language_of, render
from app.web.wording import words_of

router = APIRouter(prefix="/desk/cash", include_in_schema=False)

Counter = Annotated[Actor, Depends(allowed(Permission.COUNT_FLOAT))]
Supervisor = Annotated[Actor, Depends(allowed(Permission.OVERDRAW_FLOAT))]
Place = Annotated[str, Query(max_length=64)]
Shown = Annotated[Literal["yes", ""], Query()]
Amount = Annotated[str, Form(max_length=30)]
Reason = Annotated[str, Form(max_length=500)]
Seen = Annotated[str, Form(max_length=64)]
LAST = 8
EARLIEST = date(
    2000, 1, 1
)  # the day before it is a link, and there is none before the first of all days


@router.get("")
def show_cash(
    request: Request,
    db: Db,
    now: Now,
    actor: Counter,
    site: Place = "",
    shown: Shown = "",
) -> Response:
    """Who is responsible for the cash, what waits, and the last counts. What the books say is told when asked for."""
    return _page(request, db, now, actor, site, shown=shown == "yes")


@router.get("/count")
def ask_count(
    request: Request,
    db: Db,
    now: Now,
    actor: Counter,
    kind: CountKind = CountKind.SPOT_CHECK,
    site: Place = "",
    shown: Shown = "",
) -> Response:
    entered = {"kind": kind.value, "shown": shown}
    return _count_page(request, db, now, actor, site, kind, entered=entered)


@router.post("/count")
def count(
    request: Request,
    db: Db,
    now: Now,
    actor: Counter,
    entered: Fields,
    kind: Annotated[CountKind, Form()],
    count_id: Annotated[UUID, Form()],
    seen: Seen,
    site: Annotated[str, Form(max_length=64)] = "",
    reason: Reason = "",
) -> Response:
    """Keep a count; one that differs is asked for again, with the reason. The same form again changes nothing."""
    counted: Counted | None = None
    problem: DomainError | None = None
    try:
        with db.transaction() as session:
            books = _books(session, request, actor, site, now)
            sheet = Sheet(
                count_id=count_id,
                kind=kind,
                pieces=pieces_of(entered, books.currency),
                seen=seen,
                is_blind=entered.get("shown") != "yes",
                reason=reason,
                receiver_id=identifier(entered, "receiver"),
            )
            counted = actions.count_cash(session, books, sheet, by=actor, now=now)
    except DomainError as refusal:
        problem = refusal
    if counted and counted.is_kept:
        code = "cash_handed_over" if kind is CountKind.HANDOVER else "cash_counted"
        return _back(request, db, actor, site, code)
    return _count_page(
        request, db, now, actor, site, kind, entered=entered, counted=counted, problem=problem
    )


@router.post("/handovers/{handover_id}/confirm")
def confirm(
    request: Request, db: Db, now: Now, actor: Counter, handover_id: UUID, seen: Seen = ""
) -> Response:
    """The receiver has the cash."""
    try:
        with db.transaction() as session:
            books = _books_of_handover(session, actor, handover_id, now)
            actions.confirm_handover(session, books, handover_id, seen=seen, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, _code_of(db, actor, handover_id), problem=problem)
    return _back(request, db, actor, _code_of(db, actor, handover_id), "cash_received")


@router.post("/handovers/{handover_id}/differs")
def dispute(
    request: Request,
    db: Db,
    now: Now,
    actor: Counter,
    handover_id: UUID,
    seen: Seen = "",
    amount: Amount = "",
) -> Response:
    """The receiver counted something else."""
    try:
        with db.transaction() as session:
            books = _books_of_handover(session, actor, handover_id, now)
            fits = actions.dispute_handover(
                session,
                books,
                handover_id,
                minor_of(amount, books.currency),
                seen=seen,
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, now, actor, _code_of(db, actor, handover_id), problem=problem)
    code = "cash_received" if fits else "cash_differs"
    return _back(request, db, actor, _code_of(db, actor, handover_id), code)


@router.post("/handovers/{handover_id}/withdraw")
def withdraw(request: Request, db: Db, now: Now, actor: Counter, handover_id: UUID) -> Response:
    """The giver keeps the cash after all."""
    try:
        with db.transaction() as session:
            books = _books_of_handover(session, actor, handover_id, now)
            actions.withdraw_handover(session, books, handover_id, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, _code_of(db, actor, handover_id), problem=problem)
    return _back(request, db, actor, _code_of(db, actor, handover_id), "handover_withdrawn")


@router.post("/handovers/{handover_id}/decide")
def decide(
    request: Request,
    db: Db,
    now: Now,
    actor: Supervisor,
    handover_id: UUID,
    seen: Seen = "",
    amount: Amount = "",
    reason: Reason = "",
) -> Response:
    """A third person says what was handed over."""
    try:
        with db.transaction() as session:
            books = _books_of_handover(session, actor, handover_id, now)
            actions.decide_handover(
                session,
                books,
                handover_id,
                minor_of(amount, books.currency),
                reason=reason,
                seen=seen,
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, now, actor, _code_of(db, actor, handover_id), problem=problem)
    return _back(request, db, actor, _code_of(db, actor, handover_id), "handover_decided")


@router.post("/overdraft")
def allow_overdraft(
    request: Request,
    db: Db,
    now: Now,
    actor: Supervisor,
    site: Annotated[str, Form(max_length=64)] = "",
    amount: Amount = "",
    reason: Reason = "",
) -> Response:
    """Let a site pay out more than is in its books, up to an amount and until cash is put in."""
    try:
        with db.transaction() as session:
            books = _books(session, request, actor, site, now)
            treasury.allow_overdraft(
                session,
                books.site_id,
                minor_of(amount, books.currency),
                reason=reason,
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, now, actor, site, problem=problem)
    return _back(request, db, actor, site, "overdraft_allowed")


@router.get("/day")
def show_day(
    request: Request,
    db: Db,
    now: Now,
    actor: Counter,
    on: Annotated[date | None, Query()] = None,
    site: Place = "",
    shown: Shown = "",
) -> Response:
    """The end-of-day report of a site."""
    with db.snapshot() as session:
        place = _place(session, request, actor, site)
    return day_page(request, db, now, actor, place, on, base="/desk/cash", shown=shown == "yes")


@router.get("/day.{form}")
def take_day(
    request: Request,
    db: Db,
    now: Now,
    actor: Counter,
    form: Literal["csv", "xlsx", "pdf"],
    on: Annotated[date | None, Query()] = None,
    site: Place = "",
) -> Response:
    with db.snapshot() as session:
        place = _place(session, request, actor, site)
        return day_file(
            session, form, place, on or local_date(now, place.timezone), language_of(request)
        )


def day_page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    place: SiteFacts,
    on: date | None,
    *,
    base: str,
    shown: bool = False,
) -> Response:
    """The report of a day, at the desk or among the pages of finance (``base``).

    At the desk what the books say of today is told once its cash was counted at the end, or when asked for.
    """
    today = local_date(now, place.timezone)
    day = max(min(on or today, today), EARLIEST)
    with db.snapshot() as session:
        report = days.day_of(session, actor.programme_id, place.id, day)
        names = usernames(session, actor.programme_id)
    context = {
        "place": place,
        "day": report,
        "names": names,
        "words": float_words,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < today else None,
        "today": today,
        "is_told": day < today or shown or base != "/desk/cash" or _is_closed(report),
        "money_of": lambda worth: Money(worth, report.opening.currency),
        "receipt_text": receipt_text,
        "base": base,
        "here": base if base == "/desk/cash" else "/stipends/floats",
    }
    return render(request, "desk_cash_day.html", context)


def _is_closed(report: Day) -> bool:
    return any(each.kind is CountKind.END_OF_DAY for each in report.counts)


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    site: str,
    *,
    shown: bool = False,
    problem: DomainError | None = None,
) -> Response:
    with db.snapshot() as session:
        place = _place(session, request, actor, site)
        drawer = queries.drawer(session, actor.programme_id, place.id)
        context = {
            "place": place,
            "places": _places(session, actor),
            "drawer": drawer,
            "alarm": days.alarm_of(session, actor.programme_id, place.id),
            "counts": counts_of(session, actor.programme_id, place.id, limit=LAST),
            "names": usernames(session, actor.programme_id),
            "words": float_words,
            "kinds": list(CountKind),
            "shown": shown,
            "today": local_date(now, place.timezone),
            "may_decide": actor.may(Permission.OVERDRAW_FLOAT),
            "problem": words_of(problem) if problem else "",
        }
    return render(
        request, "desk_cash.html", context, status=STATUS[problem.kind] if problem else 200
    )


def _count_page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    site: str,
    kind: CountKind,
    *,
    entered: Entered,
    counted: Counted | None = None,
    problem: DomainError | None = None,
) -> Response:
    with db.snapshot() as session:
        place = _place(session, request, actor, site)
        drawer = queries.drawer(session, actor.programme_id, place.id)
        worths = denominations(drawer.balance.currency)
        context: dict[str, Any] = {
            "place": place,
            "kind": kind,
            "drawer": drawer,
            "counted": counted,
            "worths": [Money(each, drawer.balance.currency) for each in worths],
            "free_rows": FREE_ROWS if worths else FREE_ROWS_WITHOUT_LIST,
            "receivers": queries.receivers(
                session, actor.programme_id, place.id, giver=actor.staff_id
            ),
            "names": usernames(session, actor.programme_id),
            "words": float_words,
            "count_id": identifier(entered, "count_id") or uuid4(),
            "entered": refill(entered),
            "problem": words_of(problem) if problem else "",
        }
    status = STATUS[problem.kind] if problem else 422 if counted else 200
    return render(request, "desk_cash_count.html", context, status=status)


def _place(session: Session, request: Request, actor: Actor, code: str) -> SiteFacts:
    """Her own site; for someone of the whole programme the one that was asked for, or whose cash is being
    handed to her, or her desk's. Raises: NotYourSite.
    """
    if not code:
        return _handed_to(session, actor) or desk_site(session, request, actor)
    place = programmes.site_by_code(session, actor.programme_id, code)
    if actor.site_id not in (None, place.id):
        raise NotYourSite
    return place


def _handed_to(session: Session, actor: Actor) -> SiteFacts | None:
    """The site whose cash waits for someone of the whole programme to take it over."""
    for place in _places(session, actor):
        waiting = queries.open_handover(session, actor.programme_id, place.id)
        if waiting and waiting.received_by == actor.staff_id:
            return place
    return None


def _places(session: Session, actor: Actor) -> list[SiteFacts]:
    return [] if actor.site_id else programmes.sites(session, actor.programme_id)


def _books(session: Session, request: Request, actor: Actor, site: str, now: datetime) -> Books:
    place = _place(session, request, actor, site)
    return books_of(session, actor.programme_id, place.id, now=now)[0]


def _books_of_handover(session: Session, actor: Actor, handover_id: UUID, now: datetime) -> Books:
    found = queries.handover(session, handover_id, programme_id=actor.programme_id)
    if actor.site_id not in (None, found.site_id):
        raise NotYourSite
    return books_of(session, actor.programme_id, found.site_id, now=now)[0]


def _code_of(db: Database, actor: Actor, handover_id: UUID) -> str:
    """The site of a handover, for the page that follows; nothing where it is not hers to see."""
    with db.snapshot() as session:
        try:
            found = queries.handover(session, handover_id, programme_id=actor.programme_id)
        except DomainError:
            return ""
        return "" if actor.site_id else programmes.site(session, found.site_id).code


def _back(request: Request, db: Database, actor: Actor, site: str, code: str) -> Response:
    query = f"?site={site}" if site and actor.site_id is None else ""
    return done(f"/desk/cash{query}", code)
