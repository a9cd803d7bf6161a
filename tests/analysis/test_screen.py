"""What ``pdi analyse`` prints: every figure that tells how far the others can be trusted, legibly."""

from typing import Any

import pytest

from analysis.estimate import Wanted
from analysis.report import summarise
from analysis.sample import build_sample
from analysis.screen import WIDTH, render
from analysis.simulate import simulate


def section(text: str, title: str) -> list[str]:
    """The lines of the part that begins with a title."""
    (part,) = [part for part in text.split("\n\n") if part.startswith(title)]
    return part.splitlines()


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return summarise(
        simulate(600, seed=3),
        "sex",
        wanted=Wanted(population_size=9_000, bootstrap="recommended", replicates=40, seed=1),
    )


def test_homophily_activity_waves_and_chains_are_told_by_group(figures: dict[str, Any]) -> None:
    lines = section(render(figures), "How well the assumptions hold, by sex")
    found = figures["diagnostics"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:4]}
    for level in figures["levels"]:
        told = rows[level]
        heckathorn = found["homophily"]["heckathorn"][level]
        assert float(told[0]) == pytest.approx(heckathorn, abs=0.0051)
        assert told[0] == f"{figures['homophily'][level]:.2f}"
        assert float(told[4]) == pytest.approx(found["differential_activity"][level], abs=0.0051)
        assert int(told[5]) == found["waves_to_equilibrium"][level]
        assert told[7] in ("yes", "no", "–")
    text = "\n".join(lines)
    assert f"as in R's RDS): {figures['differential_activity']:.2f}" in text
    assert ("RDS-II has come to rest" in text) is found["settled"]["is_settled"]


def test_columns_stand_under_their_headings(figures: dict[str, Any]) -> None:
    heading, *rows = section(render(figures), "How well the assumptions hold")[1:4]
    assert {len(row) for row in rows} == {len(heading)}


def test_each_interval_is_told_with_how_it_was_made_once(figures: dict[str, Any]) -> None:
    lines = section(render(figures), "Estimates of the population by sex")
    row = next(line for line in lines if line.split()[0] == "rds_ii")
    its = figures["estimates"]["rds_ii"]["female"]
    assert f"{100 * its['estimate']:.1f} %" in row
    assert f"({100 * its['low']:.1f}–{100 * its['high']:.1f} %)" in row
    how = " ".join(line.strip() for line in lines if line.startswith(("  - ", "    ")))
    assert how.count("forest bootstrap, 40 replicates") == 1
    assert all(name in how for name in figures["intervals"]["methods"])


def test_replicates_that_were_lost_are_told(figures: dict[str, Any]) -> None:
    methods = figures["intervals"]["methods"]
    lossy = {**methods, "rds_i": {**methods["rds_i"], "lost": 7}}
    told = render({**figures, "intervals": {**figures["intervals"], "methods": lossy}})
    assert "rds_i: 95 % logit interval, forest bootstrap, 40 replicates, 7 lost" in told


def test_every_caution_is_told_and_no_line_of_them_is_too_long(figures: dict[str, Any]) -> None:
    lines = section(render(figures), "Cautions")[1:]
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(" ".join(lines).split()) == " ".join(
        f"- {each}" for each in figures["warnings"]
    )


def test_what_is_not_known_is_a_dash_and_no_made_up_number() -> None:
    ids = [str(i) for i in range(12)]
    sample = build_sample(ids, [""] * 12, traits={"sex": ["f", "m"] * 6})
    lines = section(render(summarise(sample, "sex")), "How well the assumptions hold")
    assert set(lines[2].split()[1:]) == {"–"}
    assert lines[-2] == "Differential activity (as in R's RDS): –"
    assert lines[-1] == "Whether RDS-II has come to rest cannot be told"


def test_without_a_trait_nothing_is_said_of_groups() -> None:
    text = render(summarise(build_sample(["a", "b"], ["", "a"]), None))
    assert "How well the assumptions hold" not in text
    assert "Cautions" in text


def test_a_line_that_still_moves_says_by_how_much() -> None:
    ids = [str(i) for i in range(400)]
    sample = build_sample(
        ids, ["", *ids[:-1]], network_size=[4] * 400, traits={"sex": ["f"] * 250 + ["m"] * 150}
    )
    text = render(summarise(sample, "sex"))
    assert "RDS-II has not come to rest: it moved by 37.5 points while the last half came" in text


def test_an_estimate_that_was_none_for_most_of_the_time_has_not_come_to_rest() -> None:
    ids = [str(i) for i in range(20)]
    sample = build_sample(
        ids,
        ["", *ids[:-1]],
        network_size=[None] * 15 + [4] * 5,
        traits={"sex": ["f", "m"] * 10},
    )
    assert "it could be estimated only lately" in render(summarise(sample, "sex"))
