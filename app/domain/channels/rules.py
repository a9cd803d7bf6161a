"""What a channel may be: a provider's account, with its prices and the addresses its calls may come from."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from uuid import UUID

from app.domain.channels.errors import BadChannel
from app.domain.channels.events import Medium

SECRET_BYTES = 24
LIVE_SECRETS = 2
LONGEST_NAME = 60
LONGEST_SENDER = 20
LONGEST_OPTION = 20_000  # a whole profile is one of them
HIGHEST = 2**31 - 1


@dataclass(frozen=True)
class ChannelSettings:
    """What people say of a channel. ``options`` are its adapter's, checked by the door; they are in no ``repr``.

    The lowest ``priority`` is tried first. ``price_minor`` is what a part of a message costs; None in
    ``daily_budget_minor`` is no limit.
    """

    name: str
    media: frozenset[Medium]
    sender: str = ""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    allowed_addresses: Sequence[str] = ()
    receives: bool = True
    sends: bool = True
    priority: int = 10
    price_minor: int = 0
    currency: str = "UAH"
    daily_budget_minor: int | None = None
    language: str = "uk"


def new_secret() -> str:
    """Thirty-two random characters that need no escape in an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def path(slug: str, channel_id: UUID, secret: str, hook: str) -> str:
    """Where a provider calls us, below the public address; ``hook`` is inbound, status or ussd."""
    return f"/gw/{slug}/{channel_id}/{secret}/{hook}"


def check(settings: ChannelSettings, *, languages: Sequence[str]) -> None:
    """Raises: BadChannel, with the first field that cannot be so and why."""
    name = settings.name.strip()
    faults = {
        ("name", "missing"): not name,
        ("name", "too_long"): len(name) > LONGEST_NAME,
        ("sender", "too_long"): len(settings.sender) > LONGEST_SENDER,
        ("media", "missing"): not settings.media,
        ("options", "too_long"): any(
            len(each) > LONGEST_OPTION for each in settings.options.values()
        ),
        ("priority", "not_a_number"): not 0 <= settings.priority <= HIGHEST,
        ("price", "not_a_number"): not 0 <= settings.price_minor <= HIGHEST,
        ("currency", "missing"): not (
            len(settings.currency) == 3
            and settings.currency.isascii()
            and settings.currency.isupper()
        ),
        ("daily_budget", "not_a_number"): not 0 <= (settings.daily_budget_minor or 0) <= HIGHEST,
        ("language", "unknown"): settings.language not in languages,
    }
    for (where, why), is_so in faults.items():
        if is_so:
            raise BadChannel(field=where, reason=why)
    if not all(map(is_network, settings.allowed_addresses)):
        raise BadChannel(field="allowed_addresses", reason="not_an_address")


def is_network(text: str) -> bool:
    """Whether a text is an address or a network, of either version.

    >>> is_network("192.0.2.7"), is_network("2001:db8::/32"), is_network("192.0.2.7/24"), is_network("here")
    (True, True, False, False)
    """
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def is_allowed(address: str, allowed: Iterable[str]) -> bool:
    """Whether a call may come from an address; an empty list lets everyone in, an address that is none nobody.

    An IPv4 address that was written as IPv6 is the same one.

    >>> is_allowed("::ffff:192.0.2.7", ["192.0.2.0/24"]), is_allowed("198.51.100.1", ["192.0.2.0/24"]), is_allowed("x", [])
    (True, False, True)
    """
    networks = [ip_network(each) for each in allowed]
    if not networks:
        return True
    try:
        caller = ip_address(address)
    except ValueError:
        return False
    plain = getattr(caller, "ipv4_mapped", None) or caller
    return any(plain in network for network in networks)
