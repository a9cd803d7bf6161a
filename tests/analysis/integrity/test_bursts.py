"""A site's rhythm: its weekdays, its hours, its growth."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.arrays import IntArray
from analysis.integrity import Records
from analysis.integrity.bursts import bursts, busy_days
from tests.analysis.integrity.desks import MONDAY, honest

RECORDS = honest(3_000, seed=1)


def one_site(day: IntArray, minute: IntArray) -> Records:
    """Redemptions of one site, by the number of the day and the minute of it."""
    r = RECORDS.redemptions
    at = (MONDAY + day).astype("datetime64[m]") + minute.astype("timedelta64[m]")
    columns = {name: column[: len(day)] for name, column in vars(r).items()}
    first = type(r)(**columns | {"at": at, "site": np.zeros(len(day), dtype=np.int64)})
    return replace(RECORDS, redemptions=first)


def test_a_market_day_each_week_is_no_surprise() -> None:
    day = np.concatenate([np.repeat(np.arange(140), 2), np.repeat(np.arange(4, 140, 7), 10)])
    assert busy_days(one_site(day, 540 + np.arange(len(day)) % 400)) == ()


def test_one_such_day_alone_is() -> None:
    day = np.concatenate([np.repeat(np.arange(140), 2), np.full(10, 60)])
    (found,) = busy_days(one_site(day, 540 + np.arange(len(day)) % 400))

    assert (found.observed, found.of) == (12, 68)
    # 29 days around it; its weekday has 50 of all 290, its five others 40 each.
    weights = dict.fromkeys(range(7), 40) | {60 % 7: 50}
    around = sum(weights[each % 7] for each in range(46, 75))
    assert found.expected == pytest.approx(68 * 50 / around)


def test_the_share_of_a_half_hour_is_that_of_other_such_days() -> None:
    # On eighteen Mondays one at nine and one at noon; then a Monday with six around nine and one at noon.
    mondays = np.arange(0, 126, 7)
    day = np.concatenate([np.repeat(mondays, 2), np.full(7, 126)])
    minute = np.concatenate([np.tile([540, 720], 18), 540 + 2 * np.arange(6), [720]])
    records = one_site(day, minute)

    # The share of nine o'clock is (18 + 1) / (36 + 2), half: six of seven are then no surprise.
    assert bursts(records) == ()
    late = one_site(day, np.where(day == 126, minute + 60, minute))
    (found,) = bursts(late)

    assert str(found.subject.start) == "2026-07-06 10:00:00"
    assert (found.observed, found.of) == (6, 7)
    assert found.expected == pytest.approx(1 + 6 * 1 / 38)


def test_a_crowded_site_is_scanned_at_the_price_of_all_its_starts() -> None:
    random = np.random.default_rng(12)
    day = np.repeat(np.arange(60), 40)
    shown = sum(bool(bursts(one_site(day, random.integers(540, 1020, 2_400)))) for _ in range(40))
    assert shown <= 2


def test_a_site_without_enough_other_days_is_not_judged() -> None:
    day = np.repeat(np.arange(0, 28, 7), 3)
    assert bursts(one_site(day, 540 + np.arange(12) % 3)) == ()


def test_where_days_scatter_by_nature_a_full_one_is_no_surprise() -> None:
    random = np.random.default_rng(3)
    shown = 0
    for _ in range(10):
        counts = random.poisson(random.gamma(2.0, 5.0, 150))
        day = np.repeat(np.arange(150), counts)
        shown += len(busy_days(one_site(day, random.integers(540, 1020, len(day)))))
    assert shown <= 2
