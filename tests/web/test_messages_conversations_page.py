"""Conversations on their page: masked, in words, found by a whole number that no address holds, and noted in the record."""

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.queries import Entry, about
from app.domain.messages.rules import MessageKind, MessageState
from app.domain.messaging.rules import ANONYMOUS
from app.telephone.screens import BY_SMS, TEXTS
from app.web.message_words import SCREENS
from tests.factories import LATER, Place
from tests.telephones import HER, OTHER, Line, a_line
from tests.web.message_scene import MASKED, NUMBER, a_message
from tests.web.readers import Reader, errors, reader

PATH = "/messages/conversations"
MISTYPED = "123456789012"
# Of a screen that has a name already, where its facts ask for other words.
OTHER_WORDS = {
    "announced_hours",
    "card_says_nothing_due",
    "coupon_usable_later",
    "hours_unknown",
    "sms_answer_goes_on",
    "sms_hours_unknown",
}


@pytest.fixture
def line(database: Database, keyring: Keyring) -> Line:
    return a_line(database, keyring)


@pytest.fixture
def manager(database: Database, keyring: Keyring, line: Line) -> Reader:
    return reader(database, keyring, line.place.manager, now=LATER)


def readings(database: Database, place: Place) -> list[Entry]:
    with database.snapshot() as session:
        noted = about(session, place.programme.id, place.programme.id)
    return [each for each in noted if each.action == "conversations.read"]


def test_every_screen_that_may_be_shown_has_a_name() -> None:
    assert set(TEXTS) | set(BY_SMS) == set(SCREENS) | ANONYMOUS | OTHER_WORDS


def test_without_a_telephone_the_page_says_for_how_long_it_remembers(manager: Reader) -> None:
    page = manager.get(PATH).text
    assert "No telephone has asked anything yet." in page
    assert "remembered for 35 days" in page


def test_what_a_telephone_asked_is_told_by_masked_number_and_in_words(
    line: Line, manager: Reader
) -> None:
    line.text("HOURS")
    line.walk("1")
    page = manager.get(PATH).text
    assert "The beginning of the menu" in page
    assert "Asked for the digits of a card" in page
    assert f"•••• {HER[-4:]}" in page
    assert HER[1:] not in page


def test_digits_pins_and_words_are_never_shown(line: Line, manager: Reader) -> None:
    line.text(MISTYPED)
    line.text("SAY the tea was cold")
    line.walk("1", MISTYPED)
    page = manager.get(PATH).text
    assert MISTYPED not in page
    assert "tea" not in page


def test_that_something_was_said_without_a_name_is_not_shown(line: Line, manager: Reader) -> None:
    line.text("SAY the tea was cold")
    assert "No telephone has asked anything yet." in manager.get(PATH).text


def test_one_number_is_found_however_it_is_typed_and_is_in_no_address(
    line: Line, manager: Reader
) -> None:
    line.text("HOURS", sender=HER)
    line.text("HOURS", sender=OTHER)
    answer = manager.send(PATH, {"number": "050 111 22 33"})
    assert answer.status_code == 200
    assert str(answer.url).endswith(PATH)
    assert answer.text.count(f"•••• {HER[-4:]}") == 2  # the heading, and the one line
    assert HER[1:] not in answer.text
    assert "Only" not in answer.text
    assert "050 111" not in answer.text


def test_a_number_of_which_nothing_is_known_finds_nothing(line: Line, manager: Reader) -> None:
    line.text("HOURS")
    page = manager.send(PATH, {"number": "050 999 88 77"}).text
    assert "Nothing is remembered of this number." in page


def test_a_number_that_nobody_can_have_is_refused_at_its_field(manager: Reader) -> None:
    answer = manager.send(PATH, {"number": "12"})
    assert answer.status_code == 422
    assert list(errors(answer.text)) == ["number"]


def test_what_went_out_stands_beside_what_came_in_but_no_answer_does(
    line: Line, database: Database, manager: Reader
) -> None:
    with database.transaction() as session:
        for kind in (MessageKind.APPOINTMENT, MessageKind.REPLY):
            a_message(
                session,
                line.place,
                MessageState.FAILED,
                kind=kind,
                channel_id=line.channel.id,
                now=LATER,
            )
    page = manager.get(PATH).text
    assert "we wrote" in page
    assert "Reminder of an agreed visit" in page
    assert page.count(MASKED) == 1
    found = manager.send(PATH, {"number": NUMBER}).text
    assert "Reminder of an agreed visit" in found
    assert "Reminder of an agreed visit" not in manager.send(PATH, {"number": OTHER}).text


def test_each_reading_is_noted_without_the_number(
    line: Line, database: Database, manager: Reader
) -> None:
    assert readings(database, line.place) == []
    manager.get(PATH)
    manager.send(PATH, {"number": HER})
    noted = readings(database, line.place)
    assert [each.facts for each in noted] == [{"of": "all"}, {"of": "one_number"}]
    assert {each.staff_id for each in noted} == {line.place.manager.staff_id}


def test_another_programme_s_conversations_are_not_shown(
    database: Database, keyring: Keyring, line: Line
) -> None:
    other = a_line(database, keyring)
    other.text("HOURS")
    someone = reader(database, keyring, line.place.manager, now=LATER)
    assert "No telephone has asked anything yet." in someone.get(PATH).text
    assert "Nothing is remembered" in someone.send(PATH, {"number": HER}).text
