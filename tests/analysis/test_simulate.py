"""Simulated forests are legal, repeatable, and what their scenario says."""

import numpy as np
import pytest

from analysis.mixing import recruitment_matrix, transition
from analysis.simulate import Scenario, simulate


@pytest.mark.parametrize("participants", [1, 2, 3, 17, 250, 5_000])
def test_it_makes_exactly_as_many_as_asked_for(participants: int) -> None:
    sample = simulate(participants, seed=2)
    assert len(sample) == participants
    assert sample.forest.wave_counts.sum() == participants


def test_the_same_seed_gives_the_same_people_and_another_gives_others() -> None:
    one, same, other = (simulate(300, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.recruiter, same.recruiter)
    assert not np.array_equal(one.recruiter, other.recruiter)


def test_a_recruit_comes_after_her_recruiter_and_no_one_recruits_more_than_her_coupons() -> None:
    sample = simulate(2_000, seed=3)
    recruits = np.flatnonzero(sample.recruiter >= 0)
    recruiters = sample.recruiter[recruits]
    assert (recruiters < recruits).all()
    assert (sample.enrolled_on[recruits] > sample.enrolled_on[recruiters]).all()
    assert sample.forest.recruits.max() <= 3


def test_women_recruit_women_as_often_as_the_scenario_says() -> None:
    sample = simulate(60_000, seed=4)
    shares = transition(recruitment_matrix(sample.recruiter, sample.traits["sex"]))[:, 0]
    assert shares == pytest.approx(Scenario().woman_recruited, abs=0.015)


def test_where_nobody_recruits_staff_go_on_enrolling_seeds() -> None:
    sample = simulate(50, seed=1, scenario=Scenario(redeemed=(0.0, 0.0)))
    assert len(sample.forest.seeds) == 50


def test_none_is_not_a_number_of_people() -> None:
    with pytest.raises(ValueError, match="at least one"):
        simulate(0)
