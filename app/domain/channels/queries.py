import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import Keyring, keyring_of
from app.domain.channels.errors import UnknownChannel
from app.domain.channels.events import Medium
from app.domain.channels.models import Channel, ChannelSecret
from app.domain.channels.rules import path

TABLE, COLUMN = "channel", "sealed_options"


@dataclass(frozen=True)
class ChannelFacts:
    """A provider's account. Its options open it there, so they are in no ``repr``."""

    id: UUID
    programme_id: UUID
    slug: str
    name: str
    media: frozenset[Medium]
    sender: str
    options: Mapping[str, str] = field(repr=False)
    allowed_addresses: tuple[str, ...]
    receives: bool
    sends: bool
    priority: int
    price_minor: int
    currency: str
    daily_budget_minor: int | None
    language: str
    is_on: bool


@dataclass(frozen=True)
class SecretFacts:
    """A secret in use, without what it is."""

    id: UUID
    made_at: datetime


@dataclass(frozen=True)
class Door:
    """A channel and what may stand in the address of its calls."""

    channel: ChannelFacts
    digests: tuple[bytes, ...] = field(repr=False)


def channel(session: Session, channel_id: UUID) -> ChannelFacts:
    """Raises: UnknownChannel."""
    row = session.get(Channel, channel_id)
    if row is None:
        raise UnknownChannel
    return _facts(keyring_of(session), row)


def channels_of(session: Session, programme_id: UUID) -> list[ChannelFacts]:
    """A programme's channels, the first to be tried first."""
    rows = select(Channel).where(Channel.programme_id == programme_id)
    keyring = keyring_of(session)
    return [
        _facts(keyring, row)
        for row in session.scalars(rows.order_by(Channel.priority, Channel.opened_at, Channel.id))
    ]


def sending_channels(session: Session, programme_id: UUID) -> list[ChannelFacts]:
    """Those that send text messages now, the first to be tried first."""
    return [
        each
        for each in channels_of(session, programme_id)
        if each.is_on and each.sends and Medium.SMS in each.media
    ]


def secrets_of(session: Session, channel_id: UUID) -> list[SecretFacts]:
    """The secrets of a channel that are in use, older ones first."""
    rows = select(ChannelSecret.id, ChannelSecret.made_at).where(
        ChannelSecret.channel_id == channel_id
    )
    return [SecretFacts(*row) for row in session.execute(rows.order_by(ChannelSecret.made_at))]


def door(session: Session, channel_id: UUID) -> Door | None:
    """What decides whether a call is let in: one statement. None where there is no such channel, or none of its secrets is left."""
    rows = session.execute(
        select(Channel, ChannelSecret.digest)
        .join(ChannelSecret, ChannelSecret.channel_id == Channel.id)
        .where(Channel.id == channel_id)
    ).all()
    if not rows:
        return None
    return Door(_facts(keyring_of(session), rows[0][0]), tuple(digest for _, digest in rows))


def status_path(session: Session, channel_id: UUID) -> str | None:
    """Where a provider may report what became of a message, with the newest secret; None where none is left."""
    row = session.scalar(
        select(ChannelSecret)
        .where(ChannelSecret.channel_id == channel_id)
        .order_by(ChannelSecret.made_at.desc(), ChannelSecret.slot.desc())
        .limit(1)
    )
    slug = session.scalar(select(Channel.slug).where(Channel.id == channel_id))
    if row is None or slug is None:
        return None
    return path(
        slug, channel_id, open_secret(keyring_of(session), row.id, row.sealed_secret), "status"
    )


def open_secret(keyring: Keyring, secret_id: UUID, sealed: bytes) -> str:
    return keyring.open(
        sealed, table="channel_secret", column="sealed_secret", row=secret_id
    ).decode()


def secret_digest(keyring: Keyring, channel_id: UUID, secret: str) -> bytes:
    return keyring.digest("channel-secret", channel_id.hex, secret)


def seal_options(keyring: Keyring, channel_id: UUID, options: Mapping[str, str]) -> bytes:
    plain = json.dumps(dict(options)).encode()
    return keyring.seal(plain, table=TABLE, column=COLUMN, row=channel_id)


def _facts(keyring: Keyring, row: Channel) -> ChannelFacts:
    options = keyring.open(row.sealed_options, table=TABLE, column=COLUMN, row=row.id)
    return ChannelFacts(
        row.id,
        row.programme_id,
        row.slug,
        row.name,
        frozenset(Medium(each) for each in row.media),
        row.sender,
        json.loads(options),
        tuple(row.allowed_addresses),
        row.receives,
        row.sends,
        row.priority,
        row.price_minor,
        row.currency,
        row.daily_budget_minor,
        row.language,
        row.is_on,
    )
