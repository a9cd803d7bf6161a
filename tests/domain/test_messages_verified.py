"""``pdi verify`` finds a message that is not where its calls are, money that was not spent, and names of somebody else's."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.db import Database
from app.domain.channels.events import Delivery, DeliveryState
from app.domain.channels.queries import channels_of
from app.domain.messages.models import Message, MessageAttempt, ProviderMessage
from app.domain.messages.rules import AttemptState, MessageState
from app.domain.traffic.models import ChannelDay
from app.verification import messages
from tests.messages import Killed, Line, a_line, a_line_with_ids, expected

CHECKS = {"messages": messages.states, "traffic": messages.costs, "names": messages.names}


def failing(database: Database) -> set[str]:
    with database.snapshot() as session:
        return {name for name, check in CHECKS.items() if list(check(session))}


@pytest.fixture
def line(database: Database) -> Line:
    """Messages in every state that there is."""
    line = a_line(database, "one", "two")
    expected(line, 9)
    line.gateway.says(202, 202, 202, 503, 400, httpx.ReadTimeout("too slow"), 202)
    line.gateway.says(400, name="two")
    line.send()
    line.report(DeliveryState.DELIVERED, 0)
    line.report(DeliveryState.FAILED, 1)
    line.report(DeliveryState.SENT, 2)
    expected(line, 2, number="+380501112233")
    line.gateway.says(Killed())
    with pytest.raises(Killed):
        line.send()
    return line


def test_messages_in_every_state_are_right(line: Line) -> None:
    with line.database.snapshot() as session:
        found = set(session.scalars(select(Message.state)))
    assert found >= set(MessageState) - {MessageState.DROPPED}

    assert failing(line.database) == set()


def of(session: Session, state: MessageState) -> Message:
    return session.scalars(select(Message).where(Message.state == state).limit(1)).one()


def last_call_of(session: Session, state: MessageState) -> MessageAttempt:
    return session.scalars(
        select(MessageAttempt)
        .where(MessageAttempt.message_id == of(session, state).id)
        .order_by(MessageAttempt.number.desc())
        .limit(1)
    ).one()


def a_call_that_counts_twice(session: Session) -> None:
    last_call_of(session, MessageState.SENT).number += 1


def a_call_under_way_of_a_message_that_waits(session: Session) -> None:
    last_call_of(session, MessageState.WAITING).state = AttemptState.SENDING


def sent_though_the_call_was_refused(session: Session) -> None:
    last_call_of(session, MessageState.SENT).state = AttemptState.REFUSED


def delivered_though_nobody_said_so(session: Session) -> None:
    last_call_of(session, MessageState.DELIVERED).state = AttemptState.SENT


def failed_though_it_arrived(session: Session) -> None:
    last_call_of(session, MessageState.FAILED).state = AttemptState.DELIVERED


def money_that_nothing_cost(session: Session) -> None:
    session.execute(update(ChannelDay).values(spent_minor=ChannelDay.spent_minor + 1))


def a_call_on_a_day_that_is_not_there(session: Session) -> None:
    last_call_of(session, MessageState.SENT).made_on -= timedelta(days=1)


@pytest.mark.parametrize(
    ("breaking", "check"),
    [
        (a_call_that_counts_twice, "messages"),
        (a_call_under_way_of_a_message_that_waits, "messages"),
        (sent_though_the_call_was_refused, "messages"),
        (delivered_though_nobody_said_so, "messages"),
        (failed_though_it_arrived, "messages"),
        (money_that_nothing_cost, "traffic"),
        (a_call_on_a_day_that_is_not_there, "traffic"),
    ],
)
def test_what_is_wrong_is_found_by_its_own_check(
    line: Line, breaking: Callable[[Session], None], check: str
) -> None:
    with line.database.transaction() as session:
        breaking(session)

    assert failing(line.database) == {check}


def test_a_name_of_another_providers_message_is_found(database: Database) -> None:
    line = a_line_with_ids(database, "SM1")
    expected(line)
    line.send()
    assert line.hear(Delivery("1", DeliveryState.SENT, provider_id="SM1"))
    assert failing(database) == set()
    with database.transaction() as session:
        (stranger,) = (
            each.id
            for each in channels_of(session, line.place.programme.id)
            if each.id != line.channels["one"].id
        )
        session.execute(update(ProviderMessage).values(channel_id=stranger))

    assert failing(database) == {"names"}
