"""What becomes of a pad, and how many may be printed in one go."""

from enum import StrEnum
from typing import TypeVar

from app.domain.pads.errors import BadBatch

MOST_PADS = 1000
# More cards stand on no page of a design.
MOST_CARDS = 6

Card = TypeVar("Card")


class PadStatus(StrEnum):
    """*Promised* is in someone's hands who may not have coupons yet."""

    BLANK = "blank"
    PROMISED = "promised"
    GIVEN = "given"
    VOID = "void"


# Nobody's yet: the cards of such a pad cannot be used.
WAITING = (PadStatus.BLANK, PadStatus.PROMISED)


def check_batch(*, pads: int, cards: int) -> None:
    """Raises: BadBatch."""
    if not 1 <= pads <= MOST_PADS:
        raise BadBatch(field="pads", reason="out_of_range", most=MOST_PADS)
    if not 1 <= cards <= MOST_CARDS:
        raise BadBatch(field="cards", reason="out_of_range", most=MOST_CARDS)


def handed_over(cards: list[Card], scanned: Card, count: int) -> list[Card]:
    """Which cards of a pad someone gets who gets fewer: from the top, and the scanned one is among them.

    >>> handed_over(["a", "b", "c"], "b", 2), handed_over(["a", "b", "c"], "c", 2)
    (['a', 'b'], ['a', 'c'])
    """
    first = cards[:count]
    return first if scanned in first else [*first[:-1], scanned]
