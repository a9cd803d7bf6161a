"""Days are those of the calendar where the site is."""

from datetime import UTC, date, datetime

import pytest

from app.core.clock import local_date


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 28, 21, 59, 59, tzinfo=UTC), date(2026, 3, 28)),  # winter time: +2
        (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 20, 59, 59, tzinfo=UTC), date(2026, 3, 29)),  # summer time: +3
        (datetime(2026, 3, 29, 21, 0, tzinfo=UTC), date(2026, 3, 30)),
        (
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            date(2026, 10, 25),
        ),  # the hour that comes twice
        (datetime(2026, 10, 25, 21, 59, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 22, 0, tzinfo=UTC), date(2026, 10, 26)),
    ],
)
def test_a_day_in_kyiv_ends_at_its_midnight_in_winter_and_in_summer(
    instant: datetime, day: date
) -> None:
    assert local_date(instant, "Europe/Kyiv") == day
