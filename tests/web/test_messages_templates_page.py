"""The words of messages: looked at before they are used, refused where they tell too much or do not fit, and kept by version."""

import re

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.staff.rules import Role
from app.domain.wordings.queries import override, versions_of
from app.telephone.templates import TEMPLATES
from app.web.message_templates import ABOUT_FIELDS, fault_in, usual_words
from app.web.message_words import KINDS
from tests.factories import Place, a_place
from tests.web.readers import Reader, errors, reader

PATH = "/messages/templates/appointment"
WORDS = "See you on {day} at {site}. STOP"


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def lead(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.lead)


def own_words(database: Database, place: Place, language: str = "en") -> str | None:
    with database.snapshot() as session:
        return override(session, place.programme.id, "appointment", language)


def entered(
    words: str = WORDS, number: int = 0, language: str = "en", **more: str
) -> dict[str, str]:
    return {"words": words, "number": str(number), "language": language, **more}


def bubbles(page: str) -> list[str]:
    return re.findall(r'<p class="telephone" lang="(?:en|uk)">(.*?)</p>', page, re.DOTALL)


def test_every_message_is_listed_as_it_arrives_in_each_language(lead: Reader) -> None:
    page = lead.get("/messages/templates").text
    assert len(bubbles(page)) == 2 * len(TEMPLATES)
    assert not any("{" in each for each in bubbles(page))
    for name in TEMPLATES:
        assert lead.get(f"/messages/templates/{name}").status_code == 200


def test_every_message_and_field_has_a_name() -> None:
    assert set(TEMPLATES) <= set(KINDS)
    assert {field for each in TEMPLATES.values() for field in each.fields} == set(ABOUT_FIELDS)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("language", ["en", "uk"])
def test_the_usual_words_pass_what_a_programme_s_own_must(name: str, language: str) -> None:
    assert fault_in(name, language, usual_words(name, language)) is None


def test_words_are_used_from_then_on_and_can_go_back(
    lead: Reader, database: Database, place: Place
) -> None:
    assert lead.send(PATH, entered()).status_code == 303
    assert own_words(database, place) == WORDS
    assert "own words" in lead.get("/messages/templates").text
    assert own_words(database, place, "uk") is None

    assert lead.send(f"{PATH}/reset", entered(number=1)).status_code == 303
    assert own_words(database, place) is None
    with database.snapshot() as session:
        kept = versions_of(session, place.programme.id, "appointment", "en")
    assert [each.text for each in kept] == ["", WORDS]
    assert WORDS in lead.get(PATH).text


def test_looking_first_changes_nothing_and_shows_how_it_arrives(
    lead: Reader, database: Database, place: Place
) -> None:
    answer = lead.send(PATH, entered(act="look"))
    assert answer.status_code == 200
    assert own_words(database, place) is None
    assert "Nothing was changed yet." in answer.text
    assert any(each.startswith("See you on 7 March at ") for each in bubbles(answer.text))
    assert WORDS in answer.text


def test_what_someone_writes_is_shown_as_it_arrives_without_being_kept(
    lead: Reader, database: Database, place: Place
) -> None:
    answer = lead.send(f"{PATH}/preview", entered())
    assert "<html" not in answer.text
    assert len(bubbles(answer.text)) == 2
    assert "1 part" in answer.text
    assert own_words(database, place) is None


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("", "fill this in"),
        ("See you, {name}", "nothing to put in for {name}"),
        ("See you on {day", "brace stands alone"),
        ("See you {day.month}", "nothing to put in for {day.month}"),
        ("Come for your HIV test on {day}", "tells too much: hiv"),
        ("Чекаємо: шприци {day}", "tells too much: шприц"),
        ("{site} {phone} " + "x" * 400, "Please shorten it"),
        ("See you\x07", "no telephone can show"),
    ],
)
def test_words_that_cannot_be_used_are_refused(
    lead: Reader, database: Database, place: Place, words: str, complaint: str
) -> None:
    answer = lead.send(PATH, entered(words))
    assert answer.status_code == 422
    assert complaint in errors(answer.text)["words-en"]
    assert own_words(database, place) is None
    assert complaint in lead.send(f"{PATH}/preview", entered(words)).text


def test_a_text_of_more_than_one_part_or_without_a_way_out_is_warned_about(lead: Reader) -> None:
    page = lead.send(PATH, entered("See you on {day}. " + "Welcome back. " * 12, act="look")).text
    assert "It usually takes more than one part" in page
    assert "It does not tell how to stop messages." in page
    assert "how to stop messages" not in lead.send(PATH, entered(act="look")).text


def test_letters_that_would_not_fit_are_said_to_become_latin(lead: Reader) -> None:
    words = "Чекаємо на вас {day}. " + "Приходьте, будь ласка. " * 7
    page = lead.send(PATH, entered(words, language="uk", act="look")).text
    assert "it is sent in Latin ones" in page


def test_words_that_someone_changed_meanwhile_are_not_overwritten(
    lead: Reader, database: Database, place: Place
) -> None:
    lead.send(PATH, entered())
    answer = lead.send(PATH, entered("Other words for {day}"))
    assert answer.status_code == 409
    assert "Someone else wrote these words meanwhile." in answer.text
    assert "Other words for {day}" in answer.text
    assert own_words(database, place) == WORDS


def test_the_same_words_twice_are_one_version(
    lead: Reader, database: Database, place: Place
) -> None:
    for _ in range(2):
        assert lead.send(PATH, entered()).status_code == 303
    with database.snapshot() as session:
        assert len(versions_of(session, place.programme.id, "appointment", "en")) == 1


def test_a_message_or_language_that_there_is_not_is_not_written(lead: Reader) -> None:
    assert lead.get("/messages/templates/greeting").status_code == 404
    assert lead.send("/messages/templates/greeting", entered()).status_code == 404
    for path in (PATH, f"{PATH}/reset", f"{PATH}/preview"):
        assert lead.send(path, entered(language="fr")).status_code == 404


def test_only_who_may_write_them_sees_the_words(
    database: Database, keyring: Keyring, place: Place
) -> None:
    someone = reader(database, keyring, place.staff[Role.COUPON_MANAGER])
    assert someone.get("/messages/templates").status_code == 403
    assert someone.send(PATH, entered()).status_code == 403
    assert 'href="/messages/templates"' not in someone.get("/messages").text
