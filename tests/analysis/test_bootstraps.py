"""What every bootstrap keeps to, and what each of them draws."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.arrays import FloatArray, IntArray
from analysis.bootstraps import BOOTSTRAPS, bootstrap
from analysis.counts import Counts, Frame, frame
from analysis.errors import SampleError
from analysis.estimators import ESTIMATORS
from analysis.sample import Sample, build_sample
from tests.analysis.datasets import known_datasets

EVERY = pytest.mark.parametrize("name", BOOTSTRAPS)
Person = tuple[int, int | None, str | None]  # recruiter (-1 none), network size, group


@st.composite
def surveys(draw: st.DrawFn) -> list[Person]:
    """Two people or more, the second recruited by the first; both with group and network size."""
    n = draw(st.integers(2, 25))
    sizes, groups = st.none() | st.integers(1, 30), st.sampled_from(["a", "b", "c", None])
    start: list[Person] = [(-1, 3, "a"), (0, 2, "b")]
    rest = [(draw(st.integers(-1, i - 1)), draw(sizes), draw(groups)) for i in range(2, n)]
    return start + rest


def ready(
    people: Sequence[Person], order: Sequence[int] | None = None, *, with_seeds: bool = True
) -> Frame:
    """A sample for its groups, its rows in that order."""
    rows = range(len(people)) if order is None else order
    sample = build_sample(
        [f"p{i}" for i in rows],
        [None if people[i][0] < 0 else f"p{people[i][0]}" for i in rows],
        network_size=[people[i][1] for i in rows],
        traits={"x": [people[i][2] for i in rows]},
    )
    return frame(sample, sample.trait("x"), with_seeds=with_seeds)


def drawn(name: str, ready: Frame, replicates: int = 20, seed: int = 1) -> Counts:
    """All replicates at once."""
    size = 10.0 * len(ready)
    parts = list(
        BOOTSTRAPS[name].resample(
            ready, replicates, np.random.default_rng(seed), population_size=size
        )
    )
    return Counts(
        degree=ready.degree,
        people=np.concatenate([part.people for part in parts]),
        recruits=np.concatenate([part.recruits for part in parts]),
    )


def own(trait: str) -> tuple[Sample, Frame]:
    sample = known_datasets()[0].sample()
    return sample, frame(sample, sample.trait(trait))


def z_scores(values: IntArray | FloatArray, expected: IntArray | FloatArray) -> FloatArray:
    """How many of its standard errors the mean over replicates is off, cell by cell."""
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    off: FloatArray = np.abs(values.mean(axis=0) - expected)
    unmoved = np.where(off > 1e-9, np.inf, 0.0)
    z: FloatArray = np.divide(off, error, out=unmoved, where=error > 0)
    return z


@EVERY
@given(surveys(), st.integers(0, 2**32))
@settings(max_examples=30)
def test_the_same_seed_gives_the_same_replicates(
    name: str, people: list[Person], seed: int
) -> None:
    first, second = (drawn(name, ready(people), seed=seed) for _ in range(2))
    assert (first.people == second.people).all()
    assert (first.recruits == second.recruits).all()


@EVERY
def test_another_seed_gives_other_replicates(name: str) -> None:
    _, sample = own("t2")
    first, second = (drawn(name, sample, seed=seed) for seed in (1, 2))
    assert (first.people != second.people).any()


@EVERY
@given(surveys(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_rows_changes_no_replicate(
    name: str, people: list[Person], chance: Random
) -> None:
    order = list(range(len(people)))
    chance.shuffle(order)
    first, second = drawn(name, ready(people)), drawn(name, ready(people, order))
    assert (first.people == second.people).all()
    assert (first.recruits == second.recruits).all()


@EVERY
@given(surveys(), st.permutations(["a", "b", "c"]))
@settings(max_examples=40)
def test_the_names_of_groups_change_no_replicate(
    name: str, people: list[Person], names: list[str]
) -> None:
    groups = [group for _, _, group in people if group]
    assume(len({groups.count(level) for level in set(groups)}) == len(set(groups)))
    new: dict[str | None, str | None] = dict(zip("abc", names, strict=True)) | {None: None}
    before = ready(people)
    after = ready([(by, size, new[group]) for by, size, group in people])
    back = [after.levels.index(new[level] or "") for level in before.levels]
    first, second = drawn(name, before), drawn(name, after)
    assert (first.people == second.people[..., [*back, -1]]).all()
    assert (first.recruits == second.recruits[:, back][:, :, back]).all()


@EVERY
def test_neither_rows_nor_names_matter_where_much_is_alike(name: str) -> None:
    """Three hundred people of whom hundreds are equal in all that is known of them."""
    random = np.random.default_rng(7)
    people: list[Person] = [(-1, 2, "a"), (0, 2, "b")]
    for i in range(2, 300):
        by = int(random.integers(0, i)) if i % 10 else -1
        people.append((by, int(random.integers(1, 3)), "a" if random.random() < 0.6 else "b"))
    swapped = [(by, size, {"a": "b", "b": "a"}[group or ""]) for by, size, group in people]
    order = random.permutation(len(people)).tolist()
    first, second = drawn(name, ready(people)), drawn(name, ready(swapped, order))
    assert (first.people[..., :2] == second.people[..., [1, 0]]).all()
    assert (first.recruits == second.recruits[:, ::-1, ::-1]).all()


@EVERY
@given(surveys(), st.booleans())
@settings(max_examples=40)
def test_only_what_the_sample_has_is_drawn(
    name: str, people: list[Person], with_seeds: bool
) -> None:
    sample = ready(people, with_seeds=with_seeds)
    counts = drawn(name, sample)
    assert len(counts.people) == len(counts.recruits) == 20
    assert (counts.people >= 0).all()
    assert (counts.recruits >= 0).all()
    assert not counts.people[:, sample.counts.people[0] == 0].any()


@EVERY
def test_groups_and_network_sizes_that_nobody_knows_are_no_obstacle(name: str) -> None:
    people: list[Person] = [(-1, 2, "a"), (0, None, "b"), (0, 3, None), (1, 4, "a"), (3, 4, "b")]
    counts = drawn(name, ready(people))
    assert counts.people.sum() > 0
    assert counts.recruits.sum() > 0


@EVERY
def test_one_group_is_no_obstacle(name: str) -> None:
    counts = drawn(name, ready([(-1, 2, "a"), (0, 1, "a"), (1, 2, "a")]))
    shares = ESTIMATORS["rds_ii"].shares(counts, None)
    assert shares[~np.isnan(shares)] == pytest.approx(1.0)


@EVERY
@pytest.mark.parametrize(
    ("people", "code"),
    [
        ([], {"no_recruits", "no_participants"}),
        ([(-1, 2, "a")], {"no_recruits"}),
        ([(-1, 2, "a"), (-1, 2, "b")], {"no_recruits"}),
    ],
)
def test_a_sample_without_recruits_is_refused_or_only_its_seeds_are_drawn(
    name: str, people: list[Person], code: set[str]
) -> None:
    if name == "tree" and people:
        assert (drawn(name, ready(people)).of_group.sum(axis=1) == len(people)).all()
        return
    with pytest.raises(SampleError) as refusal:
        drawn(name, ready(people))
    assert refusal.value.code in code


@pytest.mark.parametrize("name", ["salganik", "gile"])
def test_a_bootstrap_of_groups_needs_a_recruitment_between_known_groups(name: str) -> None:
    with pytest.raises(SampleError) as refusal:
        drawn(name, ready([(-1, 2, "a"), (0, 2, None), (1, 2, "b")]))
    assert refusal.value.code == "no_recruits"


@pytest.mark.parametrize(
    ("size", "code"), [(None, "no_population_size"), (2.0, "population_too_small")]
)
def test_gile_needs_a_population_that_holds_the_sample(size: float | None, code: str) -> None:
    sample = ready([(-1, 2, "a"), (0, 2, "b"), (0, 2, "b")])
    with pytest.raises(SampleError) as refusal:
        list(BOOTSTRAPS["gile"].resample(sample, 5, np.random.default_rng(1), population_size=size))
    assert refusal.value.code == code


@EVERY
def test_chunks_are_all_that_a_small_memory_changes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = own("t2")[1]
    standard_errors = []
    for draws in (1 << 12, 1 << 18):
        monkeypatch.setattr(bootstrap, "DRAWS_AT_ONCE", draws)
        shares = ESTIMATORS["rds_ii"].shares(drawn(name, sample, 1_000), None)
        assert shares.shape == (1_000, 2)
        standard_errors.append(shares.std(axis=0, ddof=1))
    assert standard_errors[0] == pytest.approx(standard_errors[1], rel=0.15)


@EVERY
def test_tables_of_many_network_sizes_are_not_all_held_at_once(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = own("t2")[1]
    monkeypatch.setattr(bootstrap, "DRAWS_AT_ONCE", 5 * len(sample))
    monkeypatch.setattr(bootstrap, "CELLS_AT_ONCE", 5 * sample.counts.people.size)
    draw = BOOTSTRAPS[name].resample(sample, 20, np.random.default_rng(1), population_size=5_000)
    tables = [len(counts.people) for counts in draw]
    assert sum(tables) == 20
    assert max(tables) <= 10


def test_the_tree_draws_each_person_and_each_recruitment_once_on_average() -> None:
    _, found = own("t3")
    counts = drawn("tree", found, 4_000)
    assert z_scores(counts.people, found.counts.people[0]).max() < 5
    assert z_scores(counts.recruits, found.counts.recruits[0]).max() < 5
    assert counts.of_group.sum(axis=1).std() > 0
    assert counts.recruits.sum(axis=(1, 2)).std() > 0


def test_the_neighbourhood_draws_each_person_as_often_as_she_has_neighbours() -> None:
    sample, found = own("t3")
    counts = drawn("neighbourhood", found, 4_000)
    neighbours = sample.forest.recruits + (sample.recruiter >= 0)
    draws = round(len(sample) / neighbours.mean())
    cells = np.bincount(found.people_cell, neighbours, minlength=counts.people[0].size).reshape(
        counts.people[0].shape
    )
    assert z_scores(counts.people, cells * draws / len(sample)).max() < 5
    each = 2 * found.counts.recruits[0] * draws / len(sample)
    assert z_scores(counts.recruits, each).max() < 5


def test_salganiks_chain_has_n_people_and_goes_by_the_transition_between_groups() -> None:
    _, found = own("t3")
    counts = drawn("salganik", found, 2_000)
    assert (counts.of_group.sum(axis=1) == len(found)).all()
    assert (counts.recruits.sum(axis=(1, 2)) == len(found) - 1).all()
    pooled = counts.recruits.sum(axis=0)
    went = pooled / pooled.sum(axis=1, keepdims=True)
    sample = found.counts.recruits[0]
    expected = sample / sample.sum(axis=1, keepdims=True)
    error = np.sqrt(expected * (1 - expected) / pooled.sum(axis=1, keepdims=True))
    assert (np.abs(went - expected) / error).max() < 5


@pytest.mark.parametrize("trait", ["t2", "t3"])
def test_the_mean_of_salganiks_replicates_lies_on_the_estimate_of_rds_i(trait: str) -> None:
    _, found = own(trait)
    rds_i = ESTIMATORS["rds_i"].shares
    made = rds_i(drawn("salganik", found, 4_000), None)
    off = (made.mean(axis=0) - rds_i(found.counts, None)[0]) / made.std(axis=0, ddof=1)
    assert np.abs(off).max() < 0.1


def test_salganik_draws_uniformly_not_by_network_size() -> None:
    people: list[Person] = [(-1, 5, "a")]
    people += [(0, size, "a") for size in [1] * 20 + [19] * 20]
    counts = drawn("salganik", ready(people), 2_000)
    small, _, large = counts.of_degree.sum(axis=0)
    assert small / (small + large) == pytest.approx(0.5, abs=0.01)


def test_salganik_begins_anew_after_a_group_that_recruited_nobody() -> None:
    sample = ready([(-1, 2, "a"), (0, 2, "b"), (0, 2, "b"), (0, 2, "b")])
    counts = drawn("salganik", sample, 500)
    assert (counts.of_group.sum(axis=1) == 4).all()
    assert not counts.recruits[:, :, 0].any()
    assert not counts.recruits[:, 1].any()
    # a, then b; or b, and a first person again
    assert (counts.recruits[:, 0, 1] <= counts.of_group[:, 0]).all()
    assert (counts.recruits[:, 0, 1] >= counts.of_group[:, 0] - 1).all()


@given(surveys(), st.booleans())
@settings(max_examples=40)
def test_gile_enrols_as_many_seeds_and_people_as_there_are(
    people: list[Person], with_seeds: bool
) -> None:
    sample = ready(people, with_seeds=with_seeds)
    known = [(by, size, group) for by, size, group in people if size and group]
    seeds = max(1, sum(by < 0 for by, _, _ in known))
    counts = drawn("gile", sample)
    assert (counts.recruits.sum(axis=(1, 2)) == len(known) - seeds).all()
    counted = len(known) if with_seeds else len(known) - seeds
    assert (counts.people.sum(axis=(1, 2)) == counted).all()
    assert (counts.placed.sum(axis=(1, 2)) == counted).all()


def test_giles_surveys_find_about_what_the_population_was_made_of() -> None:
    _, found = own("t3")
    shares = ESTIMATORS["gile_ss"].shares
    made = shares(drawn("gile", found, 1_000), 5_000.0)
    off = made.mean(axis=0) - shares(found.counts, 5_000.0)[0]
    assert np.abs(off / made.std(axis=0, ddof=1)).max() < 0.3


def test_gile_uses_up_a_population_no_larger_than_the_sample() -> None:
    people: list[Person] = [(-1, 2, "a"), (0, 1, "b"), (0, 3, "a"), (2, 1, "b"), (3, 2, "b")]
    sample = ready(people)
    [counts] = BOOTSTRAPS["gile"].resample(
        sample, 20, np.random.default_rng(1), population_size=5.0
    )
    assert (counts.people == sample.counts.people).all()
