"""Seeds, coupons and conflicts: the pages of whoever looks after the cards."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.arrivals.actions import record_conflict
from app.domain.audit.queries import latest
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, EntryRoute
from tests.factories import LATER, Place, a_bundle, a_coupon, a_place, a_redemption, a_scan
from tests.web.readers import Reader, reader


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def manager(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.manager, now=LATER)


SEED = {"sex": "female", "age": "31", "entry_route": "male_partner", "network_size": "12"}


def test_a_seed_is_enrolled_and_goes_straight_to_her_cards(
    manager: Reader, database: Database, place: Place
) -> None:
    answer = manager.send("/seeds", {**SEED, "site": place.site.code, "uic": "iryna 79"})
    visit = answer.headers["location"]
    page = manager.get(visit).text

    assert "Make the cards" in page
    made = manager.send(f"{visit.split('?')[0]}/bundle")
    assert "/sheet.pdf" in manager.get(made.headers["location"]).text
    with database.snapshot() as session:
        (seed,) = session.scalars(select(Participant)).all()
    assert (seed.came, seed.entry_route) == (Came.SEED, EntryRoute.MALE_PARTNER)
    listed = manager.get("/seeds").text
    assert str(seed.chain_label) in listed
    assert "Male partner" in listed
    assert str(seed.id) not in listed


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"age": "17"}, "at least 18 years"),
        ({"age": "200"}, "check what was entered"),
        ({"sex": ""}, "check what was entered"),
        ({"network_size": "-1"}, "number of people"),
        ({"uic": "ab"}, "at least four"),
        ({"site": "NOWHERE"}, "check what was entered"),
    ],
)
def test_a_seed_who_cannot_be_enrolled_is_asked_about_again(
    manager: Reader, database: Database, wrong: dict[str, str], said: str
) -> None:
    answer = manager.send("/seeds", {**SEED, **wrong})

    assert answer.status_code >= 400
    assert said in answer.text
    if "age" not in wrong:
        assert 'value="31"' in answer.text
    with database.snapshot() as session:
        assert session.scalars(select(Participant)).all() == []


def test_a_coupon_is_ended_with_a_reason_that_is_kept(
    manager: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        coupon = a_coupon(session, place)
    assert "Usable now" in manager.send("/coupons", {"scanned": coupon.token}).text
    fields = {"name": coupon.token, "ending": "lost"}
    without = manager.send("/coupons/end", {**fields, "reason": " "})
    ended = manager.send("/coupons/end", {**fields, "reason": "Left on a bus"})

    assert without.status_code == 422
    assert "Please give a reason" in without.text
    assert ended.status_code == 303
    with database.snapshot() as session:
        assert session.get_one(Coupon, coupon.id).status is CouponStatus.LOST
        act = latest(session, place.programme.id)[0]
    assert act.action == "coupon.ended"
    assert act.facts == {"status": "lost", "reason": "Left on a bus"}


def test_a_used_coupon_can_no_longer_be_ended(
    manager: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        coupon = a_bundle(session, place).coupons[0]
        a_redemption(session, place, coupon)
    page = manager.send("/coupons", {"scanned": coupon.code}).text
    refused = manager.send(
        "/coupons/end", {"name": coupon.code, "ending": "void", "reason": "A mistake"}
    )

    assert "Take this redemption back" in page
    assert "Take this card out of use" not in page
    assert refused.status_code == 409
    assert "can no longer be changed" in refused.text


def test_a_coupon_cannot_be_called_redeemed_by_hand(
    manager: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        coupon = a_coupon(session, place)
    manager.send("/coupons/end", {"name": coupon.code, "ending": "redeemed", "reason": "x"})

    with database.snapshot() as session:
        assert session.get_one(Coupon, coupon.id).status is not CouponStatus.REDEEMED


@pytest.fixture
def conflict(database: Database, place: Place) -> str:
    """The address at which an open conflict is decided."""
    with database.transaction() as session:
        coupon = a_coupon(session, place)
        a_redemption(session, place, coupon)
        second = a_scan(coupon, place, device_id="tablet-2", scanned_at=LATER - timedelta(days=1))
        record_conflict(session, second, by=place.intake, now=LATER + timedelta(days=6))
    return f"/conflicts/{second.id}"


def test_both_scans_of_a_conflict_stand_side_by_side_without_the_people(
    manager: Reader, database: Database, place: Place, conflict: str
) -> None:
    page = manager.get("/conflicts").text
    with database.snapshot() as session:
        people = session.scalars(select(Participant.id)).all()

    assert page.count("<dt>Time on the device</dt>") == 2
    assert page.count("<dt>Received here</dt>") == 2
    assert page.count(place.intake.username) == 2
    assert page.count("nothing noted yet") == 2
    assert page.count("<dd>held</dd>") == 2
    assert "desk-1" in page
    assert "tablet-2" in page
    assert "more than five days after the scan" in page
    assert not any(str(person) in page for person in people)


@pytest.mark.parametrize("decision", ["first_stands", "second_stands"])
def test_a_conflict_is_decided_once_and_stays_to_be_read(
    manager: Reader, conflict: str, decision: str
) -> None:
    without = manager.send(conflict, {"decision": decision, "reason": ""})
    decided = manager.send(conflict, {"decision": decision, "reason": "She came first"})
    again = manager.send(conflict, {"decision": decision, "reason": "Once more"})
    page = manager.get("/conflicts").text

    assert (without.status_code, decided.status_code, again.status_code) == (422, 303, 409)
    assert "Nothing waits for a decision" in page
    assert "She came first" in page
    assert re.search(r"<summary>Card ending in \d{4}", page)
