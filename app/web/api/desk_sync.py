from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import DomainError
from app.web.api.fields import ShortText
from app.web.api.redemptions import Redeemer, ScanIn
from app.web.api.refusals import problems
from app.web.deps import Db, Now
from app.web.scanning import take_scan

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])

MOST_SCANS = 200


class OfflineScanIn(ScanIn):
    """A scan of an upload; the device is the upload's."""

    device_id: ShortText = ""


class Sync(BaseModel):
    """Scans made without a network, oldest first."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    device_id: ShortText
    scans: Annotated[list[OfflineScanIn], Field(max_length=MOST_SCANS)]


class VerdictOut(BaseModel):
    id: UUID
    outcome: str
    code: str | None = None


class Verdicts(BaseModel):
    verdicts: list[VerdictOut]


@router.post("/sync", responses=problems())
def sync(upload: Sync, db: Db, now: Now, actor: Redeemer) -> Verdicts:
    """One final verdict for each scan, one transaction each: what was taken in stays so if the rest is cut off."""
    verdicts = []
    for scan in upload.scans:
        try:
            read = replace(scan.to_domain(), device_id=upload.device_id)
            verdict = take_scan(db, read, by=actor, now=now, happened_offline=True)
            verdicts.append(VerdictOut(id=scan.id, outcome=verdict.outcome.value))
        except DomainError as refusal:
            verdicts.append(VerdictOut(id=scan.id, outcome="refused", code=refusal.code))
    return Verdicts(verdicts=verdicts)
