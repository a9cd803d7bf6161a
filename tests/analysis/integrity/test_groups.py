"""A group beside the rest of its place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.integrity.groups import compare, compare_totals


def test_the_tail_is_that_of_dealing_the_events_out_again() -> None:
    random = np.random.default_rng(5)
    group, stratum = np.repeat([0, 1, 0, 1], [12, 18, 25, 10]), np.repeat([0, 1], [30, 35])
    event = random.random(65) < np.repeat([0.5, 0.2], [30, 35])
    found = compare(event, group, stratum)

    dealt = []
    for _ in range(4_000):
        again = np.concatenate([random.permutation(event[:30]), random.permutation(event[30:])])
        dealt.append(int(again[group == 0].sum()))

    assert found.high[0] == pytest.approx(np.mean(np.array(dealt) >= found.observed[0]), abs=0.03)
    assert found.expected[0] == pytest.approx(np.mean(dealt), abs=0.15)


def test_a_total_scatters_as_its_variance_says() -> None:
    random = np.random.default_rng(6)
    value = random.integers(0, 9, 80).astype(float)
    group, stratum = np.repeat([0, 1], 40), np.zeros(80, dtype=int)
    high = [compare_totals(random.permutation(value), group, stratum).high[0] for _ in range(2_000)]
    assert np.mean(np.array(high) < 0.1) == pytest.approx(0.1, abs=0.025)


@given(st.randoms(use_true_random=False))
def test_the_order_of_members_changes_nothing(chance: object) -> None:
    random = np.random.default_rng(abs(hash(str(chance))) % 2**32)
    n = 60
    event, group = random.random(n) < 0.3, random.integers(-1, 4, n)
    stratum, order = random.integers(0, 3, n), random.permutation(n)
    one = compare(event, group, stratum, least=3)
    other = compare(event[order], group[order], stratum[order], least=3)
    size = len(one.of)
    assert one.high == pytest.approx(other.high[:size], nan_ok=True)
    assert one.observed.tolist() == other.observed[:size].tolist()


def test_a_group_alone_in_its_place_is_not_compared() -> None:
    found = compare(np.ones(40, dtype=bool), np.repeat([0, 1], 20), np.repeat([0, 1], 20))
    assert np.isnan(found.high).all()


def test_places_that_differ_do_not_make_their_groups_differ() -> None:
    # Everyone at the first place is an event, nobody at the second.
    event = np.repeat([True, False], 40)
    found = compare(event, np.tile([0, 1], 40), np.repeat([0, 1], 40))
    assert found.high.tolist() == [1, 1]


def test_where_groups_scatter_by_nature_one_more_is_no_outlier() -> None:
    random = np.random.default_rng(8)
    chance = random.beta(2, 2, 40)
    group = np.repeat(np.arange(40), 40)
    found = compare(random.random(1_600) < chance[group], group, np.zeros(1_600, dtype=int))
    assert np.nanmin(found.spread) > 3
    assert np.nanmin(found.high) > 1e-4


def test_among_colleagues_who_agree_the_one_who_differs_stands_out() -> None:
    random = np.random.default_rng(9)
    group = np.repeat(np.arange(5), 80)
    event = random.random(400) < np.where(group == 2, 0.6, 0.2)
    found = compare(event, group, np.zeros(400, dtype=int))
    assert np.nanargmin(found.high) == 2
    assert found.high[2] < 1e-6
    assert np.delete(np.minimum(found.high, found.low), 2).min() > 1e-3
