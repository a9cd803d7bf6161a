from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import Session

from app.core.money import Money
from app.domain.cash_days.rules import (
    PACE_DAYS,
    Alarm,
    Movement,
    Outlook,
    days_between,
    is_low,
    movement_of,
    outlook,
)
from app.domain.counts.queries import CountFacts, counts_of
from app.domain.floats.queries import HandoverFacts, handovers_on, open_handover
from app.domain.programmes import queries as programmes
from app.domain.shortages.queries import write_offs
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.models import CashFloat as FloatRow
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine
from app.domain.stipends.queries import balance_of, payout_of
from app.domain.stipends.rules import Account, ClaimedWith, Method

# Whether a site ever had cash: some programmes pay by telephone only, and their drawers are not low.
IN_USE = exists().where(
    LedgerEntry.site_id == FloatRow.site_id,
    or_(LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.credit == Account.CASH_FLOAT),
)


PAID = frozenset({Movement.PAID, Movement.PAID_FOR_SITE, Movement.PAID_BATCH, Movement.LOST})


@dataclass(frozen=True)
class MovementFacts:
    """Entries of one sort that moved a site's cash on a day; less than nothing went out."""

    movement: Movement
    entries: int
    amount: Money


@dataclass(frozen=True)
class Receipt:
    """A payment in cash at a site. ``is_loss``: it was handed out and is not owed to this day."""

    receipt: str
    amount: Money
    paid_by: UUID
    is_loss: bool


@dataclass(frozen=True)
class Day:
    """A site's cash on one day of its calendar: what was there, what moved it, what was counted."""

    site_id: UUID
    on: date
    opening: Money
    movements: tuple[MovementFacts, ...]
    closing: Money
    receipts: tuple[Receipt, ...]
    counts: tuple[CountFacts, ...]
    handovers: tuple[HandoverFacts, ...]

    @property
    def paid(self) -> Money:
        """What the receipts come to."""
        return Money(sum(each.amount.minor for each in self.receipts), self.opening.currency)

    @property
    def last_count(self) -> CountFacts | None:
        return self.counts[-1] if self.counts else None


@dataclass(frozen=True)
class Waiting:
    """What someone may do now about cash."""

    to_confirm: int = 0
    to_decide: int = 0
    write_offs: int = 0
    low: int = 0


def day_of(session: Session, programme_id: UUID, site_id: UUID, on: date) -> Day:
    """The end-of-day report of a site: every figure is of the ledger, each entry on its own day."""
    currency = programmes.programme(session, programme_id).currency
    opening = balance_of(session, site_id, Account.CASH_FLOAT, before=on)
    sums: dict[Movement, tuple[int, int]] = {}
    for kind, number, minor in _movements(session, site_id, on, on):
        entries, so_far = sums.get(kind, (0, 0))
        sums[kind] = entries + number, so_far + minor
    return Day(
        site_id=site_id,
        on=on,
        opening=Money(opening, currency),
        movements=tuple(
            MovementFacts(kind, sums[kind][0], Money(sums[kind][1], currency))
            for kind in Movement
            if kind in sums
        ),
        closing=Money(opening + sum(minor for _, minor in sums.values()), currency),
        receipts=tuple(_receipts(session, site_id, on)),
        counts=tuple(counts_of(session, programme_id, site_id, on=on)),
        handovers=tuple(handovers_on(session, site_id, on)),
    )


def course_of(
    session: Session, site_id: UUID, *, since: date, until: date
) -> list[tuple[date, int]]:
    """What was in a site's cash at the end of each day, in minor units."""
    signed = case(
        (LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.amount_minor),
        else_=-LedgerEntry.amount_minor,
    )
    rows = (
        _moved(LedgerEntry.entered_on, func.sum(signed))
        .where(LedgerEntry.site_id == site_id, LedgerEntry.entered_on.between(since, until))
        .group_by(LedgerEntry.entered_on)
    )
    moved: dict[date, int] = {on: int(minor) for on, minor in session.execute(rows)}
    days = days_between(since, until)
    opening = balance_of(session, site_id, Account.CASH_FLOAT, before=since)
    levels = accumulate((moved.get(day, 0) for day in days), initial=opening)
    return list(zip(days, list(levels)[1:], strict=True))


def outlook_of(session: Session, site_id: UUID, *, balance_minor: int, today: date) -> Outlook:
    """How fast a site's cash goes, by what was paid in the last weeks, today included."""
    since = today - timedelta(days=PACE_DAYS - 1)
    moved = _movements(session, site_id, since, today)
    return outlook(balance_minor, -sum(minor for kind, _, minor in moved if kind in PAID))


def low_floats(session: Session, programme_id: UUID) -> list[UUID]:
    """The sites whose cash is below the protocol's line. A site that never had any is not."""
    line = programmes.current_protocol(session, programme_id).rules.payouts.float_low
    rows = session.execute(
        select(FloatRow.site_id, FloatRow.balance_minor)
        .where(FloatRow.programme_id == programme_id, IN_USE)
        .order_by(FloatRow.site_id)
    )
    return [site_id for site_id, minor in rows if is_low(minor, line)]


def alarm_of(session: Session, programme_id: UUID, site_id: UUID) -> Alarm | None:
    """Whether a site's cash is low, or may be paid below nothing. A site that never had any is neither."""
    line = programmes.current_protocol(session, programme_id).rules.payouts.float_low
    row = session.execute(
        select(FloatRow.balance_minor, FloatRow.overdraft_minor).where(
            FloatRow.site_id == site_id, or_(IN_USE, FloatRow.overdraft_minor > 0)
        )
    ).first()
    if row is None:
        return None
    if row.overdraft_minor:
        return Alarm.OVERDRAWN
    return Alarm.LOW if is_low(row.balance_minor, line) else None


def waiting_for(session: Session, actor: Actor) -> Waiting:
    """What someone may do now: confirm or decide a handover, decide a write-off, fill a drawer."""
    places = [each.id for each in programmes.sites(session, actor.programme_id)]
    if actor.site_id:
        places = [actor.site_id]
    found = [open_handover(session, actor.programme_id, place) for place in places]
    opened = [each for each in found if each]
    mine = [each for each in opened if each.received_by == actor.staff_id]
    apart = [each for each in opened if actor.staff_id not in (each.received_by, each.given_by)]
    asked = [
        each
        for each in write_offs(session, actor.programme_id)
        if each.decided_at is None and each.requested_by != actor.staff_id
    ]
    return Waiting(
        to_confirm=len(mine),
        to_decide=sum(each.claim is not None for each in apart)
        if actor.may(Permission.OVERDRAW_FLOAT)
        else 0,
        write_offs=len(asked) if actor.may(Permission.APPROVE_PAYOUT) else 0,
        low=len(low_floats(session, actor.programme_id)) if actor.may(Permission.FUND_FLOAT) else 0,
    )


def _movements(
    session: Session, site_id: UUID, first: date, last: date
) -> Iterator[tuple[Movement, int, int]]:
    """Entries of some days that moved a site's cash: why, how many, and what they brought in."""
    sorts = (
        LedgerEntry.debit,
        LedgerEntry.credit,
        LedgerEntry.holder_digest.is_not(None),
        LedgerEntry.reverses.is_not(None),
    )
    rows = (
        _moved(*sorts, func.count(), func.sum(LedgerEntry.amount_minor))
        .where(LedgerEntry.site_id == site_id, LedgerEntry.entered_on.between(first, last))
        .group_by(*sorts)
    )
    for debit, credit, is_persons, is_reversal, number, minor in session.execute(rows):
        kind = movement_of(debit, credit, is_persons=is_persons, is_reversal=is_reversal)
        yield kind, number, int(minor) if debit is Account.CASH_FLOAT else -int(minor)


def _moved(*columns: Any) -> Any:
    """Entries that moved cash."""
    return select(*columns).where(
        or_(LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.credit == Account.CASH_FLOAT)
    )


def _receipts(session: Session, site_id: UUID, on: date) -> Iterable[Receipt]:
    lost = {
        each
        for entry, line in session.execute(
            select(LedgerEntry.id, PayoutLine)
            .join(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
            .where(
                LedgerEntry.site_id == site_id,
                LedgerEntry.debit == Account.CASH_LOSS,
                LedgerEntry.credit == Account.CASH_FLOAT,
                LedgerEntry.id.not_in(
                    select(LedgerEntry.reverses).where(LedgerEntry.reverses.is_not(None))
                ),
            )
        )
        if (each := payout_of(session, line))
    }
    rows = session.scalars(
        select(Payout)
        .where(
            Payout.site_id == site_id,
            Payout.paid_on == on,
            Payout.method == Method.CASH,
            Payout.claimed_with != ClaimedWith.BATCH,
        )
        .order_by(Payout.receipt)
    )
    for row in rows:
        amount = Money(row.amount_minor, row.currency)
        yield Receipt(row.receipt, amount, row.paid_by, row.id in lost)
