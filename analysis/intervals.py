"""From an estimate and the replicates of a bootstrap to a 95 % interval."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, FloatArray
from analysis.bootstraps import Bootstrap, IntervalKind
from analysis.reach import Z_95

FEWEST_DEGREES_OF_FREEDOM = 3.0


@dataclass(frozen=True, eq=False)
class Interval:
    """How far an estimate may be from the truth, by a bootstrap; arrays of shape (k,).

    Attributes:
        bootstrap: its name in ``BOOTSTRAPS``.
        kind: ``percentile``: between the 2.5th and 97.5th percentile of the replicates;
            ``normal``: 1.96 standard errors to either side, cut off at 0 and 1; ``logit``: see
            ``logit_limits``.
        replicates: (B, k) the estimates that could be made, one for each replicate.
        lost: replicates in which no estimate could be made.
        se: standard error: the standard deviation of the replicates, times √(1 - n/N) where the
            bootstrap asks for that and the estimator knows N.
        low, high: of the 95 % interval.
        design_effect: by how much more people this design needs than a simple random sample for the
            same standard error; nan where the share is 0 or 1, and where everyone is in the sample.

    >>> from analysis.bootstraps import BOOTSTRAPS
    >>> made = np.array([[0.4, 0.6], [0.5, 0.5]])
    >>> found = interval_of(np.array([0.4, 0.6]), made, BOOTSTRAPS["tree"], kind="percentile", used=9)
    >>> found.kind, found.mean.tolist(), len(found.replicates)
    ('percentile', [0.45, 0.55], 2)
    """

    bootstrap: str
    kind: IntervalKind
    replicates: FloatArray
    lost: int
    se: FloatArray
    low: FloatArray
    high: FloatArray
    design_effect: FloatArray

    @property
    def mean(self) -> FloatArray:
        """(k,) the mean of the replicates: far from the estimate, the bootstrap does not mimic the survey."""
        if not len(self.replicates):
            return np.full(len(self.se), np.nan)
        mean: FloatArray = self.replicates.mean(axis=0)
        return mean


def interval_of(
    share: FloatArray,
    made: FloatArray,
    drawn: Bootstrap,
    *,
    kind: IntervalKind,
    used: int,
    population_size: float | None = None,
    no_one_twice: bool = False,
) -> Interval:
    """The interval of an estimate.

    Args:
        share: (k,) the estimate.
        made: (B, k) the replicates; rows of nan are those that gave none.
        drawn: the bootstrap that made them.
        used: n, people who had a say in the estimate.
        no_one_twice: whether the estimator allows for nobody coming twice. One that does not is
            biased where N is small, and a standard error that does hides that.

    >>> from analysis.bootstraps import BOOTSTRAPS
    >>> made = np.array([[0.4, 0.6], [0.6, 0.4], [np.nan, np.nan]])
    >>> found = interval_of(np.array([0.5, 0.5]), made, BOOTSTRAPS["tree"], kind="normal", used=9)
    >>> found.lost, found.se.round(4).tolist()
    (1, [0.1414, 0.1414])
    """
    is_made: BoolArray = np.array(~np.isnan(made).any(axis=1))
    kept = made[is_made]
    se = kept.std(axis=0, ddof=1) if len(kept) > 1 else np.full(len(share), np.nan)
    if no_one_twice and drawn.finite_correction and population_size is not None:
        se = se * np.sqrt(max(0.0, 1 - used / population_size))
    if kind == "logit":
        low, high = logit_limits(share, se)
    elif kind == "normal" or len(kept) < 2:
        low, high = np.clip(share - Z_95 * se, 0, 1), np.clip(share + Z_95 * se, 0, 1)
    else:
        low, high = np.quantile(kept, [0.025, 0.975], axis=0)
    return Interval(
        bootstrap=drawn.name,
        kind=kind,
        replicates=kept,
        lost=int(np.count_nonzero(~is_made)),
        se=se,
        low=low,
        high=high,
        design_effect=design_effect(share, se, used, population_size),
    )


def logit_limits(share: FloatArray, se: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(k,), (k,) limits of the 95 % interval: logit p ± t SE / (p (1 - p)), taken back to shares.

    t is Student's, with as many degrees of freedom as a simple random sample of the same standard
    error has people, less one: p (1 - p) / SE² - 1. The limits never leave 0 … 1 and are wider
    towards a half. nan where the share is 0 or 1: the replicates then say nothing.

    Source: Korn & Graubard (1998), "Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data", Survey Methodology 24(2), for the logit and the
    effective sample size.

    >>> [limit.round(3).tolist() for limit in logit_limits(np.array([0.5]), np.array([0.05]))]
    [[0.402], [0.598]]
    """
    is_inside = (share > 0) & (share < 1) & np.isfinite(se)
    p = np.where(is_inside, share, np.nan)
    spread = p * (1 - p)
    people = np.divide(spread, se**2, out=np.full_like(p, np.inf), where=se > 0)
    centre, reach = np.log(p / (1 - p)), t_quantile(people - 1) * se / spread
    return 1 / (1 + np.exp(reach - centre)), 1 / (1 + np.exp(-reach - centre))


def t_quantile(degrees_of_freedom: FloatArray) -> FloatArray:
    """(k,) the 97.5th percentile of Student's t; degrees of freedom under 3 count as 3.

    Right to 0.005.

    Source: Abramowitz & Stegun (1964), "Handbook of Mathematical Functions", 26.7.5.

    >>> t_quantile(np.array([5.0, 30.0, np.inf])).round(3).tolist()
    [2.57, 2.042, 1.96]
    """
    z, df = Z_95, np.maximum(degrees_of_freedom, FEWEST_DEGREES_OF_FREEDOM)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    quantile: FloatArray = np.full_like(df, z)
    for power, term in enumerate(terms, start=1):
        quantile += term / df**power
    return quantile


def design_effect(
    share: FloatArray, se: FloatArray, n: int, population_size: float | None = None
) -> FloatArray:
    """(k,) SE² / [p (1 - p) / n · (N - n) / (N - 1)]; without the last factor where N is not known.

    How many times as many people this design needs as a simple random sample, for the same standard
    error. nan where the share is 0 or 1, or where everyone is in the sample: a simple random sample of
    all makes no error to compare with.

    ``se`` is to shrink with the part of the population that is sampled, as it does for Gile's SS. One
    that does not is held against a sample that leaves hardly anyone out: at N = n + 1 the design
    effect is then n times that of a large population, and tells that the standard error is too large,
    not that the design is bad.

    Args:
        share: (k,) the estimate.
        se: (k,) its standard error, in shares.
        n: people who had a say.
        population_size: N, in persons.

    Source: Kish (1965), "Survey Sampling", section 8.2; the finite-population form as in the R
    package RDS.

    >>> design_effect(np.array([0.5]), np.array([0.1]), 100).round(6).tolist()
    [4.0]
    """
    simple = share * (1 - share) / max(n, 1)
    if population_size is not None and population_size > 1:
        simple = simple * max(population_size - n, 0) / (population_size - 1)
    return np.divide(se**2, simple, out=np.full_like(se, np.nan), where=simple > 0)
