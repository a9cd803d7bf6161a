from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.money import Money, NotAnAmount
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends import actions
from app.domain.stipends import queries as stipends
from app.domain.stipends.errors import BadAmount, PaymentIdReused
from app.domain.stipends.queries import Balance, Unclaimed
from app.domain.stipends.rules import Account
from app.web.complaints import NOT_AN_AMOUNT, in_words
from app.web.csv_file import csv_file
from app.web.deps import Db, Now, allowed
from app.web.flash import flash
from app.web.templating import language_of, render
from app.web.wording import ACCOUNTS, text_of

router = APIRouter(prefix="/stipends", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))]
Treasurer = Annotated[Actor, Depends(allowed(Permission.FUND_FLOAT))]
PAGE = 25
AGES = (30, 90)


@dataclass(frozen=True)
class Books:
    """The books of a programme as the page and the downloads show them."""

    currency: str
    sites: dict[UUID, SiteFacts]
    balances: list[Balance]
    unclaimed: list[Unclaimed]
    today: date

    def total(self, *accounts: Account, site_id: UUID | None = None) -> Money:
        """What stands in some accounts, of all sites or of one."""
        minor = sum(
            each.balance.minor
            for each in self.balances
            if each.account in accounts and site_id in (None, each.site_id)
        )
        return Money(minor, self.currency)

    def waiting(self, from_days: int, to_days: int | None = None) -> tuple[int, Money]:
        """How many accounts wait that long to be claimed, and for how much."""
        found = [
            each.amount.minor
            for each in self.unclaimed
            if from_days <= self.age(each) and (to_days is None or self.age(each) < to_days)
        ]
        return len(found), Money(sum(found), self.currency)

    def age(self, each: Unclaimed) -> int:
        return (self.today - each.since).days


@router.get("")
def show_stipends(request: Request, db: Db, now: Now, actor: Reader, page: int = 1) -> Response:
    """What is in the cash floats, what is owed, and what nobody has claimed yet."""
    return _stipends_page(request, db, actor, now, page=page)


@router.post("/float")
def fund_float(
    request: Request,
    db: Db,
    now: Now,
    actor: Treasurer,
    site: Annotated[str, Form(max_length=20)],
    amount: Annotated[str, Form(max_length=30)],
    funding_id: Annotated[UUID, Form()],
) -> Response:
    """Put money into a site's cash; the form's own id keeps a second press from doing it twice."""
    try:
        with db.transaction() as session:
            programme = programmes.programme(session, actor.programme_id)
            place = programmes.site_by_code(session, programme.id, site)
            books = stipends.Books(
                programme_id=programme.id,
                site_id=place.id,
                protocol_id=programmes.current_protocol(session, programme.id).id,
                currency=programme.currency,
                on=local_date(now, place.timezone),
            )
            minor = Money.parse(amount, programme.currency).minor
            actions.fund_float(
                session, books, minor, funding_id=funding_id, by=actor.staff_id, now=now
            )
    except (NotAnAmount, BadAmount, PaymentIdReused) as refusal:
        language = language_of(request)
        error = (
            in_words({"amount": NOT_AN_AMOUNT}, language)["amount"]
            if isinstance(refusal, NotAnAmount)
            else text_of(refusal.code, language)
        )
        typed = {"site": site, "amount": amount}
        return _stipends_page(request, db, actor, now, typed=typed, error=error, status=422)
    response = RedirectResponse("/stipends", status_code=303)
    flash(response, "float_funded")
    return response


@router.get("/balances.csv")
def take_balances(db: Db, now: Now, actor: Reader) -> Response:
    with db.snapshot() as session:
        books = _books(session, actor, now)
    return csv_file(
        "balances",
        ("site", "account", "balance", "currency"),
        [
            (
                books.sites[each.site_id].code,
                each.account.value,
                each.balance.major,
                each.balance.currency,
            )
            for each in books.balances
        ],
    )


@router.get("/unclaimed.csv")
def take_unclaimed(db: Db, now: Now, actor: Reader) -> Response:
    with db.snapshot() as session:
        books = _books(session, actor, now)
    return csv_file(
        "unclaimed",
        ("account", "site", "owed_since", "days", "amount", "currency"),
        [
            (
                each.account,
                books.sites[each.site_id].code,
                each.since.isoformat(),
                books.age(each),
                each.amount.major,
                each.amount.currency,
            )
            for each in books.unclaimed
        ],
    )


def _books(session: Session, actor: Actor, now: datetime) -> Books:
    clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
    return Books(
        currency=programmes.programme(session, actor.programme_id).currency,
        sites={each.id: each for each in programmes.sites(session, actor.programme_id)},
        balances=stipends.balances(session, actor.programme_id),
        unclaimed=stipends.unclaimed(session, actor.programme_id),
        today=local_date(now, clock),
    )


def _stipends_page(
    request: Request,
    db: Db,
    actor: Actor,
    now: datetime,
    *,
    page: int = 1,
    status: int = 200,
    **given: Any,
) -> Response:
    with db.snapshot() as session:
        books = _books(session, actor, now)
    pages = max(1, -(-len(books.unclaimed) // PAGE))
    page = min(max(page, 1), pages)
    context = {
        "books": books,
        "accounts": _used(books.balances),
        "account_names": ACCOUNTS,
        "ages": [
            (None, AGES[0], *books.waiting(0, AGES[0])),
            (AGES[0], AGES[1], *books.waiting(*AGES)),
            (AGES[1], None, *books.waiting(AGES[1])),
        ],
        "unclaimed": books.unclaimed[(page - 1) * PAGE : page * PAGE],
        "page": page,
        "pages": pages,
        "Account": Account,
        "expenses": [each for each in Account if each.value.startswith("expense_")],
        "may_fund": actor.may(Permission.FUND_FLOAT),
        "funding_id": uuid4(),
        "typed": {},
        "error": "",
        "here": "/stipends",
    }
    return render(request, "stipends.html", context | given, status=status)


def _used(balances: Sequence[Balance]) -> list[Account]:
    moved = {each.account for each in balances}
    return [account for account in Account if account in moved]
