import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.core.crypto import keyring_of
from app.core.money import Money
from app.domain.floats.errors import UnknownHandover, UnknownWriteOff
from app.domain.floats.models import (
    CashCount,
    CashCountTry,
    CashHandover,
    CashHandoverStep,
    CashWriteOff,
    CashWriteOffDecision,
)
from app.domain.floats.rules import (
    PACE_DAYS,
    PASSED_ON,
    Alarm,
    CountKind,
    Discrepancy,
    HandoverStep,
    Movement,
    Outlook,
    days_between,
    is_low,
    movement_of,
    outlook,
)
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor, StaffFacts, staff_of
from app.domain.staff.rules import PERMISSIONS, Permission
from app.domain.stipends.models import CashFloat as FloatRow
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine
from app.domain.stipends.queries import payout_of
from app.domain.stipends.rules import Account, ClaimedWith, Method

# Whether a site ever had cash: some programmes pay by telephone only, and their drawers are not low.
IN_USE = exists().where(
    LedgerEntry.site_id == FloatRow.site_id,
    or_(LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.credit == Account.CASH_FLOAT),
)
PAID = frozenset({Movement.PAID, Movement.PAID_FOR_SITE, Movement.PAID_BATCH, Movement.LOST})


@dataclass(frozen=True)
class CountFacts:
    """A drawer that was counted, and how often before it was without a reason for what differs."""

    id: UUID
    site_id: UUID
    kind: CountKind
    on: date
    at: datetime
    by: UUID
    pieces: Mapping[int, int]
    expected: Money
    counted: Money
    is_blind: bool
    reason: str | None
    tries: tuple[Money, ...] = ()

    @property
    def difference(self) -> Money:
        """Less than nothing is missing."""
        return self.counted + -self.expected


@dataclass(frozen=True)
class StepFacts:
    step: HandoverStep
    by: UUID
    at: datetime
    counted: Money | None
    reason: str | None


@dataclass(frozen=True)
class HandoverFacts:
    """Cash on its way from one person to another."""

    id: UUID
    site_id: UUID
    count: CountFacts
    given_by: UUID
    received_by: UUID
    given_at: datetime
    claim: StepFacts | None
    end: StepFacts | None


@dataclass(frozen=True)
class Holder:
    """Who is responsible for a site's cash, and since when."""

    staff_id: UUID
    since: datetime


@dataclass(frozen=True)
class Drawer:
    """The cash of a site at this moment. ``seen`` changes whenever cash moves or someone counts."""

    site_id: UUID
    balance: Money
    overdraft: Money
    seen: str
    holder: Holder | None
    last: CountFacts | None
    waiting: HandoverFacts | None


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
class Loss:
    """Money that was handed out and is not owed to this day, and by whom."""

    entry_id: UUID
    site_id: UUID
    on: date
    amount: Money
    paid_by: UUID | None
    receipt: str | None


@dataclass(frozen=True)
class Missing:
    """What stands in an account of what is missing; less than nothing is money too much."""

    site_id: UUID
    account: Discrepancy
    amount: Money


@dataclass(frozen=True)
class WriteOffFacts:
    id: UUID
    site_id: UUID
    account: Discrepancy
    amount: Money
    reason: str
    requested_by: UUID
    requested_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    is_approved: bool
    note: str | None


@dataclass(frozen=True)
class Waiting:
    """What someone may do now about cash."""

    to_confirm: int = 0
    to_decide: int = 0
    write_offs: int = 0
    low: int = 0


def denominations(currency: str) -> tuple[int, ...]:
    """Coins and notes of a currency in minor units, largest first; none where we know none."""
    return tuple(Money.parse(each, currency).minor for each in _face_values().get(currency, ()))


def drawer(session: Session, programme_id: UUID, site_id: UUID, *, locked: bool = False) -> Drawer:
    """A site's cash. ``locked``: nothing moves it until the transaction ends, if it has a row."""
    currency = programmes.programme(session, programme_id).currency
    found = select(FloatRow).where(FloatRow.site_id == site_id)
    found = found.execution_options(populate_existing=True)  # a trigger writes there
    if locked:
        found = found.with_for_update()
    row = session.scalar(found)
    moves = session.scalar(_moved(func.count()).where(LedgerEntry.site_id == site_id))
    last = next(iter(counts_of(session, programme_id, site_id, limit=1)), None)
    waiting = open_handover(session, programme_id, site_id)
    keys = (site_id.hex, str(moves), last.id.hex if last else "")
    return Drawer(
        site_id=site_id,
        balance=Money(row.balance_minor if row else 0, currency),
        overdraft=Money(row.overdraft_minor if row else 0, currency),
        seen=keyring_of(session).digest("drawer", *keys).hex()[:32],
        holder=_holder(session, programme_id, site_id),
        last=last,
        waiting=waiting,
    )


def counts_of(
    session: Session,
    programme_id: UUID,
    site_id: UUID,
    *,
    on: date | None = None,
    limit: int | None = None,
) -> list[CountFacts]:
    """Counts of a site's cash: of a day in order, else the newest first."""
    found = select(CashCount).where(
        CashCount.programme_id == programme_id, CashCount.site_id == site_id
    )
    if on:
        found = found.where(CashCount.counted_on == on)
        found = found.order_by(CashCount.counted_at, CashCount.id)
    else:
        found = found.order_by(CashCount.counted_at.desc(), CashCount.id.desc()).limit(limit)
    return _counts(session, session.scalars(found).all())


def count(session: Session, count_id: UUID) -> CountFacts | None:
    row = session.get(CashCount, count_id)
    return _counts(session, [row])[0] if row else None


def open_handover(session: Session, programme_id: UUID, site_id: UUID) -> HandoverFacts | None:
    """The cash of a site that is on its way from one person to another."""
    found = (
        select(CashHandover)
        .outerjoin(
            CashHandoverStep,
            (CashHandoverStep.handover_id == CashHandover.id) & CashHandoverStep.is_end.is_(True),
        )
        .where(
            CashHandover.programme_id == programme_id,
            CashHandover.site_id == site_id,
            CashHandoverStep.id.is_(None),
        )
        .order_by(CashHandover.given_at.desc())
        .limit(1)
    )
    return next(iter(_handovers(session, session.scalars(found).all())), None)


def handover(session: Session, handover_id: UUID, *, programme_id: UUID) -> HandoverFacts:
    """Raises: UnknownHandover."""
    row = session.get(CashHandover, handover_id)
    if row is None or row.programme_id != programme_id:
        raise UnknownHandover
    return _handovers(session, [row])[0]


def receivers(
    session: Session, programme_id: UUID, site_id: UUID, *, giver: UUID
) -> list[StaffFacts]:
    """Who can be given a site's cash: colleagues who may count it."""
    return [
        each
        for each in staff_of(session, programme_id)
        if each.left_at is None
        and each.id != giver
        and each.site_id in (None, site_id)
        and Permission.COUNT_FLOAT in PERMISSIONS[each.role]
    ]


def day_of(session: Session, programme_id: UUID, site_id: UUID, on: date) -> Day:
    """The end-of-day report of a site: every figure is of the ledger, each entry on its own day."""
    currency = programmes.programme(session, programme_id).currency
    opening = _balance_before(session, site_id, on)
    rows = session.execute(
        select(
            LedgerEntry.debit,
            LedgerEntry.credit,
            LedgerEntry.holder_digest.is_not(None),
            LedgerEntry.reverses.is_not(None),
            func.count(),
            func.sum(LedgerEntry.amount_minor),
        )
        .where(
            LedgerEntry.site_id == site_id,
            LedgerEntry.entered_on == on,
            or_(LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.credit == Account.CASH_FLOAT),
        )
        .group_by(
            LedgerEntry.debit,
            LedgerEntry.credit,
            LedgerEntry.holder_digest.is_not(None),
            LedgerEntry.reverses.is_not(None),
        )
    )
    sums: dict[Movement, tuple[int, int]] = {}
    for debit, credit, is_persons, is_reversal, number, minor in rows:
        kind = movement_of(debit, credit, is_persons=is_persons, is_reversal=is_reversal)
        signed = int(minor) if debit is Account.CASH_FLOAT else -int(minor)
        entries, so_far = sums.get(kind, (0, 0))
        sums[kind] = entries + number, so_far + signed
    handed = select(CashHandover).join(CashCount, CashCount.id == CashHandover.count_id)
    handed = handed.where(CashHandover.site_id == site_id, CashCount.counted_on == on)
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
        handovers=tuple(
            _handovers(session, session.scalars(handed.order_by(CashHandover.given_at)).all())
        ),
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
    opening = _balance_before(session, site_id, since)
    levels = accumulate((moved.get(day, 0) for day in days), initial=opening)
    return list(zip(days, list(levels)[1:], strict=True))


def outlook_of(session: Session, site_id: UUID, *, balance_minor: int, today: date) -> Outlook:
    """How fast a site's cash goes, by what was paid in the last weeks, today included."""
    since = today - timedelta(days=PACE_DAYS - 1)
    rows = _moved(
        LedgerEntry.debit,
        LedgerEntry.credit,
        LedgerEntry.holder_digest.is_not(None),
        LedgerEntry.reverses.is_not(None),
        func.sum(LedgerEntry.amount_minor),
    ).where(LedgerEntry.site_id == site_id, LedgerEntry.entered_on.between(since, today))
    paid = 0
    for debit, credit, is_persons, is_reversal, minor in session.execute(
        rows.group_by(
            LedgerEntry.debit,
            LedgerEntry.credit,
            LedgerEntry.holder_digest.is_not(None),
            LedgerEntry.reverses.is_not(None),
        )
    ):
        kind = movement_of(debit, credit, is_persons=is_persons, is_reversal=is_reversal)
        paid += int(minor) if kind in PAID else 0
    return outlook(balance_minor, paid)


def losses(session: Session, programme_id: UUID) -> list[Loss]:
    """Money handed out without a network that is not owed to this day, newest day first."""
    undone = aliased(LedgerEntry)
    rows = session.execute(
        select(LedgerEntry, PayoutLine)
        .outerjoin(undone, undone.reverses == LedgerEntry.id)
        .outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
        .where(
            LedgerEntry.programme_id == programme_id,
            LedgerEntry.debit == Account.CASH_LOSS,
            LedgerEntry.credit == Account.CASH_FLOAT,
            undone.id.is_(None),
        )
        .order_by(LedgerEntry.entered_on.desc(), LedgerEntry.id)
    )
    found = []
    for entry, line in rows:
        payout_id = payout_of(session, line) if line else None
        payout = session.get(Payout, payout_id) if payout_id else None
        amount = Money(entry.amount_minor, entry.currency)
        found.append(
            Loss(
                entry.id,
                entry.site_id,
                entry.entered_on,
                amount,
                payout.paid_by if payout else None,
                payout.receipt if payout else None,
            )
        )
    return found


def missing(session: Session, programme_id: UUID) -> list[Missing]:
    """What is missing or too much at each site, what was written off left out."""
    currency = programmes.programme(session, programme_id).currency
    return [
        Missing(place.id, account, Money(minor, currency))
        for place in programmes.sites(session, programme_id)
        for account in Discrepancy
        if (minor := missing_minor(session, place.id, account))
    ]


def missing_minor(session: Session, site_id: UUID, account: Discrepancy) -> int:
    sides = [
        int(
            session.scalar(
                select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
                    LedgerEntry.site_id == site_id, side == account.account
                )
            )
            or 0
        )
        for side in (LedgerEntry.debit, LedgerEntry.credit)
    ]
    return sides[0] - sides[1]


def write_offs(session: Session, programme_id: UUID) -> list[WriteOffFacts]:
    """What was asked to be written off, what waits for a decision first."""
    rows = session.execute(
        select(CashWriteOff, CashWriteOffDecision)
        .outerjoin(CashWriteOffDecision, CashWriteOffDecision.write_off_id == CashWriteOff.id)
        .where(CashWriteOff.programme_id == programme_id)
        .order_by(
            CashWriteOffDecision.write_off_id.is_not(None),
            CashWriteOff.requested_at.desc(),
            CashWriteOff.id,
        )
    )
    return [_write_off(request, decision) for request, decision in rows]


def write_off(session: Session, write_off_id: UUID, *, programme_id: UUID) -> WriteOffFacts:
    """Raises: UnknownWriteOff."""
    row = session.get(CashWriteOff, write_off_id)
    if row is None or row.programme_id != programme_id:
        raise UnknownWriteOff
    return _write_off(row, session.get(CashWriteOffDecision, write_off_id))


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


@cache
def _face_values() -> Mapping[str, Sequence[str]]:
    return tomllib.loads((Path(__file__).parent / "denominations.toml").read_text())


def _moved(*columns: Any) -> Any:
    """Entries that moved cash."""
    return select(*columns).where(
        or_(LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.credit == Account.CASH_FLOAT)
    )


def _balance_before(session: Session, site_id: UUID, on: date) -> int:
    sides = [
        int(
            session.scalar(
                select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
                    LedgerEntry.site_id == site_id,
                    LedgerEntry.entered_on < on,
                    side == Account.CASH_FLOAT,
                )
            )
            or 0
        )
        for side in (LedgerEntry.debit, LedgerEntry.credit)
    ]
    return sides[0] - sides[1]


def _holder(session: Session, programme_id: UUID, site_id: UUID) -> Holder | None:
    opened = session.execute(
        select(CashCount.counted_by, CashCount.counted_at)
        .where(
            CashCount.programme_id == programme_id,
            CashCount.site_id == site_id,
            CashCount.kind == CountKind.OPENING,
        )
        .order_by(CashCount.counted_at.desc(), CashCount.id.desc())
        .limit(1)
    ).first()
    passed = session.execute(
        select(CashHandover.received_by, CashHandoverStep.done_at)
        .join(CashHandoverStep, CashHandoverStep.handover_id == CashHandover.id)
        .where(
            CashHandover.programme_id == programme_id,
            CashHandover.site_id == site_id,
            CashHandoverStep.step.in_(PASSED_ON),
        )
        .order_by(CashHandoverStep.done_at.desc())
        .limit(1)
    ).first()
    known = [Holder(*row) for row in (opened, passed) if row]
    return max(known, key=lambda each: each.since, default=None)


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


def _counts(session: Session, rows: Sequence[CashCount]) -> list[CountFacts]:
    tries: dict[UUID, list[Money]] = {}
    tried = select(CashCountTry).where(CashCountTry.count_id.in_([row.id for row in rows]))
    currencies = {row.id: row.currency for row in rows}
    for each in session.scalars(tried.order_by(CashCountTry.tried_at, CashCountTry.id)):
        money = Money(each.counted_minor, currencies[each.count_id])
        tries.setdefault(each.count_id, []).append(money)
    return [
        CountFacts(
            id=row.id,
            site_id=row.site_id,
            kind=row.kind,
            on=row.counted_on,
            at=row.counted_at,
            by=row.counted_by,
            pieces={int(worth): int(number) for worth, number in row.pieces.items()},
            expected=Money(row.expected_minor, row.currency),
            counted=Money(row.counted_minor, row.currency),
            is_blind=row.is_blind,
            reason=row.reason,
            tries=tuple(tries.get(row.id, ())),
        )
        for row in rows
    ]


def _handovers(session: Session, rows: Sequence[CashHandover]) -> list[HandoverFacts]:
    counted = select(CashCount).where(CashCount.id.in_([row.count_id for row in rows]))
    counts = {each.id: each for each in _counts(session, session.scalars(counted).all())}
    steps: dict[tuple[UUID, bool], StepFacts] = {}
    found = select(CashHandoverStep).where(
        CashHandoverStep.handover_id.in_([row.id for row in rows])
    )
    of = {row.id: row for row in rows}
    for each in session.scalars(found):
        currency = counts[of[each.handover_id].count_id].counted.currency
        money = None if each.counted_minor is None else Money(each.counted_minor, currency)
        steps[each.handover_id, each.is_end] = StepFacts(
            each.step, each.done_by, each.done_at, money, each.reason
        )
    return [
        HandoverFacts(
            id=row.id,
            site_id=row.site_id,
            count=counts[row.count_id],
            given_by=row.given_by,
            received_by=row.received_by,
            given_at=row.given_at,
            claim=steps.get((row.id, False)),
            end=steps.get((row.id, True)),
        )
        for row in rows
    ]


def _write_off(row: CashWriteOff, decision: CashWriteOffDecision | None) -> WriteOffFacts:
    return WriteOffFacts(
        id=row.id,
        site_id=row.site_id,
        account=row.account,
        amount=Money(row.amount_minor, row.currency),
        reason=row.reason,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        decided_by=decision.decided_by if decision else None,
        decided_at=decision.decided_at if decision else None,
        is_approved=decision.is_approved if decision else False,
        note=decision.note if decision else None,
    )
