from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.domain.devices.queries import Device
from app.domain.participants import queries as participants
from app.domain.participants.errors import UnknownParticipant
from app.domain.participants.rules import Came, Standing
from app.domain.programmes import queries as programmes
from app.domain.stipends import queries as stipends
from app.domain.visits import queries as visits
from app.web.api.desk_events import SealedEventIn
from app.web.api.refusals import problems
from app.web.delivering import Sealed, brought
from app.web.deps import Db, Now
from app.web.desk_auth import DeskDevice

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])

MOST_VISITS = 5
# A visit is of a day; the night may fall into it.
ASKED_FOR = timedelta(days=1)


class VisitsIn(BaseModel):
    """The arrivals of the visits asked about, sealed as this device sent them: that proves whose visits they are."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    arrivals: Annotated[list[SealedEventIn], Field(max_length=MOST_VISITS)]


class DeskVisitOut(BaseModel):
    """How far a visit has come, by the id of its arrival. ``owed`` and ``paid`` say whether, not how much."""

    id: UUID
    came: Came
    standing: Standing
    screened: bool
    consented: bool | None
    tested: bool
    interviewed: bool
    trained: bool
    served: bool
    has_bundle: bool
    owed: bool
    paid: bool


class VisitsOut(BaseModel):
    """The visits that this device brought in today or yesterday; others are left out without a word."""

    visits: list[DeskVisitOut]


@router.post("/visits", responses=problems())
def visits_of_device(asked: VisitsIn, db: Db, now: Now, device: DeskDevice) -> VisitsOut:
    """What was done since with people this device welcomed, on the online pages too: cards printed, money handed out."""
    arrivals = [Sealed(each.id, each.seq, each.sealed) for each in asked.arrivals]
    with db.snapshot() as session:
        found = [
            _visit(session, scan, person, device, now)
            for scan, person in brought(session, device, arrivals, now=now).items()
        ]
    return VisitsOut(visits=[visit for visit in found if visit])


def _visit(
    session: Session, scan: UUID, person: UUID, device: Device, now: datetime
) -> DeskVisitOut | None:
    try:
        who = participants.participant(session, person, programme_id=device.programme_id)
    except UnknownParticipant:  # she was there already, under another desk's name
        return None
    timezone = programmes.site(session, who.site_id).timezone
    if who.came_on < local_date(now, timezone) - ASKED_FOR:
        return None
    progress = visits.progress(session, person, programme_id=device.programme_id)
    return DeskVisitOut(
        id=scan,
        came=progress.came,
        standing=progress.standing,
        screened=progress.screened,
        consented=progress.consented,
        tested=progress.tested,
        interviewed=progress.interviewed,
        trained=progress.trained,
        served=progress.served,
        has_bundle=progress.has_bundle,
        owed=progress.owed_minor > 0,
        paid=stipends.was_given_money(session, person),
    )
