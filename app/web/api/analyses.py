import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from analysis.errors import SampleError
from app.core.clock import local_date
from app.domain.analyses import actions, queries
from app.domain.analyses.queries import Result, RunFacts
from app.domain.analyses.rules import AnalysisKind, RunState
from app.domain.chains.queries import load_sample
from app.domain.programmes.queries import clock_of
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.api.analysis_questions import Asked, EstimateParameters, ForecastParameters
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed
from app.web.figures.estimates import is_enough, points

router = APIRouter(prefix="/api/v1/analyses", tags=["analyses"])

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
JSON = "application/json"
NOT_TOLD = ("used", "left_out")


class RequestedOut(BaseModel):
    """A run that was asked for; one that is under way already answers the same question."""

    id: UUID
    state: RunState


class AnalysisOut(BaseModel):
    """How far a run has come, and what came of it. Ask again while it is waiting or running."""

    id: UUID
    kind: AnalysisKind
    parameters: dict[str, Any]
    state: RunState
    progress: Annotated[float, Field(description="share that is done, 1 when all is")]
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failure: Annotated[
        str | None, Field(description="the stable code of why it could not be computed")
    ]
    result: Annotated[
        dict[str, Any] | None, Field(description="figures, once it is done; null for a report")
    ]
    document: Annotated[
        str | None, Field(description="address of a report as PDF, once it is done")
    ]

    @classmethod
    def of(cls, run: RunFacts, result: Result | None) -> "AnalysisOut":
        is_json = result is not None and result.media_type == JSON
        is_report = run.kind == AnalysisKind.REPORT
        return cls(
            id=run.id,
            kind=AnalysisKind(run.kind),
            parameters=dict(run.parameters),
            state=run.state,
            progress=run.progress,
            requested_at=run.requested_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            failure=run.failure,
            result=_told(run, result.content) if result and is_json else None,
            document=f"/reports/{run.id}.pdf" if result and is_report else None,
        )


@router.post("", status_code=202, responses=problems(429))
def request_analysis(
    asked: Asked, db: Db, now: Now, actor: Lead, response: Response
) -> RequestedOut:
    """Ask for something that takes long; it is computed in the background."""
    with db.snapshot() as session:
        check(session, asked.parameters, actor, now=now)
    with db.transaction() as session:
        wanted = asked.parameters.parameters
        run_id = actions.request(session, asked.kind, wanted, by=actor, now=now)
        state = queries.run(session, actor.programme_id, run_id).state
    response.headers["Location"] = f"/api/v1/analyses/{run_id}"
    return RequestedOut(id=run_id, state=state)


@router.get("/{run_id}", responses=problems(404))
def show_analysis(run_id: UUID, db: Db, actor: Lead) -> AnalysisOut:
    """How far it is, and its result."""
    with db.snapshot() as session:
        run = queries.run(session, actor.programme_id, run_id)
        result = queries.result_of(session, actor.programme_id, run_id)
    return AnalysisOut.of(run, result)


def check(
    session: Session,
    parameters: EstimateParameters | ForecastParameters,
    actor: Actor,
    *,
    now: datetime,
) -> None:
    """Refuse at once what cannot be answered, or would be an answer about single people.

    Raises:
        SampleError: ``too_few_people``, ``no_population_size``, ``population_too_small``.
    """
    today = local_date(now, clock_of(session, actor.programme_id, actor.site_id))
    sample = load_sample(session, actor.programme_id, today=today).sample
    is_answered = is_enough(sample)
    if is_answered and isinstance(parameters, EstimateParameters):
        if parameters.question.lacks_size(parameters.estimator):
            raise SampleError("no_population_size", "This needs the size of the population.")
        is_answered = bool(points(sample, parameters.question))
    if not is_answered:
        raise SampleError("too_few_people", "There are fewer than five women, or five others.")


def _told(run: RunFacts, content: bytes) -> dict[str, Any]:
    """What a run came to, no closer than the pages tell it: how many are left out stays with the estimates."""
    told: dict[str, Any] = json.loads(content)
    if run.kind == AnalysisKind.ESTIMATE:
        told = {key: _rounded(each) for key, each in told.items() if key not in NOT_TOLD}
    return told


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return value
