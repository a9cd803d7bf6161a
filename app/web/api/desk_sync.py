from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy.exc import DataError, IntegrityError

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.coupons.errors import MistypedCode
from app.domain.intake.rules import Scan, corrected
from app.domain.staff.queries import Actor
from app.web.api.fields import Instant, ShortText
from app.web.api.redemptions import Redeemer, ScanIn
from app.web.api.refusals import problems
from app.web.deps import Db, Now
from app.web.scanning import take_arrival

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])

MOST_SCANS = 200
_ID = TypeAdapter(UUID)


class OfflineScanIn(ScanIn):
    """A scan of an upload; the device is the upload's.

    A device that has let the visit go on names whom it was for: she is kept even if the scan is refused.
    """

    device_id: ShortText = ""
    participant_id: UUID | None = None


@dataclass(frozen=True)
class Malformed:
    """A scan of an upload that is none, by its id where that much can be read."""

    id: UUID | None


def _by_itself(value: Any, read: ValidatorFunctionWrapHandler) -> OfflineScanIn | Malformed:
    """A scan, or that it is none: what a device wrote wrongly once keeps back no other scan."""
    try:
        scan: OfflineScanIn = read(value)
    except ValidationError:
        return Malformed(_id_of(value))
    return scan


def _id_of(value: Any) -> UUID | None:
    try:
        return _ID.validate_python(value.get("id") if isinstance(value, dict) else None)
    except ValidationError:
        return None


EachScan = Annotated[
    Annotated[OfflineScanIn, WrapValidator(_by_itself)] | SkipJsonSchema[Malformed],
    Field(union_mode="left_to_right"),
]


class Sync(BaseModel):
    """Scans made without a network, oldest first."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    device_id: ShortText
    clock: Annotated[
        Instant | None,
        Field(description="the device's time as it sends: the scans' times are corrected by it"),
    ] = None
    scans: Annotated[list[EachScan], Field(max_length=MOST_SCANS)]


class VerdictOut(BaseModel):
    id: Annotated[UUID | None, Field(description="the scan's; null where it could not be read")]
    outcome: str
    code: Annotated[
        str | None,
        Field(description="why it was refused; invalid_request: it is no scan as it stands"),
    ] = None


class Verdicts(BaseModel):
    verdicts: list[VerdictOut]


@router.post("/sync", responses=problems())
def sync(upload: Sync, db: Db, now: Now, actor: Redeemer) -> Verdicts:
    """One final verdict for each scan, one transaction each: what was taken in stays so if the rest is cut off."""
    return Verdicts(verdicts=[_verdict(db, scan, upload, actor, now) for scan in upload.scans])


def _verdict(
    db: Database, scan: OfflineScanIn | Malformed, upload: Sync, actor: Actor, now: datetime
) -> VerdictOut:
    if isinstance(scan, Malformed):
        return VerdictOut(id=scan.id, outcome="refused", code="invalid_request")
    try:
        return _taken(db, scan, upload, actor, now)
    except DomainError as refusal:
        return VerdictOut(id=scan.id, outcome="refused", code=refusal.code)
    except (DataError, IntegrityError):
        # What the database cannot keep at all; one that another scan beat was tried again.
        return VerdictOut(id=scan.id, outcome="refused", code="invalid_request")


def _taken(
    db: Database, scan: OfflineScanIn, upload: Sync, actor: Actor, now: datetime
) -> VerdictOut:
    try:
        read = _read(scan, upload, now)
    except MistypedCode:
        if scan.participant_id:  # whoever came with what is no card was there all the same
            read = _read(scan, upload, now, has_coupon=False)
            take_arrival(db, read, by=actor, now=now)
        raise
    arrival = take_arrival(db, read, by=actor, now=now)
    return VerdictOut(id=scan.id, outcome=arrival.outcome, code=arrival.code)


def _read(scan: OfflineScanIn, upload: Sync, now: datetime, *, has_coupon: bool = True) -> Scan:
    """Raises: MistypedCode."""
    scanned_at, flags = corrected(scan.scanned_at, clock=upload.clock or now, now=now)
    return replace(
        scan.to_domain(has_coupon=has_coupon),
        device_id=upload.device_id,
        participant_id=scan.participant_id,
        scanned_at=scanned_at,
        flags=flags,
    )
