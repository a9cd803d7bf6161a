"""Cautions: each is given where it should be, and kept back where it should not."""

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cautions import (
    CAUTIONS,
    Caution,
    Evidence,
    of_chains,
    of_groups,
    of_network_sizes,
    of_size,
)
from analysis.convergence import settling
from analysis.diagnostics import cautions, cautions_of, diagnose
from analysis.sample import Sample, Trait, build_sample
from tests.analysis.datasets import Known, known_datasets
from tests.analysis.test_invariance import Columns, forests, rounded, sample_of

TRAITS = pytest.mark.parametrize(
    ("known", "trait", "figures"),
    [
        pytest.param(known, trait, figures, id=f"{known}-{trait}")
        for known in known_datasets()
        for trait, figures in known.traits()
    ],
)


def people(
    recruiter: Sequence[int],
    *,
    sizes: Sequence[float | None] | float = 9,
    x: Sequence[str | None] | None = None,
    site: Sequence[str | None] | None = None,
) -> Sample:
    """People by the index of their recruiter, -1 for a seed."""
    n = len(recruiter)
    network = [sizes] * n if isinstance(sizes, int | float) else sizes
    traits = {name: values for name, values in (("x", x), ("site", site)) if values is not None}
    return build_sample(
        [str(i) for i in range(n)],
        [str(i) if i >= 0 else "" for i in recruiter],
        network_size=network,
        traits=traits,
    )


def line(n: int) -> list[int]:
    """One chain in which each recruits the next."""
    return list(range(-1, n - 1))


def stars(*recruits: int) -> list[int]:
    """Seeds, each with so many recruits of her own."""
    return [-1] * len(recruits) + [i for i, n in enumerate(recruits) for _ in range(n)]


def drawn(share_of_chain: Sequence[float], *, each: int, stay: float) -> Sample:
    """Chains in which groups follow recruitment with its own share of f in each chain."""
    random = np.random.default_rng(5)
    s = len(share_of_chain)
    recruiter = np.concatenate([np.full(s, -1), np.arange(s * (each - 1)) // 2])
    chain = np.arange(s)
    for i in range(s, len(recruiter)):
        chain = np.append(chain, chain[recruiter[i]])
    p = np.asarray(share_of_chain)[chain]
    own = random.random(len(recruiter)) < p
    for i in range(s, len(recruiter)):
        own[i] = own[recruiter[i]] if random.random() < stay else random.random() < p[i]
    return people(recruiter.tolist(), x=np.where(own, "f", "m").tolist())


def alternating(n: int) -> list[str]:
    """Groups whose recruits are of both groups alike along a line."""
    return ["f", "f", "m", "m"] * (n // 4)


CASES: list[tuple[Caution, Evidence, Evidence, dict[str, object]]] = [
    (
        of_size.small_sample,
        Evidence(people(line(99)), None),
        Evidence(people(line(100)), None),
        {"n": 99},
    ),
    (
        of_size.large_part_of_population,
        Evidence(people(line(100)), None, population_size=1000),
        Evidence(people(line(100)), None, population_size=1001),
        {"percent": 10},
    ),
    (
        of_size.large_part_of_population,
        Evidence(people(line(100)), None, population_size=99),
        Evidence(people(line(100)), None),
        {"population_size": 99},
    ),
    (
        of_size.seeds_in_estimates,
        Evidence(people(stars(19)), None),
        Evidence(people(stars(20)), None),
        {"seeds": 1, "n": 20, "percent": 5},
    ),
    (
        of_size.seeds_in_estimates,
        Evidence(people(stars(1)), None),
        Evidence(people(stars(1)), None, with_seeds=False),
        {"percent": 50},
    ),
    (
        of_size.missing_trait,
        Evidence(people(line(3), x=["f", None, "m"]), "x"),
        Evidence(people(line(3), x=["f", "f", "m"]), "x"),
        {"n": 1, "trait": "x"},
    ),
    (
        of_size.small_level,
        Evidence(people(line(9), x=["f"] * 5 + ["m"] * 4), "x"),
        Evidence(people(line(10), x=["f"] * 5 + ["m"] * 5), "x"),
        {"levels": ("m",)},
    ),
    (
        of_chains.few_waves,
        Evidence(people(line(5)), None),
        Evidence(people(line(6)), None),
        {"waves": 4},
    ),
    (
        of_chains.short_of_equilibrium,
        Evidence(people(stars(6, 6), x=list("mf" + "mmmmmf" + "ffffmm")), "x"),
        Evidence(people(line(12), x=alternating(12)), "x"),
        {"waves": 1, "level": "f"},
    ),
    (
        of_chains.one_chain_dominates,
        Evidence(people(stars(2, 1)), None),
        Evidence(people(stars(2, 2)), None),
        {"share": 60, "chains": 2},
    ),
    (
        of_chains.one_chain_dominates,
        Evidence(people(stars(9, 0)), None),
        Evidence(people(line(9)), None),
        {"chains": 2},
    ),
    (
        of_chains.chains_disagree,
        Evidence(drawn([0.8, 0.2, 0.5], each=200, stay=0.2), "x"),
        Evidence(drawn([0.5, 0.5, 0.5], each=200, stay=0.2), "x"),
        {"chains": 3},
    ),
    (
        of_chains.not_settled,
        Evidence(people(line(400), x=["f"] * 250 + ["m"] * 150), "x"),
        Evidence(people(line(400), x=alternating(400)), "x"),
        {"points": 38},
    ),
    (
        of_chains.short_chains,
        Evidence(people(stars(1, 1, 1)), None),
        Evidence(people(stars(1, 1)), None),
        {"short": 3, "chains": 3, "wave": 3},
    ),
    (
        of_chains.short_chains,
        Evidence(people(stars(1, 1, 1)), None),
        Evidence(people([-1, -1, -1, 0, 1, 2, 3, 4, 6, 7]), None),
        {"short": 3},
    ),
    (
        of_chains.barren_seeds,
        Evidence(people(stars(2, 0)), None),
        Evidence(people(stars(2, 1)), None),
        {"n": 1, "seeds": 2},
    ),
    (
        of_groups.groups_never_cross,
        Evidence(people(stars(1, 1), x=["f", "m", "f", "m"]), "x"),
        Evidence(people(stars(1, 1), x=["f", "m", "f", "f"]), "x"),
        {"levels": ("f", "m")},
    ),
    (
        of_groups.groups_never_cross,
        Evidence(people(stars(2, 2, 1), x=list("abcabbac")), "x"),
        Evidence(people(line(4), x=["f"] * 4), "x"),
        {"levels": ("c",)},
    ),
    (
        of_groups.site_bottleneck,
        Evidence(people(stars(10, 10), site=["1", "2", *"1" * 10, *"2" * 10]), None),
        Evidence(people(stars(10, 10), site=["1", "2", *"1" * 8, *"2" * 12]), None),
        {"parts": 2},
    ),
    (
        of_groups.site_bottleneck,
        Evidence(people(stars(30, 30), site=["1", "2", *"1" * 29, *"2" * 31]), None),
        Evidence(people(stars(30, 30), site=["1", "2", *"1" * 27, *"2" * 33]), None),
        {"percent": 1.7},
    ),
    (
        of_groups.site_bottleneck,
        Evidence(people(stars(10, 10), site=["1", "2", *"1" * 10, *"2" * 10]), None),
        Evidence(people(stars(9, 10), site=["1", "2", *"1" * 9, *"2" * 10]), None),
        {"parts": 2},
    ),
    (
        of_groups.wide_intervals,
        Evidence(drawn([0.5], each=200, stay=0.8), "x"),
        Evidence(drawn([0.5], each=200, stay=0.1), "x"),
        {"level": "f"},
    ),
    (
        of_groups.uneven_recruitment,
        Evidence(people(stars(*[2] * 10, *[0] * 10), x=["f"] * 10 + ["m"] * 30), "x"),
        Evidence(people(stars(*[2] * 9, *[0] * 9), x=["f"] * 9 + ["m"] * 27), "x"),
        {"more": "f", "fewer": "m", "most": 2.0, "least": 0.0},
    ),
    (
        of_groups.uneven_recruitment,
        Evidence(people(stars(*[2] * 10, *[0] * 10), x=["f"] * 10 + ["m"] * 30), "x"),
        Evidence(people(stars(*[3] * 20, *[2] * 20), x=["f", "m"] * 70), "x"),
        {"more": "f"},
    ),
    (
        of_network_sizes.missing_network_size,
        Evidence(people(line(3), sizes=[4, None, 4]), None),
        Evidence(people(line(3)), None),
        {"n": 1, "of": 3},
    ),
    (
        of_network_sizes.implausible_network_size,
        Evidence(people(stars(2), sizes=[1, 1, 1]), None),
        Evidence(people(stars(2), sizes=[2, 1, None]), None),
        {"n": 1},
    ),
    (
        of_network_sizes.implausible_network_size,
        Evidence(people(line(3), sizes=[1, 1, 1]), None),
        Evidence(people(line(3), sizes=[1, 2, 1]), None),
        {"n": 1},
    ),
    (
        of_network_sizes.heaped_network_sizes,
        Evidence(people(line(30), sizes=[20.0] * 10 + [17.0] * 10 + [5.0] * 10), None),
        Evidence(people(line(30), sizes=[20.0] * 8 + [18.0] * 12 + [5.0] * 10), None),
        {"percent": 50, "n": 20},
    ),
    (
        of_network_sizes.heaped_network_sizes,
        Evidence(people(line(20), sizes=20.0), None),
        Evidence(people(line(40), sizes=[20.0] + [None] * 39), None, missing_degree="maximum"),
        {"percent": 100, "n": 20},
    ),
    (
        of_network_sizes.differential_activity,
        Evidence(people(line(20), sizes=[5.0] * 10 + [10.0] * 10, x=["f"] * 10 + ["m"] * 10), "x"),
        Evidence(people(line(20), sizes=[5.0] * 10 + [9.9] * 10, x=["f"] * 10 + ["m"] * 10), "x"),
        {"larger": "m", "smaller": "f", "times": 2.0},
    ),
    (
        of_network_sizes.differential_activity,
        Evidence(people(line(20), sizes=[5.0] * 10 + [30.0] * 10, x=["f"] * 10 + ["m"] * 10), "x"),
        Evidence(people(line(19), sizes=[5.0] * 10 + [30.0] * 9, x=["f"] * 10 + ["m"] * 9), "x"),
        {"times": 6.0},
    ),
]


@pytest.mark.parametrize(("caution", "fires", "quiet", "facts"), CASES)
def test_a_caution_is_given_where_it_should_be_and_only_there(
    caution: Caution, fires: Evidence, quiet: Evidence, facts: dict[str, object]
) -> None:
    given_notice = caution(fires)
    assert given_notice is not None
    assert {name: given_notice.facts[name] for name in facts} == facts
    assert caution(quiet) is None


def test_every_caution_has_a_case_and_stands_once_in_the_table() -> None:
    assert {case[0] for case in CASES} == set(CAUTIONS)
    assert len(set(CAUTIONS)) == len(CAUTIONS)


def test_an_estimate_that_moves_no_more_than_chance_would_move_it_is_let_be() -> None:
    """Forty people: three standard errors are 23 percentage points."""
    sample = people(line(40), x=list("fffmfmmfmfmfmfmmffmf" + "ffmfmffmfmfffmfmfffm"))
    seen = Evidence(sample, "x")
    assert settling(seen.course).is_settled is False
    assert of_chains.not_settled(seen) is None


def test_a_few_recruits_more_are_no_uneven_recruitment() -> None:
    brought = [3, *[0] * 9, 1, *[0] * 9]
    sample = people(stars(*brought), x=["f"] * 10 + ["m"] * 10 + [None] * 4)
    assert of_groups.uneven_recruitment(Evidence(sample, "x")) is None


def test_chains_alike_but_small_have_nothing_to_disagree_about() -> None:
    sample = people(stars(*[12] * 8), x=["f"] * 8 + (["f"] * 6 + ["m"] * 6) * 8)
    assert of_chains.chains_disagree(Evidence(sample, "x")) is None


def test_people_of_one_site_are_no_bottleneck_and_neither_are_the_groups_of_the_trait() -> None:
    one = people(stars(25), site=["1"] * 26)
    assert of_groups.site_bottleneck(Evidence(one, None)) is None
    two = people(stars(10, 10), site=["1", "2", *"1" * 10, *"2" * 10])
    assert of_groups.site_bottleneck(Evidence(two, "site")) is None


def test_nobody_gets_one_notice_and_no_others() -> None:
    assert [notice.code for notice in cautions(people([]), None)] == ["no_people"]


def test_cautions_come_gravest_first() -> None:
    sample = people(stars(2, 0), sizes=[None, 9, 9, 9], x=["f", None, "m", "f"])
    assert [notice.code for notice in cautions(sample, "x")] == [
        "small_sample",
        "few_waves",
        "one_chain_dominates",
        "missing_network_size",
        "seeds_in_estimates",
        "missing_trait",
        "small_level",
        "barren_seeds",
    ]


@TRAITS
def test_the_diagnosis_is_strict_json_and_holds_the_reference(
    known: Known, trait: str, figures: dict[str, Any]
) -> None:
    found = diagnose(Evidence(known.sample(), trait, missing_degree="maximum"))
    json.dumps(found.figures, allow_nan=False)
    homophily: Any = found.figures["homophily"]
    levels, made_up = figures["levels"], not all(map(sum, figures["recruitment_counts"]))
    assert homophily["overall"] == pytest.approx(figures["recruitment_homophily"], rel=1e-9)
    assert [homophily[level] for level in levels] == (
        [None] * len(levels) if made_up else pytest.approx(figures["heckathorn_h"], rel=1e-9)
    )
    assert found.figures["differential_activity"] == pytest.approx(
        figures["differential_activity_rds_ii"], rel=1e-9
    )
    assert made_up == any(
        notice.code == "no_homophily" and notice.facts["definition"] == "heckathorn"
        for notice in found.notices
    )


def test_two_chains_of_the_real_survey_of_amman_lie_further_apart_than_chance() -> None:
    known = next((each for each in known_datasets() if str(each) == "khoury_amman.csv"), None)
    if known is None:  # other people's data, read only where they lie
        return
    codes = {notice.code for notice in cautions(known.sample(), "sex")}
    assert {"chains_disagree", "one_chain_dominates"} <= codes


def test_without_a_trait_there_is_nothing_to_compare() -> None:
    found = diagnose(Evidence(people(line(3)), None))
    assert found.figures == {
        "homophily": {"overall": None},
        "differential_activity": None,
        "diagnostics": None,
    }


def test_a_level_called_overall_keeps_its_figure_and_says_where() -> None:
    sample = people(stars(3, 3), x=["overall", "m", *["overall", "overall", "m"] * 2])
    found = diagnose(Evidence(sample, "x"))
    figures: Any = found.figures
    by_definition = figures["diagnostics"]["homophily"]["heckathorn"]
    assert by_definition["overall"] is not None
    assert figures["homophily"]["overall"] == figures["diagnostics"]["recruitment_homophily"]
    assert "level_called_overall" in {notice.code for notice in found.notices}
    assert "level_called_overall" not in {
        notice.code for notice in diagnose(Evidence(people(line(2), x=["f", "m"]), "x")).notices
    }


def test_what_is_null_has_a_reason() -> None:
    found = diagnose(Evidence(people(line(3), sizes=4, x=["f", "f", "f"]), "x"))
    reasons = {notice.code: notice.facts.get("reason") for notice in found.notices}
    assert reasons["no_differential_activity"] == "one_group"
    assert reasons["no_homophily"] == "no_recruiters"


def test_a_trait_of_many_groups_is_told_at_length_for_the_largest_twelve() -> None:
    groups = np.arange(400) % 20
    recruiter = np.concatenate([[-1], np.arange(399) // 2])
    sample = Sample(
        ids=[str(i) for i in range(400)],
        recruiter=recruiter.astype(np.int32),
        network_size=np.full(400, 5.0),
        enrolled_on=np.full(400, np.datetime64("NaT", "D")),
        traits={"x": Trait(tuple(f"{i:02}" for i in range(20)), groups.astype(np.int32))},
    )
    effect = Evidence(sample, "x").design_effect
    assert np.count_nonzero(~np.isnan(effect)) == 12


@settings(deadline=None)
@given(columns=forests(), chance=st.randoms(use_true_random=False))
def test_neither_order_nor_names_of_people_change_a_diagnosis(
    columns: Columns, chance: random.Random
) -> None:
    order = list(range(len(columns[0])))
    chance.shuffle(order)
    ids, recruiters, sizes, levels = ([column[i] for i in order] for column in columns)
    shuffled: Any = (ids, recruiters, sizes, levels)
    ours, theirs = (diagnose(Evidence(sample_of(each), "x")) for each in (columns, shuffled))
    assert [str(notice) for notice in ours.notices] == [str(notice) for notice in theirs.notices]
    assert _near(rounded(ours.figures), rounded(theirs.figures))


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_near(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_near, one, other))
    if isinstance(one, str):  # ``rounded`` leaves floats as text
        return float(one) == pytest.approx(float(other), rel=1e-9, abs=1e-9)
    return bool(one == other)


@settings(deadline=None)
@given(columns=forests())
def test_every_notice_names_its_facts_in_words_that_accuse_nobody(columns: Columns) -> None:
    for notice in cautions_of(Evidence(sample_of(columns), "x", population_size=50)):
        assert notice.text.endswith(".")
        assert not {"nan", "inf", "None"} & set(notice.text.split())
        json.dumps(dict(notice.facts), allow_nan=False)
        assert not {"fraud", "lied", "cheat", "suspicious"} & set(notice.text.lower().split())
