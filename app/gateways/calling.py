"""Calling a provider, and what it means when that goes wrong: was the message taken, surely not, or who knows."""

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx

from app.gateways.adapter import Outcome, Rejected, Retry, Uncertain

LONGEST_WAIT = timedelta(days=1)
NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
NO_REQUEST = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError)

LATER = frozenset({429, 503})
OUR_ACCOUNT = frozenset({401, 402, 403, 404, 405, 407})


def call(
    http: httpx.Client,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    json: object | None = None,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> httpx.Response | Outcome:
    """The provider's answer, whatever its status, or what it means that there is none."""
    try:
        return http.request(
            method, url, params=params, data=data, json=json, headers=headers, auth=auth
        )
    except NO_REQUEST:
        return Rejected("the channel's settings make no request", is_channel=True)
    except NEVER_LEFT:
        return Retry("no connection")
    except httpx.HTTPError as error:
        return Uncertain(type(error).__name__)


def refusal(response: httpx.Response) -> Outcome:
    """What an answer other than a success means, by its status alone."""
    status = response.status_code
    reason = f"HTTP {status}"
    if status in LATER:
        return Retry(reason, wait_of(response))
    if status in OUR_ACCOUNT or status < 400:
        return Rejected(reason, is_channel=True)
    if status < 500:
        return Rejected(reason)
    return Uncertain(reason)


def wait_of(response: httpx.Response) -> timedelta | None:
    """What Retry-After asks for: seconds, or an instant by the provider's own clock."""
    asked = response.headers.get("retry-after", "")
    try:
        if asked.isascii() and asked.isdigit():
            wait = timedelta(seconds=min(int(asked[:9]), LONGEST_WAIT.total_seconds()))
        else:
            until, now = (parsedate_to_datetime(each) for each in (asked, response.headers["date"]))
            wait = until - now
    except (ValueError, TypeError, KeyError):
        return None
    return max(timedelta(), min(wait, LONGEST_WAIT))
