"""Which addresses on the network a program may be sent to by what people type into a form.

An address that leads back into our own network would let whoever fills in the form speak to machines that nobody outside should
reach. Names are judged by what they lead to, all of it, at the moment of the connection.
"""

import re
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {443, 8443}
LONGEST_URL = 500
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.IGNORECASE)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_NAT64 = IPv6Network("64:ff9b::/96")
_TUNNELS = (IPv6Network("2001::/32"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))


def is_public(address: Address) -> bool:
    """Whether an address is one machine of the open internet, also where it holds another address.

    >>> [is_public(ip_address(each)) for each in ("93.184.215.14", "10.0.0.1", "::ffff:10.0.0.1", "169.254.169.254")]
    [True, False, False, False]
    """
    if isinstance(address, IPv6Address):
        inner = _held_by(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local or any(address in each for each in _TUNNELS):
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_private or address.is_unspecified
    )


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks by comma, as ``10.1.0.0/16``. Raises: ValueError.

    >>> read_networks(" 10.1.0.0/16, fd00::/8 ")
    (IPv4Network('10.1.0.0/16'), IPv6Network('fd00::/8'))
    """
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in each for each in networks)


def is_open_address(parts: SplitResult) -> bool:
    """Whether scheme and port are those that lead out; any other is for networks that a setting names."""
    return parts.scheme == "https" and (parts.port or 443) in PORTS


def split_url(url: str, *, networks: Sequence[Network] = ()) -> SplitResult:
    """Take an address apart that can be sent to, as far as the address alone tells.

    Raises:
        ValueError: its one argument is a word for the reason.
    """
    if len(url) > LONGEST_URL:
        raise ValueError("too_long")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("not_an_address")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("not_an_address") from None
    if parts.scheme not in ("https", "http") or not host or parts.fragment or parts.port == 0:
        raise ValueError("not_https" if parts.scheme not in ("https", "http") else "not_an_address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has_password")
    if not is_open_address(parts) and not networks:
        raise ValueError("not_https" if parts.scheme != "https" else "other_port")
    _check_host(host, networks)
    return parts


def _check_host(host: str, networks: Sequence[Network]) -> None:
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.rstrip(".").split(".")
        # What ends in a number is read as an address by whoever connects: 2130706433 is 127.0.0.1.
        if len(host) > 253 or not _NAME.fullmatch(host) or _NUMBER.fullmatch(labels[-1]):
            raise ValueError("not_an_address") from None
        if not networks and (len(labels) < 2 or labels[-1].lower() in ("localhost", "local")):
            raise ValueError("not_public") from None
        return
    if not is_public(address) and not is_within(address, networks):
        raise ValueError("not_public")


def _held_by(address: IPv6Address) -> IPv4Address | None:
    """The older address that a newer one only wraps."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
