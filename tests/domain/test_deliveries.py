"""The order in which a device's events are played, when they happened, and the answers that are kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.core import installation
from app.core.crypto import Keyring
from app.core.db import Database, apart
from app.domain.audit.errors import ReasonNeeded
from app.domain.deliveries import actions, queries
from app.domain.deliveries.actions import Delivered
from app.domain.deliveries.errors import UnknownDelivery, UnknownEvent
from app.domain.deliveries.models import DeskEvent
from app.domain.deliveries.queries import Answer
from app.domain.deliveries.rules import (
    LONGEST_VALUE,
    Outcome,
    Settled,
    happened_at,
    is_unbroken,
    read_event,
    turn,
)
from app.domain.participants.models import Participant
from app.domain.visits import actions as visits
from tests.devices import DeskDevice, a_device
from tests.domain.test_edges import SEEDS, Loot, moments
from tests.factories import LATER, NOON, Place, a_bundle, a_place, a_seed, client

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WRITTEN: dict[str, object] = {
    "v": 1,
    "at": "2026-03-04T11:00:00.000Z",
    "previous": "",
    "kind": "interview",
    "person": str(UUID(int=5)),
    "site": "S1",
    "fields": {"network_size": " 8 "},
}

# --- order


@given(st.lists(st.integers(1, 12), max_size=12), st.integers(0, 12))
def test_nothing_is_played_before_what_may_still_come(numbers: list[int], top: int) -> None:
    order = turn(numbers, top=top, known_to=top, elsewhere=1)

    new = [number for number in order.played if number > top]
    assert sorted(set(new)) == list(range(top + 1, top + 1 + len(set(new))))
    assert list(order.played) == sorted(order.played)
    assert sorted((*order.played, *order.left)) == sorted(numbers)
    assert not order.after_gap


@given(st.lists(st.integers(1, 12), max_size=12, unique=True), st.integers(0, 12))
def test_when_nothing_else_can_come_everything_is_played(numbers: list[int], top: int) -> None:
    order = turn(numbers, top=top, known_to=0, elsewhere=0)

    assert order.left == ()
    expected = {
        number for number in numbers if number > max([top, *(n for n in numbers if n < number)]) + 1
    }
    assert order.after_gap == expected
    assert order.resend_from is None


@given(st.integers(1, 20), st.data())
def test_any_way_of_sending_plays_each_event_once_and_in_order(
    many: int, data: st.DataObject
) -> None:
    played: list[int] = []
    answered: set[int] = set()

    def send(numbers: list[int]) -> None:
        top, known_to = max(played, default=0), max(answered, default=0)
        elsewhere = many - len(answered | set(numbers))
        order = turn(numbers, top=top, known_to=known_to, elsewhere=elsewhere)
        played.extend(number for number in order.played if number not in played)
        answered.update(order.played)

    for _ in range(data.draw(st.integers(0, 8))):
        send(data.draw(st.lists(st.integers(1, many), unique=True)))
    while len(answered) < many:
        waiting = [number for number in range(1, many + 1) if number not in answered]
        send(waiting[:5])

    assert played == list(range(1, many + 1))


def test_a_server_that_has_forgotten_asks_again_before_it_goes_on() -> None:
    assert turn([11], top=6, known_to=10, elsewhere=0).left == (11,)
    assert turn([11], top=6, known_to=10, elsewhere=0).resend_from == 7
    assert turn([7, 8], top=6, known_to=10, elsewhere=0).played == (7, 8)
    assert turn([7, 8], top=6, known_to=10, elsewhere=0).resend_from == 9


def test_what_a_device_has_lost_itself_is_a_gap_once_it_has_been_asked() -> None:
    asked = turn([11], top=6, known_to=6, elsewhere=0)

    assert asked.played == (11,)
    assert asked.after_gap == {11}
    assert asked.resend_from is None


@pytest.mark.parametrize(
    ("previous", "before", "unbroken"),
    [
        ("", None, True),
        ("ab" * 32, b"\xab" * 32, True),
        ("", b"\x01" * 32, False),
        ("ab" * 32, None, False),
        ("ab" * 32, b"\x01" * 32, False),
    ],
)
def test_an_event_names_the_one_before_it(
    previous: str, before: bytes | None, unbroken: bool
) -> None:
    assert is_unbroken(previous, before) is unbroken


# --- time


@given(st.integers(-3 * 24 * 60, 3 * 24 * 60), st.integers(0, 2 * 24 * 60))
def test_a_clock_that_is_wrong_by_a_constant_is_put_right(wrong: int, ago: int) -> None:
    skew, true = timedelta(minutes=wrong), NOW - timedelta(minutes=ago)

    at, flags = happened_at(true + skew, skew=-skew, now=NOW)

    if abs(wrong) <= 5:
        assert at == min(true + skew, NOW)
        assert not flags
    else:
        assert at == true
        assert [flag.value for flag in flags] == ["clock_ahead" if wrong > 0 else "clock_behind"]


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.just(NOW - 40 * DAY),
)
def test_whatever_a_device_says_it_was_neither_later_than_now_nor_before_the_device(
    said: datetime, clock: datetime, since: datetime | None
) -> None:
    at, _ = happened_at(said, skew=NOW - clock, now=NOW, since=since)

    assert at <= NOW
    assert since is None or at >= since - timedelta(minutes=5)


# --- the text of an event


def test_an_event_is_read_with_its_time_in_utc_and_its_texts_trimmed() -> None:
    event = read_event(WRITTEN | {"at": "2026-03-04T13:00:00+02:00"})

    assert event.at == datetime(2026, 3, 4, 11, tzinfo=UTC)
    assert event.fields == {"network_size": "8"}


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": "1"},
        {"v": True},
        {"at": "2026-03-04T11:00:00"},
        {"at": 1772622000},
        {"at": "9999-12-31T23:59:59-12:00"},
        {"previous": "AB" * 32},
        {"previous": None},
        {"kind": "x" * 65},
        {"kind": "a\0b"},
        {"person": "someone"},
        {"site": 3},
        {"fields": []},
        {"fields": {"a": 1}},
        {"fields": {"a": "x" * (LONGEST_VALUE + 1)}},
        {"fields": {str(number): "" for number in range(101)}},
    ],
    ids=str,
)
def test_anything_else_is_no_event(change: dict[str, object]) -> None:
    with pytest.raises(UnknownEvent):
        read_event(WRITTEN | change)


# --- what is kept


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        installation.ensure_installed(session, now=NOON)
        return a_place(session)


@pytest.fixture
def device(database: Database, place: Place, keyring: Keyring) -> DeskDevice:
    with database.transaction() as session:
        return a_device(session, place, keyring)


def keep(database: Database, place: Place, device: DeskDevice, seq: int = 1) -> UUID:
    """A refused event, with what was entered."""
    event = uuid4()
    with database.transaction() as session:
        came = Delivered(device.id, place.programme.id, b"d" * 32, b"h" * 32)
        answer = Answer(event, seq, Outcome.REFUSED, "device_revoked", ("gap",))
        actions.keep(session, came, answer, now=LATER, unbooked={"kind": "consent"})
    return event


def test_an_answer_is_read_back_as_it_was_given(
    database: Database, place: Place, device: DeskDevice
) -> None:
    event = keep(database, place, device, seq=4)

    with database.snapshot() as session:
        assert queries.digests(session, [event, uuid4()]) == {
            event: (
                b"d" * 32,
                Answer(event, 4, Outcome.REFUSED, "device_revoked", ("gap",)),
            )
        }
        assert queries.top(session, device.id) == 4
        assert queries.hash_of(session, device.id, 4) == b"h" * 32
        assert queries.body_of(session, event) == {"kind": "consent"}
        assert queries.count_unbooked(session, place.programme.id, site_id=place.site.id) == 1
        assert queries.count_unbooked(session, place.programme.id, site_id=uuid4()) == 0


def test_an_answer_never_changes(database: Database, place: Place, device: DeskDevice) -> None:
    keep(database, place, device)

    for statement in ("UPDATE desk_event SET outcome = 'accepted'", "DELETE FROM desk_event"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            database.transaction() as session,
        ):
            session.execute(text(statement))


def test_a_decision_needs_a_reason_and_is_made_once(
    database: Database, place: Place, device: DeskDevice
) -> None:
    event = keep(database, place, device)

    def settle(reason: str) -> None:
        with database.transaction() as session:
            actions.settle(
                session,
                event,
                Settled.NOTED,
                reason=reason,
                site_id=None,
                by=place.manager,
                now=LATER,
            )

    with pytest.raises(ReasonNeeded):
        settle(" ")
    settle("Entered again by hand")
    with pytest.raises(UnknownDelivery):
        settle("Once more")
    with database.snapshot() as session:
        assert queries.unbooked(session, place.programme.id, site_id=None) == []


def test_a_unit_of_work_apart_fails_alone(
    database: Database, place: Place, device: DeskDevice
) -> None:
    event = keep(database, place, device)

    def fail(session: Session) -> None:
        with apart(session) as inner:
            inner.execute(text("UPDATE device SET label = 'changed'"))
            raise ZeroDivisionError

    with database.transaction() as session:
        with pytest.raises(ZeroDivisionError):
            fail(session)
        with apart(session) as inner:
            inner.execute(text("UPDATE device SET waiting = 7"))

    with database.snapshot() as session:
        assert session.execute(text("SELECT label, waiting FROM device")).one() == ("Tablet 1", 7)
        assert session.get(DeskEvent, event)


# --- edges


@pytest.fixture
def edges(
    database: Database, place: Place, device: DeskDevice, keyring: Keyring
) -> list[tuple[UUID, UUID]]:
    """Chains of three that came on a device, whose events were sent together; some could not be booked."""
    clock, now, found = moments(), LATER + 3 * DAY, []
    with database.transaction() as session:
        seeds = [a_seed(session, place, now=next(clock)) for _ in range(SEEDS)]
        cards = [a_bundle(session, place, seed, now=next(clock)).coupons[0].code for seed in seeds]
    for seed, card in zip(seeds, cards, strict=True):
        came = next(clock) + 2 * DAY
        person = device.arrive(card, at=came)
        device.go_through_visit(person, at=came)
        found.append((seed, person))
    device.work("interview", uuid4(), {"network_size": "1"}, at=next(clock) + 2 * DAY)
    device.upload(client(database, keyring, now=clock_of(now)), now=now)
    with database.transaction() as session:
        for _, person in list(found):
            hers = visits.give_bundle(session, person, by=place.intake, now=next(clock) + 3 * DAY)
            friend = device.arrive(hers.coupons[0].code, at=next(clock) + 5 * DAY)
            found.append((person, friend))
    now += 2 * DAY
    device.upload(client(database, keyring, now=clock_of(now)), now=now)
    return found


def clock_of(start: datetime) -> Callable[[], datetime]:
    """A clock that never says the same twice."""
    ticks = count()
    return lambda: start + next(ticks) * timedelta(seconds=1, microseconds=7)


def test_no_join_leads_through_what_devices_sent(
    database: Database, edges: list[tuple[UUID, UUID]]
) -> None:
    with database.snapshot() as session:
        people = set(session.scalars(select(Participant.id)))
    assert {person for edge in edges for person in edge} <= people
    loot = Loot(database)

    assert [edge for edge in edges if loot.connects(edge[0].hex, edge[1].hex)] == []


def test_the_control_an_event_that_named_both_would_be_found(
    database: Database, edges: list[tuple[UUID, UUID]]
) -> None:
    recruiter, recruit = edges[-1]
    with database.transaction() as session:
        device = session.scalars(select(DeskEvent)).first()
        assert device is not None
        came = Delivered(device.device_id, device.programme_id, recruit.bytes, recruiter.bytes)
        answer = Answer(uuid4(), 10_000, Outcome.ACCEPTED, None, ())
        actions.keep(session, came, answer, now=LATER)

    assert Loot(database).connects(recruiter.hex, recruit.hex)
