"""Standard errors of bootstraps against those of R: RDStreeboot, Neighboot and RDS.

R's figures are of 1,000 replicates, so they wobble themselves, most where a group has one member.
Where R drew whole numbers only, its own random numbers are drawn again here, and the figures are
then the same to the last digits.
"""

import sys
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from analysis.arrays import FloatArray
from analysis.bootstraps import BOOTSTRAPS
from analysis.bootstraps.canonical import Order
from analysis.counts import Counts, Frame, frame
from analysis.estimators.estimator import weighted_shares
from analysis.estimators.gile_ss import inclusion
from analysis.estimators.rds_ii import rds_ii
from tests.analysis.datasets import Known, known_datasets
from tests.analysis.r_random import RRandom

NAME_IN_R = {
    "tree": "rds_ii_tree_bootstrap_RDStreeboot",
    "neighbourhood": "rds_ii_neighbourhood_bootstrap_Neighboot",
    "gile": "gile_ss_gile_bootstrap",
}
R_REPLICATES, REPLICATES = 1_000, 4_000
CASES = [
    pytest.param(known, trait, figures, id=f"{known}-{trait}")
    for known in known_datasets()
    if not known.file.stem.endswith("_coupons") and known.file.suffix == ".csv"
    for trait, figures in known.traits()
]
EVERY = pytest.mark.parametrize(("known", "trait", "figures"), CASES)


def ready(known: Known, trait: str) -> Frame:
    sample = known.sample()
    return frame(sample, sample.trait(trait), missing_degree="maximum")


def estimator(name: str, sample: Frame, population_size: float) -> Callable[[Counts], FloatArray]:
    """RDS-II; Gile's with the sample's own chances of inclusion for Gile's bootstrap, as in R."""
    if name != "gile":
        return rds_ii
    weight = np.nan_to_num(1 / inclusion(sample.counts, population_size)[0])
    return lambda counts: weighted_shares(counts, weight)


def in_rs_order(shares: FloatArray, sample: Frame, figures: dict[str, Any]) -> FloatArray:
    return shares[..., [sample.levels.index(level) for level in figures["levels"]]]


@pytest.mark.parametrize("name", NAME_IN_R)
@EVERY
def test_standard_errors_agree_with_r_within_what_chance_allows(
    name: str, known: Known, trait: str, figures: dict[str, Any]
) -> None:
    sample, theirs = ready(known, trait), figures["se"][NAME_IN_R[name]]
    size = float(known.figures["population_size_used"])
    shares = estimator(name, sample, size)
    replicates = BOOTSTRAPS[name].resample(
        sample, REPLICATES, np.random.default_rng(1), population_size=size
    )
    made = in_rs_order(np.concatenate([shares(each) for each in replicates]), sample, theirs)
    se, centred = made.std(axis=0, ddof=1), made - made.mean(axis=0)
    kurtosis = (centred**4).mean(axis=0) / (centred**2).mean(axis=0) ** 2
    # the relative error of a standard deviation of B values is √((kurtosis - 1) / 4 B)
    error = np.sqrt((kurtosis - 1) / 4 * (1 / R_REPLICATES + 1 / REPLICATES))
    assert (np.abs(se / theirs["se"] - 1) < 4 * error).all()
    if "bootstrap_mean" in theirs:
        wobble = se * np.sqrt(1 / R_REPLICATES + 1 / REPLICATES)
        off = np.abs(made.mean(axis=0) - theirs["bootstrap_mean"])
        assert (off < 4 * wobble + 0.01 * se).all()


def as_in_file(sample: Frame) -> Order:
    return Order(person=np.arange(len(sample)), group=np.arange(len(sample.levels)))


def draw_in_the_order_of_the_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[f"analysis.bootstraps.{name}"]
    monkeypatch.setattr(module, "canonical_order", as_in_file)


def r_random() -> np.random.Generator:
    return cast(np.random.Generator, RRandom(1))


@EVERY
def test_with_rs_random_numbers_the_neighbourhood_bootstrap_is_neighboots(
    known: Known, trait: str, figures: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_in_the_order_of_the_file("neighbourhood", monkeypatch)
    sample, theirs = ready(known, trait), figures["se"][NAME_IN_R["neighbourhood"]]
    replicates = BOOTSTRAPS["neighbourhood"].resample(sample, R_REPLICATES, r_random())
    made = in_rs_order(np.concatenate([rds_ii(each) for each in replicates]), sample, theirs)
    assert made.std(axis=0, ddof=1) == pytest.approx(theirs["se"], rel=1e-9)
    assert np.quantile(made, 0.025, axis=0) == pytest.approx(theirs["lower"], rel=1e-9)
    assert np.quantile(made, 0.975, axis=0) == pytest.approx(theirs["upper"], rel=1e-9)


@EVERY
def test_with_rs_random_numbers_the_tree_bootstrap_is_rdstreeboots(
    known: Known, trait: str, figures: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_in_the_order_of_the_file("tree", monkeypatch)
    sample, theirs = ready(known, trait), figures["se"][NAME_IN_R["tree"]]
    random, resample = r_random(), BOOTSTRAPS["tree"].resample
    # one replicate at a time, as R draws them
    replicates = [next(resample(sample, 1, random)) for _ in range(R_REPLICATES)]
    made = in_rs_order(np.concatenate([rds_ii(each) for each in replicates]), sample, theirs)
    assert made.std(axis=0, ddof=1) == pytest.approx(theirs["se"], rel=1e-9)
