from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from app.core.codes import Code
from app.domain.coupons.queries import read
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.queries import Look, look_up
from app.domain.programmes.queries import sites
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed

router = APIRouter(prefix="/api/v1/coupons", tags=["coupons"])

Looker = Annotated[Actor, Depends(allowed(Permission.LOOK_UP_COUPON))]


class CouponOut(BaseModel):
    """``status`` is what is stored; ``reason`` says why the coupon cannot be used now, when it cannot."""

    code: str
    status: CouponStatus
    usable: bool
    reason: str | None
    usable_from: str
    usable_until: str

    @classmethod
    def of(cls, code: str, look: Look) -> Self:
        return cls(
            code=code,
            status=look.status,
            usable=look.refusal is None,
            reason=look.refusal.code if look.refusal else None,
            usable_from=look.usable_from.isoformat(),
            usable_until=look.usable_until.isoformat(),
        )


@router.get("/{code}", responses=problems(404, 409))
def show_coupon(code: str, db: Db, now: Now, actor: Looker) -> CouponOut:
    """Look before redeeming. Says nothing of whose coupon it is."""
    scanned = read(code)
    with db.snapshot() as session:
        places = sites(session, actor.programme_id)
        zone = next((each.timezone for each in places if each.id == actor.site_id), None)
        look = look_up(
            session,
            scanned,
            programme_id=actor.programme_id,
            now=now,
            timezone=zone or next((each.timezone for each in places), "UTC"),
        )
    return CouponOut.of(scanned.digits if isinstance(scanned, Code) else code, look)
