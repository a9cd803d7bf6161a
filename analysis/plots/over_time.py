"""People reached and the share of a level among them, week by week."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.arrays import DateArray, IntArray
from analysis.plots.axes import Scale, months_between, round_steps, value_axis
from analysis.plots.svg import (
    QUIET,
    document,
    element,
    heading,
    line,
    points,
    text,
    text_width,
)
from analysis.plots.words import FOCUS, MARK, WRITING, Writing
from analysis.reach import wilson


@dataclass(frozen=True)
class TimeWords:
    """What the picture says, in the reader's language.

    >>> nobody = np.array([], dtype=int)
    >>> svg = draw_over_time(nobody.astype("datetime64[D]"), people=nobody, n=nobody, of=nobody,
    ...     words=TimeWords(nobody="Ще нікого"))
    >>> "Ще нікого" in svg
    True
    """

    title: str = "People reached over time"
    description: str = "People reached in all, and the share of women among them, week by week."
    people: str = "People reached in all"
    share: str = "Share of women among them, 95 % interval"
    mark: str = "mark"
    nobody: str = "Nobody has been enrolled yet."


def draw_over_time(
    weeks: DateArray,
    *,
    people: IntArray,
    n: IntArray,
    of: IntArray,
    mark: float | None = 0.30,
    words: TimeWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """Two panels over one axis of weeks: people reached in all, and the share of a level.

    Weeks in which nobody's level is known have no share; where that is all of them, the panel of
    shares is left out.

    Args:
        weeks: (w,) first days of weeks, ascending.
        people: (w,) people reached up to the end of each week.
        n: (w,) those of them at the level.
        of: (w,) those of them whose level is known.
        mark: a share to be measured against, drawn as a dashed line.

    >>> days = np.array(["2026-03-02", "2026-03-09"], dtype="datetime64[D]")
    >>> svg = draw_over_time(days, people=np.array([4, 9]), n=np.array([1, 4]), of=np.array([4, 9]))
    >>> svg.startswith("<svg"), "44" in svg
    (True, True)
    """
    words = words or TimeWords()
    if not len(weeks):
        body = [text(words.nobody, width / 2, 40, anchor="middle", fill=QUIET)]
        return document(width, 80, title=words.title, description=words.description, body=body)
    left, right = 52.0, width - 58.0
    x = Scale(0, max(len(weeks) - 1, 1), left, right)
    at = [x(i) for i in range(len(weeks))] if len(weeks) > 1 else [left]
    is_told, bottom = bool((of > 0).any()), 150.0
    body = _people_panel(at, people, words, writing, left, right, top=26.0, bottom=bottom)
    if is_told:
        top, bottom = 204.0, 348.0
        body += _share_panel(at, n, of, mark, words, writing, left, right, top=top, bottom=bottom)
    body += _months(weeks, writing, left, right, y=bottom + 20)
    return document(width, bottom + 32, title=words.title, description=words.description, body=body)


def _people_panel(
    at: list[float],
    people: IntArray,
    words: TimeWords,
    writing: Writing,
    left: float,
    right: float,
    *,
    top: float,
    bottom: float,
) -> list[str]:
    steps = round_steps(int(people[-1]))
    y = Scale(0, steps[-1], bottom, top)
    curve = [(px, y(value)) for px, value in zip(at, people.tolist(), strict=True)]
    area = f"{points([(at[0], bottom), *curve, (at[-1], bottom)])}Z"
    return [
        heading(words.people, left, top - 12, right + 50 - left),
        *value_axis(y, steps, lambda v: writing.number(int(v)), left, right),
        element("path", d=area, fill="#4477AA", fill_opacity="0.14"),
        element("path", d=points(curve), fill="none", stroke="#4477AA", stroke_width=2),
        _end_label(curve[-1], writing.number(int(people[-1])), "#2f5a8a"),
    ]


def _share_panel(
    at: list[float],
    n: IntArray,
    of: IntArray,
    mark: float | None,
    words: TimeWords,
    writing: Writing,
    left: float,
    right: float,
    *,
    top: float,
    bottom: float,
) -> list[str]:
    low, high = wilson(n, of)
    known = np.flatnonzero(of > 0).tolist()
    highest = max([float(high[i]) for i in known if of[i] >= 10] + [mark or 0.0, 0.4])
    steps = [step / 100 for step in range(0, 101, 10 if highest <= 0.5 else 20)]
    steps = [step for step in steps if step <= highest + 0.1]
    y = Scale(0, steps[-1], bottom, top)

    def inside(share: float) -> float:
        return y(min(share, steps[-1]))

    parts = [
        heading(words.share, left, top - 12, right + 50 - left),
        *value_axis(y, steps, writing.percent, left, right),
    ]
    curve = [(at[i], inside(float(n[i] / of[i]))) for i in known]
    if known:
        upper = [(at[i], inside(float(high[i]))) for i in known]
        lower = [(at[i], inside(float(low[i]))) for i in reversed(known)]
        band = f"{points([*upper, *lower])}Z"
        parts.append(element("path", d=band, fill=FOCUS, fill_opacity="0.16"))
    if mark is not None:
        label = f"{words.mark} {writing.percent(mark)}"
        parts.append(line(left, y(mark), right, y(mark), stroke=MARK, width=1.5, dash="6 4"))
        parts.append(text(label, *_clear_of(curve, label, left, right, y(mark)), size=12))
    if known:
        end = writing.percent(float(n[known[-1]] / of[known[-1]]))
        parts.append(element("path", d=points(curve), fill="none", stroke=FOCUS, stroke_width=2.5))
        parts.append(_end_label(curve[-1], end, FOCUS))
    return parts


def _clear_of(
    curve: list[tuple[float, float]], label: str, left: float, right: float, y: float
) -> tuple[float, float]:
    """Where a label of the line at ``y`` is furthest from the curve: either end, above or below."""
    wide = text_width(label, 12)

    def room(place: tuple[float, float]) -> float:
        near = [cy for cx, cy in curve if place[0] - 20 <= cx <= place[0] + wide + 20]
        return min((abs(cy - place[1] + 4) for cy in near), default=1e9)

    places = [(x, base) for x in (left + 6, right - wide) for base in (y - 7, y + 17)]
    return max(places, key=room)


def _end_label(end: tuple[float, float], label: str, colour: str) -> str:
    dot = element("circle", cx=end[0], cy=end[1], r=3.5, fill=colour)
    return dot + text(label, end[0] + 8, end[1] + 4, fill=colour, weight="600")


def _months(
    weeks: DateArray, writing: Writing, left: float, right: float, *, y: float
) -> list[str]:
    first, last = (weeks[i].astype(object) for i in (0, -1))
    if not isinstance(first, date) or not isinstance(last, date):
        return []
    x = Scale(first.toordinal(), last.toordinal(), left, right)
    most = max(2, int((right - left) / 76))
    ticks = months_between(first, last, most) or [first]
    parts = []
    for day in ticks:
        at = x(day.toordinal())
        parts.append(line(at, y - 20, at, y - 15, stroke=QUIET))
        parts.append(text(writing.month(day), at, y, size=12, fill=QUIET, anchor="middle"))
    return parts
