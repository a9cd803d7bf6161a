"""How an estimate settled as people came, of everyone together and chain by chain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.plots.axes import Scale, round_steps, share_steps, value_axis
from analysis.plots.lines import curve, end_names, thinned
from analysis.plots.svg import INK, QUIET, document, element, heading, line, text
from analysis.plots.words import COLOURS, DASHES, FOCUS, WRITING, Writing

_TOP, _BOTTOM = 30.0, 250.0
_BAND = "#4477AA"
_OTHER_CHAIN = "#8c959f"
_SETTLING = 0.05


@dataclass(frozen=True)
class ConvergenceWords:
    """What the picture says, in the reader's language.

    >>> nobody = np.array([])
    >>> "Замало людей" in draw_convergence(nobody, nobody, words=ConvergenceWords(nothing="Замало людей"))
    True
    """

    title: str = "Convergence of the estimate"
    description: str = (
        "The estimate from the first people who came, as they became more, "
        "and a band round what it is for all of them."
    )
    share: str = "Estimate from the first people who came"
    people: str = "People, in the order they came"
    nothing: str = "Too few people for this picture yet."


@dataclass(frozen=True, eq=False)
class Trace:
    """An estimate as people came; arrays of shape (m,).

    Attributes:
        name: what stands at the end of the curve; nothing leaves it a thin grey line.
        k: how many people came first, ascending.
        share: the estimate on them; nan where there is none.

    >>> named = Trace("chain 7", np.array([5, 9]), np.array([0.2, 0.3]))
    >>> "chain 7" in draw_bottleneck([named])
    True
    """

    name: str
    k: IntArray
    share: FloatArray


def draw_convergence(
    k: IntArray,
    share: FloatArray,
    *,
    band: float = 0.02,
    words: ConvergenceWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """The estimate on the first ``k`` people, and a band of ``band`` round the last.

    The axis leaves the first twentieth of the people out of account, whose estimate leaps; what is
    beyond it is drawn at its edge.

    Args:
        k: (m,) people, ascending.
        share: (m,) the estimate on the first of them; nan where there is none.

    >>> svg = draw_convergence(np.array([10, 20, 30]), np.array([0.5, 0.3, 0.31]))
    >>> "31" in svg, svg.count("<rect")  # the last estimate, the band round it
    (True, 1)
    """
    words, series = words or ConvergenceWords(), Trace("", k, share)
    known = np.flatnonzero(np.isfinite(share))
    if not len(known):
        return _nothing(words, width)
    final = float(share[known[-1]])
    frame = _Frame.round([series], width, near=(final - band, final + band))
    y = frame.y
    top, bottom = y(min(final + band, y.high)), y(max(final - band, y.low))
    label = writing.percent(final)
    body = [
        element(
            "rect",
            x=frame.left,
            y=top,
            width=frame.right - frame.left,
            height=bottom - top,
            fill=_BAND,
            fill_opacity="0.14",
        ),
        *frame.axes(words, writing),
        line(frame.left, y(final), frame.right, y(final), stroke=_BAND, width=1.5, dash="6 4"),
        frame.path(series, stroke=FOCUS, width=2.2),
        element("circle", cx=frame.x(int(k[known[-1]])), cy=y(final), r=3.5, fill=FOCUS),
        text(label, frame.right + 8, y(final) + 4, fill=FOCUS, weight="600"),
    ]
    return frame.document(words, body)


def draw_bottleneck(
    chains: Sequence[Trace],
    *,
    words: ConvergenceWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """The estimate within each chain as it grew: lines that stay apart are a bottleneck.

    Chains with a name are drawn in colour with a dash of their own, the others as thin lines.

    >>> a = Trace("A", np.array([5, 9]), np.array([0.2, 0.3]))
    >>> b = Trace("B", np.array([5, 7]), np.array([0.8, 0.7]))
    >>> draw_bottleneck([a, b]).count("<path")
    2
    """
    words = words or ConvergenceWords()
    shown = [each for each in chains if np.isfinite(each.share).any()]
    if not shown:
        return _nothing(words, width)
    frame = _Frame.round(shown, width, end=max(len(each.name) for each in shown) * 7.5 + 14)
    body, ends, named = frame.axes(words, writing), list[tuple[float, str]](), 0
    for each in sorted(shown, key=lambda one: bool(one.name)):
        if not each.name:
            body.append(frame.path(each, stroke=_OTHER_CHAIN, width=1))
            continue
        last = int(np.flatnonzero(np.isfinite(each.share))[-1])
        x, y = frame.x(int(each.k[last])), frame.y(float(each.share[last]))
        colour, dash = COLOURS[named % len(COLOURS)], DASHES[named % len(DASHES)]
        body.append(frame.path(each, stroke=colour, width=2.2, dash=dash))
        body.append(element("circle", cx=x, cy=y, r=3.5, fill=colour))
        body.append(line(x + 6, y, frame.right + 4, y, stroke=colour, dash="1 4"))
        ends.append((y, each.name))
        named += 1
    body += end_names(ends, frame.right + 8, low=_TOP, high=_BOTTOM)
    return frame.document(words, body)


@dataclass(frozen=True)
class _Frame:
    """Where the curves are drawn, and how many points of each can be told apart."""

    x: Scale
    y: Scale
    steps: tuple[float, ...]
    width: int

    @classmethod
    def round(
        cls,
        series: Sequence[Trace],
        width: int,
        *,
        near: tuple[float, ...] = (),
        end: float = 44.0,
    ) -> "_Frame":
        most = max(int(each.k[-1]) for each in series)
        settled = [each.share[each.k >= _SETTLING * int(each.k[-1])] for each in series]
        shares = np.concatenate([*settled, np.asarray(near, dtype=float)])
        shares = np.clip(shares[np.isfinite(shares)], 0, 1)
        steps = share_steps(float(shares.min(initial=1.0)), float(shares.max(initial=0.0)))
        x = Scale(0, round_steps(most)[-1] if most < 4 else most, 48.0, width - end)
        return cls(x, Scale(steps[0], steps[-1], _BOTTOM, _TOP), tuple(steps), width)

    @property
    def left(self) -> float:
        return self.x.start

    @property
    def right(self) -> float:
        return self.x.end

    def axes(self, words: ConvergenceWords, writing: Writing) -> list[str]:
        steps = [step for step in round_steps(int(self.x.high)) if step <= self.x.high]
        return [
            heading(words.share, self.left, _TOP - 14, self.width - 4 - self.left),
            *value_axis(self.y, self.steps, writing.percent, self.left, self.right),
            *(
                text(
                    writing.number(step),
                    self.x(step),
                    _BOTTOM + 18,
                    size=12,
                    fill=QUIET,
                    anchor="middle",
                )
                for step in steps
            ),
            text(words.people, self.left, _BOTTOM + 38, size=12, fill=QUIET),
        ]

    def path(self, each: Trace, *, stroke: str, width: float, dash: str | None = None) -> str:
        some = thinned(len(each.k), int(self.right - self.left))
        share = np.clip(each.share[some], self.y.low, self.y.high)
        across = np.array([self.x(k) for k in each.k[some].tolist()])
        up = np.array([self.y(value) for value in share.tolist()])
        return element(
            "path",
            d=curve(across, up),
            fill="none",
            stroke=stroke,
            stroke_width=width,
            stroke_dasharray=dash,
            stroke_linejoin="round",
        )

    def document(self, words: ConvergenceWords, body: list[str]) -> str:
        return document(
            self.width, _BOTTOM + 48, title=words.title, description=words.description, body=body
        )


def _nothing(words: ConvergenceWords, width: int) -> str:
    body = [text(words.nothing, width / 2, 40, anchor="middle", fill=INK)]
    return document(width, 80, title=words.title, description=words.description, body=body)
