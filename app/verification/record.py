"""What was scored and what was decided."""

from collections.abc import Iterator

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session, aliased

from app.core.crypto import keyring_of
from app.domain.conflicts.models import ConflictDecision
from app.domain.conflicts.rules import Decision
from app.domain.coupons import queries as coupons
from app.domain.coupons.models import CouponBundle
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Answer, Outcome
from app.domain.participants.models import DuplicateDecision, Participant, PossibleDuplicate
from app.domain.participants.rules import Came, SamePerson, Standing
from app.domain.stipends.queries import held_for, owed_to, rewards_for, was_given_money
from app.domain.stipends.rules import RewardState
from app.domain.visits.errors import BadAnswers
from app.domain.visits.models import KnowledgeTest
from app.domain.visits.queries import knowledge_test
from app.domain.visits.rules import score


def scores(session: Session) -> Iterator[str]:
    """Scored again where the version is the one at hand; within bounds where it is older."""
    version, items = knowledge_test()
    right = {item.id: item.right for item in items}
    for row in session.scalars(select(KnowledgeTest).execution_options(yield_per=1000)):
        is_true = 0 <= row.correct <= row.items
        if row.version == version:
            try:
                is_true = row.correct == score(row.answers, right=right)
            except BadAnswers:
                is_true = False
        if not is_true:
            yield f"the knowledge test of participant {row.participant_id} is scored wrongly"


def conflicts(session: Session) -> Iterator[str]:
    """A conflict that waits has an accepted redemption beside it; one that was decided stands as it was decided.

    Either may have been taken back since.
    """
    accepted = set(
        session.scalars(select(Redemption.coupon_id).where(_outcome == Outcome.ACCEPTED.value))
    )
    rows = session.execute(
        select(Redemption.id, Redemption.coupon_id, _outcome, _decision)
        .outerjoin(ConflictDecision, ConflictDecision.redemption_id == Redemption.id)
        .where((_outcome == Outcome.CONFLICT.value) | _decision.is_not(None))
    )
    for redemption, coupon, outcome, decision in rows:
        stands = Outcome.ACCEPTED if decision == Decision.SECOND_STANDS.value else Outcome.OVERRULED
        due = {stands.value, Outcome.TAKEN_BACK.value} if decision else {Outcome.CONFLICT.value}
        if outcome not in due or (outcome == Outcome.CONFLICT.value and coupon not in accepted):
            yield f"redemption {redemption} does not stand as its conflict was decided"


def answers(session: Session) -> Iterator[str]:
    """A desk that was told its coupon counts was not told of a conflict, and the other way about.

    Only a redemption of which a desk heard at once that it counts is ever the first of its coupon.
    """
    for redemption in session.scalars(
        select(Redemption.id).where(
            _outcome == Outcome.CONFLICT.value, _answer != Answer.CONFLICT.value
        )
    ):
        yield f"redemption {redemption} waits in conflict, but its desk was told that it counts"
    first = aliased(Redemption)
    told = type_coerce(first.answer, String) == Answer.ACCEPTED.value
    alone = ~select(first.id).where(first.coupon_id == Redemption.coupon_id, told).exists()
    for redemption in session.scalars(
        select(Redemption.id).where(_answer == Answer.CONFLICT.value, alone)
    ):
        yield f"redemption {redemption} was told of a conflict, but with no other redemption"


def mistaken(session: Session) -> Iterator[str]:
    """Whoever never was here came by nothing, holds nothing and earned nothing."""
    keyring = keyring_of(session)
    standing = type_coerce(Participant.standing, String)
    for row in session.execute(
        select(
            Participant.id, type_coerce(Participant.came, String), Participant.sealed_origin
        ).where(standing == Standing.MISTAKEN.value)
    ):
        holder = coupons.holder_digest(keyring, row.id)
        owns = [
            row[1] != Came.WALK_IN.value or row.sealed_origin is not None,
            session.scalar(select(CouponBundle.id).where(CouponBundle.holder_digest == holder)),
            owed_to(session, row.id),
            held_for(session, row.id),
            was_given_money(session, row.id),
            rewards_for(session, row.id) is not RewardState.NONE,
        ]
        if any(owns):
            yield f"participant {row.id} never was here, but has something"


def alike(session: Session) -> Iterator[str]:
    """While nobody has decided who someone is, she has no coupons and nothing is owed for her."""
    keyring = keyring_of(session)
    for person in session.scalars(
        select(PossibleDuplicate.participant_id)
        .outerjoin(
            DuplicateDecision, DuplicateDecision.participant_id == PossibleDuplicate.participant_id
        )
        .where(
            DuplicateDecision.participant_id.is_(None) | (_same == SamePerson.SAME.value),
        )
    ):
        holder = coupons.holder_digest(keyring, person)
        if (
            session.scalar(select(CouponBundle.id).where(CouponBundle.holder_digest == holder))
            or owed_to(session, person)
            or rewards_for(session, person) in (RewardState.OWED, RewardState.PAID)
        ):
            yield f"participant {person} may be someone else, but has coupons or earned something"


_outcome = type_coerce(Redemption.outcome, String)
_answer = type_coerce(Redemption.answer, String)
_decision = type_coerce(ConflictDecision.decision, String)
_same = type_coerce(DuplicateDecision.decision, String)
