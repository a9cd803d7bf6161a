"""Claiming what is owed with a card: its states, its PIN, and how often one may be wrong."""

from enum import StrEnum
from itertools import pairwise

from app.core.codes import normalise
from app.domain.claims.errors import BadPin, WeakPin

SHORTEST_PIN, LONGEST_PIN = 4, 6
WRONG_PINS_MOST = 5
# By telephone nobody sees who tries; then the desk helps.
WRONG_PINS_BY_TELEPHONE = 3
# Wrong cards and PINs of a site in an hour; her own code is always another way.
MISSES_AN_HOUR = 20

_KEYPAD = frozenset({"2580", "0852", "1470", "0741", "3690", "0963", "159357", "147258", "258369"})


class CardState(StrEnum):
    """``replaced`` and ``ended`` are final."""

    ACTIVE = "active"
    REPLACED = "replaced"
    ENDED = "ended"


def read_pin(text: str) -> str:
    """A PIN as it is compared: four to six digits, of any script.

    Raises:
        BadPin: it is something else.
    """
    pin = normalise(text)
    if not (pin.isascii() and pin.isdigit() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN):
        raise BadPin
    return pin


def check_strong(pin: str) -> None:
    """Refuse what is tried first: one figure, a row, something repeated, a line on the keypad, a year.

    >>> check_strong("4071")

    Raises:
        WeakPin.
    """
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    is_row = len(steps) == 1 and steps <= {0, 1, 9}
    is_repeated = any(
        len(pin) % width == 0 and pin == pin[:width] * (len(pin) // width) for width in (1, 2, 3)
    )
    is_year = len(pin) == 4 and pin[:2] in {"19", "20"}
    if is_row or is_repeated or is_year or pin in _KEYPAD or len(set(pin)) < 3:
        raise WeakPin
