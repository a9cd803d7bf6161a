"""Do the coupons of different groups come back at different speeds?"""

import math
from dataclasses import dataclass

import numpy as np

from analysis.coupons.survival import Survival


@dataclass(frozen=True)
class LogRank:
    """Whether groups differ in how fast their coupons come back.

    Attributes:
        statistic: chi-square with ``df`` degrees of freedom.
        p: chance of a statistic as large if there were no difference; 1 where nothing is compared.

    >>> LogRank(statistic=0.0, df=0, p=1.0).p
    1.0
    """

    statistic: float
    df: int
    p: float


def log_rank(curves: Survival) -> LogRank:
    """Compare the groups' daily chances of redemption while a coupon can come.

    Observed minus expected redemptions of each group, Σ_t (d_gt − d_t n_gt/n_t), against their
    hypergeometric covariance. Coupons that left otherwise are out of the risk set.

    Source: Mantel (1966), Cancer Chemother. Rep. 50; Peto & Peto (1972), J. R. Stat. Soc. A 135.

    >>> from analysis.coupons.history import build_history
    >>> from analysis.coupons.survival import survival
    >>> curves = survival(build_history(as_of="2026-03-20", people=1, issued_on=["2026-03-01"] * 4,
    ...     usable_from=["2026-03-02"] * 4, usable_until=["2026-03-19"] * 4, holder=[0] * 4,
    ...     redeemed_on=["2026-03-02", "2026-03-02", "", ""]), np.array([0, 0, 1, 1]), ["f", "m"])
    >>> found = log_rank(curves)
    >>> found.statistic, found.df, round(found.p, 4)
    (3.0, 1, 0.0833)
    """
    some = curves.coupons > 0
    n, d = curves.at_risk[some].astype(float), curves.redemptions[some].astype(float)
    all_n, all_d = n.sum(axis=0), d.sum(axis=0)
    share = n / np.maximum(all_n, 1)
    difference = (d - all_d * share).sum(axis=1)[:-1]
    weight = all_d * (all_n - all_d) / np.maximum(all_n - 1, 1)
    covariance = (np.diag((weight * share).sum(axis=1)) - (weight * share) @ share.T)[:-1, :-1]
    df = int(np.linalg.matrix_rank(covariance)) if covariance.size else 0
    if not df:
        return LogRank(0.0, 0, 1.0)
    statistic = float(difference @ np.linalg.pinv(covariance) @ difference)
    return LogRank(statistic, df, _chi_square_tail(statistic, df))


def _chi_square_tail(x: float, df: int) -> float:
    """P(χ² ≥ x): a finite sum for whole degrees of freedom."""
    half = x / 2
    if df % 2 == 0:
        terms = np.cumprod(np.append(1.0, half / np.arange(1, df // 2)))
        return float(np.exp(-half) * terms.sum())
    steps = np.arange(df // 2) + 1.5
    terms = np.cumprod(np.append(1.0, half / steps[:-1])) if df > 1 else np.zeros(0)
    first = 2 * math.sqrt(half / math.pi)
    return math.erfc(math.sqrt(half)) + math.exp(-half) * first * float(terms.sum())
