from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from analysis.arrays import FloatArray
from analysis.degrees import MissingDegree
from analysis.estimate import REPLICATES, Wanted
from analysis.report import summarise
from analysis.reproduction import MaturedReproduction, matured_reproduction
from app.core.clock import local_date
from app.domain.chains.queries import load_sample
from app.domain.programmes.queries import clock_of
from app.domain.recruitment.queries import load_coupon_history
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed

router = APIRouter(prefix="/api/v1", tags=["chains"])

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
MOST_REPLICATES = 2_000
LARGEST_POPULATION = 10**9

PopulationSize = Annotated[
    int | None,
    Field(ge=1, le=LARGEST_POPULATION, description="people there are, for Gile's method"),
]


class SummaryAsked(BaseModel):
    """As the options of ``pdi analyse``."""

    population_size: PopulationSize = None
    bootstrap: Annotated[
        int | None,
        Field(
            ge=2,
            le=MOST_REPLICATES,
            description="intervals from so many replicates; more are for POST /api/v1/analyses",
        ),
    ] = None
    interval: Annotated[
        Literal["recommended", "forest", "tree", "neighbourhood", "salganik", "gile"],
        Field(description="by which bootstrap; each estimator's own by default"),
    ] = "recommended"
    seed: Annotated[int, Field(ge=0, le=2**53, description="of the bootstrap")] = 0
    missing_degree: Annotated[
        MissingDegree, Field(description="what stands for a network size that is not known")
    ] = "drop"

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            population_size=self.population_size,
            bootstrap=self.interval if self.bootstrap else None,
            replicates=self.bootstrap or REPLICATES,
            seed=self.seed,
        )


@router.get("/chains/summary", responses=problems())
def chain_summary(
    db: Db, now: Now, actor: Lead, asked: Annotated[SummaryAsked, Query()]
) -> dict[str, Any]:
    """What ``pdi analyse --json`` says of a file, from live data, by sex.

    Live data know each coupon's last day: ``reproduction.matured`` is of people whose time to recruit is over, and
    ``matured_redemption_rate`` of coupons past their last day; null where there are none.
    """
    with db.snapshot() as session:
        today = local_date(now, clock_of(session, actor.programme_id, actor.site_id))
        live = load_sample(session, actor.programme_id, today=today)
        history = load_coupon_history(session, actor.programme_id, live.sample, today=today)
    told: dict[str, Any] = summarise(
        live.sample, "sex", missing_degree=asked.missing_degree, wanted=asked.wanted
    )
    matured = matured_reproduction(live.sample, history, live.sample.trait("sex"))
    told["reproduction"]["matured"] = _told(matured)
    told["matured_redemption_rate"] = live.coupons.matured_redemption_rate
    return told


def _told(found: MaturedReproduction) -> dict[str, Any]:
    return {
        "people": dict(zip(found.levels, found.people.tolist(), strict=True)),
        "number": found.number,
        "low": found.number_low,
        "high": found.number_high,
        "matrix": {
            level: _by_level(found.levels, row)
            for level, row in zip(found.levels, found.matrix, strict=True)
        },
        "composition": _by_level(found.levels, found.composition),
        "obstacle": found.obstacle,
    }


def _by_level(levels: tuple[str, ...], values: FloatArray) -> dict[str, float | None]:
    return {
        level: float(value) if np.isfinite(value) else None
        for level, value in zip(levels, values, strict=True)
    }
