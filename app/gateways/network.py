"""Asking a provider over HTTP, and what its silence or refusal says about the message.

What matters is whether the message may have been taken: a second one is sent only where the first surely was not.
"""

from collections.abc import Collection, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic

import httpx

from app.gateways.adapter import Outcome, Rejected, Retry, Uncertain
from app.gateways.reading import Json, parse_json

BEFORE_IT_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)
# A key with a line break, an address that is none: the channel's options make no request.
NEVER_A_REQUEST = (
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    ValueError,
)
TRY_LATER = frozenset({408, 425, 429})
OUR_ACCOUNT = frozenset({401, 402, 403, 404, 405, 407})
# A 500, 502 or 504 may come after the message was handed on; a 503 is said by what had no room for it.
SURELY_NOT_TAKEN = frozenset({503})
LONGEST_WAIT = timedelta(days=1)
LARGEST_ANSWER = 64 * 1024
LONGEST_READING = timedelta(seconds=20)
READ = frozenset({"retry-after", "date", "content-type"})


def ask(
    http: httpx.Client,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    json: object = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> httpx.Response | Outcome:
    """The provider's answer, whatever its status, or the outcome where there is none."""
    try:
        request = http.build_request(
            method, url, params=params, data=data, json=json, content=content, headers=headers
        )
        response = http.send(request, auth=auth, follow_redirects=False, stream=True)
    except NEVER_A_REQUEST as fault:
        return Rejected(type(fault).__name__, is_channel=True)
    except BEFORE_IT_LEFT as silence:
        return Retry(type(silence).__name__)
    except httpx.HTTPError as silence:
        return Uncertain(type(silence).__name__)
    with closing(response):
        try:
            return _beginning(response)
        except (httpx.HTTPError, ValueError) as silence:
            return Uncertain(type(silence).__name__)


def _beginning(response: httpx.Response) -> httpx.Response:
    """An answer with as much of its body as any provider needs: one without end must not hold up the messages behind it."""
    until, body = monotonic() + LONGEST_READING.total_seconds(), bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER or monotonic() > until:
            break
    headers = {name: value for name, value in response.headers.items() if name in READ}
    return httpx.Response(response.status_code, headers=headers, content=bytes(body))


def refusal(
    response: httpx.Response, *, not_taken: Collection[int] = SURELY_NOT_TAKEN
) -> Outcome | None:
    """What a status says by itself; None for success. ``not_taken`` are the 5xx that surely are no acceptance."""
    status = response.status_code
    reason = f"HTTP {status}"
    if response.is_success:
        return None
    if status in TRY_LATER or status in not_taken:
        return Retry(reason, after=retry_after(response))
    if response.is_server_error:
        return Uncertain(reason)
    return Rejected(reason, is_channel=status in OUR_ACCOUNT or status < 400)


def retry_after(response: httpx.Response) -> timedelta | None:
    """How long the provider asks us to wait. A date counts from the provider's own clock, which it sends along."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    until, now = _date(text), _date(response.headers.get("date", ""))
    if until is None or now is None:
        return None
    return min(max(until - now, timedelta()), LONGEST_WAIT)


def answered(response: httpx.Response) -> dict[str, Json]:
    """The JSON object of an answer; an empty one where it is none."""
    try:
        parsed = parse_json(response.content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _date(text: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
