"""From replicates to a 95 % interval."""

import numpy as np
import pytest

from analysis.bootstraps import BOOTSTRAPS
from analysis.intervals import interval_of, logit_limits, t_quantile

TABLE = [(3, 3.182), (4, 2.776), (5, 2.571), (8, 2.306), (15, 2.131), (60, 2.0), (120, 1.98)]


@pytest.mark.parametrize(("df", "value"), TABLE)
def test_students_quantiles_are_those_of_the_tables(df: int, value: float) -> None:
    assert t_quantile(np.array([float(df)])) == pytest.approx([value], abs=0.005)


def test_logit_limits_hold_the_share_mirror_each_other_and_stay_inside() -> None:
    share = np.array([0.02, 0.3, 0.7, 0.98])
    low, high = logit_limits(share, np.full(4, 0.03))
    assert (low > 0).all()
    assert (high < 1).all()
    assert (low < share).all()
    assert (share < high).all()
    assert low == pytest.approx(1 - high[::-1])


def test_a_share_of_nobody_or_all_has_no_logit_limits_and_a_certain_one_has_no_width() -> None:
    low, high = logit_limits(np.array([0.0, 1.0, 0.4]), np.array([0.1, 0.1, 0.0]))
    assert np.isnan(low[:2]).all()
    assert np.isnan(high[:2]).all()
    assert (low[2], high[2]) == pytest.approx((0.4, 0.4))


def test_a_larger_standard_error_gives_a_wider_interval() -> None:
    share, se = np.full(5, 0.2), np.array([0.01, 0.02, 0.05, 0.1, 0.15])
    low, high = logit_limits(share, se)
    assert (np.diff(high - low) > 0).all()


def test_the_standard_error_shrinks_as_the_population_runs_out() -> None:
    made = np.random.default_rng(1).beta(20, 30, size=(500, 1)) * [1, -1] + [0, 1]
    share = made.mean(axis=0)
    known, unknown, with_replacement, other = (
        interval_of(
            share,
            made,
            BOOTSTRAPS[name],
            kind="logit",
            used=300,
            population_size=size,
            no_one_twice=no_one_twice,
        )
        for name, size, no_one_twice in (
            ("forest", 400.0, True),
            ("forest", None, True),
            ("forest", 400.0, False),
            ("tree", 400.0, True),
        )
    )
    assert known.se == pytest.approx(unknown.se / 2)
    assert other.se == pytest.approx(unknown.se)
    assert with_replacement.se == pytest.approx(unknown.se)
    assert (known.high - known.low < unknown.high - unknown.low).all()
