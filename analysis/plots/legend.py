"""The line that says which shape is what, broken where the picture is narrow."""

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.plots.svg import QUIET, element, number, text, text_width

ROW = 20.0
_LEFT = 10.0


@dataclass(frozen=True)
class Legend:
    """Its elements, and how high they are together.

    >>> legend([], width=80)
    Legend(parts=[], height=20.0)
    """

    parts: list[str]
    height: float


def legend(entries: Iterable[tuple[str, str]], width: float) -> Legend:
    """Shapes drawn round (0, 0), each with its label, in as many rows as the width asks for.

    >>> legend([("<circle/>", "women"), ("<rect/>", "others")], width=80).height
    40.0
    """
    parts: list[str] = []
    x, y = _LEFT, 12.0
    for shape, label in entries:
        room = 12 + text_width(label, 12) + 20
        if x > _LEFT and x + room - 20 > width:
            x, y = _LEFT, y + ROW
        parts.append(element("g", shape, transform=f"translate({number(x)} {number(y)})"))
        parts.append(text(label, x + 12, y + 4, size=12, fill=QUIET))
        x += room
    return Legend(parts, y + ROW - 12.0)
