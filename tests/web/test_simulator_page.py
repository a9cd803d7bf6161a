"""The telephone to try on /messages/simulator: it walks the real menu, writes nothing and knows no real card."""

import html
import re
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import func, select

import app.domain.tables  # noqa: F401 - every table
from app.core.crypto import Keyring
from app.core.db import Base, Database
from app.core.training import training_digits
from app.domain.staff.rules import Permission
from app.web.simulated import EXAMPLES, OWN_CARD, PIN, RECEIPT
from tests.factories import LATER, Place, a_coupon, a_place, a_site
from tests.web.readers import Reader, reader

PATH = "/messages/simulator"
GOOD = training_digits("good")
SHOWN = re.compile(r'<p class="(?:shown|bubble)"[^>]*>(.*?)</p>', re.DOTALL)
FIELD = re.compile(r'name="(phone|medium|speaks)" value="([^"]*)"')


@dataclass
class Phone:
    """The page as someone uses it: its hidden fields go back with what is pressed."""

    reader: Reader
    answer: httpx.Response

    @classmethod
    def in_hand(cls, reader: Reader, medium: str = "ussd", speaks: str = "en") -> "Phone":
        return cls(reader, reader.get(f"{PATH}?medium={medium}&speaks={speaks}"))

    @property
    def fields(self) -> dict[str, str]:
        return dict(FIELD.findall(self.answer.text))

    @property
    def shown(self) -> str:
        found = SHOWN.search(self.answer.text)
        return html.unescape(found[1]) if found else ""

    def send(self, *typed: str, **pressed: str) -> str:
        for each in typed:
            given = {**self.fields, "typed": each, **pressed}
            self.answer = self.reader.send(PATH, given)
            assert self.answer.status_code == 200
        return self.shown


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def lead(database: Database, keyring: Keyring, place: Place) -> Reader:
    assert place.lead.may(Permission.SEE_MESSAGES)
    return reader(database, keyring, place.lead, now=LATER)


def rows(database: Database) -> dict[str, int]:
    with database.snapshot() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def test_the_menu_is_walked_as_a_telephone_shows_it(lead: Reader) -> None:
    phone = Phone.in_hand(lead)
    assert phone.shown.splitlines()[1] == "1 Check a card"

    assert phone.send("1").startswith("Please type the 12 digits")
    assert phone.send(GOOD) == "This card can be used until 24 March. You are welcome."
    assert "The call is over." in phone.answer.text


def test_a_card_that_was_just_given_is_told_with_its_first_day(lead: Reader) -> None:
    shown = Phone.in_hand(lead).send("1", training_digits("not_yet"))

    assert shown == "This card can be used from 5 March until 24 March."


@pytest.mark.parametrize("code", [each for each in EXAMPLES if EXAMPLES[each].endswith("usable.")])
def test_every_card_that_cannot_be_used_gets_the_same_words(lead: Reader, code: str) -> None:
    assert Phone.in_hand(lead).send("1", code) == "Not usable. Ask at the desk."


def test_a_mistyped_card_is_asked_for_again(lead: Reader) -> None:
    assert "type all 12 again" in Phone.in_hand(lead).send("1", training_digits("mistyped"))


def test_real_cards_are_not_usable_here_like_any_others(
    database: Database, lead: Reader, place: Place
) -> None:
    with database.transaction() as session:
        card = a_coupon(session, place).code

    assert Phone.in_hand(lead).send("1", card) == "Not usable. Ask at the desk."
    assert Phone.in_hand(lead, "sms").send(card) == "Not usable. Ask at the desk."


def test_whatever_is_tried_nothing_is_written(database: Database, lead: Reader) -> None:
    before = rows(database)
    phone = Phone.in_hand(lead)
    for typed in (
        ("1", GOOD),
        ("3", OWN_CARD, PIN),
        ("2", "1"),
        ("4", "1", "1"),
        ("5", "1", "The door was locked."),
        ("5", "2", RECEIPT),
        ("5", "4", "1"),
    ):
        phone = Phone.in_hand(lead)
        phone.send(*typed)
        assert phone.shown
    Phone.in_hand(lead, "sms").send("STOP")

    assert rows(database) == before


def test_her_own_card_says_what_waits_and_locks_after_three_wrong_pins(lead: Reader) -> None:
    assert "Thank-you payment: 500.00 UAH" in Phone.in_hand(lead).send("3", OWN_CARD, PIN)

    phone = Phone.in_hand(lead)
    assert "did not match" in phone.send("3", OWN_CARD, "1111")
    phone.send("2222")
    assert phone.send("3333").startswith("Please ask at the desk.")


def test_places_and_hours_are_the_programmes_own(
    database: Database, lead: Reader, place: Place
) -> None:
    with database.transaction() as session:
        a_site(session, place.programme.id, name={"en": "Berih", "uk": "Берег"})
    phone = Phone.in_hand(lead)

    assert "2 Berih" in phone.send("2")
    assert place.site.phone in phone.send("1", "1")


def test_keys_write_into_the_field_and_send_nothing(lead: Reader) -> None:
    phone = Phone.in_hand(lead)
    before = phone.shown

    phone.send("4", key="2")

    assert phone.shown == before
    assert 'name="typed" value="42"' in phone.answer.text


def test_who_hangs_up_sees_nothing_more(lead: Reader) -> None:
    phone = Phone.in_hand(lead)
    phone.send("1", hang_up="1")

    assert phone.shown == ""
    assert "You hung up." in phone.answer.text
    assert phone.send("1") == ""


def test_a_text_message_is_answered_and_measured(lead: Reader) -> None:
    phone = Phone.in_hand(lead, "sms", "uk")

    assert phone.send("ДОПОМОГА").startswith("Надішліть 12 цифр")
    assert "2 parts" in phone.answer.text


def test_the_language_of_the_telephone_is_chosen_apart_from_the_pages(lead: Reader) -> None:
    phone = Phone.in_hand(lead, speaks="uk")

    assert phone.shown.startswith("Vitaiemo!")
    assert "Nothing is sent and nothing is kept." in phone.answer.text


@pytest.mark.parametrize("forge", ["state", "proof", "nothing", "garbage"])
def test_a_telephone_that_is_not_ours_starts_again(lead: Reader, forge: str) -> None:
    phone = Phone.in_hand(lead)
    phone.send("5", "4")
    body, _, proof = phone.fields["phone"].rpartition(".")
    forged = {
        "state": f"A{body[1:]}.{proof}",
        "proof": f"{body}.{'0' * len(proof)}",
        "nothing": "",
        "garbage": "é.\x00",
    }[forge]

    answer = lead.send(PATH, {**phone.fields, "phone": forged, "typed": "1"})

    assert "Please type the 12 digits" in answer.text


def test_a_telephone_of_someone_else_is_not_ours(
    database: Database, keyring: Keyring, lead: Reader, place: Place
) -> None:
    phone = Phone.in_hand(reader(database, keyring, place.manager, now=LATER))
    phone.send("5", "4")

    answer = lead.send(PATH, {**phone.fields, "typed": "1"})

    assert "Please type the 12 digits" in answer.text


@pytest.mark.parametrize("typed", ["*", "#", "<script>", "٣", "0" * 500, "%s {x}"])
def test_whatever_is_typed_there_is_a_screen(lead: Reader, typed: str) -> None:
    for medium in ("ussd", "sms"):
        phone = Phone.in_hand(lead, medium)
        assert phone.send(typed)
        assert "<script>alert" not in phone.answer.text
