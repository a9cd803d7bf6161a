"""People and the share of a level in each group, such as the sites."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.arrays import IntArray
from analysis.plots.legend import Legend, legend
from analysis.plots.svg import INK, document, element, heading, line, text, text_width
from analysis.plots.words import FOCUS, WRITING, Writing

_OTHERS = "#a9bfd9"
_UNKNOWN = "#d8dee4"


@dataclass(frozen=True)
class GroupWords:
    """What the picture says, in the reader's language.

    >>> import numpy as np
    >>> one = np.array([1])
    >>> "жінки" in draw_by_group(["Lviv"], n=one, of=one, people=one, words=GroupWords(focus="жінки"))
    True
    """

    title: str = "People reached by site"
    description: str = "A bar for each site: its length is people, its dark part is women."
    focus: str = "women"
    others: str = "others"
    unknown: str = "not known"
    mark: str = "mark"


def draw_by_group(
    groups: Sequence[str],
    *,
    n: IntArray,
    of: IntArray,
    people: IntArray,
    mark: float | None = 0.30,
    words: GroupWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """A bar a group: its length is people, its dark part those at the level, a tick the mark.

    Args:
        groups: (g,) names as they are to be read.
        n: (g,) people at the level.
        of: (g,) people whose level is known.
        people: (g,) everyone.

    >>> import numpy as np
    >>> svg = draw_by_group(["Lviv"], n=np.array([3]), of=np.array([9]), people=np.array([10]))
    >>> "33" in svg, "Lviv" in svg
    (True, True)
    """
    words = words or GroupWords()
    left, right, row = 4.0, width - 8.0, 58.0
    longest = max([1, *people.tolist()])
    key = _legend(words, writing, mark, width)
    parts, top = key.parts, key.height + 10
    for i, group in enumerate(groups):
        y = top + row * i
        unit = (right - left) / longest
        parts += _bar(int(n[i]), int(of[i]), int(people[i]), left, y + 22, unit, mark)
        share = writing.percent(n[i] / of[i]) if of[i] else "–"
        count = f"{writing.number(int(n[i]))} / {writing.number(int(of[i]))}"
        figure = f"{share} ({count})"
        parts.append(heading(group, left, y + 15, right - left - text_width(figure) - 6))
        parts.append(text(figure, right, y + 15, anchor="end"))
    height = top + row * len(groups) + 6
    return document(width, height, title=words.title, description=words.description, body=parts)


def _bar(
    n: int, of: int, people: int, x: float, y: float, unit: float, mark: float | None
) -> list[str]:
    parts = [
        element("rect", x=x, y=y, width=people * unit, height=20, fill=_UNKNOWN),
        element("rect", x=x, y=y, width=of * unit, height=20, fill=_OTHERS),
        element("rect", x=x, y=y, width=n * unit, height=20, fill=FOCUS),
    ]
    if mark is not None and of:
        at = x + mark * of * unit
        parts.append(line(at, y - 3, at, y + 23, stroke="#fff", width=4))
        parts.append(line(at, y - 4, at, y + 24, stroke=INK, width=2))
    return parts


def _legend(words: GroupWords, writing: Writing, mark: float | None, width: float) -> Legend:
    entries = [
        (element("rect", x=-6, y=-6, width=12, height=12, fill=colour), label)
        for label, colour in (
            (words.focus, FOCUS),
            (words.others, _OTHERS),
            (words.unknown, _UNKNOWN),
        )
    ]
    if mark is not None:
        tick = line(0, -8, 0, 8, stroke=INK, width=2)
        entries.append((tick, f"{words.mark} {writing.percent(mark)}"))
    return legend(entries, width)
