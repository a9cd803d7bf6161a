"""Recruits of each sex by each sex: by hand, without bias, and what follows from them."""

import numpy as np
import pytest

from analysis.arrays import FloatArray
from analysis.branching import extinction, growth, progeny, unsettled
from analysis.coupons.history import CouponHistory
from analysis.offspring import offspring
from analysis.reproduction import matured_reproduction, reproduction
from analysis.sample import Sample, Trait, build_sample
from tests.analysis.coupons.histories import history_of

SEXES = ("f", "m")


def a_forest(random: np.random.Generator, *, seeds: int = 3_000) -> tuple[Sample, CouponHistory]:
    """Seeds of the last 60 days with three coupons each, and those whom they have brought so far.

    Women bring 1.2 people, of them a half women; men bring 0.6, of them a quarter.
    """
    sex = np.arange(seeds) % 2
    age = random.integers(0, 60, seeds)
    comes = random.random((seeds, 3)) < np.where(sex, 0.2, 0.4)[:, np.newaxis]
    day = random.integers(1, 31, (seeds, 3))
    back = comes & (day <= age[:, np.newaxis])
    parent = np.repeat(np.arange(seeds), back.sum(axis=1))
    woman = random.random(len(parent)) < np.where(sex[parent], 0.25, 0.5)
    sample = build_sample(
        [str(i) for i in range(seeds + len(parent))],
        [""] * seeds + [str(i) for i in parent],
        traits={"sex": [SEXES[s] for s in sex] + [SEXES[1 - w] for w in woman.astype(int)]},
    )
    recruit = np.full(seeds * 3, -1)
    recruit[back.ravel()] = seeds + np.arange(len(parent))
    history = history_of(
        age=np.repeat(age, 3).tolist(),
        back_after=[int(d) if b else None for d, b in zip(day.ravel(), back.ravel(), strict=True)],
        holder=np.repeat(np.arange(seeds), 3).tolist(),
        recruit=recruit.tolist(),
        people=len(sample),
    )
    return sample, history


def of_recruits(
    recruits: list[str], *, by: str = "f", age: int = 60
) -> tuple[Sample, CouponHistory]:
    """One person, and whom her coupons brought on the second day."""
    ids = [str(i) for i in range(len(recruits) + 1)]
    sample = build_sample(
        ids, ["", *["0"] * len(recruits)], traits={"sex": [by, *[sex or None for sex in recruits]]}
    )
    history = history_of(
        age=[age] * len(recruits),
        back_after=[2] * len(recruits),
        holder=[0] * len(recruits),
        recruit=list(range(1, len(ids))),
        people=len(ids),
    )
    return sample, history


def test_it_finds_the_truth_whatever_is_still_out() -> None:
    sample, history = a_forest(np.random.default_rng(1), seeds=20_000)
    sex = sample.trait("sex")
    found = matured_reproduction(sample, history, sex, replicates=500)
    truth = np.array([[0.6, 0.6], [0.15, 0.45]])
    assert found.matrix == pytest.approx(truth, abs=0.03)
    assert ((found.matrix_low < truth) & (truth < found.matrix_high)).all()
    number, composition = growth(truth)
    assert found.number == pytest.approx(float(number), abs=0.03)
    assert found.number_low is not None
    assert found.number_high is not None
    assert found.number_low < number < found.number_high
    assert found.composition == pytest.approx(composition, abs=0.03)
    assert (found.composition_low < found.composition).all()
    so_far = reproduction(sample.recruiter[: 20_000 + 1], Trait(SEXES, sex.codes[:20_001]))
    assert so_far.number is not None
    assert so_far.number < found.number_low


def test_who_has_redeemed_all_is_not_counted_before_who_has_one_coupon_left() -> None:
    sample, history = of_recruits(["f", "f", "f"], age=9)
    found = matured_reproduction(sample, history, sample.trait("sex"))
    assert found.people.tolist() == [0]
    assert found.number is None
    assert found.obstacle == "nobody_matured"


def test_recruits_of_unknown_sex_are_shared_out_as_the_known_ones_are() -> None:
    sample, history = of_recruits(["f", "m", "m", ""])
    found = matured_reproduction(sample, history, sample.trait("sex"))
    assert found.matrix[0].tolist() == [pytest.approx(4 / 3), pytest.approx(8 / 3)]
    table = offspring(sample, history, sample.trait("sex"))
    assert table.recruits[table.people[0] > 0].tolist() == [[1, 2, 1]]


def test_where_no_recruit_is_of_known_sex_the_row_is_not_known() -> None:
    sample, history = of_recruits(["", ""])
    found = matured_reproduction(sample, history, sample.trait("sex"))
    assert np.isnan(found.matrix).all()
    assert (found.number, found.obstacle) == (None, "no_recruits")


def test_recruits_of_unknown_sex_are_told_beside_the_matrix_so_far() -> None:
    found = reproduction(np.array([-1, 0, 0, -1]), Trait.of(["m", "m", None, "f"]))
    assert found.matrix.tolist() == [[0, 0], [0, 0.5]]
    assert found.unknown.tolist() == [0, 0.5]


def test_those_without_coupons_bring_nobody_once_their_time_is_over() -> None:
    days = ["2026-03-01", "2026-03-01", "2026-06-29"]
    sample = build_sample(list("abc"), ["", "", ""], enrolled_on=days, traits={"sex": ["f"] * 3})
    history = history_of(age=[60], back_after=[None], people=3)
    assert offspring(sample, history, sample.trait("sex")).of.tolist() == [2]


def test_levels_renamed_and_people_reordered_change_nothing() -> None:
    sample, history = a_forest(np.random.default_rng(2), seeds=400)
    codes = sample.trait("sex").codes
    one = matured_reproduction(sample, history, Trait(("f", "m"), codes))
    other = matured_reproduction(sample, history, Trait(("a", "b"), 1 - codes))
    assert other.matrix[::-1, ::-1] == pytest.approx(one.matrix)
    assert other.number == pytest.approx(one.number)
    assert other.extinction[::-1] == pytest.approx(one.extinction)


def test_the_same_seed_gives_the_same_interval_and_another_gives_another() -> None:
    sample, history = a_forest(np.random.default_rng(3), seeds=200)
    low = [
        matured_reproduction(sample, history, sample.trait("sex"), seed=seed).number_low
        for seed in (1, 1, 2)
    ]
    assert low[0] == low[1] != low[2]


def test_a_chain_below_one_ends_for_certain_and_its_size_is_the_geometric_sum() -> None:
    matrix = np.array([[0.5, 0.0], [0.25, 0.5]])
    # By hand: a woman's chain is 1 + 1/2 + … = 2; a man's 2 of men and half as many again.
    assert progeny(matrix).tolist() == [2.0, 3.0]
    assert np.isinf(progeny(np.array([[1.2]]))).all()


def two_sexes(q: FloatArray) -> FloatArray:
    """The map of ``outcomes`` below, written out."""
    women, men = q
    return np.array([0.2 + 0.8 * women * men, 0.5 + 0.5 * men**2 * women])


def test_extinction_is_the_smallest_point_that_the_map_leaves_where_it_is() -> None:
    outcomes = np.array([[0, 0], [1, 1], [1, 2]])
    weights = np.array([[0.2, 0.8, 0.0], [0.5, 0.0, 0.5]])
    nobody, mix = np.zeros(3, dtype=int), np.full((2, 2), 0.5)
    found = extinction(outcomes, weights, unknown=nobody, mix=mix)
    assert two_sexes(found) == pytest.approx(found)
    assert (found < 1).all()
    random = np.random.default_rng(4)
    assert found[0] == pytest.approx(share_that_ends(random, weights, outcomes), abs=0.02)


def share_that_ends(random: np.random.Generator, weights: FloatArray, outcomes: object) -> float:
    """Of 4,000 chains from a woman, drawn wave by wave until they end or have 300 people."""
    ended = 0
    for _ in range(4_000):
        women, men = 1, 0
        while 0 < women + men < 300:
            drawn = random.multinomial(women, weights[0]) + random.multinomial(men, weights[1])
            women, men = drawn @ np.asarray(outcomes)
        ended += women + men == 0
    return ended / 4_000


def test_one_recruit_each_for_ever_never_ends() -> None:
    found = extinction(
        np.array([[1]]), np.ones((1, 1)), unknown=np.zeros(1, dtype=int), mix=np.ones((1, 1))
    )
    assert found.tolist() == [0.0]


def test_a_recruit_of_unknown_sex_is_of_one_sex_or_the_other_by_chance() -> None:
    weights = np.array([[0.4, 0.6]])
    known = extinction(np.array([[0], [2]]), weights, unknown=np.array([0, 0]), mix=np.ones((1, 1)))
    unknown = extinction(
        np.array([[0], [1]]), weights, unknown=np.array([0, 1]), mix=np.ones((1, 1))
    )
    assert unknown == pytest.approx(known)


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        ([[0.0, 2.0], [0.5, 0.0]], "periodic"),
        ([[0.7, 0.0], [0.0, 0.7]], "not_unique"),
        ([[0.7, 0.0], [0.1, 0.9]], None),
    ],
)
def test_where_late_waves_depend_on_the_first_it_is_said(
    matrix: list[list[float]], reason: str | None
) -> None:
    assert unsettled(np.array(matrix)) == reason


def test_a_level_at_which_nobodys_time_is_over_is_left_out_of_what_follows() -> None:
    sample, history = of_recruits(["f", "m"], by="f")
    found = matured_reproduction(sample, history, sample.trait("sex"))
    assert found.matrix[0].tolist() == [1, 1]
    assert np.isnan(found.matrix[1]).all()
    assert found.number == 1.0
    assert found.composition[0] == 1.0
    assert np.isnan(found.composition[1])
