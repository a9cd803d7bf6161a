from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.domain.deliveries.rules import Left, Outcome
from app.domain.devices.queries import Device
from app.web.api.fields import Instant, LongText
from app.web.api.refusals import problems
from app.web.delivering import Delivery, Sealed, Upload, deliver
from app.web.deps import Db, Now
from app.web.desk_auth import key_shown

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])

PATH = f"{router.prefix}/events"
MOST_EVENTS = 50
# Fifty events of the longest interviews; everything else that is sent stays under the usual limit.
BODY_LIMIT = 512 * 1024
LARGEST = 2**31 - 1

Number = Annotated[int, Field(ge=0, le=LARGEST, strict=True)]


class SealedEventIn(BaseModel):
    """Something a device did, sealed to the server. It proves by itself which device did it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: UUID
    seq: Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
    sealed: Annotated[str, StringConstraints(max_length=32_768)]


class EventsIn(BaseModel):
    """Events of one device, oldest first, and what the device says of itself.

    ``known_to`` is the highest number it has a verdict for, and ``waiting`` how many events it has without one, these
    included: where something is missing it says whether it can still come.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    device_id: UUID
    clock: Instant
    epoch: UUID | None = None
    known_to: Number = 0
    waiting: Number
    last_problem: LongText | None = None
    events: Annotated[list[SealedEventIn], Field(max_length=MOST_EVENTS)]


class EventVerdict(BaseModel):
    """The final answer to an event, the same whenever it comes again. Flags refuse nothing."""

    id: UUID
    seq: int
    outcome: Outcome
    code: str | None
    flags: list[str]


class EventLeft(BaseModel):
    """An event that was not answered: it is to be sent again."""

    id: UUID
    seq: int
    code: Left


class EventsOut(BaseModel):
    """Answers in the order of the numbers. From ``resend_from`` on, everything is to be sent again."""

    epoch: UUID
    now: datetime
    device: Literal["active", "revoked", "unknown"]
    resend_from: int | None
    verdicts: list[EventVerdict]
    left: list[EventLeft]


@router.post("/events", responses=problems())
def take_events(request: Request, upload: EventsIn, db: Db, now: Now) -> EventsOut:
    """What a device did, answered for ever: once for each event, however often and in whatever order it is sent.

    Needs no log-in: each event is sealed to the server and holds its device's key, so that a locked device can still deliver.
    An unlocked device shows its key besides, so that what it says of itself is believed when it sends no event.
    An event stays unanswered, under ``left``, while an earlier one of its device is missing and may still come, while the
    device is not known (a restored server that does not know its person either), or when the server failed at it; the others go on.
    """
    sealed = [Sealed(each.id, each.seq, each.sealed) for each in upload.events]
    delivery = deliver(
        db,
        Upload(
            device_id=upload.device_id,
            clock=upload.clock,
            known_to=upload.known_to,
            waiting=upload.waiting,
            last_problem=upload.last_problem,
            events=sealed,
            key=key_shown(request),
        ),
        now=now,
    )
    return _out(delivery, now)


def _out(delivery: Delivery, now: datetime) -> EventsOut:
    verdicts = [
        EventVerdict(
            id=answer.id,
            seq=answer.seq,
            outcome=answer.outcome,
            code=answer.code,
            flags=list(answer.flags),
        )
        for answer in sorted(delivery.answers, key=lambda answer: answer.seq)
    ]
    return EventsOut(
        epoch=delivery.epoch,
        now=now,
        device=_state(delivery.device),
        resend_from=delivery.resend_from,
        verdicts=verdicts,
        left=[EventLeft(id=each.id, seq=each.seq, code=each.why) for each in delivery.left],
    )


def _state(device: Device | None) -> Literal["active", "revoked", "unknown"]:
    if device is None:
        return "unknown"
    return "revoked" if device.revoked_at else "active"
