from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.codes import Code, Token
from app.domain.corrections.errors import UnknownScan
from app.domain.intake.models import Redemption
from app.domain.intake.queries import accepted_redemption, coupon_state
from app.domain.intake.rules import Outcome


def redemption_of(session: Session, scanned: Code | Token, *, programme_id: UUID) -> UUID:
    """The redemption that stands of a coupon. Raises: UnknownCoupon, WrongProgramme, UnknownScan."""
    row, _state = coupon_state(session, scanned, programme_id=programme_id)
    found = accepted_redemption(session, row.id)
    if found is None:
        raise UnknownScan
    return found.id


def lock(session: Session, redemption_id: UUID) -> Redemption:
    """The row of a redemption that is there, held until commit and read anew."""
    held = select(Redemption).where(Redemption.id == redemption_id).with_for_update()
    return session.scalars(held, execution_options={"populate_existing": True}).one()


def first_in_conflict(session: Session, coupon_id: UUID) -> Redemption | None:
    """Whoever waits longest with a coupon that another redeemed, held until commit."""
    return session.scalar(
        select(Redemption)
        .where(Redemption.coupon_id == coupon_id, Redemption.outcome == Outcome.CONFLICT)
        .order_by(Redemption.received_at, Redemption.id)
        .limit(1)
        .with_for_update()
    )
