"""Channels on their pages: set up, changed, switched off; their addresses shown once, their secrets never."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.channels.models import Channel
from app.domain.channels.queries import (
    ChannelFacts,
    channel,
    channels_of,
    door,
    secret_digest,
    secrets_of,
)
from app.domain.messages.models import Message
from app.domain.messages.rules import MessageKind
from app.domain.staff.rules import Role
from tests.factories import Place, a_place
from tests.web.message_scene import AFRICASTALKING, NUMBER, a_channel
from tests.web.readers import Reader, errors, reader

FORM = {
    "provider": "africastalking",
    "act": "open",
    "option_username": "sandbox",
    "option_api_key": AFRICASTALKING["api_key"],
    "name": "Text messages",
    "sender": "12345",
    "language": "uk",
    "priority": "1",
    "media_sms": "yes",
    "receives": "yes",
    "sends": "yes",
    "price": "0,75",
    "currency": "uah",
    "daily_budget": "100",
    "allowed_addresses": "192.0.2.7\n198.51.100.0/24",
}
ADDRESS = re.compile(r"http://[^<\s]+/gw/africastalking/([0-9a-f-]{36})/([\w-]{32})/(\w+)")


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def administrator(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.staff[Role.ADMINISTRATOR])


def channels(database: Database, place: Place) -> list[ChannelFacts]:
    with database.snapshot() as session:
        return channels_of(session, place.programme.id)


def test_a_channel_is_set_up_as_it_was_entered_and_its_addresses_let_the_provider_in(
    administrator: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    answer = administrator.send("/messages/channels/new", FORM | {"id": uuid4().hex})
    assert answer.status_code == 201
    (kept,) = channels(database, place)
    assert (kept.name, kept.sender, kept.priority, kept.language) == (
        "Text messages",
        "12345",
        1,
        "uk",
    )
    assert (kept.price_minor, kept.currency, kept.daily_budget_minor) == (75, "UAH", 10_000)
    assert kept.allowed_addresses == ("192.0.2.7", "198.51.100.0/24")
    assert kept.options["api_key"] == AFRICASTALKING["api_key"]
    shown = ADDRESS.findall(answer.text)
    assert {hook for _, _, hook in shown} >= {"inbound", "status"}
    assert {channel_id for channel_id, _, _ in shown} == {str(kept.id)}
    with database.snapshot() as session:
        found = door(session, kept.id)
    assert found
    (secret,) = {secret for _, secret, _ in shown}
    assert found.digests == (secret_digest(keyring, kept.id, secret),)


def test_a_second_press_opens_no_second_channel_and_shows_no_address_again(
    administrator: Reader, database: Database, place: Place
) -> None:
    form = FORM | {"id": uuid4().hex}
    administrator.send("/messages/channels/new", form)
    again = administrator.send("/messages/channels/new", form)
    assert again.status_code == 200
    assert "set up already" in again.text
    assert not ADDRESS.search(again.text)
    assert len(channels(database, place)) == 1


def test_no_page_shows_a_secret_that_was_entered(
    administrator: Reader, database: Database, place: Place
) -> None:
    secret = AFRICASTALKING["api_key"]
    pages = [
        administrator.send("/messages/channels/new", FORM | {"name": ""}).text,
        administrator.send("/messages/channels/new", FORM).text,
    ]
    (kept,) = channels(database, place)
    path = f"/messages/channels/{kept.id}"
    pages += [
        administrator.get(path).text,
        administrator.send(path, FORM | {"name": ""}).text,
        administrator.get("/messages/channels").text,
        administrator.get("/messages").text,
    ]
    assert all(secret not in page for page in pages)
    assert not any(ADDRESS.search(page) for page in pages[2:])


def test_a_secret_that_is_not_typed_again_stays_and_one_that_is_replaces_it(
    administrator: Reader, database: Database, place: Place
) -> None:
    administrator.send("/messages/channels/new", FORM)
    (kept,) = channels(database, place)
    path = f"/messages/channels/{kept.id}"
    assert (
        administrator.send(path, FORM | {"option_api_key": "", "name": "Other"}).status_code == 303
    )
    (changed,) = channels(database, place)
    assert (changed.name, changed.options["api_key"]) == ("Other", AFRICASTALKING["api_key"])
    administrator.send(path, FORM | {"option_api_key": "a newer one"})
    assert channels(database, place)[0].options["api_key"] == "a newer one"


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("name", "", "fill this in"),
        ("name", "x" * 61, "shorten"),
        ("option_username", "", "fill this in"),
        ("option_api_key", "", "fill this in"),
        ("priority", "first", "whole number"),
        ("price", "a lot", "amount in digits"),
        ("daily_budget", "-5", "amount in digits"),
        ("currency", "money", "three letters"),
        ("sender", "x" * 21, "shorten"),
        ("allowed_addresses", "192.0.2.7/24", "address"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    administrator: Reader, database: Database, place: Place, field: str, text: str, complaint: str
) -> None:
    answer = administrator.send("/messages/channels/new", FORM | {field: text})
    assert answer.status_code == 422
    assert list(errors(answer.text)) == [field]
    assert complaint in errors(answer.text)[field]
    assert channels(database, place) == []


def test_a_provider_that_nobody_knows_is_not_asked_about(administrator: Reader) -> None:
    assert administrator.send("/messages/channels/new", FORM | {"provider": "x"}).status_code == 404
    assert (
        "Which provider has your account?"
        in administrator.get("/messages/channels/new?provider=x").text
    )


def test_every_provider_has_a_form(administrator: Reader) -> None:
    page = administrator.get("/messages/channels/new").text
    links = re.findall(r'href="(/messages/channels/new\?provider=[\w-]+)"', page)
    assert len(links) > 3
    for link in links:
        assert administrator.get(link).status_code == 200, link


def test_a_channel_is_switched_off_and_on_again(
    administrator: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        facts, _ = a_channel(session, place)
    path = f"/messages/channels/{facts.id}/switch"
    for _ in range(2):
        assert administrator.send(path, {"to": "off"}).status_code == 303
        assert channels(database, place)[0].is_on is False
    assert "Switched off" in administrator.get("/messages").text
    administrator.send(path, {"to": "on"})
    assert channels(database, place)[0].is_on is True


def test_new_addresses_work_beside_the_old_until_these_are_ended(
    administrator: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        facts, _ = a_channel(session, place)
    path = f"/messages/channels/{facts.id}"
    answer = administrator.send(f"{path}/secrets")
    assert answer.status_code == 201
    assert len({secret for _, secret, _ in ADDRESS.findall(answer.text)}) == 1
    refused = administrator.send(f"{path}/secrets")
    assert refused.status_code == 409
    assert "Two secret addresses are in use" in refused.text
    with database.snapshot() as session:
        old, new = secrets_of(session, facts.id)
    assert administrator.send(f"{path}/secrets/{old.id}/end").status_code == 303
    assert administrator.send(f"{path}/secrets/{old.id}/end").status_code == 303
    with database.snapshot() as session:
        assert [each.id for each in secrets_of(session, facts.id)] == [new.id]


def test_a_test_message_is_queued_once_a_form_and_its_number_is_sealed(
    administrator: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        facts, _ = a_channel(session, place)
    form = {"id": uuid4().hex, "number": "050 123 45 67"}
    path = f"/messages/channels/{facts.id}/test"
    for _ in range(2):
        assert administrator.send(path, form).status_code == 303
    with database.snapshot() as session:
        (queued,) = session.scalars(select(Message)).all()
        assert queued.kind is MessageKind.REPLY
        assert queued.sealed_body
        assert NUMBER.encode() not in queued.sealed_body


def test_a_number_that_nobody_can_have_gets_no_test_message(
    administrator: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        facts, _ = a_channel(session, place)
    answer = administrator.send(f"/messages/channels/{facts.id}/test", {"number": "12"})
    assert answer.status_code == 422
    assert list(errors(answer.text)) == ["number"]
    with database.snapshot() as session:
        assert session.scalars(select(Message)).all() == []


def test_another_programme_s_channel_is_not_there(
    administrator: Reader, database: Database
) -> None:
    with database.transaction() as session:
        theirs, _ = a_channel(session, a_place(session))
        (secret,) = secrets_of(session, theirs.id)
    path = f"/messages/channels/{theirs.id}"
    assert administrator.get(path).status_code == 404
    assert administrator.send(path, FORM).status_code == 404
    assert administrator.send(f"{path}/switch", {"to": "off"}).status_code == 404
    assert administrator.send(f"{path}/secrets").status_code == 404
    assert administrator.send(f"{path}/secrets/{secret.id}/end").status_code == 404
    assert administrator.send(f"{path}/test", {"number": NUMBER}).status_code == 404
    assert (
        administrator.send("/messages/channels/new", FORM | {"id": theirs.id.hex}).status_code
        == 404
    )
    with database.snapshot() as session:
        assert channel(session, theirs.id) == theirs
        assert session.scalar(select(Channel.id)) == theirs.id


def test_a_lead_does_not_look_after_channels(
    database: Database, keyring: Keyring, place: Place
) -> None:
    lead = reader(database, keyring, place.lead)
    assert lead.get("/messages/channels").status_code == 403
    assert lead.send("/messages/channels/new", FORM).status_code == 403
    assert 'href="/messages/channels"' not in lead.get("/messages").text
