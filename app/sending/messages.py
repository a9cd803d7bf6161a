"""Sends what is due: judged as it would leave, marked before the provider is called, settled afterwards.

The call itself is outside any transaction. Whatever a worker leaves half done another finds by its lease.
"""

import logging
import random
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import Database
from app.domain.attempts import actions as attempts
from app.domain.attempts import queries as tries
from app.domain.attempts.rules import NO_CHANNEL_WAIT, REST, channels_left
from app.domain.channels import queries as channels
from app.domain.channels.events import Medium
from app.domain.channels.queries import ChannelFacts
from app.domain.messages import actions
from app.domain.messages import queries as messages
from app.domain.messages.queries import Leased
from app.domain.messages.rules import MessageKind, Reason
from app.domain.notices import queries as notices
from app.domain.notices.queries import Recipient
from app.domain.notices.rules import Drop, Facts, Wait, judge
from app.domain.opt_outs.queries import has_opted_out
from app.domain.programmes import queries as programmes
from app.domain.screens.rules import Screen
from app.domain.traffic import actions as traffic
from app.domain.traffic import queries as channel_days
from app.domain.wordings import queries as wordings
from app.gateways.adapter import (
    Accepted,
    Adapter,
    BadOptions,
    Outcome,
    Rejected,
    Retry,
    Sms,
    Stopped,
    Uncertain,
)
from app.gateways.registry import UnknownGateway, adapter_for
from app.telephone.lengths import measure
from app.telephone.screens import text_of
from app.telephone.templates import text_of_template

# A call that takes longer is taken for lost; longer than any provider is waited for.
LEASE = timedelta(minutes=2)
BATCH = 20
TIMEOUT_SECONDS = 10.0

log = logging.getLogger("pdi.messages")


@dataclass(frozen=True)
class _Ready:
    """A message that is marked as leaving, and what is needed to let it."""

    leased: Leased
    attempt_id: UUID
    adapter: Adapter
    channel: ChannelFacts
    sms: Sms = field(repr=False)


def client() -> httpx.Client:
    """What providers are called with. No redirect is followed: it would carry a number to where nobody chose."""
    for name in (
        "httpx",
        "httpcore",
    ):  # they log addresses, and in an address may stand number and text
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(
        timeout=TIMEOUT_SECONDS,
        follow_redirects=False,
        trust_env=False,  # no proxy of the machine's environment reads what is written to whom
        limits=httpx.Limits(max_connections=4, max_keepalive_connections=4),
    )


def send_due(
    database: Database,
    clock: Callable[[], datetime],
    http: httpx.Client,
    *,
    public_url: str = "",
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send what is due, a batch at a time; returns how many messages were looked at. Several workers at once share the work.

    ``public_url`` is where providers find us: without one they report nothing.
    """
    with database.snapshot() as session:  # a look costs no writer its turn
        if not messages.is_anything_due(session, now=clock()):
            return 0
    now = clock()
    with database.transaction() as session:
        attempts.doubt_what_was_left_behind(session, now=now)
        taken = actions.lease(session, now=now, until=now + LEASE, most=BATCH)
    for number, leased in enumerate(taken):
        if is_stopping():
            with database.transaction() as session:
                actions.give_back(session, taken[number:])
            break
        try:
            _send(database, clock, http, leased, public_url)
        except Exception as error:  # noqa: BLE001 - the other messages must still leave
            # Its lease brings it back: unsent if nothing had left, uncertain if something may have.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("a message was left to its lease: %s\n%s", type(error).__name__, place)
    return len(taken)


def _send(
    database: Database,
    clock: Callable[[], datetime],
    http: httpx.Client,
    leased: Leased,
    public_url: str,
) -> None:
    with database.transaction() as session:
        ready = _prepare(session, leased, public_url, clock())
    if ready is None:
        return
    outcome = ready.adapter.send(ready.sms, http)
    with database.transaction() as session:
        _settle(session, ready, outcome, clock())


def _prepare(session: Session, leased: Leased, public_url: str, now: datetime) -> _Ready | None:
    """Judge a message and mark it as leaving; None where it does not leave now."""
    if not actions.hold(session, leased):
        return None
    programme_id, body = leased.programme_id, leased.body
    recipient = notices.recipient_of(session, programme_id, leased.kind, body)
    today = local_date(now, recipient.zone)
    facts = _facts(session, leased, recipient, now)
    verdict = judge(
        facts, programmes.current_protocol(session, programme_id).rules.messages, now=now
    )
    if isinstance(verdict, Drop):
        actions.drop(session, leased, verdict.reason, now=now)
        return None
    if isinstance(verdict, Wait):
        actions.put_off(session, leased, until=verdict.until, reason=verdict.reason)
        return None
    to = recipient.msisdn
    if to is None:
        raise AssertionError("a message without a number was let through")
    usable = _channels_for(session, leased)
    tried = tries.tried(session, leased.id, leased.tries) if leased.tries else []
    left = channels_left([each.id for each in usable], tried)
    resting = channel_days.resting(session, programme_id, now=now)
    by_id = {each.id: each for each in usable}
    is_spent = False
    for channel_id in left:
        channel = by_id[channel_id]
        if channel_id in resting:
            continue
        try:
            adapter = adapter_for(channel.slug, channel.options)
        except (BadOptions, UnknownGateway) as problem:
            log.warning("channel %s cannot send: %s", channel_id, type(problem).__name__)
            traffic.let_rest(session, channel_id, programme_id, leased.day(now), until=now + REST)
            continue
        text = _text(session, leased, recipient)
        attempt_id = attempts.begin(
            session,
            leased,
            channel=channel,
            to=to,
            parts=measure(text).parts,
            counts_on=today if body.participant_id else None,
            now=now,
            until=now + LEASE,
        )
        if attempt_id is None:
            is_spent = True
            continue
        path = channels.status_path(session, channel_id) if public_url else None
        status_url = f"{public_url.rstrip('/')}{path}" if path else ""
        sms = Sms(attempt_id, to, text, channel.sender, status_url)
        return _Ready(leased, attempt_id, adapter, channel, sms)
    until, reason = _later(
        session, leased, [resting[each] for each in left if each in resting], is_spent, now
    )
    actions.put_off(session, leased, until=until, reason=reason)
    return None


def _later(
    session: Session,
    leased: Leased,
    rests: Sequence[datetime],
    is_spent: bool,
    now: datetime,
) -> tuple[datetime, Reason]:
    """When to look again at a message that no channel can take now, and why."""
    if rests:
        return min(rests), Reason.CHANNEL_RESTS
    if is_spent:
        clock = ZoneInfo(leased.zone)
        tomorrow = now.astimezone(clock).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), clock), Reason.NO_BUDGET
    return now + NO_CHANNEL_WAIT, Reason.NO_CHANNEL


def _facts(session: Session, leased: Leased, recipient: Recipient, now: datetime) -> Facts:
    programme_id, to = leased.programme_id, recipient.msisdn
    today = local_date(now, recipient.zone)
    is_counted = bool(leased.body.participant_id and to)
    sent_today, sent_this_week = (
        traffic.count_held(session, programme_id, to, today) if is_counted and to else (0, 0)
    )
    itself = int(leased.counted_on == today), int(leased.counted_on is not None)
    return Facts(
        kind=leased.kind,
        zone=recipient.zone,
        expires_at=leased.expires_at,
        is_reachable=to is not None,
        has_agreed=recipient.has_agreed,
        has_opted_out=to is not None and has_opted_out(session, programme_id, to),
        is_true=notices.is_still_so(session, programme_id, leased.kind, leased.body, now=now),
        sent_today=max(0, sent_today - itself[0]),
        sent_this_week=max(0, sent_this_week - itself[1]),
    )


def _channels_for(session: Session, leased: Leased) -> list[ChannelFacts]:
    """The channels that may take a message now, the first to be tried first. An answer leaves as what it answers came."""
    if leased.body.channel_id is None:
        return channels.sending_channels(session, leased.programme_id)
    found = channels.channel(session, leased.body.channel_id)
    return [found] if found.is_on else []


def _text(session: Session, leased: Leased, recipient: Recipient) -> str:
    body = leased.body
    if leased.kind is MessageKind.REPLY:
        return text_of(Screen.from_json(body.facts), body.language, Medium.SMS)
    name = leased.kind.value
    own = wordings.override(session, leased.programme_id, name, body.language)
    facts = notices.facts_of(session, leased.programme_id, leased.kind, body, recipient)
    return text_of_template(name, body.language, facts, own)


def _settle(session: Session, ready: _Ready, outcome: Outcome, now: datetime) -> None:
    leased, attempt_id = ready.leased, ready.attempt_id
    if isinstance(outcome, Accepted):
        attempts.accept(
            session,
            leased,
            attempt_id,
            provider_id=outcome.provider_id,
            parts=outcome.parts,
            cost_minor=_cost(ready.channel, outcome),
            now=now,
        )
    elif isinstance(outcome, Uncertain):
        attempts.doubt(session, leased, attempt_id, reason=outcome.reason, now=now)
    elif isinstance(outcome, Stopped):
        attempts.stop(session, leased, attempt_id, now=now)
    else:
        attempts.refuse(
            session,
            leased,
            attempt_id,
            reason=outcome.reason,
            is_final=isinstance(outcome, Rejected),
            is_channel=isinstance(outcome, Rejected) and outcome.is_channel,
            after=outcome.after if isinstance(outcome, Retry) else None,
            others=[each.id for each in _channels_for(session, leased)],
            jitter=random.random(),
            now=now,
        )


def _cost(channel: ChannelFacts, outcome: Accepted) -> int | None:
    """What the provider says, if it is in the channel's money; else what its parts cost by the channel's price."""
    if outcome.cost_minor is not None and outcome.currency in ("", channel.currency):
        return outcome.cost_minor
    return outcome.parts * channel.price_minor if outcome.parts else None
