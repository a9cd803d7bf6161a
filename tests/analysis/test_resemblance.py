"""Likeness along chains: what is left of the seeds, and how far apart chains may lie by chance."""

import random
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.counts import Frame, frame
from analysis.forest import grow
from analysis.mixing import transition
from analysis.resemblance import (
    chains_agree,
    counts_by_seed_group,
    doubt_by_chain,
    expected_design_effect,
    likeness,
    seed_memory,
)
from analysis.sample import Sample, build_sample, to_networkx
from analysis.simulate import simulate
from tests.analysis.datasets import known_datasets
from tests.analysis.test_invariance import Columns, forests, sample_of


def test_with_two_groups_likeness_is_the_second_eigenvalue_of_the_transition() -> None:
    matrix = np.array([[7, 3], [1, 5]])
    second = min(np.linalg.eigvals(transition(matrix)))
    assert likeness(matrix).tolist() == pytest.approx([second, second])


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [([[2, 2], [3, 3]], 0.0), ([[4, 0], [0, 1]], 1.0), ([[0, 4], [1, 0]], -1.0)],
)
def test_likeness_is_0_for_none_1_without_crossing_and_minus_1_for_the_other_kind_only(
    matrix: list[list[int]], expected: float
) -> None:
    assert likeness(np.array(matrix)).tolist() == [expected, expected]


def test_likeness_is_not_known_of_a_group_that_recruited_nobody() -> None:
    assert np.isnan(likeness(np.array([[1, 1], [0, 0]]))).all()


@given(columns=forests(), rate=st.floats(-1, 1), chance=st.integers(0, 9))
def test_the_doubt_of_a_chain_is_the_sum_over_all_its_pairs(
    columns: Columns, rate: float, chance: int
) -> None:
    sample = sample_of(columns)
    weight = np.random.default_rng(chance).integers(0, 4, len(sample)) / 4
    distances = dict(nx.all_pairs_shortest_path_length(to_networkx(sample).to_undirected()))
    expected = np.zeros(len(sample))
    for i, person in enumerate(sample.ids):
        for j, other in enumerate(sample.ids):
            if other in distances[person]:
                far = distances[person][other]
                expected[sample.forest.seed[i]] += weight[i] * weight[j] * rate**far
    assert doubt_by_chain(sample.forest, weight, rate) == pytest.approx(expected, abs=1e-9)


def test_a_chain_may_be_longer_than_short_numbers_reach() -> None:
    n = 2**16 + 10
    line = grow(np.arange(-1, n - 1))
    pairs = sum((n - steps) * 0.5**steps for steps in range(1, 60))
    assert doubt_by_chain(line, np.ones(n), 0.5)[0] == pytest.approx(n + 2 * pairs, abs=1e-6)


def test_without_likeness_and_with_equal_networks_the_design_costs_nothing() -> None:
    sample = build_sample(
        list("abcde"), ["", "a", "a", "c", "c"], network_size=[4] * 5, traits={"x": list("ffmfm")}
    )
    assert expected_design_effect(frame_of(sample), sample.forest, 0) == pytest.approx(1.0)


def test_where_groups_never_cross_a_chain_counts_as_one_person() -> None:
    ids = [str(i) for i in range(20)]
    recruiters = ["", "", *["0"] * 9, *["1"] * 9]
    groups = ["f", "m", *["f"] * 9, *["m"] * 9]
    sample = build_sample(ids, recruiters, network_size=[4] * 20, traits={"x": groups})
    assert expected_design_effect(frame_of(sample), sample.forest, 0) == pytest.approx(10.0)


def test_chains_that_grew_alike_agree_and_their_standard_error_is_the_spread_seen() -> None:
    """Two-state recruitment along a fixed forest, drawn again and again from its equilibrium."""
    random = np.random.default_rng(8)
    recruiter = np.concatenate([np.full(40, -1), np.repeat(np.arange(400), 2)[:800]])
    forest, stay, p = grow(recruiter), 0.7, 0.5
    verdicts, shares, errors = list[bool](), [], []
    for _ in range(150):
        own = random.random(len(recruiter)) < p
        for wave in range(1, forest.max_wave + 1):
            people = np.flatnonzero(forest.wave == wave)
            keeps = random.random(len(people)) < stay
            own[people] = np.where(keeps, own[recruiter[people]], ~own[recruiter[people]])
        found = chains_agree(_frame(recruiter, own), forest, 0, least=5)
        verdicts.append(found.agrees is True)
        shares.append(found.share)
        errors.append(found.se)
    assert np.mean(errors) == pytest.approx(np.std(np.array(shares)), rel=0.1)
    assert 0.88 <= np.mean(verdicts) <= 1.0


def test_chains_kept_apart_by_a_bottleneck_do_not_agree() -> None:
    """Within each chain people mix freely, but the two chains live in different places."""
    random = np.random.default_rng(9)
    recruiter = np.concatenate([[-1, -1], np.repeat(np.arange(200), 2)])
    forest = grow(recruiter)
    share = np.where(forest.seed == 0, 0.8, 0.2)
    found = chains_agree(_frame(recruiter, random.random(len(share)) < share), forest, 0)
    assert found.agrees is False
    assert found.spread > found.limit


def _frame(recruiter: Any, own: Any) -> Frame:
    n = len(recruiter)
    return Frame(
        levels=("f", "m"),
        degree=np.array([5.0]),
        size=np.zeros(n, dtype=np.int32),
        group=np.where(own, 0, 1).astype(np.int16),
        recruiter=recruiter,
        is_counted=np.ones(n, dtype=bool),
    )


def frame_of(sample: Sample, trait: str = "x") -> Frame:
    return frame(sample, sample.trait(trait))


def test_one_chain_has_none_to_agree_with() -> None:
    sample = build_sample(list("ab"), ["", "a"], network_size=[1, 1], traits={"x": ["f", "m"]})
    assert chains_agree(frame_of(sample), sample.forest, 0, least=1).agrees is None


def test_memory_of_seeds_fades_by_the_likeness_with_each_wave() -> None:
    random = np.random.default_rng(10)
    recruiter = np.concatenate([np.full(4000, -1), np.arange(12000)])
    forest = grow(recruiter)
    own = random.random(len(recruiter)) < 0.5
    for wave in (1, 2, 3):
        people = np.flatnonzero(forest.wave == wave)
        keeps = random.random(len(people)) < 0.8
        own[people] = np.where(keeps, own[recruiter[people]], ~own[recruiter[people]])
    found = seed_memory(_frame(recruiter, own), forest)
    assert found.people.tolist() == [4000] * 4
    assert found.correlation[:, 0] == pytest.approx([1, 0.6, 0.36, 0.216], abs=0.05)
    assert found.expected[:, 0] == pytest.approx([1, 0.6, 0.36, 0.216], abs=0.03)


def test_seeds_of_one_kind_leave_nothing_to_correlate() -> None:
    sample = build_sample(list("abc"), ["", "a", "a"], traits={"x": ["f", "m", "f"]})
    assert np.isnan(seed_memory(frame_of(sample), sample.forest).correlation).all()


@given(columns=forests())
def test_the_chains_of_all_seeds_together_are_the_sample(columns: Columns) -> None:
    ids, recruiters, sizes, levels = columns
    known: list[str | None] = [level or "a" for level in levels]
    sample = sample_of((ids, recruiters, sizes, known))
    ready = frame_of(sample)
    apart = counts_by_seed_group(ready, sample.forest)
    assert (apart.people.sum(axis=0) == ready.counts.people[0]).all()
    assert (apart.recruits.sum(axis=0) == ready.counts.recruits[0]).all()


@given(columns=forests(), chance=st.randoms(use_true_random=False))
def test_neither_order_of_people_nor_names_of_groups_matter(
    columns: Columns, chance: random.Random
) -> None:
    order = list(range(len(columns[0])))
    chance.shuffle(order)
    new: dict[Any, Any] = {"a": "z", "b": "y", "c": "x", None: None}
    ids, recruiters, sizes, levels = ([column[i] for i in order] for column in columns)
    shuffled: Any = (ids, recruiters, sizes, [new[level] for level in levels])
    ours, theirs = sample_of(columns), sample_of(shuffled)
    one, other = frame_of(ours), frame_of(theirs)
    k = len(one.levels)
    for level in range(k):
        a = expected_design_effect(one, ours.forest, level)
        b = expected_design_effect(other, theirs.forest, k - 1 - level)
        assert np.isclose(a, b, equal_nan=True)
    memory, again = seed_memory(one, ours.forest), seed_memory(other, theirs.forest)
    assert np.allclose(memory.correlation, again.correlation[:, ::-1], equal_nan=True)


def test_the_expected_design_effect_of_a_programme_is_that_of_its_bootstraps() -> None:
    """Own forest of 500: R's Gile bootstrap finds 7.46 for t2 and 3.84, 4.99, 3.72 for t3."""
    known = next(each for each in known_datasets() if str(each) == "forest_500.csv")
    sample = known.sample()
    for trait in ("t2", "t3"):
        theirs = known.figures["traits"][trait]["se"]["gile_ss_gile_bootstrap"]["design_effect"]
        ready = frame_of(sample, trait)
        ours = [expected_design_effect(ready, sample.forest, x) for x in range(len(theirs))]
        assert ours == pytest.approx(theirs, rel=0.12)


def test_a_simulated_programme_has_a_finite_design_effect_for_each_sex() -> None:
    sample = simulate(1000, seed=2)
    ready = frame_of(sample, "sex")
    both = [expected_design_effect(ready, sample.forest, x) for x in (0, 1)]
    assert both[0] == pytest.approx(both[1])
    assert 1 < both[0] < 100
