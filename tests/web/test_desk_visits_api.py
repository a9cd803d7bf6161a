"""What a device may ask about people it welcomed, and that it hears of nobody else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.core import installation
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.participants.rules import Standing
from app.domain.stipends import actions as stipends
from app.domain.stipends.queries import books_of
from app.domain.visits import actions as visits
from tests.devices import DeskDevice, a_device
from tests.factories import LATER, NOON, Place, a_bundle, a_place, client
from tests.web.api import is_problem


@dataclass
class Desk:
    database: Database
    keyring: Keyring
    place: Place
    device: DeskDevice
    codes: Iterator[str]
    http: httpx.Client

    def ask(
        self, arrivals: list[dict[str, Any]], *, by: DeskDevice | None = None
    ) -> httpx.Response:
        body = {"arrivals": [{n: each[n] for n in ("id", "seq", "sealed")} for each in arrivals]}
        key = (by or self.device).key
        return self.http.post(
            "/api/v1/desk/visits", json=body, headers={"Authorization": f"Bearer {key}"}
        )

    def one(self, arrival: dict[str, Any]) -> dict[str, Any]:
        (visit,) = self.ask([arrival]).json()["visits"]
        assert isinstance(visit, dict)
        return visit


@pytest.fixture
def desk(database: Database, keyring: Keyring) -> Desk:
    with database.transaction() as session:
        installation.ensure_installed(session, now=NOON)
        place = a_place(session)
        codes = [coupon.code for coupon in a_bundle(session, place).coupons]
        device = a_device(session, place, keyring)
    http = client(database, keyring, now=LATER)
    return Desk(database, keyring, place, device, iter(codes), http)


def test_a_device_hears_what_was_done_on_the_online_pages_since(desk: Desk) -> None:
    device = desk.device
    person = device.arrive(next(desk.codes), at=LATER - timedelta(minutes=30))
    device.go_through_visit(person, at=LATER - timedelta(minutes=30))
    arrival = device.sealed[0]
    device.upload(desk.http)
    before = desk.one(arrival)

    with desk.database.transaction() as session:
        visits.give_bundle(session, person, by=desk.place.intake, now=LATER)
        place = desk.place
        books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
        stipends.pay_in_cash(
            session,
            books,
            payment_id=uuid4(),
            participant_id=person,
            by=place.intake.staff_id,
        )
    after = desk.one(arrival)

    assert before == {
        "id": arrival["id"],
        "came": "recruit",
        "standing": Standing.ENROLLED,
        "screened": True,
        "consented": True,
        "tested": True,
        "interviewed": True,
        "trained": True,
        "served": True,
        "has_bundle": False,
        "owed": True,
        "paid": False,
    }
    assert after == before | {"has_bundle": True, "owed": False, "paid": True}
    assert str(person) not in desk.ask([arrival]).text


def test_someone_without_a_card_is_told_of_too(desk: Desk) -> None:
    desk.device.arrive()
    desk.device.upload(desk.http)

    visit = desk.one(desk.device.sealed[0])

    assert (visit["came"], visit["standing"], visit["owed"]) == ("walk_in", "arrived", False)


def test_a_device_hears_nothing_of_anothers_people(desk: Desk) -> None:
    with desk.database.transaction() as session:
        other = a_device(session, desk.place, desk.keyring, label="Tablet 2")
    theirs = other.arrive(next(desk.codes))
    other.upload(desk.http)
    scan = UUID(other.sealed[0]["id"])
    body = {
        "v": 1,
        "key": desk.device.key,
        "at": LATER.isoformat(),
        "previous": "",
        "kind": "arrival",
        "person": str(theirs),
        "site": desk.device.site,
        "fields": {"judged": "good"},
    }
    forged = [
        other.sealed[0],
        desk.device.seal(body, event_id=scan, seq=1),
        desk.device.seal(body, event_id=uuid4(), seq=1),
        desk.device.seal(b"nothing", event_id=scan, seq=1),
    ]

    assert desk.ask(forged).json() == {"visits": []}
    assert len(desk.ask([other.sealed[0]], by=other).json()["visits"]) == 1


def test_an_arrival_that_was_not_sent_and_another_event_say_nothing(desk: Desk) -> None:
    person = desk.device.arrive(next(desk.codes))
    desk.device.work("eligibility", person, {"sex": "female", "age": "22", "injected": "yes"})

    assert desk.ask(desk.device.sealed).json() == {"visits": []}
    desk.device.upload(desk.http)
    assert len(desk.ask(desk.device.sealed).json()["visits"]) == 1


def test_an_old_visit_is_nobodys_business_any_more(desk: Desk) -> None:
    desk.device.arrive(next(desk.codes), at=LATER - timedelta(hours=3))
    desk.device.upload(desk.http)
    desk.http = client(desk.database, desk.keyring, now=LATER + timedelta(days=2))

    assert desk.ask(desk.device.sealed).json() == {"visits": []}


def test_only_a_device_asks(desk: Desk) -> None:
    is_problem(desk.http.post("/api/v1/desk/visits", json={"arrivals": []}), 401, "not_logged_in")
