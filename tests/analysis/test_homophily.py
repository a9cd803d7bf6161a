"""Homophily and differential activity: equal to R's, whatever people and groups are called."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.arrays import FloatArray
from analysis.counts import Counts, Frame, frame
from analysis.differential_activity import differential_activity, differential_activity_of_rds
from analysis.homophily import (
    DEFINITIONS,
    LACKS,
    affiliation_homophily,
    degree_homophily,
    heckathorn_homophily,
    lacks,
    population_homophily,
)
from analysis.sample import build_sample
from tests.analysis.datasets import Known, known_datasets
from tests.analysis.test_invariance import Columns, forests, sample_of

TRAITS = pytest.mark.parametrize(
    ("known", "trait", "figures"),
    [
        pytest.param(known, trait, figures, id=f"{known}-{trait}")
        for known in known_datasets()
        for trait, figures in known.traits()
    ],
)
EVERY_DEFINITION = pytest.mark.parametrize("name", DEFINITIONS)


def as_r_reads(known: Known, trait: str) -> Frame:
    sample = known.sample()
    return frame(sample, sample.trait(trait), missing_degree="maximum")


def by_level(figure: Any, levels: tuple[str, ...]) -> list[float | None]:
    """R gives one figure for both levels, or one by level."""
    if isinstance(figure, dict):
        return [figure[level] for level in levels]
    return figure if isinstance(figure, list) else [figure] * len(levels)


@TRAITS
@pytest.mark.parametrize(
    ("name", "key"), [("heckathorn", "heckathorn_h"), ("affiliation", "Ha"), ("degree", "Hd")]
)
def test_heckathorns_homophily_and_its_parts_are_the_reference_or_nan_where_r_makes_a_row_up(
    known: Known, trait: str, figures: dict[str, Any], name: str, key: str
) -> None:
    if figures[key] is None:  # this data set's reference has no such figure
        return
    found = DEFINITIONS[name].of(as_r_reads(known, trait))
    if all(map(sum, figures["recruitment_counts"])):
        assert found.tolist() == pytest.approx(figures[key], rel=1e-9, abs=1e-12)
    else:
        assert np.isnan(found).all()
        assert set(lacks(as_r_reads(known, trait), name)) == {"empty_row"}


@TRAITS
def test_population_homophily_is_the_reference(
    known: Known, trait: str, figures: dict[str, Any]
) -> None:
    ours = as_r_reads(known, trait)
    expected = by_level(figures["population_homophily_rds_ii"], ours.levels)
    for found, theirs in zip(population_homophily(ours), expected, strict=True):
        assert np.isnan(found) if theirs is None else found == pytest.approx(theirs, rel=1e-9)


@TRAITS
def test_differential_activity_is_the_reference(
    known: Known, trait: str, figures: dict[str, Any]
) -> None:
    found = differential_activity_of_rds(as_r_reads(known, trait).counts)
    assert found.tolist() == pytest.approx([figures["differential_activity_rds_ii"]], rel=1e-9)


def mixing(recruits: list[list[int]], sizes: tuple[float, float] = (4.0, 4.0)) -> Counts:
    """Ten people of each of two groups, whose network sizes differ by group."""
    people = np.zeros((1, 3, 3), dtype=np.int64)
    people[0, 0, 0] = people[0, 1, 1] = 10
    return Counts(np.array(sizes), people, np.array([recruits]))


def test_no_homophily_is_0_for_heckathorn_and_both_parts() -> None:
    counts = mixing([[5, 5], [5, 5]])
    for measure in (heckathorn_homophily, affiliation_homophily, degree_homophily):
        assert measure(counts).tolist() == [[0.0, 0.0]]


def test_only_its_own_is_1_and_never_its_own_is_minus_1() -> None:
    counts = mixing([[9, 0], [5, 5]])
    assert affiliation_homophily(counts)[0, 1] == 0.5
    counts = mixing([[0, 5], [5, 5]])
    assert heckathorn_homophily(counts)[0, 0] == -1.0


def test_homophily_is_made_of_affiliation_and_network_size_where_all_are_positive() -> None:
    counts = mixing([[3, 4], [2, 9]], sizes=(2.0, 5.0))
    whole, tie, size = (
        measure(counts)[0, 1]
        for measure in (heckathorn_homophily, affiliation_homophily, degree_homophily)
    )
    assert min(whole, tie, size) > 0
    assert 1 - whole == pytest.approx((1 - tie) * (1 - size))


def test_replicates_give_a_row_each() -> None:
    one, other = mixing([[3, 4], [2, 9]]), mixing([[5, 5], [0, 0]])
    both = Counts(
        one.degree,
        np.concatenate([one.people, other.people]),
        np.concatenate([one.recruits, other.recruits]),
    )
    found = heckathorn_homophily(both)
    assert found[0].tolist() == heckathorn_homophily(one)[0].tolist()
    assert np.isnan(found[1]).all()


def pairs(*recruits: tuple[str, str | None], size: float | None = 3) -> Frame:
    """Seeds with one recruit each: their groups and their recruits' groups."""
    n = len(recruits)
    ids = [str(i) for i in range(2 * n)]
    groups = [seed for seed, _ in recruits] + [recruit for _, recruit in recruits]
    sample = build_sample(
        ids, [""] * n + ids[:n], network_size=[size] * (2 * n), traits={"x": groups}
    )
    return frame(sample, sample.trait("x"))


def test_population_homophily_is_1_where_half_of_all_recruits_come_from_the_other_side() -> None:
    found = population_homophily(pairs(("f", "f"), ("f", "m"), ("m", "f"), ("m", "m")))
    assert found.tolist() == [1.0, 1.0]


def test_population_homophily_is_2_where_half_the_expected_recruits_cross() -> None:
    kept = [("f", "f")] * 3 + [("m", "m")] * 3
    assert population_homophily(pairs(("f", "m"), ("m", "f"), *kept)).tolist() == [2.0, 2.0]


def test_recruiters_are_left_out_whose_recruit_or_network_size_is_not_known() -> None:
    square: list[tuple[str, str | None]] = [("f", "f"), ("f", "m"), ("m", "f"), ("m", "m")]
    assert population_homophily(pairs(*square, ("f", None))).tolist() == [1.0, 1.0]
    assert np.isnan(population_homophily(pairs(*square, size=None))).all()


@pytest.mark.parametrize(
    ("found", "name", "lack"),
    [
        (pairs(("f", "f"), ("m", "m")), "population", "no_crossing"),
        (pairs(("f", "m")), "population", "no_recruiters"),
        (pairs(("f", "m")), "heckathorn", "empty_row"),
        (pairs(("f", "f"), ("m", "m")), "affiliation", "not_unique"),
        (pairs(("f", "m"), ("m", "f")), "degree", "periodic"),
        (pairs(("f", None)), "heckathorn", "no_recruits"),
        (pairs(("f", "f")), "heckathorn", "one_group"),
        (pairs(("f", "f"), ("f", "m"), ("m", "f"), size=None), "heckathorn", "no_network_sizes"),
    ],
)
def test_what_has_no_value_has_a_reason(found: Frame, name: str, lack: str) -> None:
    assert set(lacks(found, name)) == {lack}
    assert lack in LACKS


def test_affiliation_needs_no_network_sizes() -> None:
    found = pairs(("f", "f"), ("f", "m"), ("m", "f"), size=None)
    assert lacks(found, "affiliation") == (None, None)


def frame_of(columns: Columns) -> Frame:
    sample = sample_of(columns)
    return frame(sample, sample.trait("x"))


def equal(one: FloatArray, other: FloatArray) -> bool:
    return np.allclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True)


@EVERY_DEFINITION
@given(columns=forests())
def test_a_group_has_a_value_or_a_reason(name: str, columns: Columns) -> None:
    found = frame_of(columns)
    values = DEFINITIONS[name].of(found)
    assert [lack is None for lack in lacks(found, name)] == (~np.isnan(values)).tolist()
    assert (values[~np.isnan(values)] >= (0 if name == "population" else -1)).all()
    assert name == "population" or (values[~np.isnan(values)] <= 1).all()


@EVERY_DEFINITION
@given(columns=forests(), chance=st.randoms(use_true_random=False))
def test_neither_order_nor_names_of_people_matter(
    name: str, columns: Columns, chance: random.Random
) -> None:
    order = list(range(len(columns[0])))
    chance.shuffle(order)
    ids, recruiters, sizes, levels = ([column[i] for i in order] for column in columns)
    shuffled: Any = (
        [f"{person}-ї" for person in ids],
        [recruiter and f"{recruiter}-ї" for recruiter in recruiters],
        sizes,
        levels,
    )
    of = DEFINITIONS[name].of
    assert equal(of(frame_of(shuffled)), of(frame_of(columns)))


@given(columns=forests())
def test_renaming_groups_renames_the_figures_and_changes_nothing_else(columns: Columns) -> None:
    ids, recruiters, sizes, levels = columns
    new = {"a": "z", "b": "y", "c": "x", None: None}
    ours, theirs = frame_of(columns), frame_of((ids, recruiters, sizes, [new[x] for x in levels]))
    for definition in DEFINITIONS.values():
        assert equal(definition.of(theirs)[::-1], definition.of(ours))
    ours_active = differential_activity(ours.counts)[0]
    assert equal(differential_activity(theirs.counts)[0][::-1], ours_active)


@given(columns=forests(), size=st.integers(1, 60))
def test_where_network_sizes_are_equal_nothing_is_due_to_them(columns: Columns, size: int) -> None:
    ids, recruiters, _, levels = columns
    found = frame_of((ids, recruiters, [size] * len(ids), levels))
    of_degree = degree_homophily(found.counts)
    activity = differential_activity(found.counts)
    assert np.allclose(of_degree[~np.isnan(of_degree)], 0, atol=1e-9)
    assert np.allclose(activity[~np.isnan(activity)], 1)


def test_differential_activity_turns_round_with_the_two_groups() -> None:
    one = differential_activity(mixing([[1, 1], [1, 1]], sizes=(2.0, 5.0)))[0]
    assert one.tolist() == [0.4, 2.5]


def test_r_compares_the_later_of_the_two_largest_groups_with_all_others() -> None:
    people = np.zeros((1, 4, 4), dtype=np.int64)
    people[0, 0, 0], people[0, 1, 1], people[0, 2, 2] = 30, 10, 20
    counts = Counts(np.array([1.0, 2.0, 4.0]), people, np.zeros((1, 3, 3), dtype=np.int64))
    assert differential_activity_of_rds(counts)[0] == differential_activity(counts)[0, 2]


def test_a_single_group_has_no_other_to_compare_with() -> None:
    counts = Counts(np.array([2.0]), np.array([[[3, 0], [0, 0]]]), np.zeros((1, 1, 1)))
    assert np.isnan(differential_activity(counts)).all()
    assert np.isnan(differential_activity_of_rds(counts)).all()
