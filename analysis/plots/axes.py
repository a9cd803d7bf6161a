"""Scales and axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor

from analysis.plots.svg import FAINT, QUIET, line, text


@dataclass(frozen=True)
class Scale:
    """A straight map from values to coordinates.

    >>> Scale(0, 10, 100, 0)(2.5)
    75.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low or 1
        return self.start + (value - self.low) / span * (self.end - self.start)


def round_steps(most: float, about: int = 4) -> list[int]:
    """Whole numbers from 0 past ``most``, in steps of 1, 2 or 5 times a power of ten.

    >>> round_steps(0), round_steps(7), round_steps(430)
    ([0, 1], [0, 2, 4, 6, 8], [0, 200, 400, 600])
    """
    step = next(
        unit * 10**power
        for power in range(19)
        for unit in (1, 2, 5)
        if unit * 10**power * about >= most
    )
    count = max(1, -(-int(most) // step))
    return [step * i for i in range(count + 1)]


def share_steps(low: float, high: float, about: int = 5) -> list[float]:
    """Shares from below ``low`` to above ``high``, in steps of 1, 2, 5, 10 or 20 percent.

    >>> share_steps(0.13, 0.31), share_steps(0.9, 1.0)
    ([0.1, 0.15, 0.2, 0.25, 0.3, 0.35], [0.9, 0.92, 0.94, 0.96, 0.98, 1.0])
    """
    span = round(high - low, 9)
    step = next((unit for unit in (1, 2, 5, 10) if span * 100 <= unit * about), 20)
    first, last = floor(round(low * 100 / step, 6)), ceil(round(high * 100 / step, 6))
    last = max(last, first + 1)
    return [unit * step / 100 for unit in range(first, last + 1) if 0 <= unit * step <= 100]


def months_between(first: date, last: date, most: int) -> list[date]:
    """First days of months within two dates, every so many that there are at most ``most``.

    >>> [str(month) for month in months_between(date(2026, 1, 12), date(2026, 7, 1), 3)]
    ['2026-02-01', '2026-04-01', '2026-06-01']
    """
    start, end = first.year * 12 + first.month - (first.day == 1), last.year * 12 + last.month - 1
    months = range(start, end + 1)
    every = next(k for k in (1, 2, 3, 6, *range(12, 100_000, 12)) if len(months[::k]) <= most)
    return [date(month // 12, month % 12 + 1, 1) for month in months[::every]]


def value_axis(
    scale: Scale, steps: Sequence[float], label: Callable[[float], str], left: float, right: float
) -> list[str]:
    """Faint lines across at each step, with its value at the left.

    >>> parts = value_axis(Scale(0, 1, 100, 0), [0, 0.5], str, 0, 50)
    >>> len(parts), "0.5" in parts[-1]
    (4, True)
    """
    return [
        part
        for step in steps
        for part in (
            line(left, scale(step), right, scale(step), stroke=FAINT),
            text(label(step), left - 6, scale(step) + 4, size=12, fill=QUIET, anchor="end"),
        )
    ]
