"""The forest of a whole programme: every chain as rings of waves round its seed.

Each chain is a few paths, whatever its size: one of lines, and one of dots for each kind of person,
where a dot is a line of no length with a round or a square end. So thousands of people are drawn in
a few milliseconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.forest import Chains, Forest, chains
from analysis.plots.layout import pack, place
from analysis.plots.legend import Legend, legend
from analysis.plots.svg import INK, document, element, number
from analysis.plots.words import COLOURS, FOCUS, UNKNOWN, WRITING, Writing

_UNITS = 2
_EDGE = "#7d8590"
_GROUND = "#f3f5f8"


@dataclass(frozen=True)
class ForestWords:
    """What the picture says, in the reader's language."""

    title: str = "Recruitment forest"
    description: str = "Every chain as a disc: its seed in the middle, each wave on the next ring."
    focus: str = "women"
    others: str = "others"
    unknown: str = "not known"
    seed: str = "seed"
    not_drawn: str = "smaller chains not drawn: {n}"
    chain: str = "Chain of {size}, waves: {depth}"


def draw_forest(
    forest: Forest,
    *,
    focus: BoolArray,
    unknown: BoolArray | None = None,
    link: Callable[[int], str] | None = None,
    most_people: int = 20_000,
    words: ForestWords | None = None,
    writing: Writing = WRITING,
    width: int = 1000,
) -> str:
    """Discs of chains, largest first; dots are round for people at the level, square for others.

    Args:
        focus: (n,) who is at the level.
        unknown: (n,) whose level is not known: a cross.
        link: the address of a chain's own page, by the index of its seed.
        most_people: chains are drawn, largest first, up to this many people; the rest is counted.

    >>> from analysis.forest import grow
    >>> svg = draw_forest(grow(np.array([-1, 0, 0])), focus=np.array([True, False, True]))
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
        kind=_kinds(focus, unknown),
        dot=dot,
    )
    titles = _titles(shown, words, writing)
    drawn = [
        _chain(pen, people, float(reach), title, link and link(int(seed)))
        for people, reach, title, seed in zip(
            members, discs.radius, titles, shown.seed, strict=True
        )
    ]
    left_out = len(found.size) - len(shown.size)
    with_unknown = bool((pen.kind == 2).any())
    key = _legend(words, writing, left_out, width, with_unknown=with_unknown)
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
    """What drawing a chain needs of all people: coordinates (n, 2), recruiters, kinds, dot size."""

    at: IntArray
    recruiter: IntArray
    kind: IntArray
    dot: float


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


def _kinds(focus: BoolArray, unknown: BoolArray | None) -> IntArray:
    kind = np.where(focus, 0, 1)
    return kind if unknown is None else np.where(unknown, 2, kind)


def _titles(shown: Chains, words: ForestWords, writing: Writing) -> list[str]:
    return [
        words.chain.format(size=writing.number(size), depth=writing.number(depth))
        for size, depth in zip(shown.size.tolist(), shown.depth.tolist(), strict=True)
    ]


def _chain(pen: _Pen, people: IntArray, reach: float, title: str, address: str | None) -> str:
    x, y = pen.at[people[0]].tolist()
    parts = [element("circle", cx=x, cy=y, r=round(reach), fill=_GROUND), _lines(pen, people)]
    for kind, (colour, cap) in enumerate(((FOCUS, "round"), (COLOURS[1], "square"))):
        dots = _dots(pen.at[people[pen.kind[people] == kind]])
        size = pen.dot if cap == "round" else pen.dot * 0.8
        if dots:
            parts.append(
                element("path", d=dots, stroke=colour, stroke_width=size, stroke_linecap=cap)
            )
    crosses = _crosses(pen.at[people[pen.kind[people] == 2]], round(pen.dot / 2))
    if crosses:
        parts.append(element("path", d=crosses, stroke=UNKNOWN, stroke_width=2))
    ring = pen.dot * 0.95
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


def _dots(at: IntArray) -> str:
    if not len(at):
        return ""
    steps = np.diff(at, axis=0).tolist()
    x, y = at[0].tolist()
    return f"M{x} {y}h0{''.join(f'm{dx} {dy}h0' for dx, dy in steps)}".replace(" -", "-")


def _crosses(at: IntArray, r: int) -> str:
    return "".join(
        f"M{x - r} {y - r}l{2 * r} {2 * r}m0-{2 * r}l-{2 * r} {2 * r}" for x, y in at.tolist()
    )


def _legend(
    words: ForestWords, writing: Writing, left_out: int, width: int, *, with_unknown: bool
) -> Legend:
    ring = element("circle", cx=0, cy=0, r=5, fill="none", stroke=INK, stroke_width=1.2)
    square = element("rect", x=-4.5, y=-4.5, width=9, height=9, fill=COLOURS[1])
    cross = element("path", d="M-4-4l8 8m0-8l-8 8", stroke=UNKNOWN, stroke_width=2)
    entries = [
        (element("circle", cx=0, cy=0, r=5, fill=FOCUS), words.focus),
        (square, words.others),
    ]
    if with_unknown:
        entries.append((cross, words.unknown))
    entries.append((ring, words.seed))
    if left_out:
        entries.append(("", words.not_drawn.format(n=writing.number(left_out))))
    return legend(entries, width)
