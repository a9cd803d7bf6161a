"""What coins and notes come to. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.counts.errors import BadCount

# A drawer holds neither more pieces of one kind nor a coin or note worth more than this.
MOST_PIECES = 100_000
LARGEST_WORTH = 10**12


class CountKind(StrEnum):
    """Why a drawer is counted. Whoever counts at opening is responsible for the cash from then on."""

    OPENING = "opening"
    SPOT_CHECK = "spot_check"
    END_OF_DAY = "end_of_day"
    HANDOVER = "handover"


def total_of(pieces: Mapping[int, int]) -> int:
    """What coins and notes come to in minor units: worth → how many.

    Raises:
        BadCount: a worth or a number that no drawer holds.

    >>> total_of({50000: 2, 100: 3})
    100300
    """
    for worth, number in pieces.items():
        if not 0 < worth <= LARGEST_WORTH or not 0 <= number <= MOST_PIECES:
            raise BadCount
    return sum(worth * number for worth, number in pieces.items())
