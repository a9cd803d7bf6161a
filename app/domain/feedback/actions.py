from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.db import apart, put
from app.core.ids import random_id
from app.core.outbox import emit
from app.domain.feedback import queries, rules
from app.domain.feedback.errors import (
    AnswerChanged,
    AnswerWasRead,
    BadAnswer,
    NothingSaid,
    TooMuchWaits,
    UnknownFeedback,
)
from app.domain.feedback.events import FeedbackWaits
from app.domain.feedback.models import Feedback, FeedbackNotice
from app.domain.feedback.queries import Answer, FeedbackFacts
from app.domain.feedback.rules import FeedbackState
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission


def say(session: Session, programme_id: UUID, text: str, *, language: str, on: date) -> str:
    """Keep what someone says without a name, and give the ten digits by which she alone finds the answer.

    What is longer than ``rules.LONGEST_TEXT`` is cut, and its end shows it. Nothing is told to anyone now: an event has a
    time, and a time would join these words to whoever was calling.

    Raises:
        NothingSaid.
        TooMuchWaits: nobody would read it for long.
    """
    words = rules.kept_text(text)
    if not words:
        raise NothingSaid
    if queries.count(session, programme_id, FeedbackState.WAITING) >= rules.MOST_WAITING:
        raise TooMuchWaits
    row_id, receipt = random_id(), _free_receipt(session, programme_id)
    put(
        session,
        Feedback,
        {
            "id": row_id,
            "programme_id": programme_id,
            "receipt_digest": queries.receipt_digest(session, programme_id, receipt),
            "sealed_text": _seal(session, row_id, queries.TEXT, words),
            "language": language,
            "said_on": on,
            "state": FeedbackState.WAITING,
            "is_urgent": False,
        },
    )
    return receipt


def read_answer(session: Session, programme_id: UUID, receipt: str, *, on: date) -> Answer | None:
    """What is answered to whoever holds a receipt; None for a number that finds nothing.

    From then on the answer stands as it was read.
    """
    row = queries.row_of(session, programme_id, receipt)
    if row is None:
        return None
    if row.state is FeedbackState.ANSWERED and row.first_read_on is None:
        row.first_read_on = on
        session.flush()
    return queries.answer_in(session, row)


def answer(
    session: Session, feedback_id: UUID, text: str, *, seen: str, by: Actor, now: datetime
) -> FeedbackFacts:
    """Answer, or answer otherwise as long as nobody has read it. ``seen`` is the version that was looked at.

    The same answer again changes nothing.

    Raises:
        UnknownFeedback, BadAnswer, NotAllowed, AnswerWasRead.
        AnswerChanged: someone else has answered meanwhile.
    """
    by.require(Permission.ANSWER_FEEDBACK)
    words = text.strip()
    if not words or len(words) > rules.LONGEST_ANSWER:
        raise BadAnswer(most=rules.LONGEST_ANSWER)
    row = _lock(session, feedback_id, by)
    stands = queries.facts(session, row)
    if stands.answer == words:
        return stands
    _check_open(row, seen)
    sealed = _seal(session, row.id, queries.ANSWER, words)
    _handle(session, row, FeedbackState.ANSWERED, sealed, by, now)
    record_act(session, "feedback.answered", row.id, by, now, again=bool(stands.answer))
    return queries.facts(session, row)


def close(session: Session, feedback_id: UUID, *, seen: str, by: Actor, now: datetime) -> None:
    """Say that there is nothing to answer. Closing what is closed changes nothing.

    Raises: UnknownFeedback, NotAllowed, AnswerWasRead, AnswerChanged.
    """
    by.require(Permission.ANSWER_FEEDBACK)
    row = _lock(session, feedback_id, by)
    if row.state is FeedbackState.CLOSED:
        return
    _check_open(row, seen)
    _handle(session, row, FeedbackState.CLOSED, None, by, now)
    record_act(session, "feedback.closed", row.id, by, now)


def reopen(session: Session, feedback_id: UUID, *, by: Actor, now: datetime) -> None:
    """Have what was closed wait for an answer again. What waits or is answered stays as it is.

    Raises: UnknownFeedback, NotAllowed.
    """
    by.require(Permission.ANSWER_FEEDBACK)
    row = _lock(session, feedback_id, by)
    if row.state is not FeedbackState.CLOSED:
        return
    row.state, row.handled_on, row.handled_by = FeedbackState.WAITING, None, None
    session.flush()
    record_act(session, "feedback.reopened", row.id, by, now)


def mark_urgent(
    session: Session, feedback_id: UUID, is_urgent: bool, *, by: Actor, now: datetime
) -> None:
    """Put something before all that is less serious, or back among it.

    Raises: UnknownFeedback, NotAllowed.
    """
    by.require(Permission.ANSWER_FEEDBACK)
    row = _lock(session, feedback_id, by)
    if row.is_urgent is is_urgent:
        return
    row.is_urgent = is_urgent
    session.flush()
    act = "feedback.marked_urgent" if is_urgent else "feedback.no_longer_urgent"
    record_act(session, act, row.id, by, now)


def tell_of_waiting(session: Session, *, now: datetime) -> int:
    """Tell each programme, once a day, that something said on an earlier day waits; returns how many were told."""
    told = 0
    for programme in programmes.programmes(session):
        today = local_date(now, programmes.clock_of(session, programme.id, None))
        waiting = queries.waiting_since_before(session, programme.id, today)
        if waiting and _note_told(session, programme.id, today):
            event = FeedbackWaits(today.isoformat(), waiting)
            emit(session, event, programme_id=programme.id, at=now)
            told += 1
    return told


def forget_old(session: Session, *, now: datetime) -> int:
    """Forget what was answered or closed long ago; returns how much."""
    forgotten = 0
    for programme in programmes.programmes(session):
        today = local_date(now, programmes.clock_of(session, programme.id, None))
        old = delete(Feedback).where(
            Feedback.programme_id == programme.id,
            Feedback.handled_on <= rules.last_day_to_forget(today),
        )
        forgotten += len(session.scalars(old.returning(Feedback.id)).all())
    return forgotten


def _free_receipt(session: Session, programme_id: UUID) -> str:
    while True:
        receipt = rules.new_receipt()
        if queries.row_of(session, programme_id, receipt) is None:
            return receipt


def _seal(session: Session, row_id: UUID, column: str, words: str) -> bytes:
    return keyring_of(session).seal(words.encode(), table=queries.TABLE, column=column, row=row_id)


def _lock(session: Session, feedback_id: UUID, by: Actor) -> Feedback:
    row = session.scalar(
        select(Feedback)
        .where(Feedback.id == feedback_id, Feedback.programme_id == by.programme_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownFeedback
    return row


def _check_open(row: Feedback, seen: str) -> None:
    if row.first_read_on is not None:
        raise AnswerWasRead
    if queries.version_of(row) != seen:
        raise AnswerChanged


def _handle(
    session: Session,
    row: Feedback,
    state: FeedbackState,
    sealed: bytes | None,
    by: Actor,
    now: datetime,
) -> None:
    on = local_date(now, programmes.clock_of(session, by.programme_id, None))
    row.state, row.sealed_answer = state, sealed
    row.handled_on, row.handled_by = on, by.staff_id
    session.flush()


def _note_told(session: Session, programme_id: UUID, today: date) -> bool:
    known = session.get(FeedbackNotice, (programme_id, today))
    if known is not None:
        return False
    try:
        with apart(session) as alone:
            put(alone, FeedbackNotice, {"programme_id": programme_id, "told_on": today})
    except IntegrityError:  # another worker was quicker
        return False
    session.execute(
        delete(FeedbackNotice).where(
            FeedbackNotice.programme_id == programme_id, FeedbackNotice.told_on < today
        )
    )
    return True
