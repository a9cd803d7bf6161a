"""Gile's bootstrap: a synthetic population like the one estimated, and the survey done again in it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.bootstraps.bootstrap import chunks, refuse_without_recruits
from analysis.bootstraps.canonical import canonical_order
from analysis.bootstraps.populations import Populations, picked, rounded
from analysis.counts import Counts, Frame
from analysis.errors import SampleError
from analysis.estimators.gile_ss import inclusion
from analysis.mixing import transition

ABREAST = 1_000


def gile(
    frame: Frame,
    replicates: int,
    random: np.random.Generator,
    *,
    population_size: float | None = None,
) -> Iterator[Counts]:
    """Make a population of N people with the network sizes and groups that Gile's estimator finds,
    and recruit n of them through their peers.

    1. The population has N n_kx/π_k / Σ n/π people of network size k and group x, rounded at random
       to whole people.
    2. Ties between groups: M = (A + A') / 2, A_xy = S_xy D_x P_x N, with S the transition between
       groups, D the mean network size and P the share of a group. Where a group has no ties at all,
       its recruits are drawn as in 5 where nobody is left.
    3. As many seeds as the sample has, one after another, in proportion to network size.
    4. Seeds and recruits recruit in the order in which they came; how many each brings is one of the
       numbers above 0 that people of the sample brought.
    5. The recruit's group y is drawn in proportion to M_xy, the person in proportion to network size
       among those of y who are left; then column y of M shrinks as the ties of those left do. Where
       nobody is left whom x could recruit, one of all who are left is drawn.
    6. Stop at n people.

    Only people whose group and network size are known take part; n is their number. An estimate of
    the replicate uses π of the sample itself (``inclusion``). Seeds are drawn in any case; where
    seeds do not count in the sample, they do not count in the replicate.

    Source: Gile (2011), "Improved inference for respondent-driven sampling data with application to
    HIV prevalence estimation", Journal of the American Statistical Association 106(493).

    Raises:
        SampleError: ``no_recruits``; ``no_population_size``; ``population_too_small`` where N is
            less than n.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "b"], network_size=[1, 1, 2],
    ...     traits={"sex": ["f", "m", "f"]})
    >>> ready = frame(sample, sample.trait("sex"))
    >>> [counts] = gile(ready, 2, np.random.default_rng(1), population_size=9.0)
    >>> counts.of_group.sum(axis=1).tolist(), counts.recruits.sum(axis=(1, 2)).tolist()
    ([3, 3], [2, 2])
    """
    survey = _survey(frame, population_size)
    cells = survey.population.size
    for some in chunks(replicates, survey.people, at_least=ABREAST, cells_each=cells):
        yield _surveys(survey, some, random)


@dataclass(frozen=True, eq=False)
class _Survey:
    """What is done again; groups are in canonical order.

    Attributes:
        degree: (D,) network sizes in persons.
        population: (k, D) people, not yet rounded.
        ties: (k, k) M.
        brought: (m,) the numbers of recruits above 0.
        seeds, people: how many.
        size: of the population.
        back: (k,) place here of each level of the sample.
        seeds_count: whether seeds count among the people.
    """

    degree: FloatArray
    population: FloatArray
    ties: FloatArray
    brought: IntArray
    seeds: int
    people: int
    size: int
    back: IntArray
    seeds_count: bool


def _survey(frame: Frame, population_size: float | None) -> _Survey:
    counts = frame.counts
    is_placed = (frame.size < len(frame.degree)) & (frame.group < len(frame.levels))
    is_recruit = frame.recruiter >= 0
    refuse_without_recruits(is_recruit & is_placed & is_placed[frame.recruiter], "Gile's bootstrap")
    people, size = int(is_placed.sum()), _size(frame, population_size)
    back = canonical_order(frame).group
    place = np.argsort(back)
    mass = np.nan_to_num(counts.placed[0].T / inclusion(counts, float(size))[0])[place]
    population = size * mass / mass.sum()
    of = transition(counts.recruits[0][np.ix_(place, place)])
    ties = np.nan_to_num(of) * (population @ frame.degree)[:, np.newaxis]
    brought = np.bincount(frame.recruiter[is_recruit], minlength=len(frame))[is_placed]
    return _Survey(
        degree=frame.degree,
        population=population,
        ties=(ties + ties.T) / 2,
        brought=np.sort(brought[brought > 0]),
        seeds=max(1, int((is_placed & ~is_recruit).sum())),
        people=people,
        size=size,
        back=back,
        seeds_count=bool(frame.is_counted[~is_recruit].all()),
    )


def _size(frame: Frame, population_size: float | None) -> int:
    if population_size is None:
        raise SampleError("no_population_size", "Gile's bootstrap needs the population's size.")
    if population_size < len(frame):
        raise SampleError(
            "population_too_small",
            f"A population of {population_size:,.0f} cannot hold the {len(frame):,} people of "
            "this sample.",
            population_size=population_size,
            people=len(frame),
        )
    return round(population_size)


def _surveys(survey: _Survey, replicates: int, random: np.random.Generator) -> Counts:
    """As many surveys side by side, person after person."""
    people = rounded(survey.population, replicates, random)
    field = Populations(survey.degree, people)
    group = np.empty((survey.people, replicates), dtype=np.int16)
    for step in range(survey.seeds):
        group[step] = picked(field.ties_left, random.random(replicates))
        field.draw(group[step], random)
    if not survey.seeds_count:
        people = field.left
    recruits = _recruit(survey, field, group, random)
    counted = np.zeros((replicates, len(survey.degree) + 1, len(survey.back) + 1), dtype=np.int64)
    counted[:, :-1, :-1] = np.swapaxes(people - field.left, 1, 2)[:, :, survey.back]
    return Counts(
        degree=survey.degree,
        people=counted,
        recruits=recruits[:, survey.back][:, :, survey.back],
    )


def _recruit(
    survey: _Survey, field: Populations, group: IntArray, random: np.random.Generator
) -> IntArray:
    """(R, k, k) recruitments from the seeds on, until all of ``group`` (n, R) is filled in.

    Shrinking column y at each draw comes to M_xy times the share of the ties of y that are left.
    """
    replicates, k = field.ties_left.shape
    each, active = np.arange(replicates), np.zeros(replicates, dtype=np.int64)
    due = survey.brought.take(random.integers(0, len(survey.brought), replicates))
    pairs = np.zeros(replicates * k * k, dtype=np.int64)
    share = np.divide(1, field.ties_left, out=np.zeros((replicates, k)), where=field.ties_left > 0)
    for step in range(survey.seeds, survey.people):
        by = group[active, each]
        ties = survey.ties.take(by, axis=0) * (field.ties_left * share)
        stuck = ~ties.any(axis=1)
        if stuck.any():
            ties[stuck] = field.ties_left[stuck]
        group[step] = picked(ties, random.random(replicates))
        field.draw(group[step], random)
        pairs[(each * k + by) * k + group[step]] += 1
        due -= 1
        done = due == 0
        active += done
        due += done * survey.brought.take(random.integers(0, len(survey.brought), replicates))
    return pairs.reshape(replicates, k, k)
