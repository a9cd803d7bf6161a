"""How numbers and dates are written in a picture, and the colours that tell levels apart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


def _spaced(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _percent(share: float) -> str:
    return "<1\u00a0%" if 0 < share < 0.01 else f"{100 * share:.0f}\u00a0%"


def _month(day: date) -> str:
    return day.strftime("%Y-%m")


def _decimal(value: float) -> str:
    return f"{value:.2f}"


@dataclass(frozen=True)
class Writing:
    """Numbers, shares and dates as a language writes them; the default suits any.

    >>> Writing().percent(0.304), Writing().percent(0.004), Writing().month(date(2026, 3, 1))
    ('30\\xa0%', '<1\\xa0%', '2026-03')
    """

    number: Callable[[int], str] = _spaced
    percent: Callable[[float], str] = _percent
    month: Callable[[date], str] = _month
    decimal: Callable[[float], str] = _decimal
    day: Callable[[date], str] = date.isoformat


WRITING = Writing()

# Of Paul Tol's "bright" scheme, which colour-blind people can tell apart; shapes say it again.
FOCUS = "#AA3377"
COLOURS = (FOCUS, "#4477AA", "#228833", "#997700", "#66CCEE", "#EE6677")
UNKNOWN = "#6e7781"
DASHES = (None, "7 3", "2 3", "9 3 2 3", "12 4", "1 2")
MARK = "#1f2328"
WITHHELD = "<5*"
