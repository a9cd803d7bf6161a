"""What stands in a provider's fields, made ours: states, codes of errors, our own ids, times, prices."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal, InvalidOperation
from uuid import UUID

from babel.numbers import get_currency_precision

from app.domain.channels.events import DeliveryState
from app.gateways.adapter import Unreadable

CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
CURRENCY = re.compile(r"[A-Z]{3}")
TOO_DEAR = 10**9


def state_in(states: Mapping[str, DeliveryState], word: str) -> DeliveryState:
    """What the provider's word means. Raises: Unreadable, for one that is not in its table: a guess could end a message."""
    state = states.get(word)
    if state is None:
        raise Unreadable("a state that is not in the table")
    return state


def code(text: str) -> str:
    """A provider's code of an error as it may be kept and logged; never its prose, which may repeat a number.

    >>> code("30003"), code("UserInBlacklist"), code("+254711000111 is barred"), code("")
    ('30003', 'UserInBlacklist', 'unknown', '')
    """
    return text if not text or CODE.fullmatch(text) else "unknown"


def our_id(text: str | None) -> UUID | None:
    """The id that we gave a message, or None for what is none of ours."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def instant(text: str) -> datetime | None:
    """An ISO time, taken as UTC where it names no zone; None for what is no time.

    >>> str(instant("2026-11-20 10:30:05")), str(instant("2026-11-20T13:30:05.000+0300")), instant("today")
    ('2026-11-20 10:30:05+00:00', '2026-11-20 10:30:05+00:00', None)
    """
    try:
        read = datetime.fromisoformat(text.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole(text: str) -> int | None:
    """A count, or None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def minor(amount: str, currency: str) -> int | None:
    """A price in minor units, a begun one in full: a price of less than a cent is not free. None for what is no price.

    >>> minor("0.8000", "KES"), minor("-0.0075", "USD"), minor("1e99", "USD"), minor("free", "USD"), minor("1", "usd")
    (80, 1, None, None, None)
    """
    if not CURRENCY.fullmatch(currency):
        return None
    try:
        value = abs(Decimal(amount[:40]))
        if not value < TOO_DEAR:
            return None
        return int(value.scaleb(get_currency_precision(currency)).to_integral_value(ROUND_UP))
    except InvalidOperation:
        return None
