"""Every estimator there is: against R's figures, and against what must hold whatever the data."""

import importlib
import pkgutil
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import analysis.estimators
from analysis.counts import Counts, frame
from analysis.estimators import ESTIMATORS, Estimator
from analysis.estimators.dual_component import dual_component
from analysis.estimators.gile_ss import gile_ss, inclusion
from analysis.estimators.rds_i import rds_i, rds_i_least_squares, smoothed
from analysis.estimators.rds_ii import rds_ii
from analysis.mixing import equilibria, transition
from analysis.sample import Sample, build_sample
from tests.analysis.datasets import Known, known_datasets

POPULATION = 10_000.0
EVERY = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=str)
TRAITS = pytest.mark.parametrize(
    ("known", "trait", "figures"),
    [
        pytest.param(known, trait, figures, id=f"{known}-{trait}")
        for known in known_datasets()
        for trait, figures in known.traits()
    ],
)


def test_every_module_of_the_package_is_in_the_list() -> None:
    modules = {module.name for module in pkgutil.iter_modules(analysis.estimators.__path__)}
    listed = {estimator.shares.__module__.rpartition(".")[2] for estimator in ESTIMATORS.values()}
    assert modules - {"estimator"} == listed
    for name in modules:
        importlib.import_module(f"analysis.estimators.{name}")


@TRAITS
@pytest.mark.parametrize("name", ["composition", "rds_i", "rds_ii", "dual_component"])
def test_points_are_rs_to_nine_digits(
    known: Known, trait: str, figures: dict[str, Any], name: str
) -> None:
    counts = counts_of(known, trait)
    found = ESTIMATORS[name].shares(counts, None)[0]
    if name in ("rds_i", "dual_component") and not all(map(sum, figures["recruitment_counts"])):
        assert np.isnan(found).all()  # R makes up the row of a group that recruited nobody
        return
    expected = figures["rds_i" if name == "dual_component" else name]
    assert found == pytest.approx([expected[level] for level in figures["levels"]], abs=1e-9)


@TRAITS
def test_successive_sampling_is_rs_within_the_noise_of_its_simulation(
    known: Known, trait: str, figures: dict[str, Any]
) -> None:
    size = known.figures["population_size_used"]
    found = gile_ss(counts_of(known, trait), size)[0]
    expected = [figures["gile_ss"][level] for level in figures["levels"]]
    assert found == pytest.approx(expected, abs=5e-4)


@TRAITS
def test_least_squares_on_smoothed_recruitments_is_rds_i(
    known: Known, trait: str, figures: dict[str, Any]
) -> None:
    counts = counts_of(known, trait)
    even = Counts(counts.degree, counts.people, smoothed(counts.recruits))
    usual = rds_i(counts)
    assert rds_i_least_squares(even) == pytest.approx(usual, abs=1e-9, nan_ok=True)
    assert equilibria(even.recruits) == pytest.approx(
        equilibria(counts.recruits), abs=1e-9, nan_ok=True
    )
    if len(figures["levels"]) == 2:
        assert rds_i_least_squares(counts) == pytest.approx(usual, abs=1e-9, nan_ok=True)


def counts_of(known: Known, trait: str) -> Counts:
    sample = known.sample()
    return frame(sample, sample.trait(trait), missing_degree="maximum").counts


# --- Whatever the data


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    n = draw(st.integers(2, 40))
    recruiters = [str(draw(st.integers(0, i - 1))) if i > 2 else "" for i in range(n)]
    sizes = draw(st.lists(st.none() | st.integers(1, 60), min_size=n, max_size=n))
    groups = draw(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=n, max_size=n))
    ids = [str(i) for i in range(n)]
    return build_sample(ids, recruiters, network_size=sizes, traits={"x": groups})


def shares(estimator: Estimator, sample: Sample) -> dict[str, float]:
    trait = sample.trait("x")
    found = estimator.shares(frame(sample, trait).counts, POPULATION)[0]
    return dict(zip(trait.levels, found.tolist(), strict=True))


@EVERY
@given(samples())
def test_shares_are_shares_or_all_unknown(estimator: Estimator, sample: Sample) -> None:
    found = np.array(list(shares(estimator, sample).values()))
    if not np.isnan(found).all():
        assert ((found >= 0) & (found <= 1)).all()
        assert found.sum() == pytest.approx(1)


@EVERY
@given(samples(), st.randoms(use_true_random=False))
def test_order_and_names_of_people_and_levels_change_nothing(
    estimator: Estimator, sample: Sample, chance: Any
) -> None:
    order = list(range(len(sample)))
    chance.shuffle(order)
    names = {"a": "z", "b": "y", "c": "x"}
    trait = sample.trait("x")
    other = build_sample(
        [f"who-{i}" for i in order],
        [f"who-{r}" if (r := int(sample.recruiter[i])) >= 0 else "" for i in order],
        network_size=[float(sample.network_size[i]) for i in order],
        traits={"x": [names[trait.levels[c]] if (c := trait.codes[i]) >= 0 else "" for i in order]},
    )
    renamed = {names[level]: share for level, share in shares(estimator, sample).items()}
    assert shares(estimator, other) == pytest.approx(renamed, abs=1e-9, nan_ok=True)


@EVERY
@given(samples(), st.integers(1, 60), st.randoms(use_true_random=False))
def test_replicates_are_estimated_each_for_itself(
    estimator: Estimator, sample: Sample, more: int, chance: Any
) -> None:
    one = frame(sample, sample.trait("x")).counts
    people = one.people.copy()
    people[:, chance.randrange(people.shape[1])] = 0  # a replicate need not hold every network size
    other = Counts(one.degree, people, one.recruits + more)
    both = Counts(
        one.degree,
        np.concatenate([one.people, other.people]),
        np.concatenate([one.recruits, other.recruits]),
    )
    alone = [estimator.shares(counts, POPULATION)[0] for counts in (one, other)]
    if estimator.name in ("rds_ii", "gile_ss"):
        assert np.isnan(alone[1]).all() == (not other.placed.any())
    assert estimator.shares(both, POPULATION) == pytest.approx(
        np.array(alone), abs=1e-9, nan_ok=True
    )


@EVERY
def test_with_equal_network_sizes_and_recruiting_at_random_it_is_the_share_in_the_sample(
    estimator: Estimator,
) -> None:
    people = np.array([[[30, 70, 0], [0, 0, 0]]])
    at_random = np.array([[[9, 21], [21, 49]]])
    found = estimator.shares(Counts(np.array([7.0]), people, at_random), 1_000.0)
    assert found[0] == pytest.approx([0.3, 0.7], abs=1e-12)


@EVERY
def test_twice_the_people_of_every_kind_change_nothing_in_a_population_without_end(
    estimator: Estimator,
) -> None:
    counts = counts_of(known_datasets()[0], "t3")
    twice = Counts(counts.degree, counts.people * 2, counts.recruits * 2)
    assert estimator.shares(twice, 1e9) == pytest.approx(estimator.shares(counts, 1e9), abs=1e-9)


@EVERY
def test_one_group_alone_is_everyone_and_nobody_known_is_nothing(estimator: Estimator) -> None:
    alone = Counts(np.array([2.0, 3.0]), np.array([[[3, 0], [4, 0], [0, 0]]]), np.ones((1, 1, 1)))
    assert estimator.shares(alone, 50.0).tolist() == [[1.0]]
    nobody = Counts(np.array([2.0]), np.array([[[0, 0, 3], [0, 0, 0]]]), np.zeros((1, 2, 2)))
    assert np.isnan(estimator.shares(nobody, 50.0)).all()


# --- What each of them is for


def test_small_networks_count_for_more_than_the_composition_gives_them() -> None:
    people = np.array([[[20, 0, 0], [0, 80, 0], [0, 0, 0]]])
    counts = Counts(np.array([2.0, 8.0]), people, np.array([[[5, 20], [20, 75]]]))
    assert rds_ii(counts)[0, 0] == pytest.approx((20 / 2) / (20 / 2 + 80 / 8))


def test_successive_sampling_lies_between_the_composition_and_rds_ii() -> None:
    people = np.array([[[20, 0, 0], [0, 80, 0], [0, 0, 0]]])
    counts = Counts(np.array([2.0, 8.0]), people, np.zeros((1, 2, 2)))
    found = [gile_ss(counts, size)[0, 0] for size in (100, 110, 150, 300, 1_000, 9_000)]
    assert found[0] == pytest.approx(0.2)
    assert found == sorted(found)
    assert gile_ss(counts, 10_001.0) == pytest.approx(rds_ii(counts))


def test_the_chances_of_successive_sampling_add_up_to_the_sample() -> None:
    counts = counts_of(known_datasets()[0], "t2")
    chance = inclusion(counts, 5_000.0)[0]
    people = counts.of_degree[0] / chance
    assert people.sum() == pytest.approx(5_000)
    assert (np.diff(chance) > 0).all()


def test_groups_that_never_recruit_one_another_have_no_rds_i() -> None:
    people = np.array([[[20, 80, 0], [0, 0, 0]]])
    apart = Counts(np.array([2.0]), people, np.array([[[5, 0], [0, 9]]]))
    for estimate in (rds_i, rds_i_least_squares, dual_component):
        assert np.isnan(estimate(apart)).all()


def test_a_least_squares_share_is_never_negative() -> None:
    chance = np.random.default_rng(5)
    recruits = chance.poisson(2, size=(500, 4, 4))
    people = np.zeros((500, 2, 5), dtype=np.int64)
    people[:, 0, :4] = chance.integers(1, 50, size=(500, 4))
    found = rds_i_least_squares(Counts(np.array([3.0]), people, recruits))
    known = found[~np.isnan(found).any(axis=1)]
    assert len(known) > 100
    assert (known >= 0).all()
    assert known.sum(axis=1) == pytest.approx(1)


def test_least_squares_leaves_less_than_any_shares_nearby() -> None:
    counts = counts_of(known_datasets()[0], "t3")
    ties = transition(counts.recruits)[0]  # all network sizes one, so only recruitment speaks
    even = Counts(np.array([1.0]), _all_of_one_size(counts), counts.recruits)
    best = rds_i_least_squares(even)[0]

    def left(shares: np.ndarray[Any, np.dtype[np.float64]]) -> float:
        flow = shares[:, np.newaxis] * ties
        return float(((flow - flow.T) ** 2).sum())

    steps = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [1.0, 0.0, -1.0]]) * 1e-3
    for step in [*steps, *-steps]:
        assert left(best) < left(best + step)


def _all_of_one_size(counts: Counts) -> np.ndarray[Any, np.dtype[np.integer[Any]]]:
    people = np.zeros((1, 2, counts.people.shape[2]), dtype=np.int64)
    people[0, 0] = counts.people[0].sum(axis=0)
    return people
