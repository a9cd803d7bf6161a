"""What was scored and what was decided."""

from collections.abc import Iterator

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from app.domain.conflicts.models import ConflictDecision
from app.domain.conflicts.rules import Decision
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome
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
    """A conflict has an accepted redemption beside it; a decision for the second has put it in its place."""
    accepted = set(
        session.scalars(select(Redemption.coupon_id).where(_outcome == Outcome.ACCEPTED.value))
    )
    rows = session.execute(
        select(Redemption.id, Redemption.coupon_id, _outcome, _decision)
        .outerjoin(ConflictDecision, ConflictDecision.redemption_id == Redemption.id)
        .where((_outcome == Outcome.CONFLICT.value) | _decision.is_not(None))
    )
    for redemption, coupon, outcome, decision in rows:
        second_stands = decision == Decision.SECOND_STANDS.value
        due = Outcome.ACCEPTED if second_stands else Outcome.CONFLICT
        if outcome != due.value or coupon not in accepted:
            yield f"redemption {redemption} does not stand as its conflict was decided"


_outcome = type_coerce(Redemption.outcome, String)
_decision = type_coerce(ConflictDecision.decision, String)
