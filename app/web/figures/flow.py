"""The numbers of the page from coupon to recruiter: who passes each step, how soon, and whether it keeps itself going.

By sex as women and others, as elsewhere. A step is told of a sex only if nobody or at least five were lost since
the last step that is told; a curve only where it rests on enough people, a share or a mean also on enough brought.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import IntArray
from analysis.coupons.cascade import Cascade, Steps
from analysis.coupons.effective_recruitment import EffectiveRecruitment, effective_recruitment
from analysis.coupons.history import CouponHistory
from analysis.coupons.redemption import MaturedRate, matured_redemption_rate
from analysis.coupons.survival import Survival, survival
from analysis.disclosure import THRESHOLD
from analysis.reproduction import MaturedReproduction, matured_reproduction
from analysis.sample import Sample
from app.web.figures.chains import women_and_others
from app.web.figures.reach import WOMEN

ENOUGH_COUPONS = 30
SEXES = (WOMEN, "others")
EVERY = 7  # days between the rows of the survival table


@dataclass(frozen=True)
class Step:
    """One step of the way, of women and of others; ``None`` is withheld."""

    name: str
    women: int | None
    others: int | None


@dataclass(frozen=True)
class Rate:
    """A share or a mean of one sex with its 95 % interval; ``None`` where it rests on too few."""

    of: int | None
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, eq=False)
class Flow:
    """What the page tells. ``None``: nothing rests on enough people yet.

    Attributes:
        coupons: issued and redeemed, by sex of the holder.
        people: from the desk on, by their own sex.
        survival: days until a coupon comes back, for women and others as holders.
        matured: share of matured coupons redeemed, by sex of the holder.
        effective: people brought by each holder in the end, by her sex.
        reproduction: who brings how many of whom, of those whose time is over.
        is_empty: no coupon has been given out yet.
    """

    coupons: tuple[Step, ...]
    people: tuple[Step, ...]
    survival: Survival | None
    matured: tuple[Rate, Rate]
    effective: tuple[Rate, Rate]
    reproduction: MaturedReproduction | None
    is_empty: bool


def flow_of(sample: Sample, history: CouponHistory, cascade: Cascade) -> Flow:
    """Everything that the page tells of a programme."""
    sex = women_and_others(sample.trait("sex"))
    holder = np.where(history.holder >= 0, sex.codes[history.holder], -1)
    counts = np.bincount(holder[holder >= 0], minlength=2)
    is_enough = bool((counts >= ENOUGH_COUPONS).all())
    reproduced = matured_reproduction(sample, history, sex)
    return Flow(
        coupons=_steps(cascade.coupons),
        people=_steps(cascade.people),
        survival=survival(history, holder, SEXES) if is_enough else None,
        matured=_rates(matured_redemption_rate(history, holder, SEXES)),
        effective=_numbers(effective_recruitment(history, holder, SEXES)),
        reproduction=reproduced if _tells_of_enough(reproduced) else None,
        is_empty=not len(history),
    )


def lines_of(curves: Survival, sex: int) -> list[tuple[int, int | None, float, float, float]]:
    """Day, coupons still followed, share redeemed and its interval, week by week."""
    days = [day for day in curves.days.tolist() if day % EVERY == 0]
    return [
        (
            day,
            told(int(curves.at_risk[sex, day])),
            float(curves.redeemed[sex, day]),
            float(curves.low[sex, day]),
            float(curves.high[sex, day]),
        )
        for day in days
    ]


def told(n: int) -> int | None:
    """A count, if it is large enough to be told.

    >>> told(5), told(4)
    (5, None)
    """
    return n if n >= THRESHOLD else None


def _steps(steps: Steps) -> tuple[Step, ...]:
    women = steps.n[steps.levels.index(WOMEN)] if WOMEN in steps.levels else 0 * steps.total
    others = steps.n.sum(axis=0) - women
    return tuple(
        Step(name, *both)
        for name, *both in zip(
            steps.steps, losing_enough(women), losing_enough(others), strict=True
        )
    )


def losing_enough(counts: IntArray) -> list[int | None]:
    """Counts of a way down, without those that would tell of a few who were lost, or who are left.

    >>> losing_enough(np.array([40, 38, 30, 30, 27])), losing_enough(np.array([9, 3, 0]))
    ([40, None, 30, 30, None], [9, None, None])
    """
    shown, last = list[int | None](), None
    for n in counts.tolist():
        lost = 0 if last is None else last - n
        if n < THRESHOLD or 0 < lost < THRESHOLD:
            shown.append(None)
        else:
            shown.append(n)
            last = n
    return shown


def _rates(rate: MaturedRate) -> tuple[Rate, Rate]:
    """None of a sex of whose coupons few came back, or few did not: the share would count them."""
    low, high = rate.interval
    is_told = np.minimum(rate.redeemed, rate.matured - rate.redeemed) >= THRESHOLD
    return _both(np.where(is_told, rate.matured, 0), rate.share, low, high)


def _tells_of_enough(found: MaturedReproduction) -> bool:
    """Whether every mean rests on enough people, and on enough brought by them."""
    brought = np.rint(found.matrix * found.people[:, np.newaxis])
    return bool((found.people >= THRESHOLD).all() and (brought >= THRESHOLD).all())


def _numbers(found: EffectiveRecruitment) -> tuple[Rate, Rate]:
    return _both(found.holders, found.number, found.low, found.high)


def _both(of: IntArray, *figures: Sequence[float] | np.ndarray) -> tuple[Rate, Rate]:
    women, others = (
        Rate(int(n), *(_known(figure[i]) for figure in figures))
        if n >= THRESHOLD
        else Rate(None, None, None, None)
        for i, n in enumerate(of.tolist())
    )
    return women, others


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
