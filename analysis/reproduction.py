"""How many recruits each person brings, by group: whether recruitment keeps itself going."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.branching import extinction, growth, progeny, unsettled
from analysis.coupons.history import CouponHistory
from analysis.mixing import recruitment_matrix
from analysis.offspring import Offspring, mean_offspring, offspring
from analysis.sample import Sample, Trait

ReproductionObstacle = Literal["nobody_matured", "no_recruits", "not_unique", "periodic"]

REPRODUCTION_OBSTACLES: dict[ReproductionObstacle, str] = {
    "nobody_matured": "nobody has had all her time to recruit yet",
    "no_recruits": "nobody whose time is over recruited anybody whose group is known",
    "not_unique": "groups that do not recruit across to one another grow equally fast",
    "periodic": "recruitment swings between groups from wave to wave and never settles",
}


@dataclass(frozen=True, eq=False)
class Reproduction:
    """Mean recruits by group of recruiter and recruit, so far.

    Attributes:
        matrix: (k, k) mean number of recruits of group y that a person of group x has brought.
        unknown: (k,) mean number of recruits whose group is not known, by a person of group x; they
            are in no cell of ``matrix``, and ``number`` is too low by them.
        number: the factor by which each wave would exceed the one before if this went on;
            recruitment dies out below 1. ``None`` where there are no groups.

    >>> Reproduction(np.array([[0.8]]), unknown=np.array([0.1]), number=0.8).number
    0.8
    """

    matrix: FloatArray
    unknown: FloatArray
    number: float | None


@dataclass(frozen=True, eq=False)
class MaturedReproduction:
    """Mean recruits by group, of those whose time to recruit is over, and what follows; k levels.

    Rows of levels at which nobody's time is over are nan; recruits of those levels then stay out
    of everything but ``matrix``.

    Attributes:
        levels: of the trait.
        people: (k,) how many the figures of each row rest on.
        matrix: (k, k) mean recruits of level y by a person of level x; low and high bound its 95 %
            interval.
        number: the factor from wave to wave in the long run; below 1 recruitment dies out.
        number_low: 95 % interval.
        number_high: the same.
        composition: (k,) share of each level in late waves if this goes on; nan where it does not
            settle.
        composition_low: (k,) 95 % interval.
        composition_high: (k,).
        extinction: (k,) chance that a chain from one seed of that level ends by itself.
        people_per_seed: (k,) people in a whole chain from one seed of that level, she included, in
            the mean; infinite where the number is 1 or more.
        obstacle: why ``number`` or ``composition`` is missing, a key of
            ``REPRODUCTION_OBSTACLES``.

    >>> from analysis.sample import build_sample
    >>> from analysis.coupons.history import build_history
    >>> sample = build_sample(["a"], [""], traits={"sex": ["f"]})
    >>> history = build_history(as_of="2026-03-02", people=1, issued_on=["2026-03-01"],
    ...     usable_from=["2026-03-02"], usable_until=["2026-03-31"], holder=[0])
    >>> found = matured_reproduction(sample, history, sample.trait("sex"))
    >>> found.people.tolist(), found.number, found.obstacle
    ([0], None, 'nobody_matured')
    """

    levels: tuple[str, ...]
    people: IntArray
    matrix: FloatArray
    matrix_low: FloatArray
    matrix_high: FloatArray
    number: float | None
    number_low: float | None
    number_high: float | None
    composition: FloatArray
    composition_low: FloatArray
    composition_high: FloatArray
    extinction: FloatArray
    people_per_seed: FloatArray
    obstacle: ReproductionObstacle | None


def reproduction(recruiter: IntArray, trait: Trait) -> Reproduction:
    """R (k, k) with R_xy = T_xy / n_x, and its largest eigenvalue.

    It counts the recruits there are so far: coupons that are still valid will add to it, so early
    in a programme it is too low; ``matured_reproduction`` is not. Recruits of a recruiter whose
    group is missing are nowhere.

    Source: Diekmann, Heesterbeek & Metz (1990), "On the definition and the computation of the basic
    reproduction ratio", J. Math. Biol. 28 (the next-generation matrix).

    >>> found = reproduction(np.array([-1, 0, 0, 1]), Trait.of(["m", "f", "m", "m"]))
    >>> found.matrix.round(3).tolist(), round(found.number, 3)
    ([[0.0, 1.0], [0.333, 0.333]], 0.768)
    >>> reproduction(np.array([-1, 0]), Trait.of(["m", None])).unknown.tolist()
    [1.0]
    """
    of = np.maximum(trait.counts, 1)
    matrix = recruitment_matrix(recruiter, trait) / of[:, np.newaxis]
    lost = recruiter[(recruiter >= 0) & (trait.codes < 0)]
    source = trait.codes[lost]
    unknown = np.bincount(source[source >= 0], minlength=len(trait.levels)) / of
    number, _ = growth(matrix)
    return Reproduction(matrix, unknown, float(number) if len(matrix) else None)


def matured_reproduction(
    sample: Sample,
    history: CouponHistory,
    trait: Trait,
    *,
    replicates: int = 2_000,
    seed: int = 0,
) -> MaturedReproduction:
    """R (k, k) over those all of whose coupons are past their last day, and what follows from it.

    Whose time is over is decided by dates alone (``offspring``), so R is unbiased for whoever was
    given coupons then, however many are still out. Recruits of unknown group are shared out as the
    known ones of the same row are. Intervals are percentiles over people drawn again with
    replacement within each group.

    Args:
        sample: n people.
        history: their coupons.
        trait: (n,) the levels to tell apart.
        replicates: how often people are drawn again.

    Source: next-generation matrix: Diekmann, Heesterbeek & Metz (1990), J. Math. Biol. 28;
    extinction and total progeny of branching processes with several types: Harris (1963), "The
    Theory of Branching Processes"; percentiles: Efron (1979), Ann. Statist. 7.

    >>> from analysis.coupons.history import build_history
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abc"), ["", "a", ""], traits={"sex": ["m", "m", "m"]})
    >>> history = build_history(as_of="2026-04-20", people=3, issued_on=["2026-03-01"] * 3,
    ...     usable_from=["2026-03-02"] * 3, usable_until=["2026-03-31"] * 3,
    ...     redeemed_on=["2026-03-31", "", ""], holder=[0, 1, 2], recruit=[1, -1, -1])
    >>> found = matured_reproduction(sample, history, sample.trait("sex"))
    >>> round(found.number, 3), found.people_per_seed.round(3).tolist(), found.extinction.tolist()
    (0.333, [1.5], [1.0])
    """
    table = offspring(sample, history, trait)
    known = table.of > 0
    drawn = mean_offspring(table.recruits, _drawn_again(table, replicates, seed))
    number, composition = growth(_among(table.mean, known))
    numbers, compositions = growth(_among(drawn, known))
    obstacle = _obstacle(_among(table.mean, known))
    low, high = _percentiles(drawn)
    number_low, number_high = _percentiles(numbers)
    composition_low, composition_high = _percentiles(compositions)
    settled = np.nan if obstacle else 1.0
    return MaturedReproduction(
        levels=table.levels,
        people=table.of,
        matrix=table.mean,
        matrix_low=low,
        matrix_high=high,
        number=_value(number),
        number_low=_value(number_low),
        number_high=_value(number_high),
        composition=_placed(settled * composition, known),
        composition_low=_placed(settled * composition_low, known),
        composition_high=_placed(settled * composition_high, known),
        extinction=_placed(_ending(table, known), known),
        people_per_seed=_placed(progeny(_among(table.mean, known)), known),
        obstacle=obstacle,
    )


def _drawn_again(table: Offspring, replicates: int, seed: int) -> IntArray:
    """(B, k, u) people of each level drawn with replacement, as often as there are."""
    if not table.people.any():
        return np.zeros((replicates, *table.people.shape), dtype=np.int64)
    random = np.random.default_rng(seed)
    share = table.people / np.maximum(table.of, 1)[:, np.newaxis]
    share[table.of == 0, :1] = 1.0
    return random.multinomial(table.of, share, size=(replicates, len(share)))


def _among(matrix: FloatArray, known: BoolArray) -> FloatArray:
    return matrix[..., known, :][..., known]


def _obstacle(matrix: FloatArray) -> ReproductionObstacle | None:
    if not len(matrix):
        return "nobody_matured"
    if np.isnan(matrix).any() or not matrix.any():
        return "no_recruits"
    return unsettled(matrix)


def _ending(table: Offspring, known: BoolArray) -> FloatArray:
    mean = _among(table.mean, known)
    if np.isnan(mean).any() or not len(mean):
        return np.full(len(mean), np.nan)
    total = mean.sum(axis=1, keepdims=True)
    return extinction(
        table.recruits[:, :-1][:, known],
        table.people[known] / table.of[known, np.newaxis],
        unknown=table.recruits[:, -1],
        mix=np.where(total > 0, mean / np.where(total > 0, total, 1.0), 0.0),
    )


def _percentiles(drawn: FloatArray) -> tuple[FloatArray, FloatArray]:
    """95 % over the replicates that have a figure."""
    flat = drawn.reshape(len(drawn), -1)
    bounds = np.full((2, flat.shape[1]), np.nan)
    some = ~np.isnan(flat).all(axis=0)
    bounds[:, some] = np.nanquantile(flat[:, some], (0.025, 0.975), axis=0)
    low, high = bounds.reshape(2, *drawn.shape[1:])
    return low, high


def _placed(values: FloatArray, known: BoolArray) -> FloatArray:
    everywhere = np.full(len(known), np.nan)
    everywhere[known] = values
    return everywhere


def _value(number: FloatArray) -> float | None:
    return None if np.isnan(number) else float(number)
