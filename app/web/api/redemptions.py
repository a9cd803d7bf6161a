from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.coupons.queries import read
from app.domain.intake.rules import Scan, Verdict
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.api.fields import Instant, LongText, ShortText
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed
from app.web.scanning import take_scan

router = APIRouter(prefix="/api/v1/redemptions", tags=["desk"])

Redeemer = Annotated[Actor, Depends(allowed(Permission.REDEEM))]


class ScanIn(BaseModel):
    """A coupon read at a desk: its code or its token. The id is the device's, made before it sends."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: UUID
    code: LongText | None = None
    token: LongText | None = None
    site: ShortText
    device_id: ShortText
    scanned_at: Instant
    uic: ShortText | None = None
    not_the_same: Annotated[list[UUID], Field(max_length=20)] = []
    late_reason: LongText | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.code is None) == (self.token is None):
            raise ValueError("give either code or token")
        return self

    def to_domain(self, *, has_coupon: bool = True) -> Scan:
        """Raises: MistypedCode."""
        return Scan(
            id=self.id,
            coupon=read(self.code or self.token or "") if has_coupon else None,
            site=self.site,
            device_id=self.device_id,
            scanned_at=self.scanned_at,
            uic=self.uic or None,
            not_the_same=tuple(self.not_the_same),
            late_reason=self.late_reason,
        )


class RedemptionOut(BaseModel):
    id: UUID
    coupon: str
    outcome: str
    participant_id: UUID
    flags: list[str]

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        return cls(
            id=verdict.id,
            coupon=verdict.coupon,
            outcome=verdict.outcome.value,
            participant_id=verdict.participant_id,
            flags=list(verdict.flags),
        )


@router.post("", status_code=201, responses=problems(404, 409, 410))
def create_redemption(scan: ScanIn, db: Db, now: Now, actor: Redeemer) -> RedemptionOut:
    """Redeem a coupon once. The same id again gets the same answer."""
    return RedemptionOut.of(take_scan(db, scan.to_domain(), by=actor, now=now))
