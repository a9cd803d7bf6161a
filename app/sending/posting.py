"""Sends a body to an address that a person typed in: it reaches the machine that was checked, and no other, within seconds."""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import ip_address
from urllib.parse import SplitResult

import httpx

from app.core.addresses import (
    Address,
    is_open_address,
    is_public,
    is_within,
    read_networks,
    split_url,
)
from app.domain.webhooks.actions import Said
from app.domain.webhooks.rules import Problem

SECONDS = 10.0
LONGEST_ANSWER = 4 * 1024
MOST_ADDRESSES = 4

Resolve = Callable[[str, int], Sequence[str]]

log = logging.getLogger("pdi.webhooks")


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, as the machine's resolver knows it. Raises: OSError, UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Posting:
    """Posts to the open internet by https on its usual ports; elsewhere only within the networks a setting names.

    A name is looked up once, all its addresses must be allowed, and the connection goes to one of these. No redirect is
    followed and no proxy asked, for either would choose the machine anew.
    """

    def __init__(
        self,
        networks: str = "",
        *,
        seconds: float = SECONDS,
        trust: ssl.SSLContext | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        """Raises: ValueError, where the networks are none."""
        self.networks = read_networks(networks)
        self._seconds, self._resolve = seconds, resolve
        self._trust = trust or httpx.create_ssl_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Said:
        """Send once and say what came back. Whatever the other side does, it takes seconds and raises nothing."""
        late = _Deadline(self._seconds)
        try:
            parts = split_url(url, networks=self.networks)
            addresses = self._addresses(parts)
            with late:
                return self._exchange(parts, addresses, headers, body, late, now)
        except _Refused as refused:
            return Said(problem=refused.problem)
        except ssl.SSLCertVerificationError:
            return Said(problem=Problem.CERTIFICATE)
        except TimeoutError:
            return Said(problem=Problem.TIMEOUT)
        except Exception as error:  # noqa: BLE001 - a stranger's machine may answer anything
            log.info("a webhook met no usable answer: %s", type(error).__name__)
            return Said(problem=_problem_of(error) if not late.is_over else Problem.TIMEOUT)

    def _addresses(self, parts: SplitResult) -> list[Address]:
        host, port = parts.hostname or "", _port(parts)
        try:
            found = [ip_address(each) for each in self._resolve(host, port)]
        except (OSError, UnicodeError) as error:
            raise _Refused(Problem.NO_ADDRESS) from error
        if not found:
            raise _Refused(Problem.NO_ADDRESS)
        leads_out = is_open_address(parts)
        for each in found:
            if not (leads_out and is_public(each)) and not is_within(each, self.networks):
                raise _Refused(Problem.NOT_PUBLIC)
        return found[:MOST_ADDRESSES]

    def _exchange(
        self,
        parts: SplitResult,
        addresses: Sequence[Address],
        headers: Mapping[str, str],
        body: bytes,
        late: "_Deadline",
        now: datetime,
    ) -> Said:
        host, port = parts.hostname or "", _port(parts)
        connection = HTTPConnection(host, port)
        connection.auto_open = 0
        connection.sock = plain = _connect(addresses, port, late)
        late.watch(plain)
        if parts.scheme == "https":
            connection.sock = safe = self._trust.wrap_socket(
                plain, server_hostname=host, do_handshake_on_connect=False
            )
            late.watch(safe)
            safe.do_handshake()
        with contextlib.closing(connection):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            given = {"Host": parts.netloc, "Connection": "close", **headers}
            connection.request("POST", target, body, given)
            response = connection.getresponse()
            late.check()  # headers that were cut off look complete
            with contextlib.suppress(OSError, HTTPException):  # the status line was the answer
                response.read(LONGEST_ANSWER)
            return Said(response.status, retry_after=_retry_after(response, now))


class _Deadline:
    """Cuts a connection off after so many seconds, however slowly the other side drips: a time-out of each read would not."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._watched: socket.socket | None = None

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._watched:
            self._watched.close()

    @property
    def left(self) -> float:
        """Seconds that are left. Raises: TimeoutError, when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def check(self) -> None:
        """Raises: TimeoutError, when no time is left."""
        _ = self.left

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    def watch(self, sock: socket.socket) -> None:
        self._watched = sock
        sock.settimeout(self.left)

    def _cut(self) -> None:
        if self._watched:
            with contextlib.suppress(OSError):
                # Past the TLS layer, which another thread is reading from.
                socket.socket.shutdown(self._watched, socket.SHUT_RDWR)


def _connect(addresses: Sequence[Address], port: int, late: _Deadline) -> socket.socket:
    """Raises: OSError, of the last address that was tried."""
    failure: OSError = OSError()
    for each in addresses:
        try:
            return socket.create_connection((str(each), port), timeout=late.left)
        except OSError as error:
            failure = error
    raise failure


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, ValueError) and not isinstance(error, ssl.CertificateError):
        return Problem.NOT_PUBLIC  # the settings have changed since the address was taken in
    if isinstance(error, OSError):
        return Problem.UNREACHABLE
    return Problem.GARBLED


def _retry_after(response: HTTPResponse, now: datetime) -> timedelta | None:
    """Seconds or a date, as receivers may say it; anything else is as if nothing was said."""
    text = (response.getheader("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta(0))
