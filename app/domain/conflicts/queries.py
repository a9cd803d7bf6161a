from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from app.core.crypto import keyring_of
from app.domain.conflicts.models import ConflictDecision
from app.domain.conflicts.rules import Decision
from app.domain.coupons import queries as coupons
from app.domain.coupons.models import Coupon
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Answer, Outcome


@dataclass(frozen=True)
class Presented:
    """One of the two redemptions of a conflict, without the person it was for."""

    redemption_id: UUID
    site_id: UUID
    device_id: str
    scanned_at: datetime
    received_at: datetime
    flags: Sequence[str]


@dataclass(frozen=True)
class Conflict:
    """Two people were served with one coupon; a person has to decide for which of them it counts."""

    code_tail: str
    first: Presented
    second: Presented


@dataclass(frozen=True)
class DecidedConflict:
    conflict: Conflict
    decision: Decision
    reason: str
    decided_at: datetime


def open_conflicts(session: Session, programme_id: UUID) -> list[Conflict]:
    """Conflicts that wait for a decision, oldest first."""
    first = aliased(Redemption)
    rows = session.execute(
        select(Redemption, first, Coupon)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(first, (first.coupon_id == Coupon.id) & (first.outcome == Outcome.ACCEPTED))
        .where(_waits(programme_id))
        .order_by(Redemption.received_at)
    )
    return [_conflict(session, coupon, first, second) for second, first, coupon in rows]


def decided_conflicts(
    session: Session, programme_id: UUID, *, most: int = 50
) -> list[DecidedConflict]:
    """The latest decisions, newest first. Whichever stood, the first is the one that came in earlier."""
    first = aliased(Redemption)
    rows = session.execute(
        select(ConflictDecision, Redemption, first, Coupon)
        .join(Redemption, Redemption.id == ConflictDecision.redemption_id)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(
            first,
            (first.coupon_id == Coupon.id)
            & (first.id != Redemption.id)
            & (first.answer == Answer.ACCEPTED),
        )
        .where(ConflictDecision.programme_id == programme_id)
        .order_by(ConflictDecision.decided_at.desc(), first.received_at)
        .limit(most)
    )
    decided: dict[UUID, DecidedConflict] = {}
    for decision, second, earlier, coupon in rows:
        if second.id not in decided:
            decided[second.id] = DecidedConflict(
                _conflict(session, coupon, earlier, second),
                decision.decision,
                decision.reason,
                decision.decided_at,
            )
    return list(decided.values())


def _waits(programme_id: UUID) -> ColumnElement[bool]:
    return (Redemption.programme_id == programme_id) & (Redemption.outcome == Outcome.CONFLICT)


def _conflict(session: Session, coupon: Coupon, first: Redemption, second: Redemption) -> Conflict:
    origin = coupons.open_origin(keyring_of(session), coupon.id, coupon.sealed_origin)
    return Conflict(origin.code[-4:], _presented(first), _presented(second))


def _presented(row: Redemption) -> Presented:
    return Presented(
        row.id, row.site_id, row.device_id, row.scanned_at, row.received_at, tuple(row.flags)
    )
