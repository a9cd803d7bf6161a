"""Curves of what happens day by day, with their bands and how many are still followed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.plots.axes import Scale, round_steps, share_steps, value_axis
from analysis.plots.lines import area, curve, end_names, stairs
from analysis.plots.svg import FAINT, INK, QUIET, document, element, heading, line, text, text_width
from analysis.plots.words import COLOURS, DASHES, WITHHELD, WRITING, Writing

_TOP, _BOTTOM, _ROW = 34.0, 240.0, 18.0


@dataclass(frozen=True)
class SurvivalWords:
    """What the picture says, in the reader's language.

    >>> "Ще немає купонів" in draw_survival([], words=SurvivalWords(nothing="Ще немає купонів"))
    True
    """

    title: str = "Days until a coupon comes back"
    description: str = "The share of coupons redeemed by each day, with its 95 % interval."
    share: str = "Share redeemed by that day, 95 % interval"
    days: str = "Days since the first day of validity"
    at_risk: str = "Still followed"
    last_day: str = "last day of validity"
    nothing: str = "No coupon has been given out yet."


@dataclass(frozen=True, eq=False)
class Steps:
    """One group's curve; arrays of shape (m,), each value holding from its day on.

    Attributes:
        name: the group, as it is to be read.
        day: days, ascending.
        share, low, high: the curve and its band; nan where there is none.
        at_risk: how many are followed at each of the picture's ``ticks``; None is withheld.

    >>> share = np.array([0.0, 0.4])
    >>> group = Steps("women", np.array([0, 3]), share, share, share)
    >>> "women" in draw_survival([group])
    True
    """

    name: str
    day: IntArray
    share: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: Sequence[int | None] = ()


def draw_survival(
    groups: Sequence[Steps],
    *,
    ticks: Sequence[int] | None = None,
    last_day: int | None = None,
    words: SurvivalWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """Stairs with bands, a mark at the last day of validity, and below how many are still followed.

    Args:
        ticks: the days that are written below; ``at_risk`` of each group is of these.
        last_day: the last day of validity.

    >>> day, share = np.array([0, 3, 9]), np.array([0.0, 0.4, 0.6])
    >>> group = Steps("women", day, share, share - 0.1, share + 0.1, at_risk=[12, None])
    >>> svg = draw_survival([group], ticks=[0, 5], last_day=14)
    >>> svg.count("<path"), "&lt;5*" in svg  # a band and a curve; a number withheld
    (2, True)
    """
    words = words or SurvivalWords()
    shown = [each for each in groups if len(each.day)]
    if not shown:
        body = [text(words.nothing, width / 2, 40, anchor="middle", fill=INK)]
        return document(width, 80, title=words.title, description=words.description, body=body)
    names = max(text_width(each.name, 12) for each in shown)
    left, right = 48.0, width - min(names + 12, width * 0.3)
    size = max(9.0, min(12.0, 12 * (width - right - 8) / max(names, 1)))
    end = max([int(each.day[-1]) for each in shown] + [last_day or 0, 1])
    x = Scale(0, end, left, right)
    steps = _heights(shown)
    y = Scale(0, steps[-1], _BOTTOM, _TOP)
    days = list(ticks) if ticks is not None else [d for d in round_steps(end, 6) if d <= end]
    body = [
        heading(words.share, left, 14, width - 4 - left),
        *value_axis(y, steps, writing.percent, left, right),
        *_day_axis(days, x, words, writing),
    ]
    if last_day is not None:
        body += _last_day(x(last_day), words.last_day, left, right)
    ends = list[tuple[float, str]]()
    for i, each in enumerate(shown):
        body += _curve(each, x, y, COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)])
        known = np.flatnonzero(np.isfinite(each.share))
        if len(known):
            ends.append((y(float(each.share[known[-1]])), each.name))
    body += end_names(ends, right + 6, low=_TOP, high=_BOTTOM, size=size)
    bottom = _BOTTOM + 48
    if any(each.at_risk for each in shown):
        body.append(text(words.at_risk, 4, bottom + 12, size=12, fill=QUIET, weight="600"))
        bottom += 20
        for i, each in enumerate(shown):
            body += _followed(each, days, x, bottom + 14, COLOURS[i % len(COLOURS)], writing)
            bottom += 2 * _ROW + 4
    return document(width, bottom, title=words.title, description=words.description, body=body)


def _heights(groups: Sequence[Steps]) -> list[float]:
    every = np.concatenate([np.concatenate([each.share, each.high]) for each in groups])
    highest = float(np.nanmax(every, initial=0.0))
    return share_steps(0, min(max(highest, 0.1), 1.0))


def _day_axis(days: Sequence[int], x: Scale, words: SurvivalWords, writing: Writing) -> list[str]:
    return [
        *(
            text(writing.number(day), x(day), _BOTTOM + 18, size=12, fill=QUIET, anchor="middle")
            for day in days
        ),
        text(words.days, x.start, _BOTTOM + 38, size=12, fill=QUIET),
    ]


def _last_day(at: float, label: str, left: float, right: float) -> list[str]:
    room = text_width(label, 12)
    fits = at - room - 6 > left
    return [
        line(at, _TOP - 8, at, _BOTTOM, stroke=INK, width=1.2, dash="6 4"),
        text(
            label,
            at - 5 if fits else at + 5,
            _BOTTOM - 7,
            size=12,
            anchor="end" if fits else "start",
        ),
    ]


def _curve(each: Steps, x: Scale, y: Scale, colour: str, dash: str | None) -> list[str]:
    across = np.array([x(day) for day in each.day.tolist()])

    def corners(values: FloatArray) -> tuple[FloatArray, FloatArray]:
        held = np.clip(values, y.low, y.high)
        return stairs(across, y.start + (held - y.low) / (y.high - y.low) * (y.end - y.start))

    (at, low), (_, high), (_, share) = (corners(v) for v in (each.low, each.high, each.share))
    parts = []
    if band := area(at, low, high):
        parts.append(element("path", d=band, fill=colour, fill_opacity="0.14"))
    parts.append(
        element(
            "path",
            d=curve(at, share),
            fill="none",
            stroke=colour,
            stroke_width=2.2,
            stroke_dasharray=dash,
        )
    )
    return parts


def _followed(
    each: Steps, days: Sequence[int], x: Scale, y: float, colour: str, writing: Writing
) -> list[str]:
    """The group's name, and below it the numbers at each day."""
    parts = [
        line(4, y - 4, 20, y - 4, stroke=colour, width=3),
        text(each.name, 26, y, size=12),
    ]
    for day, count in zip(days, each.at_risk, strict=True):
        label = WITHHELD if count is None else writing.number(count)
        parts.append(text(label, x(day), y + _ROW - 3, size=12, fill=QUIET, anchor="middle"))
    parts.append(line(4, y + _ROW + 4, x.end, y + _ROW + 4, stroke=FAINT))
    return parts
