"""Queue messages, take them out, and note what became of them: by the provider's answer, its reports, and staff."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.db import apart, put
from app.core.ids import random_id, uuid7
from app.core.outbox import emit
from app.core.telephone_numbers import number_digest
from app.domain.channels import queries as channels
from app.domain.channels.events import Delivery, DeliveryState
from app.domain.channels.queries import ChannelFacts
from app.domain.messages import queries
from app.domain.messages.errors import (
    MessageUnderWay,
    NotToSendAgain,
    TemplateChanged,
    UnknownMessage,
)
from app.domain.messages.events import MessageDelivered, MessageFailed
from app.domain.messages.models import (
    ChannelDay,
    Message,
    MessageAttempt,
    MessageCap,
    MessageTemplate,
    ProviderMessage,
)
from app.domain.messages.queries import Leased
from app.domain.messages.rules import (
    CAPS_KEPT,
    HARMLESS_TWICE,
    LONGEST_REST,
    REPORT_WAIT,
    REPORTED,
    REST,
    ROWS_KEPT,
    UNKNOWN_KEPT,
    WORDS_KEPT,
    AttemptState,
    MessageKind,
    MessageState,
    Reason,
    backoff,
    channels_left,
    is_stuck,
    moves_forward,
    safe,
)
from app.domain.opt_outs.actions import opt_out
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission


def queue(
    session: Session,
    *,
    programme_id: UUID,
    kind: MessageKind,
    cause: UUID | str,
    participant_id: UUID | None = None,
    staff_id: UUID | None = None,
    facts: Mapping[str, Any],
    language: str,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Queue a message to a participant or to someone on the staff; tells whether it is new. The same cause queues once.

    Whether it may leave is judged when it would. ``facts`` are JSON values for its template. Times are kept to the hour: rows that
    were queued in one breath are not told apart from those of the same hour.
    """
    body = {
        "participant": participant_id.hex if participant_id else None,
        "staff": staff_id.hex if staff_id else None,
        "language": language,
        "facts": dict(facts),
    }
    until = _hour(expires_at + timedelta(hours=1) - timedelta(microseconds=1))
    return _queue(session, programme_id, kind, str(cause), body, until, now)


def queue_reply(
    session: Session,
    *,
    programme_id: UUID,
    channel_id: UUID,
    to: str,
    screen: Mapping[str, Any],
    language: str,
    cause: UUID | str,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Queue an answer to what someone just sent, through the channel it came by; tells whether it is new.

    She asked, so nothing is judged but whether it is still in time. ``screen`` is what a menu would show, as JSON.
    """
    body = {
        "number": to,
        "channel": channel_id.hex,
        "language": language,
        "facts": dict(screen),
    }
    return _queue(session, programme_id, MessageKind.REPLY, str(cause), body, expires_at, now)


def resend(session: Session, message_id: UUID, *, by: Actor, now: datetime) -> None:
    """Have a message tried again that failed, was refused at every try, may not have left, or was called off.

    Raises:
        NotAllowed, UnknownMessage.
        NotToSendAgain: it did not fail, its time is over, or its words were already forgotten.
    """
    by.require(Permission.SEND_AGAIN)
    row = _locked(session, message_id, by.programme_id)
    waits_for_a_person = is_stuck(row.state, row.reason) and row.available_at is None
    if not waits_for_a_person or row.sealed_body is None or row.expires_at <= now:
        raise NotToSendAgain
    row.state, row.reason, row.tries = MessageState.WAITING, None, 0
    row.available_at, row.ended_on, row.counted_on = now, None, None
    record_act(session, "message.sent_again", message_id, by, now, kind=row.kind.value)


def cancel(session: Session, message_id: UUID, *, by: Actor, now: datetime) -> None:
    """Have a message not sent, or not tried again. Cancelling it twice changes nothing.

    Raises:
        NotAllowed, UnknownMessage.
        MessageUnderWay: it is leaving at this moment, or has left.
    """
    by.require(Permission.SEND_AGAIN)
    row = _locked(session, message_id, by.programme_id)
    if row.state is MessageState.DROPPED and row.reason == Reason.CANCELLED:
        return
    if row.state not in (MessageState.WAITING, MessageState.UNCERTAIN):
        raise MessageUnderWay
    today = local_date(now, programmes.clock_of(session, row.programme_id, None))
    row.state, row.reason = MessageState.DROPPED, Reason.CANCELLED
    row.available_at, row.ended_on = None, today
    _forget_reply(row)
    record_act(session, "message.cancelled", message_id, by, now, kind=row.kind.value)


def write_template(
    session: Session,
    *,
    name: str,
    language: str,
    text: str,
    after: int,
    by: Actor,
    now: datetime,
) -> None:
    """Put a programme's own words in place of a template's; an empty text goes back to the program's.

    ``after`` is the number of the version that was looked at, 0 for none. The same words again change nothing. Whether the words
    can be filled in is for whoever knows the template.

    Raises:
        NotAllowed.
        TemplateChanged: someone else was quicker.
    """
    by.require(Permission.WRITE_TEMPLATES)
    found = queries.templates_of(session, by.programme_id).get((name, language))
    words = text.strip()
    if (found.text if found else "") == words:
        return
    number = found.number if found else 0
    if number != after:
        raise TemplateChanged(number=number)
    template_id = uuid7()
    row = {
        "id": template_id,
        "programme_id": by.programme_id,
        "name": name,
        "language": language,
        "number": number + 1,
        "text": words,
        "written_by": by.staff_id,
        "written_at": now,
    }
    try:
        with apart(session) as alone:
            put(alone, MessageTemplate, row)
    except IntegrityError:
        raise TemplateChanged(number=number + 1) from None
    record_act(session, "template.written", template_id, by, now, template=name, language=language)


def lease(session: Session, *, now: datetime, until: datetime, most: int = 20) -> list[Leased]:
    """Take messages that are due, for this worker alone until then. Those that another worker is taking are left to it.

    What a worker took that is gone comes back: unsent, if nothing had left; uncertain, if it was leaving.
    """
    _doubt_what_was_left_behind(session, now)
    is_due = Message.state.in_((MessageState.WAITING, MessageState.UNCERTAIN)) & (
        Message.available_at <= now
    )
    is_left_behind = (Message.state == MessageState.LEASED) & (Message.leased_until < now)
    rows = session.scalars(
        select(Message)
        .where(is_due | is_left_behind)
        .order_by(Message.available_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    taken, token, zones = [], random_id(), _Zones(session)
    for row in rows:
        if row.state is MessageState.UNCERTAIN and not _may_go_twice(session, row):
            row.available_at = None
            continue
        body = queries.body_of(session, row)
        if body is None:
            _end(session, row, MessageState.DROPPED, Reason.EXPIRED, zones.day(row, now), now)
            continue
        row.state, row.lease, row.leased_until = MessageState.LEASED, token, until
        taken.append(
            Leased(
                row.id,
                row.programme_id,
                row.kind,
                row.expires_at,
                row.tries,
                row.counted_on,
                token,
                zones.of(row),
                body,
            )
        )
    return taken


class _Zones:
    """The clock that each programme's days are of, looked up once."""

    def __init__(self, session: Session) -> None:
        self._session, self._known = session, dict[UUID, str]()

    def of(self, row: Message) -> str:
        if row.programme_id not in self._known:
            clock = programmes.clock_of(self._session, row.programme_id, None)
            self._known[row.programme_id] = clock
        return self._known[row.programme_id]

    def day(self, row: Message, now: datetime) -> date:
        return local_date(now, self.of(row))


def hold(session: Session, leased: Leased) -> bool:
    """Hold a leased message until commit; tells whether it still is this worker's."""
    row = _row(session, leased.id)
    return row.state is MessageState.LEASED and row.lease == leased.lease


def give_back(session: Session, leased: Sequence[Leased]) -> None:
    """Let others have what was leased and not begun."""
    for each in leased:
        row = _row(session, each.id)
        if row.state is MessageState.LEASED and row.lease == each.lease:
            _let_go(row, MessageState.WAITING)


def put_off(session: Session, leased: Leased, *, until: datetime, reason: Reason) -> None:
    """Look at a held message again later. It is no try."""
    row = _held(session, leased)
    _let_go(row, MessageState.WAITING)
    row.available_at, row.reason = until, reason


def drop(session: Session, leased: Leased, reason: Reason, *, now: datetime) -> None:
    """End a held message that should not leave any more."""
    _end(session, _held(session, leased), MessageState.DROPPED, reason, leased.day(now), now)


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
    row, today = _held(session, leased), leased.day(now)
    cost = parts * channel.price_minor
    if not _spend(session, channel, today, parts, cost):
        return None
    if counts_on is not None and row.counted_on is None:
        _count(session, row.programme_id, to, counts_on, 1)
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
        _pay(session, attempt, spent=cost - attempt.cost_minor, parts=parts - attempt.parts)
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
        _note_on(
            session,
            attempt.channel_id,
            attempt.programme_id,
            today,
            {"rests_until": now + rest},
        )
    if not is_ours:
        return
    if attempt.state not in (AttemptState.REFUSED, AttemptState.REJECTED):
        _follow(session, row, attempt, today, now)
        return
    left = channels_left(others, queries.tried(session, row.id, row.tries))
    wait = backoff(row.tries, jitter)
    if wait is None or (is_never and not left):
        _end(session, row, MessageState.DEAD, attempt.reason or Reason.REFUSED, today, now)
        return
    is_elsewhere = (is_never or is_channel) and any(one != attempt.channel_id for one in left)
    _let_go(row, MessageState.WAITING)
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
        _end(session, row, MessageState.DROPPED, Reason.OPTED_OUT, today, now)


def let_rest(session: Session, channel: ChannelFacts, *, now: datetime) -> None:
    """Leave a channel alone for a while that cannot be used as it is."""
    day = _today(session, channel.programme_id, now)
    _note_on(session, channel.id, channel.programme_id, day, {"rests_until": now + REST})


def report(session: Session, channel_id: UUID, delivery: Delivery, *, now: datetime) -> bool:
    """Note what a provider says became of a message; tells whether it changed anything.

    Reports only move forward: repeated ones and those that come late change nothing. One that names only the provider's id, before
    we know that id ourselves, is kept until we do.
    """
    known = session.get(MessageAttempt, delivery.our_id) if delivery.our_id else None
    if known is None or known.channel_id != channel_id:
        return bool(delivery.provider_id) and _report_unknown(session, channel_id, delivery, now)
    row = _row(session, known.message_id)
    attempt = _attempt(session, known.id)
    today = _today(session, row.programme_id, now)
    changed = _report(session, row, attempt, delivery.state, delivery.error, today, now)
    if delivery.is_opted_out:
        _opt_out(session, attempt, today)
    if delivery.provider_id:
        _learn(session, row, attempt, delivery.provider_id, today, now)
    return changed


def forget_old(session: Session, *, now: datetime) -> int:
    """Forget what finished messages said and to whom, later the messages themselves; returns how many were deleted.

    What waits is not touched: its time ends it first.
    """
    gone = 0
    for each in programmes.programmes(session):
        today = _today(session, each.id, now)
        theirs = (Message.programme_id == each.id, Message.state.not_in(queries.GOING))
        spoken = select(Message.id).where(*theirs, Message.queued_on <= today - WORDS_KEPT)
        session.execute(
            update(MessageAttempt)
            .where(MessageAttempt.message_id.in_(spoken), MessageAttempt.sealed_number.is_not(None))
            .values(sealed_number=None)
        )
        session.execute(
            update(Message)
            .where(Message.id.in_(spoken), Message.sealed_body.is_not(None))
            .values(sealed_body=None)
        )
        old = select(Message.id).where(*theirs, Message.queued_on <= today - ROWS_KEPT)
        attempts = select(MessageAttempt.id).where(MessageAttempt.message_id.in_(old))
        session.execute(delete(ProviderMessage).where(ProviderMessage.attempt_id.in_(attempts)))
        session.execute(
            delete(ProviderMessage).where(
                ProviderMessage.programme_id == each.id,
                ProviderMessage.attempt_id.is_(None),
                ProviderMessage.learnt_on <= today - UNKNOWN_KEPT,
            )
        )
        session.execute(delete(MessageAttempt).where(MessageAttempt.message_id.in_(old)))
        gone += session.execute(delete(Message).where(Message.id.in_(old))).rowcount  # type: ignore[attr-defined]
        session.execute(
            delete(MessageCap).where(
                MessageCap.programme_id == each.id, MessageCap.day <= today - CAPS_KEPT
            )
        )
    return gone


def _report_unknown(session: Session, channel_id: UUID, delivery: Delivery, now: datetime) -> bool:
    """A report that names only the provider's id."""
    digest = queries.provider_digest(session, channel_id, delivery.provider_id)
    programme_id = channels.channel(session, channel_id).programme_id
    today = _today(session, programme_id, now)
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
    row = _row(session, attempt.message_id)
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
        _end(session, row, MessageState.DELIVERED, None, today, now)
        emit(session, MessageDelivered(row.id.hex), programme_id=row.programme_id, at=now)
    elif attempt.state is AttemptState.FAILED:
        _end(session, row, MessageState.FAILED, attempt.reason, today, now)
    else:
        _let_go(row, MessageState.SENT)
        row.available_at, row.reason, row.ended_on = None, None, None
        _forget_reply(row)


def _settling(
    session: Session, leased: Leased, attempt_id: UUID
) -> tuple[Message, MessageAttempt, bool]:
    """A message and its attempt, held; and whether what becomes of the attempt still decides about the message.

    It does not when a report was quicker. It does when the call took so long that others took it for lost.
    """
    row = _row(session, leased.id)
    attempt = _attempt(session, attempt_id)
    is_leaving = row.state is MessageState.SENDING and row.lease == leased.lease
    is_taken_for_lost = (
        row.state is MessageState.UNCERTAIN
        and attempt.number == queries.attempts_of(session, row.id)
    )
    return row, attempt, is_leaving or is_taken_for_lost


def _doubt_what_was_left_behind(session: Session, now: datetime) -> None:
    """What was leaving when its worker went may have left."""
    rows = session.scalars(
        select(Message)
        .where(Message.state == MessageState.SENDING, Message.leased_until < now)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    zones = _Zones(session)
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
    _let_go(row, MessageState.UNCERTAIN)
    row.available_at, row.reason = now + REPORT_WAIT, attempt.reason


def _may_go_twice(session: Session, row: Message) -> bool:
    """Whether a message that may have left is sent once more: once, and where a second copy does no harm."""
    if row.kind not in HARMLESS_TWICE:
        return False
    states = [each.state for each in queries.tried(session, row.id, row.tries)]
    return states.count(AttemptState.UNCERTAIN) == 1


def _move(attempt: MessageAttempt, to: AttemptState) -> bool:
    if not moves_forward(attempt.state, to):
        return False
    attempt.state = to
    return True


def _end(
    session: Session,
    row: Message,
    state: MessageState,
    reason: str | None,
    today: date,
    now: datetime,
) -> None:
    _let_go(row, state)
    row.available_at, row.reason, row.ended_on = None, reason, today
    _forget_reply(row)
    if state in (MessageState.FAILED, MessageState.DEAD):
        emit(session, MessageFailed(row.id.hex), programme_id=row.programme_id, at=now)


def _let_go(row: Message, state: MessageState) -> None:
    row.state, row.lease, row.leased_until = state, None, None


def _forget_reply(row: Message) -> None:
    """An answer is in time or no answer: nobody sends it again."""
    if row.kind is MessageKind.REPLY:
        row.sealed_body = None


def _undo(session: Session, row: Message, attempt: MessageAttempt) -> None:
    """What has surely not left costs nothing, and counts for nobody."""
    _pay(session, attempt, spent=-attempt.cost_minor, parts=-attempt.parts)
    number = queries.number_of(session, attempt)
    if row.counted_on and number:
        _count(session, row.programme_id, number, row.counted_on, -1)
    row.counted_on = None
    attempt.parts, attempt.cost_minor = 0, 0


def _spend(session: Session, channel: ChannelFacts, day: date, parts: int, cost: int) -> bool:
    """Take the price of a message from a channel's day, if there is so much left: of two at once only what fits."""
    spending = _of_day(channel.id, day).values(
        spent_minor=ChannelDay.spent_minor + cost, parts=ChannelDay.parts + parts
    )
    if channel.daily_budget_minor is not None:
        spending = spending.where(ChannelDay.spent_minor + cost <= channel.daily_budget_minor)
    return _changes(session, spending) or (
        _begin_day(session, channel.id, channel.programme_id, day) and _changes(session, spending)
    )


def _pay(session: Session, attempt: MessageAttempt, *, spent: int, parts: int = 0) -> None:
    session.execute(
        _of_day(attempt.channel_id, attempt.made_on).values(
            spent_minor=ChannelDay.spent_minor + spent, parts=ChannelDay.parts + parts
        )
    )


def _tally(session: Session, attempt: MessageAttempt, day: date, what: str) -> None:
    count = {what: getattr(ChannelDay, what) + 1}
    _note_on(session, attempt.channel_id, attempt.programme_id, day, count)


def _note_on(
    session: Session, channel_id: UUID, programme_id: UUID, day: date, values: Mapping[str, Any]
) -> None:
    noting = _of_day(channel_id, day).values(values)
    if not _changes(session, noting):
        _begin_day(session, channel_id, programme_id, day)
        _changes(session, noting)


def _of_day(channel_id: UUID, day: date) -> Update:
    return update(ChannelDay).where(ChannelDay.channel_id == channel_id, ChannelDay.day == day)


def _changes(session: Session, statement: Update) -> bool:
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def _begin_day(session: Session, channel_id: UUID, programme_id: UUID, day: date) -> bool:
    """Make a channel's row of a day, by whoever needs it first; tells whether it was not there when we came."""
    known = select(ChannelDay.day).where(ChannelDay.channel_id == channel_id, ChannelDay.day == day)
    if session.scalar(known) is not None:
        return False
    row = {"channel_id": channel_id, "day": day, "programme_id": programme_id}
    with suppress(IntegrityError), apart(session) as alone:
        put(alone, ChannelDay, row)
    return True


def count_held(session: Session, programme_id: UUID, msisdn: str, day: date) -> tuple[int, int]:
    """How many messages a number got on a day, and in the week that ends with it; held until commit."""
    digest = number_digest(session, programme_id, msisdn)
    row = {"number_digest": digest, "day": day, "programme_id": programme_id}
    held = select(MessageCap.messages).where(
        MessageCap.number_digest == digest, MessageCap.day == day
    )
    today = session.scalar(held.with_for_update())
    if today is None:
        with suppress(IntegrityError), apart(session) as alone:
            put(alone, MessageCap, row)
        today = session.scalar(held.with_for_update()) or 0
    week = session.scalar(
        select(func.sum(MessageCap.messages)).where(
            MessageCap.number_digest == digest,
            MessageCap.day > day - queries.WEEK,
            MessageCap.day <= day,
        )
    )
    return today, int(week or 0)


def _count(session: Session, programme_id: UUID, msisdn: str, day: date, by: int) -> None:
    session.execute(
        update(MessageCap)
        .where(
            MessageCap.number_digest == number_digest(session, programme_id, msisdn),
            MessageCap.day == day,
        )
        .values(messages=MessageCap.messages + by)
    )


def _opt_out(session: Session, attempt: MessageAttempt, on: date) -> None:
    number = queries.number_of(session, attempt)
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


def _row(session: Session, message_id: UUID) -> Message:
    return session.scalars(
        select(Message)
        .where(Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _held(session: Session, leased: Leased) -> Message:
    """A message that this very transaction holds already."""
    return session.get_one(Message, leased.id)


def _attempt(session: Session, attempt_id: UUID) -> MessageAttempt:
    return session.scalars(
        select(MessageAttempt)
        .where(MessageAttempt.id == attempt_id)
        .execution_options(populate_existing=True)
    ).one()


def _today(session: Session, programme_id: UUID, now: datetime) -> date:
    return local_date(now, programmes.clock_of(session, programme_id, None))


def _queue(
    session: Session,
    programme_id: UUID,
    kind: MessageKind,
    cause: str,
    body: Mapping[str, Any],
    expires_at: datetime,
    now: datetime,
) -> bool:
    digest = queries.cause_digest(session, programme_id, kind, cause)
    if session.scalar(select(Message.id).where(Message.cause_digest == digest)) is not None:
        return False
    message_id = random_id()
    row = {
        "id": message_id,
        "programme_id": programme_id,
        "cause_digest": digest,
        "kind": kind,
        "sealed_body": keyring_of(session).seal(
            json.dumps(body).encode(), table="message", column="sealed_body", row=message_id
        ),
        "state": MessageState.WAITING,
        "queued_on": local_date(now, programmes.clock_of(session, programme_id, None)),
        "expires_at": expires_at,
        "available_at": _hour(now),
        "tries": 0,
    }
    try:
        with apart(session) as alone:
            put(alone, Message, row)
    except IntegrityError:  # another worker was quicker
        return False
    return True


def _locked(session: Session, message_id: UUID, programme_id: UUID) -> Message:
    row = session.scalar(
        select(Message)
        .where(Message.id == message_id, Message.programme_id == programme_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownMessage
    return row


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
