from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import apart
from app.domain.audit.models import AuditEvent
from app.domain.channels import actions, queries
from app.domain.channels.errors import BadChannel, TooManySecrets, UnknownChannel
from app.domain.channels.events import Medium
from app.domain.channels.models import Channel, ChannelSecret
from app.domain.channels.rules import ChannelSettings, is_allowed
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from tests.factories import LATER, Place, a_place
from tests.telephones import a_channel

SMS = ChannelSettings("Test line", frozenset({Medium.SMS}), options={"api_key": "a canary"})


@pytest.fixture
def place(session: Session) -> Place:
    return a_place(session)


@pytest.fixture
def admin(place: Place) -> Actor:
    return place.staff[Role.ADMINISTRATOR]


def acts(session: Session) -> list[str]:
    found = select(AuditEvent.action).where(AuditEvent.action.startswith("channel."))
    return list(session.scalars(found.order_by(AuditEvent.id)))


def test_what_opens_an_account_is_sealed_and_in_no_repr(
    session: Session, place: Place, admin: Actor
) -> None:
    channel, secret = actions.open_channel(
        session, place.programme.id, "console", SMS, by=admin, now=LATER
    )

    row = session.scalars(select(Channel)).one()
    kept = session.scalars(select(ChannelSecret)).one()
    assert channel.options == {"api_key": "a canary"}
    assert len(secret) == 32
    assert b"canary" not in row.sealed_options
    assert secret.encode() not in kept.sealed_secret + kept.digest
    assert "canary" not in repr(channel) + repr(queries.door(session, channel.id)) + repr(SMS)


def test_the_same_form_sent_twice_opens_one_channel(
    session: Session, place: Place, admin: Actor
) -> None:
    new = uuid4()
    first, second = (
        actions.open_channel(
            session, place.programme.id, "console", SMS, by=admin, now=LATER, channel_id=new
        )
        for _ in range(2)
    )

    assert first[0] == second[0]
    assert second[1] == ""
    assert acts(session) == ["channel.opened"]


def test_two_secrets_live_at_a_time_and_each_can_be_ended(
    session: Session, place: Place, admin: Actor
) -> None:
    channel, first = a_channel(session, place)
    second = actions.renew_secret(session, channel.id, by=admin, now=LATER)
    with pytest.raises(TooManySecrets):
        actions.renew_secret(session, channel.id, by=admin, now=LATER)

    door = queries.door(session, channel.id)
    assert door
    digests = {
        queries.secret_digest(keyring_of(session), channel.id, each) for each in (first, second)
    }
    assert set(door.digests) == digests
    assert queries.status_path(session, channel.id) == (f"/gw/console/{channel.id}/{second}/status")

    older, newer = queries.secrets_of(session, channel.id)
    assert actions.end_secret(session, channel.id, older.id, by=admin, now=LATER)
    assert not actions.end_secret(session, channel.id, older.id, by=admin, now=LATER)
    door = queries.door(session, channel.id)
    assert door
    assert len(door.digests) == 1
    actions.renew_secret(session, channel.id, by=admin, now=LATER)

    assert acts(session) == [
        "channel.opened",
        "channel.secret_made",
        "channel.secret_ended",
        "channel.secret_made",
    ]
    assert newer.id in {each.id for each in queries.secrets_of(session, channel.id)}


def test_the_database_itself_keeps_no_third_secret(session: Session, place: Place) -> None:
    channel, _ = a_channel(session, place)
    for slot in (1, 3):
        with pytest.raises(IntegrityError), apart(session) as alone:
            alone.add(
                ChannelSecret(
                    channel_id=channel.id,
                    slot=slot,
                    digest=b"\x01" * 32,
                    sealed_secret=b"\x01" * 32,
                    made_at=LATER,
                )
            )


def test_a_channel_without_secrets_has_no_door(session: Session, place: Place) -> None:
    channel, _ = a_channel(session, place)
    (secret,) = queries.secrets_of(session, channel.id)
    actions.end_secret(session, channel.id, secret.id, by=None, now=LATER)

    assert queries.door(session, channel.id) is None
    assert queries.status_path(session, channel.id) is None


def test_only_whoever_looks_after_channels_may_change_them_and_only_her_own(
    session: Session, place: Place
) -> None:
    channel, _ = a_channel(session, place)
    foreign = a_place(session).staff[Role.ADMINISTRATOR]
    changes: tuple[Callable[[Actor], object], ...] = (
        lambda by: actions.renew_secret(session, channel.id, by=by, now=LATER),
        lambda by: actions.switch(session, channel.id, is_on=False, by=by, now=LATER),
        lambda by: actions.change_channel(session, channel.id, SMS, by=by, now=LATER),
        lambda by: actions.end_secret(session, channel.id, uuid4(), by=by, now=LATER),
        lambda by: actions.open_channel(
            session, place.programme.id, "console", SMS, by=by, now=LATER
        ),
    )
    for by, refusal in ((place.lead, NotAllowed), (foreign, UnknownChannel)):
        for change in changes:
            with pytest.raises(refusal):
                change(by)


def test_a_change_is_recorded_by_what_changed_and_not_by_its_values(
    session: Session, place: Place, admin: Actor
) -> None:
    channel, _ = a_channel(session, place)
    wanted = replace(SMS, options={"outbox": "another canary"}, price_minor=31)

    after = actions.change_channel(session, channel.id, wanted, by=admin, now=LATER)
    actions.change_channel(session, channel.id, wanted, by=admin, now=LATER)

    assert after.price_minor == 31
    (changed,) = session.query(AuditEvent).filter_by(action="channel.changed")
    assert set(changed.facts["changed"]) >= {"options", "price_minor"}
    assert "canary" not in str(changed.facts)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", " ", "missing"),
        ("name", "x" * 61, "too_long"),
        ("sender", "x" * 21, "too_long"),
        ("media", frozenset(), "missing"),
        ("price_minor", -1, "not_a_number"),
        ("daily_budget_minor", -1, "not_a_number"),
        ("priority", 2**31, "not_a_number"),
        ("currency", "money", "missing"),
        ("language", "xx", "unknown"),
        ("allowed_addresses", ["192.0.2.7/24"], "not_an_address"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(
    field: str, value: object, reason: str, session: Session, place: Place, admin: Actor
) -> None:
    wanted = replace(SMS, **{field: value})  # type: ignore[arg-type]

    with pytest.raises(BadChannel) as refusal:
        actions.open_channel(session, place.programme.id, "console", wanted, by=admin, now=LATER)

    assert refusal.value.facts["reason"] == reason


def test_messages_go_by_channels_that_are_on_the_lowest_priority_first(
    session: Session, place: Place
) -> None:
    usual: dict[str, Any] = {"media": frozenset({Medium.SMS})}
    last, _ = a_channel(session, place, name="last", priority=9, **usual)
    first, _ = a_channel(session, place, name="first", priority=1, **usual)
    a_channel(session, place, name="receives", sends=False, **usual)
    a_channel(session, place, name="menus", media=frozenset({Medium.USSD}))
    off, _ = a_channel(session, place, name="off", **usual)
    actions.switch(session, off.id, is_on=False, by=None, now=LATER)
    a_channel(session, a_place(session), name="another programme's")

    found = queries.sending_channels(session, place.programme.id)

    assert [each.name for each in found] == ["first", "last"]
    assert found == [first, last]


def test_an_address_is_let_in_by_its_network_and_what_is_none_never() -> None:
    assert is_allowed("192.0.2.7", ["198.51.100.1", "192.0.2.0/24"])
    assert is_allowed("2001:db8::1", ["2001:db8::/32"])
    assert is_allowed("::ffff:192.0.2.7", ["192.0.2.7"])
    for address in ("192.0.3.7", "2001:db9::1", "", "unknown", "192.0.2.7, 10.0.0.1"):
        assert not is_allowed(address, ["192.0.2.0/24", "2001:db8::/32"])


def test_options_moved_to_another_channel_do_not_open(session: Session, place: Place) -> None:
    one, _ = a_channel(session, place, options={"outbox": "one"})
    other, _ = a_channel(session, place, options={"outbox": "other"})
    sealed = session.scalar(select(Channel.sealed_options).where(Channel.id == one.id))
    session.execute(update(Channel).where(Channel.id == other.id).values(sealed_options=sealed))
    session.expire_all()

    with pytest.raises(Exception, match="does not open"):
        queries.channel(session, other.id)
