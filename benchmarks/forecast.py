"""How often the forecast's fan holds the truth, on simulated programmes; and how long it takes.

    python benchmarks/forecast.py [--cases N] [--weeks W] [--replicates B]

Programmes are drawn by ``analysis.simulate``, cut at a week, forecast eight weeks ahead and compared
with what the same programme went on to do. The forecast knows only what was known on that day. About
90 % of the truths should lie between the 5 % and the 95 % line, and half between the quartiles.
"""

import argparse
import sys
import time
from pathlib import Path
from types import MappingProxyType

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.arrays import FloatArray
from analysis.coupons.history import CouponHistory, build_history
from analysis.forecasting.forecast import forecast
from analysis.forecasting.momentum import momentum
from analysis.forecasting.plan import Costs, Plan
from analysis.sample import Sample, Trait
from analysis.simulate import Scenario, simulate

PEOPLE = 20_000
FEW_SEEDS = Scenario(seeds_in_thousand=2)
VALIDITY = 30
LOOKS = (7, 10, 14)


def coupons_of(sample: Sample, *, each: int) -> CouponHistory:
    """The coupons that a simulated programme must have handed out: so many to everybody."""
    n, day = len(sample), sample.enrolled_on
    recruits = np.flatnonzero(sample.recruiter >= 0)
    recruits = recruits[np.argsort(sample.recruiter[recruits], kind="stable")]
    recruiter = sample.recruiter[recruits]
    coupon = recruiter * each + np.arange(len(recruits)) - np.searchsorted(recruiter, recruiter)
    brought = np.full(n * each, -1)
    brought[coupon] = recruits
    redeemed_on = np.full(n * each, np.datetime64("NaT", "D"))
    redeemed_on[coupon] = day[recruits]
    issued_on = np.repeat(day, each)
    return build_history(
        as_of=day.max(),
        people=n,
        issued_on=issued_on,
        usable_from=issued_on + 1,
        usable_until=issued_on + VALIDITY,
        redeemed_on=redeemed_on,
        holder=np.repeat(np.arange(n), each),
        recruit=brought,
    )


def known_on(
    sample: Sample, history: CouponHistory, day: np.datetime64
) -> tuple[Sample, CouponHistory]:
    """The people and coupons of a day; people are in the order in which they came."""
    n = int(np.searchsorted(sample.enrolled_on, day, side="right"))
    sex = sample.trait("sex")
    then = history.at(day)
    return (
        Sample(
            ids=sample.ids[:n],
            recruiter=sample.recruiter[:n],
            network_size=sample.network_size[:n],
            enrolled_on=sample.enrolled_on[:n],
            traits=MappingProxyType({"sex": Trait(sex.levels, sex.codes[:n])}),
        ),
        build_history(
            as_of=day,
            people=n,
            issued_on=then.issued_on,
            usable_from=then.usable_from,
            usable_until=then.usable_until,
            redeemed_on=then.redeemed_on,
            holder=then.holder,
            recruit=then.recruit,
        ),
    )


def inside(fan: FloatArray, truth: float) -> tuple[bool, bool, bool]:
    """In the 90 % fan, between the quartiles, below the median."""
    low, quarter, half, three_quarters, high = fan.tolist()
    return low <= truth <= high, quarter <= truth <= three_quarters, truth < half


def coverage(*, cases: int, look: int, weeks: int, replicates: int) -> None:
    """Over so many programmes, looked at in one week of their life."""
    people, share, sizes = [], [], []
    for seed in range(cases):
        whole = simulate(PEOPLE, seed=seed, scenario=FEW_SEEDS)
        day = whole.enrolled_on[0] + 7 * look
        sample, history = known_on(whole, coupons_of(whole, each=FEW_SEEDS.coupons), day)
        now = momentum(sample, history, sample.trait("sex"))
        found = forecast(
            now, Plan(), Costs(), of="female", weeks=weeks, replicates=replicates, seed=seed
        )
        came = whole.enrolled_on <= day + 7 * weeks
        people.append(inside(found.people[:, -1], np.count_nonzero(came)))
        share.append(inside(found.share[:, -1], np.mean(whole.trait("sex").codes[came] == 0)))
        sizes.append((len(sample), np.count_nonzero(came)))
    before, after = np.mean(sizes, axis=0)
    for name, found_inside in (("people", people), ("share of women", share)):
        held, middle, below = np.mean(found_inside, axis=0)
        say(
            f"week {look:2} + {weeks}: {name:14} in the 90 % fan {held:6.1%}, between the quartiles "
            f"{middle:6.1%}, below the median {below:6.1%} ({before:.0f} → {after:.0f} people)"
        )


def speed(*, weeks: int, replicates: int) -> None:
    """Processor time of one forecast with a target and the default taper, and of one without."""
    whole = simulate(PEOPLE, seed=1, scenario=FEW_SEEDS)
    day = whole.enrolled_on[0] + 70
    sample, history = known_on(whole, coupons_of(whole, each=FEW_SEEDS.coupons), day)
    now = momentum(sample, history, sample.trait("sex"))
    tapering = Plan(target=2_000, taper=((0.8, 2), (0.9, 1), (1.0, 0)))
    for name, plan in (("to a target", tapering), ("without end", Plan())):
        began = time.process_time()
        found = forecast(now, plan, Costs(), of="female", weeks=weeks, replicates=replicates)
        took = time.process_time() - began
        reached = found.people[2, -1]
        say(f"{replicates:,} × {weeks} weeks {name}: {took:.2f} s CPU ({reached:,.0f} people)")


def say(line: str) -> None:
    """A line of the result."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--replicates", type=int, default=1_000)
    asked = parser.parse_args()
    speed(weeks=52, replicates=2_000)
    for week in LOOKS:
        coverage(cases=asked.cases, look=week, weeks=asked.weeks, replicates=asked.replicates)
