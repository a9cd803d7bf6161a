"""Whether an estimate has stopped moving, and how many waves that should take.

People come in an order, and an estimate made after each of them draws a line: in all, and in each
chain alone. Lines that still climb, or chains that stay apart, say that recruitment has not yet
mixed what the seeds began with.

Notation: n people, k groups; S the transition between groups, E its equilibrium.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.counts import Counts, Frame
from analysis.errors import SampleError
from analysis.estimators import ESTIMATORS
from analysis.estimators.estimator import normalised
from analysis.forest import chains
from analysis.mixing import equilibrium, transition
from analysis.sample import Sample

TOLERANCE = 0.02
MOST_WAVES = 1_000
_CELLS_AT_ONCE = 2_000_000
_SHORT = 2**16


@dataclass(frozen=True, eq=False)
class Course:
    """An estimate as people came: m points.

    Attributes:
        levels: the k groups.
        people: (m,) how many had come.
        share: (m, k) the estimate made of them alone; nan where there was none yet.

    >>> Course(("f",), np.array([1, 2]), np.array([[1.0], [1.0]])).share[-1].tolist()
    [1.0]
    """

    levels: tuple[str, ...]
    people: IntArray
    share: FloatArray


@dataclass(frozen=True, eq=False)
class Settling:
    """Whether a course has come to rest.

    Attributes:
        is_settled: whether the last half of the people moved no share further than the tolerance
            from its final value; ``None`` where there is no final estimate.
        since: people from which on no share was further away; ``None`` as before.
        drift: (k,) the furthest that each share was from its final value during the last half.

    >>> settling(Course(("f",), np.array([1, 2, 3]), np.array([[0.5], [0.51], [0.5]]))).drift.round(9).tolist()
    [0.01]
    """

    is_settled: bool | None
    since: int | None
    drift: FloatArray


def enrolment_order(sample: Sample) -> IntArray:
    """(n,) everyone's index, in the order in which they were enrolled.

    By day where everybody's is known, people of one day by wave; else by wave. What is still equal
    keeps the order of the sample.

    >>> from analysis.sample import build_sample
    >>> days = ["2026-03-02", "2026-03-01", "2026-03-01"]
    >>> enrolment_order(build_sample(list("abc"), ["b", "", ""], enrolled_on=days)).tolist()
    [1, 2, 0]
    >>> enrolment_order(build_sample(list("abc"), ["b", "", ""])).tolist()
    [1, 2, 0]
    """
    wave = sample.forest.wave
    if not len(sample) or np.isnat(sample.enrolled_on).any():
        return _stable_order(wave)
    day = sample.enrolled_on.astype("datetime64[D]").astype(np.int64)
    day -= day.min()
    key = day * (sample.forest.max_wave + 1) + wave
    if int(key.max()) < _SHORT:
        return _stable_order(key)
    by_wave = _stable_order(wave)
    return by_wave[_stable_order(day[by_wave])]


def _stable_order(key: IntArray) -> IntArray:
    """Short whole numbers are sorted digit by digit, which takes a time that only grows with n."""
    is_short = len(key) and int(key.max()) < _SHORT
    return np.argsort(key.astype(np.uint16) if is_short else key, kind="stable")


def course(
    frame: Frame,
    order: IntArray,
    estimator: str = "rds_ii",
    *,
    points: int | None = None,
    population_size: float | None = None,
) -> Course:
    """The estimate from the first person, the first two, and so on to all.

    People that the frame does not count are passed over. RDS-II and the composition take a time
    that grows with n; other estimators are worked out anew at each point.

    Args:
        order: (m,) indices of people, as ``enrolment_order`` gives them.
        estimator: a name in ``ESTIMATORS``.
        points: at how many places, evenly spread, the last one included; after every person if
            ``None``.

    Raises:
        SampleError: ``unknown_estimator``.

    Source: Gile, Johnston & Salganik (2015), "Diagnostics for respondent-driven sampling", Journal
    of the Royal Statistical Society A 178(1) (convergence plots).

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abc"), ["", "a", "a"], network_size=[1, 1, 2],
    ...     traits={"sex": ["f", "m", "m"]})
    >>> found = course(frame(sample, sample.trait("sex")), np.array([0, 1, 2]))
    >>> found.people.tolist(), found.share[:, 0].tolist()
    ([1, 2, 3], [1.0, 0.5, 0.4])
    """
    if estimator not in ESTIMATORS:
        known = ", ".join(ESTIMATORS)
        raise SampleError(
            "unknown_estimator",
            f"There is no estimator {estimator!r}; choose one of {known}.",
            name=estimator,
        )
    order = order[frame.is_counted[order]]
    people = _places(len(order), points)
    if estimator in ("rds_ii", "composition"):
        share = _running(frame, order, people, is_weighted=estimator == "rds_ii")
    else:
        shares = ESTIMATORS[estimator].shares
        made = [shares(each, population_size) for each in _growing(frame, order, people)]
        share = np.concatenate([np.empty((0, len(frame.levels))), *made])
    return Course(frame.levels, people, share)


def _places(n: int, points: int | None) -> IntArray:
    if points is None or points >= n:
        return np.arange(1, n + 1)
    return np.arange(1, points + 1) * n // points


def course_by_period(sample: Sample, frame: Frame) -> Course:
    """RDS-II after each day of enrolment where everybody's is known, else after each wave.

    Unlike ``course`` it does not depend on the order of people who came together.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abc"), ["", "a", "a"], network_size=[1, 1, 2],
    ...     traits={"sex": ["f", "m", "m"]})
    >>> found = course_by_period(sample, frame(sample, sample.trait("sex")))
    >>> found.people.tolist(), found.share[:, 0].tolist()
    ([1, 3], [1.0, 0.4])
    """
    counted = np.flatnonzero(frame.is_counted) if not frame.is_counted.all() else slice(None)
    period = _periods(sample)[counted]
    people = np.bincount(period, minlength=1)
    share = _shares_so_far(frame, counted, period, len(people), is_weighted=True)
    happened = people > 0
    return Course(frame.levels, people.cumsum()[happened], share[happened])


def _periods(sample: Sample) -> IntArray:
    """(n,) the number of each person's day, or of her wave."""
    if not len(sample) or np.isnat(sample.enrolled_on).any():
        return sample.forest.wave
    day = sample.enrolled_on.astype("datetime64[D]").astype(np.int64)
    day -= day.min()
    if int(day.max()) <= 4 * len(sample) + 1000:
        return day
    return np.unique(day, return_inverse=True)[1]


def _running(frame: Frame, order: IntArray, people: IntArray, *, is_weighted: bool) -> FloatArray:
    block = np.repeat(np.arange(len(people)), np.diff(people, prepend=0))
    return _shares_so_far(frame, order, block, len(people), is_weighted=is_weighted)


def _shares_so_far(
    frame: Frame, who: IntArray | slice, block: IntArray, m: int, *, is_weighted: bool
) -> FloatArray:
    """(m, k) prefix sums of the weights by group, block after block."""
    k = len(frame.levels)
    weight = np.append(1 / frame.degree, 0.0)[frame.size[who]] if is_weighted else None
    cell = block.astype(np.int64) * (k + 1) + frame.group[who]
    mass = np.bincount(cell, weights=weight, minlength=m * (k + 1)).reshape(m, k + 1)
    return normalised(mass[:, :k].cumsum(axis=0).astype(np.float64))


def _growing(frame: Frame, order: IntArray, people: IntArray) -> Iterator[Counts]:
    """The counts at each place, as many at once as fit."""
    (rows, columns), k = frame.people_shape, len(frame.levels)
    at_once = max(1, _CELLS_AT_ONCE // (rows * columns + k * k))
    met = np.zeros((1, rows, columns), dtype=np.int64)
    pairs = np.zeros((1, k, k), dtype=np.int64)
    before = 0
    for start in range(0, len(people), at_once):
        ends = people[start : start + at_once]
        block = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=before))
        came = order[before : ends[-1]]
        met = met[-1] + _tables(block, frame.people_cell[came], (len(ends), rows, columns))
        pairs = pairs[-1] + _tables(block, frame.recruits_cell[came], (len(ends), k, k))
        before = int(ends[-1])
        yield Counts(frame.degree, met, pairs)


def _tables(block: IntArray, cell: IntArray, shape: tuple[int, int, int]) -> IntArray:
    """One table a block, each with all that came before; cells of -1 are in none."""
    m, size = shape[0], shape[1] * shape[2]
    inside = cell >= 0
    flat = np.bincount(block[inside] * size + cell[inside], minlength=m * size)
    tables: IntArray = flat.reshape(shape).cumsum(axis=0)
    return tables


@dataclass(frozen=True, eq=False)
class ChainCourse:
    """The course of one chain alone.

    Attributes:
        seed: index of the seed who began it.
        course: the estimate from the chain's first people on.

    >>> one = ChainCourse(4, Course(("f",), np.array([1, 2]), np.array([[1.0], [0.5]])))
    >>> one.seed, one.course.share[-1].tolist()
    (4, [0.5])
    """

    seed: int
    course: Course


def chain_courses(
    sample: Sample,
    frame: Frame,
    estimator: str = "rds_ii",
    *,
    least: int = 10,
    most: int = 20,
    points: int | None = None,
) -> tuple[ChainCourse, ...]:
    """The course of each chain of at least ``least`` people, largest first, at most ``most``.

    Chains that end far apart were kept apart by a bottleneck: people of one hardly know people of
    another.

    Source: Gile, Johnston & Salganik (2015), "Diagnostics for respondent-driven sampling", Journal
    of the Royal Statistical Society A 178(1) (bottleneck plots).

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abc"), ["", "a", ""], network_size=[1, 1, 2],
    ...     traits={"sex": ["f", "m", "m"]})
    >>> found = chain_courses(sample, frame(sample, sample.trait("sex")), least=2)
    >>> [(each.seed, each.course.share[:, 0].tolist()) for each in found]
    [(0, [1.0, 0.5])]
    """
    found = chains(sample.forest)
    taken = int(np.count_nonzero(found.size >= least))
    seeds = found.seed[: min(taken, most)]
    rank = np.full(len(sample), -1, dtype=np.int32)
    rank[seeds] = np.arange(len(seeds))
    order = enrolment_order(sample)
    chain = rank[sample.forest.seed[order]]
    order, chain = order[chain >= 0], chain[chain >= 0]
    members = np.split(order[_stable_order(chain)], np.cumsum(found.size[: len(seeds)])[:-1])
    return tuple(
        ChainCourse(seed, course(frame, people, estimator, points=points))
        for seed, people in zip(seeds.tolist(), members, strict=False)
    )


def settling(found: Course, *, tolerance: float = TOLERANCE) -> Settling:
    """Judge whether a course has come to rest.

    A verdict on the line, not on the population: an estimate can rest at a wrong place while chains
    have not yet crossed into a part of the network.

    >>> steps = np.array([[0.9], [0.52], [0.5], [0.51], [0.5]])
    >>> found = settling(Course(("f",), np.arange(1, 6), steps))
    >>> found.is_settled, found.since
    (True, 2)
    """
    k = len(found.levels)
    if not len(found.people) or np.isnan(found.share[-1]).any():
        return Settling(None, None, np.full(k, np.nan))
    away = np.nan_to_num(np.abs(found.share - found.share[-1]), nan=np.inf)
    late = found.people * 2 >= found.people[-1]
    drift = away[late].max(axis=0, initial=0.0)
    outside = np.flatnonzero((away > tolerance + 1e-12).any(axis=1))
    since = found.people[outside[-1] + 1] if len(outside) else found.people[0]
    return Settling(bool((drift <= tolerance + 1e-12).all()), int(since), drift)


def waves_to_equilibrium(
    matrix: IntArray, *, tolerance: float = TOLERANCE
) -> tuple[int | None, ...]:
    """The smallest wave w with max_x |(e_g S^w)_x - E_x| <= tolerance, from each group g alone.

    If all seeds were of group g, wave w would have about the composition that recruitment settles
    at. ``None`` where there is no equilibrium, or where it takes more than 1,000 waves.

    Args:
        matrix: T (k, k), see ``mixing.recruitment_matrix``.
        tolerance: a difference of shares.

    Source: Heckathorn (1997), "Respondent-driven sampling", Social Problems 44(2); the tolerance is
    RDSAT's.

    >>> waves_to_equilibrium(np.array([[9, 1], [1, 1]]))
    (3, 5)
    """
    settled = equilibrium(matrix).shares
    waves: list[int | None] = [None] * len(matrix)
    if settled is None:
        return tuple(waves)
    step = transition(matrix)
    share = np.eye(len(matrix))
    for wave in range(MOST_WAVES + 1):
        away = np.abs(share - settled).max(axis=1)
        for group in np.flatnonzero(away <= tolerance).tolist():
            waves[group] = wave if waves[group] is None else waves[group]
        if None not in waves:
            break
        share = share @ step
    return tuple(waves)
