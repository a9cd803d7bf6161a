"""The recommended interval holds the truth about as often as it says.

A short form of ``benchmarks/coverage.py``: few surveys, so only an interval that is off by a lot is
caught. The figures in ``analysis/README.md`` come from the long form.
"""

from dataclasses import replace

import numpy as np
import pytest

from analysis.estimate import Wanted, estimate
from analysis.networks import Society, populate
from analysis.surveys import Survey, recruit

CITY = Society(people=5_000, homophily=1.5)
TOWN = Society(people=1_000, homophily=1.5, activity=(1.4, 1.0))
WANTED = Wanted(bootstrap="forest", replicates=100)
SURVEYS = 160


@pytest.mark.parametrize(
    ("society", "estimator"), [(CITY, "rds_ii"), (CITY, "rds_i"), (TOWN, "gile_ss")]
)
def test_the_forest_interval_holds_the_truth_as_often_as_it_says(
    society: Society, estimator: str
) -> None:
    random = np.random.default_rng(11)
    wanted = replace(WANTED, population_size=society.people if estimator == "gile_ss" else None)
    shares, errors, held = list[float](), list[float](), 0
    for number in range(SURVEYS):
        if number % 20 == 0:
            population = populate(society, random)
        sample = recruit(population, Survey(300), random)
        found = estimate(sample, "group", estimator, replace(wanted, seed=number))
        assert found.interval is not None
        shares.append(float(found.share[0]))
        errors.append(float(found.interval.se[0]))
        held += bool(found.interval.low[0] <= population.shares[0] <= found.interval.high[0])
    assert 0.90 <= held / SURVEYS <= 0.995
    assert np.sqrt(np.square(errors).mean()) == pytest.approx(np.std(shares, ddof=1), rel=0.2)
