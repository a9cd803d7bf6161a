"""What the dots of a forest tell apart: a level, waves, or who can still recruit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.arrays import BoolArray, IntArray
from analysis.forest import Forest
from analysis.plots.svg import element
from analysis.plots.words import COLOURS, FOCUS, UNKNOWN, WRITING, Writing

Shape = Literal["round", "square", "cross"]

# From dark to light, as even to colour-blind eyes as Viridis, without its palest end.
_WAVES = ("#3b1c5a", "#414487", "#2a788e", "#22a07f", "#76b82a")
_LIVE, _WAITING, _ENDED = "#c2410c", "#4477AA", "#9aa4ae"


@dataclass(frozen=True)
class Look:
    """One kind of dot: what it is called, its colour and its shape.

    >>> Look("women", "#AA3377", "square").swatch()
    '<rect x="-4.5" y="-4.5" width="9" height="9" fill="#AA3377"/>'
    """

    name: str
    colour: str
    shape: Shape

    def swatch(self) -> str:
        """The dot round (0, 0), for a legend.

        >>> Look("women", "#AA3377", "round").swatch()
        '<circle cx="0" cy="0" r="5" fill="#AA3377"/>'
        """
        if self.shape == "round":
            return element("circle", cx=0, cy=0, r=5, fill=self.colour)
        if self.shape == "square":
            return element("rect", x=-4.5, y=-4.5, width=9, height=9, fill=self.colour)
        return element("path", d="M-4-4l8 8m0-8l-8 8", stroke=self.colour, stroke_width=2)


@dataclass(frozen=True, eq=False)
class Dots:
    """How everyone is drawn: ``kind`` of shape (n,) are places in ``looks``.

    >>> women, others = Look("women", "#AA3377", "round"), Look("others", "#4477AA", "square")
    >>> Dots(np.array([1, 1]), (women, others)).used() == [others]
    True
    """

    kind: IntArray
    looks: tuple[Look, ...]

    def used(self) -> list[Look]:
        """The looks that somebody has.

        >>> [look.name for look in by_level(np.array([True, True])).used()]
        ['women']
        """
        found = np.bincount(self.kind, minlength=len(self.looks))
        return [look for look, people in zip(self.looks, found.tolist(), strict=True) if people]


def by_level(
    focus: BoolArray,
    unknown: BoolArray | None = None,
    *,
    names: tuple[str, str, str] = ("women", "others", "not known"),
) -> Dots:
    """Round for people at the level, square for others, a cross where it is not known.

    Args:
        focus: (n,) who is at the level.
        unknown: (n,) whose level is not known.

    >>> by_level(np.array([True, False]), np.array([False, True])).kind.tolist()
    [0, 2]
    """
    kind = np.where(focus, 0, 1)
    if unknown is not None:
        kind = np.where(unknown, 2, kind)
    colours: Sequence[tuple[str, Shape]] = (
        (FOCUS, "round"),
        (COLOURS[1], "square"),
        (UNKNOWN, "cross"),
    )
    looks = tuple(Look(name, *look) for name, look in zip(names, colours, strict=True))
    return Dots(kind, looks)


def by_wave(
    wave: IntArray,
    *,
    one: str = "wave {wave}",
    several: str = "waves {first} – {last}",
    writing: Writing = WRITING,
) -> Dots:
    """Darker for earlier waves: the seeds, and the rest in at most four stretches of like length.

    Args:
        wave: (n,) waves, 0 for seeds.

    >>> dots = by_wave(np.array([0, 1, 2, 9]))
    >>> dots.kind.tolist(), [look.name for look in dots.looks]
    ([0, 1, 1, 3], ['wave 0', 'waves 1 – 3', 'waves 4 – 6', 'waves 7 – 9'])
    """
    deepest = int(wave.max(initial=0))
    length = max(1, -(-deepest // (len(_WAVES) - 1)))
    names = [one.format(wave=writing.number(0))]
    for first in range(1, deepest + 1, length):
        last = min(first + length - 1, deepest)
        ends = {"first": writing.number(first), "last": writing.number(last)}
        names.append(one.format(wave=ends["first"]) if first == last else several.format(**ends))
    kind = np.where(wave > 0, (wave - 1) // length + 1, 0)
    looks = (Look(name, colour, "round") for name, colour in zip(names, _WAVES, strict=False))
    return Dots(kind, tuple(looks))


def by_activity(
    forest: Forest,
    live: BoolArray,
    *,
    names: tuple[str, str, str] = (
        "still has coupons",
        "the chain can still grow",
        "the chain has ended",
    ),
) -> Dots:
    """Who holds a live coupon, who is of the same chain as somebody who does, and the rest.

    Args:
        live: (n,) who holds a coupon that can still be used.

    >>> from analysis.forest import grow
    >>> by_activity(grow(np.array([-1, 0, -1])), np.array([False, True, False])).kind.tolist()
    [1, 0, 2]
    """
    growing = np.zeros(len(live), dtype=bool)
    growing[forest.seed[live]] = True
    kind = np.where(live, 0, np.where(growing[forest.seed], 1, 2))
    colours: Sequence[tuple[str, Shape]] = (
        (_LIVE, "round"),
        (_WAITING, "square"),
        (_ENDED, "square"),
    )
    looks = tuple(Look(name, *look) for name, look in zip(names, colours, strict=True))
    return Dots(kind, looks)
