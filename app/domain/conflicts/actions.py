from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.audit.actions import record
from app.domain.audit.errors import ReasonNeeded
from app.domain.conflicts.errors import ConflictCannotMove, ConflictDecided, UnknownConflict
from app.domain.conflicts.models import ConflictDecision
from app.domain.conflicts.rules import Decision
from app.domain.coupons import queries as coupons
from app.domain.intake.models import Redemption
from app.domain.intake.queries import accepted_redemption
from app.domain.intake.rules import Outcome
from app.domain.participants import actions as participant_actions
from app.domain.participants import queries as participants
from app.domain.staff.queries import Actor
from app.domain.stipends import actions as stipend_actions
from app.domain.visits import actions as visits

# The ledger does not repeat the reason a person gave: the same words in two tables would join a recruiter's
# account to the redemption.
IN_THE_BOOKS = "conflict decided"


def decide_conflict(
    session: Session,
    redemption_id: UUID,
    decision: Decision,
    *,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Let one of two redemptions of a coupon stand; the reward follows it, once.

    Raises:
        UnknownConflict, ConflictDecided, ReasonNeeded.
        RewardAlreadyPaid, ConflictCannotMove: the first can no longer give way.
    """
    if not reason.strip():
        raise ReasonNeeded
    second = session.scalar(
        select(Redemption)
        .where(Redemption.id == redemption_id, Redemption.programme_id == by.programme_id)
        .with_for_update()
    )
    if second is None:
        raise UnknownConflict
    if session.get(ConflictDecision, redemption_id) is not None:
        raise ConflictDecided
    if second.outcome is not Outcome.CONFLICT:
        raise UnknownConflict
    session.add(
        ConflictDecision(
            redemption_id=redemption_id,
            programme_id=by.programme_id,
            decision=decision,
            reason=reason.strip(),
            decided_by=by.staff_id,
            decided_at=now,
        )
    )
    session.flush()
    if decision is Decision.FIRST_STANDS:
        books, _ = visits.books_of(session, by.programme_id, second.site_id, now=now)
        stipend_actions.cancel_rewards(
            session, books, recruit_id=second.participant_id, reason=IN_THE_BOOKS
        )
    else:
        _let_second_stand(session, second, by=by, now=now)
    record(
        session,
        "conflict.decided",
        subject=redemption_id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={"decision": decision.value},
    )


def _let_second_stand(session: Session, second: Redemption, *, by: Actor, now: datetime) -> None:
    first = accepted_redemption(session, second.coupon_id)
    if first is None:
        raise UnknownConflict
    # Held before they are looked at: nobody may be given coupons, or be paid, in between.
    loser = participants.lock(session, first.participant_id, programme_id=by.programme_id)
    winner = participants.lock(session, second.participant_id, programme_id=by.programme_id)
    origin, wave = participants.origin_of(session, loser), loser.wave
    if origin and origin.recruiter_id:
        participants.lock(session, origin.recruiter_id, programme_id=by.programme_id)
    if coupons.bundle_of(session, first.participant_id):
        raise ConflictCannotMove
    books, _ = visits.books_of(session, by.programme_id, first.site_id, now=now)
    stipend_actions.cancel_rewards(
        session, books, recruit_id=first.participant_id, reason=IN_THE_BOOKS
    )
    participant_actions.set_origin(session, loser, None, None)
    participant_actions.set_origin(session, winner, origin, wave)
    first.outcome = Outcome.OVERRULED
    session.flush()  # before the second: one accepted redemption a coupon, at every moment
    second.outcome = Outcome.ACCEPTED
    session.flush()
    visits.settle(session, winner, by=by, now=now)
