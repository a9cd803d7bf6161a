"""Forecasts of recruitment, and what a change of it would do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from analysis.coupons.history import CouponHistory
from analysis.forecasting.forecast import compare, forecast
from analysis.forecasting.momentum import momentum
from analysis.forecasting.plan import Change, Costs, Plan
from analysis.sample import Sample
from app.computations.results import as_json, given, plain
from app.core.clock import local_date
from app.core.db import Database
from app.domain.analyses.errors import BadAnalysis
from app.domain.analyses.queries import Result
from app.domain.analyses.rules import MOST_WEEKS
from app.domain.chains.queries import load_sample
from app.domain.participants.rules import Sex
from app.domain.programmes.queries import clock_of, programme
from app.domain.recruitment.queries import load_costs, load_coupon_history, load_plan

WOMEN, MEN = Sex.FEMALE.value, Sex.MALE.value
FROM = "change_from_week"


def compute_forecast(
    database: Database,
    programme_id: UUID,
    parameters: Mapping[str, Any],
    advance: Callable[[float], bool],
    now: datetime,
) -> Result | None:
    """What recruitment brings if it goes on, as ``analysis.forecasting.forecast`` has it; with a change, both and their difference.

    Parameters: ``weeks`` 52; ``replicates`` 2000; ``seed`` 0. How it goes on, null for the programme's own: ``target``;
    ``coupons`` a bundle; ``seeds_female`` and ``seeds_male`` a week. What is changed, null for nothing:
    ``change_coupons``, ``change_seeds_female``, ``change_seeds_male``, ``change_odds_female`` (factor on the odds that a
    recruit is a woman), ``change_reward_female`` (minor units more for each), and ``change_from_week`` 1.

    The JSON has ``forecast`` (fields of ``Forecast``); ``comparison`` (of ``Comparison``, without the baseline, which
    is the forecast) or null; ``plan`` and ``costs`` as used; ``currency``, ``parameters``, ``as_of`` and ``people``.
    """
    used = given(
        parameters,
        weeks=52,
        replicates=2000,
        seed=0,
        target=None,
        coupons=None,
        seeds_female=None,
        seeds_male=None,
        change_from_week=1,
        change_coupons=None,
        change_seeds_female=None,
        change_seeds_male=None,
        change_odds_female=None,
        change_reward_female=None,
    )
    if used["weeks"] * used["replicates"] > MOST_WEEKS:
        raise BadAnalysis(parameter="weeks", reason="out_of_range")
    start = _start(database, programme_id, now)
    if not advance(0.1):
        return None
    plan, change = _plan(start.plan, used), _change(start.plan, used)
    state = momentum(start.sample, start.history, start.sample.trait("sex"))
    draws = {key: used[key] for key in ("weeks", "replicates", "seed")}
    compared = None
    if change is None:
        drawn = forecast(state, plan, start.costs, of=WOMEN, **draws)
    else:
        both = compare(state, plan, change, start.costs, of=WOMEN, **draws)
        drawn = both.baseline
        compared = {name: each for name, each in plain(both).items() if name != "baseline"}
    return as_json(
        {
            "forecast": drawn,
            "comparison": compared,
            "plan": plan,
            "costs": start.costs,
            "currency": start.currency,
            "parameters": used,
            "as_of": start.today,
            "people": len(start.sample),
        }
    )


@dataclass(frozen=True, eq=False)
class _Start:
    """Where a forecast begins."""

    sample: Sample
    history: CouponHistory
    plan: Plan
    costs: Costs
    currency: str
    today: date


def _start(database: Database, programme_id: UUID, now: datetime) -> _Start:
    with database.snapshot() as session:
        today = local_date(now, clock_of(session, programme_id, None))
        sample = load_sample(session, programme_id, today=today).sample
        return _Start(
            sample,
            load_coupon_history(session, programme_id, sample, today=today),
            load_plan(session, programme_id, sample, today=today),
            load_costs(session, programme_id, sample),
            programme(session, programme_id).currency,
            today,
        )


def _plan(plan: Plan, used: Mapping[str, Any]) -> Plan:
    return replace(
        plan,
        target=plan.target if used["target"] is None else used["target"],
        coupons=plan.coupons if used["coupons"] is None else used["coupons"],
        seeds=_seeds(plan, used, "seeds"),
    )


def _change(plan: Plan, used: Mapping[str, Any]) -> Change | None:
    if not any(used[key] is not None for key in used if key.startswith("change_") and key != FROM):
        return None
    odds, reward = used["change_odds_female"], used["change_reward_female"]
    return Change(
        from_week=used[FROM],
        coupons=used["change_coupons"],
        seeds=_seeds(_plan(plan, used), used, "change_seeds"),
        odds={} if odds is None else {WOMEN: odds},
        reward={} if reward is None else {WOMEN: reward},
    )


def _seeds(plan: Plan, used: Mapping[str, Any], key: str) -> dict[str, int]:
    """The plan's seeds a week, with those that were given otherwise."""
    given = {sex: used[f"{key}_{sex}"] for sex in (WOMEN, MEN)}
    return {**plan.seeds, **{sex: n for sex, n in given.items() if n is not None}}
