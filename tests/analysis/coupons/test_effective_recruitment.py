"""R̂: by hand, where all is known, and against a truth that half of the coupons hide."""

import numpy as np
import pytest

from analysis.coupons.effective_recruitment import effective_recruitment, weeks_of_issue
from tests.analysis.coupons.histories import history_of


def test_where_all_has_matured_it_is_recruits_a_holder() -> None:
    history = history_of(
        age=[60] * 6, back_after=[3, 9, None, 4, None, None], holder=[0, 0, 0, 1, 1, 1], people=2
    )
    found = effective_recruitment(history)
    assert found.number.tolist() == [1.5]
    # By hand: residuals ±0.5, se² = 2/1 · 0.5 / 2² = 0.25, so 1.5 exp(1.96 · 0.5 / 1.5).
    assert found.high[0] == pytest.approx(1.5 * np.exp(1.959964 * 0.5 / 1.5))
    assert found.low[0] == pytest.approx(1.5 / np.exp(1.959964 * 0.5 / 1.5))


def test_a_holder_half_of_whose_time_has_passed_counts_as_half() -> None:
    # Of the old coupons one came on day 5 and one on day 15; the new one is 8 days old, and out.
    history = history_of(age=[60, 60, 8], back_after=[5, 15, None], holder=[0, 1, 2], people=3)
    found = effective_recruitment(history)
    # By hand: F(5) = 1/3, then 2/2 of the rest by day 15; G(8) = 1/3.
    assert found.ripe == pytest.approx([2 + 1 / 3])
    assert found.number == pytest.approx([2 / (2 + 1 / 3)])


def test_coupons_out_for_no_time_change_nothing() -> None:
    one = history_of(age=[60, 60], back_after=[5, None], holder=[0, 1], people=9)
    two = history_of(age=[60, 60, 0], back_after=[5, None, None], holder=[0, 1, 2], people=9)
    assert effective_recruitment(one).number == effective_recruitment(two).number


def test_it_is_not_known_while_no_coupon_has_had_its_time() -> None:
    found = effective_recruitment(history_of(age=[9, 9], back_after=[3, None], holder=[0, 0]))
    assert np.isnan(found.number).all()


def test_a_holder_who_is_not_in_the_sample_is_counted_apart() -> None:
    found = effective_recruitment(history_of(age=[60, 60], back_after=[3, 4], holder=[0, -1]))
    assert (found.unheld, found.redeemed.tolist()) == (1, [1])


def test_groups_and_weeks_are_told_apart() -> None:
    history = history_of(age=[60, 60, 46], back_after=[3, None, None], holder=[0, 1, 1], people=2)
    week, weeks = weeks_of_issue(history)
    assert (week.tolist(), len(weeks)) == ([0, 0, 1], 2)
    found = effective_recruitment(history, week, weeks)
    assert found.number.tolist() == [0.5, 0.0]
    assert np.isnan(found.low[1])


def test_it_finds_the_truth_that_coupons_still_out_hide() -> None:
    random = np.random.default_rng(1)
    holders = 20_000
    age = np.repeat(random.integers(0, 60, holders), 3)
    comes = random.random(len(age)) < 0.4
    day = random.integers(1, 31, len(age))
    back = [int(d) if c and d <= a else None for d, c, a in zip(day, comes, age, strict=True)]
    history = history_of(
        age=age.tolist(),
        back_after=back,
        holder=np.repeat(np.arange(holders), 3).tolist(),
        people=holders,
    )
    found = effective_recruitment(history)
    so_far = np.count_nonzero(history.redeemed) / holders
    assert so_far < 1.0
    assert found.number[0] == pytest.approx(1.2, abs=0.03)
    assert found.low[0] < 1.2 < found.high[0]
