"""Coupons with known ends, for the tests of what recruitment flows from."""

from collections.abc import Sequence

import numpy as np

from analysis.coupons.history import CouponHistory, build_history

LOOK = np.datetime64("2026-06-30", "D")


def history_of(
    *,
    age: Sequence[int],
    back_after: Sequence[int | None],
    validity: int | Sequence[int] = 30,
    lost_after: Sequence[int | None] | None = None,
    holder: Sequence[int] | None = None,
    recruit: Sequence[int] | None = None,
    delay: int = 1,
    people: int = 1,
) -> CouponHistory:
    """Coupons by days: since issue, from issue to redemption or loss (None: did not happen)."""
    c = len(age)
    issued_on = LOOK - np.asarray(age, dtype="timedelta64[D]")
    last = issued_on + np.broadcast_to(np.asarray(validity), (c,)).astype("timedelta64[D]")
    return build_history(
        as_of=LOOK,
        people=people,
        issued_on=issued_on,
        usable_from=issued_on + np.timedelta64(delay, "D"),
        usable_until=last,
        redeemed_on=_after(issued_on, back_after),
        ended_on=_after(issued_on, lost_after or [None] * c),
        holder=[0] * c if holder is None else holder,
        recruit=recruit,
    )


def _after(issued_on: object, days: Sequence[int | None]) -> object:
    span = np.array(
        [np.timedelta64("NaT", "D") if day is None else np.timedelta64(day, "D") for day in days],
        dtype="timedelta64[D]",
    )
    return np.asarray(issued_on, dtype="datetime64[D]") + span
