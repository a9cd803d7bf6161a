"""One chain for a person to look at: waves from left to right, recruits below one another."""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from html import escape
from typing import Any

import networkx as nx

from analysis.plots.legend import Legend, legend
from analysis.plots.svg import FAINT, INK, QUIET, document, element, number, text
from analysis.plots.words import COLOURS, FOCUS, UNKNOWN, WRITING, Writing

_ROW = 27.0
_RADIUS = 11.0
_COLOURS = (FOCUS, COLOURS[1], UNKNOWN)


@dataclass(frozen=True)
class ChainWords:
    """What the picture says, in the reader's language.

    >>> lone = nx.DiGraph([("a", "b")])
    >>> "Ланцюжок" in draw_chain(lone, focus={"b"}, words=ChainWords(title="Ланцюжок"))
    True
    """

    title: str = "Recruitment chain"
    description: str = "Who recruited whom in one chain, wave after wave from left to right."
    focus: str = "women"
    others: str = "others"
    unknown: str = "not known"
    active: str = "can still recruit"
    inactive: str = "can no longer"


def tidy_tree(chain: "nx.DiGraph[Any]") -> dict[Hashable, tuple[int, float]]:
    """Each node's wave and row: recruits in their order, a row apart, their recruiter midway.

    Branches are moved together until somewhere they are one row apart, so a short branch lies in
    the bay of a long one. The first row is 0.

    Source: Reingold & Tilford (1981), "Tidier drawings of trees", IEEE Trans. Softw. Eng. 7(2);
    here the outlines of branches are plain lists.

    >>> tidy_tree(nx.DiGraph([("a", "b"), ("a", "c"), ("b", "d")]))
    {'a': (0, 0.5), 'b': (1, 0.0), 'd': (2, 0.0), 'c': (1, 1.0)}
    """
    root = next(node for node, degree in chain.in_degree() if degree == 0)
    aside: dict[Hashable, float] = {root: 0.0}
    outlines: dict[Hashable, _Outline] = {}
    for node in nx.dfs_postorder_nodes(chain, root):
        recruits = list(chain.successors(node))
        shifts, outline = _beside([outlines.pop(recruit) for recruit in recruits])
        middle = (shifts[0] + shifts[-1]) / 2 if shifts else 0.0
        aside.update((r, shift - middle) for r, shift in zip(recruits, shifts, strict=True))
        outlines[node] = outline.under_one(middle)
    placed = {root: (0, -min(outlines[root].top))}
    for recruiter, recruit in nx.dfs_edges(chain, root):
        wave, row = placed[recruiter]
        placed[recruit] = (wave + 1, row + aside[recruit])
    return placed


@dataclass(frozen=True)
class _Outline:
    """The first and the last row that a branch takes up in each wave, from its own person on."""

    top: list[float]
    bottom: list[float]

    def under_one(self, middle: float) -> "_Outline":
        """The outline with one person before it, at the row ``middle``, which becomes row 0."""
        top, bottom = ([0.0, *(row - middle for row in side)] for side in (self.top, self.bottom))
        return _Outline(top, bottom)


def _beside(branches: list[_Outline]) -> tuple[list[float], _Outline]:
    """How far each branch moves so that it clears those before it, and their outline together."""
    top: list[float] = []
    bottom: list[float] = []
    shifts: list[float] = []
    for branch in branches:
        touching = zip(bottom, branch.top, strict=False)
        shift = max((last + 1 - first for last, first in touching), default=0.0)
        shifts.append(shift)
        top += [row + shift for row in branch.top[len(top) :]]
        bottom = [*(row + shift for row in branch.bottom), *bottom[len(branch.bottom) :]]
    return shifts, _Outline(top, bottom)


def draw_chain(
    chain: "nx.DiGraph[Any]",
    *,
    focus: Collection[Hashable],
    unknown: Collection[Hashable] = (),
    active: Collection[Hashable] = (),
    label: Callable[[Any], str] | None = None,
    describe: Callable[[Any], str] | None = None,
    words: ChainWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """Circles for people at the level, squares for others, diamonds for those not known.

    People who can still recruit are filled, the rest are outlines. It grows with the chain: of a
    chain of thousands the picture of the forest says more.

    Args:
        chain: edges from recruiter to recruit, one seed (``analysis.sample.to_networkx``).
        label: a short number or letter in each node; by default 1, 2, 3 … wave after wave.
        describe: what a reader is told who points at a node, or who hears the picture.

    >>> svg = draw_chain(nx.DiGraph([("a", "b"), ("a", "c")]), focus={"b"}, active={"c"})
    >>> svg.startswith("<svg"), svg.count("<text")  # 3 nodes, 2 waves, 4 words of the legend
    (True, 9)
    """
    words = words or ChainWords()
    placed = tidy_tree(chain)
    by_wave = sorted(placed, key=lambda node: placed[node])
    numbers = {node: writing.number(i) for i, node in enumerate(by_wave, 1)}
    depth = max(wave for wave, _ in placed.values())
    rows = max(row for _, row in placed.values()) + 1
    left = _RADIUS + 6
    step = min(max((width - 2 * left) / max(depth, 1), 2 * _RADIUS + 8), 110.0)
    whole = max(width, 2 * left + step * depth)
    key = _legend(words, whole, with_unknown=bool(unknown))
    top = key.height + 36
    at = {node: (left + wave * step, top + _ROW * row) for node, (wave, row) in placed.items()}
    nodes = [
        _node(
            *at[node],
            label(node) if label else numbers[node],
            shape=0 if node in focus else 2 if node in unknown else 1,
            is_active=node in active,
            title=describe(node) if describe else None,
        )
        for node in by_wave
    ]
    bottom = top + _ROW * rows
    return document(
        whole,
        bottom,
        title=words.title,
        description=words.description,
        body=[
            *key.parts,
            *_waves(depth, left, step, top, bottom),
            _links(chain, at),
            *nodes,
        ],
    )


def _links(chain: "nx.DiGraph[Any]", at: dict[Hashable, tuple[float, float]]) -> str:
    path = ""
    for source, target in chain.edges:
        (x, y), (to_x, to_y) = at[source], at[target]
        half = number((x + to_x) / 2)
        path += f"M{number(x)} {number(y)}C{half} {number(y)} {half} {number(to_y)} "
        path += f"{number(to_x)} {number(to_y)}"
    return element("path", d=path, fill="none", stroke="#8c959f", stroke_width=1.4) if path else ""


def _node(x: float, y: float, label: str, *, shape: int, is_active: bool, title: str | None) -> str:
    colour = _COLOURS[shape]
    look: dict[str, str | float] = {
        "fill": colour if is_active else "#fff",
        "stroke": colour,
        "stroke_width": 2.0,
    }
    body = _shape(shape, x, y, _RADIUS, look)
    size = 10.5 if len(label) < 3 else 9
    ink = "#fff" if is_active else INK
    body += text(label, x, y + size * 0.36, size=size, fill=ink, anchor="middle")
    return element("g", element("title", escape(title)), body) if title else body


def _shape(shape: int, x: float, y: float, r: float, look: dict[str, str | float]) -> str:
    if shape == 0:
        return element("circle", cx=x, cy=y, r=r, **look)
    if shape == 1:
        side = r * 0.9
        return element("rect", x=x - side, y=y - side, width=2 * side, height=2 * side, **look)
    tip = r * 1.15
    corners = f"M{number(x)} {number(y - tip)}l{number(tip)} {number(tip)}"
    corners += f"l{number(-tip)} {number(tip)}l{number(-tip)} {number(-tip)}z"
    return element("path", d=corners, **look)


def _waves(depth: int, left: float, step: float, top: float, bottom: float) -> list[str]:
    parts = []
    every = 1 if step >= 24 else 2
    for wave in range(0, depth + 1, every):
        x = left + wave * step
        parts.append(
            element("path", d=f"M{number(x)} {number(top - 14)}V{number(bottom)}", stroke=FAINT)
        )
        parts.append(text(str(wave), x, top - 18, size=11, fill=QUIET, anchor="middle"))
    return parts


def _legend(words: ChainWords, width: float, *, with_unknown: bool) -> Legend:
    kinds = [words.focus, words.others, words.unknown][: 3 if with_unknown else 2]
    entries = [
        (_outline(shape, "#fff", _COLOURS[shape]), label) for shape, label in enumerate(kinds)
    ]
    if words.active:
        entries.append((_outline(0, QUIET, QUIET), words.active))
    if words.inactive:
        entries.append((_outline(0, "#fff", QUIET), words.inactive))
    return legend(entries, width)


def _outline(shape: int, fill: str, stroke: str) -> str:
    return _shape(shape, 0, 0, 6, {"fill": fill, "stroke": stroke, "stroke_width": 2})
