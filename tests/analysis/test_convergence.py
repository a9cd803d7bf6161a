"""Courses of estimates, and how many waves recruitment needs to forget where it began."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.convergence import (
    Course,
    chain_courses,
    course,
    course_by_period,
    enrolment_order,
    settling,
    waves_to_equilibrium,
)
from analysis.counts import Frame, frame
from analysis.errors import SampleError
from analysis.estimators import ESTIMATORS
from analysis.forest import chains
from analysis.mixing import recruitment_matrix
from analysis.sample import Sample, Trait, build_sample
from analysis.simulate import simulate
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


@TRAITS
def test_waves_to_equilibrium_are_rdsats_or_none_where_r_makes_a_row_up(
    known: Known, trait: str, figures: dict[str, Any]
) -> None:
    expected = figures["equilibrium_waves_0_02"]
    sample = known.sample()
    found = waves_to_equilibrium(recruitment_matrix(sample.recruiter, sample.trait(trait)))
    if not all(map(sum, figures["recruitment_counts"])):
        assert set(found) == {None}
    elif expected is not None:
        assert list(found) == list(expected.values())


def test_a_wider_tolerance_needs_fewer_waves() -> None:
    matrix = np.array([[9, 1], [1, 9]])
    assert waves_to_equilibrium(matrix, tolerance=0.02) == (15, 15)
    assert waves_to_equilibrium(matrix, tolerance=0.25) == (4, 4)


def test_groups_that_hardly_ever_cross_need_more_waves_than_anyone_will_count() -> None:
    assert waves_to_equilibrium(np.array([[10**6, 1], [1, 10**6]])) == (None, None)


def frame_of(sample: Sample, trait: str = "x", *, with_seeds: bool = True) -> Frame:
    return frame(sample, sample.trait(trait), with_seeds=with_seeds)


@pytest.mark.parametrize("estimator", ["composition", "rds_i", "rds_ii", "gile_ss"])
@pytest.mark.parametrize("with_seeds", [True, False])
def test_each_point_of_a_course_is_the_estimate_of_the_people_who_had_come(
    estimator: str, with_seeds: bool
) -> None:
    sample = simulate(60, seed=3)
    ready = frame_of(sample, "sex", with_seeds=with_seeds)
    order = enrolment_order(sample)
    found = course(ready, order, estimator, population_size=500.0)
    counted = order[ready.is_counted[order]]

    assert found.people.tolist() == list(range(1, len(counted) + 1))
    for n in (1, 7, 30, len(counted)):
        came = np.isin(np.arange(len(sample)), counted[:n])
        cut = Frame(
            ready.levels,
            ready.degree,
            ready.size,
            np.where(came | (sample.recruiter < 0), ready.group, len(ready.levels)),
            ready.recruiter,
            came,
        )
        expected = ESTIMATORS[estimator].shares(cut.counts, 500.0)[0]
        assert found.share[n - 1].tolist() == pytest.approx(expected.tolist(), nan_ok=True)


def test_a_few_points_lie_on_the_line_of_all_points() -> None:
    sample = simulate(200, seed=4)
    ready, order = frame_of(sample, "sex"), enrolment_order(sample)
    every = course(ready, order)
    few = course(ready, order, points=7)
    assert (len(few.people), few.people[-1]) == (7, 200)
    assert np.allclose(few.share, every.share[few.people - 1])


def test_many_points_of_a_large_table_come_in_several_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sample = simulate(80, seed=5)
    ready, order = frame_of(sample, "sex"), enrolment_order(sample)
    at_once = course(ready, order, "rds_i")
    monkeypatch.setattr("analysis.convergence._CELLS_AT_ONCE", 1)
    assert np.allclose(course(ready, order, "rds_i").share, at_once.share, equal_nan=True)


def test_there_is_no_course_of_an_estimator_nobody_knows() -> None:
    sample = simulate(5, seed=1)
    with pytest.raises(SampleError, match="unknown_estimator"):
        course(frame_of(sample, "sex"), enrolment_order(sample), "rds_iii")


@given(columns=forests())
def test_a_recruiter_without_dates_comes_before_her_recruits(columns: Columns) -> None:
    sample = sample_of(columns)
    place = np.argsort(enrolment_order(sample))
    recruits = np.flatnonzero(sample.recruiter >= 0)
    assert (place[sample.recruiter[recruits]] < place[recruits]).all()


@pytest.mark.parametrize("years", [1, 400])
def test_days_come_before_waves_and_waves_before_places(years: int) -> None:
    days = [f"{2026 + years}-01-02", "2026-01-01", "2026-01-01", "2026-01-01"]
    sample = build_sample(list("abcd"), ["", "c", "", ""], enrolled_on=days)
    assert enrolment_order(sample).tolist() == [2, 3, 1, 0]


def test_one_missing_day_leaves_all_days_aside() -> None:
    sample = build_sample(list("ab"), ["b", ""], enrolled_on=["2026-01-01", None])
    assert enrolment_order(sample).tolist() == [1, 0]


@given(columns=forests(), chance=st.randoms(use_true_random=False))
def test_the_end_of_a_course_does_not_depend_on_the_order(
    columns: Columns, chance: random.Random
) -> None:
    sample = sample_of(columns)
    ready = frame_of(sample)
    order = list(range(len(sample)))
    chance.shuffle(order)
    found = course(ready, np.array(order)).share[-1]
    expected = ESTIMATORS["rds_ii"].shares(ready.counts, None)[0]
    assert np.allclose(found, expected, equal_nan=True)


@given(columns=forests())
def test_where_network_sizes_are_equal_rds_ii_runs_along_the_composition(columns: Columns) -> None:
    ids, recruiters, _, levels = columns
    sample = sample_of((ids, recruiters, [7] * len(ids), levels))
    ready, order = frame_of(sample), enrolment_order(sample)
    weighted, plain = course(ready, order, "rds_ii"), course(ready, order, "composition")
    assert np.allclose(weighted.share, plain.share, equal_nan=True)


def test_chains_are_drawn_largest_first_and_each_ends_at_its_own_estimate() -> None:
    sample = simulate(400, seed=6)
    ready = frame_of(sample, "sex")
    found = chain_courses(sample, ready, least=15, most=3)
    largest = chains(sample.forest)

    assert [each.seed for each in found] == largest.seed[:3].tolist()
    assert [each.course.people[-1] for each in found] == largest.size[:3].tolist()
    for each in found:
        inside = sample.forest.seed == each.seed
        alone = Frame(ready.levels, ready.degree, ready.size, ready.group, ready.recruiter, inside)
        expected = ESTIMATORS["rds_ii"].shares(alone.counts, None)[0]
        assert each.course.share[-1].tolist() == pytest.approx(expected.tolist())


def test_small_chains_and_empty_samples_have_no_courses() -> None:
    sample = build_sample(list("abc"), ["", "a", ""], traits={"x": ["f", "m", "f"]})
    assert chain_courses(sample, frame_of(sample), least=3) == ()
    nobody = build_sample([], [], traits={"x": []})
    assert chain_courses(nobody, frame_of(nobody)) == ()
    assert course(frame_of(nobody), enrolment_order(nobody)).share.shape == (0, 0)


def line(*shares: float) -> Course:
    return Course(("f",), np.arange(1, len(shares) + 1), np.array(shares)[:, np.newaxis])


def test_a_line_that_rests_during_its_last_half_has_settled() -> None:
    found = settling(line(1.0, 0.9, 0.5, 0.51, 0.49, 0.5))
    assert (found.is_settled, found.since) == (True, 3)
    assert found.drift.tolist() == pytest.approx([0.01])


def test_a_line_that_still_climbs_has_not_settled() -> None:
    found = settling(line(0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
    assert (found.is_settled, found.since) == (False, 6)
    assert found.drift.tolist() == pytest.approx([0.3])


def test_a_wider_tolerance_settles_sooner() -> None:
    assert settling(line(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), tolerance=0.3).is_settled is True


def test_without_a_final_estimate_there_is_no_verdict() -> None:
    assert settling(line(0.5, float("nan"))).is_settled is None
    assert settling(line()).since is None


@pytest.mark.parametrize("with_seeds", [True, False])
@pytest.mark.parametrize("is_dated", [True, False])
def test_the_course_by_period_is_that_of_people_at_the_end_of_each_period(
    with_seeds: bool, is_dated: bool
) -> None:
    sample = simulate(300, seed=7)
    if not is_dated:
        sample = replace(sample, enrolled_on=np.full(300, np.datetime64("NaT", "D")))
    ready = frame_of(sample, "sex", with_seeds=with_seeds)
    by_person, by_period = course(ready, enrolment_order(sample)), course_by_period(sample, ready)
    assert by_period.people[-1] == by_person.people[-1]
    assert 5 < len(by_period.people) < 300
    assert np.allclose(by_period.share, by_person.share[by_period.people - 1], equal_nan=True)


def test_days_centuries_apart_make_no_long_empty_course() -> None:
    sample = build_sample(list("ab"), ["", "a"], enrolled_on=["1026-01-01", "2026-01-01"])
    sample = replace(sample, traits={"x": Trait.of(["f", "m"])}, network_size=np.array([2.0, 2.0]))
    assert course_by_period(sample, frame_of(sample)).people.tolist() == [1, 2]
