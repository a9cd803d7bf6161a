"""What must not matter does not: the order of people, their names, the names of levels."""

import json
import random
from collections.abc import Mapping
from typing import Any

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from analysis.report import summarise
from analysis.sample import Sample, build_sample, to_networkx

Columns = tuple[list[str], list[str], list[int | None], list[str | None]]


@st.composite
def forests(draw: st.DrawFn) -> Columns:
    """Columns of a legal sample: ids, recruiter ids, network sizes, a trait of up to 3 levels."""
    n = draw(st.integers(1, 40))
    ids = [f"p{i}" for i in range(n)]
    recruiters = [draw(st.sampled_from(["", *ids[:i]])) if i else "" for i in range(n)]
    sizes = draw(st.lists(st.none() | st.integers(0, 60), min_size=n, max_size=n))
    levels = st.sampled_from(["a", "b", "c", None])
    return ids, recruiters, sizes, draw(st.lists(levels, min_size=n, max_size=n))


def sample_of(columns: Columns) -> Sample:
    ids, recruiters, sizes, levels = columns
    return build_sample(ids, recruiters, network_size=sizes, traits={"x": levels})


def figures_of(columns: Columns) -> Mapping[str, Any]:
    return summarise(sample_of(columns), "x")


def rounded(value: Any) -> Any:
    """The same with floats cut to 12 digits: sums in another order may differ in the last."""
    return json.loads(json.dumps(value), parse_float=lambda text: f"{float(text):.12g}")


@given(forests(), st.randoms(use_true_random=False))
def test_the_order_of_people_changes_nothing(columns: Columns, chance: random.Random) -> None:
    order = list(range(len(columns[0])))
    chance.shuffle(order)
    ids, recruiters, sizes, levels = ([column[i] for i in order] for column in columns)
    shuffled: Any = (ids, recruiters, sizes, levels)
    assert rounded(figures_of(shuffled)) == rounded(figures_of(columns))


@given(forests())
def test_the_names_of_people_change_nothing(columns: Columns) -> None:
    ids, recruiters, sizes, levels = columns
    new = {person: f"{i * 7919 % 10007:05}-ї" for i, person in enumerate(ids)} | {"": ""}
    renamed: Columns = ([new[i] for i in ids], [new[r] for r in recruiters], sizes, levels)
    assert figures_of(renamed) == figures_of(columns)


@given(forests())
def test_the_names_of_levels_change_nothing_but_the_names(columns: Columns) -> None:
    ids, recruiters, sizes, levels = columns
    new = {"a": "z", "b": "y", "c": "x", None: None}
    ours = figures_of(columns)
    theirs = figures_of((ids, recruiters, sizes, [new[level] for level in levels]))
    for key in ("participants", "chains", "wave_counts", "missing", "network_size"):
        assert theirs[key] == ours[key]
    assert rounded(theirs["homophily"]["overall"]) == rounded(ours["homophily"]["overall"])
    for level, its in ours["composition"].items():
        assert theirs["composition"][new[level]] == its
    for level, row in ours["recruitment_matrix"].items():
        assert {new[to]: n for to, n in row.items()} == theirs["recruitment_matrix"][new[level]]
    if ours["equilibrium"]:
        renamed = {new[level]: share for level, share in ours["equilibrium"].items()}
        assert all(abs(renamed[k] - share) < 1e-9 for k, share in theirs["equilibrium"].items())


@given(forests())
def test_counts_add_up_and_shares_are_shares(columns: Columns) -> None:
    figures = figures_of(columns)
    n = len(columns[0])
    assert sum(figures["chains"]) == sum(figures["wave_counts"]) == n
    assert sum(its["n"] for its in figures["composition"].values()) + figures["missing"] == n
    for its in figures["composition"].values():
        assert 0 <= its["low"] <= its["share"] <= its["high"] <= 1
    if figures["equilibrium"]:
        assert abs(sum(figures["equilibrium"].values()) - 1) < 1e-9
    json.dumps(figures, allow_nan=False)


@given(forests())
def test_waves_and_chains_are_what_networkx_finds(columns: Columns) -> None:
    sample = sample_of(columns)
    graph = to_networkx(sample)
    for seed in sample.forest.seeds.tolist():
        lengths = nx.single_source_shortest_path_length(graph, sample.ids[seed])
        for i, person in enumerate(sample.ids):
            assert (person in lengths) == (sample.forest.seed[i] == seed)
            if person in lengths:
                assert sample.forest.wave[i] == lengths[person] == graph.nodes[person]["wave"]
        assert set(to_networkx(sample, seed=seed)) == set(lengths)
