"""Plain columns into arrays: what counts as missing, as a number, as a date."""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

from analysis.arrays import NO_DATE, DateArray, FloatArray, IntArray
from analysis.errors import SampleError

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)


def codes_of(values: Sequence[str | None]) -> tuple[tuple[str, ...], IntArray]:
    """The distinct values in order, and each one's place among them, -1 for ``None`` and ``""``.

    Numbers come first, in the order of numbers; the rest follows in the order of text.

    >>> levels, codes = codes_of(["10", "9", None, "9", "x"])
    >>> levels, codes.tolist()
    (('9', '10', 'x'), [1, 0, -1, 0, 2])
    """
    levels = sorted({value for value in values if value}, key=_by_number_then_text)
    place: dict[str | None, int] = {level: code for code, level in enumerate(levels)}
    place[None] = place[""] = -1
    codes = np.fromiter((place[value] for value in values), dtype=np.int32, count=len(values))
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

    Nobody who was recruited knows no one, so 0 is how files write "not known".

    Raises:
        SampleError: ``bad_network_size`` for what is no number, or negative, or not finite.

    >>> sizes_of(["12", "", 0, 3.5]).tolist()
    [12.0, nan, nan, 3.5]
    """
    sizes = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        size = _size_of(value)
        if size is None:
            raise SampleError(
                "bad_network_size",
                f"The network size {value!r} is not a number of people. Write a whole number, or "
                "leave the cell empty if it is not known.",
                line=None if lines is None else lines[i],
                value=value,
            )
        if size:
            sizes[i] = size
    return sizes


def _size_of(value: float | str | None) -> float | None:
    """The number, 0 where it is missing, ``None`` where it is none."""
    if value is None or value == "":
        return 0.0
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        value = float(value)
    if math.isnan(value):
        return 0.0
    return float(value) if 0 <= value < math.inf else None


def dates_of(values: Sequence[object], lines: Sequence[int] | None = None) -> DateArray:
    """(n,) days; NaT for ``None`` and ``""``.

    Raises:
        SampleError: ``bad_date`` for what is no date of ISO 8601.

    >>> dates_of(["2026-03-01", "2026-03-01T23:30:00+02:00", None]).astype(str).tolist()
    ['2026-03-01', '2026-03-01', 'NaT']
    """
    known: dict[object, np.datetime64] = {None: NO_DATE, "": NO_DATE}
    days = np.empty(len(values), dtype="datetime64[D]")
    for i, value in enumerate(values):
        day = known.get(value)
        if day is None:
            day = _day_of(value)
            if day is None:
                raise SampleError(
                    "bad_date",
                    f"{value!r} is not a date. Write it as 2026-03-31 (year, month, day), with or "
                    "without a time, or leave the cell empty.",
                    line=None if lines is None else lines[i],
                    value=str(value),
                )
            known[value] = day
        days[i] = day
    return days


def _day_of(value: object) -> np.datetime64 | None:
    if isinstance(value, datetime):
        return np.datetime64(value.date(), "D")
    if isinstance(value, date):
        return np.datetime64(value, "D")
    if isinstance(value, np.datetime64):
        return np.datetime64(str(value)[:10], "D")
    if not isinstance(value, str) or "-" not in value[:5]:
        return None
    try:
        return np.datetime64(datetime.fromisoformat(value).date(), "D")
    except ValueError:
        return None
