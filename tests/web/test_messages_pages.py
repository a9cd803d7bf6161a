"""What goes out to telephones, on its pages: how channels are, what waits, what failed and what can be done about it."""

import re
from datetime import timedelta

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.limits.actions import count_miss
from app.domain.messages.queries import message
from app.domain.messages.rules import MessageState, Reason
from app.domain.staff.rules import Role
from tests.factories import NOON, Place, a_place
from tests.web.message_scene import MASKED, NUMBER, TODAY, a_channel, a_day, a_message
from tests.web.readers import Reader, reader


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def manager(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.manager)


@pytest.fixture
def administrator(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.staff[Role.ADMINISTRATOR])


def state_of(database: Database, place: Place, message_id: object) -> MessageState:
    with database.snapshot() as session:
        return message(session, place.programme.id, message_id).state  # type: ignore[arg-type]


def text(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_a_programme_without_channels_is_told_what_to_do(
    manager: Reader, administrator: Reader
) -> None:
    assert "No channel is set up yet." in manager.get("/messages").text
    assert "An administrator can set one up." in manager.get("/messages").text
    assert 'href="/messages/channels/new"' in administrator.get("/messages").text


def test_a_channel_is_described_in_words_with_what_is_left_of_its_money(
    database: Database, place: Place, manager: Reader
) -> None:
    with database.transaction() as session:
        works, _ = a_channel(session, place, name="Works", daily_budget_minor=10_000)
        poor, _ = a_channel(session, place, name="Poor", daily_budget_minor=500)
        fails, _ = a_channel(session, place, name="Fails")
        a_day(session, place, works.id, accepted=8, delivered=7, failed=1, spent_minor=2_500)
        a_day(session, place, poor.id, accepted=1, spent_minor=500)
        a_day(session, place, fails.id, accepted=2, refused=3)
        a_channel(session, place, name="New")
    page = manager.get("/messages").text
    cards = re.findall(r"<li>(.*?)</li>", page.split('id="channels"')[1], re.DOTALL)
    said = {text(card).split()[0]: text(card) for card in cards}
    assert "Works" in said["Works"]
    assert "UAH 75.00 of UAH 100.00 left" in said["Works"].replace("\xa0", " ")
    assert "1 failed or refused today" in said["Works"]
    assert "The money for today is used up" in said["Poor"]
    assert "Most messages fail" in said["Fails"]
    assert "Not used yet" in said["New"]


@pytest.mark.parametrize(
    ("misses", "says"),
    [
        (59, None),
        (60, "Too many wrong digits came through one channel"),
        (100, "Too many wrong digits came from telephones"),
    ],
)
def test_it_is_said_when_cards_cannot_be_checked_by_telephone(
    database: Database, place: Place, manager: Reader, misses: int, says: str | None
) -> None:
    with database.transaction() as session:
        channel, _ = a_channel(session, place)
        for number in range(misses):
            count_miss(
                session,
                place.programme.id,
                channel_id=channel.id,
                caller=bytes([number]) * 32,
                now=NOON,
            )

    page = text(manager.get("/messages").text)

    assert ("Cards cannot be checked by telephone until" in page) is bool(says)
    assert says is None or says in page


def test_what_failed_is_told_in_words_without_its_number(
    database: Database, place: Place, manager: Reader
) -> None:
    with database.transaction() as session:
        channel, _ = a_channel(session, place)
        a_message(session, place, MessageState.FAILED, reason="UserAbsent", channel_id=channel.id)
        a_message(
            session, place, MessageState.UNCERTAIN, reason=Reason.NO_ANSWER, channel_id=channel.id
        )
    page = manager.get("/messages").text
    assert "The provider said: UserAbsent" in page
    assert "it may have arrived or not" in page
    assert page.count(MASKED) == 2
    assert NUMBER[1:] not in page


def test_a_message_is_sent_again_once_however_often_it_is_asked_for(
    database: Database, place: Place, manager: Reader
) -> None:
    with database.transaction() as session:
        channel, _ = a_channel(session, place)
        failed = a_message(session, place, MessageState.DEAD, channel_id=channel.id)
    for _ in range(2):
        answer = manager.send(f"/messages/{failed}/again")
        assert (answer.status_code, answer.headers["location"]) == (303, "/messages")
    assert state_of(database, place, failed) is MessageState.WAITING
    assert "waits to be sent again" in manager.get("/messages").text


def test_what_is_sent_again_can_be_called_off_and_that_can_be_taken_back(
    database: Database, place: Place, manager: Reader
) -> None:
    with database.transaction() as session:
        failed = a_message(session, place, MessageState.FAILED)
    manager.send(f"/messages/{failed}/again")
    for _ in range(2):
        assert manager.send(f"/messages/{failed}/cancel").status_code == 303
    assert state_of(database, place, failed) is MessageState.DROPPED
    assert "Send it after all" in manager.get("/messages").text
    manager.send(f"/messages/{failed}/again")
    assert state_of(database, place, failed) is MessageState.WAITING


def test_a_message_that_arrived_or_whose_time_is_over_is_not_sent_again(
    database: Database, place: Place, manager: Reader
) -> None:
    with database.transaction() as session:
        arrived = a_message(session, place, MessageState.DELIVERED)
        late = a_message(session, place, MessageState.FAILED, lasts=-timedelta(hours=1))
    for each in (arrived, late):
        answer = manager.send(f"/messages/{each}/again")
        assert answer.status_code == 409
        assert "cannot be sent again" in answer.text
    page = manager.get("/messages").text
    assert "Its time is over" in page
    assert f"/messages/{late}/again" not in page


def test_a_message_that_is_leaving_cannot_be_called_off(
    database: Database, place: Place, manager: Reader
) -> None:
    with database.transaction() as session:
        sent = a_message(session, place, MessageState.SENT)
    answer = manager.send(f"/messages/{sent}/cancel")
    assert answer.status_code == 409
    assert "too late to call this message off" in answer.text


def test_another_programme_s_messages_are_neither_shown_nor_touched(
    database: Database, keyring: Keyring, manager: Reader
) -> None:
    with database.transaction() as session:
        other = a_place(session)
        theirs = a_message(session, other, MessageState.FAILED)
        a_channel(session, other, name="Theirs")
    assert manager.send(f"/messages/{theirs}/again").status_code == 404
    assert manager.send(f"/messages/{theirs}/cancel").status_code == 404
    page = manager.get("/messages").text
    assert "Theirs" not in page
    assert str(theirs) not in page


def test_someone_who_may_only_look_is_offered_no_button(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        failed = a_message(session, place, MessageState.FAILED)
        waiting = a_message(session, place)
    someone = reader(database, keyring, place.intake)
    assert someone.get("/messages").status_code == 403
    for each, act in ((failed, "again"), (waiting, "cancel")):
        assert someone.send(f"/messages/{each}/{act}").status_code == 403


def test_why_a_message_waits_is_said_beside_it(
    database: Database, place: Place, manager: Reader
) -> None:
    with database.transaction() as session:
        a_message(session, place, reason=Reason.QUIET_HOURS)
    assert "It goes out when the quiet hours end." in manager.get("/messages").text


def test_the_last_two_weeks_are_drawn_and_told_in_a_table(
    database: Database, place: Place, manager: Reader
) -> None:
    assert 'id="days"' not in manager.get("/messages").text
    with database.transaction() as session:
        one, _ = a_channel(session, place)
        other, _ = a_channel(session, place)
        yesterday = TODAY - timedelta(days=1)
        a_day(session, place, one.id, yesterday, accepted=41, delivered=30, failed=2)
        a_day(session, place, other.id, yesterday, accepted=4, delivered=3)
        a_day(session, place, one.id, TODAY - timedelta(days=14), accepted=777)
    page = manager.get("/messages").text
    row = re.search(r"Mar 1, 2026</th>(.*?)</tr>", page)
    assert row
    assert re.findall(r">(\d+)<", row[1]) == ["45", "33", "2", "0", "0"]
    assert re.search(r">777<", page) is None
    assert page.count('<tr><th scope="row" class="nowrap">') == 14


@pytest.mark.parametrize("language", ["en", "uk"])
def test_every_state_and_reason_has_words(
    database: Database, place: Place, manager: Reader, language: str
) -> None:
    manager.browser.cookies.set("pdi_language", language)
    with database.transaction() as session:
        for reason in Reason:
            a_message(session, place, reason=reason)
            a_message(session, place, MessageState.FAILED, reason=reason)
        a_message(session, place, MessageState.FAILED)
    assert manager.get("/messages").status_code == 200
