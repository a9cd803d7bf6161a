"""Exact tail probabilities of counts, their normal scores, and what many tests at once are worth."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from analysis.arrays import FloatArray, IntArray

_TINIEST = 1e-300
_NORMAL = NormalDist()
_MEDIAN_OF_A_NORMAL_SCORE = 0.6744897501960817


def log_factorials(most: int) -> FloatArray:
    """(m,) natural logarithms of 0!, 1!, …, m > ``most``. The table is made once for each power of two.

    >>> log_factorials(3)[:4].round(4).tolist()
    [0.0, 0.0, 0.6931, 1.7918]
    """
    return _log_factorials(max(most, 1).bit_length())


def hypergeometric(*, drawn: int, marked: int, of: int) -> FloatArray:
    """(m + 1,) chances of 0, 1, … m marked ones among those drawn without return, m = min(drawn, marked).

    C(marked, x) C(of − marked, drawn − x) / C(of, drawn).

    >>> hypergeometric(drawn=2, marked=2, of=4).round(4).tolist()
    [0.1667, 0.6667, 0.1667]
    """
    lf = log_factorials(of)
    x = np.arange(min(drawn, marked) + 1)
    rest = drawn - x
    possible = rest <= of - marked
    x, rest = x[possible], rest[possible]
    log = lf[marked] - lf[x] - lf[marked - x] + lf[of - marked] - lf[rest]
    log += lf[drawn] + lf[of - drawn] - lf[of] - lf[of - marked - rest]
    chances = np.zeros(len(possible))
    chances[possible] = np.exp(log)
    return chances


def binomial(n: int, share: float) -> FloatArray:
    """Chances of 0 … n successes: (n + 1,).

    >>> binomial(2, 0.5).round(6).tolist()
    [0.25, 0.5, 0.25]
    """
    if share <= 0 or share >= 1:
        certain = np.zeros(n + 1)
        certain[n if share >= 1 else 0] = 1
        return certain
    lf, x = log_factorials(n), np.arange(n + 1)
    log = lf[n] - lf[x] - lf[n - x] + x * math.log(share) + (n - x) * math.log1p(-share)
    chances: FloatArray = np.exp(log)
    return chances


def binomial_tail(successes: IntArray, n: IntArray, share: FloatArray) -> FloatArray:
    """(m,) chance of so many successes of n or more, element by element; shares lie inside (0, 1).

    >>> binomial_tail(np.array([2, 0]), np.array([2, 5]), np.array([0.5, 0.1])).round(6).tolist()
    [0.25, 1.0]
    """
    lf = log_factorials(int(n.max(initial=0)))
    yes, no = np.log(share), np.log1p(-share)
    tail = np.zeros(len(n))
    for more in range(int((n - successes).max(initial=-1)) + 1):
        x = np.minimum(successes + more, n)
        log = lf[n] - lf[x] - lf[n - x] + x * yes + (n - x) * no
        tail += np.where(successes + more <= n, np.exp(log), 0)
    return np.minimum(tail, 1)


def beta_binomial_tail(successes: IntArray, n: IntArray, *, a: IntArray, b: IntArray) -> FloatArray:
    """(m,) chance of so many successes of n or more when the share itself is Beta(a, b); whole a, b ≥ 1.

    With a − 1 successes and b − 1 failures seen elsewhere this foretells n further trials, and knows
    how little those few may say. P(x) = C(n, x) B(x + a, n − x + b) / B(a, b).

    >>> one = np.array([1])
    >>> beta_binomial_tail(one, one, a=one, b=one).round(6).tolist()
    [0.5]
    """
    lf = log_factorials(int((n + a + b).max(initial=1)))
    tail = np.zeros(len(n))
    whole = lf[a - 1] + lf[b - 1] - lf[a + b - 1]
    for more in range(int((n - successes).max(initial=-1)) + 1):
        x = np.minimum(successes + more, n)
        log = lf[n] - lf[x] - lf[n - x] - whole
        log += lf[x + a - 1] + lf[n - x + b - 1] - lf[n + a + b - 1]
        tail += np.where(successes + more <= n, np.exp(log), 0)
    return np.minimum(tail, 1)


def scattered_tail(counts: IntArray, mean: FloatArray, *, spread: float) -> FloatArray:
    """(m,) chance of so many or more where counts scatter ``spread`` (> 1) times as wide as Poisson's.

    Negative binomial of that mean and of variance spread · mean: P(x + 1) / P(x) = (r + x) / (x + 1) · (1 − 1/spread),
    P(0) = spread^−r, r = mean / (spread − 1): Poisson counts whose rate is itself a gamma one, skewed as such are.

    >>> scattered_tail(np.array([0, 1]), np.array([1.0, 1.0]), spread=2.0).round(6).tolist()
    [1.0, 0.5]
    """
    size, step = mean / (spread - 1), 1 - 1 / spread
    chance, below = spread**-size, np.zeros(len(mean))
    for x in range(int(counts.max(initial=0))):
        below += np.where(x < counts, chance, 0)
        chance = chance * (size + x) / (x + 1) * step
    return np.clip(1 - below, 0, 1)


def score_of(tail: float) -> float:
    """The normal score whose upper tail is that; large where the tail is small.

    >>> round(score_of(0.025), 4), score_of(0.5)
    (1.96, -0.0)
    """
    return -_NORMAL.inv_cdf(min(max(tail, _TINIEST), 1 - 1e-16))


def tail_of(score: float) -> float:
    """The upper tail of a normal score.

    >>> round(tail_of(1.959964), 4)
    0.025
    """
    return 0.5 * math.erfc(score / math.sqrt(2))


def dispersion(scores: FloatArray) -> float:
    """How much wider honest groups scatter than chance alone: φ = max(1, (median |z| / 0.6745)²).

    (m,) normal scores, nan left out. A funnel that ignores such overdispersion calls ordinary groups
    outliers. The median, not a mean of squares, because one group out of few must not hide itself.

    Source: Spiegelhalter (2005), "Handling over-dispersion of performance indicators", Quality and
    Safety in Health Care 14, for the multiplicative factor on z²; the median is our choice.

    >>> dispersion(np.array([0.1, -0.2, 9.0])), round(dispersion(np.array([-2.0, 2.0, 2.0])), 2)
    (1.0, 8.79)
    """
    known = np.abs(scores[~np.isnan(scores)])
    if not len(known):
        return 1.0
    return max(1.0, (float(np.median(known)) / _MEDIAN_OF_A_NORMAL_SCORE) ** 2)


def false_discovery(tails: FloatArray, *, tests: int | None = None) -> FloatArray:
    """(m,) q-values: the share of false findings to expect if this one and all stronger are believed.

    q of the i-th smallest p is min over j ≥ i of p_j · tests / j. Tests that were made but are not in the
    array count as p = 1; nan, where nothing was tested, stays nan and is not counted.

    Source: Benjamini & Hochberg (1995), "Controlling the false discovery rate", J. R. Stat. Soc. B 57.

    >>> false_discovery(np.array([0.01, 0.04, np.nan, 0.03])).round(4).tolist()
    [0.03, 0.04, nan, 0.04]
    >>> false_discovery(np.array([0.01]), tests=50).tolist()
    [0.5]
    """
    known = np.flatnonzero(~np.isnan(tails))
    order = known[np.argsort(tails[known], kind="stable")]
    m = len(order) if tests is None else tests
    scaled = tails[order] * m / np.arange(1, len(order) + 1)
    q = np.full(len(tails), np.nan)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return q


@lru_cache(maxsize=32)
def _log_factorials(bits: int) -> FloatArray:
    table: FloatArray = np.cumsum(np.log(np.maximum(np.arange(1 << bits), 1)))
    table.flags.writeable = False
    return table
