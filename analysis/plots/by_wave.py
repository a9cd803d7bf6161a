"""The share of a level in each wave, with its interval."""

from dataclasses import dataclass

from analysis.arrays import IntArray
from analysis.plots.axes import Scale, value_axis
from analysis.plots.svg import INK, QUIET, document, element, heading, line, points, text
from analysis.plots.words import FOCUS, MARK, WRITING, Writing
from analysis.reach import wilson


@dataclass(frozen=True)
class WaveWords:
    """What the picture says, in the reader's language.

    >>> import numpy as np
    >>> "Хвиля" in draw_by_wave(np.array([1]), np.array([4]), words=WaveWords(wave="Хвиля"))
    True
    """

    title: str = "Share of women by wave"
    description: str = "The share of women in each wave of recruitment, with its 95 % interval."
    share: str = "Share of women, with 95 % interval"
    wave: str = "Wave (0 = seeds)"
    people: str = "People"


def draw_by_wave(
    n: IntArray,
    of: IntArray,
    *,
    mark: float | None = 0.30,
    words: WaveWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """A dot a wave with its interval, and the number of people below.

    Args:
        n: (w,) people at the level in each wave, seeds first.
        of: (w,) people of the wave whose level is known.

    >>> import numpy as np
    >>> draw_by_wave(np.array([1, 3]), np.array([4, 8])).count("<circle")
    2
    """
    words = words or WaveWords()
    left, right, top, bottom = 48.0, width - 40.0, 30.0, 230.0
    y = Scale(0, 1, bottom, top)
    gap = (right - left) / max(len(n), 1)
    at = [left + gap * (i + 0.5) for i in range(len(n))]
    every = max(1, -(-30 // int(max(gap, 1))))
    parts = [
        heading(words.share, left, top - 14, right + 34 - left),
        *value_axis(y, [0, 0.2, 0.4, 0.6, 0.8, 1], writing.percent, left, right),
    ]
    if mark is not None:
        parts.append(line(left, y(mark), right, y(mark), stroke=MARK, width=1.5, dash="6 4"))
        parts.append(text(writing.percent(mark), right + 5, y(mark) + 4, size=12, fill=INK))
    parts += _dots(n, of, at, y)
    for i in range(0, len(n), every):
        parts.append(text(str(i), at[i], bottom + 18, size=12, anchor="middle"))
        label = writing.number(int(of[i]))
        parts.append(text(label, at[i], bottom + 36, size=11, fill=QUIET, anchor="middle"))
    parts.append(text(f"{words.wave} · {words.people}", left, bottom + 56, size=12, fill=QUIET))
    return document(
        width, bottom + 66, title=words.title, description=words.description, body=parts
    )


def _dots(n: IntArray, of: IntArray, at: list[float], y: Scale) -> list[str]:
    low, high = wilson(n, of)
    known = [i for i in range(len(n)) if of[i]]
    centre = {i: (at[i], y(float(n[i] / of[i]))) for i in known}
    whiskers = "".join(
        points([(at[i], y(float(low[i]))), (at[i], y(float(high[i])))]) for i in known
    )
    parts = []
    if len(known) > 1:
        path = points(centre.values())
        parts.append(
            element("path", d=path, fill="none", stroke=FOCUS, stroke_width=1, stroke_opacity="0.5")
        )
    if known:
        parts.append(
            element("path", d=whiskers, stroke=FOCUS, stroke_width=5, stroke_opacity="0.28")
        )
    parts += [element("circle", cx=cx, cy=cy, r=4.5, fill=FOCUS) for cx, cy in centre.values()]
    return parts
