"""The numbers of the page of estimates: what share women have in the population, if the assumptions hold.

Women are set against everyone else whose sex is known, as elsewhere. With fewer than five of either nothing is
estimated: the figures would be of single people. What the page of reach withholds follows from nothing here: the
composition without seeds, and how estimates grew by a few people.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.bootstraps import BOOTSTRAPS
from analysis.convergence import (
    Course,
    Settling,
    chain_courses,
    course,
    enrolment_order,
    settling,
    waves_to_equilibrium,
)
from analysis.counts import Frame, frame
from analysis.differential_activity import differential_activity
from analysis.disclosure import THRESHOLD
from analysis.errors import SampleError
from analysis.estimate import BEST_BOOTSTRAP, Estimate, Wanted, estimate_of
from analysis.estimators import ESTIMATORS, Need
from analysis.forest import chains
from analysis.homophily import DEFINITIONS
from analysis.mixing import equilibrium, recruitment_homophily
from analysis.reach import by_chain, tally
from analysis.sample import Sample
from analysis.splits import split
from app.domain.analyses.queries import Result
from app.domain.analyses.rules import Parameter
from app.web.figures.chains import women_and_others
from app.web.figures.reach import WOMEN

# With two groups the others come to the same as RDS-I.
OFFERED = ("composition", "rds_i", "rds_ii", "gile_ss")
COMPUTED = OFFERED[1:]
REPLICATES = (1_000, 5_000, 20_000)
SEED = 1
POINTS = 80
MOST_CHAINS = 8
AT_FIRST = 20  # an estimate of fewer leaps too far to be looked at


@dataclass(frozen=True)
class Question:
    """How to estimate. ``bootstrap`` is empty for the recommended one; ``population_size`` in persons."""

    bootstrap: str = ""
    replicates: int = REPLICATES[0]
    population_size: int | None = None
    with_seeds: bool = True

    def parameters(self, estimator: str) -> dict[str, Parameter]:
        """The same for a run of one estimator."""
        return {
            "trait": "sex",
            "estimator": estimator,
            "bootstrap": self.bootstrap or BEST_BOOTSTRAP,
            "replicates": self.replicates,
            "population_size": self.population_size,
            "with_seeds": self.with_seeds,
            "seed": SEED,
        }

    def lacks_size(self, estimator: str) -> bool:
        """Whether it cannot be answered before the size of the population is given."""
        drawn = BOOTSTRAPS[self.bootstrap or BEST_BOOTSTRAP]
        needs = Need.POPULATION_SIZE in ESTIMATORS[estimator].needs or drawn.needs_population_size
        return needs and self.population_size is None


@dataclass(frozen=True)
class Row:
    """One estimator: the share of women, and its uncertainty where that has been computed.

    ``used`` and ``left_out`` are ``None`` where they would tell how few there are whose network size is not known.
    """

    estimator: str
    share: float | None
    used: int | None
    left_out: int | None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    design_effect: float | None = None
    bootstrap: str | None = None
    replicates: int | None = None

    @property
    def is_estimate(self) -> bool:
        return self.estimator != "composition"

    def with_interval(self, told: Mapping[str, Any]) -> "Row":
        """The same with what a run came to."""
        its, at = told["interval"], 0
        if its is None:
            return self
        return replace(
            self,
            low=its["low"][at],
            high=its["high"][at],
            se=its["se"][at],
            design_effect=its["design_effect"][at],
            bootstrap=its["bootstrap"],
            replicates=its["replicates"],
        )


@dataclass(frozen=True, eq=False)
class Courses:
    """How the estimate settled: of everyone, and of each large chain by its seed's index."""

    whole: Course
    chains: tuple[tuple[int, Course], ...]
    settling: Settling


def of_women(sample: Sample) -> Sample:
    """The sample with sex as women and others, women first."""
    traits = {**sample.traits, "sex": women_and_others(sample.trait("sex"))}
    return replace(sample, traits=MappingProxyType(traits))


def is_enough(sample: Sample, *, with_seeds: bool = True) -> bool:
    """Whether people enough of both groups count to estimate anything."""
    sex = women_and_others(sample.trait("sex")).codes
    counted = sex[(sex >= 0) & (with_seeds | (sample.recruiter >= 0))]
    return bool((np.bincount(counted, minlength=2) >= THRESHOLD).all())


def points(sample: Sample, question: Question) -> tuple[Row, ...]:
    """Every estimator that is offered, without intervals; none where too few people count.

    Raises:
        SampleError: for a population too small.
    """
    if not is_enough(sample, with_seeds=question.with_seeds):
        return ()
    ready, is_told = ready_of(sample, question), _tells_left_out(sample)
    offered = OFFERED if question.with_seeds or _tells_recruits(sample) else COMPUTED
    rows = (_row(ready, name, question) for name in offered)
    return tuple(
        row if is_told or not row.is_estimate else replace(row, used=None, left_out=None)
        for row in rows
    )


def ready_of(sample: Sample, question: Question) -> Frame:
    """The sample made ready for estimating."""
    women = of_women(sample)
    return frame(women, women.trait("sex"), with_seeds=question.with_seeds)


def courses(sample: Sample, question: Question, estimator: str = "rds_ii") -> Courses:
    """How the estimate settled as people came, at so few points that nobody is told apart by them."""
    women, ready = of_women(sample), ready_of(sample, question)
    order = enrolment_order(women)
    whole = course(ready, order, estimator)
    large = chain_courses(women, ready, estimator, least=2 * AT_FIRST, most=MOST_CHAINS)
    told, began = _chains_told(women), sample.forest.seed[order]
    each = (
        (it.seed, _told_of_course(it.course, ready, order[began == it.seed], POINTS // 2))
        for it in large
        if it.seed in told
    )
    return Courses(
        whole=_told_of_course(whole, ready, order, POINTS),
        chains=tuple((seed, found) for seed, found in each if len(found.people) > 1),
        settling=settling(whole),
    )


@dataclass(frozen=True)
class Mixing:
    """How recruitment runs between women and others; ``None`` cannot be computed, or rests on too few.

    ``homophily`` is by the name of its definition: of women, and of others.
    """

    homophily: Mapping[str, tuple[float | None, float | None]]
    recruitment_homophily: float | None
    differential_activity: float | None
    equilibrium: float | None
    waves_to_equilibrium: int | None


def mixing(sample: Sample, question: Question) -> Mixing:
    """The figures under the estimates that say how well their assumptions hold."""
    ready = ready_of(sample, question)
    matrix = ready.counts.recruits[0].astype(np.int64)
    activity = _or_none(differential_activity(ready.counts)[0, 0])
    if (matrix < THRESHOLD).any():
        return Mixing(dict.fromkeys(DEFINITIONS, (None, None)), None, activity, None, None)
    settled = equilibrium(matrix).shares
    waves = [each for each in waves_to_equilibrium(matrix) if each is not None]
    return Mixing(
        homophily={
            name: (_or_none(found[0]), _or_none(found[1]))
            for name, each in DEFINITIONS.items()
            for found in [each.of(ready)]
        },
        recruitment_homophily=recruitment_homophily(matrix),
        differential_activity=activity,
        equilibrium=None if settled is None else float(settled[0]),
        waves_to_equilibrium=max(waves) if len(waves) == len(matrix) else None,
    )


def told_of(result: Result) -> dict[str, Any]:
    """What a run came to, as it was written."""
    return dict(json.loads(result.content))


def _row(ready: Frame, name: str, question: Question) -> Row:
    wanted = Wanted(population_size=question.population_size)
    if Need.POPULATION_SIZE in ESTIMATORS[name].needs and question.population_size is None:
        return Row(name, None, used=0, left_out=0)
    found: Estimate = estimate_of(ready, name, wanted)
    share = float(found.share[0])
    return Row(
        name,
        None if np.isnan(share) else share,
        used=found.used,
        left_out=found.left_out,
    )


def _tells_recruits(sample: Sample) -> bool:
    """Whether the share of women among recruits may be told beside that among everyone."""
    is_recruit = (sample.recruiter >= 0).astype(np.int64)
    seeds = tally(sample.trait("sex"), is_recruit, ["seeds", "recruits"])
    return bool(split(seeds, WOMEN).is_split[1])


def _tells_left_out(sample: Sample) -> bool:
    """Whether nobody's or enough people's network size is lacking, of seeds and of recruits."""
    is_lacking = np.isnan(sample.network_size) & (sample.trait("sex").codes >= 0)
    n = np.bincount((sample.recruiter[is_lacking] >= 0).astype(np.int64), minlength=2)
    return bool(((n == 0) | (n >= THRESHOLD)).all())


def _chains_told(women: Sample) -> set[int]:
    """The seeds of the chains whose share of women may be told."""
    is_split = split(by_chain(women, women.trait("sex")), WOMEN).is_split
    return set(chains(women.forest).seed[is_split].tolist())


def _told_of_course(found: Course, ready: Frame, order: IntArray, most: int) -> Course:
    """A course after every person, at places between which enough women and enough others came.

    Those whose network size is not known move no estimate, so they are not enough.
    """
    counted = order[ready.is_counted[order]]
    group = np.where(ready.size[counted] < len(ready.degree), ready.group[counted], -1)
    ends = _apart(np.cumsum(group == 0), np.cumsum(group == 1))
    ends = ends[found.people[ends] >= AT_FIRST]
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, min(most, len(ends))).astype(np.int64))]
    return Course(found.levels, found.people[ends], found.share[ends])


def _apart(women: IntArray, others: IntArray) -> IntArray:
    """Where running counts of both may be read; as ``splits.periods``, but soon done with many people."""
    ends, at = list[int](), -1
    while True:
        before = (women[at], others[at]) if ends else (0, 0)
        at = max(
            int(np.searchsorted(counts, n + THRESHOLD))
            for counts, n in zip((women, others), before, strict=True)
        )
        if at >= len(women):
            break
        ends.append(at)
    if ends:
        ends[-1] = len(women) - 1
    return np.array(ends, dtype=np.int64)


def parse_population(text: str, people: int) -> int | None:
    """A population's size as somebody typed it; empty is none.

    Raises:
        SampleError: ``population_too_small``, ``bad_population_size``.

    >>> parse_population(" 12 000 ", 500), parse_population("", 500)
    (12000, None)
    """
    digits = "".join(text.split()).replace(",", "").replace("\u2009", "")
    if not digits:
        return None
    if not digits.isdecimal() or len(digits) > 9:
        raise SampleError("bad_population_size", "The size of a population is a whole number.")
    if int(digits) < people:
        raise SampleError(
            "population_too_small", "The population is smaller than the people reached."
        )
    return int(digits)


def shares(rows: Sequence[Row], field: str) -> FloatArray:
    """(r,) a figure of each row, nan where there is none."""
    return np.array([_or_nan(getattr(row, field)) for row in rows])


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
