"""Identifiers.

Rows that only staff and systems cause (sessions, outbox, audit) get UUIDv7, which sorts by time. People,
coupons, redemptions and money get random UUIDs: a timestamp inside an id would join rows made in one breath.
"""

import secrets
import threading
import time
from uuid import UUID, uuid4

_making = threading.Lock()
_last = 0
_UNAMBIGUOUS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def random_id() -> UUID:
    return uuid4()


def uuid7() -> UUID:
    """A time-ordered id (RFC 9562, version 7). Those of one process sort in the order they were made in."""
    global _last
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    with _making:
        if value >> 80 <= _last >> 80:  # the same millisecond, or a clock that was set back
            value = _last + 1 + secrets.randbits(32)
        _last = value
    return UUID(int=value)


def hex_of(identifier: UUID | str) -> str:
    """An id as the figures of a programme name it.

    Of a column read with ``type_coerce(column, String)`` an embedded database gives the hex it keeps, and no UUID has to be
    made of it only to be written out again; PostgreSQL gives a UUID all the same.

    >>> hex_of(UUID(int=10)) == hex_of("0000000000000000000000000000000a")
    True
    """
    return identifier if isinstance(identifier, str) else identifier.hex


def tag_of(identifier: UUID) -> str:
    """Four characters of a random id that people can say aloud, to find it again among a day's few.

    >>> tag_of(UUID(int=0)), tag_of(UUID(int=31))
    ('2222', '2232')
    """
    rest, letters = identifier.int, ""
    for _ in range(4):
        rest, letter = divmod(rest, len(_UNAMBIGUOUS))
        letters = _UNAMBIGUOUS[letter] + letters
    return letters


def short_label(length: int = 4) -> str:
    """A random label people can say aloud; it counts chains and connects nothing."""
    return "".join(secrets.choice(_UNAMBIGUOUS) for _ in range(length))
