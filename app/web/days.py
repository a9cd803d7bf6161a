"""Days as they come in the address of a page, from a date field or typed."""

from dataclasses import dataclass
from datetime import date


def day_in(text: str) -> date | None:
    """The day that is meant, or none.

    >>> day_in(" 2026-03-02 "), day_in("yesterday"), day_in("")
    (datetime.date(2026, 3, 2), None, None)
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


@dataclass(frozen=True)
class Span:
    """From one day to another, both included; an end that is not there is open."""

    since: date | None
    until: date | None

    @classmethod
    def of(cls, since: str, until: str) -> "Span":
        return cls(day_in(since), day_in(until))

    @property
    def is_backwards(self) -> bool:
        return bool(self.since and self.until and self.since > self.until)
