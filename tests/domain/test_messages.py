"""Messages are queued once, say to nobody whom they are for, are moved on by people, and are forgotten."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.channels.events import Delivery, DeliveryState
from app.domain.messages import queries
from app.domain.messages.actions import cancel, forget_old, queue, queue_reply, resend
from app.domain.messages.errors import MessageUnderWay, NotToSendAgain, UnknownMessage
from app.domain.messages.models import Message, MessageAttempt, ProviderMessage
from app.domain.messages.rules import MessageKind, MessageState
from app.domain.staff.errors import NotAllowed
from app.domain.traffic.models import MessageCap
from app.domain.wordings.actions import write_template
from app.domain.wordings.errors import TemplateChanged
from app.domain.wordings.queries import override, versions_of
from tests.factories import a_place, client
from tests.messages import Line, a_line, a_line_with_ids, expected, someone

HER = "+380501112233"


@pytest.fixture
def line(database: Database) -> Line:
    return a_line(database)


def put_in(session: Session, line: Line, cause: str = "a cause", **given: Any) -> bool:
    usual: dict[str, Any] = {
        "kind": MessageKind.STAFF_ALERT,
        "staff_id": line.place.lead.staff_id,
        "facts": {"alert": "messages_fail"},
        "language": "en",
        "expires_at": line.now + timedelta(hours=5),
        "now": line.now,
    }
    return queue(session, programme_id=line.place.programme.id, cause=cause, **(usual | given))


def a_reply(line: Line, *, cause: str = "an event") -> bool:
    screen: Mapping[str, Any] = {
        "name": "not_usable",
        "facts": {},
        "options": [],
        "ends": True,
        "is_private": False,
    }
    with line.database.transaction() as session:
        return queue_reply(
            session,
            programme_id=line.place.programme.id,
            channel_id=line.channels["one"].id,
            to=HER,
            screen=screen,
            language="en",
            cause=cause,
            expires_at=line.now + timedelta(minutes=10),
            now=line.now,
        )


def test_a_cause_queues_once_and_another_kind_for_itself(line: Line) -> None:
    with line.database.transaction() as session:
        assert put_in(session, line)
        assert not put_in(session, line)
        assert put_in(session, line, "another")
        assert put_in(session, line, kind=MessageKind.APPOINTMENT)


def test_messages_of_one_hour_cannot_be_told_apart(line: Line) -> None:
    with line.database.transaction() as session:
        for minute in (1, 20, 59):
            put_in(session, line, f"{minute}", now=line.now + timedelta(minutes=minute))
        rows = session.scalars(select(Message)).all()

    assert len({(row.available_at, row.expires_at, row.queued_on) for row in rows}) == 1


def test_no_row_says_to_whom_or_what(line: Line) -> None:
    (her,) = expected(line, number=HER)
    line.gateway.says(503)
    line.send()
    line.send(minutes=1)
    line.report(DeliveryState.DELIVERED)

    with line.database.snapshot() as session:
        rows = [
            str(vars(row)) + "".join(repr(value) for value in vars(row).values())
            for model in (Message, MessageAttempt, ProviderMessage, MessageCap)
            for row in session.scalars(select(model))
        ]
    told = "".join(rows)
    assert len(rows) == 4
    for secret in (HER, HER[1:], str(her), her.hex, "2026-03-09", "9 March"):
        assert secret not in told


def test_what_is_over_keeps_days_and_no_instants(line: Line) -> None:
    expected(line)
    line.send()
    line.report(DeliveryState.DELIVERED)

    row = line.message
    assert (row.available_at, row.leased_until, row.lease) == (None, None, None)
    assert row.ended_on == line.now.date()


def test_an_answer_goes_by_the_way_it_was_asked_and_its_words_are_gone_at_once(
    database: Database,
) -> None:
    line = a_line(database, "first", "one")
    assert a_reply(line)
    assert not a_reply(line)

    line.send()

    assert [(name, to) for name, _, to, _ in line.gateway.taken] == [("one", HER)]
    assert line.state is MessageState.SENT
    assert line.message.sealed_body is None


def test_an_answer_that_comes_too_late_is_none(line: Line) -> None:
    a_reply(line)

    line.send(minutes=11)

    assert line.gateway.calls == []
    assert (line.state, line.message.sealed_body) == (MessageState.DROPPED, None)


# What people decide


def test_what_failed_is_sent_again_by_whoever_may(line: Line) -> None:
    expected(line)
    line.send()
    line.report(DeliveryState.FAILED)
    failed = line.message.id
    with line.database.transaction() as session:
        (found,) = queries.failures(session, line.place.programme.id)
        assert found.can_be_sent_again
        assert found.attempts[0].to == "•••• " + line.gateway.numbers[0][-4:]
        with pytest.raises(NotAllowed):
            resend(session, failed, by=line.place.intake, now=line.now)
        with pytest.raises(UnknownMessage):
            resend(session, failed, by=a_place(session).manager, now=line.now)
        resend(session, failed, by=line.place.manager, now=line.now)
        with pytest.raises(NotToSendAgain):
            resend(session, failed, by=line.place.manager, now=line.now)

    line.send()
    line.report(DeliveryState.DELIVERED)

    assert line.state is MessageState.DELIVERED
    assert len(line.gateway.taken) == 2


def test_what_is_past_its_time_is_not_sent_again(line: Line) -> None:
    expected(line)
    line.send()
    line.report(DeliveryState.FAILED)
    with line.database.transaction() as session, pytest.raises(NotToSendAgain):
        resend(session, line.message.id, by=line.place.manager, now=line.now + timedelta(days=2))


def test_what_waits_can_be_called_off_but_not_what_has_left(line: Line) -> None:
    expected(line)
    with line.database.transaction() as session:
        cancel(session, line.message.id, by=line.place.manager, now=line.now)
        cancel(session, line.message.id, by=line.place.manager, now=line.now)
    line.send()
    assert line.gateway.calls == []
    with line.database.transaction() as session:
        resend(session, line.message.id, by=line.place.manager, now=line.now)
    line.send()

    with line.database.transaction() as session, pytest.raises(MessageUnderWay):
        cancel(session, line.message.id, by=line.place.manager, now=line.now)


def test_a_programmes_words_are_kept_version_by_version(line: Line) -> None:
    def write(session: Session, text: str, after: int) -> None:
        write_template(
            session,
            name="appointment",
            language="en",
            text=text,
            after=after,
            by=line.place.lead,
            now=line.now,
        )

    programme_id = line.place.programme.id
    with line.database.transaction() as session:
        write(session, "See you!", 0)
        write(session, " See you! ", 1)
        with pytest.raises(TemplateChanged):
            write(session, "Bye!", 0)
        assert override(session, programme_id, "appointment", "en") == "See you!"
        write(session, "", 1)
        assert override(session, programme_id, "appointment", "en") is None
        found = versions_of(session, programme_id, "appointment", "en")
        assert [each.text for each in found] == ["", "See you!"]


# Forgetting


def test_words_and_numbers_are_forgotten_after_two_weeks_and_rows_after_three_months(
    database: Database,
) -> None:
    line = a_line_with_ids(database, "SM1", "SM2")
    expected(line)
    line.send()
    line.hear(Delivery("1", DeliveryState.DELIVERED, provider_id="unknown"))
    begin = line.now
    with database.transaction() as session:
        put_in(session, line, "it waits", expires_at=begin + timedelta(days=200))

    def forget(days: int) -> int:
        with database.transaction() as session:
            return forget_old(session, now=begin + timedelta(days=days))

    assert forget(13) == 0
    assert words(database) == (2, 1, 1, 0)
    assert forget(14) == 0
    assert words(database) == (1, 0, 1, 0)  # what waits keeps its words
    assert forget(90) == 1
    assert words(database) == (1, 0, 0, 0)


def words(database: Database) -> tuple[int, int, int, int]:
    """How many messages have words, how many calls a number, how many names of providers and caps there are."""
    with database.snapshot() as session:
        bodies = session.scalars(select(Message.sealed_body)).all()
        numbers = session.scalars(select(MessageAttempt.sealed_number)).all()
        names = session.scalars(select(ProviderMessage.channel_id)).all()
        caps = session.scalars(select(MessageCap.day)).all()
    return (
        sum(each is not None for each in bodies),
        sum(each is not None for each in numbers),
        len(names),
        len(caps),
    )


def test_a_silent_provider_is_asked_no_more_than_twice(line: Line) -> None:
    expected(line)
    line.gateway.says(*[httpx.ReadTimeout("too slow")] * 9)

    for _ in range(6):
        line.send(hours=2)

    assert len(line.gateway.calls) == 2


def test_nobody_is_written_to_who_is_not_there_any_more(line: Line) -> None:
    with line.database.transaction() as session:
        someone(session, line.place)
        put_in(session, line, staff_id=uuid4())

    line.send()

    assert line.gateway.calls == []
    assert line.state is MessageState.DROPPED


def test_machines_read_how_many_messages_are_where_and_nothing_else(
    line: Line, keyring: Keyring
) -> None:
    expected(line, 2, number=HER)
    line.gateway.says(202, 400)
    line.send()

    told = client(line.database, keyring).get("/metrics").text

    assert 'pdi_messages{state="sent"} 1.0' in told
    assert 'pdi_messages{state="dead"} 1.0' in told
    assert HER[1:] not in told
