"""Words without a name: a receipt finds their answer, and nothing finds who said them."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.codes import check_digit
from app.core.outbox import OutboxRow, body_of
from app.domain.feedback import actions, queries, rules
from app.domain.feedback.errors import (
    AnswerChanged,
    AnswerWasRead,
    BadAnswer,
    NothingSaid,
    TooMuchWaits,
    UnknownFeedback,
)
from app.domain.feedback.models import Feedback
from app.domain.feedback.queries import FeedbackFacts
from app.domain.feedback.rules import KEPT_DAYS, LONGEST_ANSWER, LONGEST_TEXT, FeedbackState
from app.domain.staff.errors import NotAllowed
from app.domain.tables import METADATA
from tests.factories import NOON, Place, a_place

TODAY = NOON.date()
WORDS = "The door was locked on Saturday."
THANKS = "Thank you. We open at ten now."


def say(session: Session, place: Place, text: str = WORDS, *, on: date = TODAY) -> str:
    return actions.say(session, place.programme.id, text, language="en", on=on)


def the_feedback(session: Session, place: Place) -> FeedbackFacts:
    (row,) = session.scalars(
        select(Feedback).where(Feedback.programme_id == place.programme.id)
    ).all()
    return queries.feedback(session, place.programme.id, row.id)


def answer(session: Session, place: Place, text: str = THANKS, **given: Any) -> FeedbackFacts:
    found = the_feedback(session, place)
    defaults: dict[str, Any] = {"seen": found.version, "by": place.manager, "now": NOON}
    return actions.answer(session, found.id, text, **(defaults | given))


def read(session: Session, place: Place, receipt: str) -> str | None:
    found = actions.read_answer(session, place.programme.id, receipt, on=TODAY)
    return found.text if found else None


def test_a_receipt_is_ten_digits_that_tell_a_slip_of_the_finger(session: Session) -> None:
    receipt = say(session, a_place(session))

    assert len(receipt) == 10
    assert check_digit(receipt) == "0"
    assert rules.read_receipt(f"{receipt[:3]} {receipt[3:6]}-{receipt[6:]}") == receipt
    wrong = receipt[:-1] + str((int(receipt[-1]) + 1) % 10)
    assert rules.read_receipt(wrong) is None


def test_whoever_has_the_receipt_reads_the_answer_and_nobody_else(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    receipt = say(session, place)

    assert read(session, place, receipt) is None
    answer(session, place)

    assert read(session, place, receipt) == THANKS
    assert actions.read_answer(session, other.programme.id, receipt, on=TODAY) is None
    assert actions.read_answer(session, place.programme.id, "0000005724", on=TODAY) is None


def test_nothing_of_what_was_said_or_answered_stands_in_clear(session: Session) -> None:
    place = a_place(session)
    receipt = say(session, place)
    answer(session, place)

    for name, table in METADATA.tables.items():
        for row in session.execute(select(table)):
            shown = repr(tuple(row))
            assert not any(part in shown for part in ("locked", "at ten", receipt)), name
    assert "locked" not in repr(the_feedback(session, place))


def test_what_is_too_long_is_cut_where_its_end_shows_it(session: Session) -> None:
    place = a_place(session)
    say(session, place, "я" * 2000)

    kept = the_feedback(session, place).text
    assert len(kept) == LONGEST_TEXT
    assert kept.endswith("я…")


def test_nothing_said_is_not_kept(session: Session) -> None:
    place = a_place(session)
    with pytest.raises(NothingSaid):
        say(session, place, " \n ")


def test_a_flood_ends_where_nobody_would_read_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_WAITING", 2)
    place, other = a_place(session), a_place(session)
    say(session, place)
    say(session, place)

    with pytest.raises(TooMuchWaits):
        say(session, place)
    say(session, other)


def test_an_answer_can_be_changed_until_it_was_read(session: Session) -> None:
    place = a_place(session)
    receipt = say(session, place)
    answer(session, place, "First words")
    changed = answer(session, place)
    assert (changed.answer, changed.first_read_on) == (THANKS, None)

    assert read(session, place, receipt) == THANKS
    assert the_feedback(session, place).first_read_on == TODAY
    with pytest.raises(AnswerWasRead):
        answer(session, place, "Other words")
    with pytest.raises(AnswerWasRead):
        actions.close(
            session,
            the_feedback(session, place).id,
            seen=the_feedback(session, place).version,
            by=place.manager,
            now=NOON,
        )


def test_looking_at_what_nobody_answered_counts_as_no_reading(session: Session) -> None:
    place = a_place(session)
    receipt = say(session, place)

    assert read(session, place, receipt) is None
    assert the_feedback(session, place).first_read_on is None
    answer(session, place)
    assert queries.answer_to(session, place.programme.id, receipt) is not None
    assert the_feedback(session, place).first_read_on is None


def test_two_who_answer_at_once_do_not_overwrite_each_other(session: Session) -> None:
    place = a_place(session)
    say(session, place)
    seen = the_feedback(session, place).version
    answer(session, place, "The first answer", seen=seen)

    with pytest.raises(AnswerChanged):
        answer(session, place, "The second answer", seen=seen, by=place.lead)
    assert (
        answer(session, place, "The first answer", seen=seen).handled_by == place.manager.staff_id
    )


@pytest.mark.parametrize("text", ["", "  ", "a" * (LONGEST_ANSWER + 1)])
def test_an_answer_says_something_and_fits(session: Session, text: str) -> None:
    place = a_place(session)
    say(session, place)
    with pytest.raises(BadAnswer):
        answer(session, place, text)


def test_only_those_who_may_answer_do_and_only_in_their_programme(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    say(session, place)
    with pytest.raises(NotAllowed):
        answer(session, place, by=place.intake)
    with pytest.raises(UnknownFeedback):
        answer(session, place, by=other.manager)
    with pytest.raises(UnknownFeedback):
        queries.feedback(session, other.programme.id, the_feedback(session, place).id)


def test_what_needs_no_answer_is_set_aside_and_taken_up_again(session: Session) -> None:
    place = a_place(session)
    receipt = say(session, place)
    found = the_feedback(session, place)
    by: dict[str, Any] = {"by": place.lead, "now": NOON}

    actions.close(session, found.id, seen=found.version, **by)
    actions.close(session, found.id, seen=found.version, **by)

    told = queries.answer_to(session, place.programme.id, receipt)
    assert told is not None
    assert (told.text, told.is_closed) == (None, True)
    actions.reopen(session, found.id, **by)
    assert the_feedback(session, place).state is FeedbackState.WAITING
    answer(session, place)
    actions.reopen(session, found.id, **by)
    assert the_feedback(session, place).state is FeedbackState.ANSWERED


def test_urgent_words_stand_first_then_those_that_waited_longest(session: Session) -> None:
    place = a_place(session)
    ids: dict[str, UUID] = {}
    for text, days in (("new", 0), ("old", 5), ("serious", 1)):
        say(session, place, text, on=TODAY - timedelta(days=days))
    waiting = queries.said(session, place.programme.id, FeedbackState.WAITING)
    ids = {each.text: each.id for each in waiting}
    assert [each.text for each in waiting] == ["old", "serious", "new"]

    actions.mark_urgent(session, ids["serious"], True, by=place.manager, now=NOON)

    waiting = queries.said(session, place.programme.id, FeedbackState.WAITING)
    assert [each.text for each in waiting] == ["serious", "old", "new"]
    day = queries.said(
        session, place.programme.id, FeedbackState.WAITING, on=TODAY - timedelta(days=5)
    )
    assert [each.text for each in day] == ["old"]


def test_the_staff_are_told_a_day_later_and_once_a_day(session: Session) -> None:
    place = a_place(session)
    say(session, place)

    assert actions.tell_of_waiting(session, now=NOON) == 0
    tomorrow = NOON + timedelta(days=1)
    assert actions.tell_of_waiting(session, now=tomorrow) == 1
    assert actions.tell_of_waiting(session, now=tomorrow + timedelta(hours=3)) == 0
    answer(session, place)
    assert actions.tell_of_waiting(session, now=NOON + timedelta(days=2)) == 0

    (event,) = session.scalars(select(OutboxRow).where(OutboxRow.kind == "FeedbackWaits")).all()
    assert body_of(session, event) == {"on": tomorrow.date().isoformat(), "waiting": 1}


def test_what_was_done_with_is_forgotten_after_its_days_and_what_waits_is_not(
    session: Session,
) -> None:
    place = a_place(session)
    answered = say(session, place)
    answer(session, place)
    say(session, place, "Nobody answered this.")
    last = NOON + timedelta(days=KEPT_DAYS)

    assert actions.forget_old(session, now=last - timedelta(days=1)) == 0
    assert actions.forget_old(session, now=last) == 1

    assert queries.answer_to(session, place.programme.id, answered) is None
    assert the_feedback(session, place).text == "Nobody answered this."
