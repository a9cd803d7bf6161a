"""No split that is withheld can be worked out from the totals and the splits beside it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.disclosure import THRESHOLD
from analysis.reach import Tally
from analysis.splits import Splits, periods, split

PARTS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=8
)


def splits_of(parts: list[tuple[int, int, int]]) -> Splits:
    women, others, unknown = (np.array(column) for column in zip(*parts, strict=True))
    names = tuple(str(i) for i in range(len(parts)))
    return split(
        Tally(names, ("female", "male"), np.stack([women, others], axis=1), unknown), "female"
    )


@given(PARTS)
def test_no_split_with_a_small_part_and_no_small_group_is_shown(
    parts: list[tuple[int, int, int]],
) -> None:
    shown = splits_of(parts)
    assert (shown.n[shown.is_split] >= THRESHOLD).all()
    assert ((shown.of - shown.n)[shown.is_split] >= THRESHOLD).all()
    assert (shown.people[shown.is_counted] >= THRESHOLD).all()
    assert not (shown.is_split & ~shown.is_counted).any()


@given(PARTS)
def test_a_withheld_split_does_not_follow_from_the_totals_even_of_every_group(
    parts: list[tuple[int, int, int]],
) -> None:
    shown = splits_of(parts)
    women, others = int(shown.n.sum()), int((shown.of - shown.n).sum())
    if women < THRESHOLD or others < THRESHOLD:  # then the page withholds these totals too
        assert not shown.is_split.any()
        return
    hidden = ~shown.is_split
    women -= int(shown.n[shown.is_split].sum())
    others -= int((shown.of - shown.n)[shown.is_split].sum())
    for of in shown.of[hidden].tolist():
        least, most = max(0, of - others), min(of, women)
        assert most - least >= min(of, THRESHOLD)


@given(PARTS)
def test_a_withheld_group_does_not_follow_from_the_number_of_all_people(
    parts: list[tuple[int, int, int]],
) -> None:
    shown = splits_of(parts)
    hidden = shown.people[~shown.is_counted]
    if shown.people.sum() >= THRESHOLD and len(hidden):
        assert len(hidden) >= 2
        assert hidden.sum() >= THRESHOLD


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40))
def test_no_period_of_a_running_total_gives_back_fewer_than_five(
    weeks: list[tuple[int, int]],
) -> None:
    parts = np.array(weeks)
    ends = periods(parts)
    totals = np.vstack([[0, 0], parts.cumsum(axis=0)[ends]])
    assert (np.diff(totals, axis=0) >= THRESHOLD).all()
    if len(ends):
        assert ends[-1] == len(weeks) - 1


def test_groups_that_are_all_large_are_all_shown() -> None:
    assert splits_of([(5, 5, 0), (30, 9, 2)]).is_split.all()
