"""An estimate with its uncertainty."""

from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest

from analysis.bootstraps import BOOTSTRAPS
from analysis.counts import MOST_GROUPS, frame
from analysis.errors import SampleError
from analysis.estimate import BEST_BOOTSTRAP, RECOMMENDED, Wanted, estimate
from analysis.estimators import ESTIMATORS
from analysis.intervals import design_effect
from analysis.report import estimate_all, summarise
from analysis.sample import Sample, build_sample
from tests.analysis.datasets import known_datasets

WANTED = Wanted(population_size=5_000, bootstrap="tree", replicates=200, seed=3)
EVERY = pytest.mark.parametrize("estimator", ESTIMATORS)
EACH_BOOTSTRAP = pytest.mark.parametrize("bootstrap", BOOTSTRAPS)


def own() -> Sample:
    return known_datasets()[0].sample()


@EVERY
@EACH_BOOTSTRAP
def test_every_estimator_gets_an_interval_from_every_bootstrap(
    estimator: str, bootstrap: str
) -> None:
    found = estimate(own(), "t2", estimator, replace(WANTED, bootstrap=bootstrap))
    its = found.interval
    assert its is not None
    assert (its.bootstrap, its.kind) == (bootstrap, BOOTSTRAPS[bootstrap].kind)
    assert len(its.replicates) + its.lost == 200
    assert (its.se > 0).all()
    assert ((its.low >= 0) & (its.low < its.high) & (its.high <= 1)).all()
    assert its.se[0] == pytest.approx(its.se[1])  # of two shares that sum to one
    again = estimate(own(), "t2", estimator, replace(WANTED, bootstrap=bootstrap)).interval
    assert again is not None
    assert (again.replicates == its.replicates).all()


def test_a_percentile_interval_holds_its_part_of_the_replicates_and_a_normal_one_is_even() -> None:
    percentile = estimate(own(), "t2", "rds_ii", WANTED).interval
    normal = estimate(own(), "t2", "rds_ii", replace(WANTED, kind="normal"))
    assert percentile is not None
    assert normal.interval is not None
    within = (percentile.replicates >= percentile.low) & (percentile.replicates <= percentile.high)
    assert within.mean(axis=0) == pytest.approx([0.95] * 2, abs=0.01)
    middle = (normal.interval.low + normal.interval.high) / 2
    assert middle == pytest.approx(normal.share)
    assert normal.interval.se == pytest.approx(percentile.se)


def test_the_design_effect_is_rs() -> None:
    # reference.json, own data, t2 by Gile's bootstrap; n 500, N 5,000
    found = design_effect(np.array([0.319550198266447]), np.array([0.0540226649414407]), 500, 5_000)
    assert found == pytest.approx(7.45516830572756, rel=1e-9)
    assert np.isnan(design_effect(np.array([1.0]), np.array([0.0]), 10)).all()


def test_progress_is_told_up_to_the_end_and_can_stop_the_work() -> None:
    told = list[tuple[int, int]]()

    def listen(done: int, of: int) -> bool:
        told.append((done, of))
        return True

    wanted = replace(WANTED, replicates=5_000)
    estimate(own(), "t2", "rds_ii", wanted, progress=listen)
    assert told[-1] == (5_000, 5_000)
    assert len(told) > 2
    assert all(earlier < later for (earlier, _), (later, _) in pairwise(told))
    with pytest.raises(SampleError) as stopped:
        estimate(own(), "t2", "rds_ii", wanted, progress=lambda done, of: False)
    assert stopped.value.code == "stopped"


@pytest.mark.parametrize(
    ("estimator", "wanted", "code"),
    [
        ("rds_3", Wanted(), "unknown_estimator"),
        ("rds_ii", Wanted(bootstrap="boot"), "unknown_bootstrap"),
        ("gile_ss", Wanted(), "no_population_size"),
        ("rds_ii", Wanted(bootstrap="gile"), "no_population_size"),
        ("gile_ss", Wanted(population_size=499), "population_too_small"),
        ("rds_ii", Wanted(population_size=float("nan")), "population_too_small"),
        ("rds_ii", Wanted(bootstrap="tree", replicates=1), "too_few_replicates"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_code(
    estimator: str, wanted: Wanted, code: str
) -> None:
    with pytest.raises(SampleError) as refusal:
        estimate(own(), "t2", estimator, wanted)
    assert refusal.value.code == code


def test_people_without_a_network_size_are_left_out_and_counted() -> None:
    sample = build_sample(
        list("abcd"), ["", "a", "a", "b"], network_size=[2, None, 4, 4], traits={"x": list("fmmf")}
    )
    found = estimate(sample, "x", "rds_ii")
    assert (found.used, found.left_out) == (3, 1)
    assert found.share == pytest.approx([0.75, 0.25])
    assert estimate(sample, "x", "rds_ii", missing_degree="maximum").left_out == 0
    assert estimate(sample, "x", "composition").used == 4


def test_seeds_can_be_left_out() -> None:
    sample = build_sample(
        list("abcd"), ["", "a", "a", "b"], network_size=[2, 4, 4, 4], traits={"x": list("fmmf")}
    )
    assert estimate(sample, "x", "rds_ii", with_seeds=False).share == pytest.approx([1 / 3, 2 / 3])


def test_where_there_is_no_estimate_the_reason_is_told() -> None:
    sample = build_sample(
        list("abcd"), ["", "", "a", "b"], network_size=[2] * 4, traits={"x": list("fmfm")}
    )
    found = estimate(sample, "x", "rds_i", replace(WANTED, population_size=None))
    assert np.isnan(found.share).all()
    assert found.interval is None
    assert [notice.code for notice in found.notices] == ["no_estimate"]
    assert "never recruit across" in str(found.notices[0])


def test_each_estimator_gets_the_recommended_bootstrap_where_none_is_named() -> None:
    sample = own()
    ready = frame(sample, sample.trait("t2"))
    found = estimate_all(ready, replace(WANTED, bootstrap=RECOMMENDED))
    assert set(found) == set(ESTIMATORS) - {"composition"}
    for each in found.values():
        assert each.interval is not None
        assert each.interval.bootstrap == BEST_BOOTSTRAP


def test_the_summary_tells_each_estimate_and_how_its_interval_was_made() -> None:
    figures: dict[str, Any] = summarise(own(), "t2", wanted=WANTED)
    estimates, intervals = figures["estimates"], figures["intervals"]
    found = estimate(own(), "t2", "rds_ii", WANTED)
    assert found.interval is not None
    assert estimates["rds_ii"] == {
        level: {
            "estimate": found.share[i],
            "se": found.interval.se[i],
            "low": found.interval.low[i],
            "high": found.interval.high[i],
            "design_effect": found.interval.design_effect[i],
            "bootstrap_mean": found.interval.mean[i],
        }
        for i, level in enumerate(found.levels)
    }
    assert list(intervals["methods"]) == list(estimates)
    for its in intervals["methods"].values():
        assert (its["bootstrap"], its["kind"]) == ("tree", "percentile")
        assert its["replicates"] + its["lost"] == 200


def test_without_a_bootstrap_there_are_points_and_no_intervals() -> None:
    figures: dict[str, Any] = summarise(own(), "t2")
    estimates = figures["estimates"]
    assert figures["intervals"] is None
    assert estimates["gile_ss"] is None
    assert any("needs the size of the population" in str(text) for text in figures["warnings"])
    assert estimates["rds_i"]["f"]["se"] is None
    assert estimates["rds_i"]["f"]["bootstrap_mean"] is None


@pytest.mark.parametrize("bootstrap", ["forest", "salganik"])
def test_replicates_by_who_recruits_whom_lie_on_rds_i(bootstrap: str) -> None:
    wanted = Wanted(bootstrap=bootstrap, replicates=1_000, seed=1)
    of = cast(dict[str, Any], summarise(own(), "t2", wanted=wanted)["estimates"])
    for estimator in ("rds_i", "rds_ii"):
        se = of[estimator]["f"]["se"]
        assert of[estimator]["f"]["bootstrap_mean"] == pytest.approx(
            of["rds_i"]["f"]["estimate"], abs=se / 5
        )


@pytest.mark.parametrize("estimator", ["rds_ii", "gile_ss"])
@pytest.mark.parametrize("bootstrap", ["forest", "gile"])
def test_where_everyone_is_in_the_sample_the_missing_design_effect_has_its_reason(
    estimator: str, bootstrap: str
) -> None:
    all_of_them = replace(WANTED, bootstrap=bootstrap, population_size=500)
    found = estimate(own(), "t2", estimator, all_of_them)
    assert found.interval is not None
    assert np.isnan(found.interval.design_effect).all()
    assert [notice.code for notice in found.notices] == ["whole_population"]
    one_more = estimate(own(), "t2", estimator, replace(all_of_them, population_size=501))
    assert one_more.interval is not None
    assert np.isfinite(one_more.interval.design_effect).all()
    assert one_more.notices == ()


def test_a_standard_error_that_shrinks_with_the_population_keeps_its_design_effect() -> None:
    wanted = replace(WANTED, bootstrap="forest", replicates=400)
    barely, large = (
        estimate(own(), "t2", "gile_ss", replace(wanted, population_size=size)).interval
        for size in (501, 10_000)
    )
    assert barely is not None
    assert large is not None
    assert barely.design_effect[0] == pytest.approx(large.design_effect[0], rel=0.5)


def test_a_trait_of_thousands_of_values_is_refused_and_not_counted_wrongly() -> None:
    n = MOST_GROUPS + 1
    ids = [str(i) for i in range(n)]
    sample = build_sample(ids, [""] * n, network_size=[2] * n, traits={"name": ids})
    with pytest.raises(SampleError) as refusal:
        estimate(sample, "name")
    assert (refusal.value.code, refusal.value.facts["levels"]) == ("too_many_levels", n)


def a_silent_group() -> Sample:
    """Nobody of group t told her network size."""
    return build_sample(
        list("abcdefgh"),
        ["", "a", "b", "c", "d", "e", "f", "g"],
        network_size=[2, 4, None, 2, 4, None, 2, 4],
        traits={"x": list("fmtmftff")},
    )


@pytest.mark.parametrize("estimator", ["rds_ii", "gile_ss"])
def test_a_group_without_network_sizes_is_left_out_and_not_called_empty(estimator: str) -> None:
    wanted = Wanted(population_size=50, bootstrap="forest", replicates=50)
    found = estimate(a_silent_group(), "x", estimator, wanted)
    assert found.levels == ("f", "m", "t")
    assert np.isnan(found.share).tolist() == [False, False, True]
    assert np.nansum(found.share) == pytest.approx(1.0)
    its = found.interval
    assert its is not None
    for column in (its.se, its.low, its.high, its.design_effect):
        assert np.isnan(column).tolist() == [False, False, True]
    assert [notice.code for notice in found.notices] == ["group_without_sizes"]


def test_the_composition_does_not_ask_for_network_sizes() -> None:
    found = estimate(a_silent_group(), "x", "composition")
    assert found.share == pytest.approx([0.5, 0.25, 0.25])
    assert found.notices == ()


def test_a_group_without_network_sizes_is_null_in_the_summary_with_the_reason() -> None:
    figures: dict[str, Any] = summarise(a_silent_group(), "x")
    of = figures["estimates"]["rds_ii"]
    assert of["t"]["estimate"] is None
    assert of["f"]["estimate"] + of["m"]["estimate"] == pytest.approx(1.0)
    assert any("RDS-II" in warning and "'t'" in warning for warning in figures["warnings"])


def test_where_nobody_recruited_the_points_stand_without_intervals() -> None:
    sample = build_sample(
        list("abc"), ["", "", ""], network_size=[1, 2, 2], traits={"x": list("ffm")}
    )
    for bootstrap in ("forest", "neighbourhood", "salganik", RECOMMENDED):
        wanted = Wanted(population_size=50, bootstrap=bootstrap, replicates=20)
        figures: dict[str, Any] = summarise(sample, "x", wanted=wanted)
        of = figures["estimates"]["gile_ss"]["f"]
        assert of["estimate"] > 0.5
        assert (of["se"], of["low"], of["high"]) == (None, None, None)
        told = [warning for warning in figures["warnings"] if "no recruitment is known" in warning]
        assert any("Gile" in warning for warning in told)


@pytest.mark.parametrize("bootstrap", ["forest", "tree", "neighbourhood", "salganik"])
def test_replicates_that_are_all_alike_are_no_certainty(bootstrap: str) -> None:
    sample = build_sample(
        list("abc"), ["", "a", "b"], network_size=[1, 2, 3], traits={"x": list("fff")}
    )
    found = estimate(sample, "x", "rds_ii", Wanted(bootstrap=bootstrap, replicates=20))
    assert [notice.code for notice in found.notices] == ["no_spread"]
    assert "no_spread" not in [
        notice.code for notice in estimate(own(), "t2", "rds_ii", WANTED).notices
    ]


def test_a_summary_without_a_bootstrap_says_why_there_are_no_intervals() -> None:
    said = "no bootstrap was asked for"
    assert any(said in warning for warning in cast(list[str], summarise(own(), "t2")["warnings"]))
    told = cast(list[str], summarise(own(), "t2", wanted=WANTED)["warnings"])
    assert not any(said in warning for warning in told)
