"""A scan is taken back at the desk for five minutes, later on the page of the cards; and who came before is decided."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.codes import new_code
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.arrivals.actions import arrive
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import Bundle
from app.domain.coupons.rules import CouponStatus
from app.domain.participants.models import Participant
from app.domain.participants.rules import Standing
from tests.factories import (
    LATER,
    Place,
    a_bundle,
    a_place,
    a_redemption,
    a_scan,
    go_through_visit,
)
from tests.web.readers import Reader, reader
from tests.web.test_desk import hidden, redeemed

UNDO = "/desk/undo"


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def cards(database: Database, place: Place) -> Bundle:
    with database.transaction() as session:
        return a_bundle(session, place)


@pytest.fixture
def desk(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.intake, now=LATER)


@pytest.fixture
def manager(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.manager, now=LATER + timedelta(hours=2))


def test_a_scan_is_undone_at_the_desk_and_the_card_is_good_again(
    desk: Reader, database: Database, cards: Bundle
) -> None:
    visit = redeemed(desk, cards.coupons[0])
    page = desk.get("/desk").text
    answer = desk.send(UNDO, hidden(page, UNDO))
    after = desk.get("/desk").text

    assert "can be undone for five minutes" in page
    assert f"… {cards.coupons[0].code[-4:]}" in page
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert "Taken back" in after
    assert UNDO not in after
    assert visit not in after
    assert "no visit to go on with" in desk.get(visit).text
    assert desk.send(f"{visit}/services", {"male_condoms": "3"}).status_code == 409
    assert redeemed(desk, cards.coupons[0]) != visit


def test_a_scan_that_can_no_longer_be_undone_says_why(
    desk: Reader, database: Database, keyring: Keyring, place: Place, cards: Bundle
) -> None:
    redeemed(desk, cards.coupons[0])
    scan = hidden(desk.get("/desk").text, UNDO)
    later = reader(database, keyring, place.intake, now=LATER + timedelta(minutes=6))

    assert UNDO not in later.get("/desk").text
    refused = later.send(UNDO, scan)
    assert refused.status_code == 403
    assert "Please ask a coupon manager" in refused.text


def test_the_last_ten_scans_go_by_the_cards_tail_whatever_they_were_answered(desk: Reader) -> None:
    codes = [new_code().digits for _ in range(12)]
    for code in codes:
        desk.send("/desk", {"scanned": code})
    page = desk.get("/desk").text

    assert len(re.findall("<span class=.digits.>… [0-9]{4}</span>", page)) == 10
    assert {f"… {code[-4:]}<" in page for code in codes[-1:]} == {True}
    assert UNDO not in page


def test_a_coupon_manager_takes_a_redemption_back_with_a_reason(
    desk: Reader, manager: Reader, database: Database, cards: Bundle
) -> None:
    card = cards.coupons[0]
    redeemed(desk, card)
    page = manager.send("/coupons", {"scanned": card.code}).text
    form = hidden(page, "/coupons/take-back")
    without = manager.send("/coupons/take-back", {**form, "reason": " "})
    answer = manager.send("/coupons/take-back", {**form, "reason": "The wrong card"})
    again = manager.send("/coupons/take-back", {**form, "reason": "The wrong card"})

    assert without.status_code == 422
    assert "Please give a reason" in without.text
    assert (answer.status_code, answer.headers["location"]) == (303, "/coupons")
    assert again.status_code == 404
    with database.snapshot() as session:
        assert session.get_one(Coupon, card.id).status is CouponStatus.ISSUED


def test_a_desk_may_not_take_back_on_the_page_of_the_cards(desk: Reader, cards: Bundle) -> None:
    redeemed(desk, cards.coupons[0])
    fields = {"name": cards.coupons[0].code, "reason": "The wrong card"}

    assert desk.send("/coupons/take-back", fields).status_code == 403


@pytest.fixture
def alike(database: Database, place: Place, cards: Bundle) -> UUID:
    """Someone who came offline under the code of someone who came before, and went through her visit."""
    person = uuid4()
    scans: list[dict[str, Any]] = [{"device_id": "Tablet two"}, {"participant_id": person}]
    with database.transaction() as session:
        a_redemption(session, place, cards.coupons[0], uic="OLENA0785", **scans[0])
        scan = a_scan(cards.coupons[1], place, uic="OLENA0785", **scans[1])
        arrive(session, scan, by=place.intake, now=LATER)
        go_through_visit(session, place, person)
    return person


def test_both_who_have_one_code_stand_side_by_side(manager: Reader, alike: UUID) -> None:
    page = manager.get("/conflicts").text

    assert "Perhaps the same person" in page
    assert page.count("<dt>Received here</dt>") == 2
    assert "Tablet two" in page
    assert "Eligibility, Consent, Questions, Interview" in page
    assert page.count("<dd>held</dd>") == 2
    assert "Nothing waits for a decision" not in page


@pytest.mark.parametrize(
    ("decision", "standing"), [("same", Standing.DUPLICATE), ("not_the_same", Standing.ENROLLED)]
)
def test_who_came_before_is_decided_once_and_stays_to_be_read(
    manager: Reader, database: Database, alike: UUID, decision: str, standing: Standing
) -> None:
    address = f"/conflicts/people/{alike}"
    without = manager.send(address, {"decision": decision, "reason": ""})
    decided = manager.send(address, {"decision": decision, "reason": "She told us"})
    again = manager.send(address, {"decision": decision, "reason": "Once more"})
    page = manager.get("/conflicts").text

    assert (without.status_code, decided.status_code, again.status_code) == (422, 303, 409)
    assert "Nothing waits for a decision" in page
    assert "She told us" in page
    assert re.search(r"<summary>Someone with the same code came before", page)
    with database.snapshot() as session:
        assert session.get_one(Participant, alike).standing is standing


def test_a_visit_that_waits_for_a_decision_says_so(desk: Reader, alike: UUID) -> None:
    page = desk.get(f"/desk/visits/{alike}").text

    assert "wait until a coupon manager has decided" in page
