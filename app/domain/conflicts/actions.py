from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.audit.actions import record
from app.domain.audit.errors import ReasonNeeded
from app.domain.conflicts.errors import ConflictCannotMove, ConflictDecided, UnknownConflict
from app.domain.conflicts.models import ConflictDecision
from app.domain.conflicts.rules import Decision
from app.domain.corrections import actions as corrections
from app.domain.corrections import queries as corrected
from app.domain.corrections.actions import DECIDED_IN_THE_BOOKS
from app.domain.corrections.errors import HoldsCoupons
from app.domain.coupons import queries as coupons
from app.domain.coupons.models import Coupon
from app.domain.intake import queries as intake
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome
from app.domain.pads import actions as pads
from app.domain.participants import actions as participant_actions
from app.domain.participants import queries as participants
from app.domain.participants.models import DuplicateDecision, Participant, PossibleDuplicate
from app.domain.participants.rules import NOBODY, SamePerson, Standing
from app.domain.rewards import actions as rewards
from app.domain.staff.queries import Actor
from app.domain.stipends.queries import books_of
from app.domain.visits import actions as visits


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
    found = session.get(Redemption, redemption_id)
    if found is None or found.programme_id != by.programme_id:
        raise UnknownConflict
    # The coupon first, as whoever redeems it or takes a scan of it back does.
    coupon, second = coupons.lock(session, found.coupon_id), corrected.lock(session, redemption_id)
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
        books, _ = books_of(session, by.programme_id, second.site_id, now=now)
        rewards.take_back(session, books, second.participant_id, reason=DECIDED_IN_THE_BOOKS)
        second.outcome = Outcome.OVERRULED
        session.flush()
        pads.void_promised(
            session, second.participant_id, reason=DECIDED_IN_THE_BOOKS, by=by, now=now
        )
    else:
        _let_second_stand(session, second, coupon, by=by, now=now)
    record(
        session,
        "conflict.decided",
        subject=redemption_id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={"decision": decision.value},
    )


def decide_duplicate(
    session: Session,
    participant_id: UUID,
    decision: SamePerson,
    *,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Say whether someone whose code came before is the same person; what she earned follows, once.

    The same person is not counted again: what her coming earned is reversed, and cards she was promised are void. Whoever
    is not the same is told apart from everyone with her code, and what waited becomes owed.

    Raises:
        UnknownConflict, ConflictDecided, ReasonNeeded.
    """
    if not reason.strip():
        raise ReasonNeeded
    alike = session.get(PossibleDuplicate, participant_id)
    if alike is None or alike.programme_id != by.programme_id:
        raise UnknownConflict
    row = participants.lock(session, participant_id, programme_id=by.programme_id)
    if not participants.waits_for_decision(session, participant_id):
        raise ConflictDecided
    if row.standing in NOBODY:
        raise UnknownConflict
    session.add(
        DuplicateDecision(
            participant_id=participant_id,
            programme_id=by.programme_id,
            decision=decision,
            reason=reason.strip(),
            decided_by=by.staff_id,
            decided_at=now,
        )
    )
    session.flush()
    if decision is SamePerson.SAME:
        _count_her_once(session, row, by=by, now=now)
    else:
        _tell_her_apart(session, row, by=by, now=now)
    record(
        session,
        "duplicate.decided",
        subject=participant_id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={"decision": decision.value},
    )


def _count_her_once(session: Session, row: Participant, *, by: Actor, now: datetime) -> None:
    books, _ = books_of(session, by.programme_id, row.site_id, now=now)
    rewards.take_back(session, books, row.id, reason="came before", with_fee=True)
    pads.void_promised(session, row.id, reason="came before", by=by, now=now)
    row.standing = Standing.DUPLICATE
    came = intake.came_with(session, row.id)
    if came and came.outcome is Outcome.CONFLICT:  # nobody new stands behind it any more
        came.outcome = Outcome.OVERRULED
    session.flush()


def _tell_her_apart(session: Session, row: Participant, *, by: Actor, now: datetime) -> None:
    assert row.uic_digest is not None
    others = participants.possible_duplicates(
        session, by.programme_id, row.uic_digest, besides=row.id
    )
    for other in others:
        participant_actions.tell_apart(session, by.programme_id, row.id, other.participant_id)
    visits.settle(session, row, by=by, now=now)


def _let_second_stand(
    session: Session, second: Redemption, coupon: Coupon, *, by: Actor, now: datetime
) -> None:
    first = intake.accepted_redemption(session, coupon.id)
    if first is None:
        raise UnknownConflict
    # Held before they are looked at: nobody may be given coupons, or be paid, in between.
    participants.lock(session, first.participant_id, programme_id=by.programme_id)
    participants.lock(session, second.participant_id, programme_id=by.programme_id)
    try:
        corrections.overrule(session, first, by=by, now=now)
    except HoldsCoupons as refusal:
        raise ConflictCannotMove from refusal
    origin = coupons.open_origin(keyring_of(session), coupon.id, coupon.sealed_origin)
    corrections.let_stand(session, second, origin, by=by, now=now)
