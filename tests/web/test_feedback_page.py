"""Answering what people said without a name: kind words, as they read on a small screen, and nobody overwritten."""

import re
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.feedback import actions, queries
from app.domain.feedback.queries import FeedbackFacts
from app.domain.feedback.rules import FeedbackState
from app.domain.staff.queries import Actor
from app.web.pages.feedback import PAGE
from tests.factories import NOON, Place, a_place
from tests.web.readers import Reader, errors, reader

TODAY = NOON.date()
WORDS, THANKS = "The door was locked on Saturday.", "Thank you. We open at ten now."


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


def said(database: Database, place: Place, text: str = WORDS, *, on: date = TODAY) -> str:
    with database.transaction() as session:
        return actions.say(session, place.programme.id, text, language="uk", on=on)


def found(database: Database, place: Place, text: str = WORDS) -> FeedbackFacts:
    with database.snapshot() as session:
        for state in FeedbackState:
            for each in queries.said(session, place.programme.id, state, most=100):
                if each.text == text:
                    return each
    raise LookupError(text)


def answer(someone: Reader, one: FeedbackFacts, text: str = THANKS) -> int:
    fields = {"text": text, "seen": one.version}
    return someone.send(f"/messages/feedback/{one.id}/answer", fields).status_code


@pytest.fixture
def manager(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.manager)


def test_nothing_to_answer_is_said_kindly(manager: Reader) -> None:
    assert "Nothing waits for an answer." in manager.get("/messages/feedback").text
    closed = manager.get("/messages/feedback?state=closed&on=2026-03-01").text
    assert "Nothing of this kind was said on" in closed


def test_an_answer_goes_to_whoever_has_the_number(
    database: Database, place: Place, manager: Reader
) -> None:
    receipt = said(database, place)
    assert WORDS in manager.get("/messages/feedback").text

    assert answer(manager, found(database, place)) == 303

    assert WORDS not in manager.get("/messages/feedback").text
    assert THANKS in manager.get("/messages/feedback?state=answered").text
    with database.transaction() as session:
        told = actions.read_answer(session, place.programme.id, receipt, on=TODAY)
    assert told
    assert told.text == THANKS
    one = manager.get(f"/messages/feedback/{found(database, place).id}").text
    assert "it stands as it was read" in one
    assert f'action="/messages/feedback/{found(database, place).id}/answer"' not in one


def test_no_page_shows_a_receipt(database: Database, place: Place, manager: Reader) -> None:
    receipt = said(database, place)
    answer(manager, found(database, place))
    for path in ("?state=answered", f"/{found(database, place).id}"):
        digits = re.sub(
            r"\D", "", re.sub(r"<[^>]+>", "", manager.get(f"/messages/feedback{path}").text)
        )
        assert receipt not in digits


def test_an_answer_that_tells_something_is_refused_and_not_lost(
    database: Database, place: Place, manager: Reader
) -> None:
    said(database, place)
    one = found(database, place)
    for text, part in (("Come for your HIV test", "hiv"), ("x" * 481, "480"), ("", "480")):
        fields = {"text": text, "seen": one.version}
        refused = manager.send(f"/messages/feedback/{one.id}/answer", fields)
        assert refused.status_code == 422
        assert part in errors(refused.text)["text"]
        assert text in refused.text
    assert found(database, place).state is FeedbackState.WAITING


def test_a_draft_is_shown_as_a_telephone_shows_it_and_kept_nowhere(
    database: Database, place: Place, manager: Reader
) -> None:
    said(database, place)
    one = found(database, place)
    shown = manager.send(f"/messages/feedback/{one.id}/look", {"text": "Дякуємо. " * 20}).text

    assert "menu: 3 pages" in shown
    assert "message: 3 parts" in shown
    assert "Diakuiemo." in shown
    assert found(database, place).state is FeedbackState.WAITING


def test_whoever_answers_second_is_told_and_keeps_her_words(
    database: Database, keyring: Keyring, place: Place, manager: Reader
) -> None:
    said(database, place)
    one = found(database, place)
    lead = reader(database, keyring, place.lead)
    assert answer(manager, one) == 303
    assert answer(manager, one) == 303  # pressed twice

    fields = {"text": "Something else", "seen": one.version}
    refused = lead.send(f"/messages/feedback/{one.id}/answer", fields)
    assert refused.status_code == 409
    assert "Someone else dealt with it" in refused.text
    assert "Something else" in refused.text
    assert found(database, place).answer == THANKS


def test_urgent_words_come_first_and_days_can_be_looked_at_one_by_one(
    database: Database, place: Place, manager: Reader
) -> None:
    said(database, place, "first", on=TODAY - timedelta(days=2))
    said(database, place, "serious")
    serious = found(database, place, "serious").id
    assert (
        manager.send(f"/messages/feedback/{serious}/urgent", {"urgent": "yes"}).status_code == 303
    )

    page = manager.get("/messages/feedback").text
    assert page.index("serious") < page.index("first")
    day = manager.get(f"/messages/feedback?on={TODAY - timedelta(days=2)}").text
    assert "serious" not in day
    assert "first" in day


def test_what_needs_no_answer_is_set_aside_and_taken_up_again(
    database: Database, place: Place, manager: Reader
) -> None:
    said(database, place)
    one = found(database, place)
    fields = {"seen": one.version}
    assert manager.send(f"/messages/feedback/{one.id}/close", fields).status_code == 303
    assert WORDS in manager.get("/messages/feedback?state=closed").text
    assert manager.send(f"/messages/feedback/{one.id}/reopen").status_code == 303
    assert WORDS in manager.get("/messages/feedback").text


def test_a_long_list_has_pages_and_none_is_too_far(
    database: Database, place: Place, manager: Reader
) -> None:
    for number in range(PAGE + 1):
        said(database, place, f"Word {number:03}")

    first = manager.get("/messages/feedback").text
    second = manager.get("/messages/feedback?page=2").text
    assert (first.count("<blockquote"), second.count("<blockquote")) == (PAGE, 1)
    for page in (10**30, -1):
        assert manager.get(f"/messages/feedback?page={page}").status_code == 200


def test_nobody_reads_what_was_said_in_another_programme(
    database: Database, keyring: Keyring, place: Place
) -> None:
    said(database, place)
    one = found(database, place)
    with database.transaction() as session:
        stranger: Actor = a_place(session).manager
    other = reader(database, keyring, stranger)

    assert WORDS not in other.get("/messages/feedback").text
    for feedback_id in (one.id, UUID(int=1), uuid4()):
        assert other.get(f"/messages/feedback/{feedback_id}").status_code == 404
    assert answer(other, one) == 404
