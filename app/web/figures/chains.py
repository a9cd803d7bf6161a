"""The numbers of the chains page: how each chain is doing, who recruits whom, and one chain from near.

How long, how deep and how alive a chain is says nothing of any person and is told exactly; how many of its people
are women is told as everywhere else, only where nobody can be picked out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import networkx as nx
import numpy as np

from analysis.arrays import IntArray
from analysis.disclosure import THRESHOLD, withhold
from analysis.forest import chains
from analysis.mixing import recruitment_matrix
from analysis.plots import tidy_tree
from analysis.plots.chain_sizes import size_classes
from analysis.reach import by_chain
from analysis.sample import Sample, Trait, to_networkx
from analysis.splits import split
from app.domain.chains.errors import UnknownChain
from app.domain.chains.queries import LiveCoupons, LiveSample
from app.domain.chains.rules import ChainState, state_of
from app.web.figures.reach import WOMEN

LARGEST_TREE = 400


@dataclass(frozen=True)
class ChainLine:
    """A chain by its random label.

    ``share`` is of those whose sex is known; ``last_week`` is the Monday of the week in which somebody last came.
    """

    label: str
    site: str
    size: int
    max_wave: int
    women: int | None
    share: float | None
    last_week: date
    live_coupons: int
    state: ChainState


@dataclass(frozen=True)
class SizeClass:
    """Chains of ``low`` to ``high`` people: how many, their people together, and the share of everyone."""

    low: int
    high: int
    chains: int
    people: int
    share: float


@dataclass(frozen=True, eq=False)
class Chains:
    """All chains, and what they show together; ``None`` is withheld.

    Attributes:
        matrix: (2, 2) recruits, women and others recruiting women and others.
        waves: people in each wave, seeds first.
        recruits: how many people brought nobody, one, two …
    """

    lines: tuple[ChainLine, ...]
    seeds: Mapping[str, int]
    matrix: IntArray | None
    waves: tuple[int | None, ...]
    recruits: tuple[int | None, ...]

    def in_state(self, state: ChainState) -> int:
        return len(self.of_state(state))

    def of_state(self, state: ChainState | None) -> list[ChainLine]:
        """The chains in a state, or all; largest first."""
        return [line for line in self.lines if state is None or line.state == state]

    @property
    def waiting_longest(self) -> list[ChainLine]:
        """Stalled chains: those where somebody last came longest ago first, then those with most coupons out."""
        stalled = self.of_state(ChainState.STALLED)
        return sorted(stalled, key=lambda line: (line.last_week, -line.live_coupons))

    @property
    def sizes(self) -> list[SizeClass]:
        """Chains by size."""
        size = np.array([line.size for line in self.lines], dtype=np.int64)
        people = int(size.sum())
        return [SizeClass(*each, share=each[-1] / people) for each in size_classes(size)]


@dataclass(frozen=True)
class Member:
    """Someone in a chain, by her number in the picture: no id, and her week instead of her day."""

    number: int
    recruiter: int | None
    wave: int
    sex: str | None
    week: date
    recruits: int
    live_coupons: int


@dataclass(frozen=True, eq=False)
class OneChain:
    """A chain from near; nodes of the graph are the numbers of its members."""

    line: ChainLine
    members: tuple[Member, ...]
    graph: "nx.DiGraph[int]"

    @property
    def is_tree(self) -> bool:
        """Whether it can be drawn as a tree that a person takes in."""
        return len(self.members) <= LARGEST_TREE


def chains_of(
    live: LiveSample, coupons: LiveCoupons, *, today: date, stalled_after_days: int
) -> Chains:
    """Every chain, largest first."""
    sample = live.sample
    forest, found = sample.forest, chains(sample.forest)
    women = split(by_chain(sample, sample.trait("sex")), WOMEN)
    last = np.full(len(sample), np.datetime64("0001-01-01"))
    np.maximum.at(last, forest.seed, sample.enrolled_on)
    place = sample.trait("site")
    lines = []
    for i, seed in enumerate(found.seed.tolist()):
        last_came_on = last[seed].astype(object)
        left = coupons.of_chain.get(sample.ids[seed], 0)
        lines.append(
            ChainLine(
                label=live.labels[seed],
                site=place.levels[place.codes[seed]],
                size=int(found.size[i]),
                max_wave=int(found.depth[i]),
                women=int(women.n[i]) if women.is_split[i] else None,
                share=float(women.n[i] / women.of[i]) if women.is_split[i] else None,
                last_week=monday(last_came_on),
                live_coupons=left,
                state=state_of(
                    live_coupons=left,
                    last_came_on=last_came_on,
                    today=today,
                    stalled_after_days=stalled_after_days,
                ),
            )
        )
    return Chains(
        lines=tuple(lines),
        seeds={line.label: seed for line, seed in zip(lines, found.seed.tolist(), strict=True)},
        matrix=_matrix(sample),
        waves=_counts(forest.wave_counts if len(sample) else np.array([], dtype=np.int64)),
        recruits=_counts(np.bincount(forest.recruits)),
    )


def one_chain(live: LiveSample, coupons: LiveCoupons, every: Chains, label: str) -> OneChain:
    """A chain by its label. Raises: UnknownChain."""
    if label not in every.seeds:
        raise UnknownChain
    sample = live.sample
    tree = to_networkx(sample, seed=every.seeds[label])
    placed = tidy_tree(tree)
    number = {person: i for i, person in enumerate(sorted(placed, key=lambda p: placed[p]), 1)}
    at = {person: i for i, person in enumerate(sample.ids) if person in number}
    sex = sample.trait("sex")
    members = []
    for person, i in sorted(number.items(), key=lambda item: item[1]):
        index = at[str(person)]
        code, recruiter = int(sex.codes[index]), int(sample.recruiter[index])
        members.append(
            Member(
                number=i,
                recruiter=number[sample.ids[recruiter]] if recruiter >= 0 else None,
                wave=int(sample.forest.wave[index]),
                sex=sex.levels[code] if code >= 0 else None,
                week=monday(sample.enrolled_on[index].astype(object)),
                recruits=int(sample.forest.recruits[index]),
                live_coupons=coupons.of_holder.get(str(person), 0),
            )
        )
    line = next(line for line in every.lines if line.label == label)
    return OneChain(line, tuple(members), _graph(members))


def monday(day: date) -> date:
    """The first day of a day's week.

    >>> monday(date(2026, 3, 8))
    datetime.date(2026, 3, 2)
    """
    return day - timedelta(days=day.weekday())


def women_and_others(sex: Trait) -> Trait:
    """Sex as two levels, women first."""
    women = sex.levels.index(WOMEN) if WOMEN in sex.levels else None
    codes = np.where(sex.codes == women, 0, 1) if women is not None else np.ones_like(sex.codes)
    return Trait((WOMEN, "others"), np.where(sex.codes < 0, -1, codes))


def _graph(members: list[Member]) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    for each in members:
        graph.add_node(
            each.number,
            wave=each.wave,
            sex=each.sex or "",
            week=each.week.isoformat(),
            live_coupons=each.live_coupons,
        )
    graph.add_edges_from((each.recruiter, each.number) for each in members if each.recruiter)
    return graph


def _matrix(sample: Sample) -> IntArray | None:
    """All four counts or none: the totals of women and others among recruits are told elsewhere."""
    matrix = recruitment_matrix(sample.recruiter, women_and_others(sample.trait("sex")))
    return matrix if (matrix >= THRESHOLD).all() else None


def _counts(people: IntArray) -> tuple[int | None, ...]:
    """Counts that add up to everyone."""
    return withhold([people.tolist()], total_is_public=True).cells[0]
