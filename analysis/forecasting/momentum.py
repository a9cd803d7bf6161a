"""What recruitment carries into the weeks to come: people, coupons out, and how they fared so far."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.coupons.history import CouponHistory
from analysis.coupons.survival import Survival, survival
from analysis.errors import SampleError
from analysis.mixing import recruitment_matrix
from analysis.sample import Sample, Trait

UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Momentum:
    """A programme on the day of the look; k levels, a ages in days.

    Where somebody's level is not known, ``unknown`` is a level of its own, the last: its people
    recruit and are recruited too.

    Attributes:
        as_of: the day of the look.
        levels: of the trait, and ``unknown`` where there is need of it.
        people: (k,) reached so far.
        coupons: how many the last bundles held.
        issued: (k, a) coupons handed out so many days ago, by level of the holder; those past their
            last day are in the last column.
        live: (k, a) those of them that are still out.
        redeemed: (k,) those of them that were redeemed.
        enrolled: of all coupons redeemed, how many brought somebody into the sample.
        alike: how much more alike the coupons of one holder fare than those of two: the
            correlation within bundles, 0 to 0.9.
        delay: (a,) of the coupons that come, the share that comes so many days after issue.
        redemptions: how many redemptions ``delay`` rests on.
        mix: (k, k) recruits of level y brought by people of level x, so far.
        given: (k,) people who were given coupons.
        unheld: coupons left out because their holder is not in the sample.

    >>> one = np.array([[1]])
    >>> Momentum(np.datetime64("2026-04-01"), ("f",), np.array([1]), 3, issued=one, live=one,
    ...     redeemed=np.array([0]), enrolled=0, alike=0.0, delay=np.array([1.0]), redemptions=0,
    ...     mix=one, given=np.array([1])).people.tolist()
    [1]
    """

    as_of: np.datetime64
    levels: tuple[str, ...]
    people: IntArray
    coupons: int
    issued: IntArray
    live: IntArray
    redeemed: IntArray
    enrolled: int
    alike: float
    delay: FloatArray
    redemptions: int
    mix: IntArray
    given: IntArray
    unheld: int = 0


def momentum(
    sample: Sample, history: CouponHistory, trait: Trait, *, pace: Survival | None = None
) -> Momentum:
    """Read a programme's momentum off its people and coupons.

    Args:
        sample: n people.
        history: their coupons.
        trait: (n,) the levels to tell apart, such as the sexes.
        pace: a curve of one group that says how soon coupons come, if not that of ``history``.

    Raises:
        SampleError: ``no_coupons_matured`` while no coupon has been out for its whole validity, or
            none has come back.

    Source: our definition; pace: see ``survival``; ``alike`` is the intraclass correlation over
    pairs, Fisher, "Statistical Methods for Research Workers".

    >>> from analysis.coupons.history import build_history
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["m", "f"]})
    >>> now = momentum(sample, build_history(as_of="2026-04-01", people=2, holder=[0, 0, 1],
    ...     issued_on=["2026-03-01"] * 2 + ["2026-03-29"], usable_from=["2026-03-02"] * 2 +
    ...     ["2026-03-29"], usable_until=["2026-03-03"] * 2 + ["2026-04-01"],
    ...     redeemed_on=["2026-03-03", "", ""], recruit=[1, -1, -1]), sample.trait("sex"))
    >>> now.levels, now.people.tolist(), now.delay.tolist(), now.live.tolist()
    (('f', 'm'), [1, 1], [0.0, 0.0, 1.0, 0.0], [[0, 0, 0, 1], [0, 0, 0, 0]])
    """
    held = history.holder >= 0
    delay, redemptions = _delay(pace or survival(history))
    levels, codes = _with_unknown(trait)
    k, ages = len(levels), len(delay)
    level = codes[history.holder[held]]
    age = np.where(history.matured, ages - 1, np.minimum(history.age, ages - 1))[held]
    redeemed = history.redeemed[held]
    issued = _table(level, age, k, ages)
    live = history.live[held]
    bundle = np.bincount(history.holder[held], minlength=len(sample))
    return Momentum(
        as_of=history.as_of,
        levels=levels,
        people=np.bincount(codes, minlength=k),
        coupons=_latest_bundle(history, bundle),
        issued=issued,
        live=_table(level[live], age[live], k, ages),
        redeemed=np.bincount(level[redeemed], minlength=k),
        enrolled=int(np.count_nonzero(history.recruit[held] >= 0)),
        alike=_alike(history, level=codes, ripe=delay.cumsum()),
        delay=delay,
        redemptions=redemptions,
        mix=recruitment_matrix(sample.recruiter, Trait(levels, codes)),
        given=np.bincount(codes[bundle > 0], minlength=k),
        unheld=int(np.count_nonzero(~held)),
    )


def _delay(pace: Survival) -> tuple[FloatArray, int]:
    """(a,) when those that come do, and on how many redemptions that rests."""
    if not pace.ever[0] > 0:
        message = (
            "No coupon that came back has been out for its whole validity yet. Wait until the "
            "first coupons are past their last day."
        )
        raise SampleError("no_coupons_matured", message)
    steps = np.diff(pace.redeemed[0], prepend=0.0)
    return np.maximum(steps, 0.0) / pace.ever[0], int(pace.redemptions[0].sum())


def _with_unknown(trait: Trait) -> tuple[tuple[str, ...], IntArray]:
    if not trait.missing:
        return trait.levels, trait.codes
    k = len(trait.levels)
    return (*trait.levels, UNKNOWN), np.where(trait.codes < 0, k, trait.codes)


def _table(level: IntArray, age: IntArray, k: int, ages: int) -> IntArray:
    return np.bincount(level * ages + age, minlength=k * ages).reshape(k, ages)


def _latest_bundle(history: CouponHistory, bundle: IntArray) -> int:
    """The commonest size among the holders of the last two weeks of issue, the larger of two."""
    held = history.holder >= 0
    if not held.any():
        return 0
    issued_on = history.issued_on[held].astype(np.int64)
    sizes = np.bincount(bundle[np.unique(history.holder[held][issued_on >= issued_on.max() - 13])])
    return len(sizes) - 1 - int(np.argmax(sizes[::-1]))


def _alike(history: CouponHistory, *, level: IntArray, ripe: FloatArray) -> float:
    """The correlation of two coupons of one holder, from pairs: both back, beside one and one.

    Each coupon counts as the part of its time that has passed.
    """
    held = history.holder >= 0
    holder, n = history.holder[held], history.people
    age = np.minimum(history.age[held], len(ripe) - 1)
    time = np.where(history.matured[held], 1.0, ripe[age])
    y = np.bincount(holder[history.redeemed[held]], minlength=n).astype(np.float64)
    x = np.bincount(holder, weights=time, minlength=n).astype(np.float64)
    pairs = x**2 - np.bincount(holder, weights=time**2, minlength=n)

    def by_level(values: FloatArray) -> FloatArray:
        return np.bincount(level, weights=values).astype(np.float64)

    rate = by_level(y) / np.maximum(by_level(x), 1e-12)
    of_pairs = by_level(pairs)
    more = (by_level(y * (y - 1)) - rate**2 * of_pairs).sum()
    most = (rate * (1 - rate) * of_pairs).sum()
    return float(np.clip(more / most, 0.0, 0.9)) if most > 0 else 0.0
