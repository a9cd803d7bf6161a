"""What a reader of the figures must know beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Notice:
    """A caution in plain words, with a stable code and its facts for other languages.

    >>> str(Notice("few_waves", "Only 2 waves.", {"waves": 2}))
    'Only 2 waves.'
    """

    code: str
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text


def counted(n: int, one: str, many: str) -> str:
    """A number with its noun.

    >>> counted(1, "person", "people"), counted(1234, "person", "people")
    ('1 person', '1,234 people')
    """
    return f"{n:,} {one if n == 1 else many}"


def percent(share: float) -> int:
    """A share in whole percent, the same whatever the last digits that sums leave behind.

    >>> percent(0.25), percent(0.125), percent(0.125 + 1e-15)
    (25, 12, 12)
    """
    return round(round(100 * share, 6))
