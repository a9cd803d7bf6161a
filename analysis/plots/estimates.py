"""Estimates side by side: a point and an interval for each way of estimating."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from analysis.arrays import FloatArray
from analysis.plots.axes import Scale, share_steps
from analysis.plots.svg import FAINT, INK, QUIET, document, element, heading, line, text, text_width
from analysis.plots.words import FOCUS, MARK, WRITING, Writing

_BAND = 28.0
_SPAN = 0.20


@dataclass(frozen=True)
class EstimateWords:
    """What the picture says, in the reader's language.

    >>> import numpy as np
    >>> nothing = np.array([np.nan])
    >>> svg = draw_estimates(["RDS-I"], share=nothing, low=nothing, high=nothing,
    ...     words=EstimateWords(none="немає оцінки"))
    >>> "немає оцінки" in svg
    True
    """

    title: str = "Estimates side by side"
    description: str = "A point for each way of estimating, with its 95 % interval."
    mark: str = "mark"
    none: str = "cannot be estimated"


def draw_estimates(
    names: Sequence[str],
    *,
    share: FloatArray,
    low: FloatArray,
    high: FloatArray,
    is_estimate: Sequence[bool] | None = None,
    mark: float | None = 0.30,
    words: EstimateWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """A row for each estimator: its name, its figures, its point and interval on one axis.

    Args:
        names: (r,) the estimators, as they are to be read.
        share: (r,) estimates; nan where there is none.
        low, high: (r,) bounds of the interval; nan where there is none.
        is_estimate: (r,) false for a composition, drawn as a square instead of a dot.

    >>> import numpy as np
    >>> row = {"share": np.array([0.3]), "low": np.array([0.25]), "high": np.array([0.36])}
    >>> svg = draw_estimates(["RDS-II"], **row)
    >>> svg.count("<circle"), "25" in svg
    (1, True)
    """
    words = words or EstimateWords()
    kinds = is_estimate if is_estimate is not None else [True] * len(names)
    ends = [v for v in (*share.tolist(), *low.tolist(), *high.tolist()) if isfinite(v)]
    ends += [] if mark is None else [mark]
    steps = share_steps(*_bounds(min(ends, default=0.0), max(ends, default=1.0)))
    x = Scale(steps[0], steps[-1], 22.0, width - 26.0)
    rows = [*zip(share.tolist(), low.tolist(), high.tolist(), strict=True)]
    figures = [_figure(*row, words, writing) for row in rows]
    wide = max(
        (text_width(a) + text_width(b) for a, b in zip(names, figures, strict=True)), default=0.0
    )
    is_narrow = wide + 20 > width
    head = 40.0 if is_narrow else 22.0
    body, y = list[str](), 4.0
    if mark is not None:
        body, y = [_mark(x(mark), f"{words.mark} {writing.percent(mark)}", width)], 22.0
    for name, figure, row, kind in zip(names, figures, rows, kinds, strict=True):
        body.append(heading(name, 4, y + 16, width - 8))
        at, end = (4.0, "start") if is_narrow else (width - 4.0, "end")
        body.append(text(figure, at, y + head - 6, anchor=end))
        body += _grid(steps, mark, x, y + head + 2)
        body += _row(*row, y + head + 14, x, kind)
        y += head + _BAND + 4
    body += [
        text(writing.percent(step), x(step), y + 12, size=12, fill=QUIET, anchor="middle")
        for step in steps
    ]
    return document(width, y + 20, title=words.title, description=words.description, body=body)


def _bounds(low: float, high: float) -> tuple[float, float]:
    """Twenty points apart at least, within 0 and 100 %: estimates that differ little look it."""
    span = max(high - low, _SPAN)
    first = min(max((low + high - span) / 2, 0.0), 1.0 - span)
    return first, first + span


def _figure(share: float, low: float, high: float, words: EstimateWords, writing: Writing) -> str:
    if not isfinite(share):
        return words.none
    if not (isfinite(low) and isfinite(high)):
        return writing.percent(share)
    return f"{writing.percent(share)} ({writing.percent(low)} – {writing.percent(high)})"


def _row(share: float, low: float, high: float, y: float, x: Scale, is_estimate: bool) -> list[str]:
    parts = []
    colour = FOCUS if is_estimate else QUIET
    if isfinite(low) and isfinite(high):
        parts.append(line(x(low), y, x(high), y, stroke=colour, width=3))
        parts += [line(x(v), y - 6, x(v), y + 6, stroke=colour, width=2) for v in (low, high)]
    if isfinite(share) and is_estimate:
        parts.append(element("circle", cx=x(share), cy=y, r=6, fill=colour))
    elif isfinite(share):
        parts.append(element("rect", x=x(share) - 5, y=y - 5, width=10, height=10, fill=colour))
    return parts


def _grid(steps: Sequence[float], mark: float | None, x: Scale, y: float) -> list[str]:
    """Lines only where the interval is drawn, so that they never cross words."""
    parts = [line(x(step), y, x(step), y + _BAND - 4, stroke=FAINT) for step in steps]
    if mark is not None:
        parts.append(line(x(mark), y, x(mark), y + _BAND - 4, stroke=MARK, width=1.5))
    return parts


def _mark(at: float, label: str, width: float) -> str:
    half = text_width(label, 12) / 2
    middle = min(max(at, half + 4), width - half - 4)
    return text(label, middle, 14, size=12, fill=INK, anchor="middle")
