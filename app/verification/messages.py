"""Messages that go out: each is where its calls of providers are, and a channel's days are what these cost."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from app.domain.messages.models import Message, MessageAttempt, ProviderMessage
from app.domain.messages.rules import AttemptState, MessageState
from app.domain.traffic.models import ChannelDay

# What the last call of a message can be in each of its states; ended ones that never left need none.
_LAST: Mapping[str, tuple[str, ...]] = {
    MessageState.SENDING: (AttemptState.SENDING, AttemptState.ACCEPTED, AttemptState.SENT),
    MessageState.UNCERTAIN: (AttemptState.UNCERTAIN,),
    MessageState.SENT: (AttemptState.ACCEPTED, AttemptState.SENT),
    MessageState.FAILED: (AttemptState.FAILED,),
    MessageState.DEAD: (AttemptState.REFUSED, AttemptState.REJECTED),
}


def states(session: Session) -> Iterator[str]:
    """Calls are counted from one; only a message that is leaving has one under way; and a message is where its last call is."""
    calls: dict[UUID, list[tuple[int, str]]] = defaultdict(list)
    for message, number, state in session.execute(
        select(
            MessageAttempt.message_id,
            MessageAttempt.number,
            type_coerce(MessageAttempt.state, String),
        ).order_by(MessageAttempt.number)
    ):
        calls[message].append((number, state))
    for message, state in session.execute(select(Message.id, type_coerce(Message.state, String))):
        yield from _faults(message, state, calls.get(message, []))


def costs(session: Session) -> Iterator[str]:
    """What a channel has spent on a day, and in how many parts, is the sum of that day's calls, as long as these are kept."""
    spent: dict[tuple[UUID, Any], tuple[int, int]] = {
        (row[0], row[1]): (int(row[2]), int(row[3]))
        for row in session.execute(
            select(
                MessageAttempt.channel_id,
                MessageAttempt.made_on,
                func.sum(MessageAttempt.cost_minor),
                func.sum(MessageAttempt.parts),
            ).group_by(MessageAttempt.channel_id, MessageAttempt.made_on)
        )
    }
    for row in session.scalars(select(ChannelDay)):
        found = spent.pop((row.channel_id, row.day), None)
        if found is not None and found != (row.spent_minor, row.parts):
            yield f"channel {row.channel_id} has spent on {row.day} what its calls do not add up to"
    for (channel, day), (minor, parts) in spent.items():
        if minor or parts:
            yield f"channel {channel} has no day {day}, though it was called on it"


def names(session: Session) -> Iterator[str]:
    """What a provider calls a message of ours is of a call through that channel."""
    rows = session.execute(
        select(ProviderMessage.channel_id, MessageAttempt.channel_id, MessageAttempt.id).join(
            MessageAttempt, MessageAttempt.id == ProviderMessage.attempt_id
        )
    )
    for channel, called, attempt in rows:
        if channel != called:
            yield f"call {attempt} is known to a provider that was not called"


def _faults(message: UUID, state: str, calls: Sequence[tuple[int, str]]) -> Iterator[str]:
    numbers = [number for number, _ in calls]
    if numbers != list(range(1, len(calls) + 1)):
        yield f"message {message} has calls that are not counted from one"
    under_way = [number for number, of in calls if of == AttemptState.SENDING.value]
    is_leaving = state == MessageState.SENDING.value
    if under_way and not (is_leaving and under_way == numbers[-1:]):
        yield f"message {message} is {state} while a call is under way"
    has_arrived = any(of == AttemptState.DELIVERED.value for _, of in calls)
    if has_arrived != (state == MessageState.DELIVERED.value):
        yield f"message {message} is {state}, but its calls say otherwise"
    allowed = _LAST.get(state, ())
    if allowed and (not calls or calls[-1][1] not in allowed):
        yield f"message {message} is {state}, but its last call says otherwise"
