"""What other systems are told, under which id, with which keys, and for how long it is kept."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from standardwebhooks import Webhook, WebhookVerificationError

from app.core.crypto import keyring_of
from app.core.db import Database
from app.core.ids import uuid7
from app.core.outbox import Event
from app.domain.batches.events import BatchReleased
from app.domain.webhooks import actions, queries, rules
from app.domain.webhooks.actions import Said, Wanted, take, tell
from app.domain.webhooks.errors import (
    BadWebhook,
    NothingToSend,
    TwoKeysAlready,
    UnknownWebhook,
    WebhookOff,
)
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookKey
from app.domain.webhooks.rules import (
    BACKOFF,
    KEEP_BODY,
    KEEP_LOG,
    LEFT_OUT,
    PATIENCE,
    TYPES,
    OffBecause,
    Problem,
    State,
)
from app.subscribers import SUBSCRIBERS, Happened, tell_webhooks
from app.upkeep import DUTIES
from app.worker import run_once
from tests.batches import a_released_batch, an_office
from tests.factories import LATER, NOON, Place, a_finished_visit, a_place
from tests.webhooks import ADDRESS, a_release, administrator, an_endpoint

OK, BROKEN = Said(204), Said(500)


@pytest.fixture
def place(session: Session) -> Place:
    return a_place(session)


def log_of(session: Session, place: Place, endpoint_id: UUID) -> list[queries.DeliveryFacts]:
    return queries.deliveries(session, endpoint_id, programme_id=place.programme.id)


def facts(session: Session, place: Place, endpoint_id: UUID) -> queries.EndpointFacts:
    return queries.endpoint(session, endpoint_id, programme_id=place.programme.id)


def tried(
    session: Session, endpoint_id: UUID, said: Said, *, now: datetime = NOON
) -> actions.Taken:
    taken = take(session, endpoint_id, now=now)
    assert taken
    actions.note(session, taken, said, luck=0.0, now=now)
    return taken


def test_every_kind_of_event_is_told_or_left_out_for_a_reason() -> None:
    kinds = {each.__name__ for each in Event.__subclasses__() if each.__module__.startswith("app.")}
    told = {each.kind for each in TYPES.values()}

    assert kinds - told == set(LEFT_OUT) & kinds
    assert not told & set(LEFT_OUT)
    assert {kind for kind, those in SUBSCRIBERS.items() if tell_webhooks in those} == told


@pytest.mark.parametrize("name", sorted(TYPES))
def test_an_event_is_told_by_its_ids_and_a_state_and_nothing_else(name: str) -> None:
    told, ids = TYPES[name], {each: uuid4().hex for each in TYPES[name].ids}
    happened = ids | {"amount_minor": 4711, "language": "uk", "name": "Olena"}

    body = json.loads(rules.body_of(told, happened, at=NOON, on=NOON.date()))

    assert body.keys() == {"type", "timestamp", "data"}
    assert {key: UUID(body["data"].pop(key)).hex for key in ids} == ids
    assert body["data"] == ({"state": told.state} if told.state else {})


def test_nothing_that_is_told_names_two_people_or_someone_and_her_cards() -> None:
    for told in TYPES.values():
        assert len(told.ids) == 1
        assert not set(told.ids) & {"bundle_id", "coupon_id", "recruiter_id"}
        assert told.is_by_day == (told.ids[0] != "batch_id")


def test_of_people_the_day_where_they_are_is_told_and_of_the_rest_the_minute() -> None:
    late = datetime(2026, 3, 2, 22, 30, 41, 5, tzinfo=UTC)
    on = date(2026, 3, 3)

    redeemed = rules.body_of(
        TYPES["coupon.redeemed"], {"redemption_id": uuid4().hex}, at=late, on=on
    )
    closed = rules.body_of(TYPES["payout_batch.closed"], {"batch_id": uuid4().hex}, at=late, on=on)

    assert json.loads(redeemed)["timestamp"] == "2026-03-03"
    assert json.loads(closed)["timestamp"] == "2026-03-02T22:30:00Z"


def test_an_event_goes_once_to_each_that_listens(session: Session, place: Place) -> None:
    first, _ = an_endpoint(session, place)
    second, _ = an_endpoint(session, place, types=["payout_batch.released"])
    deaf, _ = an_endpoint(session, place, types=["float.low"])
    elsewhere, _ = an_endpoint(session, a_place(session))
    event: dict[str, Any] = {"at": NOON, "now": NOON}
    event_id, body = uuid7(), {"batch_id": str(uuid4())}

    told = [
        tell(session, place.programme.id, event_id, "BatchReleased", body, **event)
        for _ in range(3)
    ]

    assert told == [2, 0, 0]
    lines = [log_of(session, place, each) for each in (first, second, deaf, elsewhere)]
    assert [len(each) for each in lines] == [1, 1, 0, 0]
    assert lines[0][0].webhook_id == lines[1][0].webhook_id


def test_the_id_a_receiver_knows_does_not_tell_when_it_happened(
    session: Session, place: Place
) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    event_id = uuid7()

    tell(
        session, place.programme.id, event_id, "VisitCompleted",
        {"participant_id": uuid4().hex}, at=NOON, now=NOON,
    )  # fmt: skip

    (line,) = log_of(session, place, endpoint_id)
    assert line.webhook_id.version == 4
    assert event_id.hex[:8] not in line.webhook_id.hex


def test_what_happens_in_the_program_arrives_in_the_log(database: Database) -> None:
    with database.transaction() as session:
        office = an_office(session)
        endpoint_id, _ = an_endpoint(session, office.place)
        visit = a_finished_visit(session, office.place)
        batch = a_released_batch(session, office, now=LATER)

    run_once(database, now=LATER)
    run_once(database, now=LATER)

    with database.transaction() as session:
        told = {}
        while taken := take(session, endpoint_id, now=LATER):
            body = json.loads(taken.body)
            told[body["type"]] = body["data"]
            actions.note(session, taken, OK, luck=0.0, now=LATER)
    assert told == {
        "coupon.redeemed": {"redemption_id": str(visit.redemption.id)},
        "visit.completed": {"participant_id": str(visit.participant_id)},
        "payout_batch.released": {"batch_id": str(batch.id), "state": "released"},
    }


def test_an_event_delivered_twice_by_the_worker_is_told_once(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        endpoint_id, _ = an_endpoint(session, place)
    body = {"batch_id": str(uuid4())}
    happened = Happened(uuid7(), place.programme.id, BatchReleased.__name__, body, NOON)

    for _ in range(2):
        tell_webhooks(database, happened, NOON)

    with database.snapshot() as session:
        assert len(log_of(session, place, endpoint_id)) == 1


def test_the_library_of_receivers_takes_what_we_sign(session: Session, place: Place) -> None:
    endpoint_id, key = an_endpoint(session, place)
    batch_id = a_release(session, place)
    taken = take(session, endpoint_id, now=NOON)
    assert taken
    now = datetime.now(UTC)

    headers = rules.headers_of(taken.keys, webhook_id=taken.webhook_id, body=taken.body, now=now)

    assert Webhook(key).verify(taken.body, headers) == {
        "type": "payout_batch.released",
        "timestamp": "2026-03-02T12:00:00Z",
        "data": {"batch_id": str(batch_id), "state": "released"},
    }


@pytest.mark.parametrize("wrong", ["body", "id", "key", "late", "early"])
def test_the_library_refuses_what_was_tampered_with_or_is_old(
    session: Session, place: Place, wrong: str
) -> None:
    endpoint_id, key = an_endpoint(session, place)
    _, other = an_endpoint(session, place)
    a_release(session, place)
    taken = take(session, endpoint_id, now=NOON)
    assert taken
    now = datetime.now(UTC)
    now += {"late": -1, "early": 1}.get(wrong, 0) * timedelta(minutes=6)
    headers = rules.headers_of(taken.keys, webhook_id=taken.webhook_id, body=taken.body, now=now)
    body = taken.body.replace(b"released", b"closed") if wrong == "body" else taken.body
    if wrong == "id":
        headers["webhook-id"] = str(uuid4())

    with pytest.raises(WebhookVerificationError):
        Webhook(other if wrong == "key" else key).verify(body, headers)


def test_while_a_key_changes_both_sign_and_then_only_the_new_one(
    session: Session, place: Place
) -> None:
    endpoint_id, old = an_endpoint(session, place)
    by: dict[str, Any] = {"by": administrator(place), "now": NOON}
    new = actions.renew_key(session, endpoint_id, uuid4(), **by)
    assert new
    assert new != old

    def accepted() -> list[bool]:
        keys, moment, which = queries.live_keys(session, endpoint_id), datetime.now(UTC), uuid4()
        headers = rules.headers_of(keys, webhook_id=which, body=b"{}", now=moment)
        found = []
        for key in (old, new):
            try:
                Webhook(key).verify(b"{}", headers)
                found.append(True)
            except WebhookVerificationError:
                found.append(False)
        return found

    assert accepted() == [True, True]
    with pytest.raises(TwoKeysAlready):
        actions.renew_key(session, endpoint_id, uuid4(), **by)
    actions.end_old_key(session, endpoint_id, **by)
    actions.end_old_key(session, endpoint_id, **by)
    assert accepted() == [False, True]


def test_the_same_form_twice_makes_one_endpoint_and_shows_one_key(
    session: Session, place: Place
) -> None:
    endpoint_id, key = an_endpoint(session, place)
    wanted, by = Wanted("Again", ADDRESS, ["float.low"]), administrator(place)

    again = actions.add_endpoint(session, endpoint_id, wanted, by=by, now=NOON)
    by_another = actions.add_endpoint(session, endpoint_id, wanted, by=place.lead, now=NOON)
    later = actions.add_endpoint(session, endpoint_id, wanted, by=by, now=LATER)

    assert (again, by_another, later) == (key, None, None)
    (found,) = queries.endpoints(session, place.programme.id)
    assert found.name == "Dashboard"


def test_a_key_of_the_same_form_twice_is_one_key(session: Session, place: Place) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    form: dict[str, Any] = {"by": administrator(place), "now": NOON}
    key_id = uuid4()

    keys = {actions.renew_key(session, endpoint_id, key_id, **form) for _ in range(2)}

    assert len(keys) == 1
    assert [key.is_retiring for key in facts(session, place, endpoint_id).keys] == [False, True]


def test_neither_address_nor_key_nor_body_stands_in_the_database_in_clear(
    session: Session, place: Place
) -> None:
    endpoint_id, key = an_endpoint(session, place)
    batch_id = a_release(session, place)

    def dump() -> str:
        return " ".join(
            str(row)
            for table in ("webhook_endpoint", "webhook_key", "webhook_delivery", "audit_event")
            for row in session.execute(text(f"SELECT * FROM {table}"))
        )

    assert "canary" not in dump()
    assert key.removeprefix("whsec_") not in dump()
    assert str(batch_id) not in dump()
    session.execute(text("UPDATE webhook_endpoint SET name = 'canary'"))  # the search can find
    assert "canary" in dump()
    assert "canary" not in repr(facts(session, place, endpoint_id)).replace("name='canary'", "")


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ({"name": " "}, "name", "missing"),
        ({"name": "x" * 61}, "name", "too_long"),
        ({"event_types": []}, "types", "missing"),
        ({"event_types": ["bundle.issued"]}, "types", "unknown"),
        ({"url": "http://hooks.example.org/in"}, "url", "not_https"),
        ({"url": "ftp://hooks.example.org/in"}, "url", "not_https"),
        ({"url": "https://hooks.example.org:22/in"}, "url", "other_port"),
        ({"url": "https://me:secret@hooks.example.org/in"}, "url", "has_password"),
        ({"url": "https://127.0.0.1/in"}, "url", "not_public"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused_with_the_field(
    session: Session, place: Place, given: dict[str, Any], field: str, reason: str
) -> None:
    usual = {"name": "Dashboard", "url": ADDRESS, "event_types": ["float.low"]}

    with pytest.raises(BadWebhook) as refused:
        actions.add_endpoint(
            session, uuid4(), Wanted(**(usual | given)), by=administrator(place), now=NOON
        )

    assert refused.value.facts == {"field": field, "reason": reason}
    assert queries.endpoints(session, place.programme.id) == []


def test_there_is_an_end_to_how_many_are_told(session: Session, place: Place) -> None:
    for _ in range(rules.MOST_ENDPOINTS):
        an_endpoint(session, place)

    with pytest.raises(BadWebhook):
        an_endpoint(session, place)


def test_another_programmes_endpoint_is_not_there(session: Session, place: Place) -> None:
    endpoint_id, _ = an_endpoint(session, a_place(session))
    by: dict[str, Any] = {"by": administrator(place), "now": NOON}

    for act in (
        lambda: actions.switch(session, endpoint_id, is_on=False, **by),
        lambda: actions.renew_key(session, endpoint_id, uuid4(), **by),
        lambda: actions.end_old_key(session, endpoint_id, **by),
        lambda: actions.send_test(session, endpoint_id, uuid4(), **by),
        lambda: actions.remove(session, endpoint_id, **by),
        lambda: actions.repeat_failed(session, endpoint_id, since=NOON.date(), **by),
        lambda: actions.change_endpoint(session, endpoint_id, Wanted("x", ADDRESS, []), **by),
        lambda: actions.add_endpoint(session, endpoint_id, Wanted("x", ADDRESS, []), **by),
        lambda: facts(session, place, endpoint_id),
    ):
        with pytest.raises(UnknownWebhook):
            act()


def test_what_is_leased_is_left_alone_until_its_lease_is_over(
    session: Session, place: Place
) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    a_release(session, place)
    first = take(session, endpoint_id, now=NOON)
    assert first

    assert take(session, endpoint_id, now=NOON + rules.LEASE) is None
    late = NOON + rules.LEASE + timedelta(seconds=1)
    second = take(session, endpoint_id, now=late)

    assert second
    assert (second.webhook_id, second.body) == (first.webhook_id, first.body)
    # The first worker wakes up: what it heard is no longer its to note.
    actions.note(session, first, BROKEN, luck=0.0, now=late)
    (line,) = log_of(session, place, endpoint_id)
    assert (line.last_code, line.tries) == (None, 2)
    actions.note(session, second, OK, luck=0.0, now=late)
    assert log_of(session, place, endpoint_id)[0].state is State.DELIVERED


def test_it_is_tried_ten_times_within_a_little_over_three_days_and_then_no_more(
    session: Session, place: Place
) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    a_release(session, place)
    now, waits = NOON, []
    while True:
        tried(session, endpoint_id, BROKEN, now=now)
        (line,) = log_of(session, place, endpoint_id)
        if line.state is not State.WAITING:
            break
        assert take(session, endpoint_id, now=line.next_try_at - timedelta(seconds=1)) is None
        waits.append(line.next_try_at - now)
        now = line.next_try_at

    assert tuple(waits) == BACKOFF
    assert (line.state, line.tries, line.last_code) == (State.FAILED, len(BACKOFF) + 1, 500)
    assert timedelta(days=3) < now - NOON < timedelta(days=4)


def test_waiting_times_scatter_and_a_receiver_may_ask_for_longer_ones_up_to_a_day() -> None:
    minutes = timedelta(minutes=5)

    assert rules.wait_after(2, luck=0.0, asked=None) == minutes
    assert rules.wait_after(2, luck=1.0, asked=None) == minutes * 1.2
    assert rules.wait_after(2, luck=0.0, asked=timedelta(seconds=1)) == minutes
    assert rules.wait_after(2, luck=0.0, asked=timedelta(hours=1)) == timedelta(hours=1)
    assert rules.wait_after(2, luck=0.0, asked=timedelta(days=90)) == timedelta(days=1)


def test_gone_switches_the_endpoint_off_at_once(session: Session, place: Place) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    a_release(session, place)
    a_release(session, place)

    tried(session, endpoint_id, Said(410))

    found = facts(session, place, endpoint_id)
    assert (found.is_on, found.off_because, found.failed, found.waiting) == (
        False,
        OffBecause.GONE,
        1,
        1,
    )
    assert take(session, endpoint_id, now=LATER) is None
    assert queries.endpoints_due(session, now=LATER) == []


def test_days_of_failures_without_any_success_switch_it_off(session: Session, place: Place) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    for _ in range(3):
        a_release(session, place)

    tried(session, endpoint_id, Said(problem=Problem.TIMEOUT))
    tried(session, endpoint_id, OK, now=NOON + PATIENCE / 2)
    tried(session, endpoint_id, BROKEN, now=NOON + PATIENCE)
    assert facts(session, place, endpoint_id).is_on
    tried(session, endpoint_id, BROKEN, now=NOON + 2 * PATIENCE)

    found = facts(session, place, endpoint_id)
    assert (found.is_on, found.off_because) == (False, OffBecause.FAILING)


def test_what_happens_while_it_is_off_is_not_told_and_what_waited_goes_on(
    session: Session, place: Place
) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    by: dict[str, Any] = {"by": administrator(place), "now": NOON}
    a_release(session, place)
    actions.switch(session, endpoint_id, is_on=False, **by)
    a_release(session, place)
    with pytest.raises(WebhookOff):
        actions.send_test(session, endpoint_id, uuid4(), **by)
    actions.switch(session, endpoint_id, is_on=True, **by)

    tried(session, endpoint_id, OK)

    assert take(session, endpoint_id, now=LATER) is None


def test_a_test_event_tells_nothing_and_goes_once_a_form(session: Session, place: Place) -> None:
    endpoint_id, _ = an_endpoint(session, place, types=["float.low"])
    form_id = uuid4()

    for _ in range(2):
        actions.send_test(session, endpoint_id, form_id, by=administrator(place), now=NOON)

    taken = tried(session, endpoint_id, OK)
    assert json.loads(taken.body) == {
        "type": "webhook.test",
        "timestamp": "2026-03-02T12:00:00Z",
        "data": {},
    }
    assert take(session, endpoint_id, now=NOON) is None


@pytest.mark.parametrize("said", [OK, Said(410)])
def test_a_line_can_be_sent_again_under_its_id(session: Session, place: Place, said: Said) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    a_release(session, place)
    first = tried(session, endpoint_id, said)
    by: dict[str, Any] = {"by": administrator(place), "now": NOON}
    actions.switch(session, endpoint_id, is_on=True, **by)

    actions.repeat(session, endpoint_id, first.id, seen=1, **by)
    again = tried(session, endpoint_id, OK)
    actions.repeat(session, endpoint_id, first.id, seen=1, **by)  # the same form once more

    assert (again.webhook_id, again.body) == (first.webhook_id, first.body)
    assert take(session, endpoint_id, now=LATER) is None
    assert log_of(session, place, endpoint_id)[0].tries == 2


def test_all_that_failed_since_a_day_can_be_sent_again(session: Session, place: Place) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    days = [NOON + timedelta(days=each) for each in range(3)]
    by: dict[str, Any] = {"by": administrator(place), "now": days[-1]}
    for day in days:
        a_release(session, place, now=day)
        tried(session, endpoint_id, Said(410), now=day)
        actions.switch(session, endpoint_id, is_on=True, **by)
    a_release(session, place, now=days[-1])
    tried(session, endpoint_id, OK, now=days[-1])

    since: dict[str, Any] = {"since": days[1].date()} | by
    assert actions.repeat_failed(session, endpoint_id, **since) == 2
    assert actions.repeat_failed(session, endpoint_id, **since) == 0
    assert facts(session, place, endpoint_id).waiting == 2


def test_what_was_sent_is_emptied_after_a_week_and_its_line_goes_after_a_month(
    database: Database,
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        endpoint_id, _ = an_endpoint(session, place)
        a_release(session, place)
        a_release(session, place)
        tried(session, endpoint_id, OK)
        tried(session, endpoint_id, Said(410))
    duty = DUTIES["webhooks.forget"].do

    def kept(now: datetime) -> list[tuple[State, bool]]:
        duty(database, now)
        with database.snapshot() as session:
            lines = session.scalars(select(WebhookDelivery))
            return sorted((line.state, line.sealed_body is not None) for line in lines)

    a_little = timedelta(minutes=1)
    assert kept(NOON + KEEP_BODY) == [(State.DELIVERED, True), (State.FAILED, True)]
    assert kept(NOON + KEEP_BODY + a_little) == [(State.DELIVERED, False), (State.FAILED, True)]
    assert len(kept(NOON + KEEP_LOG)) == 2
    assert kept(NOON + KEEP_LOG + a_little) == []


def test_an_emptied_line_cannot_be_sent_again(session: Session, place: Place) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    a_release(session, place)
    taken = tried(session, endpoint_id, OK)
    late = NOON + KEEP_BODY + timedelta(minutes=1)
    actions.forget_old(session, now=late)

    with pytest.raises(NothingToSend):
        actions.repeat(session, endpoint_id, taken.id, seen=1, by=administrator(place), now=late)


def test_removing_one_forgets_its_address_its_keys_and_its_log(
    session: Session, place: Place
) -> None:
    endpoint_id, _ = an_endpoint(session, place)
    a_release(session, place)

    actions.remove(session, endpoint_id, by=administrator(place), now=NOON)
    a_release(session, place)

    assert queries.endpoints(session, place.programme.id) == []
    row = session.get_one(WebhookEndpoint, endpoint_id)
    sealed = keyring_of(session).open(
        row.sealed_url, table="webhook_endpoint", column="sealed_url", row=row.id
    )
    assert sealed == b""
    for model in (WebhookKey, WebhookDelivery):
        assert session.scalars(select(model)).all() == []
