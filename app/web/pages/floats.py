"""The cash of all sites: how much, how long it lasts, putting it in, carrying it about, and what is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_, translations
from app.core.money import Money
from app.domain.cash_days import queries as days
from app.domain.cash_days.rules import Outlook, is_low
from app.domain.floats import queries
from app.domain.floats.queries import Drawer
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.domain.stipends.queries import Books, balances
from app.domain.stipends.rules import Account
from app.domain.treasury import actions as treasury
from app.web import float_words
from app.web.cash_counts import books_at, minor_of
from app.web.cash_days import day_file
from app.web.deps import Db, Now, allowed
from app.web.figures.float_pictures import NARROW, WIDE, draw_float
from app.web.figures.words import site_name
from app.web.flash import done
from app.web.pages.desk_cash import day_page
from app.web.problems import STATUS
from app.web.table_files import Column, Unit, table_file
from app.web.templating import language_of, render
from app.web.wording import words_of

router = APIRouter(prefix="/stipends/floats", include_in_schema=False)

Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))]
Treasurer = Annotated[Actor, Depends(allowed(Permission.FUND_FLOAT))]
Supervisor = Annotated[Actor, Depends(allowed(Permission.OVERDRAW_FLOAT))]
Code = Annotated[str, Form(max_length=64)]
Amount = Annotated[str, Form(max_length=30)]
Reason = Annotated[str, Form(max_length=500)]
FileForm = Literal["csv", "xlsx", "pdf"]
WEEKS = 8


class Way(StrEnum):
    """Ways of money into a site's cash and bank, and back."""

    FUNDING = "funding"
    FROM_BANK = "from_bank"
    TO_BANK = "to_bank"
    BANK = "bank"


WAYS: dict[Way, str] = {
    Way.FUNDING: N_("Into the cash, from the programme"),
    Way.FROM_BANK: N_("Into the cash, from the bank"),
    Way.TO_BANK: N_("Out of the cash, back to the bank"),
    Way.BANK: N_("Into the bank or mobile money, from the programme"),
}


@dataclass(frozen=True)
class SiteCash:
    """A site's cash as the page shows it."""

    place: SiteFacts
    drawer: Drawer
    bank: Money
    outlook: Outlook
    is_low: bool
    is_in_use: bool
    course: list[tuple[date, int]]

    @property
    def is_below_nothing(self) -> bool:
        return self.drawer.balance.minor < 0


@router.get("")
def show_floats(request: Request, db: Db, now: Now, actor: Reader) -> Response:
    return _page(request, db, now, actor)


@router.get("/cash.{form}")
def take_floats(request: Request, db: Db, now: Now, actor: Reader, form: FileForm) -> Response:
    """Each site's cash now, as a table."""
    language = language_of(request)
    say = translations(language).gettext
    with db.snapshot() as session:
        found = _sites(session, actor, now)
        names = usernames(session, actor.programme_id)
    columns = [
        Column("site", say(N_("Site"))),
        Column("cash", say(N_("Cash")), Unit.MONEY),
        Column("bank", say(N_("Bank and mobile money")), Unit.MONEY),
        Column("days_left", say(N_("Lasts, days")), Unit.NUMBER),
        Column("is_low", say(N_("Low"))),
        Column("holder", say(N_("Responsible"))),
        Column("counted_on", say(N_("Last count")), Unit.DAY),
        Column("difference", say(N_("Difference")), Unit.MONEY),
    ]
    rows = [
        (
            each.place.code,
            each.drawer.balance,
            each.bank,
            each.outlook.days,
            say(N_("yes")) if each.is_low else say(N_("no")),
            names.get(each.drawer.holder.staff_id, "") if each.drawer.holder else "",
            each.drawer.last.on if each.drawer.last else None,
            each.drawer.last.difference if each.drawer.last else None,
        )
        for each in found
    ]
    title = say(N_("Cash of all sites"))
    return table_file(form, "cash", title, columns, rows, language=language)


@router.post("/put")
def put_in(
    request: Request,
    db: Db,
    now: Now,
    actor: Treasurer,
    act_id: Annotated[UUID, Form()],
    way: Annotated[Way, Form()],
    site: Code = "",
    amount: Amount = "",
) -> Response:
    """Money into a site's cash or bank, or back; the form's own id keeps a second press from doing it twice."""
    typed = {"way": way.value, "site": site, "amount": amount}
    try:
        with db.transaction() as session:
            books = books_at(session, actor, site, now)
            _put(session, books, way, minor_of(amount, books.currency), act_id, actor, now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem, typed=typed)
    return done("/stipends/floats", "money_put" if way is not Way.TO_BANK else "cash_banked")


@router.post("/move")
def move(
    request: Request,
    db: Db,
    now: Now,
    actor: Treasurer,
    act_id: Annotated[UUID, Form()],
    from_site: Code = "",
    to_site: Code = "",
    amount: Amount = "",
) -> Response:
    """Carry cash from one site to another."""
    typed = {"from_site": from_site, "to_site": to_site, "moved": amount}
    try:
        with db.transaction() as session:
            sender = books_at(session, actor, from_site, now)
            receiver = books_at(session, actor, to_site, now)
            minor = minor_of(amount, sender.currency)
            treasury.move_cash(session, sender, receiver, minor, move_id=act_id, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem, typed=typed)
    return done("/stipends/floats", "cash_moved")


@router.post("/overdraft")
def allow_overdraft(
    request: Request,
    db: Db,
    now: Now,
    actor: Supervisor,
    site: Code = "",
    amount: Amount = "",
    reason: Reason = "",
) -> Response:
    """Let a site pay out more than is in its books, up to an amount and until cash is put in.

    For any site: who looks after one desk does it there. Raises: NotAllowed.
    """
    actor.require(Permission.SEE_LEDGER)
    typed = {"overdraft_site": site, "overdraft": amount, "reason": reason}
    try:
        with db.transaction() as session:
            books = books_at(session, actor, site, now)
            treasury.allow_overdraft(
                session,
                books.site_id,
                minor_of(amount, books.currency),
                reason=reason,
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem, typed=typed)
    return done("/stipends/floats", "overdraft_allowed")


@router.get("/day")
def show_day(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    site: Annotated[str, Query(max_length=64)],
    on: Annotated[date | None, Query()] = None,
) -> Response:
    """The end-of-day report of any site."""
    with db.snapshot() as session:
        place = programmes.site_by_code(session, actor.programme_id, site)
    return day_page(request, db, now, actor, place, on, base="/stipends/floats")


@router.get("/day.{form}")
def take_day(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    form: FileForm,
    site: Annotated[str, Query(max_length=64)],
    on: Annotated[date | None, Query()] = None,
) -> Response:
    with db.snapshot() as session:
        place = programmes.site_by_code(session, actor.programme_id, site)
        day = on or local_date(now, place.timezone)
        return day_file(session, form, place, day, language_of(request))


def _put(
    session: Session,
    books: Books,
    way: Way,
    minor: int,
    act_id: UUID,
    actor: Actor,
    now: datetime,
) -> None:
    if way is Way.TO_BANK:
        treasury.bring_to_bank(session, books, minor, deposit_id=act_id, by=actor, now=now)
        return
    if way is Way.BANK:
        treasury.fund_bank(session, books, minor, funding_id=act_id, by=actor.staff_id, now=now)
        return
    source = Account.BANK if way is Way.FROM_BANK else Account.FUNDING
    treasury.fund_float(
        session, books, minor, funding_id=act_id, by=actor.staff_id, now=now, source=source
    )


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    *,
    problem: DomainError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    language = language_of(request)
    with db.snapshot() as session:
        found = _sites(session, actor, now)
        names = usernames(session, actor.programme_id)
        low = programmes.current_protocol(session, actor.programme_id).rules.payouts.float_low
        currency = programmes.programme(session, actor.programme_id).currency
        waiting = days.waiting_for(session, actor)
    draw = _drawing(language, currency, low)
    context = {
        "sites": found,
        "pictures": {
            each.place.id: (draw(each, WIDE), draw(each, NARROW))
            for each in found
            if each.is_in_use
        },
        "names": names,
        "currency": currency,
        "low": Money(low, currency),
        "cash": Money(sum(each.drawer.balance.minor for each in found), currency),
        "bank": Money(sum(each.bank.minor for each in found), currency),
        "weeks": WEEKS,
        "waiting": waiting,
        "ways": WAYS,
        "words": float_words,
        "act_id": uuid4(),
        "move_id": uuid4(),
        "typed": {
            **dict.fromkeys(
                (
                    "way",
                    "site",
                    "amount",
                    "from_site",
                    "to_site",
                    "moved",
                    "overdraft_site",
                    "overdraft",
                    "reason",
                ),
                "",
            ),
            **(typed or {}),
        },
        "may_fund": actor.may(Permission.FUND_FLOAT),
        "may_overdraw": actor.may(Permission.OVERDRAW_FLOAT),
        "may_count": actor.may(Permission.COUNT_FLOAT),
        "problem": _told(problem, currency, language),
        "here": "/stipends/floats",
    }
    return render(request, "floats.html", context, status=STATUS[problem.kind] if problem else 200)


def _sites(session: Session, actor: Actor, now: datetime) -> list[SiteCash]:
    programme_id = actor.programme_id
    low = programmes.current_protocol(session, programme_id).rules.payouts.float_low
    books = balances(session, programme_id)
    banks = {each.site_id: each.balance for each in books if each.account is Account.BANK}
    in_use = {each.site_id for each in books if each.account is Account.CASH_FLOAT}
    currency = programmes.programme(session, programme_id).currency
    found = []
    for place in programmes.sites(session, programme_id):
        drawer, today = (
            queries.drawer(session, programme_id, place.id),
            local_date(now, place.timezone),
        )
        minor = drawer.balance.minor
        found.append(
            SiteCash(
                place=place,
                drawer=drawer,
                bank=banks.get(place.id, Money(0, currency)),
                outlook=days.outlook_of(session, place.id, balance_minor=minor, today=today),
                is_low=place.id in in_use and is_low(minor, low),
                is_in_use=place.id in in_use,
                course=days.course_of(
                    session, place.id, since=today - timedelta(weeks=WEEKS), until=today
                ),
            )
        )
    return found


def _drawing(language: str, currency: str, low: int) -> Callable[[SiteCash, int], Markup]:
    def draw(each: SiteCash, width: int) -> Markup:
        picture = draw_float(
            each.course,
            place=site_name(each.place, language),
            currency=currency,
            low_minor=low,
            language=language,
            width=width,
        )
        return Markup(picture)

    return draw


def _told(problem: DomainError | None, currency: str, language: str) -> str:
    """A refusal in the reader's language, with how much is missing where it is cash."""
    if problem is None:
        return ""
    say = translations(language).gettext
    missing = problem.facts.get("missing")
    if isinstance(missing, int):
        amount = Money(missing, currency).text(language)
        return say(N_("There is not so much cash: {amount} are missing.")).format(amount=amount)
    return say(words_of(problem))
