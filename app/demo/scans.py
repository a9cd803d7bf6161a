"""Coupons shown at the desks: taken, turned away, or disputed."""

import random
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.core.codes import Code, new_code
from app.demo.desk import Card, Desk
from app.demo.people import Person
from app.demo.pockets import Pockets
from app.domain.arrivals.actions import record_conflict
from app.domain.coupons.errors import CouponRefused
from app.domain.intake.actions import record_refusal, redeem
from app.domain.intake.rules import Scan
from app.domain.staff.queries import Actor

# What is wrong with coupons that are turned away, each as often as it stands here.
WRONGS = (*["spent"] * 4, *["expired"] * 5, *["early"] * 2, *["ended"] * 2, *["unknown"] * 2)
CAME_BEFORE = ("duplicate", "own")


class Scans:
    """The scanner's side of a visit."""

    def __init__(self, rng: random.Random, manager: Actor, pockets: Pockets) -> None:
        self._rng, self._manager, self._pockets = rng, manager, pockets
        self._known: list[str] = []

    def take(self, session: Session, card: Card, person: Person, desk: Desk, at: datetime) -> UUID:
        """Redeem a coupon; a supervisor takes it when it is a few days past its last."""
        clock_runs_ahead = self._rng.random() < 0.01
        is_late = card.usable_until < at.date()
        scan = Scan(
            id=uuid4(),
            coupon=card.code,
            site=desk.site.code,
            device_id=desk.device,
            scanned_at=at + timedelta(minutes=25) if clock_runs_ahead else at,
            uic=person.uic,
            late_reason="She was in hospital until yesterday." if is_late else None,
        )
        by = self._manager if is_late else desk.staff
        welcomed = redeem(session, scan, by=by, now=at).participant_id
        self._pockets.spent.append(card)
        if person.uic:
            self._known.append(person.uic)
        return welcomed

    def turn_away(self, session: Session, desk: Desk, at: datetime) -> None:
        """Show a coupon that is no good, and keep the answer, as the door does."""
        code, uic = self._no_good(self._rng.choice((*WRONGS, *CAME_BEFORE)), at)
        scan = Scan(uuid4(), code, desk.site.code, desk.device, at, uic=uic)
        try:
            with session.begin_nested():
                redeem(session, scan, by=desk.staff, now=at)
                raise RuntimeError("a coupon that was no good was taken")
        except CouponRefused as refusal:
            record_refusal(session, scan, refusal, by=desk.staff, now=at)

    def dispute(
        self,
        session: Session,
        card: Card,
        person: Person,
        desk: Desk,
        *,
        shown: datetime,
        at: datetime,
    ) -> UUID:
        """Take in, from a tablet that was offline, a visit with a coupon that another desk took first."""
        scan = Scan(uuid4(), card.code, desk.site.code, desk.device, shown, uic=person.uic)
        return record_conflict(session, scan, by=desk.staff, now=at).participant_id

    def _no_good(self, wrong: str, at: datetime) -> tuple[Code, str | None]:
        """A coupon with something wrong with it, and the code of whoever brings it where that is the wrong."""
        day, pockets = at.date(), self._pockets
        early = [card for card in pockets.out if card.usable_from > day]
        usable = pockets.usable(day)
        piles = {
            "spent": pockets.spent,
            "expired": pockets.expired,
            "early": early,
            "ended": pockets.ended,
            "duplicate": usable if self._known else [],
            "own": [card for card in usable if card.holder.person.uic],
        }
        pile = piles.get(wrong)
        if not pile:
            return new_code(), None
        card = self._rng.choice(pile)
        if wrong == "duplicate":
            return card.code, self._known[-1]
        return card.code, card.holder.person.uic if wrong == "own" else None
