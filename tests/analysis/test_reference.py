"""The summary's figures equal R's, on every data set there is."""

import json
from typing import Any

import pytest

from analysis.forest import chains, mean_recruits_by_wave
from analysis.report import summarise
from tests.analysis.datasets import BESIDE, Known, known_datasets

EXACTLY = pytest.approx
DATASETS = pytest.mark.parametrize("known", known_datasets(), ids=str)
TRAITS = pytest.mark.parametrize(
    ("known", "trait", "figures"),
    [
        pytest.param(known, trait, figures, id=f"{known}-{trait}")
        for known in known_datasets()
        for trait, figures in known.traits()
    ],
)


def test_our_own_data_is_always_checked_and_the_rest_wherever_it_lies_beside_the_checkout() -> None:
    names = {str(known) for known in known_datasets()}
    assert {"forest_500.csv", "forest_500_coupons.csv"} <= names
    assert len(names) == (8 if BESIDE.exists() else 2)


@DATASETS
def test_the_structure_of_the_forest_is_the_reference(known: Known) -> None:
    sample, expected = known.sample(), known.figures["structure"]
    forest = sample.forest
    found = chains(forest)
    names = [sample.ids[i] for i in found.seed.tolist()]

    assert len(sample) == known.figures["n"]
    assert len(forest.seeds) == expected["n_seeds"]
    assert forest.max_wave == expected["n_waves_max"]
    assert forest.wave_counts.tolist() == list(expected["wave_counts"].values())
    assert dict(zip(names, found.size.tolist(), strict=True)) == expected["chain_sizes"]
    assert dict(zip(names, found.depth.tolist(), strict=True)) == expected["chain_depths"]
    assert _histogram(forest.recruits.tolist()) == expected["recruits_per_person"]
    assert mean_recruits_by_wave(forest) == EXACTLY(
        list(expected["mean_recruits_by_wave"].values())
    )


@TRAITS
def test_the_summary_is_the_reference(known: Known, trait: str, figures: dict[str, Any]) -> None:
    sample, structure = known.sample(), known.figures["structure"]
    summary: dict[str, Any] = summarise(sample, trait, missing_degree="maximum")
    levels = figures["levels"]

    assert summary["participants"] == known.figures["n"]
    assert summary["seeds"] == structure["n_seeds"]
    assert summary["chains"] == sorted(structure["chain_sizes"].values(), reverse=True)
    assert summary["max_wave"] == structure["n_waves_max"]
    assert summary["wave_counts"] == list(structure["wave_counts"].values())
    assert summary["recruits_per_recruiter"] == EXACTLY(structure["mean_recruits_of_recruiters"])
    assert summary["recruiters"] / summary["participants"] == EXACTLY(structure["share_recruiting"])
    for ours, theirs in (("missing", "n_missing_or_zero"), ("min",) * 2, ("max",) * 2):
        assert summary["network_size"][ours] == structure["degree"][theirs]
    for name in ("mean", "harmonic_mean"):
        assert summary["network_size"][name] == EXACTLY(structure["degree"][name], rel=1e-12)

    assert summary["levels"] == levels
    assert summary["missing"] == figures["n_missing"]
    assert _each(summary["composition"], "n") == figures["n_by_level"]
    assert _each(summary["composition"], "share") == EXACTLY(figures["composition"], rel=1e-12)
    assert _rows(summary["recruitment_matrix"]) == figures["recruitment_counts"]
    assert summary["homophily"]["overall"] == EXACTLY(figures["recruitment_homophily"], rel=1e-12)
    assert summary["differential_activity"] == EXACTLY(
        figures["differential_activity_rds_ii"], rel=1e-9
    )
    if all(map(sum, figures["recruitment_counts"])):
        homophily = [summary["homophily"][level] for level in levels]
        assert homophily == EXACTLY(figures["heckathorn_h"], abs=1e-9)
        for name in ("rds_i", "rds_ii"):
            assert _each(summary["estimates"][name], "estimate") == EXACTLY(figures[name], abs=1e-9)
    for level, theirs in zip(levels, figures["share_by_wave"], strict=True):
        assert summary["share_by_wave"][level] == [
            None if share is None else EXACTLY(share, rel=1e-12) for share in theirs.values()
        ]


@TRAITS
def test_transition_and_equilibrium_are_the_reference_or_null_where_r_makes_a_row_up(
    known: Known, trait: str, figures: dict[str, Any]
) -> None:
    summary: dict[str, Any] = summarise(known.sample(), trait)
    counts = figures["recruitment_counts"]
    for found, expected, row in zip(
        _rows(summary["transition"]), figures["transition"], counts, strict=True
    ):
        assert found == (EXACTLY(expected, rel=1e-12) if sum(row) else [None] * len(row))
    if all(map(sum, counts)):
        assert list(summary["equilibrium"].values()) == EXACTLY(figures["equilibrium"], rel=1e-9)
    else:
        assert summary["equilibrium"] is None
        assert any("recruited nobody, so" in warning for warning in summary["warnings"])


@TRAITS
def test_the_summary_is_strict_json(known: Known, trait: str, figures: dict[str, Any]) -> None:
    json.dumps(summarise(known.sample(), trait), allow_nan=False)


def _histogram(values: list[int]) -> dict[str, int]:
    return {str(value): values.count(value) for value in sorted(set(values))}


def _each(by_level: dict[str, dict[str, float]], key: str) -> dict[str, float]:
    return {level: figures[key] for level, figures in by_level.items()}


def _rows(square: dict[str, dict[str, float]]) -> list[list[float]]:
    return [list(row.values()) for row in square.values()]
