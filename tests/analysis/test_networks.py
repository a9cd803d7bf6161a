"""A made-up population is what its society says, and a survey goes only along its ties."""

from dataclasses import replace
from typing import Literal

import networkx as nx
import numpy as np
import pytest

from analysis.networks import Population, Society, connect, populate
from analysis.surveys import Survey, recruit

TOWN = Society(people=10_000)


def a_population(society: Society = TOWN, *, seed: int = 1) -> Population:
    return populate(society, np.random.default_rng(seed))


@pytest.mark.parametrize("homophily", [0.9, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("activity", [0.7, 1.0, 1.4])
def test_shares_homophily_and_activity_are_those_asked_for(
    homophily: float, activity: float
) -> None:
    town = a_population(
        replace(TOWN, homophily=homophily, activity=(activity, 1.0), shares=(0.25, 0.75))
    )
    women, men = town.mean_degrees
    assert town.shares.tolist() == [0.25, 0.75]
    assert town.homophily == pytest.approx(homophily, rel=0.02)
    assert women / men == pytest.approx(activity, rel=0.08)
    assert town.degree.mean() == pytest.approx(12, rel=0.05)


@pytest.mark.parametrize("degrees", ["log-normal", "gamma-poisson"])
def test_network_sizes_are_as_uneven_as_asked_for(
    degrees: Literal["log-normal", "gamma-poisson"],
) -> None:
    even = a_population(replace(TOWN, spread=0.0, degrees=degrees, mean_degree=20.0)).degree
    uneven = a_population(replace(TOWN, spread=0.8, degrees=degrees, mean_degree=20.0)).degree
    by_chance = 20**-0.5 if degrees == "gamma-poisson" else 0.0
    assert even.std() / even.mean() == pytest.approx(by_chance, abs=0.02)
    assert uneven.std() / uneven.mean() == pytest.approx(np.hypot(0.8, by_chance), rel=0.08)


def test_three_groups_keep_apart_pair_by_pair() -> None:
    town = a_population(
        Society(10_000, ("a", "b", "c"), (0.5, 0.3, 0.2), activity=(1.0, 0.8, 1.2), homophily=2.0)
    )
    own = town.ties_between.sum(axis=1)
    by_chance = np.outer(own, own) / own.sum()
    apart = ~np.eye(3, dtype=bool)
    assert by_chance[apart] / town.ties_between[apart] == pytest.approx(np.full(6, 2.0), rel=0.03)


def test_ties_go_both_ways_and_no_one_is_tied_to_herself_or_twice_to_another() -> None:
    town = a_population(replace(TOWN, mean_degree=40.0))
    owner = np.repeat(np.arange(len(town)), town.degree)
    there = owner * len(town) + town.neighbours
    assert len(np.unique(there)) == len(there)
    assert (owner != town.neighbours).all()
    assert np.array_equal(np.sort(town.neighbours * len(town) + owner), there)


def test_hardly_a_tie_is_lost_in_matching_network_sizes_as_given() -> None:
    random = np.random.default_rng(5)
    group, degree = np.repeat([0, 1], 500), np.repeat([5, 30], 500)
    town = connect(("f", "m"), group, degree, homophily=1.5, random=random)
    assert degree.sum() - town.degree.sum() <= 4
    assert (town.degree <= degree).all()


def test_a_population_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer ties"):
        a_population(replace(TOWN, homophily=0.2))
    with pytest.raises(ValueError, match="sum to 1"):
        Society(people=10, shares=(0.5, 0.6))
    with pytest.raises(ValueError, match="the same groups"):
        Society(people=10, shares=(1.0,))


def test_the_same_random_state_gives_the_same_population_and_survey() -> None:
    one, same, other = (
        recruit(a_population(seed=seed), Survey(200), np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one.recruiter, same.recruiter)
    assert np.array_equal(one.network_size, same.network_size)
    assert not np.array_equal(one.recruiter, other.recruiter)


def test_recruits_are_neighbours_of_their_recruiters_and_no_one_comes_twice() -> None:
    random = np.random.default_rng(2)
    ties = np.array(nx.random_regular_graph(6, 500, seed=2).edges)
    town = Population.of(tuple(map(str, range(500))), np.arange(500), ties)
    sample = recruit(town, Survey(400, redeemed=(0.6,)), random)
    person = sample.traits["group"].codes
    assert len(np.unique(person)) == len(person) == 400
    assert np.array_equal(sample.network_size, town.degree[person])
    for i, by in enumerate(sample.recruiter.tolist()):
        assert by < i
        assert by < 0 or person[i] in town.neighbours_of(int(person[by]))


def test_all_the_population_can_be_reached_with_new_seeds() -> None:
    town = a_population(replace(TOWN, homophily=2.0))
    sample = recruit(town, Survey(len(town), redeemed=(0.2,)), np.random.default_rng(3))
    assert sample.traits["group"].counts.tolist() == town.group_counts.tolist()
    assert len(sample.forest.seeds) > 8


def test_coupons_are_used_as_often_as_the_survey_says_by_group_of_the_recruiter() -> None:
    town = populate(Society(people=40_000), np.random.default_rng(4))
    survey = Survey(4_000, seeds=40, redeemed=(0.3, 0.6))
    sample = recruit(town, survey, np.random.default_rng(4))
    group, early = sample.traits["group"].codes, sample.forest.wave < sample.forest.max_wave - 1
    for level, chance in enumerate(survey.redeemed):
        mean = sample.forest.recruits[early & (group == level)].mean()
        assert mean == pytest.approx(3 * chance, abs=0.09)
    assert sample.forest.recruits.max() == survey.coupons


def test_preference_moves_who_is_recruited() -> None:
    town = populate(
        Society(people=40_000, shares=(0.5, 0.5), mean_degree=60.0), np.random.default_rng(6)
    )
    survey = Survey(3_000, preference=(2.0, 1.0))
    sample = recruit(town, survey, np.random.default_rng(6))
    assert sample.traits["group"].counts[0] / 3_000 == pytest.approx(2 / 3, abs=0.03)


def test_seeds_are_drawn_as_the_survey_says() -> None:
    town = populate(Society(people=40_000), np.random.default_rng(7))
    survey = Survey(2_000, seeds=2_000)
    by_degree, alike, women = (
        recruit(town, how, np.random.default_rng(7))
        for how in (
            survey,
            replace(survey, seeds_drawn="alike"),
            replace(survey, seeds_of="female"),
        )
    )
    mean = town.degree.mean()
    assert by_degree.network_size.mean() == pytest.approx((town.degree**2).mean() / mean, rel=0.1)
    assert alike.network_size.mean() == pytest.approx(mean, rel=0.05)
    assert women.traits["group"].counts.tolist() == [2_000, 0]


def test_network_sizes_are_told_in_fives_or_not_at_all() -> None:
    town = populate(Society(people=20_000, mean_degree=20.0), np.random.default_rng(8))
    survey = Survey(3_000, heaped_above=15, missing=0.1)
    told = recruit(town, survey, np.random.default_rng(8)).network_size
    known = told[~np.isnan(told)]
    assert 1 - len(known) / len(told) == pytest.approx(0.1, abs=0.02)
    assert (known[known > 15] % 5 == 0).all()
    assert (known[known < 15] % 5 != 0).any()


def test_a_survey_larger_than_its_population_is_refused() -> None:
    with pytest.raises(ValueError, match="at most the population"):
        recruit(a_population(), Survey(10_001), np.random.default_rng(1))
