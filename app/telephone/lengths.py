"""How long a text is on a telephone: septets of GSM-7 or units of UCS-2, and in how many parts it is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import gsm0338  # noqa: F401 - registers the codec

CODEC = "gsm03.38"
SCREEN = 160


@dataclass(frozen=True)
class Length:
    """``units`` are septets in GSM-7 and 16-bit units in UCS-2; ``room`` is what its parts hold altogether."""

    encoding: Literal["gsm7", "ucs2"]
    units: int
    parts: int
    room: int


# Of a single message, and of each part of a longer one, whose header takes the rest.
_ROOM = {"gsm7": (160, 153), "ucs2": (70, 67)}


def measure(text: str) -> Length:
    """The length of a text as it is sent.

    >>> measure("Come on 3 May."), measure("€" * 80).parts, measure("Дякуємо").encoding
    (Length(encoding='gsm7', units=14, parts=1, room=160), 1, 'ucs2')
    >>> [measure("a" * n).parts for n in (0, 160, 161, 306, 307)], [measure("я" * n).parts for n in (70, 71, 134, 135)]
    ([1, 1, 2, 2, 3], [1, 2, 2, 3])
    """
    encoding: Literal["gsm7", "ucs2"] = "gsm7" if is_gsm7(text) else "ucs2"
    single, part = _ROOM[encoding]
    sizes = [_septets(each) or 1 if encoding == "gsm7" else _units(each) for each in text]
    units = sum(sizes)
    if units <= single:
        return Length(encoding, units, 1, single)
    parts = _parts(sizes, part)
    return Length(encoding, units, parts, parts * part)


def is_gsm7(text: str) -> bool:
    """Whether every telephone's own alphabet has these characters."""
    return all(map(_septets, text))


def septets(text: str) -> int:
    """Raises: ValueError, where it is not in GSM-7."""
    if not is_gsm7(text):
        raise ValueError("not in GSM-7")
    return sum(map(_septets, text))


def _parts(sizes: Iterable[int], room: int) -> int:
    """A character of two units is never torn between two parts."""
    parts, left = 1, room
    for size in sizes:
        if size > left:
            parts, left = parts + 1, room
        left -= size
    return parts


@lru_cache(maxsize=4096)
def _septets(character: str) -> int:
    """0 where GSM-7 has no such character."""
    if character == "\x1b":  # the escape to the extension table is no character
        return 0
    try:
        return len(character.encode(CODEC))
    except UnicodeEncodeError:
        return 0


def _units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1
