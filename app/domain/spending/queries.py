"""What was earned, paid and what it cost, by day, month and site: only reads, all of them of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, extract, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.money import Money
from app.domain.batches.models import PayoutBatchLine
from app.domain.batches.rules import LineState
from app.domain.spending.rules import BESIDE_COSTS, COSTS, OWED_UNTIL_PAID, PURSES
from app.domain.stipends.models import LedgerEntry, Payout
from app.domain.stipends.rules import Account, ClaimedWith, Method

_PAYMENTS = select(Payout, PayoutBatchLine).outerjoin(
    PayoutBatchLine, PayoutBatchLine.id == Payout.id
)


@dataclass(frozen=True)
class Spent:
    """What an account of costs, or beside them, took in a month at a site; less than nothing where more was taken back."""

    site_id: UUID
    month: date
    account: Account
    minor: int


@dataclass(frozen=True)
class Day:
    """What changed on a day: what is owed, what was paid, what was earned; minor units, net of reversals."""

    on: date
    owed: int
    paid: int
    earned: int


@dataclass(frozen=True)
class Week:
    """What was paid in a week, and what was owed at its end; minor units."""

    monday: date
    paid: int
    owed: int


@dataclass(frozen=True)
class Payment:
    """A payment, and the line of a batch it went out in, if it did. Nothing in it says to whom.

    ``paid`` is what arrived, as far as anybody knows; None while nobody does.
    """

    id: UUID
    receipt: str
    site_id: UUID
    amount: Money
    method: Method
    paid_on: date
    paid_by: UUID
    claimed_with: ClaimedWith
    batch_id: UUID | None
    line_no: int | None
    state: LineState | None
    paid: Money | None


@dataclass(frozen=True)
class Chosen:
    """Which payments are asked for; None is all. Both days are included."""

    site_id: UUID | None = None
    method: Method | None = None
    paid_by: UUID | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Sum:
    """How many payments, and for how much in minor units."""

    count: int
    minor: int


def spent(session: Session, programme_id: UUID) -> list[Spent]:
    """Costs, losses, differences and what was written off, by month, site and account."""
    accounts = (*COSTS, *BESIDE_COSTS)
    sides = union_all(
        *(
            select(
                LedgerEntry.site_id,
                extract("year", LedgerEntry.entered_on).label("year"),
                extract("month", LedgerEntry.entered_on).label("month"),
                side.label("account"),
                (LedgerEntry.amount_minor * sign).label("minor"),
            ).where(LedgerEntry.programme_id == programme_id, side.in_(accounts))
            for side, sign in ((LedgerEntry.debit, 1), (LedgerEntry.credit, -1))
        )
    ).subquery()
    keys = (sides.c.year, sides.c.month, sides.c.site_id, sides.c.account)
    rows = session.execute(select(*keys, func.sum(sides.c.minor)).group_by(*keys).order_by(*keys))
    return [
        Spent(site_id, date(int(year), int(month), 1), account, int(minor))
        for year, month, site_id, account, minor in rows
    ]


def days(session: Session, programme_id: UUID) -> list[Day]:
    """Every day on which something was entered, in order."""
    debit, credit = LedgerEntry.debit, LedgerEntry.credit
    owed = _net(credit == Account.STIPENDS_PAYABLE, debit == Account.STIPENDS_PAYABLE)
    paid = _net(
        _is_paid_against(debit) & credit.in_(PURSES), _is_paid_against(credit) & debit.in_(PURSES)
    )
    earned = _net(debit.in_(COSTS), credit.in_(COSTS))
    rows = session.execute(
        select(LedgerEntry.entered_on, owed, paid, earned)
        .where(LedgerEntry.programme_id == programme_id)
        .group_by(LedgerEntry.entered_on)
        .order_by(LedgerEntry.entered_on)
    )
    return [Day(on, int(more), int(out), int(cost)) for on, more, out, cost in rows]


def weeks(found: Sequence[Day]) -> list[Week]:
    """Every week from the first day to the last, those in which nothing happened too."""
    by_week = {monday: list(its) for monday, its in groupby(found, lambda each: _monday(each.on))}
    told, owed = list[Week](), 0
    monday, last = min(by_week, default=date.max), max(by_week, default=date.min)
    while monday <= last:
        its = by_week.get(monday, [])
        owed += sum(each.owed for each in its)
        told.append(Week(monday, sum(each.paid for each in its), owed))
        monday += timedelta(days=7)
    return told


def payments(
    session: Session, programme_id: UUID, chosen: Chosen, *, limit: int | None, offset: int = 0
) -> list[Payment]:
    """Payments, newest day first; within a day by their numbers, whose order means nothing."""
    rows = session.execute(
        _PAYMENTS.where(*_are(programme_id, chosen))
        .order_by(Payout.paid_on.desc(), Payout.receipt)
        .limit(limit)
        .offset(offset)
    )
    return [_payment(*row) for row in rows]


def sum_of_payments(session: Session, programme_id: UUID, chosen: Chosen) -> Sum:
    count, minor = session.execute(
        select(func.count(), func.coalesce(func.sum(Payout.amount_minor), 0)).where(
            *_are(programme_id, chosen)
        )
    ).one()
    return Sum(int(count), int(minor))


def payment(session: Session, programme_id: UUID, payout_id: UUID) -> Payment | None:
    row = session.execute(
        _PAYMENTS.where(Payout.id == payout_id, Payout.programme_id == programme_id)
    ).first()
    return _payment(*row) if row else None


def _are(programme_id: UUID, chosen: Chosen) -> list[ColumnElement[bool]]:
    given: dict[Any, object] = {
        Payout.site_id: chosen.site_id,
        Payout.method: chosen.method,
        Payout.paid_by: chosen.paid_by,
    }
    conditions = [column == value for column, value in given.items() if value is not None]
    if chosen.since is not None:
        conditions.append(Payout.paid_on >= chosen.since)
    if chosen.until is not None:
        conditions.append(Payout.paid_on <= chosen.until)
    return [Payout.programme_id == programme_id, *conditions]


def _payment(row: Payout, line: PayoutBatchLine | None) -> Payment:
    amount = Money(row.amount_minor, row.currency)
    arrived = line.paid_minor if line else row.amount_minor
    return Payment(
        id=row.id,
        receipt=row.receipt,
        site_id=row.site_id,
        amount=amount,
        method=row.method,
        paid_on=row.paid_on,
        paid_by=row.paid_by,
        claimed_with=row.claimed_with,
        batch_id=line.batch_id if line else None,
        line_no=line.line_no if line else None,
        state=line.state if line else None,
        paid=None if arrived is None else Money(arrived, row.currency),
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _is_paid_against(side: InstrumentedAttribute[Account]) -> ColumnElement[bool]:
    """Between sites a payment names an account of its payee; cash that is only moved names none."""
    for_another_site = (side == Account.BETWEEN_SITES) & LedgerEntry.holder_digest.is_not(None)
    return side.in_(OWED_UNTIL_PAID) | for_another_site


def _net(adds: ColumnElement[bool], takes: ColumnElement[bool]) -> ColumnElement[int]:
    amount = LedgerEntry.amount_minor
    return func.sum(case((adds, amount), (takes, -amount), else_=0))
