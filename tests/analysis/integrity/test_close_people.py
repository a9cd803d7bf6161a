"""Who counts as close, and what is counted, on a few people whose figures can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.arrays import IntArray
from analysis.integrity import KnowledgeTests, People, Records, Redemptions
from analysis.integrity.self_recruitment import same_code, straight_line
from analysis.integrity.trading import close_siblings, siblings_together, side_by_side

MIDNIGHT = np.datetime64("2026-03-02T00:00", "m")


def a_programme(holder: IntArray, minute: IntArray, *, chain_of: IntArray | None = None) -> Records:
    """One site; whose coupon came, and how many minutes into the programme. Holders are seeds."""
    v, seeds = len(holder), int(holder.max()) + 1
    chain = np.arange(seeds) if chain_of is None else chain_of
    recruiter = np.concatenate([np.full(seeds, -1), holder])
    people = People(
        recruiter=recruiter,
        chain=np.concatenate([chain, chain[holder]]),
        has_code=np.ones(seeds + v, dtype=bool),
        same_code=np.empty((0, 2), dtype=np.int64),
    )
    zero, no = np.zeros(v, dtype=np.int64), np.zeros(v, dtype=bool)
    day = np.full(v, MIDNIGHT.astype("datetime64[D]"))
    redemptions = Redemptions(
        at=MIDNIGHT + minute.astype("timedelta64[m]"),
        site=zero,
        issued_at=zero,
        staff=zero,
        person=np.arange(seeds, seeds + v),
        holder=holder,
        first_day=day,
        last_day=day + 200,
        is_late=no,
        is_outside_hours=no,
        is_complete=~no,
        eligible=zero + 1,
        from_stranger=zero - 1,
    )
    tests = KnowledgeTests(zero[:0], zero[:0], np.empty((0, 1), dtype=np.int64), no[:0, np.newaxis])
    return replace(
        Records.empty(),
        sites=1,
        chains=int(chain.max()) + 1,
        role=np.zeros(1, dtype=np.int64),
        people=people,
        redemptions=redemptions,
        tests=tests,
    )


def test_a_coupon_is_close_to_the_one_before_it_of_the_same_person() -> None:
    records = a_programme(np.array([0, 0, 1, 0]), np.array([600, 615, 616, 640]))
    last, is_close = close_siblings(records)

    assert last.tolist() == [False, False, True, True]
    assert is_close.tolist() == [False, True, False, False]


def test_people_of_whom_one_coupon_came_say_nothing_about_coming_together() -> None:
    # Ten people of each chain brought two: at once in the first chain, days apart in the other; and many brought one.
    pairs, ones = np.repeat(np.arange(20), 2), np.arange(20, 90)
    apart = np.repeat(np.arange(20), 2) * 3_000 + np.tile([0, 5], 20)
    apart[20:] += np.tile([0, 1_500], 10)
    records = a_programme(
        np.concatenate([pairs, ones]),
        np.concatenate([apart, 200_000 + ones * 1_440]),
        chain_of=np.repeat([0, 1, 1], [10, 10, 70]),
    )
    (found,) = siblings_together(records)

    assert found.subject.chains == (0,)
    assert (found.observed, found.expected, found.of) == (10, 5, 10)


def test_two_who_keep_the_days_of_a_busy_season_are_measured_by_that_season_alone() -> None:
    # Three days with these two and nobody else; two months later others come, one a day.
    met = np.array([600, 605, 2_040, 2_045, 3_480, 3_485])
    others = np.arange(30) * 1_440 + 100_000
    holder = np.concatenate([np.tile([0, 1], 3), np.arange(2, 32)])
    records = a_programme(holder, np.concatenate([met, others]))
    r = records.redemptions
    short = replace(r, last_day=np.where(r.holder < 2, r.first_day + 5, r.last_day))

    assert [each.subject.holders for each in side_by_side(records)] == [(0, 1)]
    # In the days their coupons could come nobody else came: that says nothing about how people come.
    assert side_by_side(replace(records, redemptions=short)) == ()


@pytest.mark.parametrize(
    ("recruiter", "close"),
    [
        ([-1, 0, 0, 0], 6),  # a mother of three: three with her, three among them
        ([-1, 0, 1, 2], 5),  # a line of four: three steps of one, two of two
        ([-1, 0, 0, 1], 5),  # two of one, and one of the first of them: not the last with its aunt
    ],
)
def test_two_steps_apart_is_close(recruiter: list[int], close: int) -> None:
    n = 40
    alone = np.full(n - 4, -1)
    up = np.concatenate([np.array(recruiter), alone])
    chain = np.concatenate([np.zeros(4, dtype=np.int64), np.arange(1, n - 3)])
    pairs = np.array([[0, 1], [1, 2], [10, 20]])
    people = People(up, chain, np.ones(n, dtype=bool), pairs)
    records = replace(Records.empty(), chains=n - 3, people=people)
    (found,) = same_code(records)

    assert found.subject.chains == (0,)
    assert found.observed == 2
    assert found.expected == pytest.approx(3 * close / (n * (n - 1) / 2))


def test_one_pair_alone_is_never_a_pattern() -> None:
    n = 400
    up = np.concatenate([np.array([-1, 0]), np.full(n - 2, -1)])
    chain = np.concatenate([np.array([0, 0]), np.arange(1, n - 1)])
    people = People(up, chain, np.ones(n, dtype=bool), np.array([[0, 1]]))

    assert same_code(replace(Records.empty(), chains=n - 1, people=people)) == ()


@pytest.mark.parametrize(("each", "is_line"), [(1, True), (3, False)])
def test_a_line_is_of_people_who_bring_one_each(each: int, is_line: bool) -> None:
    # The first chain's coupons all come on their first day, the other's a week later.
    keen, others = np.repeat(np.arange(30), each), np.repeat(np.arange(30, 70), 1)
    minute = np.concatenate([np.full(len(keen), 600), np.full(len(others), 600 + 7 * 1_440)])
    records = a_programme(
        np.concatenate([keen, others]), minute, chain_of=np.repeat([0, 1], [30, 40])
    )

    assert bool(straight_line(records)) == is_line
