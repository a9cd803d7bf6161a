"""Counts and shares of those reached, with the missing beside them."""

import numpy as np
import pytest

from analysis.reach import by_chain, by_trait, by_wave, over_time, wilson, without_seeds
from analysis.sample import build_sample

SAMPLE = build_sample(
    ["a", "b", "c", "d", "e"],
    ["", "a", "a", "", "d"],
    enrolled_on=["2026-03-01", "2026-03-02", None, "2026-03-30", "2026-04-05"],
    traits={"sex": ["m", "f", "f", "m", None], "site": ["Lviv", "Lviv", "", "Odesa", "Odesa"]},
)
SEX = SAMPLE.traits["sex"]


def test_seeds_are_left_out_where_staff_chose_them() -> None:
    assert without_seeds(SAMPLE, SEX).n.tolist() == [[2, 0]]
    assert without_seeds(SAMPLE, SEX).missing.tolist() == [1]


def test_shares_are_of_those_known() -> None:
    waves = by_wave(SAMPLE, SEX)
    assert waves.groups == ("0", "1")
    assert waves.share.tolist() == [[0, 1], [1, 0]]
    assert waves.people.tolist() == [2, 3]


def test_a_person_without_a_site_is_at_none() -> None:
    assert by_trait(SEX, SAMPLE.traits["site"]).people.tolist() == [2, 2]


def test_chains_are_called_by_their_seeds_largest_first() -> None:
    found = by_chain(SAMPLE, SEX)
    assert found.groups == ("a", "d")
    assert found.people.tolist() == [3, 2]


def test_weeks_begin_on_monday_and_idle_weeks_are_there_too() -> None:
    growth = over_time(SAMPLE, SEX)
    assert growth.new.groups[0] == "2026-02-23"
    assert growth.new.people.tolist() == [1, 1, 0, 0, 0, 2]
    assert growth.total.people.tolist() == [1, 2, 2, 2, 2, 4]
    assert growth.undated == 1


def test_dates_centuries_apart_do_not_fill_memory() -> None:
    sample = build_sample(
        ["a", "b"], ["", ""], enrolled_on=["0026-03-01", "2026-03-01"], traits={"sex": ["m", "f"]}
    )
    assert len(over_time(sample, sample.traits["sex"]).weeks) == 2


def test_a_sample_without_people_or_dates_gives_empty_tables() -> None:
    empty = build_sample([], [], traits={"sex": []})
    trait = empty.traits["sex"]
    assert over_time(empty, trait).new.groups == ()
    assert by_wave(empty, trait).groups == ()
    assert by_chain(empty, trait).groups == ()


@pytest.mark.parametrize(
    ("n", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 1, 0.2065, 1.0)],
)
def test_wilson_intervals_are_those_of_the_tables(n: int, of: int, low: float, high: float) -> None:
    found = wilson(np.array([n]), np.array([of]))
    assert [float(end[0]) for end in found] == pytest.approx([low, high], abs=5e-5)


def test_an_interval_of_nobody_is_not_known() -> None:
    assert np.isnan(wilson(np.array([0]), np.array([0]))).all()
