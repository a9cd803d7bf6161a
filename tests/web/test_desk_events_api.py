"""What devices did and sent: played once, in the order in which it was done, whatever the network made of it."""

import json
import logging
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, make_url, select
from sqlalchemy.exc import OperationalError

from app.core import device_keys, installation
from app.core.codes import new_code
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.envelopes import to_text
from app.domain.arrivals import actions as arrivals
from app.domain.audit.models import AuditEvent
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import names
from app.domain.coupons.queries import read as read_coupon
from app.domain.deliveries.models import DeskEvent
from app.domain.devices import actions as device_actions
from app.domain.devices.models import Device
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, Standing
from app.domain.programmes.rules import Protocol
from app.domain.services.models import ServiceRecord
from app.domain.staff.actions import remove_member
from app.domain.staff.models import StaffMember
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.rules import Account
from app.domain.visits.models import BaselineInterview, KnowledgeTest
from app.verification import CHECKS
from app.web import delivering, desk_events
from tests.devices import DeskDevice, a_device
from tests.factories import LATER, NOON, Place, a_bundle, a_place, a_seed, a_site, client
from tests.pads import a_pad
from tests.postgres import Postgres
from tests.web.api import is_problem

DAY = timedelta(days=1)
VISIT = 7  # an arrival and six steps


@dataclass
class Desk:
    """A place with a device of its own and coupons that can be used, and the address that takes events."""

    database: Database
    keyring: Keyring
    place: Place
    device: DeskDevice
    codes: Iterator[str]
    http: httpx.Client
    clock: list[datetime]

    def another_device(self, label: str = "Tablet 2") -> DeskDevice:
        with self.database.transaction() as session:
            return a_device(session, self.place, self.keyring, label=label)

    def count(self, table: type[Any]) -> int:
        with self.database.snapshot() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def person(self, person: UUID) -> Participant:
        with self.database.snapshot() as session:
            return session.get_one(Participant, person)

    def redemption(self, scan: UUID) -> Redemption:
        with self.database.snapshot() as session:
            return session.get_one(Redemption, scan)

    def kept(self, event: UUID) -> DeskEvent:
        with self.database.snapshot() as session:
            return session.get_one(DeskEvent, event)

    def faults(self) -> list[str]:
        """Everything that must hold and does not."""
        with self.database.snapshot() as session:
            return [fault for check in CHECKS.values() for fault in check(session)]


@pytest.fixture
def desk(database: Database, keyring: Keyring) -> Desk:
    return a_desk(database, keyring)


def a_desk(database: Database, keyring: Keyring, **protocol: Any) -> Desk:
    with database.transaction() as session:
        installation.ensure_installed(session, now=NOON)
        place = a_place(session, protocol=Protocol(**protocol))
        codes = [coupon.code for _ in range(4) for coupon in a_bundle(session, place).coupons]
        device = a_device(session, place, keyring)
    clock = [LATER]
    http = client(database, keyring, now=lambda: clock[0])
    return Desk(database, keyring, place, device, iter(codes), http, clock)


def arrival_of(device: DeskDevice, person: UUID) -> UUID:
    """The id of the event that is last in what a device did, when it was this arrival."""
    return UUID(device.sealed[-1]["id"])


# --- once, and in order


def test_a_visit_made_without_a_network_is_booked_as_if_it_had_been_entered_here(
    desk: Desk,
) -> None:
    device, came = desk.device, LATER - timedelta(hours=20)
    person = device.arrive(next(desk.codes), at=came)
    scan = arrival_of(device, person)
    device.go_through_visit(person, at=came)

    device.upload(desk.http)

    row, redemption = desk.person(person), desk.redemption(scan)
    assert {device.outcome(UUID(each["id"])) for each in device.sealed} == {("accepted", None)}
    assert (row.came, row.standing) == (Came.RECRUIT, Standing.ENROLLED)
    assert row.came_on == came.date() == row.trained_on
    assert redemption.participant_id == person
    assert redemption.scanned_at == came
    with desk.database.snapshot() as session:
        assert session.get_one(KnowledgeTest, person).correct == 8
        assert session.get_one(KnowledgeTest, person).taken_on == came.date()
        assert session.scalars(select(ServiceRecord.participant_id)).all() == [person]
    assert desk.faults() == []


def test_the_same_upload_gets_the_same_answers_and_changes_nothing(desk: Desk) -> None:
    device = desk.device
    device.go_through_visit(device.arrive(next(desk.codes)))
    first = device.send(desk.http, device.sealed)
    before = [desk.count(table) for table in (DeskEvent, Redemption, LedgerEntry, ServiceRecord)]
    desk.clock[0] += DAY

    again = device.send(desk.http, reversed(device.sealed))

    assert again["verdicts"] == first["verdicts"]
    assert len(first["verdicts"]) == VISIT
    after = [desk.count(table) for table in (DeskEvent, Redemption, LedgerEntry, ServiceRecord)]
    assert after == before


def test_events_of_one_upload_are_played_in_the_order_in_which_they_were_made(desk: Desk) -> None:
    device = desk.device
    device.go_through_visit(device.arrive(next(desk.codes)))

    said = device.send(desk.http, reversed(device.sealed))

    assert [verdict["seq"] for verdict in said["verdicts"]] == list(range(1, VISIT + 1))
    assert {verdict["outcome"] for verdict in said["verdicts"]} == {"accepted"}
    assert not [verdict for verdict in said["verdicts"] if verdict["flags"]]


def test_an_event_that_comes_before_its_turn_is_neither_answered_nor_kept(desk: Desk) -> None:
    device = desk.device
    device.go_through_visit(device.arrive(next(desk.codes)))
    device.send(desk.http, device.sealed[:2])

    said = device.send(desk.http, device.sealed[3:])

    assert said["verdicts"] == []
    assert said["resend_from"] == 3
    assert {each["code"] for each in said["left"]} == {"not_its_turn"}
    assert desk.count(DeskEvent) == 2
    device.upload(desk.http)
    assert {verdict["outcome"] for verdict in device.verdicts.values()} == {"accepted"}


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_shuffled_cut_and_repeated_uploads_always_end_in_the_same_state(
    desk: Desk, data: st.DataObject
) -> None:
    with desk.database.transaction() as session:
        code = a_bundle(session, desk.place).coupons[0].code
    device = desk.another_device()
    people = [device.arrive(code)]
    device.work("undo", people[0], {"scan": device.sealed[0]["id"]}, at=LATER)
    people.append(device.arrive(code))
    device.go_through_visit(people[1])
    people.append(device.arrive(code))
    people.append(device.arrive())

    for _ in range(data.draw(st.integers(0, 6))):
        part = data.draw(st.lists(st.sampled_from(device.sealed), unique_by=lambda e: e["seq"]))
        device.send(desk.http, part)
    device.upload(desk.http)

    expected = [
        (Came.RECRUIT, Standing.MISTAKEN),
        (Came.RECRUIT, Standing.ENROLLED),
        (Came.WALK_IN, Standing.ARRIVED),
        (Came.WALK_IN, Standing.ARRIVED),
    ]
    rows = [desk.person(person) for person in people]
    assert [row.standing for row in rows] == [standing for _, standing in expected]
    outcomes = [device.verdicts[UUID(each["id"])]["outcome"] for each in device.sealed]
    assert outcomes == ["accepted"] * 9 + ["conflict", "accepted"]


def test_uploads_of_the_same_events_at_once_book_each_once(desk: Desk) -> None:
    device = desk.device
    for _ in range(3):
        device.go_through_visit(device.arrive(next(desk.codes)))
    body = device.request(device.sealed)

    desk.device.send(desk.http, [])  # FastAPI makes its routes at the first request

    def send(_: int) -> list[dict[str, Any]]:
        reply = desk.http.post("/api/v1/desk/events", json=body)
        verdicts: list[dict[str, Any]] = reply.json()["verdicts"]
        return verdicts

    with ThreadPoolExecutor(4) as pool:
        heard = list(pool.map(send, range(4)))

    assert len(heard[0]) == 3 * VISIT
    assert {verdict["outcome"] for verdict in heard[0]} == {"accepted"}
    assert all(each == heard[0] for each in heard)
    assert (desk.count(DeskEvent), desk.count(Redemption)) == (3 * VISIT, 3)
    assert desk.faults() == []


def test_an_answer_that_was_lost_after_the_commit_is_given_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = desk.device
    device.go_through_visit(device.arrive(next(desk.codes)))

    def lost(*_: object) -> None:
        raise OperationalError("", {}, Exception("the power went"))

    with monkeypatch.context() as patched:
        patched.setattr(delivering, "_note_heard", lost)
        reply = desk.http.post("/api/v1/desk/events", json=device.request(device.sealed))
    assert is_problem(reply, 503, "unavailable")
    assert desk.count(DeskEvent) == VISIT

    device.upload(desk.http)

    assert desk.count(DeskEvent) == VISIT
    assert desk.count(Redemption) == 1
    assert {verdict["outcome"] for verdict in device.verdicts.values()} == {"accepted"}
    assert desk.faults() == []


def test_where_a_shared_transaction_fails_its_events_go_one_by_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = desk.device
    device.go_through_visit(device.arrive(next(desk.codes)))
    sizes: list[int] = []
    together = delivering._Player._together

    def deadlocks_in_company(player: Any, events: Any, *, is_last_try: bool) -> None:
        sizes.append(len(events))
        together(player, events, is_last_try=is_last_try)
        if len(events) > 1:  # it was committed all the same, and nobody heard of it
            raise OperationalError("", {}, Exception("deadlock detected"))

    monkeypatch.setattr(delivering._Player, "_together", deadlocks_in_company)
    keep = list(device.sealed)
    said = device.send(desk.http, keep)

    assert sizes == [VISIT, *[1] * VISIT]
    assert {verdict["seq"] for verdict in said["verdicts"]} == set(range(1, VISIT + 1))
    assert desk.count(DeskEvent) == VISIT
    assert desk.faults() == []


# --- faults


def test_a_fault_in_one_event_keeps_back_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    device = desk.device
    broken, well = device.arrive(next(desk.codes)), device.arrive(next(desk.codes))
    device.work("eligibility", broken, {"sex": "female", "age": "22", "injected": "yes"})
    device.work("eligibility", well, {"sex": "female", "age": "22", "injected": "yes"})
    arrive = arrivals.arrive

    def fails_for_one(session: Any, scan: Any, **given: Any) -> Any:
        if scan.participant_id == broken:
            raise ZeroDivisionError(f"while taking in {scan.uic} of {broken}")
        return arrive(session, scan, **given)

    with monkeypatch.context() as patched, caplog.at_level(logging.DEBUG):
        patched.setattr(arrivals, "arrive", fails_for_one)
        said = device.send(desk.http, device.sealed)

    assert [verdict["seq"] for verdict in said["verdicts"]] == [2, 4]
    assert {each["seq"]: each["code"] for each in said["left"]} == {
        1: "internal_error",
        3: "not_its_turn",  # it is about her who is not here yet
    }
    assert "ZeroDivisionError" in caplog.text
    assert str(broken) not in caplog.text

    device.upload(desk.http)

    assert {verdict["outcome"] for verdict in device.verdicts.values()} == {"accepted"}
    assert desk.faults() == []


def test_nothing_of_what_was_entered_is_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    device, code = desk.device, next(desk.codes)
    with caplog.at_level(logging.DEBUG):
        person = device.arrive(code, uic="QQZZ0102")
        device.work("interview", person, {"network_size": "98761"})
        device.work("nonsense", person, {"words": "canary"})
        device.upload(desk.http)

    for secret in (code, "QQZZ0102", "98761", "canary", str(person), person.hex, device.key):
        assert secret not in caplog.text


def test_a_step_that_is_refused_is_kept_for_people_to_see_and_sealed(desk: Desk) -> None:
    device = desk.device
    person = device.arrive(next(desk.codes))
    event = device.work("interview", person, {"network_size": "8", "relationship": "partner"})

    device.upload(desk.http)

    kept = desk.kept(event)
    assert device.outcome(event) == ("refused", "not_ready_for_step")
    assert kept.sealed_body is not None
    assert b"partner" not in kept.sealed_body
    assert person.bytes not in kept.sealed_body
    assert desk.faults() == []


def test_what_was_booked_leaves_nothing_of_its_text_behind(desk: Desk) -> None:
    device = desk.device
    device.go_through_visit(device.arrive(next(desk.codes)))
    device.upload(desk.http)

    with desk.database.snapshot() as session:
        assert set(session.scalars(select(DeskEvent.sealed_body))) == {None}


def test_a_kind_that_this_version_does_not_know_is_kept(desk: Desk) -> None:
    device = desk.device
    event = device.work("dance", device.arrive(next(desk.codes)))

    device.upload(desk.http)

    assert device.outcome(event) == ("refused", "unknown_event")
    assert desk.kept(event).sealed_body is not None


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b'{"key": 1}', b'{"v": 1}', b"[" * 20_000],
    ids=lambda text: text[:8].decode("latin-1"),
)
def test_what_is_sealed_rightly_but_proves_nothing_is_not_kept(desk: Desk, text: bytes) -> None:
    event = uuid4()
    sealed = desk.device.seal(text, event_id=event, seq=1)

    said = desk.device.send(desk.http, [sealed], waiting=1)

    assert said["verdicts"] == [refused(event, 1, "unreadable_event")]
    assert desk.count(DeskEvent) == 0


def refused(event: UUID, seq: int, code: str) -> dict[str, Any]:
    return {"id": str(event), "seq": seq, "outcome": "refused", "code": code, "flags": []}


def test_an_event_with_another_devices_key_is_not_believed(desk: Desk) -> None:
    other = desk.another_device()
    liar = DeskDevice(desk.device.id, other.key, other.server_key, other.site)
    liar.arrive(next(desk.codes))

    said = liar.send(desk.http, liar.sealed)

    assert [verdict["code"] for verdict in said["verdicts"]] == ["unreadable_event"]
    assert desk.count(Participant) == 4  # the seeds


def test_an_event_cannot_be_moved_to_another_id_or_number(desk: Desk) -> None:
    desk.device.arrive(next(desk.codes))
    true = desk.device.sealed[0]

    for moved in (true | {"id": str(uuid4())}, true | {"seq": 2}):
        said = desk.device.send(desk.http, [moved], waiting=1)
        assert [verdict["code"] for verdict in said["verdicts"]] == ["unreadable_event"]
    assert desk.count(DeskEvent) == 0


def test_another_event_under_the_same_id_is_refused_and_the_first_stands(desk: Desk) -> None:
    device = desk.device
    device.arrive(next(desk.codes))
    scan = UUID(device.sealed[0]["id"])
    device.upload(desk.http)
    person = uuid4()
    device.work("arrival", person, {"coupon": next(desk.codes)}, event_id=scan)

    said = device.send(desk.http, device.sealed[1:])

    assert said["verdicts"] == [refused(scan, 2, "scan_id_reused")]
    assert desk.count(DeskEvent) == 1
    assert desk.redemption(scan).participant_id != person


words = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
fragments = (
    words
    | st.lists(words, max_size=3)
    | st.dictionaries(st.text(max_size=8), words, max_size=3)
    | st.lists(st.dictionaries(st.sampled_from(["id", "seq", "sealed"]), words), max_size=2)
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    change=st.dictionaries(
        st.sampled_from(["v", "at", "previous", "kind", "person", "site", "fields", "more"]),
        fragments,
        min_size=1,
    ),
    kind=st.sampled_from([*desk_events.PLAY, "\0", "x" * 100]),
    entered=st.dictionaries(
        st.sampled_from(["coupon", "uic", "age", "scan", "minor", "given", "not_the_same", "\0"]),
        st.text(max_size=20),
    ),
)
def test_no_event_however_strange_breaks_anything(
    desk: Desk, change: dict[str, Any], kind: str, entered: dict[str, str]
) -> None:
    device = desk.another_device()
    usual = {
        "v": 1,
        "key": device.key,
        "at": LATER.isoformat(),
        "previous": "",
        "kind": kind,
        "person": str(uuid4()),
        "site": device.site,
        "fields": entered,
    }
    strange = device.seal(usual | change, event_id=uuid4(), seq=1)
    bad_fields = device.seal(usual, event_id=uuid4(), seq=2)

    said = device.send(desk.http, [strange, bad_fields], waiting=2)

    assert said["left"] == []
    assert [verdict["seq"] for verdict in said["verdicts"]] == [1, 2]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    change=st.dictionaries(
        st.sampled_from(
            ["device_id", "clock", "epoch", "known_to", "waiting", "last_problem", "events", "more"]
        ),
        fragments | st.integers(-(2**70), 2**70),
        min_size=1,
    )
)
def test_no_upload_however_strange_is_a_fault_of_ours(desk: Desk, change: dict[str, Any]) -> None:
    body = desk.device.request([]) | change
    text = json.dumps(body)

    reply = desk.http.post(
        "/api/v1/desk/events", content=text, headers={"Content-Type": "application/json"}
    )

    assert reply.status_code in (200, 422)


def test_a_large_upload_is_taken_and_a_larger_one_refused(desk: Desk) -> None:
    padding = {"id": str(uuid4()), "seq": 1, "sealed": "A" * 8192}
    body = desk.device.request([padding] * 20)

    assert len(json.dumps(body)) > 2 * 64 * 1024
    assert desk.http.post("/api/v1/desk/events", json=body).status_code == 200
    most = desk.device.request([padding | {"sealed": "A" * 30_000}] * 20)
    assert is_problem(desk.http.post("/api/v1/desk/events", json=most), 413, "body_too_large")
    over = desk.device.request([padding] * 51)
    assert is_problem(desk.http.post("/api/v1/desk/events", json=over), 422, "invalid_request")


# --- time


@pytest.mark.parametrize(("skew", "flag"), [(DAY, "clock_ahead"), (-DAY, "clock_behind")])
def test_a_clock_that_is_a_day_off_is_put_right(desk: Desk, skew: timedelta, flag: str) -> None:
    device, came = desk.device, LATER - timedelta(hours=2)
    device.skew = skew
    person = device.arrive(next(desk.codes), at=came)
    scan = arrival_of(device, person)
    device.go_through_visit(person, at=came)

    device.upload(desk.http)

    assert desk.redemption(scan).scanned_at == came
    assert desk.person(person).came_on == desk.person(person).trained_on == came.date()
    assert {verdict["outcome"] for verdict in device.verdicts.values()} == {"accepted"}
    first, *steps = device.verdicts.values()
    assert first["flags"] == [flag, "clock_corrected"]
    assert all(verdict["flags"] == [flag] for verdict in steps)


def test_a_day_off_and_a_day_old_a_card_is_judged_at_its_own_hour(desk: Desk) -> None:
    # Until the last hour of its last day: neither the wrong clock nor the slow upload costs anyone.
    with desk.database.snapshot() as session:
        last = session.scalar(select(Coupon.usable_until).limit(1))
    assert last is not None
    zone = ZoneInfo(desk.place.site.timezone)
    evening = datetime.combine(last, time(23, 30), zone).astimezone(UTC)
    desk.device.skew = DAY
    scan = arrival_of(desk.device, desk.device.arrive(next(desk.codes), at=evening))
    desk.clock[0] = evening + 2 * DAY

    desk.device.upload(desk.http, now=desk.clock[0])

    assert desk.device.outcome(scan) == ("accepted", None)


def test_nothing_happens_in_the_future_or_before_the_device_was(desk: Desk) -> None:
    device = desk.device
    ahead = device.arrive(next(desk.codes), at=LATER + timedelta(hours=3))
    scan = arrival_of(device, ahead)
    long_ago = device.arrive(next(desk.codes), at=NOON - 500 * DAY)
    early = arrival_of(device, long_ago)

    device.upload(desk.http)

    assert "clock_ahead" in device.verdicts[scan]["flags"]
    assert "clock_behind" in device.verdicts[early]["flags"]
    assert desk.person(ahead).came_on == desk.person(long_ago).came_on == LATER.date()


@pytest.mark.parametrize("clock", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_a_clock_at_the_end_of_the_calendar_is_only_wrong(desk: Desk, clock: str) -> None:
    device = desk.device
    for at in (datetime.min.replace(tzinfo=UTC), LATER, datetime.max.replace(tzinfo=UTC)):
        device.arrive(next(desk.codes), at=at)

    device.send(desk.http, device.sealed, clock=clock)

    assert {device.outcome(UUID(each["id"]))[0] for each in device.sealed} == {"accepted"}


# --- gaps


def test_a_gap_that_nothing_can_fill_is_flagged_and_refuses_nothing(desk: Desk) -> None:
    device = desk.device
    device.arrive(next(desk.codes))
    person = device.arrive(next(desk.codes))
    device.work("eligibility", person, {"sex": "female", "age": "22", "injected": "yes"})

    said = device.send(desk.http, device.sealed[1:], waiting=2)

    assert [verdict["outcome"] for verdict in said["verdicts"]] == ["accepted", "accepted"]
    assert [verdict["flags"] for verdict in said["verdicts"]] == [["gap"], []]
    assert said["resend_from"] is None


def test_an_event_that_names_another_before_it_than_there_was_is_flagged(desk: Desk) -> None:
    device = desk.device
    device.arrive(next(desk.codes))
    other = DeskDevice(device.id, device.key, device.server_key, device.site)
    other.arrive(next(desk.codes))
    other.arrive(next(desk.codes))
    device.upload(desk.http)

    said = other.send(desk.http, other.sealed[1:])

    assert [(each["outcome"], each["flags"]) for each in said["verdicts"]] == [
        ("accepted", ["gap"])
    ]


def test_a_device_that_was_set_back_numbers_anew_and_nothing_of_it_is_lost(desk: Desk) -> None:
    device = desk.device
    device.arrive(next(desk.codes))
    device.upload(desk.http)
    set_back = DeskDevice(device.id, device.key, device.server_key, device.site)
    person = set_back.arrive(next(desk.codes))

    set_back.upload(desk.http)

    assert desk.person(person).came is Came.RECRUIT
    assert {each["outcome"] for each in set_back.verdicts.values()} == {"accepted"}


# --- a server that was restored


@pytest.fixture
def restored(
    backend: str, database_url: str, keyring: Keyring, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """Copies a database that nobody has open, and opens a copy as the server of that day."""
    made: list[tuple[Database, str]] = []

    def copy(source: str) -> str:
        name = f"pdi_copy_{uuid4().hex}"
        if backend == "sqlite":
            path = Path(source.removeprefix("sqlite:///"))
            shutil.copyfile(path, path.with_name(name))
            return f"sqlite:///{path.with_name(name)}"
        postgres: Postgres = request.getfixturevalue("postgres")
        return postgres.create(name, template=make_url(source).database or "")

    def open_again(url: str) -> Database:
        database = Database(url, keyring)
        made.append((database, url))
        return database

    open_again.copy = copy  # type: ignore[attr-defined]
    yield open_again
    for database, url in made:
        database.close()
        if backend == "postgresql" and "pdi_copy_" in url:
            request.getfixturevalue("postgres").drop(make_url(url).database or "")


@pytest.mark.parametrize("says_so", [True, False])
def test_a_server_restored_from_yesterday_gets_everything_again_once(
    database_url: str, keyring: Keyring, restored: Any, says_so: bool
) -> None:
    desk = a_desk(restored(database_url), keyring)
    device = desk.device
    people = [device.arrive(next(desk.codes))]
    device.go_through_visit(people[0])
    device.upload(desk.http)
    desk.database.close()
    yesterday = restored.copy(database_url)
    desk.database = restored(database_url)
    desk.http = client(desk.database, keyring, now=LATER)
    people.append(device.arrive(next(desk.codes)))
    device.go_through_visit(people[1])
    device.upload(desk.http)
    desk.database.close()

    desk.database = restored(yesterday)
    desk.http = client(desk.database, keyring, now=LATER)
    if says_so:
        with desk.database.transaction() as session:
            installation.begin_epoch(session, now=LATER)
    people.append(device.arrive(next(desk.codes)))
    said = device.send(desk.http, device.waiting)

    assert said["resend_from"] == VISIT + 1
    assert said["verdicts"] == []  # what comes after what was lost waits for it
    device.upload(desk.http)
    assert len(device.waiting) == 0
    assert {verdict["outcome"] for verdict in device.verdicts.values()} == {"accepted"}
    assert not any(verdict["flags"] for verdict in device.verdicts.values())
    assert [desk.person(person).standing for person in people] == [
        Standing.ENROLLED,
        Standing.ENROLLED,
        Standing.ARRIVED,
    ]
    assert (desk.count(DeskEvent), desk.count(Redemption)) == (2 * VISIT + 1, 3)
    assert desk.faults() == []


@pytest.mark.parametrize("was_let_before", [True, False])
@pytest.mark.parametrize("says_so", [True, False])
def test_a_device_enrolled_after_the_backup_is_known_again_and_loses_nothing(
    database_url: str, keyring: Keyring, restored: Any, *, says_so: bool, was_let_before: bool
) -> None:
    desk = a_desk(restored(database_url), keyring)
    begun = let(desk) if was_let_before else None
    desk.database.close()
    yesterday = restored.copy(database_url)
    desk.database = restored(database_url)
    desk.http = client(desk.database, keyring, now=LATER)
    device = enrolled(desk, begun or let(desk))
    people = [device.arrive(next(desk.codes))]
    device.go_through_visit(people[0])
    device.upload(desk.http)
    people.append(device.arrive(next(desk.codes)))
    desk.database.close()

    desk.database = restored(yesterday)
    desk.http = client(desk.database, keyring, now=LATER)
    if says_so:
        with desk.database.transaction() as session:
            installation.begin_epoch(session, now=LATER)
    said = device.send(desk.http, device.waiting)
    device.upload(desk.http)
    device.upload(desk.http)

    assert (said["device"], said["resend_from"]) == ("active", 1)
    assert {verdict["outcome"] for verdict in device.verdicts.values()} == {"accepted"}
    assert not any(verdict["flags"] for verdict in device.verdicts.values())
    assert desk.person(people[0]).standing is Standing.ENROLLED
    assert (desk.count(DeskEvent), desk.count(Redemption)) == (VISIT + 1, 2)
    with desk.database.snapshot() as session:
        row = session.get_one(Device, device.id)
        assert (row.label, row.site_id) == ("Tablet 9", desk.place.site.id)
        assert (row.staff_id, row.enrolled_at) == (desk.place.intake.staff_id, NOON)
        assert (row.known_again_at, row.secret_digest) == (LATER, None)
        acts = session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject == str(device.id))
        )
        assert list(acts).count("device.known_again") == 1
    assert desk.faults() == []


def test_a_device_asked_for_at_once_by_many_is_known_again_once(desk: Desk) -> None:
    device = enrolled(desk, let(desk))
    device.arrive(next(desk.codes))
    forget(desk, device)

    with ThreadPoolExecutor(4) as many:
        said = list(many.map(lambda _: device.send(desk.http, device.sealed), range(4)))

    assert [each["verdicts"] for each in said] == [said[0]["verdicts"]] * 4
    assert device.outcome(UUID(device.sealed[0]["id"])) == ("accepted", None)
    assert desk.count(Redemption) == 1


@pytest.mark.parametrize("lost", ["person", "site"])
def test_a_device_whose_person_or_site_came_after_the_backup_too_waits(
    desk: Desk, lost: str
) -> None:
    device = enrolled(desk, let(desk))
    claim = device_keys.claim_of(desk.keyring, device.key)
    assert claim is not None
    if lost == "person":
        claim = replace(claim, staff_id=uuid4())
    else:
        claim = replace(claim, site_id=uuid4())
    device.key = device_keys.key_of(desk.keyring, claim)
    device.arrive(next(desk.codes))
    forget(desk, device)

    said = device.send(desk.http, device.sealed)

    assert (said["device"], said["verdicts"]) == ("unknown", [])
    assert [each["code"] for each in said["left"]] == ["unknown_device"]


@pytest.mark.parametrize("wrong", ["altered", "foreign", "moved", "cut", "empty"])
def test_a_key_that_proves_nothing_makes_no_device_known(desk: Desk, wrong: str) -> None:
    device, other = enrolled(desk, let(desk)), enrolled(desk, let(desk, "Tablet 10"))
    key = device.key
    claim = device_keys.claim_of(desk.keyring, key)
    assert claim is not None
    device.key = {
        "altered": key[:40] + ("A" if key[40] != "A" else "B") + key[41:],
        "foreign": device_keys.key_of(Keyring(bytes(32)), claim),
        "moved": other.key[:26] + key[26:],
        "cut": key[:-8],
        "empty": "",
    }[wrong]
    device.arrive(next(desk.codes))
    forget(desk, device)

    said = device.send(desk.http, device.sealed)
    shown = desk.http.get(
        "/api/v1/desk/pack", headers={"Authorization": f"Bearer {device.key or 'x'}"}
    )

    assert (said["device"], said["verdicts"]) == ("unknown", [])
    is_problem(shown, 401, "unknown_device")
    with desk.database.snapshot() as session:
        assert session.get(Device, device.id) is None


def test_a_forgotten_device_is_known_again_by_the_key_it_shows(desk: Desk) -> None:
    device = enrolled(desk, let(desk))
    forget(desk, device)
    shown = {"Authorization": f"Bearer {device.key}"}

    said = desk.http.post("/api/v1/desk/events", json=device.request([], waiting=3), headers=shown)
    again = desk.http.get("/api/v1/desk/pack", headers=shown)

    assert said.json()["device"] == "active"
    assert again.status_code == 200
    with desk.database.snapshot() as session:
        assert session.get_one(Device, device.id).waiting == 3


def test_a_forgotten_device_of_someone_who_left_is_locked(desk: Desk) -> None:
    device = enrolled(desk, let(desk))
    device.arrive(next(desk.codes), at=LATER - timedelta(minutes=10))
    forget(desk, device)
    with desk.database.transaction() as session:
        session.get_one(StaffMember, desk.place.intake.staff_id).left_at = LATER

    said = device.send(desk.http, device.sealed)

    assert said["device"] == "revoked"
    assert device.outcome(UUID(device.sealed[0]["id"])) == ("accepted", None)


def let(desk: Desk, label: str = "Tablet 9") -> str:
    """The secret with which a device can be enrolled for the intake."""
    with desk.database.transaction() as session:
        return device_actions.begin_enrolment(
            session,
            label=label,
            staff_id=desk.place.intake.staff_id,
            by=desk.place.manager,
            now=NOON,
        ).secret


def enrolled(desk: Desk, secret: str) -> DeskDevice:
    with desk.database.transaction() as session:
        made = device_actions.enrol(session, secret, browser="a test", now=NOON)
    return DeskDevice(made.device.id, made.key, desk.device.server_key, desk.device.site)


def forget(desk: Desk, device: DeskDevice) -> None:
    """As a server does that is restored from a backup older than the device."""
    with desk.database.transaction() as session:
        session.execute(delete(Device).where(Device.id == device.id))


# --- what a device says of itself


def test_a_device_that_sends_nothing_is_believed_only_with_its_key(desk: Desk) -> None:
    device = desk.device
    body = device.request([], waiting=7, last_problem="slow", now=LATER - timedelta(hours=1))

    for shown in ({}, {"Authorization": "Bearer pdd_x"}, {"Authorization": "Basic x"}):
        assert desk.http.post("/api/v1/desk/events", json=body, headers=shown).status_code == 200
    assert reported(desk) == (0, None, 0)

    key = {"Authorization": f"Bearer {device.key}"}
    said = desk.http.post("/api/v1/desk/events", json=body, headers=key)

    assert said.json()["verdicts"] == []
    assert reported(desk) == (7, "slow", 3600)


def test_another_devices_key_vouches_for_nothing(desk: Desk) -> None:
    key = {"Authorization": f"Bearer {desk.another_device().key}"}

    desk.http.post("/api/v1/desk/events", json=desk.device.request([], waiting=7), headers=key)

    assert reported(desk) == (0, None, 0)


def reported(desk: Desk) -> tuple[int, str | None, int]:
    with desk.database.snapshot() as session:
        row = session.get_one(Device, desk.device.id)
        return row.waiting, row.last_problem, row.skew_seconds


def test_a_device_that_the_server_does_not_know_keeps_its_events(desk: Desk) -> None:
    stranger = DeskDevice(uuid4(), "pdd_x", desk.device.server_key, desk.device.site)
    stranger.arrive(next(desk.codes))

    said = stranger.send(desk.http, stranger.sealed)

    assert said["device"] == "unknown"
    assert said["verdicts"] == []
    assert [each["code"] for each in said["left"]] == ["unknown_device"]
    assert stranger.waiting == stranger.sealed


# --- a device that was locked


def test_what_was_done_before_a_device_was_locked_is_booked_and_what_came_after_is_not(
    desk: Desk,
) -> None:
    device, locked_at = desk.device, LATER - timedelta(hours=1)
    before = device.arrive(next(desk.codes), at=locked_at - timedelta(minutes=10))
    first = arrival_of(device, before)
    after = device.arrive(next(desk.codes), at=locked_at + timedelta(minutes=10))
    second = arrival_of(device, after)
    with desk.database.transaction() as session:
        device_actions.revoke(session, device.id, by=desk.place.manager, now=locked_at)

    said = device.send(desk.http, device.sealed)

    assert said["device"] == "revoked"
    assert device.outcome(first) == ("accepted", None)
    assert device.verdicts[first]["flags"] == ["device_revoked"]
    assert device.outcome(second) == ("refused", "device_revoked")
    assert desk.kept(second).sealed_body is not None
    with desk.database.snapshot() as session:
        assert session.get(Participant, after) is None
    assert desk.faults() == []


def test_locking_the_device_of_someone_who_left_makes_nothing_good_that_came_after(
    desk: Desk,
) -> None:
    device, left_at = desk.device, LATER - timedelta(hours=2)
    person = device.arrive(next(desk.codes), at=left_at + timedelta(minutes=30))
    with desk.database.transaction() as session:
        remove_member(session, desk.place.intake.staff_id, by=None, now=left_at)
        locked_at = left_at + timedelta(hours=1)
        device_actions.revoke(session, device.id, by=desk.place.manager, now=locked_at)

    device.send(desk.http, device.sealed)

    assert device.outcome(arrival_of(device, person)) == ("refused", "device_revoked")
    assert desk.count(Redemption) == 0


@pytest.mark.parametrize("kind", ["arrival", "fee"])
def test_a_device_books_nothing_at_another_site(desk: Desk, kind: str) -> None:
    """Who holds its key writes what she likes: another site's drawer would pay for what she says she handed out."""
    device, code = desk.device, next(desk.codes)
    with desk.database.transaction() as session:
        other = a_site(session, desk.place.programme.id)
        person = a_seed(session, desk.place)
    device.site = other.code
    fields = {"arrival": {"coupon": code}, "fee": {"payment_id": str(uuid4()), "minor": "750"}}
    event = device.work(kind, person, fields[kind])

    device.upload(desk.http)

    assert device.outcome(event) == ("refused", "unknown_site")
    assert desk.kept(event).sealed_body is not None  # for people to see
    assert (desk.count(Redemption), desk.count(LedgerEntry)) == (0, 0)


# --- two desks


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_two_desks_with_one_card_end_alike_in_every_order_of_upload(
    desk: Desk, order: tuple[int, ...]
) -> None:
    code = next(desk.codes)
    devices = [desk.device, desk.another_device("Tablet 2"), desk.another_device("Tablet 3")]
    scans, people = [], []
    for device in devices:
        people.append(device.arrive(code, at=LATER - timedelta(hours=3)))
        scans.append(arrival_of(device, people[-1]))
        device.go_through_visit(people[-1], at=LATER - timedelta(hours=3))
        for place in order:
            if len(scans) == 3:
                devices[place].upload(desk.http)
    for device in devices:
        device.send(desk.http, device.sealed)  # and all of it once more

    outcomes = [devices[place].outcome(scans[place])[0] for place in order]
    assert outcomes == ["accepted", "conflict", "conflict"]
    assert sorted(desk.redemption(scan).outcome.value for scan in scans) == [
        "accepted",
        "conflict",
        "conflict",
    ]
    assert {desk.person(person).standing for person in people} == {Standing.ENROLLED}
    with desk.database.snapshot() as session:
        coupon = session.scalar(select(Coupon.status).where(names(session, read_coupon(code))))
        assert coupon is not None
        assert coupon.value == "redeemed"
        held = session.scalar(select(func.count()).select_from(BaselineInterview))
    assert held == 3
    assert desk.faults() == []


def test_two_devices_that_take_the_same_cards_in_opposite_order_both_come_through(
    desk: Desk,
) -> None:
    # In one transaction each they wait for one another; the database ends one, which then goes one by one.
    codes, devices = [next(desk.codes) for _ in range(10)], [desk.device, desk.another_device()]
    for code, back in zip(codes, reversed(codes), strict=True):
        devices[0].arrive(code)
        devices[1].arrive(back)
    devices[0].send(desk.http, [])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda device: device.upload(desk.http), devices))

    heard = [verdict for device in devices for verdict in device.verdicts.values()]
    assert sorted(verdict["outcome"] for verdict in heard) == ["accepted"] * 10 + ["conflict"] * 10
    assert desk.faults() == []


def test_a_card_that_cannot_be_used_leaves_a_person_whose_visit_goes_on(desk: Desk) -> None:
    device = desk.device
    person = device.arrive(new_code().digits)
    scan = arrival_of(device, person)
    step = device.work("eligibility", person, {"sex": "female", "age": "22", "injected": "yes"})

    device.upload(desk.http)

    assert device.outcome(scan) == ("refused", "unknown_coupon")
    assert device.outcome(step) == ("accepted", None)
    assert desk.person(person).came is Came.WALK_IN
    assert desk.kept(scan).sealed_body is None  # nothing of it is left to book
    assert desk.count(RefusedScan) == 1


def test_a_card_that_can_be_no_card_leaves_a_person_too(desk: Desk) -> None:
    person = desk.device.arrive("a poem")
    scan = arrival_of(desk.device, person)

    desk.device.upload(desk.http)

    assert desk.device.outcome(scan) == ("refused", "mistyped_code")
    assert desk.person(person).came is Came.WALK_IN


# --- money, cards and second thoughts


@pytest.mark.parametrize(
    ("allowed", "off", "flags"),
    [
        (True, 0, []),
        (True, -1, ["fee_not_owed"]),
        (False, 0, ["fee_not_allowed"]),
        (False, -1, ["fee_not_allowed", "fee_not_owed"]),
    ],
)
def test_a_fee_that_left_the_drawer_is_in_the_books_whatever_the_rules_say(
    database: Database, keyring: Keyring, allowed: bool, off: int, flags: list[str]
) -> None:
    desk = a_desk(database, keyring, fee_offline=allowed)
    device, minor = desk.device, Protocol().stipends.primary + off
    person = device.arrive(next(desk.codes))
    device.go_through_visit(person)
    fee = device.work("fee", person, {"payment_id": str(uuid4()), "minor": str(minor)})

    device.upload(desk.http)
    device.send(desk.http, device.sealed)

    assert device.outcome(fee) == ("accepted", None)
    assert device.verdicts[fee]["flags"] == flags
    with desk.database.snapshot() as session:
        left = session.execute(
            select(LedgerEntry.debit, LedgerEntry.amount_minor).where(
                LedgerEntry.credit == Account.CASH_FLOAT
            )
        ).all()
    expected = Account.CASH_LOSS if off else Account.STIPENDS_PAYABLE
    assert [tuple(row) for row in left] == [(expected, minor)]
    assert desk.faults() == []


@pytest.mark.parametrize("minor", ["0", "", "-1", "1e3", "\u0663", "751"])
def test_a_fee_of_no_amount_is_kept_for_people_to_see(desk: Desk, minor: str) -> None:
    device = desk.device
    fee = device.work("fee", device.arrive(next(desk.codes)), {"minor": minor})

    device.upload(desk.http)

    assert device.outcome(fee)[0] == "refused"
    assert desk.kept(fee).sealed_body is not None


def test_cards_of_a_pad_are_hers_from_the_day_they_were_handed_over(desk: Desk) -> None:
    device, came = desk.device, LATER - timedelta(hours=30)
    with desk.database.transaction() as session:
        pad = a_pad(session, desk.place)
    person = device.arrive(next(desk.codes), at=came)
    device.go_through_visit(person, at=came)
    given = device.work("bundle", person, {"coupon": pad[1][1].text, "given": "3"}, at=came)

    device.upload(desk.http)
    device.send(desk.http, device.sealed)

    assert device.outcome(given) == ("accepted", None)
    assert device.verdicts[given]["flags"] == []
    with desk.database.snapshot() as session:
        coupon = session.scalars(select(Coupon).where(names(session, pad[0][0]))).one()
        assert coupon.usable_from == came.date() + DAY
    assert desk.faults() == []


def test_cards_of_someone_who_may_not_have_them_yet_are_kept_for_her(desk: Desk) -> None:
    with desk.database.transaction() as session:
        pad = a_pad(session, desk.place)
    code, devices = next(desk.codes), [desk.device, desk.another_device()]
    for device in devices:
        person = device.arrive(code)
        device.go_through_visit(person)
    given = devices[1].work("bundle", person, {"coupon": pad[0][1].text, "given": "3"})

    for device in devices:
        device.upload(desk.http)

    assert devices[1].outcome(given) == ("accepted", None)
    assert devices[1].verdicts[given]["flags"] == ["pad_promised"]
    assert desk.kept(given).sealed_body is None
    assert desk.faults() == []


def test_an_arrival_is_taken_back_on_the_device_that_noted_it(desk: Desk) -> None:
    device, code, came = desk.device, next(desk.codes), LATER - timedelta(hours=9)
    slip = device.arrive(code, at=came)
    scan = arrival_of(device, slip)
    minutes = timedelta(minutes=4)
    undone = device.work("undo", slip, {"scan": str(scan)}, at=came + minutes)
    person = device.arrive(code, at=came + 2 * minutes)

    device.upload(desk.http)
    device.send(desk.http, device.sealed)

    assert device.outcome(undone) == ("accepted", None)
    assert desk.person(slip).standing is Standing.MISTAKEN
    assert desk.person(person).came is Came.RECRUIT
    assert desk.faults() == []


def test_what_is_taken_back_too_late_is_for_a_coupon_manager_to_see(desk: Desk) -> None:
    device, came = desk.device, LATER - timedelta(hours=9)
    person = device.arrive(next(desk.codes), at=came)
    scan = arrival_of(device, person)
    late = device.work("undo", person, {"scan": str(scan)}, at=came + timedelta(minutes=6))

    device.upload(desk.http)

    assert device.outcome(late) == ("refused", "undo_over")
    assert desk.kept(late).sealed_body is not None


def test_whoever_was_given_money_after_all_was_here(desk: Desk) -> None:
    device = desk.device
    person = device.arrive(next(desk.codes))
    device.work("undo", person, {"scan": device.sealed[-1]["id"]})
    fee = device.work("fee", person, {"payment_id": str(uuid4()), "minor": "750"})

    device.upload(desk.http)

    assert device.outcome(fee) == ("accepted", None)
    assert desk.person(person).standing is Standing.ARRIVED
    assert desk.faults() == []


def test_cards_for_someone_who_never_was_here_are_for_people_to_see(desk: Desk) -> None:
    """Nothing would ever decide about a pad that was promised to her."""
    device = desk.device
    with desk.database.transaction() as session:
        pad = a_pad(session, desk.place)
    person = device.arrive(next(desk.codes))
    device.work("undo", person, {"scan": device.sealed[-1]["id"]})
    given = device.work("bundle", person, {"coupon": pad[0][1].text, "given": "3"})

    device.upload(desk.http)

    assert device.outcome(given) == ("refused", "not_ready_for_bundle")
    assert desk.kept(given).sealed_body is not None


def test_the_address_needs_no_log_in_and_gives_nothing_away(desk: Desk) -> None:
    body = desk.device.request([{"id": str(uuid4()), "seq": 1, "sealed": to_text(bytes(200))}])

    reply = desk.http.post("/api/v1/desk/events", json=body, headers={"Authorization": "Bearer x"})

    assert reply.status_code == 200
    assert [each["code"] for each in reply.json()["verdicts"]] == ["unreadable_event"]
    with desk.database.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(DeskEvent)) == 0
