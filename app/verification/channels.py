"""Providers' accounts, and what came in by them: who may call, and that whoever gave no name is nobody."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import KeyProblem, keyring_of
from app.core.telephone_numbers import number_digest
from app.domain.channels import queries as channels
from app.domain.channels import rules
from app.domain.channels.models import Channel, ChannelSecret
from app.domain.messaging import queries as messaging
from app.domain.messaging.models import ProviderEvent, UssdSession


def secrets(session: Session) -> Iterator[str]:
    """A channel has two secrets at most, each found by its digest; whence it may be called are addresses."""
    keyring = keyring_of(session)
    in_use: Counter[UUID] = Counter()
    for secret in session.scalars(select(ChannelSecret)):
        in_use[secret.channel_id] += 1
        try:
            plain = channels.open_secret(keyring, secret.id, secret.sealed_secret)
        except KeyProblem:  # told by the check of the seals
            continue
        if channels.secret_digest(keyring, secret.channel_id, plain) != secret.digest:
            yield f"secret {secret.id} is found by another one than is sealed of it"
    for channel, number in in_use.items():
        if number > rules.LIVE_SECRETS:
            yield f"channel {channel} has {number} secrets in use"
    for channel, allowed in session.execute(select(Channel.id, Channel.allowed_addresses)):
        if not all(map(rules.is_network, allowed)):
            yield f"channel {channel} may be called from what is no address"


def callers(session: Session) -> Iterator[str]:
    """What came in is found by the number it came from, or names none, and then its answer has an end."""
    for event in session.scalars(
        select(ProviderEvent).where(ProviderEvent.sealed_contents.is_not(None))
    ):
        told = _event(session, event)
        if told is None:
            continue
        yield from _of_its_number(
            session, f"event {event.id}", event.programme_id, event.caller_digest, told.get("from")
        )
        if (event.scrub_at is None) != (event.caller_digest is not None):
            yield f"event {event.id} keeps for ever what was said without a name, or forgets too soon"
    for row in session.scalars(select(UssdSession)):
        talk = messaging.conversation_in(keyring_of(session), row.id, row.sealed_contents)
        if talk is None:  # told by the check of the seals
            continue
        yield from _of_its_number(
            session, f"session {row.id}", row.programme_id, row.caller_digest, talk.sender
        )


def _of_its_number(
    session: Session, what: str, programme_id: UUID, digest: bytes | None, number: str | None
) -> Iterator[str]:
    if number is None and digest is not None:
        yield f"{what} is found by a number it does not name"
    elif number is not None and digest != number_digest(session, programme_id, number):
        yield f"{what} names a number it is not found by"


def _event(session: Session, event: ProviderEvent) -> dict[str, Any] | None:
    try:
        plain = keyring_of(session).open(
            event.sealed_contents or b"",
            table=ProviderEvent.__tablename__,
            column=messaging.COLUMN,
            row=event.id,
        )
    except KeyProblem:  # told by the check of the seals
        return None
    return dict(json.loads(plain))
