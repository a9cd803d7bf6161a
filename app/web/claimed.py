"""How someone claimed what is owed to her, carried from the page that saw it to the one that pays."""

from datetime import date
from hmac import compare_digest
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.claims.queries import claim_mark
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.rules import ClaimedWith

# Who may give back what expired: whoever looks after the coupons of a site, or after the books.
_RESTORERS = frozenset({Permission.END_COUPON, Permission.CORRECT_LEDGER})
SHOWN_AT_A_DESK = (ClaimedWith.CARD, ClaimedWith.CODE)


def payment_page(
    session: Session, participant_id: UUID, how: ClaimedWith, actor: Actor, *, on: date
) -> str:
    """Where she is paid, with the proof of how she claimed: made for this desk, this person and this day."""
    mark = claim_mark(session, participant_id, how=how.value, staff_id=actor.staff_id, on=on)
    return f"/desk/visits/{participant_id}?step=stipend&claimed={how.value}.{mark}"


def claimed_with(
    session: Session, participant_id: UUID, proof: str, actor: Actor, *, on: date
) -> ClaimedWith:
    """What a proof shows; without a good one she is paid during a visit, as anyone whose page is open."""
    for how in SHOWN_AT_A_DESK:
        mark = claim_mark(session, participant_id, how=how.value, staff_id=actor.staff_id, on=on)
        if compare_digest(proof.encode(), f"{how.value}.{mark}".encode()):
            return how
    return ClaimedWith.VISIT


def may_restore(actor: Actor) -> bool:
    return bool(actor.permissions & _RESTORERS)
