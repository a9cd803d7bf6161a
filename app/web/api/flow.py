from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from analysis.coupons.survival import Survival
from analysis.reproduction import MaturedReproduction
from app.core.clock import local_date
from app.domain.chains.queries import load_sample
from app.domain.programmes.queries import clock_of
from app.domain.recruitment.queries import load_flow
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed
from app.web.figures.flow import Flow, Rate, Step, flow_of, lines_of
from app.web.figures.reach import others_level

router = APIRouter(prefix="/api/v1/reach", tags=["reach"])

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
GROUPS = ("women", "others")


class StepOut(BaseModel):
    """One step of the way. Null is withheld: a count below five, or one that would give such a one back."""

    step: str
    women: int | None
    others: int | None

    @classmethod
    def of(cls, step: Step) -> "StepOut":
        return cls(step=step.name, women=step.women, others=step.others)


class BetweenOut(BaseModel):
    """A share or a mean with its 95 % interval; null where it rests on too few people."""

    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, rate: Rate) -> "BetweenOut":
        return cls(value=_rounded(rate.value), low=_rounded(rate.low), high=_rounded(rate.high))


class BySexOut(BaseModel):
    women: BetweenOut
    others: BetweenOut

    @classmethod
    def of(cls, rates: tuple[Rate, Rate]) -> "BySexOut":
        return cls(women=BetweenOut.of(rates[0]), others=BetweenOut.of(rates[1]))


class DayOut(BaseModel):
    """The share of a sex's coupons that came back by a day since they were given out."""

    holder: Annotated[str, Field(description="women or others")]
    day: int
    followed: Annotated[int | None, Field(description="coupons still followed; null below five")]
    share: float | None
    low: float | None
    high: float | None


class ReproductionOut(BaseModel):
    """Whether recruitment keeps itself going, by those whose time to bring others is over."""

    number: Annotated[float | None, Field(description="the factor from wave to wave, in the end")]
    low: float | None
    high: float | None
    matrix: Annotated[
        dict[str, dict[str, BetweenOut]],
        Field(description="people of each sex (inner) that one recruiter (outer) brings"),
    ]
    women_in_late_waves: BetweenOut
    ends_by_itself: Annotated[
        dict[str, float | None],
        Field(description="chance that a chain from one seed of the sex ends, sooner or later"),
    ]
    obstacle: Annotated[str | None, Field(description="why the number or the share is missing")]

    @classmethod
    def of(cls, found: MaturedReproduction) -> "ReproductionOut":
        bounds = (found.composition, found.composition_low, found.composition_high)
        return cls(
            number=_rounded(found.number),
            low=_rounded(found.number_low),
            high=_rounded(found.number_high),
            matrix={
                each: {other: _cell(found, i, j) for j, other in enumerate(GROUPS)}
                for i, each in enumerate(GROUPS)
            },
            women_in_late_waves=_between(*(each[0] for each in bounds)),
            ends_by_itself={
                each: _rounded(chance)
                for each, chance in zip(GROUPS, found.extinction.tolist(), strict=True)
            },
            obstacle=found.obstacle,
        )


class FlowOut(BaseModel):
    """From a coupon handed out to a recruit who recruits, by sex as women and others."""

    others: Annotated[str, Field(description="who the others are: male or male_or_other")]
    coupons: Annotated[list[StepOut], Field(description="by the sex of the holder")]
    people: Annotated[list[StepOut], Field(description="from the desk on, by their own sex")]
    days: Annotated[
        list[DayOut] | None,
        Field(description="until a coupon comes back, week by week; null while there are few"),
    ]
    matured_redemption_rate: Annotated[
        BySexOut, Field(description="of coupons past their last day, by the sex of the holder")
    ]
    brought_in_the_end: Annotated[
        BySexOut, Field(description="people each holder brings, coupons still out allowed for")
    ]
    reproduction: ReproductionOut | None


@router.get("/flow", responses=problems())
def show_flow(db: Db, now: Now, actor: Lead) -> FlowOut:
    """Who passes each step from a coupon to a recruiter, how soon, and whether it keeps itself going."""
    with db.snapshot() as session:
        today = local_date(now, clock_of(session, actor.programme_id, actor.site_id))
        sample = load_sample(session, actor.programme_id, today=today).sample
        loaded = load_flow(session, actor.programme_id, sample, today=today)
    flow = flow_of(sample, loaded.history, loaded.cascade)
    return _told(flow, others_level(sample.trait("sex")))


def _told(flow: Flow, others: str) -> FlowOut:
    steps = [] if flow.is_empty else [StepOut.of(step) for step in flow.coupons]
    return FlowOut(
        others=others,
        coupons=steps,
        people=[] if flow.is_empty else [StepOut.of(step) for step in flow.people],
        days=None if flow.survival is None else _days(flow.survival),
        matured_redemption_rate=BySexOut.of(flow.matured),
        brought_in_the_end=BySexOut.of(flow.effective),
        reproduction=ReproductionOut.of(flow.reproduction) if flow.reproduction else None,
    )


def _days(curves: Survival) -> list[DayOut]:
    return [
        DayOut(
            holder=holder,
            day=day,
            followed=followed,
            share=_rounded(share),
            low=_rounded(low),
            high=_rounded(high),
        )
        for i, holder in enumerate(GROUPS)
        for day, followed, share, low, high in lines_of(curves, i)
    ]


def _cell(found: MaturedReproduction, i: int, j: int) -> BetweenOut:
    return _between(found.matrix[i, j], found.matrix_low[i, j], found.matrix_high[i, j])


def _between(value: float, low: float, high: float) -> BetweenOut:
    return BetweenOut(value=_rounded(value), low=_rounded(low), high=_rounded(high))


def _rounded(value: float | None) -> float | None:
    """As the page tells it: more digits of a share could give back the counts behind it."""
    return None if value is None or not np.isfinite(value) else round(float(value), 3)
