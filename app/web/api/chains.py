from typing import Annotated, Any

from fastapi import APIRouter, Depends

from analysis.report import summarise
from app.core.clock import local_date
from app.domain.chains.queries import load_sample
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed

router = APIRouter(prefix="/api/v1", tags=["chains"])

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]


@router.get("/chains/summary", responses=problems())
def chain_summary(db: Db, now: Now, actor: Lead) -> dict[str, Any]:
    """What ``pdi analyse --json`` says of a file, from live data, by sex."""
    with db.snapshot() as session:
        live = load_sample(session, actor.programme_id, today=local_date(now, "UTC"))
    return summarise(live.sample, "sex")
