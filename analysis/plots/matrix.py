"""Who recruits whom, as a table of shaded squares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.plots.svg import QUIET, document, element, number, text, text_width
from analysis.plots.words import WITHHELD, WRITING, Writing


@dataclass(frozen=True)
class MatrixWords:
    """What the picture says, in the reader's language.

    >>> "хто запросив" in draw_matrix(np.array([[1]]), ["women"], words=MatrixWords(rows="хто запросив"))
    True
    """

    title: str = "Who recruits whom"
    description: str = "Rows recruit columns: the number of recruits, and their share of the row."
    rows: str = "recruiter"
    columns: str = "recruit"
    each: str = "all"


def draw_matrix(
    matrix: IntArray,
    levels: Sequence[str],
    *,
    words: MatrixWords | None = None,
    writing: Writing = WRITING,
    width: int = 520,
) -> str:
    """Squares shaded by their share of the row, each with its count and share.

    Args:
        matrix: (k, k) recruits, rows recruiting columns.
        levels: (k,) names as they are to be read.

    >>> svg = draw_matrix(np.array([[3, 1], [2, 2]]), ["women", "men"])
    >>> svg.count("<rect"), "75" in svg
    (4, True)
    """
    words, totals = words or MatrixWords(), matrix.sum(axis=1)

    def square(row: int, column: int) -> Square:
        n, of = int(matrix[row, column]), int(totals[row])
        share = n / of if of else 0.0
        return Square(writing.number(n), writing.percent(share) if of else "–", share)

    ends = [writing.number(int(total)) for total in totals]
    return draw_squares(square, levels, ends, words=words, width=width)


@dataclass(frozen=True)
class MeansWords(MatrixWords):
    """What the picture says, in the reader's language.

    >>> "усі" in draw_means(np.array([[0.5]]), ["women"], words=MeansWords(each="усі"))
    True
    """

    title: str = "How many each recruiter brings"
    description: str = "Rows bring columns: the mean number of recruits of one recruiter."
    each: str = "all"


def draw_means(
    means: FloatArray,
    levels: Sequence[str],
    *,
    low: FloatArray | None = None,
    high: FloatArray | None = None,
    words: MeansWords | None = None,
    writing: Writing = WRITING,
    width: int = 520,
) -> str:
    """Squares shaded by mean recruits, each with its mean and interval; at the right the row's sum.

    Args:
        means: (k, k) mean recruits of each level by one recruiter of each level; nan is withheld.
        low, high: (k, k) bounds of the interval.

    >>> svg = draw_means(np.array([[0.5, 0.25], [0.1, np.nan]]), ["women", "men"])
    >>> "0.75" in svg, "&lt;5*" in svg
    (True, True)
    """
    deepest = max(1.0, float(np.nanmax(means, initial=0.0)))

    def square(row: int, column: int) -> Square:
        mean = float(means[row, column])
        if np.isnan(mean):
            return Square(WITHHELD, "", 0.0)
        interval = ""
        if low is not None and high is not None:
            bounds = (float(low[row, column]), float(high[row, column]))
            interval = " – ".join(map(writing.decimal, bounds)) if np.isfinite(bounds).all() else ""
        return Square(writing.decimal(mean), interval, mean / deepest)

    sums = means.sum(axis=1).tolist()
    ends = [WITHHELD if np.isnan(each) else writing.decimal(each) for each in sums]
    return draw_squares(square, levels, ends, words=words or MeansWords(), width=width)


@dataclass(frozen=True)
class Square:
    """What one square says in two lines, and how deep it is shaded, 0 to 1.

    >>> dark = draw_squares(lambda row, column: Square("3", "75 %", 1.0), ["a"], ["3"],
    ...     words=MatrixWords(), width=300)
    >>> "75 %" in dark
    True
    """

    first: str
    second: str
    depth: float


def draw_squares(
    square: Callable[[int, int], Square],
    levels: Sequence[str],
    ends: Sequence[str],
    *,
    words: MatrixWords,
    width: int,
) -> str:
    """Squares for every pair of levels, by row and column, and what ends each row.

    >>> draw_squares(lambda row, column: Square("1", "", 0), ["a"], ["1"], words=MatrixWords(),
    ...              width=300).count("<rect")
    1
    """
    k = len(levels)
    longest = max([text_width(level, 13) for level in levels], default=0.0)
    corner = text_width(words.rows, 12) + 24
    left = min(max(longest + 16, corner), width * 0.38)
    cell = min((width - left - 62) / max(k, 1), 150)
    tall = min(max(cell * 0.6, 46), 84)
    top = 54.0
    parts = [
        text(words.rows, 16, top - 12, size=12, fill=QUIET),
        text(words.columns, left + 16, 14, size=12, fill=QUIET),
        _arrow("M8 {y}v8m-3 -3l3 3l3 -3", y=top - 20),
        _arrow("M{x} 10h9m-3 -3l3 3l-3 3", x=left + 1),
        text(words.each, left + cell * k + 12, top - 12, size=12, fill=QUIET),
    ]
    for column, level in enumerate(levels):
        at = left + cell * (column + 0.5)
        parts.append(_fitted(level, at, top - 12, cell - 4, anchor="middle"))
    for row, level in enumerate(levels):
        y = top + tall * row
        parts.append(_fitted(level, 4, y + tall / 2 + 4, left - 8))
        parts.append(text(ends[row], left + cell * k + 12, y + tall / 2 + 4, fill=QUIET))
        for column in range(k):
            parts.append(_square(left + cell * column, y, cell, tall, square(row, column)))
    return document(
        left + cell * k + 62,
        top + tall * k + 6,
        title=words.title,
        description=words.description,
        body=parts,
    )


def _arrow(path: str, **at: float) -> str:
    """Drawn, for fonts that have letters often have no arrows."""
    d = path.format(**{axis: number(value) for axis, value in at.items()})
    return element("path", d=d, fill="none", stroke=QUIET, stroke_width=1.2)


def _fitted(level: str, x: float, y: float, room: float, *, anchor: str = "start") -> str:
    size = max(9.0, min(13.0, 13 * room / max(text_width(level), 1)))
    return text(level, x, y, size=size, anchor=anchor, weight="600")


def _square(x: float, y: float, width: float, height: float, said: Square) -> str:
    ink = "#fff" if said.depth > 0.76 else "#000"
    middle, fill = x + width / 2, _shade(said.depth)
    down = -1 if said.second else 5
    box = element("rect", x=x + 1.5, y=y + 1.5, width=width - 3, height=height - 3, rx=4, fill=fill)
    body = text(said.first, middle, y + height / 2 + down, fill=ink, anchor="middle", weight="600")
    if said.second:
        size = max(9.0, min(12.0, 12 * (width - 6) / text_width(said.second, 12)))
        body += text(said.second, middle, y + height / 2 + 15, size=size, fill=ink, anchor="middle")
    return box + body


def _shade(share: float) -> str:
    """From nearly white to deep blue."""
    pale, deep = np.array([238, 243, 249]), np.array([38, 84, 138])
    red, green, blue = np.rint(pale + share * (deep - pale)).astype(int).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"
