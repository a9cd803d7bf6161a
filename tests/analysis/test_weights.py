"""A weight for each person gives back the estimator's shares."""

import numpy as np
import pytest

from analysis.errors import SampleError
from analysis.estimate import Wanted, estimate
from analysis.estimators import ESTIMATORS
from analysis.sample import build_sample
from analysis.weights import mean_of, weights
from tests.analysis.datasets import Known, known_datasets

DATASETS = pytest.mark.parametrize("known", known_datasets(), ids=str)


@DATASETS
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_groups_weights_sum_to_its_share(known: Known, estimator: str) -> None:
    sample = known.sample()
    for trait, _ in known.traits():
        whole = estimate(sample, trait, estimator, Wanted(population_size=50_000))
        found = weights(sample, trait, estimator, population_size=50_000)
        if np.isnan(whole.share).any():
            assert np.isnan(found).all()
            continue
        codes = sample.trait(trait).codes
        sums = [found[codes == code].sum() for code in range(len(whole.levels))]
        assert sums == pytest.approx(whole.share)
        assert found.sum() == pytest.approx(1)
        assert np.count_nonzero(found) == whole.used


def test_the_share_of_a_group_is_the_mean_of_belonging_to_it() -> None:
    known = known_datasets()[0]
    sample = known.sample()
    belongs = (sample.trait("t2").codes == 0).astype(float)
    share = estimate(sample, "t2", "rds_ii").share[0]
    assert mean_of(belongs, weights(sample, "t2")) == pytest.approx(share)


def test_weights_by_successive_sampling_need_the_size_of_the_population() -> None:
    sample = build_sample(["a"], [""], network_size=[2], traits={"x": ["f"]})
    for wanted, code in (("gile_ss", "no_population_size"), ("rds_9", "unknown_estimator")):
        with pytest.raises(SampleError) as refusal:
            weights(sample, "x", wanted)
        assert refusal.value.code == code
