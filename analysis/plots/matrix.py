"""Who recruits whom, as a table of shaded squares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import IntArray
from analysis.plots.svg import INK, QUIET, document, element, text, text_width
from analysis.plots.words import WRITING, Writing


@dataclass(frozen=True)
class MatrixWords:
    """What the picture says, in the reader's language."""

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
    words = words or MatrixWords()
    k = len(levels)
    longest = max([text_width(level, 13) for level in levels], default=0.0)
    corner = text_width(f"{words.rows} ↓", 12) + 12
    left = min(max(longest + 16, corner), width * 0.38)
    cell = min((width - left - 62) / max(k, 1), 150)
    tall = min(max(cell * 0.6, 46), 84)
    top = 54.0
    totals = matrix.sum(axis=1)
    parts = [
        text(f"{words.rows} ↓", 4, top - 12, size=12, fill=QUIET),
        text(f"{words.columns} →", left, 14, size=12, fill=QUIET),
        text(words.each, left + cell * k + 12, top - 12, size=12, fill=QUIET),
    ]
    for column, level in enumerate(levels):
        at = left + cell * (column + 0.5)
        parts.append(text(level, at, top - 12, anchor="middle", weight="600"))
    for row, level in enumerate(levels):
        y = top + tall * row
        parts.append(text(level, 4, y + tall / 2 + 4, weight="600"))
        total = writing.number(int(totals[row]))
        parts.append(text(total, left + cell * k + 12, y + tall / 2 + 4, fill=QUIET))
        for column in range(k):
            n, of = int(matrix[row, column]), int(totals[row])
            parts.append(_square(left + cell * column, y, cell, tall, n, of, writing))
    return document(
        left + cell * k + 62,
        top + tall * k + 6,
        title=words.title,
        description=words.description,
        body=parts,
    )


def _square(
    x: float, y: float, width: float, height: float, n: int, of: int, writing: Writing
) -> str:
    share = n / of if of else 0.0
    colour = _shade(share)
    ink = "#fff" if share > 0.5 else INK
    middle = x + width / 2
    return (
        element("rect", x=x + 1.5, y=y + 1.5, width=width - 3, height=height - 3, rx=4, fill=colour)
        + text(
            writing.number(n), middle, y + height / 2 - 1, fill=ink, anchor="middle", weight="600"
        )
        + text(
            writing.percent(share) if of else "–",
            middle,
            y + height / 2 + 15,
            size=12,
            fill=ink,
            anchor="middle",
        )
    )


def _shade(share: float) -> str:
    """From nearly white to deep blue."""
    pale, deep = np.array([238, 243, 249]), np.array([38, 84, 138])
    red, green, blue = np.rint(pale + share * (deep - pale)).astype(int).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"
