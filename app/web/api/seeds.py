from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StrictInt

from app.domain.participants.rules import EntryRoute, Sex
from app.domain.programmes.queries import site_by_code
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.visits.actions import enrol_seed
from app.web.api.fields import ShortText
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed

router = APIRouter(prefix="/api/v1/seeds", tags=["participants"])


class SeedIn(BaseModel):
    """Someone whom staff chose, screened, asked for consent and trained."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    site: ShortText
    sex: Sex
    age: StrictInt
    network_size: StrictInt | None = None
    entry_route: EntryRoute
    never_reached_before: bool | None = None


class SeedOut(BaseModel):
    participant_id: UUID


@router.post("", status_code=201, responses=problems(404, 409))
def create_seed(
    seed: SeedIn,
    db: Db,
    now: Now,
    actor: Annotated[Actor, Depends(allowed(Permission.ENROL_SEED))],
) -> SeedOut:
    """Enrol a seed, who begins a chain."""
    with db.transaction() as session:
        participant_id = enrol_seed(
            session,
            site=site_by_code(session, actor.programme_id, seed.site),
            sex=seed.sex,
            age=seed.age,
            network_size=seed.network_size,
            entry_route=seed.entry_route,
            never_reached_before=seed.never_reached_before,
            by=actor,
            now=now,
        )
    return SeedOut(participant_id=participant_id)
