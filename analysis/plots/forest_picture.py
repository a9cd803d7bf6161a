"""The forest of a whole programme: every chain as rings of waves round its seed.

Each chain is a few paths, whatever its size: one of lines, and one of dots for each kind of dot,
where a dot is a line of no length with a round or a square end. So thousands of people are drawn in
a few milliseconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.forest import Chains, Forest, chains
from analysis.plots.dots import Dots, Look
from analysis.plots.layout import pack, place
from analysis.plots.legend import Legend, legend
from analysis.plots.svg import INK, document, element, number
from analysis.plots.words import WRITING, Writing

_UNITS = 2
_EDGE = "#7d8590"
_GROUND = "#f3f5f8"


@dataclass(frozen=True)
class ForestWords:
    """What the picture says, in the reader's language.

    >>> ForestWords().chain.format(size=12, depth=3)
    'Chain of 12, waves: 3'
    """

    title: str = "Recruitment forest"
    description: str = "Every chain as a disc: its seed in the middle, each wave on the next ring."
    seed: str = "seed"
    not_drawn: str = "smaller chains not drawn: {n}"
    chain: str = "Chain of {size}, waves: {depth}"


def draw_forest(
    forest: Forest,
    dots: Dots,
    *,
    link: Callable[[int], str] | None = None,
    most_people: int = 20_000,
    words: ForestWords | None = None,
    writing: Writing = WRITING,
    width: int = 1000,
) -> str:
    """Discs of chains, largest first, and a dot for everyone.

    Args:
        dots: how everyone is drawn (``by_level``, ``by_wave``, ``by_activity``).
        link: the address of a chain's own page, by the index of its seed.
        most_people: chains are drawn, largest first, up to this many people; the rest is counted.

    >>> from analysis.forest import grow
    >>> from analysis.plots.dots import by_level
    >>> dots = by_level(np.array([True, False, True]))
    >>> svg = draw_forest(grow(np.array([-1, 0, 0])), dots)
    >>> svg.count("<path"), "<script" in svg
    (3, False)
    """
    words = words or ForestWords()
    found = chains(forest)
    shown = _largest(found, most_people)
    unit = _unit(int(shown.size.sum()), int(shown.size.max(initial=1)), width)
    dot = float(np.clip(unit * 0.9, 5, 16))
    discs = pack(_radii(shown, unit, dot, width), width * _UNITS - 16, gap=dot)
    members, x, y = place(forest, shown, discs)
    pen = _Pen(
        at=np.stack([np.rint(x), np.rint(y)], axis=1).astype(np.int64),
        recruiter=forest.recruiter.astype(np.int64),
        dots=dots,
        size=dot,
    )
    titles = _titles(shown, words, writing)
    drawn = [
        _chain(pen, people, float(reach), title, link and link(int(seed)))
        for people, reach, title, seed in zip(
            members, discs.radius, titles, shown.seed, strict=True
        )
    ]
    left_out = len(found.size) - len(shown.size)
    key = _legend(dots.used(), words, writing, left_out, width)
    top = key.height + 6
    placed = f"translate(4 {number(top)}) scale({1 / _UNITS})"
    return document(
        width,
        top + 6 + discs.height / _UNITS,
        title=words.title,
        description=words.description,
        body=[*key.parts, element("g", *drawn, transform=placed)],
        role="group" if link else "img",
    )


@dataclass(frozen=True, eq=False)
class _Pen:
    """What drawing a chain needs of all people: coordinates (n, 2), recruiters, dots, their size."""

    at: IntArray
    recruiter: IntArray
    dots: Dots
    size: float


def _largest(found: Chains, most_people: int) -> Chains:
    drawn = int(np.searchsorted(np.cumsum(found.size), most_people, side="right"))
    drawn = max(drawn, min(1, len(found.size)))
    return Chains(found.seed[:drawn], found.size[:drawn], found.depth[:drawn])


def _unit(people: int, largest: int, width: int) -> float:
    """Radius of a disc of one person, so that the whole is about as broad as a page is high."""
    roomy = np.sqrt(0.36 * width * max(width, 700) / (np.pi * max(people, 1)))
    widest = (width / 2 - 10) / (np.sqrt(largest) + 1)
    return float(min(roomy, widest, 12.0)) * _UNITS


def _radii(shown: Chains, unit: float, dot: float, width: int) -> FloatArray:
    """Area follows people, but a long thin chain gets some room for its waves."""
    by_people = unit * np.sqrt(shown.size)
    by_waves = np.minimum(shown.depth * dot * 0.8, 1.5 * by_people)
    radii: FloatArray = np.minimum(np.maximum(by_people, by_waves) + dot, width - 12.0)
    return radii


def _titles(shown: Chains, words: ForestWords, writing: Writing) -> list[str]:
    return [
        words.chain.format(size=writing.number(size), depth=writing.number(depth))
        for size, depth in zip(shown.size.tolist(), shown.depth.tolist(), strict=True)
    ]


def _chain(pen: _Pen, people: IntArray, reach: float, title: str, address: str | None) -> str:
    x, y = pen.at[people[0]].tolist()
    parts = [element("circle", cx=x, cy=y, r=round(reach), fill=_GROUND), _lines(pen, people)]
    kinds = pen.dots.kind[people]
    for kind, look in enumerate(pen.dots.looks):
        parts += _dots(pen.at[people[kinds == kind]], look, pen.size)
    ring = pen.size * 0.95
    parts.append(element("circle", cx=x, cy=y, r=ring, fill="none", stroke=INK, stroke_width=2))
    if address is None:
        return "".join(parts)
    return element("a", element("title", escape(title)), *parts, href=address)


def _lines(pen: _Pen, people: IntArray) -> str:
    """One line from each recruiter to each recruit, drawn on from where the pen stands."""
    recruits = people[1:]
    if not len(recruits):
        return ""
    parents = pen.recruiter[recruits]
    lift = pen.at[parents] - pen.at[people[:-1]]
    draw = pen.at[recruits] - pen.at[parents]
    steps = [
        f"l{dx} {dy}" if follows else f"m{mx} {my}l{dx} {dy}"
        for (mx, my), (dx, dy), follows in zip(
            lift.tolist(), draw.tolist(), (parents == people[:-1]).tolist(), strict=True
        )
    ]
    x, y = pen.at[people[0]].tolist()
    path = f"M{x} {y}{''.join(steps)}".replace(" -", "-")
    return element("path", d=path, fill="none", stroke=_EDGE, stroke_width=1.6)


def _dots(at: IntArray, look: Look, size: float) -> list[str]:
    """One path of everyone who looks so, if there is anybody."""
    if not len(at):
        return []
    if look.shape == "cross":
        crosses = _crosses(at, round(size / 2))
        return [element("path", d=crosses, stroke=look.colour, stroke_width=2)]
    steps = np.diff(at, axis=0).tolist()
    x, y = at[0].tolist()
    path = f"M{x} {y}h0{''.join(f'm{dx} {dy}h0' for dx, dy in steps)}".replace(" -", "-")
    wide = size if look.shape == "round" else size * 0.8
    return [
        element("path", d=path, stroke=look.colour, stroke_width=wide, stroke_linecap=look.shape)
    ]


def _crosses(at: IntArray, r: int) -> str:
    return "".join(
        f"M{x - r} {y - r}l{2 * r} {2 * r}m0-{2 * r}l-{2 * r} {2 * r}" for x, y in at.tolist()
    )


def _legend(
    looks: list[Look], words: ForestWords, writing: Writing, left_out: int, width: int
) -> Legend:
    ring = element("circle", cx=0, cy=0, r=5, fill="none", stroke=INK, stroke_width=1.2)
    entries = [*((look.swatch(), look.name) for look in looks), (ring, words.seed)]
    if left_out:
        entries.append(("", words.not_drawn.format(n=writing.number(left_out))))
    return legend(entries, width)
