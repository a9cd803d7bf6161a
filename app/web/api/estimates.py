from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from analysis.convergence import Course
from app.core.clock import local_date
from app.domain.analyses.queries import RunFacts
from app.domain.chains.queries import LiveSample, load_sample
from app.domain.programmes.queries import clock_of, programme
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.api.chain_summary import PopulationSize
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed
from app.web.figures.estimate_runs import results_of, runs_for
from app.web.figures.estimates import (
    REPLICATES,
    Mixing,
    Question,
    Row,
    courses,
    is_enough,
    mixing,
    points,
)

router = APIRouter(prefix="/api/v1/reach", tags=["reach"])

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
BootstrapName = Literal["forest", "tree", "neighbourhood", "salganik", "gile"]


class EstimatesAsked(BaseModel):
    """As the form of the page ``/reach/estimates``."""

    population_size: PopulationSize = None
    bootstrap: Annotated[
        BootstrapName | None, Field(description="each estimator's own by default")
    ] = None
    replicates: Annotated[
        int, Field(ge=2, description="those of the runs whose intervals are told")
    ] = REPLICATES[0]
    with_seeds: Annotated[bool, Field(description="whether seeds count among the people")] = True

    @property
    def question(self) -> Question:
        return Question(
            bootstrap=self.bootstrap or "",
            replicates=self.replicates,
            population_size=self.population_size,
            with_seeds=self.with_seeds,
        )


class EstimateOut(BaseModel):
    """The share of women by one estimator. ``composition`` is that of those reached: no estimate."""

    estimator: str
    share: Annotated[float | None, Field(description="null where it cannot be computed")]
    low: Annotated[
        float | None, Field(description="of the 95 % interval, once a run has computed it")
    ]
    high: float | None
    se: Annotated[float | None, Field(description="standard error")]
    design_effect: float | None
    bootstrap: Annotated[str | None, Field(description="by which the interval was computed")]
    replicates: Annotated[int | None, Field(description="that gave an estimate")]
    used: Annotated[
        int | None, Field(description="people counted; null where it could pick somebody out")
    ]
    left_out: Annotated[
        int | None, Field(description="people whose sex, or network size, is not known; or null")
    ]
    run: Annotated[
        UUID | None,
        Field(description="what computes or computed the interval: GET /api/v1/analyses/{id}"),
    ]

    @classmethod
    def of(cls, row: Row, run: RunFacts | None) -> "EstimateOut":
        is_known = row.share is not None
        return cls(
            estimator=row.estimator,
            share=_rounded(row.share, 4),
            low=_rounded(row.low, 4),
            high=_rounded(row.high, 4),
            se=_rounded(row.se, 4),
            design_effect=_rounded(row.design_effect, 4),
            bootstrap=row.bootstrap,
            replicates=row.replicates,
            used=row.used if is_known else None,
            left_out=row.left_out if is_known else None,
            run=run.id if run else None,
        )


class PointOut(BaseModel):
    people: Annotated[int, Field(description="who had come")]
    share: Annotated[float, Field(description="of women, estimated from them")]


class ChainCourseOut(BaseModel):
    label: Annotated[str, Field(description="of the chain")]
    points: list[PointOut]


class MixingOut(BaseModel):
    """How recruitment runs between women and others. Null cannot be computed."""

    homophily: Annotated[
        dict[str, tuple[float | None, float | None]],
        Field(description="of women and of others, by the name of its definition"),
    ]
    recruitment_homophily: Annotated[float | None, Field(description="as in R's RDS; 1 is none")]
    differential_activity: Annotated[
        float | None, Field(description="how many people women know, over how many others do")
    ]
    equilibrium: Annotated[float | None, Field(description="share of women that waves tend to")]
    waves_to_equilibrium: Annotated[
        int | None, Field(description="until the composition is within 2 points of it")
    ]

    @classmethod
    def of(cls, found: Mixing) -> "MixingOut":
        return cls(
            homophily={
                name: (_rounded(women, 2), _rounded(others, 2))
                for name, (women, others) in found.homophily.items()
            },
            recruitment_homophily=_rounded(found.recruitment_homophily, 2),
            differential_activity=_rounded(found.differential_activity, 2),
            equilibrium=_rounded(found.equilibrium, 3),
            waves_to_equilibrium=found.waves_to_equilibrium,
        )


class EstimatesOut(BaseModel):
    """Shares of women in the population, if the assumptions of each estimator hold.

    With fewer than five women or five others nothing is told: the figures would be of single people.
    """

    women_mark: Annotated[float, Field(description="the share of women to be measured against")]
    is_enough: Annotated[bool, Field(description="whether there are people enough to estimate")]
    estimates: list[EstimateOut]
    convergence: Annotated[
        list[PointOut], Field(description="RDS-II as people came; begins with 20 people")
    ]
    chains: Annotated[list[ChainCourseOut], Field(description="the same within each large chain")]
    is_settled: Annotated[
        bool | None,
        Field(description="stayed within 2 points since half had come; null: too early to say"),
    ]
    mixing: MixingOut | None


@router.get("/estimates", responses=problems())
def show_estimates(
    db: Db, now: Now, actor: Lead, asked: Annotated[EstimatesAsked, Query()]
) -> EstimatesOut:
    """Estimates with the intervals that have been computed of today's figures.

    Ask for intervals with POST /api/v1/analyses, and the same parameters.
    """
    question = asked.question
    with db.snapshot() as session:
        mark = programme(session, actor.programme_id).women_mark
        today = local_date(now, clock_of(session, actor.programme_id, actor.site_id))
        live = load_sample(session, actor.programme_id, today=today)
        if not is_enough(live.sample):
            return _nothing(mark)
        runs = runs_for(session, actor.programme_id, question, today=today)
        results = results_of(session, actor.programme_id, runs)
    rows = [
        row.with_interval(results[row.estimator]) if row.estimator in results else row
        for row in points(live.sample, question)
    ]
    if not rows:
        return _nothing(mark)
    settled = courses(live.sample, question)
    return EstimatesOut(
        women_mark=mark,
        is_enough=True,
        estimates=[EstimateOut.of(row, runs.get(row.estimator)) for row in rows],
        convergence=_points(settled.whole),
        chains=_chains(live, settled.chains),
        is_settled=settled.settling.is_settled,
        mixing=MixingOut.of(mixing(live.sample, question)),
    )


def _nothing(mark: float) -> EstimatesOut:
    return EstimatesOut(
        women_mark=mark,
        is_enough=False,
        estimates=[],
        convergence=[],
        chains=[],
        is_settled=None,
        mixing=None,
    )


def _chains(live: LiveSample, found: Sequence[tuple[int, Course]]) -> list[ChainCourseOut]:
    return [
        ChainCourseOut(label=live.labels[seed], points=_points(course)) for seed, course in found
    ]


def _points(course: Course) -> list[PointOut]:
    told = zip(course.people.tolist(), course.share[:, 0].tolist(), strict=True)
    return [PointOut(people=n, share=round(share, 3)) for n, share in told if np.isfinite(share)]


def _rounded(value: float | None, digits: int) -> float | None:
    """As the page tells it: more digits of a share could give back the counts behind it."""
    return None if value is None else round(value, digits)
