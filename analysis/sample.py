"""The one input type: the people a programme reached, and who recruited whom, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import networkx as nx
import numpy as np

from analysis.arrays import DateArray, FloatArray, IntArray
from analysis.blocks import count_cells
from analysis.columns import codes_of, dates_of, no_dates, no_sizes, sizes_of
from analysis.errors import SampleError
from analysis.forest import Forest, find_cycle, grow, members_of
from analysis.notices import Notice


@dataclass(frozen=True, eq=False)
class Trait:
    """What kind of person each one is, in one respect.

    Attributes:
        levels: the distinct values as text: numbers in their order, then the rest in text order.
        codes: (n,) index into ``levels``, -1 where missing.

    >>> sex = Trait.of(["m", None, "f", "m"])
    >>> sex.levels, sex.codes.tolist(), sex.counts.tolist(), sex.missing
    (('f', 'm'), [1, -1, 0, 1], [1, 2], 1)
    """

    levels: tuple[str, ...]
    codes: IntArray

    @classmethod
    def of(cls, values: Sequence[str | None]) -> "Trait":
        """Of text, one for each of n people; ``None`` and ``""`` are missing.

        >>> Trait.of(["10", "9", ""]).codes.tolist()  # 9 comes before 10
        [1, 0, -1]
        """
        levels, codes = codes_of(values)
        return cls(levels, codes)

    @property
    def counts(self) -> IntArray:
        """(k,) people at each level."""
        return count_cells(self.codes, len(self.levels))

    @property
    def missing(self) -> int:
        return int(np.count_nonzero(self.codes < 0))


@dataclass(frozen=True)
class CouponFigures:
    """How many coupons the participants were given, and how many of those brought someone in.

    >>> CouponFigures(issued=6, redeemed=2).redemption_rate
    0.3333333333333333
    """

    issued: int
    redeemed: int

    @property
    def redemption_rate(self) -> float | None:
        return self.redeemed / self.issued if self.issued else None


@dataclass(frozen=True, eq=False)
class Sample:
    """People reached through their peers: n people, arrays of shape (n,), all in one order.

    Attributes:
        ids: text, each once.
        recruiter: index of the recruiter, -1 for a seed; free of cycles.
        network_size: how many people of the population she knows; nan where missing.
        enrolled_on: the day at the site, NaT where missing.
        traits: by name; the site is a trait too.
        coupons: figures of coupons issued and redeemed, where they are known.
        notices: what was noticed while reading.

    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[20, None], traits={"sex": ["m", "f"]})
    >>> len(sample), sample.recruiter.tolist(), sample.network_size.tolist(), sample.forest.max_wave
    (2, [-1, 0], [20.0, nan], 1)
    """

    ids: Sequence[str]
    recruiter: IntArray
    network_size: FloatArray
    enrolled_on: DateArray
    traits: Mapping[str, Trait] = field(default_factory=dict)
    coupons: CouponFigures | None = None
    notices: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def forest(self) -> Forest:
        """Waves, chains and recruits, worked out once."""
        return grow(self.recruiter)

    def trait(self, name: str) -> Trait:
        """The trait of that name.

        Raises:
            SampleError: ``unknown_trait``, naming those there are.

        >>> build_sample(["a"], [""], traits={"sex": ["f"]}).trait("sex").levels
        ('f',)
        """
        if name in self.traits:
            return self.traits[name]
        known = ", ".join(self.traits) or "none"
        raise SampleError(
            "unknown_trait",
            f"There is no trait {name!r}. Traits in this sample: {known}.",
            trait=name,
            traits=tuple(self.traits),
        )


def build_sample(
    ids: Sequence[str],
    recruiter_ids: Sequence[str | None],
    *,
    network_size: Sequence[float | str | None] | None = None,
    enrolled_on: Sequence[object] | None = None,
    traits: Mapping[str, Sequence[str | None]] | None = None,
    coupons: CouponFigures | None = None,
    notices: tuple[Notice, ...] = (),
    lines: Sequence[int] | None = None,
) -> Sample:
    """Make a sample of plain columns, each of n values in the same order.

    Order does not matter: a recruit may come before her recruiter. No people is a legal sample.

    Args:
        ids: text, each once, none empty.
        recruiter_ids: an id of ``ids``; ``None`` or ``""`` for a seed.
        network_size: persons; ``None``, ``""`` and 0 mean missing.
        enrolled_on: dates, datetimes or ISO 8601 text. Of a time with an offset the day as written
            is kept: the day at the site.
        traits: text by trait name; ``None`` and ``""`` mean missing.
        lines: the line of each person in the file, for the messages.

    Raises:
        SampleError: ``empty_id``, ``repeated_id``, ``unknown_recruiter``, ``cycle``,
            ``bad_network_size``, ``bad_date`` or ``unequal_columns``.

    >>> sample = build_sample(["a", "b", "c"], [None, "a", "b"], traits={"sex": ["f", "m", None]})
    >>> sample.recruiter.tolist(), sample.traits["sex"].levels
    ([-1, 0, 1], ('f', 'm'))
    """
    n = len(ids)
    columns: dict[str, Sequence[object]] = {"recruiter_id": recruiter_ids, **(traits or {})}
    if network_size is not None:
        columns["network_size"] = network_size
    if enrolled_on is not None:
        columns["enrolled_on"] = enrolled_on
    for name, column in columns.items():
        if len(column) != n:
            raise SampleError(
                "unequal_columns",
                f"Column {name!r} has {len(column)} values for {n} people.",
                column=name,
            )
    recruiter = _recruiters_of(ids, recruiter_ids, lines)
    return Sample(
        ids=tuple(ids),
        recruiter=recruiter,
        network_size=no_sizes(n) if network_size is None else sizes_of(network_size, lines),
        enrolled_on=no_dates(n) if enrolled_on is None else dates_of(enrolled_on, lines),
        traits=MappingProxyType({name: Trait.of(v) for name, v in (traits or {}).items()}),
        coupons=coupons,
        notices=notices,
    )


def _recruiters_of(
    ids: Sequence[str], recruiter_ids: Sequence[str | None], lines: Sequence[int] | None
) -> IntArray:
    index = dict(zip(ids, range(len(ids)), strict=True))
    if len(index) < len(ids) or "" in index:
        _refuse_ids(ids, lines)
    index[""] = -1
    found = map(index.get, (recruiter_id or "" for recruiter_id in recruiter_ids))
    try:
        recruiter = np.fromiter(found, dtype=np.int32, count=len(ids))
    except TypeError:
        _refuse_unknown_recruiter(index, recruiter_ids, lines)
        raise
    _refuse_cycle(ids, recruiter, lines)
    return recruiter


def _line(lines: Sequence[int] | None, i: int) -> int | None:
    return None if lines is None else lines[i]


def _refuse_ids(ids: Sequence[str], lines: Sequence[int] | None) -> None:
    first: dict[str, int] = {}
    for i, person in enumerate(ids):
        if not person:
            message = "This person has no id. Give everyone an id of her own."
            raise SampleError("empty_id", message, line=_line(lines, i))
        if person in first:
            earlier = _line(lines, first[person])
            where = "" if earlier is None else f" (first on line {earlier})"
            raise SampleError(
                "repeated_id",
                f"The id {person!r} is there twice{where}. Each person has one row and one id.",
                line=_line(lines, i),
                id=person,
                first_line=earlier,
            )
        first[person] = i


def _refuse_unknown_recruiter(
    index: Mapping[str, int], recruiter_ids: Sequence[str | None], lines: Sequence[int] | None
) -> None:
    for i, recruiter_id in enumerate(recruiter_ids):
        if recruiter_id and recruiter_id not in index:
            raise SampleError(
                "unknown_recruiter",
                f"The recruiter {recruiter_id!r} has no row of her own. Add her row, or correct "
                "her id; leave the cell empty for a seed.",
                line=_line(lines, i),
                recruiter_id=recruiter_id,
            )


def _refuse_cycle(ids: Sequence[str], recruiter: IntArray, lines: Sequence[int] | None) -> None:
    try:
        grow(recruiter)
    except SampleError:
        cycle = find_cycle(recruiter)
    else:
        return
    shown = [ids[i] for i in [*cycle[:6], cycle[0]]]
    path = " ← ".join(repr(person) for person in shown[:-1])
    if len(cycle) > 6:
        path += " ← …"
    raise SampleError(
        "cycle",
        f"Recruitment runs in a circle: {path} ← {shown[-1]!r} (← means: was recruited by). "
        "Correct the recruiter of one of them.",
        line=_line(lines, cycle[0]),
        ids=tuple(ids[i] for i in cycle[:100]),
        length=len(cycle),
    )


def to_networkx(sample: Sample, *, seed: int | None = None) -> "nx.DiGraph[str]":
    """The forest, or the one chain that a seed began, as a graph from recruiter to recruit.

    Nodes are ids with ``wave``, ``network_size``, ``enrolled_on`` and the traits as attributes;
    what is missing is left out, so that the graph can be written in any format.

    Args:
        seed: index of a seed, for her chain alone.

    >>> sample = build_sample(["a", "b", "c"], [None, "a", None], traits={"sex": ["f", "m", "f"]})
    >>> list(to_networkx(sample, seed=0).edges), to_networkx(sample).nodes["b"]
    ([('a', 'b')], {'wave': 1, 'sex': 'm'})
    """
    members = range(len(sample)) if seed is None else members_of(sample.forest, seed).tolist()
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from((sample.ids[i], _attributes(sample, i)) for i in members)
    graph.add_edges_from(
        (sample.ids[sample.recruiter[i]], sample.ids[i])
        for i in members
        if sample.recruiter[i] >= 0
    )
    return graph


def _attributes(sample: Sample, i: int) -> dict[str, object]:
    attributes: dict[str, object] = {"wave": int(sample.forest.wave[i])}
    if not np.isnan(sample.network_size[i]):
        attributes["network_size"] = float(sample.network_size[i])
    if not np.isnat(sample.enrolled_on[i]):
        attributes["enrolled_on"] = str(sample.enrolled_on[i])
    for name, trait in sample.traits.items():
        if trait.codes[i] >= 0:
            attributes[name] = trait.levels[trait.codes[i]]
    return attributes
