"""How many coupons come back, of those about which all is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.coupons.history import CouponHistory
from analysis.errors import SampleError
from analysis.reach import wilson


@dataclass(frozen=True, eq=False)
class MaturedRate:
    """Of the coupons whose last day is over, how many came back: g groups.

    Attributes:
        groups: what each entry is.
        redeemed: (g,) matured coupons that brought someone.
        matured: (g,) matured coupons, those void or lost included.

    >>> rate = MaturedRate(("all",), np.array([30]), np.array([100]))
    >>> rate.share.tolist(), [round(float(bound[0]), 4) for bound in rate.interval]
    ([0.3], [0.2189, 0.3958])
    """

    groups: tuple[str, ...]
    redeemed: IntArray
    matured: IntArray

    @property
    def share(self) -> FloatArray:
        """(g,) nan where nothing has matured."""
        return np.where(self.matured > 0, self.redeemed / np.maximum(self.matured, 1), np.nan)

    @property
    def interval(self) -> tuple[FloatArray, FloatArray]:
        """(g,) and (g,): Wilson's 95 % interval, coupons taken as independent."""
        return wilson(self.redeemed, self.matured)


def matured_redemption_rate(
    history: CouponHistory, group: IntArray | None = None, groups: Sequence[str] = ("all",)
) -> MaturedRate:
    """Σ redeemed / Σ coupons over those whose last day is over, by group.

    Nothing in it will change any more, save by a late redemption that a supervisor allows.

    Args:
        group: (c,) index into ``groups``; coupons at -1 are left out.

    Source: our definition, a plain proportion; interval: Wilson (1927).

    >>> from analysis.coupons.history import build_history
    >>> history = build_history(as_of="2026-03-20", people=1, issued_on=["2026-03-01"] * 3,
    ...     usable_from=["2026-03-02"] * 3, usable_until=["2026-03-19"] * 2 + ["2026-03-20"],
    ...     redeemed_on=["2026-03-09", "", "2026-03-03"], holder=[0] * 3)
    >>> matured_redemption_rate(history).share.tolist()
    [0.5]
    """
    row = np.where(history.matured, rows_of(history, group, groups), -1)
    matured = np.bincount(row[row >= 0], minlength=len(groups))
    redeemed = np.bincount(row[(row >= 0) & history.redeemed], minlength=len(groups))
    return MaturedRate(tuple(groups), redeemed=redeemed, matured=matured)


def rows_of(history: CouponHistory, group: IntArray | None, groups: Sequence[str]) -> IntArray:
    """(c,) the group of each coupon, or 0 for all where none is said.

    Raises:
        SampleError: ``unequal_columns`` or ``unknown_group``.

    >>> from analysis.coupons.history import build_history
    >>> history = build_history(as_of="2026-03-20", people=1, issued_on=["2026-03-01"],
    ...     usable_from=["2026-03-02"], usable_until=["2026-03-31"], holder=[0])
    >>> rows_of(history, None, ["all"]).tolist()
    [0]
    """
    row = np.zeros(len(history), dtype=np.int64) if group is None else np.asarray(group)
    if len(row) != len(history):
        message = f"There are {len(row)} groups for {len(history)} coupons."
        raise SampleError("unequal_columns", message, column="group")
    if row.max(initial=-1) >= len(groups) or row.min(initial=0) < -1:
        raise SampleError("unknown_group", "A coupon's group is not one of those named.")
    return row
