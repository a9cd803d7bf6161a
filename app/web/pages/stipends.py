from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.money import Money
from app.domain.batches import queries as batches
from app.domain.cash_days import queries as cash_days
from app.domain.lottery import queries as lottery
from app.domain.programmes import queries as programmes
from app.domain.spending import queries as spending
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends import queries as stipends
from app.domain.stipends.queries import Unclaimed
from app.domain.stipends.rules import Account
from app.domain.unclaimed import queries as unclaimed
from app.web.days import day_in
from app.web.deps import Db, Now, allowed
from app.web.figures import files, money_pictures
from app.web.figures.books import Books
from app.web.figures.words import gettext_of, site_name
from app.web.table_files import Cell, Column, Unit, table_file
from app.web.templating import language_of, render
from app.web.wording import ABOUT_ACCOUNTS, ACCOUNTS

router = APIRouter(prefix="/stipends", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))]
Kind = Literal["csv", "xlsx", "pdf"]


@dataclass(frozen=True)
class Overview:
    """What finance is asked for at any time, today.

    Attributes:
        waiting: of the batches, by what they wait for.
        mine: what the reader can do about it: an address and how many.
        low: sites whose cash is below the mark of the rules.
    """

    today: date
    now: Books
    owed_since: Sequence[Unclaimed]
    weeks: Sequence[spending.Week]
    paid_this_month: Money
    paid_ever: Money
    waiting: batches.Waiting
    mine: dict[str, int]
    low: frozenset[UUID]

    def money(self, minor: int) -> Money:
        return Money(minor, self.now.currency)

    def draw(self, language: str, *, is_narrow: bool = False) -> Markup:
        width = money_pictures.NARROW if is_narrow else money_pictures.WIDE
        return Markup(money_pictures.draw_weeks(self.weeks, self.now.currency, language, width))


@router.get("")
def show_stipends(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    on: str = "",
    site: str = "",
) -> Response:
    """Where the money is: owed, in batches, on its way, paid; and the books at the end of any day."""
    return _page(request, db, actor, now, on=on, site=site)


@router.get("/balances.{kind}")
def take_balances(
    request: Request, db: Db, now: Now, actor: Reader, kind: Kind, on: str = ""
) -> Response:
    """The books by site, at the end of a day or now."""
    language = language_of(request)
    _ = gettext_of(language)
    with db.snapshot() as session:
        books = _books(session, actor, _day(on, _today(session, actor, now)))
    rows: list[list[Cell]] = [
        [books.sites[each.site_id].code, _account(each.account, kind, language), each.balance]
        for each in books.balances
    ]
    columns = [
        Column("site", _("Site")),
        Column("account", _("Account")),
        Column("balance", _("Balance"), Unit.MONEY),
    ]
    title = _("Books by site")
    return table_file(
        kind, "balances", title, columns, rows, language=language, notes=[books.on.isoformat()]
    )


@router.get("/trial-balance.{kind}")
def take_trial_balance(
    request: Request, db: Db, now: Now, actor: Reader, kind: Kind, on: str = "", site: str = ""
) -> Response:
    """What stands in debit and in credit, which is as much, of all sites or of one."""
    language = language_of(request)
    _ = gettext_of(language)
    with db.snapshot() as session:
        books = _books(session, actor, _day(on, _today(session, actor, now)))
        place = programmes.site_by_code(session, actor.programme_id, site).id if site else None
    lines = books.trial(place)
    rows: list[list[Cell]] = [
        [_account(each.account, kind, language), each.debit, each.credit] for each in lines
    ]
    if kind != "csv":
        rows.append(
            [
                _("All together"),
                books.sum_of([each.debit for each in lines]),
                books.sum_of([each.credit for each in lines]),
            ]
        )
    columns = [
        Column("account", _("Account")),
        Column("debit", _("Debit"), Unit.MONEY),
        Column("credit", _("Credit"), Unit.MONEY),
    ]
    notes = [books.on.isoformat(), site or _("All sites")]
    title = _("Trial balance")
    return table_file(kind, "trial-balance", title, columns, rows, language=language, notes=notes)


@router.get("/weeks.{form}")
def take_weeks(
    request: Request,
    db: Db,
    actor: Reader,
    form: Literal["csv", "xlsx", "pdf", "svg", "png"],
) -> Response:
    """What was paid in each week and owed at its end, as a table or as the picture."""
    language = language_of(request)
    _ = gettext_of(language)
    with db.snapshot() as session:
        weeks = spending.weeks(spending.days(session, actor.programme_id))
        currency = programmes.programme(session, actor.programme_id).currency
    if form in ("svg", "png"):
        svg = money_pictures.draw_weeks(weeks, currency, language, money_pictures.WIDE)
        return files.picture(svg, files.Form(form), name="owed-and-paid")
    columns = [
        Column("week", _("Week of"), Unit.DAY),
        Column("paid", _("Paid"), Unit.MONEY),
        Column("owed", _("Owed at its end"), Unit.MONEY),
    ]
    rows: list[list[Cell]] = [
        [each.monday, Money(each.paid, currency), Money(each.owed, currency)] for each in weeks
    ]
    title = _("Owed and paid by week")
    return table_file(form, "owed-and-paid", title, columns, rows, language=language)


def _account(account: Account, kind: Kind, language: str) -> str:
    """Its word for programs, its name for people."""
    return account.value if kind == "csv" else gettext_of(language)(ACCOUNTS[account])


def _today(session: Session, actor: Actor, now: datetime) -> date:
    return local_date(now, programmes.clock_of(session, actor.programme_id, actor.site_id))


def _day(typed: str, today: date) -> date:
    """The day that was asked for; today where it is none, or is still to come."""
    return min(day_in(typed) or today, today)


def _books(session: Session, actor: Actor, on: date) -> Books:
    return Books(
        currency=programmes.programme(session, actor.programme_id).currency,
        sites={each.id: each for each in programmes.sites(session, actor.programme_id)},
        balances=stipends.balances(session, actor.programme_id, on=on),
        on=on,
    )


def _overview(session: Session, actor: Actor, now: datetime) -> Overview:
    today = _today(session, actor, now)
    books = _books(session, actor, today + timedelta(days=1))  # where it is tomorrow already
    days = spending.days(session, actor.programme_id)
    month = [each.paid for each in days if each.on >= today.replace(day=1)]
    return Overview(
        today=today,
        now=books,
        owed_since=stipends.unclaimed(session, actor.programme_id),
        weeks=spending.weeks(days),
        paid_this_month=Money(sum(month), books.currency),
        paid_ever=Money(sum(each.paid for each in days), books.currency),
        waiting=batches.waiting(session, actor.programme_id),
        mine=_mine(session, actor, now),
        low=frozenset(cash_days.low_floats(session, actor.programme_id)),
    )


def _mine(session: Session, actor: Actor, now: datetime) -> dict[str, int]:
    """What waits for the reader, by what it is."""
    mine = {
        f"batches_{act.value}": count
        for act, count in batches.waiting_for(session, actor, now=now).items()
    }
    cash = cash_days.waiting_for(session, actor)
    mine |= {
        "handovers_confirm": cash.to_confirm,
        "handovers_decide": cash.to_decide,
        "cash_write_offs": cash.write_offs,
        "low_floats": cash.low,
    }
    if actor.may(Permission.APPROVE_PAYOUT):
        mine["write_offs"] = unclaimed.waiting_write_offs(
            session, actor.programme_id, besides=actor.staff_id
        )
    if actor.may(Permission.RELEASE_PAYOUT):
        mine["unknown_payouts"] = batches.unknown_for(session, actor)
    if actor.may(Permission.APPROVE_SCHEDULE):
        mine["proposals"] = programmes.waiting_proposals(
            session, actor.programme_id, besides=actor.staff_id
        )
    if actor.may(Permission.DRAW_LOTTERY):
        mine["draws"] = lottery.draws_waiting(session, actor.programme_id, now=now)
    return {what: count for what, count in mine.items() if count}


def _page(
    request: Request,
    db: Db,
    actor: Actor,
    now: datetime,
    *,
    on: str = "",
    site: str = "",
) -> Response:
    language = language_of(request)
    with db.snapshot() as session:
        overview = _overview(session, actor, now)
        books = _books(session, actor, _day(on, overview.today))
    place = next((each for each in books.sites.values() if each.code == site), None)
    context = {
        "overview": overview,
        "books": books,
        "place": place,
        "trial": books.trial(place.id if place else None),
        "site_names": {each.id: site_name(each, language) for each in books.sites.values()},
        "account_names": ACCOUNTS,
        "about_accounts": ABOUT_ACCOUNTS,
        "Account": Account,
    }
    return render(request, "stipends.html", context)
