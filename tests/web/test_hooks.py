"""Telephones call by a provider: what they are shown, what a repeat does, where a call that was cut off goes on."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.crypto import Keyring, keyring_of
from app.core.db import Database
from app.domain.announcements.queries import expected
from app.domain.feedback.models import Feedback
from app.domain.limits.models import CodeMiss
from app.domain.messages.models import Message
from app.domain.messaging import actions as messaging
from app.domain.messaging.models import ProviderEvent, RawCall, UssdSession
from app.domain.messaging.queries import calls_of, conversation_with, conversations, last_came
from app.domain.opt_outs.queries import has_opted_out
from app.domain.programmes.models import Site
from tests.factories import LATER, a_bundle
from tests.telephones import HER, OTHER, Line, a_line

HOME = "CON Welcome."


@pytest.fixture
def line(database: Database, keyring: Keyring) -> Line:
    return a_line(database, keyring)


def count(database: Database, model: type) -> int:
    with database.snapshot() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def expected_today(database: Database, line: Line) -> int:
    with database.snapshot() as session:
        return expected(session, line.place.site.id, line.clock[0].date())


def open_every_day(database: Database, line: Line) -> None:
    with database.transaction() as session:
        days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        site = session.get_one(Site, line.place.site.id)
        site.opening_hours = dict.fromkeys(days, "9:00-18:00")


def test_a_card_is_good_until_its_last_day(line: Line, database: Database) -> None:
    with database.transaction() as session:
        coupon = a_bundle(session, line.place).coupons[0]

    by_menu, by_text = line.walk("1", coupon.code), line.text(coupon.code)

    until = coupon.state.usable_until
    assert by_menu.startswith("END This card can be used until")
    assert f"{until.day}" in by_menu
    assert by_menu.removeprefix("END ") == by_text


def test_a_repeated_turn_gets_the_screen_that_was_shown_and_does_nothing(
    line: Line, database: Database
) -> None:
    open_every_day(database, line)
    menu = line.dial()
    menu.press("4")
    thanks = menu.press("1")

    assert thanks.startswith("END Thank you.")
    assert [menu.repeat("1") for _ in range(3)] == [thanks] * 3
    assert expected_today(database, line) == 1


def test_a_repeat_of_words_without_a_name_keeps_them_once_and_gives_the_same_number(
    line: Line, database: Database
) -> None:
    menu = line.dial()
    for key in ("5", "1"):
        menu.press(key)
    kept = menu.press("The door was locked")

    assert menu.repeat("The door was locked") == kept
    assert count(database, Feedback) == 1

    first = line.text("SAY it was cold", event="an-event")
    assert line.text("SAY it was cold", event="an-event") == first
    assert re.search(r"\d{3} \d{3} \d{4}", first)
    assert count(database, Feedback) == 2


def test_the_same_key_pressed_again_later_is_another_turn(line: Line) -> None:
    menu = line.dial()
    once = menu.press("5")
    twice = menu.press("5")  # two seconds later: no such option there

    assert once != twice
    assert "choose" in twice


def test_a_provider_that_numbers_turns_may_repeat_one_late(
    database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring, "africastalking")
    menu = line.dial()
    hours = menu.press("2")
    line.later(minutes=1)

    assert menu.repeat() == hours


def test_a_turn_that_comes_after_the_next_changes_nothing(
    database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring, "africastalking")
    menu = line.dial()
    menu.press("5")
    more = menu.press("3")
    late = menu.typed.pop()

    assert menu.repeat() == more
    menu.typed.append(late)
    assert menu.press("0").startswith("CON Please choose")


def test_a_call_that_was_cut_off_goes_on_where_it_was(line: Line) -> None:
    hours = line.walk("2")
    line.later(minutes=9)
    assert line.dial().shown == hours

    line.later(minutes=11)
    assert line.dial().shown.startswith(HOME)


def test_nobody_is_led_back_to_a_private_screen(line: Line) -> None:
    for keys in (("1",), ("3",), ("5", "1"), ("5", "2")):
        private = line.walk(*keys)
        again = line.dial().shown
        assert again != private
        assert again.startswith(("CON Welcome.", "CON Please choose:"))


def test_nobody_goes_on_where_another_number_or_another_line_was(
    line: Line, database: Database, keyring: Keyring
) -> None:
    line.walk("2", sender=HER)
    assert line.dial(sender=OTHER).shown.startswith(HOME)

    other = a_line(database, keyring, place=line.place)
    assert other.dial(sender=HER).shown.startswith(HOME)


def test_a_session_under_the_same_name_but_of_another_number_begins_anew(line: Line) -> None:
    hers = line.dial(sender=HER)
    hers.press("5")
    stranger = line.dial(sender=OTHER)
    stranger.session = hers.session

    assert stranger.press("3").startswith(HOME)


def test_a_lost_session_is_found_again_by_what_was_typed(
    database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring, "africastalking")
    menu = line.dial()
    menu.typed = ["5", "3"]
    menu.press("2")
    with database.transaction() as session:
        session.query(UssdSession).delete()
    menu.typed.pop()

    assert menu.repeat().startswith("CON Language")


def test_what_was_typed_is_never_played_again_into_private_screens_or_into_acts(
    database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring, "africastalking")
    open_every_day(database, line)
    for typed in (
        ["4", "1"],
        ["1", "000000005724"],
        ["3", "000000005726", "4071"],
        ["5", "1", "The door was locked"],
        ["5", "2", "1234567890"],
        ["5", "4", "1"],
    ):
        menu = line.dial(sender=OTHER)
        with database.transaction() as session:
            session.query(UssdSession).delete()
        menu.typed = typed
        assert menu.repeat().startswith(HOME), typed

    assert expected_today(database, line) == 0
    assert count(database, CodeMiss) == count(database, Feedback) == 0


def test_a_recorded_turn_played_again_after_an_hour_has_no_effect(
    line: Line, database: Database
) -> None:
    open_every_day(database, line)
    menu = line.dial()
    for key in ("5", "1", "The door was locked"):
        menu.press(key)
    line.later(hours=1)

    assert menu.repeat("The door was locked").startswith(HOME)
    assert count(database, Feedback) == 1


def test_stop_acts_at_once_and_in_every_language_of_the_line(
    line: Line, database: Database
) -> None:
    for number, word in enumerate(("STOP", "стоп", "Unsubscribe", "end")):
        sender = f"+38050111220{number}"
        line.text(word, sender=sender)
        with database.snapshot() as session:
            assert has_opted_out(session, line.place.programme.id, sender), word


def test_end_is_only_a_word_of_text_messages(line: Line, database: Database) -> None:
    line.walk("end")
    with database.snapshot() as session:
        assert not has_opted_out(session, line.place.programme.id, HER)


@pytest.mark.parametrize("sender", ["+5000", "BANK", "+380500000001"])
def test_short_codes_names_and_ourselves_are_never_answered(
    sender: str, database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring, sender="+380500000001")

    assert line.text("HELP", sender=sender) == ""


def test_two_machines_do_not_answer_each_other_for_ever(line: Line) -> None:
    answered = [bool(line.text("HELP")) for _ in range(25)]

    assert answered == [True] * 20 + [False] * 5
    line.later(hours=1)
    assert line.text("HELP")
    assert line.text("HELP", sender=OTHER)


def test_a_line_that_does_not_answer_inline_queues_one_message(
    database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring, "africastalking")
    form = {"from": HER, "to": "5000", "text": "HELP", "id": "m-1", "date": "2026-03-04 12:00:00"}

    for _ in range(2):
        reply = line.http.post(line.path("inbound"), data=form)
        assert (reply.status_code, reply.text) == (200, "")
    assert count(database, Message) == 1


def test_conversations_show_names_of_screens_and_masked_numbers_and_nothing_that_was_typed(
    line: Line, database: Database
) -> None:
    line.text("HOURS")
    line.walk("2", "1")
    line.walk("5", "1", "The door was locked", sender=OTHER)
    line.text("SAY the door was locked", sender=OTHER)
    line.text("READ 1234567890", sender=OTHER)

    with database.snapshot() as session:
        all_of_them = conversations(session, line.place.programme.id, since=LATER.date())
        hers = conversation_with(session, line.place.programme.id, HER, since=LATER.date())
        came = last_came(session, line.place.programme.id)

    assert {each.number for each in all_of_them} == {"•••• 2233"}
    assert [each.screen for each in hers] == ["way", "hours", "home", "sms_hours"]
    assert all_of_them == hers
    assert came == {line.channel.id: LATER.date()}


def test_a_call_is_kept_for_three_days_and_never_with_digits_a_pin_or_words_without_a_name(
    line: Line, database: Database
) -> None:
    line.text("HOURS")
    kept = count(database, RawCall)
    for private in ("000000005724", "SAY the door was locked", "READ 1234567890", "hello 1234"):
        line.text(private)
    line.walk("1", "000000005724")
    line.walk("3", "000000005726", "4071")
    line.walk("5", "1", "The door was locked")
    with database.snapshot() as session:
        calls = calls_of(session, line.channel.id, most=100)

    assert kept == 1
    whole = " ".join(str(each.contents) for each in calls)
    for canary in ("000000005724", "4071", "locked", "1234", line.secret):
        assert canary not in whole
    with database.transaction() as session:
        messaging.forget_old(session, now=line.clock[0] + timedelta(days=4))
    assert count(database, RawCall) == 0


def test_what_is_remembered_ends(line: Line, database: Database) -> None:
    line.text("HOURS")
    line.walk("2")
    line.walk("5", "1", "The door was locked", sender=OTHER)
    line.text("SAY the door was locked", event="said")

    def after(**age: float) -> tuple[int, int]:
        with database.transaction() as session:
            messaging.scrub(session, now=line.clock[0] + timedelta(**age))
            messaging.forget_old(session, now=line.clock[0] + timedelta(**age))
        return count(database, UssdSession), count(database, ProviderEvent)

    assert after(minutes=16) == (1, 2)
    with database.snapshot() as session:
        anonymous = session.scalars(
            select(ProviderEvent).where(ProviderEvent.caller_digest.is_(None))
        ).one()
        assert anonymous.sealed_contents is None
    assert line.text("SAY the door was locked", event="said") == ""  # still no second effect
    assert count(database, Feedback) == 2
    assert after(days=2) == (0, 2)
    assert after(days=37) == (0, 0)


def test_a_session_in_which_something_was_said_without_a_name_names_nobody(
    line: Line, database: Database
) -> None:
    line.walk("5", "1", "The door was locked")

    with database.snapshot() as session:
        row = session.scalars(select(UssdSession)).one()
        opened = session_contents(session, row)
    assert row.caller_digest is None
    assert HER not in opened
    assert "locked" not in opened


def test_hanging_up_forgets_what_was_said_without_a_name(line: Line, database: Database) -> None:
    menu = line.dial()
    for key in ("5", "1", "The door was locked"):
        menu.press(key)
    line.post("ussd", **{"from": HER, "session": menu.session, "hangs_up": "1"})

    assert count(database, UssdSession) == 0


def session_contents(session: Session, row: UssdSession) -> str:
    plain = keyring_of(session).open(
        row.sealed_contents, table="ussd_session", column="sealed_contents", row=row.id
    )
    return plain.decode()
