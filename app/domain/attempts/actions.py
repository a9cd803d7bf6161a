"""One call of a provider after another: marked before it, settled after it, and moved forward by reports.

A message is held before its attempts, and its attempts before the counts of a day: in this order, always.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import apart, put
from app.core.ids import random_id
from app.core.outbox import emit
from app.domain.attempts import queries
from app.domain.attempts.rules import (
    LONGEST_REST,
    REPORT_WAIT,
    REPORTED,
    REST,
    backoff,
    channels_left,
    moves_forward,
    safe,
)
from app.domain.channels import queries as channels
from app.domain.channels.events import Delivery, DeliveryState
from app.domain.channels.queries import ChannelFacts
from app.domain.messages import actions as messages
from app.domain.messages.events import MessageDelivered
from app.domain.messages.models import Message, MessageAttempt, ProviderMessage
from app.domain.messages.queries import Leased, day_of, number_of
from app.domain.messages.rules import AttemptState, MessageState, Reason
from app.domain.opt_outs.actions import opt_out
from app.domain.traffic import actions as traffic


def begin(
    session: Session,
    leased: Leased,
    *,
    channel: ChannelFacts,
    to: str,
    parts: int,
    counts_on: date | None,
    now: datetime,
    until: datetime,
) -> UUID | None:
    """Mark a held message as leaving through a channel, and its money as spent; gives the attempt's id, which is our id there.

    None where the channel's budget of the day does not reach. ``counts_on`` is the day under which it counts for its number.
    """
    row, today = messages.held(session, leased), leased.day(now)
    cost = parts * channel.price_minor
    if not traffic.spend(session, channel, today, parts, cost):
        return None
    if counts_on is not None and row.counted_on is None:
        traffic.count(session, row.programme_id, to, counts_on, 1)
        row.counted_on = counts_on
    row.state, row.leased_until, row.tries = MessageState.SENDING, until, row.tries + 1
    attempt_id = random_id()
    put(
        session,
        MessageAttempt,
        {
            "id": attempt_id,
            "programme_id": row.programme_id,
            "message_id": row.id,
            "channel_id": channel.id,
            "number": queries.attempts_of(session, row.id) + 1,
            "state": AttemptState.SENDING,
            "sealed_number": queries.seal_number(session, attempt_id, to),
            "parts": parts,
            "cost_minor": cost,
            "made_on": today,
        },
    )
    return attempt_id


def accept(
    session: Session,
    leased: Leased,
    attempt_id: UUID,
    *,
    provider_id: str,
    parts: int | None,
    cost_minor: int | None,
    now: datetime,
) -> None:
    """Note that a provider has taken a message; ``parts`` and what they cost are as it says, in the channel's currency."""
    row, attempt, is_ours = _settling(session, leased, attempt_id)
    today = leased.day(now)
    _move(attempt, AttemptState.ACCEPTED)
    _tally(session, attempt, today, "accepted")
    parts, cost = parts or attempt.parts, attempt.cost_minor if cost_minor is None else cost_minor
    if (parts, cost) != (attempt.parts, attempt.cost_minor):
        traffic.pay(
            session,
            attempt.channel_id,
            attempt.made_on,
            spent=cost - attempt.cost_minor,
            parts=parts - attempt.parts,
        )
        attempt.parts, attempt.cost_minor = parts, cost
    if is_ours:
        _follow(session, row, attempt, today, now)
    if provider_id:
        _learn(session, row, attempt, provider_id, today, now)


def refuse(
    session: Session,
    leased: Leased,
    attempt_id: UUID,
    *,
    reason: str,
    is_final: bool,
    is_channel: bool,
    after: timedelta | None,
    others: Sequence[UUID],
    jitter: float,
    now: datetime,
) -> None:
    """Note that a provider surely has not taken a message: for now, or never where ``is_final``.

    ``is_channel``: it is the account and not this message; ``after``: how long the provider wants to be left alone. ``others`` are
    the channels that send now, in their order. The last try ends it.
    """
    row, attempt, is_ours = _settling(session, leased, attempt_id)
    today = leased.day(now)
    is_never = is_final and not is_channel
    if _move(attempt, AttemptState.REJECTED if is_never else AttemptState.REFUSED):
        attempt.reason = safe(reason)
        _undo(session, row, attempt)
    _tally(session, attempt, today, "refused")
    rest = min(after or (REST if is_channel else timedelta()), LONGEST_REST)
    if rest:
        traffic.let_rest(session, attempt.channel_id, attempt.programme_id, today, until=now + rest)
    if not is_ours:
        return
    if attempt.state not in (AttemptState.REFUSED, AttemptState.REJECTED):
        _follow(session, row, attempt, today, now)
        return
    left = channels_left(others, queries.tried(session, row.id, row.tries))
    wait = backoff(row.tries, jitter)
    if wait is None or (is_never and not left):
        messages.end(session, row, MessageState.DEAD, attempt.reason or Reason.REFUSED, today, now)
        return
    is_elsewhere = (is_never or is_channel) and any(one != attempt.channel_id for one in left)
    messages.let_go(row, MessageState.WAITING)
    row.available_at = now if is_elsewhere else now + wait
    row.reason = attempt.reason


def doubt(
    session: Session, leased: Leased, attempt_id: UUID, *, reason: str, now: datetime
) -> None:
    """Note that nobody knows whether a provider has taken a message: a report is waited for."""
    row, attempt, is_ours = _settling(session, leased, attempt_id)
    _doubt(session, row, attempt, reason, leased.day(now), now, is_ours=is_ours)


def stop(session: Session, leased: Leased, attempt_id: UUID, *, now: datetime) -> None:
    """Note that a provider knows that a number wants no messages: it gets none any more, through no channel."""
    row, attempt, is_ours = _settling(session, leased, attempt_id)
    today = leased.day(now)
    if _move(attempt, AttemptState.REJECTED):
        attempt.reason = Reason.OPTED_OUT
        _undo(session, row, attempt)
    _tally(session, attempt, today, "refused")
    _opt_out(session, attempt, today)
    if is_ours:
        messages.end(session, row, MessageState.DROPPED, Reason.OPTED_OUT, today, now)


def report(session: Session, channel_id: UUID, delivery: Delivery, *, now: datetime) -> bool:
    """Note what a provider says became of a message; tells whether it changed anything.

    Reports only move forward: repeated ones and those that come late change nothing. One that names only the provider's id, before
    we know that id ourselves, is kept until we do.
    """
    known = session.get(MessageAttempt, delivery.our_id) if delivery.our_id else None
    if known is None or known.channel_id != channel_id:
        return bool(delivery.provider_id) and _report_unknown(session, channel_id, delivery, now)
    row = messages.locked(session, known.message_id)
    attempt = _attempt(session, known.id)
    today = day_of(session, row.programme_id, now)
    changed = _report(session, row, attempt, delivery.state, delivery.error, today, now)
    if delivery.is_opted_out:
        _opt_out(session, attempt, today)
    if delivery.provider_id:
        _learn(session, row, attempt, delivery.provider_id, today, now)
    return changed


def _report_unknown(session: Session, channel_id: UUID, delivery: Delivery, now: datetime) -> bool:
    """A report that names only the provider's id."""
    digest = queries.provider_digest(session, channel_id, delivery.provider_id)
    programme_id = channels.channel(session, channel_id).programme_id
    today = day_of(session, programme_id, now)
    name = {
        "channel_id": channel_id,
        "provider_digest": digest,
        "programme_id": programme_id,
        "state": delivery.state,
        "reason": safe(delivery.error),
        "is_opted_out": delivery.is_opted_out,
        "learnt_on": today,
    }
    if _is_first(session, name):
        return True
    found = _provider_message(session, channel_id, digest)
    if found.attempt_id is None:
        found = _provider_message(session, channel_id, digest, held=True)
    if found.attempt_id is None:
        waiting = found.state and REPORTED[found.state]
        if waiting and not moves_forward(waiting, REPORTED[delivery.state]):
            return False
        found.state, found.reason = delivery.state, safe(delivery.error)
        found.is_opted_out = found.is_opted_out or delivery.is_opted_out
        return True
    attempt = _attempt(session, found.attempt_id)
    row = messages.locked(session, attempt.message_id)
    attempt = _attempt(session, found.attempt_id)
    if delivery.is_opted_out:
        _opt_out(session, attempt, today)
    return _report(session, row, attempt, delivery.state, delivery.error, today, now)


def _learn(
    session: Session,
    row: Message,
    attempt: MessageAttempt,
    provider_id: str,
    today: date,
    now: datetime,
) -> None:
    """Note what a provider calls an attempt, and hear what it said of it before."""
    digest = queries.provider_digest(session, attempt.channel_id, provider_id)
    name = {
        "channel_id": attempt.channel_id,
        "provider_digest": digest,
        "programme_id": row.programme_id,
        "attempt_id": attempt.id,
        "is_opted_out": False,
        "learnt_on": today,
    }
    if _is_first(session, name):
        return
    if _provider_message(session, attempt.channel_id, digest).attempt_id is not None:
        return  # learnt before, or an id that the provider uses again
    found = _provider_message(session, attempt.channel_id, digest, held=True)
    if found.attempt_id is not None:
        return
    found.attempt_id = attempt.id
    if found.is_opted_out:
        _opt_out(session, attempt, today)
    if found.state:
        _report(session, row, attempt, found.state, found.reason or "", today, now)


def _report(
    session: Session,
    row: Message,
    attempt: MessageAttempt,
    state: DeliveryState,
    error: str,
    today: date,
    now: datetime,
) -> bool:
    """Apply a report to an attempt whose message is held."""
    to = REPORTED[state]
    if not _move(attempt, to):
        return False
    if to is AttemptState.FAILED:
        attempt.reason = safe(error) or Reason.NOT_DELIVERED
    if to in (AttemptState.DELIVERED, AttemptState.FAILED):
        _tally(session, attempt, today, to.value)
    is_latest = attempt.number == queries.attempts_of(session, row.id)
    if (
        (to is AttemptState.DELIVERED and row.state is not MessageState.DELIVERED)
        or (is_latest and row.state in _FAILS_FROM and to is AttemptState.FAILED)
        or (is_latest and row.state in _LEFT_FROM and to is not AttemptState.DELIVERED)
    ):
        _follow(session, row, attempt, today, now)
    return True


_FAILS_FROM = (MessageState.SENT, MessageState.UNCERTAIN, MessageState.SENDING)


# A message that is about to be tried again, though the last try has left after all.
_LEFT_FROM = (MessageState.UNCERTAIN, MessageState.WAITING, MessageState.LEASED)


def _follow(
    session: Session, row: Message, attempt: MessageAttempt, today: date, now: datetime
) -> None:
    """A message is where its attempt is."""
    if attempt.state is AttemptState.DELIVERED:
        messages.end(session, row, MessageState.DELIVERED, None, today, now)
        emit(session, MessageDelivered(row.id.hex), programme_id=row.programme_id, at=now)
    elif attempt.state is AttemptState.FAILED:
        messages.end(session, row, MessageState.FAILED, attempt.reason, today, now)
    else:
        messages.let_go(row, MessageState.SENT)
        row.available_at, row.reason, row.ended_on = None, None, None
        messages.forget_reply(row)


def _settling(
    session: Session, leased: Leased, attempt_id: UUID
) -> tuple[Message, MessageAttempt, bool]:
    """A message and its attempt, held; and whether what becomes of the attempt still decides about the message.

    It does not when a report was quicker. It does when the call took so long that others took it for lost.
    """
    row = messages.locked(session, leased.id)
    attempt = _attempt(session, attempt_id)
    is_leaving = row.state is MessageState.SENDING and row.lease == leased.lease
    is_taken_for_lost = (
        row.state is MessageState.UNCERTAIN
        and attempt.number == queries.attempts_of(session, row.id)
    )
    return row, attempt, is_leaving or is_taken_for_lost


def doubt_what_was_left_behind(session: Session, *, now: datetime) -> None:
    """What was leaving when its worker went may have left."""
    rows = session.scalars(
        select(Message)
        .where(Message.state == MessageState.SENDING, Message.leased_until < now)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    zones = messages.Zones(session)
    for row in rows:
        attempt = queries.latest_attempt(session, row.id)
        _doubt(session, row, attempt, Reason.NO_ANSWER, zones.day(row, now), now, is_ours=True)


def _doubt(
    session: Session,
    row: Message,
    attempt: MessageAttempt,
    reason: str,
    today: date,
    now: datetime,
    *,
    is_ours: bool,
) -> None:
    if _move(attempt, AttemptState.UNCERTAIN):
        attempt.reason = safe(reason)
        _tally(session, attempt, today, "uncertain")
    if not is_ours:
        return
    if attempt.state is not AttemptState.UNCERTAIN:  # a report was quicker
        _follow(session, row, attempt, today, now)
        return
    messages.let_go(row, MessageState.UNCERTAIN)
    row.available_at, row.reason = now + REPORT_WAIT, attempt.reason


def _move(attempt: MessageAttempt, to: AttemptState) -> bool:
    if not moves_forward(attempt.state, to):
        return False
    attempt.state = to
    return True


def _undo(session: Session, row: Message, attempt: MessageAttempt) -> None:
    """What has surely not left costs nothing, and counts for nobody."""
    traffic.pay(
        session,
        attempt.channel_id,
        attempt.made_on,
        spent=-attempt.cost_minor,
        parts=-attempt.parts,
    )
    number = number_of(session, attempt)
    if row.counted_on and number:
        traffic.count(session, row.programme_id, number, row.counted_on, -1)
    row.counted_on = None
    attempt.parts, attempt.cost_minor = 0, 0


def _opt_out(session: Session, attempt: MessageAttempt, on: date) -> None:
    number = number_of(session, attempt)
    if number:
        opt_out(session, attempt.programme_id, number, on)


def _is_first(session: Session, name: Mapping[str, Any]) -> bool:
    try:
        with apart(session) as alone:
            put(alone, ProviderMessage, name)
    except IntegrityError:
        return False
    return True


def _provider_message(
    session: Session, channel_id: UUID, digest: bytes, *, held: bool = False
) -> ProviderMessage:
    found = select(ProviderMessage).where(
        ProviderMessage.channel_id == channel_id, ProviderMessage.provider_digest == digest
    )
    # Held only while it is nobody's: whoever holds a message may come for its names, never the other way round.
    statement = found.with_for_update() if held else found
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def _attempt(session: Session, attempt_id: UUID) -> MessageAttempt:
    return session.scalars(
        select(MessageAttempt)
        .where(MessageAttempt.id == attempt_id)
        .execution_options(populate_existing=True)
    ).one()


def _tally(session: Session, attempt: MessageAttempt, today: date, what: str) -> None:
    traffic.tally(session, attempt.channel_id, attempt.programme_id, today, what)
