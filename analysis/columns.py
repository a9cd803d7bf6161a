"""Plain columns into arrays: what counts as missing, as a number, as a date."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar

import numpy as np

from analysis.arrays import NO_DATE, DateArray, FloatArray, IntArray
from analysis.errors import SampleError

T = TypeVar("T")
S = TypeVar("S")

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE]\+?[0-9]+)?", re.ASCII)


def codes_of(values: Sequence[str | None]) -> tuple[tuple[str, ...], IntArray]:
    """The distinct values in order, and (n,) each one's place, -1 for ``None`` and ``""``.

    Numbers come first, in the order of numbers; the rest follows in the order of text.

    >>> levels, codes = codes_of(["10", "9", None, "9", "x"])
    >>> levels, codes.tolist()
    (('9', '10', 'x'), [1, 0, -1, 0, 2])
    """
    levels = sorted({value for value in values if value}, key=_by_number_then_text)
    place: dict[str | None, int] = {level: code for code, level in enumerate(levels)}
    place[None] = place[""] = -1
    codes = np.fromiter(map(place.__getitem__, values), dtype=np.int32, count=len(values))
    return tuple(levels), codes


def _by_number_then_text(level: str) -> tuple[int, float, str]:
    try:
        number = float(level)
    except ValueError:
        return (1, 0.0, level)
    return (0, number, level) if math.isfinite(number) else (1, 0.0, level)


def sizes_of(
    values: Sequence[float | str | None], lines: Sequence[int] | None = None
) -> FloatArray:
    """(n,) network sizes in persons; nan for ``None``, ``""``, nan and 0.

    Nobody who was recruited knows no one, so 0 is how files write "not known". Powers of ten are read,
    for R writes 100000 as ``1e+05``.

    Raises:
        SampleError: ``bad_network_size`` for what is no number, or negative, or not finite.

    >>> sizes_of(["12", "", 0, 3.5, "1e+05"]).tolist()
    [12.0, nan, nan, 3.5, 100000.0]
    """
    try:
        return np.fromiter(_each_once(values, _size_of), dtype=np.float64, count=len(values))
    except _Unreadable as found:
        raise SampleError(
            "bad_network_size",
            f"The network size {found.value!r} is not a number of people. Write a number, or "
            "leave the cell empty if it is not known.",
            line=found.line(values, lines),
            value=found.value,
        ) from None


def no_sizes(n: int) -> FloatArray:
    """(n,) network sizes none of which is known.

    >>> no_sizes(1).tolist()
    [nan]
    """
    return np.full(n, np.nan)


def _size_of(value: float | str | None) -> float:
    if value is None or value == "":
        return math.nan
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise _Unreadable(value)
    number = float(value)
    if number < 0 or number == math.inf:
        raise _Unreadable(value)
    return number or math.nan


def dates_of(values: Sequence[object], lines: Sequence[int] | None = None) -> DateArray:
    """(n,) days; NaT for ``None`` and ``""``.

    Raises:
        SampleError: ``bad_date`` for what is no date of ISO 8601.

    >>> dates_of(["2026-03-01", "2026-03-01T23:30:00+02:00", None]).astype(str).tolist()
    ['2026-03-01', '2026-03-01', 'NaT']
    """
    try:
        days = list(_each_once(values, _day_of))
    except _Unreadable as found:
        raise SampleError(
            "bad_date",
            f"{found.value!r} is not a date. Write it as 2026-03-31 (year, month, day), with or "
            "without a time, or leave the cell empty.",
            line=found.line(values, lines),
            value=str(found.value),
        ) from None
    return np.array(days, dtype="datetime64[D]")


def no_dates(n: int) -> DateArray:
    """(n,) days none of which is known.

    >>> no_dates(1).astype(str).tolist()
    ['NaT']
    """
    return np.full(n, NO_DATE)


def _day_of(value: object) -> np.datetime64:
    if value is None or value == "":
        return NO_DATE
    if isinstance(value, datetime):
        return np.datetime64(value.date(), "D")
    if isinstance(value, date):
        return np.datetime64(value, "D")
    if isinstance(value, np.datetime64):
        return np.datetime64(str(value)[:10], "D")
    if not isinstance(value, str) or "-" not in value[:5]:
        raise _Unreadable(value)
    try:
        return np.datetime64(datetime.fromisoformat(value).date(), "D")
    except ValueError:
        raise _Unreadable(value) from None


class _Unreadable(ValueError):
    def __init__(self, value: object):
        self.value = value

    def line(self, values: Sequence[object], lines: Sequence[int] | None) -> int | None:
        return None if lines is None else lines[list(values).index(self.value)]


class _Memory(dict[T, S]):
    """Works each value out once, however often it occurs: columns repeat themselves."""

    def __init__(self, work_out: Callable[[T], S]):
        super().__init__()
        self._work_out = work_out

    def __missing__(self, value: T) -> S:
        found = self[value] = self._work_out(value)
        return found


def _each_once(values: Sequence[T], work_out: Callable[[T], S]) -> Iterator[S]:
    return map(_Memory(work_out).__getitem__, values)
