import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, func, select
from sqlalchemy.orm import Session

from app.core.crypto import KeyProblem, Keyring, keyring_of
from app.core.telephone_numbers import number_digest
from app.domain.channels.events import Medium
from app.domain.contacts.rules import masked
from app.domain.messaging.models import ProviderEvent, RawCall, UssdSession
from app.domain.messaging.rules import ANONYMOUS, RESUME, Conversation, Reply
from app.domain.screens.rules import Screen, State

COLUMN = "sealed_contents"

# Made once: on the way of every turn, building a statement costs more than running it.
_EVENT = select(ProviderEvent.id, ProviderEvent.sealed_contents).where(
    ProviderEvent.channel_id == bindparam("channel", type_=Uuid()),
    ProviderEvent.digest == bindparam("digest"),
)
_SESSION = (
    select(UssdSession.id, UssdSession.touched_at, UssdSession.sealed_contents)
    .where(
        UssdSession.channel_id == bindparam("channel", type_=Uuid()),
        UssdSession.digest == bindparam("digest"),
    )
    .with_for_update()
)
_LAST_SESSION = (
    select(UssdSession.id, UssdSession.sealed_contents)
    .where(
        UssdSession.channel_id == bindparam("channel", type_=Uuid()),
        UssdSession.caller_digest == bindparam("caller"),
        UssdSession.touched_at >= bindparam("since"),
    )
    .order_by(UssdSession.touched_at.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Exchange:
    """What a telephone asked and was shown: the name of a screen, never what was typed. ``number`` is masked, None for nobody's."""

    on: date
    number: str | None
    medium: Medium
    screen: str
    is_answered: bool
    channel_id: UUID


@dataclass(frozen=True)
class CallFacts:
    """A provider's call as it came, for whoever connects it; in no ``repr``."""

    on: date
    contents: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class KeptSession:
    """A session as it lies there."""

    id: UUID
    touched_at: datetime
    conversation: Conversation | None = field(repr=False)


def conversations(
    session: Session, programme_id: UUID, *, since: date, most: int = 200
) -> list[Exchange]:
    """What telephones asked since a day, the newest day first. Menus are remembered for a day, text messages for weeks.

    What is said without a name, and its answers, are not among them.
    """
    return _exchanges(session, programme_id, None, since, most)


def conversation_with(
    session: Session, programme_id: UUID, msisdn: str, *, since: date, most: int = 200
) -> list[Exchange]:
    """The same of one number."""
    digest = number_digest(session, programme_id, msisdn)
    return _exchanges(session, programme_id, digest, since, most)


def last_came(session: Session, programme_id: UUID) -> dict[UUID, date]:
    """The last day anything came in by each channel, as far as it is remembered."""
    heard = (
        select(ProviderEvent.channel_id, func.max(ProviderEvent.heard_on))
        .where(ProviderEvent.programme_id == programme_id)
        .group_by(ProviderEvent.channel_id)
    )
    touched = (
        select(UssdSession.channel_id, func.max(UssdSession.touched_at))
        .where(UssdSession.programme_id == programme_id)
        .group_by(UssdSession.channel_id)
    )
    found = {row[0]: row[1] for row in session.execute(heard)}
    for channel, at in session.execute(touched):
        found[channel] = max(found.get(channel, at.date()), at.date())
    return found


def calls_of(session: Session, channel_id: UUID, *, most: int = 20) -> list[CallFacts]:
    """The calls of a channel that are kept, the newest day first."""
    rows = session.scalars(
        select(RawCall)
        .where(RawCall.channel_id == channel_id)
        .order_by(RawCall.heard_on.desc(), RawCall.id)
        .limit(most)
    )
    keyring = keyring_of(session)
    return [
        CallFacts(row.heard_on, json.loads(_open(keyring, RawCall, row.id, row.sealed_contents)))
        for row in rows
    ]


def event_digest(keyring: Keyring, channel_id: UUID, kind: str, event_id: str) -> bytes:
    return keyring.digest("provider-event", channel_id.hex, kind, event_id)


def session_digest(keyring: Keyring, channel_id: UUID, session_id: str) -> bytes:
    return keyring.digest("ussd-session", channel_id.hex, session_id)


def was_told(session: Session, channel_id: UUID, digest: bytes) -> tuple[UUID, bytes | None] | None:
    """The id and the sealed answer of an event that came before."""
    given = {"channel": channel_id, "digest": digest}
    row = session.connection().execute(_EVENT, given).first()
    return (row.id, row.sealed_contents) if row else None


def reply_in(session: Session, event_id: UUID, sealed: bytes | None) -> Reply | None:
    """What an event was answered; None where it was not, or the answer is gone."""
    if sealed is None:
        return None
    told = json.loads(_open(keyring_of(session), ProviderEvent, event_id, sealed))
    if not told["is_answered"]:
        return None
    return Reply(Screen.from_json(told["screen"]), told["language"])


def lock_session(session: Session, channel_id: UUID, digest: bytes) -> KeptSession | None:
    """A session by its digest, held until commit. Its conversation is None where its seal does not open."""
    given = {"channel": channel_id, "digest": digest}
    row = session.connection().execute(_SESSION, given).first()
    if row is None:
        return None
    return KeptSession(
        row.id, row.touched_at, conversation_in(keyring_of(session), row.id, row.sealed_contents)
    )


def conversation_in(keyring: Keyring, session_id: UUID, sealed: bytes) -> Conversation | None:
    try:
        return Conversation.from_json(json.loads(_open(keyring, UssdSession, session_id, sealed)))
    except KeyProblem:
        return None


def place_of(session: Session, channel_id: UUID, caller: bytes, *, now: datetime) -> State | None:
    """Where a number goes on whose call was cut off; None where it ended, was long ago, or was at the beginning."""
    given = {"channel": channel_id, "caller": caller, "since": now - RESUME}
    row = session.connection().execute(_LAST_SESSION, given).first()
    if row is None:
        return None
    before = conversation_in(keyring_of(session), row.id, row.sealed_contents)
    return before.place if before and not before.screen.ends else None


def seal(keyring: Keyring, model: type[Any], row: UUID, contents: Mapping[str, Any]) -> bytes:
    plain = json.dumps(dict(contents)).encode()
    return keyring.seal(plain, table=model.__tablename__, column=COLUMN, row=row)


def _open(keyring: Keyring, model: type[Any], row: UUID, sealed: bytes) -> bytes:
    return keyring.open(sealed, table=model.__tablename__, column=COLUMN, row=row)


def _exchanges(
    session: Session, programme_id: UUID, caller: bytes | None, since: date, most: int
) -> list[Exchange]:
    keyring = keyring_of(session)
    found: list[tuple[str, Exchange]] = []
    events = select(ProviderEvent).where(
        ProviderEvent.programme_id == programme_id,
        ProviderEvent.heard_on >= since,
        ProviderEvent.caller_digest.is_not(None),
        ProviderEvent.sealed_contents.is_not(None),
    )
    if caller is not None:
        events = events.where(ProviderEvent.caller_digest == caller)
    for event in session.scalars(
        events.order_by(ProviderEvent.heard_on.desc(), ProviderEvent.id).limit(most)
    ):
        told = json.loads(_open(keyring, ProviderEvent, event.id, event.sealed_contents or b""))
        found.append((told["at"], _by_sms(event, told)))
    for row in session.scalars(_sessions(programme_id, caller, most)):
        talk = conversation_in(keyring, row.id, row.sealed_contents)
        if talk is None or talk.sender is None:
            continue
        number, on = masked(talk.sender), row.touched_at.date()
        for name in reversed(talk.trail):
            shown = Exchange(on, number, Medium.USSD, name, True, row.channel_id)
            found.append((row.touched_at.isoformat(), shown))
    found.sort(key=lambda each: each[0], reverse=True)
    return [exchange for _, exchange in found if exchange.screen not in ANONYMOUS][:most]


def _sessions(programme_id: UUID, caller: bytes | None, most: int) -> Select[UssdSession]:
    rows = select(UssdSession).where(
        UssdSession.programme_id == programme_id, UssdSession.caller_digest.is_not(None)
    )
    if caller is not None:
        rows = rows.where(UssdSession.caller_digest == caller)
    return rows.order_by(UssdSession.touched_at.desc()).limit(most)


def _by_sms(event: ProviderEvent, told: Mapping[str, Any]) -> Exchange:
    return Exchange(
        event.heard_on,
        masked(told["from"]),
        Medium.SMS,
        told["screen"]["name"],
        told["is_answered"],
        event.channel_id,
    )
