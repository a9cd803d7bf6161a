"""The cascade: nobody gets further than she came, and coupons become people one for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.arrays import BoolArray
from analysis.coupons.cascade import PEOPLE_STEPS, Cascade, cascade
from analysis.errors import SampleError
from analysis.reach import wilson


def cascade_of(
    people: list[tuple[int, int]],
    *,
    out: int = 0,
    **changes: BoolArray,
) -> Cascade:
    """Of people by level and the last step they passed; ``out`` coupons more were not redeemed."""
    person = np.array([level for level, _ in people], dtype=int)
    got_to = np.array([step for _, step in people], dtype=int)
    steps = {name: got_to >= i for i, name in enumerate(PEOPLE_STEPS) if i}
    return cascade(
        levels=("f", "m"),
        holder=np.zeros(len(people) + out, dtype=int),
        redeemed=np.arange(len(people) + out) < len(people),
        person=person,
        **(steps | changes),
    )


@given(st.lists(st.tuples(st.integers(-1, 1), st.integers(0, 5))), st.integers(0, 5))
def test_each_step_is_a_part_of_the_one_before(people: list[tuple[int, int]], out: int) -> None:
    found = cascade_of(people, out=out)
    for steps in (found.coupons, found.people):
        assert (np.diff(steps.n, axis=1) <= 0).all()
        assert (np.diff(steps.total) <= 0).all()
        shares = steps.of_previous[~np.isnan(steps.of_previous)]
        assert ((shares >= 0) & (shares <= 1)).all()
    assert found.coupons.total[-1] == found.people.total[0] == len(people)
    assert found.people.missing[0] == sum(level < 0 for level, _ in people)


def test_shares_are_of_those_of_the_same_level() -> None:
    people = cascade_of([(0, 5), (0, 1), (0, 0), (1, 3), (1, 2)]).people
    assert people.n.tolist() == [[3, 2, 1, 1, 1, 1], [2, 2, 2, 1, 0, 0]]
    assert people.of_previous[0].tolist()[1:3] == [pytest.approx(2 / 3), 0.5]
    assert people.of_first[1].tolist() == [1, 1, 1, 0.5, 0, 0]
    assert np.isnan(people.of_previous[:, 0]).all()
    assert np.isnan(people.of_previous[1, 5])


def test_intervals_are_wilsons() -> None:
    people = cascade_of([(0, 5)] * 3 + [(0, 0)] * 7).people
    low, high = wilson(np.array([3]), np.array([10]))
    assert people.interval_of_previous[0][0, 1] == low[0]
    assert people.interval_of_first[1][0, 5] == high[0]


def test_a_step_cannot_be_skipped() -> None:
    with pytest.raises(SampleError, match="'consented'") as refused:
        cascade_of([(0, 5), (1, 0)], eligible=np.array([False, False]))
    assert refused.value.code == "step_skipped"


def test_nobody_comes_but_with_a_coupon() -> None:
    nobody = np.zeros(1, dtype=bool)
    steps = dict.fromkeys(PEOPLE_STEPS[1:], nobody)
    with pytest.raises(SampleError) as refused:
        cascade(levels=("f",), holder=np.array([0]), redeemed=nobody, person=np.array([0]), **steps)
    assert refused.value.code == "came_without_coupon"


def test_columns_of_unequal_length_and_levels_out_of_range_are_refused() -> None:
    with pytest.raises(SampleError) as refused:
        cascade_of([(0, 5)], recruited=np.zeros(2, dtype=bool))
    assert refused.value.code == "unequal_columns"
    with pytest.raises(SampleError) as refused:
        cascade_of([(2, 5)])
    assert refused.value.code == "unknown_level"
