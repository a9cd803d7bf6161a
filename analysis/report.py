"""All figures of a sample for one trait: as plain values for JSON, and as text for a screen."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.cautions import Evidence
from analysis.counts import Frame
from analysis.degrees import MissingDegree, degrees
from analysis.diagnostics import diagnose
from analysis.errors import SampleError
from analysis.estimate import (
    BEST_BOOTSTRAP,
    POINTS_ONLY,
    RECOMMENDED,
    Estimate,
    Wanted,
    estimate_of,
)
from analysis.estimators import ESTIMATORS, Need
from analysis.mixing import OBSTACLES, equilibrium, transition
from analysis.notices import Notice
from analysis.plain import Json, by_level, plain
from analysis.reach import Tally, by_wave, composition, without_seeds
from analysis.reproduction import reproduction
from analysis.sample import CouponFigures, Sample, Trait

MOST_LEVELS = 200
ESTIMATED = tuple(name for name in ESTIMATORS if name != "composition")

_SEX = re.compile(r"(sex|gender|стать)(?![^\W_])", re.IGNORECASE)

INTERVALS = Notice(
    "wilson_intervals",
    "Intervals are Wilson's 95 % intervals of the composition of those reached. They are no "
    "estimate of the population, and recruits of one chain resemble each other, so the truth is "
    "less certain than they say.",
)
NO_POPULATION_SIZE = Notice(
    "no_population_size",
    "Gile's successive sampling is null: it needs the size of the population.",
)
NO_INTERVALS = Notice(
    "no_intervals",
    "Standard errors, intervals and design effects of the estimates are null: no bootstrap was asked "
    "for.",
)
NO_TRAIT = Notice(
    "no_traits",
    "This sample has no trait, so what compares groups of people is null or empty: add a column, "
    "such as sex.",
)


def choose_trait(sample: Sample) -> str | None:
    """The trait to report where none is named: sex or gender if there is one, else the first.

    ``None`` where the sample has no trait at all.

    Raises:
        SampleError: ``too_many_levels`` where no trait is a grouping.

    >>> from analysis.sample import build_sample
    >>> choose_trait(build_sample(["a"], [""], traits={"age": ["30"], "Gender(MF)": ["1"]}))
    'Gender(MF)'
    """
    for name in sample.traits:
        if _SEX.match(name):
            return name
    for name, trait in sample.traits.items():
        if 0 < len(trait.levels) <= MOST_LEVELS:
            return name
    for name, trait in sample.traits.items():
        if trait.levels:
            raise _too_many(name, trait)
    return next(iter(sample.traits), None)


def summarise(
    sample: Sample,
    trait_name: str | None,
    *,
    missing_degree: MissingDegree = "drop",
    wanted: Wanted = POINTS_ONLY,
    within: str | None = None,
) -> dict[str, Json]:
    """Every figure of a sample, as JSON values, in a fixed order.

    What cannot be computed is ``None`` or empty, and ``warnings`` says why; without a trait that is
    everything that compares groups of people.

    Args:
        within: a trait whose levels recruitment hardly crosses, such as the site: recommended
            intervals then allow for that.

    Raises:
        SampleError: ``unknown_trait``, or ``too_many_levels`` for a trait that is no grouping.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "a"], traits={"sex": ["m", "f", "m"]})
    >>> figures = summarise(sample, "sex")
    >>> figures["wave_counts"], figures["recruitment_matrix"]
    ([1, 2], {'f': {'f': 0, 'm': 0}, 'm': {'f': 1, 'm': 1}})
    """
    trait = sample.trait(trait_name) if trait_name is not None else _nobody_known(len(sample))
    levels = trait.levels
    if len(levels) > MOST_LEVELS:
        raise _too_many(trait_name, trait)
    forest = sample.forest
    everyone = composition(trait)
    seen = Evidence(sample, trait_name, wanted.population_size, missing_degree)
    matrix = seen.matrix
    settled = equilibrium(matrix)
    reproduced = reproduction(sample.recruiter, trait)
    sizes = degrees(sample.network_size, missing_degree)
    diagnosis = diagnose(seen)
    ready = seen.frame if within is None else seen.frame.keeping_within(sample.trait(within))
    estimates = estimate_all(ready, wanted) if trait_name is not None else {}
    notices: list[Notice] = [*sample.notices, *diagnosis.notices]
    if trait_name is None:
        notices.append(NO_TRAIT)
    elif settled.obstacle:
        reason = OBSTACLES[settled.obstacle]
        notices.append(Notice("no_equilibrium", f"The equilibrium is null: {reason}."))
    if sample.coupons is None:
        notices.append(Notice("no_coupons", "Coupon figures are null: this sample has no coupons."))
    if trait_name is not None:
        notices += [INTERVALS, *_notices_of(estimates)]
    if estimates and wanted.bootstrap is None:
        notices.append(NO_INTERVALS)
    return {
        "participants": len(sample),
        "seeds": len(forest.seeds),
        "chains": seen.chains.size.tolist(),
        "max_wave": forest.max_wave,
        "wave_counts": forest.wave_counts.tolist() if len(sample) else [],
        "recruiters": forest.recruiters,
        "recruits_per_recruiter": _ratio(len(sample) - len(forest.seeds), forest.recruiters),
        "coupons": _coupons(sample.coupons),
        "network_size": {
            "missing": sizes.missing,
            "missing_degree": missing_degree,
            "min": sizes.least,
            "max": sizes.most,
            "mean": sizes.mean,
            "harmonic_mean": sizes.harmonic_mean,
        },
        "trait": trait_name,
        "levels": list(levels),
        "composition": _shares(everyone),
        "composition_without_seeds": _shares(without_seeds(sample, trait)),
        "missing": trait.missing if trait_name is not None else None,
        "share_by_wave": by_level(levels, by_wave(sample, trait).share.T),
        "recruitment_matrix": _square(levels, matrix),
        "transition": _square(levels, transition(matrix)),
        "equilibrium": (by_level(levels, settled.shares) if settled.shares is not None else None),
        **diagnosis.figures,
        "estimates": {name: _estimate(estimates.get(name)) for name in ESTIMATED},
        "intervals": _intervals(estimates, wanted),
        "reproduction": {
            "number": reproduced.number,
            "matrix": _square(levels, reproduced.matrix),
        },
        "warnings": [str(notice) for notice in notices],
    }


def estimate_all(ready: Frame, wanted: Wanted) -> dict[str, Estimate]:
    """What each estimator says that has what it needs, by its name.

    Where a bootstrap is asked for by no name, each estimator gets the recommended one. Where
    nobody recruited anyone there are points without intervals, and a notice, for the bootstraps that
    go by recruitments.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[1, 3], traits={"x": ["f", "m"]})
    >>> from analysis.counts import frame
    >>> list(estimate_all(frame(sample, sample.trait("x")), POINTS_ONLY))
    ['rds_i', 'rds_i_least_squares', 'dual_component', 'rds_ii']
    """
    found = {}
    for name in ESTIMATED:
        if wanted.population_size is None and Need.POPULATION_SIZE in ESTIMATORS[name].needs:
            continue
        bootstrap = BEST_BOOTSTRAP if wanted.bootstrap == RECOMMENDED else wanted.bootstrap
        found[name] = _estimated(ready, name, replace(wanted, bootstrap=bootstrap))
    return found


def _estimated(ready: Frame, name: str, wanted: Wanted) -> Estimate:
    try:
        return estimate_of(ready, name, wanted)
    except SampleError as error:
        if error.code != "no_recruits":
            raise
    found = estimate_of(ready, name, replace(wanted, bootstrap=None))
    text = (
        f"The interval of {ESTIMATORS[name].title} is null: its bootstrap goes by who recruited whom, "
        "and no recruitment is known."
    )
    return replace(
        found, notices=(*found.notices, Notice("no_interval", text, {"estimator": name}))
    )


def _notices_of(estimates: Mapping[str, Estimate]) -> Iterator[Notice]:
    """Each estimator's own, those that several share once."""
    if "gile_ss" not in estimates:
        yield NO_POPULATION_SIZE
    every = [notice for found in estimates.values() for notice in found.notices]
    yield from {notice.text: notice for notice in every}.values()


def _estimate(found: Estimate | None) -> Json:
    """By level; ``None`` where there is no estimate at all."""
    if found is None or np.isnan(found.share).all():
        return None
    its, nothing = found.interval, np.full(len(found.share), np.nan)
    columns = {
        "estimate": found.share,
        "se": its.se if its else nothing,
        "low": its.low if its else nothing,
        "high": its.high if its else nothing,
        "design_effect": its.design_effect if its else nothing,
        "bootstrap_mean": np.where(np.isnan(found.share), np.nan, its.mean) if its else nothing,
    }
    return {
        level: {key: plain(column[i]) for key, column in columns.items()}
        for i, level in enumerate(found.levels)
    }


def _intervals(estimates: Mapping[str, Estimate], wanted: Wanted) -> Json:
    """How the intervals of each estimate were made."""
    made = {name: found.interval for name, found in estimates.items() if found.interval}
    if not made:
        return None
    return {
        "seed": wanted.seed,
        "population_size": wanted.population_size,
        "methods": {
            name: {
                "bootstrap": each.bootstrap,
                "kind": each.kind,
                "replicates": len(each.replicates),
                "lost": each.lost,
            }
            for name, each in made.items()
        },
    }


def _nobody_known(n: int) -> Trait:
    """Stands for the trait of a sample that has none: without groups."""
    return Trait.of([None] * n)


def _too_many(name: str | None, trait: Trait) -> SampleError:
    return SampleError(
        "too_many_levels",
        f"{name!r} has {len(trait.levels):,} different values, too many to be groups (at most "
        f"{MOST_LEVELS}). Put them into bands first.",
        trait=name,
        levels=len(trait.levels),
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _coupons(figures: CouponFigures | None) -> Json:
    if figures is None:
        return None
    return {
        "issued": figures.issued,
        "redeemed": figures.redeemed,
        "redemption_rate": figures.redemption_rate,
    }


def _shares(one: Tally) -> dict[str, Json]:
    """The first group's counts, shares and intervals by level."""
    low, high = one.interval
    columns = zip(one.levels, one.n[0], one.share[0], low[0], high[0], strict=True)
    return {
        level: {"n": int(n), "share": plain(share), "low": plain(a), "high": plain(b)}
        for level, n, share, a, b in columns
    }


def _square(levels: Sequence[str], values: FloatArray | IntArray) -> dict[str, Json]:
    return {level: by_level(levels, row) for level, row in zip(levels, values, strict=True)}
