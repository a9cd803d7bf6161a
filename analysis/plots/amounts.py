"""Amounts by period as stacked bars, and beside them, if there is one, an amount that stands at each period's end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.arrays import FloatArray
from analysis.plots.axes import Scale, months_between, round_steps, value_axis
from analysis.plots.legend import legend
from analysis.plots.svg import QUIET, document, element, line, points, text, text_width
from analysis.plots.words import COLOURS, MARK, WRITING, Writing

_HEIGHT = 190.0
# The strong ones first; the last is for what is told apart from the rest.
_PARTS = (COLOURS[1], COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[4], COLOURS[5])


@dataclass(frozen=True)
class AmountWords:
    """What the picture says, in the reader's language.

    >>> none = np.zeros((0, 0))
    >>> "Ще нічого" in draw_amounts([], none, [], words=AmountWords(nothing="Ще нічого"))
    True
    """

    title: str = "Amounts over time"
    description: str = "A bar for each period, its parts one above the other."
    standing: str = ""
    nothing: str = "There is nothing to draw yet."


def draw_amounts(
    periods: Sequence[date],
    parts: FloatArray,
    names: Sequence[str],
    *,
    standing: FloatArray | None = None,
    words: AmountWords | None = None,
    writing: Writing = WRITING,
    value: Callable[[float], str] | None = None,
    by_day: bool = False,
    width: int = 640,
) -> str:
    """Bars of parts over periods that follow each other, and a line of what stands at the end of each.

    An amount below nothing has no bar: the table behind a picture tells it.

    Args:
        periods: (p,) first days, ascending.
        parts: (k, p) amounts; from the bottom up.
        names: (k,) of the parts.
        standing: (p,) drawn as a line; ``words.standing`` is its name.
        value: how amounts at the axis are written.
        by_day: the first and the last period are named by their day, instead of the months by theirs.

    >>> svg = draw_amounts([date(2026, 3, 2), date(2026, 3, 9)], np.array([[4.0, 9.0]]), ["paid"])
    >>> svg.count("<rect"), "paid" in svg
    (3, True)
    """
    words, told = words or AmountWords(), value or (lambda amount: writing.number(round(amount)))
    if not len(periods):
        body = [text(words.nothing, width / 2, 40, anchor="middle", fill=QUIET)]
        return document(width, 80, title=words.title, description=words.description, body=body)
    drawn = np.maximum(parts, 0.0)
    most = float(
        max(drawn.sum(axis=0).max(initial=0.0), 0.0 if standing is None else standing.max())
    )
    steps = _steps(most)
    key = legend(_entries(names, words.standing if standing is not None else ""), width)
    left = 14 + max(text_width(told(step), 12) for step in steps)
    top, right = key.height + 14.0, width - 8.0
    bottom = top + _HEIGHT
    y, room = Scale(0, steps[-1], bottom, top), (right - left) / len(periods)
    body = [*key.parts, *value_axis(y, steps, told, left, right)]
    body += _bars(drawn, y, left, room)
    if standing is not None:
        body += _line(
            [
                (left + room * (i + 0.5), y(max(each, 0.0)))
                for i, each in enumerate(standing.tolist())
            ]
        )
    if by_day:
        body += _days(periods, writing, left, right, room, y=bottom + 20)
    else:
        body += _months(periods, writing, left, right, room, y=bottom + 20)
    return document(width, bottom + 30, title=words.title, description=words.description, body=body)


def _steps(most: float) -> list[float]:
    """Round amounts; of amounts below one, tenths and hundredths of it."""
    scale = 1.0
    while 0 < most * scale < 2 and scale < 1e4:
        scale *= 10
    return [step / scale for step in round_steps(int(np.ceil(most * scale)))]


def _entries(names: Sequence[str], standing: str) -> list[tuple[str, str]]:
    looks = [
        (element("rect", x=-5, y=-6, width=12, height=12, fill=_colour(i), rx=2), name)
        for i, name in enumerate(names)
    ]
    if standing:
        looks.append((line(-6, 0, 8, 0, stroke=MARK, width=2.5), standing))
    return looks


def _colour(part: int) -> str:
    return _PARTS[part % len(_PARTS)]


def _bars(parts: FloatArray, y: Scale, left: float, room: float) -> list[str]:
    wide = max(1.0, min(room * 0.72, 48.0))
    found = []
    for i, column in enumerate(parts.T.tolist()):
        below = 0.0
        for part, amount in enumerate(column):
            if amount <= 0:
                continue
            high = y(below) - y(below + amount)
            found.append(
                element(
                    "rect",
                    x=left + room * (i + 0.5) - wide / 2,
                    y=y(below + amount),
                    width=wide,
                    height=max(high, 0.6),
                    fill=_colour(part),
                )
            )
            below += amount
    return found


def _line(through: list[tuple[float, float]]) -> list[str]:
    dots = [element("circle", cx=px, cy=py, r=3, fill=MARK) for px, py in through[-1:]]
    return [element("path", d=points(through), fill="none", stroke=MARK, stroke_width=2.5), *dots]


def _days(
    periods: Sequence[date],
    writing: Writing,
    left: float,
    right: float,
    room: float,
    *,
    y: float,
) -> list[str]:
    """The first and the last day."""
    ends = [
        (left + room / 2, left, periods[0], "start"),
        (right - room / 2, right, periods[-1], "end"),
    ]
    parts = []
    for tick, x, day, anchor in ends[-1:] if len(periods) == 1 else ends:
        parts.append(line(tick, y - 20, tick, y - 15, stroke=QUIET))
        parts.append(text(writing.day(day), x, y, size=12, fill=QUIET, anchor=anchor))
    return parts


def _months(
    periods: Sequence[date],
    writing: Writing,
    left: float,
    right: float,
    room: float,
    *,
    y: float,
) -> list[str]:
    """The months in which periods begin, where there is room for their names."""
    wide = max(text_width(writing.month(day), 12) for day in periods) + 14
    ticks = months_between(periods[0], periods[-1], max(1, int((right - left) / wide))) or [
        periods[0]
    ]
    parts = []
    for month in ticks:
        first = next((i for i, day in enumerate(periods) if day >= month), len(periods) - 1)
        at = left + room * (first + 0.5)
        half = text_width(writing.month(month), 12) / 2
        parts.append(line(at, y - 20, at, y - 15, stroke=QUIET))
        parts.append(
            text(
                writing.month(month),
                min(max(at, half), right - half + 6),
                y,
                size=12,
                fill=QUIET,
                anchor="middle",
            )
        )
    return parts
