"""The numbers of the forecast page: what a run came to, beside what has been so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from analysis.arrays import DateArray, FloatArray
from analysis.plots import Fan
from app.core.money import Money
from app.domain.analyses.rules import Parameter
from app.web.figures.reach import Reach

HORIZONS = (13, 26, 52)
FACTORS = (1.25, 1.5, 2.0, 2.4)
REPLICATES, SEED = 2_000, 1


@dataclass(frozen=True)
class Question:
    """How far to look, and what to change; ``None`` changes nothing. ``reward`` is in minor units."""

    weeks: int = HORIZONS[1]
    coupons: int | None = None
    seeds_female: int | None = None
    seeds_male: int | None = None
    odds: float | None = None
    reward: int | None = None
    from_week: int = 1

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The same for a run."""
        return {
            "weeks": self.weeks,
            "replicates": REPLICATES,
            "seed": SEED,
            "change_from_week": self.from_week,
            "change_coupons": self.coupons,
            "change_seeds_female": self.seeds_female,
            "change_seeds_male": self.seeds_male,
            "change_odds_female": self.odds,
            "change_reward_female": self.reward,
        }

    @property
    def has_change(self) -> bool:
        """Whether anything is to be done otherwise."""
        given = (self.coupons, self.seeds_female, self.seeds_male, self.odds, self.reward)
        return any(each is not None for each in given)


@dataclass(frozen=True)
class Between:
    """The middle of a forecast figure, and between what 9 in 10 futures lie; ``None`` where there is none."""

    median: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, told: Mapping[str, float | None]) -> "Between":
        return cls(told["median"], told["low_90"], told["high_90"])


@dataclass(frozen=True, eq=False)
class Future:
    """One way in which it may go on, as a run told it.

    A run that is no longer of now keeps to itself where it began: beside today's figures, that would tell who has
    come since. ``met_on`` is the day of the target: its middle, and between which days it lies in 9 of 10 futures.
    """

    told: Mapping[str, Any]
    currency: str
    is_of_now: bool = True

    @property
    def days(self) -> DateArray:
        """The days that figures are told of, a week apart."""
        days = self.told["days"] if self.is_of_now else self.told["days"][1:]
        return np.array(days, dtype="datetime64[D]")

    def quantiles(self, figure: str) -> FloatArray:
        """(5, w) a figure on each of the days, nan where there is none; what rows are, see ``analysis.forecast``."""
        rows = np.array(self.told[figure], dtype=np.float64)
        return rows if self.is_of_now else rows[:, 1:]

    @property
    def target(self) -> int | None:
        target: int | None = self.told["target"]
        return target

    @property
    def met_on(self) -> tuple[date, date, date] | None:
        its = self.told["days_to_target"]
        if its["median"] is None:
            return None
        first = date.fromisoformat(self.told["days"][0])
        found = (its[key] for key in ("low_90", "median", "high_90"))
        low, middle, high = (first + timedelta(days=round(days)) for days in found)
        return low, middle, high

    @property
    def meets_within(self) -> float | None:
        """Chance that the target is met within the horizon."""
        missed = self.told["not_within"]
        return None if missed is None else 1 - missed

    @property
    def is_likely_to_meet(self) -> bool:
        """Whether half of the futures meet the target: only then is a day of it worth telling first."""
        return (self.meets_within or 0) >= 0.5

    @property
    def dies_out(self) -> float:
        return float(self.told["dies_out"])

    @property
    def people_at_end(self) -> Between:
        low, _, middle, _, high = (row[-1] for row in self.told["people"])
        return Between(middle, low, high)

    @property
    def share_at_end(self) -> Between:
        return Between.of(self.told["share_at_end"])

    @property
    def cost_per_woman(self) -> tuple[Money, Money, Money] | None:
        its = Between.of(self.told["cost_per_woman"])
        if its.median is None or its.low is None or its.high is None:
            return None
        low, middle, high = (
            Money(round(minor), self.currency) for minor in (its.low, its.median, its.high)
        )
        return low, middle, high

    def fan(self, figure: str) -> Fan:
        """The fan of a figure: half of the futures within one band, nine in ten within the other."""
        rows = self.quantiles(figure)
        return Fan(self.days, rows[2], [(0.9, rows[0], rows[4]), (0.5, rows[1], rows[3])])


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a run came to: how it goes on, and, where something was to be changed, how it would then.

    ``more`` is the change less the rest: people, women, share, cost, days_to_target.
    """

    as_of: date
    future: Future
    changed: Future | None
    more: Mapping[str, Between]
    better: float | None
    seeds: Mapping[str, int]
    coupons: int | None


def outlook_of(told: Mapping[str, Any], *, is_of_now: bool = True) -> Outlook:
    """Read what ``compute_forecast`` wrote, of the figures of now or of some time ago."""
    compared, currency = told["comparison"], told["currency"]
    figures = ("people", "women", "share", "cost", "days_to_target")
    return Outlook(
        as_of=date.fromisoformat(told["as_of"]),
        future=Future(told["forecast"], currency, is_of_now),
        changed=Future(compared["changed"], currency, is_of_now) if compared else None,
        more={key: Between.of(compared[key]) for key in figures} if compared else {},
        better=compared["better"] if compared else None,
        seeds=told["plan"]["seeds"],
        coupons=told["plan"]["coupons"],
    )


def past(reach: Reach, figure: str) -> tuple[DateArray, FloatArray]:
    """What has been so far, week by week, as far as it may be told; nothing for what is not kept by week."""
    course = reach.course
    if figure == "people":
        return course.weeks, course.people.astype(np.float64)
    if figure == "share":
        known = course.of > 0
        return course.weeks[known], course.n[known] / course.of[known]
    return course.weeks[:0], np.empty(0)
