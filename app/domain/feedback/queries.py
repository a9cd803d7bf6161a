from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.feedback.errors import UnknownFeedback
from app.domain.feedback.models import Feedback
from app.domain.feedback.rules import FeedbackState, read_receipt

_Row = TypeVar("_Row")

TABLE, TEXT, ANSWER = "feedback", "sealed_text", "sealed_answer"


@dataclass(frozen=True)
class FeedbackFacts:
    """What was said and what became of it. ``version`` tells one answer from the next; words are in no ``repr``."""

    id: UUID
    text: str = field(repr=False)
    language: str
    said_on: date
    state: FeedbackState
    is_urgent: bool
    answer: str = field(repr=False)
    handled_on: date | None
    handled_by: UUID | None
    first_read_on: date | None
    version: str


@dataclass(frozen=True)
class Answer:
    """What a receipt finds. ``text`` is None while nobody has answered, and where there was nothing to answer."""

    text: str | None = field(repr=False)
    language: str
    is_closed: bool = False


def feedback(session: Session, programme_id: UUID, feedback_id: UUID) -> FeedbackFacts:
    """Raises: UnknownFeedback, also for another programme's."""
    row = session.get(Feedback, feedback_id, populate_existing=True)
    if row is None or row.programme_id != programme_id:
        raise UnknownFeedback
    return facts(session, row)


def said(
    session: Session,
    programme_id: UUID,
    state: FeedbackState,
    *,
    on: date | None = None,
    most: int = 25,
    skip: int = 0,
) -> list[FeedbackFacts]:
    """What was said, of one state: urgent words first, then those that have waited longest, or were handled last.

    ``on`` leaves only what was said on that day.
    """
    found = _of_state(select(Feedback), programme_id, state, on)
    if state is FeedbackState.WAITING:
        found = found.order_by(Feedback.is_urgent.desc(), Feedback.said_on, Feedback.id)
    else:
        found = found.order_by(Feedback.is_urgent.desc(), Feedback.handled_on.desc(), Feedback.id)
    return [facts(session, row) for row in session.scalars(found.offset(skip).limit(most))]


def count(
    session: Session, programme_id: UUID, state: FeedbackState, *, on: date | None = None
) -> int:
    counted = _of_state(select(func.count()).select_from(Feedback), programme_id, state, on)
    return session.scalar(counted) or 0


def answer_to(session: Session, programme_id: UUID, receipt: str) -> Answer | None:
    """What is answered to whoever holds a receipt; None for a number that finds nothing. ``actions.read_answer`` counts it."""
    row = row_of(session, programme_id, receipt)
    return answer_in(session, row) if row else None


def waiting_since_before(session: Session, programme_id: UUID, today: date) -> int:
    """How much of what was said on earlier days waits to be answered."""
    counted = select(func.count()).where(
        Feedback.programme_id == programme_id,
        Feedback.state == FeedbackState.WAITING,
        Feedback.said_on < today,
    )
    return session.scalar(counted) or 0


def receipt_digest(session: Session, programme_id: UUID, digits: str) -> bytes:
    return keyring_of(session).digest("feedback-receipt", programme_id.hex, digits)


def row_of(session: Session, programme_id: UUID, receipt: str) -> Feedback | None:
    digits = read_receipt(receipt)
    if digits is None:
        return None
    return session.scalar(
        select(Feedback)
        .where(Feedback.receipt_digest == receipt_digest(session, programme_id, digits))
        .execution_options(populate_existing=True)
    )


def answer_in(session: Session, row: Feedback) -> Answer:
    return Answer(
        _open(session, row, ANSWER, row.sealed_answer) or None,
        row.language,
        row.state is FeedbackState.CLOSED,
    )


def facts(session: Session, row: Feedback) -> FeedbackFacts:
    return FeedbackFacts(
        row.id,
        _open(session, row, TEXT, row.sealed_text),
        row.language,
        row.said_on,
        row.state,
        row.is_urgent,
        _open(session, row, ANSWER, row.sealed_answer),
        row.handled_on,
        row.handled_by,
        row.first_read_on,
        version_of(row),
    )


def version_of(row: Feedback) -> str:
    """Each sealing of an answer differs, so a few of its bytes name it."""
    return (row.sealed_answer or b"")[:12].hex() or row.state.value


def _open(session: Session, row: Feedback, column: str, sealed: bytes | None) -> str:
    if sealed is None:
        return ""
    return keyring_of(session).open(sealed, table=TABLE, column=column, row=row.id).decode()


def _of_state(
    found: Select[_Row], programme_id: UUID, state: FeedbackState, on: date | None
) -> Select[_Row]:
    found = found.where(Feedback.programme_id == programme_id, Feedback.state == state)
    return found if on is None else found.where(Feedback.said_on == on)
