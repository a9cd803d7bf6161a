from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from app.domain.coupons.queries import Bundle, PrintedCoupon
from app.domain.coupons.queries import bundle as load_bundle
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import ProgrammeFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.visits.actions import give_bundle
from app.printing.design import find_design
from app.printing.sheet import sheet_pdf
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed
from app.web.sheets import qr_text, sheet_of

router = APIRouter(prefix="/api/v1/bundles", tags=["coupons"])

Issuer = Annotated[Actor, Depends(allowed(Permission.ISSUE_BUNDLE))]


class BundleIn(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    participant_id: UUID


class CouponOut(BaseModel):
    """``url`` is what the QR holds: an opaque token, or a neutral address around it."""

    code: str
    url: str
    usable_from: str
    usable_until: str
    status: str

    @classmethod
    def of(cls, coupon: PrintedCoupon, programme: ProgrammeFacts) -> Self:
        return cls(
            code=coupon.code,
            url=qr_text(coupon, programme),
            usable_from=coupon.state.usable_from.isoformat(),
            usable_until=coupon.state.usable_until.isoformat(),
            status=coupon.state.status.value,
        )


class BundleOut(BaseModel):
    id: UUID
    coupons: Sequence[CouponOut]

    @classmethod
    def of(cls, bundle: Bundle, programme: ProgrammeFacts) -> Self:
        coupons = [CouponOut.of(coupon, programme) for coupon in bundle.coupons]
        return cls(id=bundle.id, coupons=coupons)


@router.post("", status_code=201, responses=problems(404, 409))
def create_bundle(wanted: BundleIn, db: Db, now: Now, actor: Issuer) -> BundleOut:
    """Issue a participant's one bundle; this answer and her sheet are all that ever shows its codes."""
    with db.transaction() as session:
        bundle = give_bundle(session, wanted.participant_id, by=actor, now=now)
        programme = programmes.programme(session, actor.programme_id)
    return BundleOut.of(bundle, programme)


@router.get(
    "/{bundle_id}/sheet.pdf",
    response_class=Response,
    responses={**problems(404), 200: {"content": {"application/pdf": {}}}},
)
def print_sheet(bundle_id: UUID, db: Db, actor: Issuer) -> Response:
    """The sheet of a bundle, to print and cut."""
    with db.snapshot() as session:
        bundle = load_bundle(session, bundle_id, programme_id=actor.programme_id)
        programme = programmes.programme(session, actor.programme_id)
        site = programmes.site(session, bundle.site_id)
    pdf = sheet_pdf([sheet_of(bundle, programme, site)], find_design(programme.coupon_design))
    headers = {"Content-Disposition": 'inline; filename="cards.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)
