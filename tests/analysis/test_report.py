"""The summary keeps the contract's names, and says what it cannot know."""

import json
from typing import Any

import pytest

from analysis.errors import SampleError
from analysis.estimate import Wanted
from analysis.report import MOST_LEVELS, choose_trait, summarise
from analysis.sample import CouponFigures, build_sample
from analysis.screen import render
from analysis.simulate import simulate

CONTRACT = {
    "participants", "seeds", "chains", "max_wave", "wave_counts", "recruiters",
    "recruits_per_recruiter", "coupons", "trait", "levels", "composition",
    "composition_without_seeds", "missing", "share_by_wave", "recruitment_matrix", "transition",
    "equilibrium", "homophily", "differential_activity", "estimates", "reproduction", "warnings",
}  # fmt: skip


def test_every_name_of_the_contract_is_there() -> None:
    assert set(summarise(simulate(200), "sex")) >= CONTRACT


def test_nobody_yet_is_a_summary_of_noughts_and_nulls() -> None:
    figures = summarise(build_sample([], [], traits={"sex": []}), "sex")
    assert figures["participants"] == 0
    assert figures["wave_counts"] == []
    assert figures["equilibrium"] is None
    assert figures["recruits_per_recruiter"] is None
    json.dumps(figures, allow_nan=False)
    assert render(figures).startswith("0 participants")


def test_a_trait_that_everyone_lacks_is_no_reason_to_fail() -> None:
    sample = build_sample(["a", "b"], ["", "a"], traits={"sex": [None, None]})
    figures: dict[str, Any] = summarise(sample, "sex")
    assert (figures["missing"], figures["composition"], figures["levels"]) == (2, {}, [])
    assert "missing" in render(figures)


def test_coupon_figures_are_null_with_a_reason_where_there_are_none() -> None:
    sample = build_sample(["a"], [""], traits={"sex": ["f"]})
    figures: dict[str, Any] = summarise(sample, "sex")
    assert figures["coupons"] is None
    assert any("coupon" in warning.casefold() for warning in figures["warnings"])


def test_coupon_figures_are_passed_on() -> None:
    sample = build_sample(
        ["a"], [""], traits={"sex": ["f"]}, coupons=CouponFigures(issued=0, redeemed=0)
    )
    assert summarise(sample, "sex")["coupons"] == {
        "issued": 0, "redeemed": 0, "redemption_rate": None,
    }  # fmt: skip


def test_a_column_of_as_many_values_as_people_is_no_trait_to_report() -> None:
    n = MOST_LEVELS + 1
    names = [str(i) for i in range(n)]
    sample = build_sample(names, [""] * n, traits={"name": names})
    with pytest.raises(SampleError) as caught:
        summarise(sample, "name")
    assert caught.value.code == "too_many_levels"
    with pytest.raises(SampleError, match="201 different values") as caught:
        choose_trait(sample)
    assert caught.value.code == "too_many_levels"


def test_a_sample_without_traits_has_the_figures_of_its_chains_and_no_others() -> None:
    sample = build_sample(["a", "b", "c", "d"], ["", "a", "b", ""])
    assert choose_trait(sample) is None
    figures: dict[str, Any] = summarise(sample, None)
    assert set(figures) >= CONTRACT
    assert (figures["participants"], figures["seeds"], figures["chains"]) == (4, 2, [3, 1])
    assert (figures["wave_counts"], figures["recruiters"]) == ([2, 1, 1], 2)
    assert (figures["trait"], figures["levels"], figures["missing"]) == (None, [], None)
    compared = ("composition", "composition_without_seeds", "share_by_wave", "recruitment_matrix")
    assert [figures[name] for name in (*compared, "transition")] == [{}] * 5
    assert figures["equilibrium"] is None
    assert figures["homophily"] == {"overall": None}
    assert figures["reproduction"] == {"number": None, "matrix": {}}
    assert [w for w in figures["warnings"] if w.startswith("This sample has no trait")]
    json.dumps(figures, allow_nan=False)
    assert "Composition" not in render(figures)


def test_where_every_trait_is_empty_the_first_is_reported_as_missing() -> None:
    sample = build_sample(["a"], [""], traits={"site": [None], "age": [None]})
    assert choose_trait(sample) == "site"


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        (["age", "Gender(MF)"], "Gender(MF)"),
        (["sexual_health", "sex"], "sex"),
        (["site", "Стать"], "Стать"),
        (["site", "age"], "site"),
    ],
)
def test_sex_is_reported_where_no_trait_is_named_else_the_first(
    columns: list[str], chosen: str
) -> None:
    sample = build_sample(["a"], [""], traits={name: ["x"] for name in columns})
    assert choose_trait(sample) == chosen


def test_an_unknown_trait_is_refused_with_those_there_are() -> None:
    with pytest.raises(SampleError, match="site, sex, age_band"):
        summarise(simulate(10), "gender")


def test_the_same_sample_gives_the_same_bytes() -> None:
    first, second = (json.dumps(summarise(simulate(400, seed=9), "sex")) for _ in range(2))
    assert first == second


def test_a_chain_that_holds_most_of_all_is_said_so() -> None:
    ids = [str(i) for i in range(120)]
    sample = build_sample(ids, ["", "", *ids[1:119]], traits={"sex": ["f"] * 120})
    figures: dict[str, Any] = summarise(sample, "sex")
    assert any("One chain of 2 holds 99 %" in warning for warning in figures["warnings"])


def test_recruitment_that_stays_within_sites_widens_the_recommended_intervals() -> None:
    sample = simulate(400, seed=3)
    wanted = Wanted(bootstrap="recommended", replicates=200)
    free: dict[str, Any] = summarise(sample, "sex", wanted=wanted)
    kept: dict[str, Any] = summarise(sample, "sex", wanted=wanted, within="site")
    assert kept["estimates"]["rds_ii"]["female"]["estimate"] == pytest.approx(
        free["estimates"]["rds_ii"]["female"]["estimate"]
    )
    assert (
        kept["estimates"]["rds_ii"]["female"]["se"] != free["estimates"]["rds_ii"]["female"]["se"]
    )
    assert {**kept, "estimates": None} == {**free, "estimates": None}
