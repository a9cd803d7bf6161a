"""Which channel a call may come in by: its secret, its adapter, what its telephones may be shown. Read anew every two seconds.

What is read is kept by each server process, so that a turn on a telephone need not ask again; an ended secret or a channel
that was switched off is dead everywhere when two seconds have passed.
"""

import hmac
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.channels import queries as channels
from app.domain.channels.queries import ChannelFacts
from app.domain.programmes import queries as programmes
from app.domain.screens.rules import Setting
from app.gateways.adapter import Adapter, BadOptions
from app.gateways.registry import UnknownGateway, adapter_for

KEPT_SECONDS = 2.0
# While the database is away, an earlier reading is good enough to say so politely.
STALE_SECONDS = 600.0
MOST_KEPT = 1000
NOBODYS = UUID(int=0)

log = logging.getLogger("pdi.web")


@dataclass(frozen=True)
class ChannelDoor:
    channel: ChannelFacts
    setting: Setting
    adapter: Adapter
    digests: tuple[bytes, ...] = field(repr=False)
    read_at: float


class ChannelDoors:
    """The doors one process knows."""

    def __init__(
        self, database: Database, keyring: Keyring, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._keyring, self._clock = database, keyring, clock
        self._known: dict[UUID, ChannelDoor] = {}

    def let_in(self, slug: str, channel_id: str, secret: str) -> ChannelDoor | None:
        """The door these parts of an address open. Whatever is wrong with them costs one look at the database."""
        wanted = _uuid(channel_id)
        door = self._known.get(wanted)
        now = self._clock()
        if door and now - door.read_at < KEPT_SECONDS and self._fits(door, slug, wanted, secret):
            return door
        door = self._read(wanted, secret, now)
        return door if door and door.channel.is_on and door.channel.slug == slug else None

    def let_in_before(self, slug: str, channel_id: str, secret: str) -> ChannelDoor | None:
        """The same from what was known minutes ago, for when nothing can be read."""
        wanted = _uuid(channel_id)
        door = self._known.get(wanted)
        if door is None or self._clock() - door.read_at > STALE_SECONDS:
            return None
        return door if self._fits(door, slug, wanted, secret) else None

    def _fits(self, door: ChannelDoor, slug: str, wanted: UUID, secret: str) -> bool:
        is_right = self._opens(door.digests, wanted, secret)
        return is_right and door.channel.is_on and door.channel.slug == slug

    def _opens(self, digests: Sequence[bytes], wanted: UUID, secret: str) -> bool:
        given = channels.secret_digest(self._keyring, wanted, secret)
        is_right = [hmac.compare_digest(given, each) for each in digests]  # all of them, always
        return any(is_right)

    def _read(self, wanted: UUID, secret: str, now: float) -> ChannelDoor | None:
        """The door as it is now; a stranger's secret costs the same whether there is such a channel or none."""
        with self._database.snapshot() as session:
            found = channels.door(session, wanted)
            is_right = self._opens(found.digests if found else (b"",), wanted, secret)
            if found is None:
                self._known.pop(wanted, None)
            if found is None or not is_right:
                return None
            programme = programmes.programme(session, found.channel.programme_id)
        channel = found.channel
        try:
            adapter = adapter_for(channel.slug, channel.options)
        except (BadOptions, UnknownGateway) as error:
            log.error("channel %s cannot be used: %s", channel.id, type(error).__name__)
            return None
        setting = Setting(programme.languages, channel.language)
        door = ChannelDoor(channel, setting, adapter, found.digests, now)
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[wanted] = door
        return door


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return NOBODYS
