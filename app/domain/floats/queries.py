from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.money import Money
from app.domain.counts.models import CashCount
from app.domain.counts.queries import CountFacts, counts_by_id, counts_of, last_opening
from app.domain.floats.errors import UnknownHandover
from app.domain.floats.models import (
    CashHandover,
    CashHandoverStep,
)
from app.domain.floats.rules import (
    PASSED_ON,
    HandoverStep,
)
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import StaffFacts, staff_of
from app.domain.staff.rules import PERMISSIONS, Permission
from app.domain.stipends.models import CashFloat as FloatRow
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.rules import Account


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


def drawer(session: Session, programme_id: UUID, site_id: UUID) -> Drawer:
    """A site's cash, as the books have it now."""
    currency = programmes.programme(session, programme_id).currency
    found = select(FloatRow).where(FloatRow.site_id == site_id)
    row = session.scalar(found.execution_options(populate_existing=True))  # a trigger writes there
    moves = session.scalar(
        select(func.count())
        .select_from(LedgerEntry)
        .where(
            LedgerEntry.site_id == site_id,
            or_(LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.credit == Account.CASH_FLOAT),
        )
    )
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


def handovers_on(session: Session, site_id: UUID, on: date) -> list[HandoverFacts]:
    """Handovers of a site's cash that was counted for them on a day, in order."""
    found = (
        select(CashHandover)
        .join(CashCount, CashCount.id == CashHandover.count_id)
        .where(CashHandover.site_id == site_id, CashCount.counted_on == on)
        .order_by(CashHandover.given_at)
    )
    return _handovers(session, session.scalars(found).all())


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


def _holder(session: Session, programme_id: UUID, site_id: UUID) -> Holder | None:
    opened = last_opening(session, programme_id, site_id)
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


def _handovers(session: Session, rows: Sequence[CashHandover]) -> list[HandoverFacts]:
    counts = counts_by_id(session, [row.count_id for row in rows])
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
