"""An estimate of a population's shares with its uncertainty: an estimator, and a bootstrap for it."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from analysis.arrays import BoolArray, FloatArray
from analysis.bootstraps import BOOTSTRAPS, Bootstrap, IntervalKind
from analysis.counts import Counts, Frame, frame
from analysis.degrees import MissingDegree
from analysis.errors import SampleError
from analysis.estimators import ESTIMATORS, Estimator, Need
from analysis.estimators.estimator import weighted_shares
from analysis.estimators.gile_ss import gile_ss, inclusion
from analysis.intervals import Interval, interval_of
from analysis.mixing import OBSTACLES, equilibrium
from analysis.notices import Notice, counted
from analysis.sample import Sample

Progress = Callable[[int, int], bool]

T = TypeVar("T")

REPLICATES = 1_000
RECOMMENDED = "recommended"
BEST_BOOTSTRAP = "forest"
"""What is recommended where no bootstrap is named, the same for every estimator: its intervals hold the
truth as often as they say (``benchmarks/coverage.py``)."""

ENOUGH_REPLICATES = 0.95


@dataclass(frozen=True, eq=False)
class Estimate:
    """Shares of the groups in the population, as one estimator sees them.

    Attributes:
        estimator: its name in ``ESTIMATORS``.
        levels: the k groups.
        share: (k,) summing to 1, or nan with the reason in ``notices``. nan for one group alone where
            the estimator goes by network sizes and nobody's is known there; the others then share
            the 1 without it.
        used: people who had a say; ``left_out`` those who had not, for their group or their network
            size is not known.
        interval: where a bootstrap was asked for and the shares could be estimated.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "a"], network_size=[1, 3, None],
    ...     traits={"x": ["f", "m", "m"]})
    >>> found = estimate(sample, "x")
    >>> found.share.tolist(), found.used, found.left_out, found.interval
    ([0.75, 0.25], 2, 1, None)
    """

    estimator: str
    levels: tuple[str, ...]
    share: FloatArray
    used: int
    left_out: int
    interval: Interval | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Wanted:
    """What is asked of an estimate beside the estimator.

    Attributes:
        population_size: N, in persons; needed by Gile's estimator and bootstrap.
        bootstrap: a name in ``BOOTSTRAPS``; without one there is no interval.
        replicates: how many times the bootstrap draws.
        kind: of the interval; by default the one that the bootstrap's authors use.
        seed: the same seed gives the same figures.

    >>> Wanted(bootstrap="tree").replicates
    1000
    """

    population_size: float | None = None
    bootstrap: str | None = None
    replicates: int = REPLICATES
    kind: IntervalKind | None = None
    seed: int = 0


POINTS_ONLY = Wanted()


def estimate(
    sample: Sample,
    trait_name: str,
    estimator: str = "rds_ii",
    wanted: Wanted = POINTS_ONLY,
    *,
    missing_degree: MissingDegree = "drop",
    with_seeds: bool = True,
    within: str | None = None,
    progress: Progress | None = None,
) -> Estimate:
    """Estimate the shares of a trait's groups in the population the sample was drawn from.

    Args:
        estimator: a name in ``ESTIMATORS``.
        missing_degree: see ``counts.frame``.
        with_seeds: whether seeds count among the people, as in the R package RDS.
        within: a trait whose levels recruitment hardly crosses; see ``counts.frame``.
        progress: told (done, of how many) replicates again and again; ``False`` ends the work.

    Raises:
        SampleError: ``unknown_trait``, ``unknown_estimator``, ``unknown_bootstrap``,
            ``no_population_size``, ``population_too_small``, ``too_few_replicates``, ``stopped``.

    >>> from analysis.simulate import simulate
    >>> sample = simulate(300, seed=1)
    >>> found = estimate(sample, "sex", "rds_ii", Wanted(bootstrap="tree", replicates=50))
    >>> found.levels, float(found.share.sum()), found.interval.replicates.shape
    (('female', 'male'), 1.0, (50, 2))
    """
    ready = frame(
        sample,
        sample.trait(trait_name),
        missing_degree=missing_degree,
        with_seeds=with_seeds,
        within=None if within is None else sample.trait(within),
    )
    return estimate_of(ready, estimator, wanted, progress=progress)


def estimate_of(
    ready: Frame, estimator: str, wanted: Wanted = POINTS_ONLY, *, progress: Progress | None = None
) -> Estimate:
    """The same of a sample that was made ready before, so that several estimators can share it.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[1, 3], traits={"x": ["f", "m"]})
    >>> estimate_of(frame(sample, sample.trait("x")), "rds_ii").share.tolist()
    [0.75, 0.25]
    """
    chosen = _named(ESTIMATORS, estimator, "estimator")
    drawn = wanted.bootstrap and _named(BOOTSTRAPS, wanted.bootstrap, "bootstrap")
    _check(ready, wanted, chosen, drawn or None)
    share = chosen.shares(ready.counts, wanted.population_size)[0]
    without_say = _without_say(ready, chosen) & ~np.isnan(share)
    used = _used(ready, chosen)
    notices = list(_notices(ready, chosen, share))
    interval = None
    if drawn and len(share) and not np.isnan(share).any():
        made = _replicates(ready, chosen, drawn, wanted, progress)
        interval = interval_of(
            share,
            made,
            drawn,
            kind=wanted.kind or drawn.kind,
            used=used,
            population_size=wanted.population_size,
            no_one_twice=Need.POPULATION_SIZE in chosen.needs,
        )
        notices += _lost(interval, wanted.replicates)
        is_inside = (share > 0) & (share < 1)
        of_all = is_inside & (wanted.population_size == used)
        notices += _whole(of_all)
        notices += _unsure(ready.levels, interval, without_say | (of_all & (interval.se == 0)))
    found = Estimate(
        estimator=chosen.name,
        levels=ready.levels,
        share=share,
        used=used,
        left_out=int(ready.is_counted.sum()) - used,
        interval=interval,
        notices=tuple(notices),
    )
    return _blanked(found, without_say) if without_say.any() else found


def _named(table: Mapping[str, T], name: str, what: str) -> T:
    if name in table:
        return table[name]
    known = ", ".join(table)
    raise SampleError(
        f"unknown_{what}", f"There is no {what} {name!r}; choose one of {known}.", name=name
    )


def _check(ready: Frame, wanted: Wanted, estimator: Estimator, drawn: Bootstrap | None) -> None:
    size, people = wanted.population_size, len(ready)
    needed = [estimator.title] if Need.POPULATION_SIZE in estimator.needs else []
    if drawn is not None and drawn.needs_population_size:
        needed.append(drawn.title)
    if size is None and needed:
        raise SampleError(
            "no_population_size",
            f"{needed[0]} needs the size of the population. Give a number, however rough, and try "
            "others to see how much depends on it.",
            method=needed[0],
        )
    if size is not None and not (math.isfinite(size) and size >= people):
        raise SampleError(
            "population_too_small",
            f"A population of {size:,.0f} cannot hold the {people:,} people of this sample.",
            population_size=size,
            people=people,
        )
    if drawn is not None and wanted.replicates < 2:
        raise SampleError("too_few_replicates", "A bootstrap needs two replicates or more.")


def _used(ready: Frame, estimator: Estimator) -> int:
    counts = ready.counts
    has_say = counts.placed if Need.NETWORK_SIZE in estimator.needs else counts.of_group
    return int(has_say.sum())


def _notices(ready: Frame, estimator: Estimator, share: FloatArray) -> Iterator[Notice]:
    if not np.isnan(share).any() and len(share):
        return
    facts = {"estimator": estimator.name}
    reason = _reason(ready, estimator)
    yield Notice(
        "no_estimate", f"{estimator.title} is null: {reason}.", {**facts, "reason": reason}
    )


def _reason(ready: Frame, estimator: Estimator) -> str:
    counts = ready.counts
    if not counts.of_group.any():
        return "nobody's group is known"
    if Need.RECRUITMENT in estimator.needs:
        obstacle = equilibrium(counts.recruits[0]).obstacle
        if obstacle:
            return OBSTACLES[obstacle]
    return "there is a group in which nobody's network size is known"


def _without_say(ready: Frame, estimator: Estimator) -> BoolArray:
    """(k,) groups of people none of whom the estimator can weigh: it would call their share 0."""
    counts = ready.counts
    if Need.NETWORK_SIZE not in estimator.needs:
        return np.zeros(len(ready.levels), dtype=bool)
    silent: BoolArray = (counts.of_group[0] > 0) & (counts.placed[0].sum(axis=0) == 0)
    return silent


def _blanked(found: Estimate, blank: BoolArray) -> Estimate:
    """The estimate without the figures of some groups, and the reason."""
    levels = tuple(level for level, is_blank in zip(found.levels, blank, strict=True) if is_blank)
    text = (
        f"{ESTIMATORS[found.estimator].title} of {_listed(levels)} is null: nobody's network size is "
        "known there. The other shares are of the rest."
    )
    facts = {"estimator": found.estimator, "levels": levels}
    its = found.interval
    if its is not None:
        its = replace(
            its,
            se=np.where(blank, np.nan, its.se),
            low=np.where(blank, np.nan, its.low),
            high=np.where(blank, np.nan, its.high),
            design_effect=np.where(blank, np.nan, its.design_effect),
        )
    return replace(
        found,
        share=np.where(blank, np.nan, found.share),
        interval=its,
        notices=(*found.notices, Notice("group_without_sizes", text, facts)),
    )


def _whole(of_all: BoolArray) -> Iterator[Notice]:
    """Why there is no design effect where everyone is in the sample."""
    if of_all.any():
        text = (
            "The design effect is null: everyone of the population, by the size given, is in the sample, "
            "so a simple random sample of as many would make no error to compare with."
        )
        yield Notice("whole_population", text)


def _unsure(levels: tuple[str, ...], interval: Interval, but: BoolArray) -> Iterator[Notice]:
    is_mute = ((interval.se == 0) | np.isnan(interval.low)) & ~but
    if is_mute.any():
        mute = tuple(level for level, it_is in zip(levels, is_mute, strict=True) if it_is)
        text = (
            f"How sure the share of {_listed(mute)} is, cannot be said: replicates all gave the same, "
            "or the share is 0 or 1."
        )
        yield Notice("no_spread", text, {"levels": mute})


def _listed(levels: tuple[str, ...]) -> str:
    return ", ".join(map(repr, levels[:10])) + (", …" if len(levels) > 10 else "")


def _replicates(
    ready: Frame,
    estimator: Estimator,
    drawn: Bootstrap,
    wanted: Wanted,
    progress: Progress | None,
) -> FloatArray:
    """(B, k) the estimates of the replicates; nan where there is none."""
    size = wanted.population_size
    shares = _estimator_of(ready, estimator, drawn, size)
    random = np.random.default_rng(wanted.seed)
    made, done = list[FloatArray](), 0
    for counts in drawn.resample(ready, wanted.replicates, random, population_size=size):
        made.append(shares(counts))
        done += len(made[-1])
        if progress is not None and not progress(done, wanted.replicates):
            raise SampleError("stopped", "The work was stopped before its end.")
    return np.concatenate(made)


def _lost(interval: Interval, replicates: int) -> Iterator[Notice]:
    if interval.lost > (1 - ENOUGH_REPLICATES) * replicates:
        lost = counted(interval.lost, "replicate", "replicates")
        text = f"{lost} of {replicates:,} gave no estimate; the interval is of the others."
        yield Notice("replicates_lost", text, {"lost": interval.lost})


def _estimator_of(
    ready: Frame, estimator: Estimator, drawn: Bootstrap, population_size: float | None
) -> Callable[[Counts], FloatArray]:
    """The estimator for replicates. Gile's bootstrap keeps the sample's own chances of inclusion."""
    if estimator.shares is gile_ss and drawn.keeps_inclusion and population_size is not None:
        weight = np.nan_to_num(1 / inclusion(ready.counts, population_size)[0])
        return lambda counts: weighted_shares(counts, weight)
    return lambda counts: estimator.shares(counts, population_size)
