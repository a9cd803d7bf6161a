from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import uuid7
from app.domain.audit.actions import record
from app.domain.channels import queries, rules
from app.domain.channels.errors import TooManySecrets, UnknownChannel
from app.domain.channels.models import Channel, ChannelSecret
from app.domain.channels.queries import ChannelFacts
from app.domain.channels.rules import ChannelSettings
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission


def open_channel(
    session: Session,
    programme_id: UUID,
    slug: str,
    settings: ChannelSettings,
    *,
    by: Actor | None,
    now: datetime,
    channel_id: UUID | None = None,
) -> tuple[ChannelFacts, str]:
    """Open a provider's account here, switched on, with its first secret: the only time that is known.

    ``slug`` names its adapter, which has taken its options. ``by`` is None at the machine's own command line. Asking
    again under the same ``channel_id`` changes nothing and gives an empty secret.

    Raises:
        BadChannel, NotAllowed, UnknownProgramme.
    """
    _check(session, programme_id, settings, by)
    new = channel_id or uuid7()
    if session.get(Channel, new) is not None:
        return queries.channel(session, new), ""
    row = Channel(id=new, programme_id=programme_id, slug=slug, is_on=True, opened_at=now)
    _apply(session, row, settings)
    session.add(row)
    session.flush()
    secret = _add_secret(session, new, slot=1, now=now)
    _record(session, "channel.opened", row, by, now, slug=slug)
    return queries.channel(session, new), secret


def change_channel(
    session: Session,
    channel_id: UUID,
    settings: ChannelSettings,
    *,
    by: Actor | None,
    now: datetime,
) -> ChannelFacts:
    """Say all that a channel is anew; its adapter and its secrets stay.

    Raises:
        BadChannel, NotAllowed, UnknownChannel.
    """
    row = _lock(session, channel_id, by)
    _check(session, row.programme_id, settings, by)
    before = queries.channel(session, channel_id)
    _apply(session, row, settings)
    session.flush()
    after = queries.channel(session, channel_id)
    changed = [name for name in vars(after) if getattr(after, name) != getattr(before, name)]
    if changed:
        _record(session, "channel.changed", row, by, now, changed=changed)
    return after


def switch(
    session: Session, channel_id: UUID, *, is_on: bool, by: Actor | None, now: datetime
) -> None:
    """Turn a channel on or off: one that is off lets no call in and sends nothing.

    Raises:
        NotAllowed, UnknownChannel.
    """
    row = _lock(session, channel_id, by)
    if row.is_on is is_on:
        return
    row.is_on = is_on
    session.flush()
    _record(session, "channel.switched_on" if is_on else "channel.switched_off", row, by, now)


def renew_secret(session: Session, channel_id: UUID, *, by: Actor | None, now: datetime) -> str:
    """Another secret beside the one in use, so that a provider can be told without an hour in which nothing works.

    Raises:
        NotAllowed, UnknownChannel.
        TooManySecrets: two are in use.
    """
    row = _lock(session, channel_id, by)
    taken = set(
        session.scalars(select(ChannelSecret.slot).where(ChannelSecret.channel_id == channel_id))
    )
    free = [slot for slot in range(1, rules.LIVE_SECRETS + 1) if slot not in taken]
    if not free:
        raise TooManySecrets
    secret = _add_secret(session, channel_id, slot=free[0], now=now)
    _record(session, "channel.secret_made", row, by, now)
    return secret


def end_secret(
    session: Session, channel_id: UUID, secret_id: UUID, *, by: Actor | None, now: datetime
) -> bool:
    """Let nobody in with a secret any more; tells whether it was in use. Raises: NotAllowed, UnknownChannel."""
    row = _lock(session, channel_id, by)
    ended = session.execute(
        delete(ChannelSecret).where(
            ChannelSecret.id == secret_id, ChannelSecret.channel_id == channel_id
        )
    )
    if not ended.rowcount:  # type: ignore[attr-defined]
        return False
    _record(session, "channel.secret_ended", row, by, now)
    return True


def _check(
    session: Session, programme_id: UUID, settings: ChannelSettings, by: Actor | None
) -> None:
    if by:
        by.require(Permission.EDIT_CHANNELS)
        if by.programme_id != programme_id:
            raise UnknownChannel
    rules.check(settings, languages=programmes.programme(session, programme_id).languages)


def _lock(session: Session, channel_id: UUID, by: Actor | None) -> Channel:
    if by:
        by.require(Permission.EDIT_CHANNELS)
    row = session.scalar(select(Channel).where(Channel.id == channel_id).with_for_update())
    if row is None or (by and row.programme_id != by.programme_id):
        raise UnknownChannel
    return row


def _apply(session: Session, row: Channel, settings: ChannelSettings) -> None:
    row.name, row.sender = settings.name.strip(), settings.sender.strip()
    row.media = sorted(settings.media)
    row.sealed_options = queries.seal_options(keyring_of(session), row.id, settings.options)
    row.allowed_addresses = list(settings.allowed_addresses)
    row.receives, row.sends = settings.receives, settings.sends
    row.priority, row.price_minor = settings.priority, settings.price_minor
    row.currency, row.daily_budget_minor = settings.currency, settings.daily_budget_minor
    row.language = settings.language


def _add_secret(session: Session, channel_id: UUID, *, slot: int, now: datetime) -> str:
    secret, secret_id, keyring = rules.new_secret(), uuid7(), keyring_of(session)
    put(
        session,
        ChannelSecret,
        {
            "id": secret_id,
            "channel_id": channel_id,
            "slot": slot,
            "digest": queries.secret_digest(keyring, channel_id, secret),
            "sealed_secret": keyring.seal(
                secret.encode(), table="channel_secret", column="sealed_secret", row=secret_id
            ),
            "made_at": now,
        },
    )
    return secret


def _record(
    session: Session, act: str, row: Channel, by: Actor | None, now: datetime, **facts: object
) -> None:
    record(
        session,
        act,
        subject=row.id,
        staff_id=by.staff_id if by else None,
        programme_id=row.programme_id,
        at=now,
        facts=facts,
    )
