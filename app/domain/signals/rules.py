"""When a desk is open, and when what was set aside comes back."""

import re

_SPAN = re.compile(r"^(\d{1,2})[:.](\d\d)\s*[-–—]\s*(\d{1,2})[:.](\d\d)$")


def is_grown(before: int, now: float) -> bool:
    """Whether a pattern that was looked at has grown: by a fifth, and by one at least.

    >>> is_grown(4, 4.9), is_grown(4, 5), is_grown(20, 23), is_grown(20, 24)
    (False, True, False, True)
    """
    return now >= before + max(1, before / 5)


def open_minutes(hours: str) -> tuple[tuple[int, int], ...] | None:
    """The opening hours of a day as minutes of it; None when they are written in words.

    >>> open_minutes("9:00–13:00, 14.00-18:00"), open_minutes("by appointment")
    (((540, 780), (840, 1080)), None)
    """
    spans = [_SPAN.match(part.strip()) for part in hours.split(",")]
    if not all(spans):
        return None
    numbers = [tuple(map(int, span.groups())) for span in spans if span]
    return tuple((h * 60 + m, to_h * 60 + to_m) for h, m, to_h, to_m in numbers)
