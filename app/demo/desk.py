"""A visit as it goes at a desk, step by step through the domain's own actions."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.codes import Code
from app.demo.people import Person, answers, what_she_takes
from app.domain.programmes.queries import SiteFacts
from app.domain.services.actions import give
from app.domain.staff.queries import Actor
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.errors import NothingToPay
from app.domain.stipends.queries import books_of
from app.domain.treasury.actions import fund_float
from app.domain.visits import actions as visits
from app.domain.visits.queries import knowledge_test
from app.domain.visits.rules import Step

FUNDING = 150_000
LOW_CASH = 15_000
SATURATED = 30


@dataclass
class Chain:
    """Everyone a seed led to. ``pull`` is how strongly people come through it, less so the larger it is."""

    pull: float
    size: int = 1

    @property
    def draw(self) -> float:
        return self.pull / (1 + self.size / SATURATED)


@dataclass(frozen=True, eq=False)
class Holder:
    """Someone with coupons."""

    id: UUID
    site: SiteFacts
    person: Person
    chain: Chain


@dataclass(frozen=True, eq=False)
class Card:
    """A coupon in someone's pocket."""

    code: Code
    holder: Holder
    usable_from: date
    usable_until: date


class Desk:
    """One site's desk: who sits there, and how much cash it has."""

    def __init__(self, site: SiteFacts, staff: Actor, finance: UUID, rng: random.Random) -> None:
        self.site, self.staff, self._finance = site, staff, finance
        self.device = f"{site.code.lower()}-tablet"
        self._rng, self._cash = rng, 0

    def serve(
        self,
        session: Session,
        participant_id: UUID,
        person: Person,
        *,
        at: datetime,
        recruiter: Holder | None,
        last: Step = Step.BUNDLE,
    ) -> list[Card]:
        """The whole visit of someone who was welcomed, up to a last step; her coupons, if she got any."""
        by, rng = self.staff, self._rng
        refused = visits.screen(
            session,
            participant_id,
            sex=person.sex,
            age=person.age,
            adult_confirmed=person.is_eligible,
            injected_recently=person.injects,
            by=by,
            now=_later(at, 4),
        )
        if not refused:
            visits.ask_consent(
                session,
                participant_id,
                {"participation": person.agrees, "follow_up": person.agrees and person.follow_up},
                by=by,
                now=_later(at, 9),
            )
        if last is Step.CONSENT:
            return []
        if not refused and person.agrees:
            self._ask(session, participant_id, person, at=at, recruiter=recruiter)
        give(
            session,
            participant_id,
            what_she_takes(rng, person),
            programme_id=by.programme_id,
            site_id=self.site.id,
            by=by.staff_id,
            on=local_date(at, self.site.timezone),
        )
        if recruiter and rng.random() < 0.93:
            self.pay(session, participant_id, at=_later(at, 38))
        goes_on = recruiter and not refused and person.agrees and last is Step.BUNDLE
        if recruiter is None or not goes_on or rng.random() < 0.05:
            return []
        holder = Holder(participant_id, self.site, person, recruiter.chain)
        visits.train(session, participant_id, by=by, now=_later(at, 50))
        return self.give_coupons(session, holder, at=_later(at, 55))

    def give_coupons(self, session: Session, holder: Holder, *, at: datetime) -> list[Card]:
        bundle = visits.give_bundle(session, holder.id, by=self.staff, now=at)
        return [
            Card(Code(each.code), holder, each.state.usable_from, each.state.usable_until)
            for each in bundle.coupons
        ]

    def pay(self, session: Session, participant_id: UUID, *, at: datetime) -> None:
        """Pay someone all she is owed; cash is fetched before it runs out."""
        books, _ = books_of(session, self.staff.programme_id, self.site.id, now=at)
        if self._cash < LOW_CASH:
            fund_float(session, books, FUNDING, funding_id=uuid4(), by=self.staff.staff_id, now=at)
            self._cash += FUNDING
        try:
            paid = pay_in_cash(
                session,
                books,
                payment_id=uuid4(),
                participant_id=participant_id,
                by=self.staff.staff_id,
            )
        except NothingToPay:
            return
        self._cash -= paid.amount.minor

    def _ask(
        self,
        session: Session,
        participant_id: UUID,
        person: Person,
        *,
        at: datetime,
        recruiter: Holder | None,
    ) -> None:
        """The knowledge test, for those who had a teacher, and the interview."""
        if recruiter is not None:
            _version, items = knowledge_test()
            visits.take_knowledge_test(
                session,
                participant_id,
                answers(self._rng, items, taught=recruiter.person.teaching),
                by=self.staff,
                now=_later(at, 15),
            )
        visits.interview(
            session,
            participant_id,
            network_size=person.network_size,
            never_reached_before=person.never_reached_before,
            answers={"years_injecting": self._rng.randint(1, max(1, (person.age or 30) - 16))},
            by=self.staff,
            now=_later(at, 35),
        )


def _later(at: datetime, minutes: int) -> datetime:
    return at + timedelta(minutes=minutes)
