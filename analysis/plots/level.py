"""A level over days as steps, such as cash in a drawer, with a line that it should not fall below."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.arrays import FloatArray
from analysis.plots.axes import Scale, round_steps, value_axis
from analysis.plots.svg import QUIET, document, element, line, points, text, text_width
from analysis.plots.words import COLOURS, FOCUS, MARK, WRITING, Writing

_HEIGHT = 130.0
_CALM, _LOW = COLOURS[1], FOCUS


@dataclass(frozen=True)
class LevelWords:
    """What the picture says, in the reader's language; ``low`` names the line.

    >>> "Ще нічого" in draw_level([], np.array([]), words=LevelWords(nothing="Ще нічого"))
    True
    """

    title: str = "Level over time"
    description: str = "What was there at the end of each day."
    low: str = "low"
    nothing: str = "There is nothing to draw yet."


def draw_level(
    days: Sequence[date],
    levels: FloatArray,
    *,
    low: float = 0.0,
    words: LevelWords | None = None,
    writing: Writing = WRITING,
    value: Callable[[float], str] | None = None,
    width: int = 520,
) -> str:
    """A step for each day; days that end below ``low`` are marked by dots of another colour.

    Args:
        days: (d,) following each other.
        levels: (d,) at the end of each; may be below nothing.
        low: 0 for no line.
        value: how amounts at the axis are written.

    >>> svg = draw_level([date(2026, 3, 2), date(2026, 3, 3)], np.array([90.0, 40.0]), low=50.0)
    >>> svg.count("<circle"), "low" in svg
    (1, True)
    """
    words, told = words or LevelWords(), value or (lambda amount: writing.number(round(amount)))
    if not len(days):
        body = [text(words.nothing, width / 2, 40, anchor="middle", fill=QUIET)]
        return document(width, 80, title=words.title, description=words.description, body=body)
    steps = _steps(float(min(levels.min(), 0.0)), float(max(levels.max(), low)))
    left = 14 + max(text_width(told(step), 12) for step in steps)
    top, right = 14.0, width - 8.0
    bottom = top + _HEIGHT
    y, room = Scale(steps[0], steps[-1], bottom, top), (right - left) / len(days)
    at = [left + room * i for i in range(len(days) + 1)]
    body = value_axis(y, steps, told, left, right)
    body += _level(at, [y(each) for each in levels.tolist()], y(0.0))
    if low > 0:
        body.append(line(left, y(low), right, y(low), stroke=MARK, width=1.5, dash="6 4"))
        body.append(text(words.low, right, y(low) - 5, size=12, anchor="end"))
        body += [
            element("circle", cx=at[i] + room / 2, cy=y(each), r=min(3.5, room / 2), fill=_LOW)
            for i, each in enumerate(levels.tolist())
            if each < low
        ]
    body += _days(days, writing, at, room, y=bottom + 20)
    return document(width, bottom + 30, title=words.title, description=words.description, body=body)


def _steps(lowest: float, highest: float) -> list[float]:
    """Round amounts from below the lowest to above the highest."""
    most = max(-lowest, highest)
    scale = 1.0
    while 0 < most * scale < 2 and scale < 1e4:
        scale *= 10
    above = round_steps(int(np.ceil(most * scale)), 3)
    size = above[1]
    first = int(np.floor(lowest * scale / size))
    last = max(first + 1, int(np.ceil(highest * scale / size)))
    return [size * i / scale for i in range(first, last + 1)]


def _level(at: list[float], heights: list[float], ground: float) -> list[str]:
    curve = [(x, height) for i, height in enumerate(heights) for x in (at[i], at[i + 1])]
    area = f"{points([(at[0], ground), *curve, (at[-1], ground)])}Z"
    return [
        element("path", d=area, fill=_CALM, fill_opacity="0.14"),
        element("path", d=points(curve), fill="none", stroke=_CALM, stroke_width=2),
    ]


def _days(
    days: Sequence[date], writing: Writing, at: list[float], room: float, *, y: float
) -> list[str]:
    """The first and the last day."""
    first, last = writing.day(days[0]), writing.day(days[-1])
    ends = [(at[0] + room / 2, first, "start"), (at[-1] - room / 2, last, "end")]
    parts = []
    for x, told, anchor in ends[-1:] if len(days) == 1 else ends:
        parts.append(line(x, y - 20, x, y - 15, stroke=QUIET))
        parts.append(text(told, x, y, size=12, fill=QUIET, anchor=anchor))
    return parts
