"""What other systems are told, how it is signed, and when it is tried again."""

import base64
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.addresses import Network, split_url
from app.domain.webhooks.errors import BadWebhook

KEY_PREFIX = "whsec_"
KEY_BYTES = 32
LONGEST_NAME = 60
MOST_ENDPOINTS = 10
TEST_TYPE = "webhook.test"
# Ten tries within a little over three days, as Standard Webhooks advises.
BACKOFF = tuple(
    timedelta(seconds=each) for each in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
JITTER = 0.2
LONGEST_WAIT = timedelta(days=1)
LEASE = timedelta(minutes=2)
# An address that has taken nothing for so long is switched off: what it was for has moved or is forgotten.
PATIENCE = timedelta(days=3)
KEEP_BODY = timedelta(days=7)
KEEP_LOG = timedelta(days=30)
# The answer to a form that was sent twice shows a new key again, for the browser drew only the second.
KEY_SHOWN_FOR = timedelta(minutes=10)


class State(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Problem(StrEnum):
    """Why there was no answer."""

    NO_ADDRESS = "no_address"
    NOT_PUBLIC = "not_public"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    GARBLED = "garbled"


class OffBecause(StrEnum):
    BY_PERSON = "by_person"
    GONE = "gone"
    FAILING = "failing"


@dataclass(frozen=True)
class EventType:
    """What is told of one kind of event: these ids of its body, a state that never varies, and when, as exactly as needed.

    Of people and of messages to them the day is told, in the programme's own calendar.
    """

    name: str
    kind: str
    ids: tuple[str, ...]
    state: str = ""
    is_by_day: bool = False


TYPES: Mapping[str, EventType] = {
    each.name: each
    for each in (
        EventType("coupon.redeemed", "CouponRedeemed", ("redemption_id",), is_by_day=True),
        EventType("visit.completed", "VisitCompleted", ("participant_id",), is_by_day=True),
        EventType("float.low", "FloatLow", ("site_id",), "low", is_by_day=True),
        EventType("payout_batch.released", "BatchReleased", ("batch_id",), "released"),
        EventType("payout_batch.closed", "BatchClosed", ("batch_id",), "closed"),
        EventType(
            "message.delivered", "MessageDelivered", ("message_id",), "delivered", is_by_day=True
        ),
        EventType("message.failed", "MessageFailed", ("message_id",), "failed", is_by_day=True),
    )
}
# Kinds of events that leave nobody's house, and why.
LEFT_OUT: Mapping[str, str] = {
    "BundleIssued": "right after a completed visit it would say whose coupons a bundle holds",
    "StipendWaiting": "it names a recruiter soon after her recruit's visit, and so joins the two",
    "FeedbackWaits": "who said something without a name is not to be found by when it came",
    "BatchWaits": "it calls our own staff, and names one of them",
}


def types_of(kind: str) -> list[EventType]:
    return [each for each in TYPES.values() if each.kind == kind]


def body_of(
    told: EventType | None, happened: Mapping[str, Any], *, at: datetime, on: date
) -> bytes:
    """What is sent, byte for byte what is signed. Nothing of an event is in it but what its type names; a test tells nothing.

    >>> redeemed = {"redemption_id": UUID(int=7).hex, "amount": 150}
    >>> body_of(TYPES["coupon.redeemed"], redeemed, at=datetime(2026, 3, 2, 12), on=date(2026, 3, 2))
    b'{"type":"coupon.redeemed","timestamp":"2026-03-02","data":{"redemption_id":"00000000-0000-0000-0000-000000000007"}}'
    """
    data: dict[str, str] = {}
    if told:
        data = {name: str(UUID(happened[name])) for name in told.ids}
        if told.state:
            data["state"] = told.state
    minute = at.replace(second=0, microsecond=0).astimezone(UTC)
    body = {
        "type": told.name if told else TEST_TYPE,
        "timestamp": on.isoformat() if told and told.is_by_day else f"{minute:%Y-%m-%dT%H:%M:%SZ}",
        "data": data,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def headers_of(
    keys: Sequence[str], *, webhook_id: UUID, body: bytes, now: datetime
) -> dict[str, str]:
    """The three headers of Standard Webhooks, with a signature by each key that is live."""
    timestamp = str(int(now.timestamp()))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": str(webhook_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys),
    }


def key_text(secret: bytes) -> str:
    """A signing key as receivers know it.

    >>> key_text(b"0" * 24)
    'whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw'
    """
    return KEY_PREFIX + base64.b64encode(secret).decode()


def secret_of(key: str) -> bytes:
    """What a key signs with."""
    return base64.b64decode(key.removeprefix(KEY_PREFIX))


def wait_after(tries: int, *, luck: float, asked: timedelta | None) -> timedelta | None:
    """How long to wait after so many tries; None when that was the last. ``luck`` from 0 to 1 keeps receivers from being
    called all at once. What the receiver asks for is honoured, up to a day.

    >>> wait_after(1, luck=0.0, asked=None), wait_after(10, luck=0.0, asked=None)
    (datetime.timedelta(seconds=5), None)
    """
    if tries > len(BACKOFF):
        return None
    wait = BACKOFF[tries - 1] * (1 + JITTER * luck)
    return max(wait, min(asked, LONGEST_WAIT)) if asked else wait


def is_taken(code: int | None) -> bool:
    return code is not None and 200 <= code < 300


def is_gone(code: int | None) -> bool:
    """The receiver says that it wants nothing more."""
    return code == 410


def check_name(name: str) -> str:
    """Raises: BadWebhook."""
    words = " ".join(name.split())
    if not words or len(words) > LONGEST_NAME or "\0" in words:
        raise BadWebhook(field="name", reason="too_long" if words else "missing")
    return words


def check_url(url: str, networks: Sequence[Network]) -> str:
    """Raises: BadWebhook."""
    try:
        split_url(url.strip(), networks=networks)
    except ValueError as problem:
        raise BadWebhook(field="url", reason=str(problem)) from None
    return url.strip()


def check_types(names: Iterable[str]) -> list[str]:
    """In the order of the table. Raises: BadWebhook."""
    chosen = set(names)
    if not chosen or not chosen <= TYPES.keys():
        raise BadWebhook(field="types", reason="missing" if not chosen else "unknown")
    return [name for name in TYPES if name in chosen]


def _signature(key: str, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret_of(key), signed, "sha256")).decode()
