"""How many people a holder of coupons brings in the end, told before her coupons have run out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.coupons.history import CouponHistory
from analysis.coupons.redemption import rows_of
from analysis.coupons.survival import Survival, survival
from analysis.reach import Z_95, monday_of


@dataclass(frozen=True, eq=False)
class EffectiveRecruitment:
    """R̂: people brought in for each holder of coupons, coupons still out allowed for; g groups.

    Attributes:
        groups: what each entry is: a sex of the holder, a site, a week of issue.
        redeemed: (g,) coupons of the group's holders redeemed so far.
        holders: (g,) people who were given coupons.
        ripe: (g,) of them, as many as have had their full time: a holder whose coupons are as old
            as it takes a share G of redemptions to come counts as G of a person.
        number: (g,) redeemed / ripe; nan where nobody has had any time, or no coupon has matured.
        low: (g,) 95 % interval; nan where ``number`` is 0 or not known.
        high: (g,).
        unheld: coupons left out because their holder is not in the sample.

    >>> one = np.array([1.5])
    >>> EffectiveRecruitment(("all",), np.array([3]), np.array([3]), np.array([2.0]), number=one,
    ...     low=one, high=one, unheld=0).number.tolist()
    [1.5]
    """

    groups: tuple[str, ...]
    redeemed: IntArray
    holders: IntArray
    ripe: FloatArray
    number: FloatArray
    low: FloatArray
    high: FloatArray
    unheld: int


def effective_recruitment(
    history: CouponHistory,
    group: IntArray | None = None,
    groups: Sequence[str] = ("all",),
    *,
    pace: Survival | None = None,
) -> EffectiveRecruitment:
    """R̂ = Σ redeemed / Σ_j G(age_j) over holders j, G(a) = F(a)/F(∞) of all coupons together.

    F is the share of coupons redeemed within a days of issue, so G is the part of those that ever
    come who have come by then; of a coupon past its last day it is 1. A holder's G is the mean over
    her coupons. The pace is taken as the same in all groups; how many come in the end is not.

    The interval takes holders as independent and the pace as known: R̂ exp(± 1.96 se/R̂), se² =
    m/(m−1) Σ_j (y_j − R̂ G_j)² / (Σ_j G_j)², y_j the coupons of holder j redeemed, m holders.

    Args:
        group: (c,) index into ``groups``, such as the sex of the holder; coupons at -1 are left out.
        pace: a curve of one group, if not that of ``history`` itself.

    Source: the ratio and its linearised variance are those of any ratio estimator, Cochran,
    "Sampling Techniques"; dividing by the part of a delay that has passed is the correction for
    reporting delays of Brookmeyer & Damiano (1989), Stat. Med. 8.

    >>> from analysis.coupons.history import build_history
    >>> found = effective_recruitment(build_history(as_of="2026-04-20", people=2, holder=[0, 0, 1],
    ...     issued_on=["2026-03-01"] * 2 + ["2026-04-19"], usable_from=["2026-03-02"] * 2 +
    ...     ["2026-04-20"], usable_until=["2026-03-31"] * 2 + ["2026-05-19"],
    ...     redeemed_on=["2026-03-09", "", ""]))
    >>> found.number.tolist(), found.holders.tolist(), found.ripe.tolist()
    ([1.0], [2], [1.0])
    """
    row = np.where(history.holder >= 0, rows_of(history, group, groups), -1)
    kept = row >= 0
    pairs, cluster = np.unique(
        row[kept].astype(np.int64) * history.people + history.holder[kept], return_inverse=True
    )
    of = pairs // max(history.people, 1)
    y = np.bincount(cluster, weights=history.redeemed[kept], minlength=len(pairs)).astype(float)
    ripe_coupons = _ripeness(history, pace or survival(history))[kept]
    coupons = np.bincount(cluster, minlength=len(pairs))
    x = np.bincount(cluster, weights=ripe_coupons, minlength=len(pairs)) / coupons

    def by_group(weights: FloatArray) -> FloatArray:
        return np.bincount(of, weights=weights, minlength=len(groups)).astype(np.float64)

    holders, redeemed, ripe = np.bincount(of, minlength=len(groups)), by_group(y), by_group(x)
    number = np.where(ripe > 0, redeemed / np.where(ripe > 0, ripe, 1), np.nan)
    squares = by_group(y * y) - 2 * number * by_group(x * y) + number**2 * by_group(x * x)
    some = (holders > 1) & (number > 0)
    scale = np.where(some, holders / np.maximum(holders - 1, 1), np.nan)
    reach = np.exp(Z_95 * np.sqrt(scale * np.maximum(squares, 0)) / np.where(some, redeemed, 1))
    return EffectiveRecruitment(
        groups=tuple(groups),
        redeemed=redeemed.astype(np.int64),
        holders=holders,
        ripe=ripe,
        number=number,
        low=number / reach,
        high=number * reach,
        unheld=int(np.count_nonzero(history.holder < 0)),
    )


def weeks_of_issue(history: CouponHistory) -> tuple[IntArray, tuple[str, ...]]:
    """(c,) the week each coupon was handed out, and the Mondays of the weeks there are.

    >>> from analysis.coupons.history import build_history
    >>> weeks_of_issue(build_history(as_of="2026-03-20", people=1, issued_on=["2026-03-04"],
    ...     usable_from=["2026-03-05"], usable_until=["2026-04-03"], holder=[0]))
    (array([0]), ('2026-03-02',))
    """
    weeks, week = np.unique(monday_of(history.issued_on), return_inverse=True)
    return week, tuple(weeks.astype(str).tolist())


def _ripeness(history: CouponHistory, pace: Survival) -> FloatArray:
    """(c,) the part of its redemptions that a coupon of its age would have brought by now."""
    share = pace.redeemed[0] / pace.ever[0] if pace.ever[0] > 0 else np.full(1, np.nan)
    age = np.minimum(history.age, len(share) - 1)
    return np.where(history.matured, 1.0 if pace.ever[0] > 0 else np.nan, share[age])
