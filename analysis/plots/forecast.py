"""What is to come: the past as a line, the future as a fan of intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.arrays import DateArray, FloatArray, IntArray
from analysis.plots.axes import Scale, months_between, round_steps, share_steps, value_axis
from analysis.plots.legend import legend
from analysis.plots.lines import area, curve, end_names
from analysis.plots.svg import FAINT, INK, QUIET, document, element, heading, line, text, wrapped
from analysis.plots.words import COLOURS, FOCUS, MARK, WRITING, Writing

_HEIGHT = 220.0
_PAST = "#4477AA"
_WHAT_IF = COLOURS[2]


@dataclass(frozen=True)
class ForecastWords:
    """What the picture says, in the reader's language; ``interval`` is said of each of the fan's.

    >>> monday, one = np.array(["2026-03-02"], dtype="datetime64[D]"), np.array([1.0])
    >>> words = ForecastWords(value="Охоплено людей")
    >>> "Охоплено людей" in draw_forecast(monday, one, Fan(monday + 7, one), words=words)
    True
    """

    title: str = "Forecast"
    description: str = "The past as a line, and what is to come as a fan of intervals."
    value: str = "People reached in all"
    past: str = "so far"
    expected: str = "expected"
    what_if: str = "if changed"
    interval: str = "in {share} of runs"
    target: str = "target"
    met: str = ""
    today: str = "today"


@dataclass(frozen=True, eq=False)
class Fan:
    """What may come; arrays of shape (f,).

    Attributes:
        weeks: first days of weeks to come, ascending.
        median: the middle of the runs.
        intervals: the share of runs within, and the bounds, widest first.

    >>> fan = Fan(np.array(["2026-03-02"], dtype="datetime64[D]"), np.array([12.0]))
    >>> fan.median.tolist(), fan.intervals
    ([12.0], ())
    """

    weeks: DateArray
    median: FloatArray
    intervals: Sequence[tuple[float, FloatArray, FloatArray]] = ()


@dataclass(frozen=True)
class _Look:
    stroke: str
    dash: str | None


def draw_forecast(
    weeks: DateArray,
    past: FloatArray,
    fan: Fan,
    *,
    what_if: Fan | None = None,
    target: float | None = None,
    met: tuple[date, date] | None = None,
    is_share: bool = False,
    value: Callable[[float], str] | None = None,
    words: ForecastWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """The past, the fan, and where its runs meet the target.

    Args:
        weeks, past: (p,) first days of weeks, ascending, and the values so far; nan where not known.
        what_if: a second fan; its median is a line, its widest interval a pale band.
        met: between which days most runs meet the target: a bar on its line.
        is_share: values are shares, whose axis is of percents and need not begin at 0.
        value: how a value is written, such as money; by default a number or a share.

    >>> weeks = np.array(["2026-03-02", "2026-03-09"], dtype="datetime64[D]")
    >>> low, high = np.array([9.0, 12.0]), np.array([11.0, 18.0])
    >>> fan = Fan(weeks + 14, np.array([10.0, 15.0]), [(0.9, low, high)])
    >>> svg = draw_forecast(weeks, np.array([4.0, 8.0]), fan, target=14)
    >>> svg.count("<path"), "target 14" in svg  # past, median, one interval
    (3, True)
    """
    words = words or ForecastWords()
    write = value or (writing.percent if is_share else lambda v: writing.number(round(v)))
    fans = [fan] if what_if is None else [fan, what_if]
    key = legend(_entries(words, past, fan, what_if, writing), width)
    notes = wrapped(words.met, 4, key.height + 14, width - 8, fill=INK) if words.met else []
    top = key.height + 16.2 * len(notes) + 36
    bottom = top + _HEIGHT
    steps = _steps(past, fans, target, is_share=is_share)
    left = max(48.0, max(len(write(step)) for step in steps) * 7.4 + 10)
    ends = [
        float(each.median[known[-1]]) for each in fans for known in [_known(each)] if len(known)
    ]
    right = width - max((len(write(end)) for end in ends), default=0) * 8.4 - 16
    y = Scale(steps[0], steps[-1], bottom, top)
    x = _dates(weeks, fans, left, right)
    body = [*key.parts, *notes, heading(words.value, left, top - 12, width - left - 4)]
    body += _today(weeks, x, words, top, bottom)
    for each, look in reversed(
        [*zip(fans, (_Look(FOCUS, None), _Look(_WHAT_IF, "7 3")), strict=False)]
    ):
        body += _fan(each, x, y, look, widest_only=each is not fan)
    body += value_axis(y, steps, write, left, right)
    if target is not None:
        body += _target(target, met, x, y, f"{words.target} {write(target)}", left, right)
    body.append(_line(weeks, past, x, y, _Look(_PAST, None)))
    body += end_names(
        [(y(end), write(end)) for end in ends], right + 6, low=top, high=bottom, size=13
    )
    body += _months(x, writing, bottom + 20)
    return document(width, bottom + 32, title=words.title, description=words.description, body=body)


def _known(fan: Fan) -> IntArray:
    return np.flatnonzero(np.isfinite(fan.median))


def _days(weeks: DateArray) -> FloatArray:
    return weeks.astype("datetime64[D]").astype(np.int64).astype(np.float64)


def _dates(weeks: DateArray, fans: Sequence[Fan], left: float, right: float) -> Scale:
    days = np.concatenate([_days(weeks), *(_days(each.weeks) for each in fans)])
    return Scale(float(days.min()), float(days.max()), left, right)


def _steps(
    past: FloatArray, fans: Sequence[Fan], target: float | None, *, is_share: bool
) -> list[float]:
    bounds = [bound for each in fans for _, *both in each.intervals for bound in both]
    every = np.concatenate([past, *(each.median for each in fans), *bounds])
    every = every[np.isfinite(every)]
    every = every if target is None else np.append(every, target)
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 0.0)
    if is_share:
        return share_steps(max(low, 0.0), min(high, 1.0))
    return [float(step) for step in round_steps(int(np.ceil(high)))]


def _along(scale: Scale, values: FloatArray) -> FloatArray:
    return np.array([scale(value) for value in np.clip(values, scale.low, scale.high).tolist()])


def _fan(each: Fan, x: Scale, y: Scale, look: _Look, *, widest_only: bool) -> list[str]:
    at = _along(x, _days(each.weeks))
    parts = [
        element(
            "path",
            d=area(at, _along(y, low), _along(y, high)),
            fill=look.stroke,
            fill_opacity="0.15",
        )
        for _, low, high in (each.intervals[:1] if widest_only else each.intervals)
    ]
    return [*parts, _line(each.weeks, each.median, x, y, look)]


def _line(weeks: DateArray, values: FloatArray, x: Scale, y: Scale, look: _Look) -> str:
    return element(
        "path",
        d=curve(_along(x, _days(weeks)), _along(y, values)),
        fill="none",
        stroke=look.stroke,
        stroke_width=2.4,
        stroke_dasharray=look.dash,
    )


def _today(
    weeks: DateArray, x: Scale, words: ForecastWords, top: float, bottom: float
) -> list[str]:
    if not len(weeks):
        return []
    at = x(float(_days(weeks)[-1]))
    return [
        line(at, top, at, bottom, stroke=FAINT, width=1.5),
        text(words.today, at - 4, bottom - 6, size=11, fill=QUIET, anchor="end"),
    ]


def _target(
    target: float,
    met: tuple[date, date] | None,
    x: Scale,
    y: Scale,
    label: str,
    left: float,
    right: float,
) -> list[str]:
    at = y(target)
    parts = [
        line(left, at, right, at, stroke=MARK, width=1.5, dash="6 4"),
        text(label, left + 6, at - 7 if at - 20 > y.end else at + 17, size=12, fill=INK),
    ]
    if met:
        first, last = (x(float(_days(np.array([d], dtype="datetime64[D]"))[0])) for d in met)
        first, last = max(first, left), min(max(last, first), right)
        parts.append(line(first, at, last, at, stroke=MARK, width=5))
        parts += [line(e, at - 7, e, at + 7, stroke=MARK, width=2) for e in (first, last)]
    return parts


def _months(x: Scale, writing: Writing, y: float) -> list[str]:
    first, last = (
        date.fromordinal(int(day) + date(1970, 1, 1).toordinal()) for day in (x.low, x.high)
    )
    most = max(2, int((x.end - x.start) / 76))
    parts = []
    for month in months_between(first, last, most) or [first]:
        at = x(month.toordinal() - date(1970, 1, 1).toordinal())
        parts.append(line(at, y - 20, at, y - 15, stroke=QUIET))
        parts.append(text(writing.month(month), at, y, size=12, fill=QUIET, anchor="middle"))
    return parts


def _entries(
    words: ForecastWords, past: FloatArray, fan: Fan, what_if: Fan | None, writing: Writing
) -> list[tuple[str, str]]:
    """What each mark of the picture is, of those that it has."""

    def stroke(look: _Look) -> str:
        return line(-8, 0, 8, 0, stroke=look.stroke, width=2.4, dash=look.dash)

    entries = [(stroke(_Look(_PAST, None)), words.past)] if np.isfinite(past).any() else []
    entries.append((stroke(_Look(FOCUS, None)), words.expected))
    for i, (share, _, _) in enumerate(fan.intervals):
        opacity = f"{0.15 * (i + 1):.2f}"
        patch = element("rect", x=-8, y=-6, width=16, height=12, fill=FOCUS, fill_opacity=opacity)
        entries.append((patch, words.interval.format(share=writing.percent(share))))
    if what_if is not None:
        entries.append((stroke(_Look(_WHAT_IF, "7 3")), words.what_if))
    return entries
