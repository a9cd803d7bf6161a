"""How soon coupons come back, and how many ever do, while some are still out.

A coupon that is out today may come tomorrow: it is censored. One past its last day will not: that is
known, not censored. So each coupon leaves the risk set in one of three ways, redeemed, known never
to come, or still out, and the share redeemed is the cumulative incidence of the first beside the
second. With one validity and nothing lost it is one minus the Kaplan-Meier curve up to the last day
and flat after; with no coupon out it is the plain share of coupons redeemed, whatever the
validities.

Days count from issue, not from the first usable day: from there a holder waits, and the recruiter's
next wave is timed from there. All figures assume that coupons out now will fare like earlier ones of
the same age. Standard errors take coupons as independent; three coupons of one holder are not quite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.coupons.history import CouponHistory
from analysis.coupons.redemption import rows_of
from analysis.reach import Z_95

EndedAs = Literal["never", "censored"]

_OPEN_AT_MOST = 0.01


@dataclass(frozen=True, eq=False)
class Survival:
    """Share of coupons redeemed within so many days of issue: g groups, d days.

    ``redeemed`` is a step curve: it holds from its day until the next. It rises to the share that
    ever comes back and stays there; the rest never does.

    Attributes:
        groups: what each row is: a sex, a site, or ``all``.
        days: (d,) 0, 1, … whole days since issue; the last is the oldest that was seen.
        redeemed: (g, d) share redeemed by the end of that day; nan after the oldest coupon of the
            group while later ones may still come, and where the group has no coupons.
        se: (g, d) its standard error.
        low: (g, d) 95 % interval; nan where nobody came yet or everybody did.
        high: (g, d).
        at_risk: (g, d) coupons that could still be redeemed at the start of that day.
        redemptions: (g, d) coupons redeemed that many days after issue.
        never: (g, d) coupons known from the end of that day on never to come: past their last day,
            void, lost or refused.
        censored: (g, d) coupons still live, that many days after issue.
        ever: (g,) share that ever comes back, the height of the curve in the end; nan while coupons
            may still come later than any that was watched so long, unless those whose fate is open
            then are at most 1 % of all.

    >>> from analysis.coupons.history import build_history
    >>> curve = survival(build_history(as_of="2026-03-20", people=1, issued_on=["2026-03-01"] * 4,
    ...     usable_from=["2026-03-02"] * 4, usable_until=["2026-03-04"] * 4, holder=[0] * 4,
    ...     redeemed_on=["2026-03-02", "2026-03-04", "", ""]))
    >>> curve.redeemed.tolist(), curve.at_risk.tolist(), curve.ever.tolist()
    ([[0.0, 0.25, 0.25, 0.5]], [[4, 4, 3, 3]], [0.5])
    >>> curve.coupons.tolist(), curve.live.tolist(), curve.median_days.tolist()
    ([4], [0], [3.0])
    """

    groups: tuple[str, ...]
    days: IntArray
    redeemed: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: IntArray
    redemptions: IntArray
    never: IntArray
    censored: IntArray
    ever: FloatArray

    @property
    def coupons(self) -> IntArray:
        """(g,) all coupons."""
        return self.at_risk[:, 0]

    @property
    def live(self) -> IntArray:
        """(g,) those that may still come."""
        live: IntArray = self.censored.sum(axis=1)
        return live

    @property
    def median_days(self) -> FloatArray:
        """(g,) the day by which half of all coupons are redeemed; nan where that is not reached."""
        return self._first_day(self.redeemed >= 0.5)

    @property
    def median_days_of_redeemed(self) -> FloatArray:
        """(g,) the day by which half of those that ever come have come; nan while not known."""
        ever = self.ever[:, np.newaxis]
        return self._first_day((self.redeemed >= ever / 2 - 1e-12) & (ever > 0))

    def _first_day(self, reached: BoolArray) -> FloatArray:
        return np.where(reached.any(axis=1), self.days[reached.argmax(axis=1)], np.nan)


def survival(
    history: CouponHistory,
    group: IntArray | None = None,
    groups: Sequence[str] = ("all",),
    *,
    ended_as: EndedAs = "never",
) -> Survival:
    """The cumulative incidence of redemption by days from issue, group by group.

    With d_t redeemed, e_t known never to come and n_t at risk on day t: S(t) = Π (1 − (d+e)/n) and
    F(t) = Σ S(s−) d_s/n_s. Its variance is the delta method's with multinomial hazards; where
    nothing is known never to come it is Greenwood's, where nothing is live it is F(1−F)/n. The
    interval is symmetric on the scale log(−log(1−F)), so it stays within 0 and 1.

    A coupon is at risk on its last day and on the day of the look. One redeemed late, by leave of a
    supervisor, counts on the day it came.

    Args:
        group: (c,) index into ``groups``; coupons at -1 are left out.
        ended_as: ``never``: a coupon void, lost or refused brings nobody and is not replaced, so F
            is what becomes of a coupon handed out. ``censored``: F is what would become of it if
            none were lost.

    Raises:
        SampleError: ``unequal_columns`` or ``unknown_group``.

    Source: Aalen & Johansen (1978), Scand. J. Statist. 5; Kaplan & Meier (1958), J. Am. Stat. Assoc.
    53; log(−log) interval: Kalbfleisch & Prentice, "The Statistical Analysis of Failure Time Data".

    >>> from analysis.coupons.history import build_history
    >>> curve = survival(build_history(as_of="2026-03-05", people=1, holder=[0] * 4,
    ...     issued_on=["2026-03-01"] * 2 + ["2026-03-03"] * 2, usable_from=["2026-03-03"] * 4,
    ...     usable_until=["2026-03-31"] * 4, redeemed_on=["2026-03-04", "", "", ""]))
    >>> curve.redeemed.tolist(), curve.censored.tolist()
    ([[0.0, 0.0, 0.0, 0.5, 0.5]], [[0, 0, 2, 0, 1]])
    """
    row = rows_of(history, group, groups)
    day, left = _leaving(history, ended_as)
    g, d = len(groups), int(day.max(initial=0)) + 1
    kept = row >= 0
    cells = (row[kept] * 3 + left[kept]) * d + day[kept]
    redemptions, never, censored = (
        np.bincount(cells, minlength=g * 3 * d).reshape(g, 3, d).swapaxes(0, 1)
    )
    longest = np.zeros(g, dtype=np.int64)
    out = kept & history.live
    span = history.usable_until[out] - history.issued_on[out]
    np.maximum.at(longest, row[out], span.astype(np.int64))
    return _curves(tuple(groups), redemptions, never, censored, longest)


def _leaving(history: CouponHistory, ended_as: EndedAs) -> tuple[IntArray, IntArray]:
    """(c,) the day since issue on which each leaves the risk set, and how: 0 redeemed, 1, 2."""
    redeemed, ended = history.redeemed, history.ended
    last = np.minimum(history.usable_until, np.datetime64(history.as_of))
    left_on = np.where(redeemed, history.redeemed_on, last)
    cut = ended & (history.ended_on < last)
    left_on = np.where(cut, history.ended_on, left_on)
    never = history.matured | ended if ended_as == "never" else history.matured & ~cut
    return (left_on - history.issued_on).astype(np.int64), np.where(redeemed, 0, 2 - never)


def _curves(
    groups: tuple[str, ...],
    redemptions: IntArray,
    never: IntArray,
    censored: IntArray,
    longest: IntArray,
) -> Survival:
    gone = redemptions + never
    at_risk = (gone + censored)[:, ::-1].cumsum(axis=1)[:, ::-1]
    n = np.maximum(at_risk, 1)
    hazard, left = redemptions / n, gone / n
    staying = np.cumprod(1 - left, axis=1)
    before = np.hstack([np.ones((len(groups), 1)), staying[:, :-1]])
    redeemed = np.cumsum(before * hazard, axis=1)
    variance = _variance(redeemed, hazard=hazard, left=left, before=before, n=n)
    watched = np.count_nonzero(at_risk, axis=1) - 1
    settled = (staying[:, -1] <= _OPEN_AT_MOST) | (watched >= np.maximum(longest, 0))
    settled &= at_risk[:, 0] > 0
    unknown = (at_risk == 0) & ~settled[:, np.newaxis]
    redeemed = np.where(unknown, np.nan, redeemed)
    se = np.where(unknown, np.nan, np.sqrt(np.maximum(variance, 0.0)))
    low, high = _log_log(redeemed, se)
    days = np.arange(redemptions.shape[1])
    ever = np.where(settled, redeemed[:, -1], np.nan)
    return Survival(
        groups, days, redeemed, se, low, high, at_risk, redemptions, never, censored, ever
    )


def _variance(
    redeemed: FloatArray, *, hazard: FloatArray, left: FloatArray, before: FloatArray, n: IntArray
) -> FloatArray:
    """Σ_s [S²h(1−h) − 2 S h (F(t)−F(s)) + (F(t)−F(s))² q/(1−q)] / n, h redeemed, q leaving on s.

    Multiplied out, so that it is a running sum for every t at once.
    """

    def sum_of(terms: FloatArray) -> FloatArray:
        return np.cumsum(terms / n, axis=1)

    odds = np.where(left < 1, left / np.where(left < 1, 1 - left, 1), 0.0)
    flow = before * hazard
    variance: FloatArray = (
        sum_of(before**2 * hazard * (1 - hazard))
        - 2 * (redeemed * sum_of(flow) - sum_of(flow * redeemed))
        + redeemed**2 * sum_of(odds)
        - 2 * redeemed * sum_of(odds * redeemed)
        + sum_of(odds * redeemed**2)
    )
    return variance


def _log_log(redeemed: FloatArray, se: FloatArray) -> tuple[FloatArray, FloatArray]:
    inside = (redeemed > 0) & (redeemed < 1 - 1e-12)
    rest = np.where(inside, 1 - redeemed, 0.5)
    reach = np.exp(Z_95 * se / (rest * -np.log(rest)))
    low, high = 1 - rest ** (1 / reach), 1 - rest**reach
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)
