"""Two desks and one coupon, in every order of what can happen to it: the books balance and it counts at most once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.arrivals.actions import Arrival, arrive
from app.domain.conflicts.actions import decide_conflict, decide_duplicate
from app.domain.conflicts.rules import Decision
from app.domain.corrections.actions import take_back
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome, Scan
from app.domain.participants.rules import SamePerson
from app.domain.stipends.queries import held_for, owed_to
from app.domain.visits import actions as visits
from app.verification import coupons, money
from tests.domain.test_taking_back import pay, sound
from tests.factories import (
    LATER,
    Place,
    a_bundle,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
    go_through_visit,
)


@dataclass
class Desks:
    """One coupon, the scans of it at two desks and of a third, and what each was told first."""

    session: Session
    place: Place
    recruiter: UUID
    scans: tuple[Scan, ...]
    told: dict[UUID, Arrival]

    def arrive(self, desk: int) -> None:
        scan = self.scans[desk]
        arrival = arrive(self.session, scan, by=self.place.intake, now=LATER)
        assert self.told.setdefault(scan.id, arrival) == arrival

    def visit(self, desk: int) -> None:
        person = self.scans[desk].participant_id
        assert person is not None
        go_through_visit(self.session, self.place, person)

    def train(self, desk: int) -> None:
        person = self.scans[desk].participant_id
        assert person is not None
        visits.train(self.session, person, by=self.place.intake, now=LATER)
        visits.give_bundle(self.session, person, by=self.place.intake, now=LATER)

    def undo(self, desk: int) -> None:
        take_back(self.session, self.scans[desk].id, reason="So", by=self.place.manager, now=LATER)

    def decide(self, desk: int, decision: Decision) -> None:
        by: dict[str, Any] = {"reason": "So", "by": self.place.manager, "now": LATER}
        decide_conflict(self.session, self.scans[desk].id, decision, **by)

    def ask_who(self, desk: int, decision: SamePerson) -> None:
        by: dict[str, Any] = {"reason": "So", "by": self.place.manager, "now": LATER}
        person = self.scans[desk].participant_id
        assert person is not None
        decide_duplicate(self.session, person, decision, **by)

    def pay(self, desk: int) -> None:
        person = self.scans[desk].participant_id
        pay(self.session, self.place, person if person and desk else self.recruiter)


Act = Callable[[Desks], None]
ACTS: dict[str, Act] = {
    **{f"arrive {n}": partial(Desks.arrive, desk=n) for n in range(3)},
    **{f"visit {n}": partial(Desks.visit, desk=n) for n in range(3)},
    **{f"cards {n}": partial(Desks.train, desk=n) for n in range(2)},
    **{f"undo {n}": partial(Desks.undo, desk=n) for n in range(3)},
    **{f"pay {n}": partial(Desks.pay, desk=n) for n in range(2)},
    **{
        f"{decision.value} {n}": partial(Desks.decide, desk=n, decision=decision)
        for decision in Decision
        for n in range(3)
    },
    **{
        f"{decision.value} {n}": partial(Desks.ask_who, desk=n, decision=decision)
        for decision in SamePerson
        for n in range(3)
    },
}
MOST_A_RECRUIT = 590


def some_desks(session: Session) -> Desks:
    """The third person has the code of someone who came before."""
    place = a_place(session)
    a_redemption(session, place, uic="OLENA0785")
    recruiter = a_seed(session, place)
    coupon = a_bundle(session, place, recruiter).coupons[0]
    scans = tuple(
        a_scan(coupon, place, participant_id=uuid4(), device_id=f"desk-{n}", uic=uic)
        for n, uic in enumerate((None, None, "olena 0785"))
    )
    return Desks(session, place, recruiter, scans, {})


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=st.permutations(sorted(ACTS)), length=st.integers(4, 18))
def test_whatever_happens_in_whatever_order_the_books_balance_and_one_redemption_stands(
    database: Database, acts: list[str], length: int
) -> None:
    with database.transaction() as session:
        desks = some_desks(session)
        # Somebody has to come before anything else can happen to her.
        for act in [*sorted(acts[:6]), *acts[6:length], *sorted(ACTS)[:3]]:
            try:
                with session.begin_nested():
                    ACTS[act](desks)
            except DomainError:
                continue  # refused as a whole: what is kept is looked at all the same
            is_counted_once(desks)
        assert sound(session)
        session.rollback()


def is_counted_once(desks: Desks) -> None:
    session = desks.session
    coupon = (
        select(Redemption.coupon_id)
        .where(Redemption.id.in_([scan.id for scan in desks.scans]))
        .limit(1)
    )
    stand = session.scalar(
        select(func.count())
        .select_from(Redemption)
        .where(
            Redemption.coupon_id == coupon.scalar_subquery(),
            Redemption.outcome == Outcome.ACCEPTED,
        )
    )
    assert stand in (0, 1)
    owed = sum(accrual.amount.minor for accrual in owed_to(session, desks.recruiter))
    assert owed <= MOST_A_RECRUIT
    assert held_for(session, desks.recruiter) <= 250 * len(desks.scans)
    checks = (money.entries, money.reversals, money.accounts, coupons.redeemed)
    assert [fault for check in checks for fault in check(session)] == []
