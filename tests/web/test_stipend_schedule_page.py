"""Rules about money: entered with what they come to, proposed by one person, decided by another."""

import re
from dataclasses import replace
from typing import Any

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.participants.rules import Sex
from app.domain.programmes.queries import current_protocol, proposals
from app.domain.programmes.rules import Protocol, StipendSchedule
from app.domain.stipends.queries import owed_to
from app.web import protocol_form, reckoning
from tests.factories import LATER, Place, a_bundle, a_finished_visit, a_place, a_seed
from tests.web.readers import Reader, errors, reader

HTMX = {"HX-Request": "true"}
PATH = "/programme/stipends"
RECRUITS = [
    {"sex": "woman", "age": "22", "answers": "8", "new": "yes"},
    {"sex": "man", "age": "40", "answers": "5", "new": ""},
    {"sex": "woman", "age": "", "answers": "0", "new": "yes"},
]


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def lead(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.lead)


@pytest.fixture
def finance(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.finance)


def entered(**changed: str) -> dict[str, str]:
    """The form as it stands for the default rules, with some fields changed, and recruits in the example."""
    form = protocol_form.as_typed(Protocol(), "UAH", "en") | {"version": "1"}
    for number, recruit in enumerate(RECRUITS, start=1):
        form |= {f"recruit_{number}_{name}": value for name, value in recruit.items()}
    return form | {"one_day": "yes"} | changed


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\xa0", " ")


def now(database: Database, place: Place) -> tuple[int, Protocol]:
    with database.snapshot() as session:
        current = current_protocol(session, place.programme.id)
    return current.version, current.rules


def proposed(lead: Reader, **changed: str) -> str:
    """The address of a new proposal."""
    answer = lead.send(PATH, entered(**({"recruitment": "3"} | changed)))
    assert answer.status_code == 303, errors(answer.text)
    return answer.headers["location"]


def test_the_example_is_what_such_visits_really_earn(
    lead: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        seed = a_seed(session, place)
        cards = a_bundle(session, place, seed).coupons
        people: list[dict[str, Any]] = [
            {"sex": Sex.FEMALE, "age": 22, "correct": 8},
            {"sex": Sex.MALE, "age": 40, "correct": 5},
            {"sex": Sex.FEMALE, "age": None, "correct": 0},
        ]
        for card, person in zip(cards, people, strict=True):
            a_finished_visit(session, place, card, recruiter_id=seed, now=LATER, **person)
        earned = sum(each.amount.minor for each in owed_to(session, seed))

    piece = lead.browser.post(
        f"{PATH}/example", data={"csrf": lead.token, **entered()}, headers=HTMX
    )

    assert piece.status_code == 200
    assert "<html" not in piece.text
    assert 'id="reckoned"' in piece.text
    assert f"For the whole set of coupons UAH {earned / 100:,.2f}" in text_of(piece.text)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "UAH 13.40"),
        ({"recruitment": "1"}, "UAH 8.90"),
        ({"most_per_bundle": "10"}, "UAH 10.00"),
        ({"most_per_day": "6"}, "UAH 6.00"),
        ({"most_per_recruit": "2"}, "UAH 6.00"),
        ({"steering_first_time": "1", "steering_most": "9"}, "UAH 15.90"),
        ({"kind": "simplified"}, "UAH 3.90"),
        ({"kind": "lottery"}, "UAH 0.00"),
        ({"recruit_1_answers": "0"}, "UAH 10.99"),
    ],
)
def test_the_example_follows_what_is_typed(
    lead: Reader, changed: dict[str, str], said: str
) -> None:
    schedule = protocol_form.read_protocol(
        entered(**changed), Protocol(), "UAH", protocol_form.ABOUT_MONEY
    )[0]
    assert schedule is not None
    found = reckoning.example(
        schedule.stipends,
        StipendSchedule(),
        reckoning.recruits_entered(entered(**changed), 8),
        together=True,
        currency="UAH",
    )
    piece = lead.browser.post(
        f"{PATH}/example", data={"csrf": lead.token, **entered(**changed)}, headers=HTMX
    )
    assert f"For the whole set of coupons {found.total.text('en')}".replace("\xa0", " ") in text_of(
        piece.text
    )
    if "recruit_1_answers" not in changed:
        assert found.total.text("en").replace("\xa0", " ") == said


def test_without_scripts_a_button_recalculates_the_whole_page(lead: Reader) -> None:
    page = lead.send(f"{PATH}/example", entered(recruitment="9", recruit_2_age="33"))
    assert page.status_code == 200
    assert 'name="recruitment" type="text" value="9"' in page.text
    assert 'value="33"' in page.text
    assert "UAH 32.90" in text_of(page.text)


def test_what_cannot_be_read_is_said_and_nothing_is_proposed(
    lead: Reader, database: Database, place: Place
) -> None:
    wrong = entered(recruitment="much", lottery_winners="0")
    piece = lead.browser.post(f"{PATH}/example", data={"csrf": lead.token, **wrong}, headers=HTMX)
    assert "cannot be read yet" in piece.text
    answer = lead.send(PATH, wrong)
    assert (answer.status_code, list(errors(answer.text))) == (422, ["recruitment"])
    answer = lead.send(PATH, entered(lottery_winners="0"))
    assert errors(answer.text) == {"lottery_winners": "Please enter a number from 1 to 1000."}
    with database.snapshot() as session:
        assert proposals(session, place.programme.id) == []


def test_a_proposal_waits_and_applies_when_someone_else_approves(
    lead: Reader, finance: Reader, database: Database, place: Place
) -> None:
    address = proposed(lead, note="Prices rose.", most_per_bundle="12")
    assert now(database, place) == (1, Protocol())
    for page in ("/programme", PATH):
        assert address in lead.get(page).text
    own = lead.get(address)
    assert "Someone else has to approve" in own.text
    assert "/approve" not in own.text
    assert lead.send(f"{address}/approve").status_code == 403

    other = text_of(finance.get(address).text)
    assert "For each recruit UAH 2.50 UAH 3.00" in other
    assert "For a whole set of coupons, at most none UAH 12.00" in other
    assert "Prices rose." in other
    words = {"committee": "We agree.", "committee_on": "2026-03-01"}
    assert finance.send(f"{address}/approve", words).headers["location"] == address
    decided = finance.get(address).text
    assert "By the rules before it" in decided
    assert "in force" not in decided.partition('id="example"')[2]

    version, rules = now(database, place)
    assert version == 2
    assert rules.stipends == replace(StipendSchedule(), recruitment=300, most_per_bundle=1200)
    history = text_of(lead.get("/programme").text)
    assert "approved by" in history
    assert "The committee, March 1, 2026: We agree." in history


def test_a_second_press_proposes_once(lead: Reader, database: Database, place: Place) -> None:
    same = re.search(r'name="proposal_id" value="([^"]+)"', lead.get(PATH).text)
    assert same
    first, again = (proposed(lead, proposal_id=same[1]) for _ in range(2))
    assert first == again
    with database.snapshot() as session:
        assert len(proposals(session, place.programme.id)) == 1


def test_a_proposal_is_turned_down_with_a_reason_or_withdrawn(
    lead: Reader, finance: Reader, database: Database, place: Place
) -> None:
    address = proposed(lead)
    refused = finance.send(f"{address}/reject", {"reason": " "})
    assert (refused.status_code, errors(refused.text)) == (
        422,
        {"reason": "Please fill this in."},
    )
    finance.send(f"{address}/reject", {"reason": "Too dear."})
    assert "Too dear." in lead.get(address).text
    other = proposed(lead)
    assert finance.send(f"{other}/withdraw").status_code == 403
    lead.send(f"{other}/withdraw")
    assert "withdrawn" in lead.get(other).text
    assert now(database, place) == (1, Protocol())


def test_an_outdated_proposal_says_so_and_cannot_be_approved(
    lead: Reader, finance: Reader, database: Database, place: Place
) -> None:
    first, second = proposed(lead), proposed(lead, recruitment="4")
    finance.send(f"{first}/approve")
    page = finance.get(second)
    assert "outdated" in page.text
    assert "/approve" not in page.text
    assert finance.send(f"{second}/approve").status_code == 409
    assert now(database, place)[0] == 2


def test_rules_that_changed_while_the_form_was_open_are_not_overwritten(
    lead: Reader, finance: Reader
) -> None:
    address = proposed(lead)
    finance.send(f"{address}/approve")
    answer = lead.send(PATH, entered(primary="1"))
    assert answer.status_code == 409
    assert "while this form was open" in answer.text


def test_the_same_rules_are_no_proposal(lead: Reader) -> None:
    answer = lead.send(PATH, entered())
    assert answer.status_code == 422
    assert "There is nothing to propose." in answer.text


@pytest.mark.parametrize(
    ("words", "day", "field"),
    [
        ("We agree.", "", "committee_on"),
        ("We agree.", "soon", "committee_on"),
        ("We agree.", "2999-01-01", "committee_on"),
        ("", "2026-03-01", "committee"),
        ("x" * 2001, "2026-03-01", "committee"),
    ],
)
def test_the_committees_words_come_with_a_day_that_has_been(
    lead: Reader, words: str, day: str, field: str
) -> None:
    answer = lead.send(PATH, entered(recruitment="3", committee=words, committee_on=day))
    assert list(errors(answer.text)) == [field]


def test_a_kind_of_schedule_begins_with_our_amounts(lead: Reader) -> None:
    page = lead.get(f"{PATH}?start=simplified").text
    assert 'name="education_per_answer" type="text" value="0.60"' in page
    assert 'value="simplified" selected' in page
    assert "2,000" not in page
    assert 'value="20.00"' in lead.get(f"{PATH}?start=lottery").text


def test_without_people_everything_is_said_to_be_a_guess(lead: Reader) -> None:
    page = text_of(lead.get(PATH).text)
    assert "all of this is a guess of ours" in page
    assert "20 is a guess of ours" in page


def test_few_people_are_not_told_apart_by_the_costs(
    lead: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        for _ in range(3):
            a_finished_visit(session, place, sex=Sex.FEMALE)
    before = text_of(lead.get(PATH).text)
    with database.transaction() as session:
        a_finished_visit(session, place, sex=Sex.MALE, correct=2)
    assert text_of(lead.get(PATH).text) == before


def test_a_schedule_with_a_draw_tells_its_tickets_and_prizes(lead: Reader) -> None:
    piece = lead.browser.post(
        f"{PATH}/example",
        data={"csrf": lead.token, **entered(kind="lottery")},
        headers=HTMX,
    )
    said = text_of(piece.text)
    assert "13 tickets in the week's draw" in said.replace("&#39;", "'")
    assert "4 winners each week, with a prize of UAH 20.00 each" in said
