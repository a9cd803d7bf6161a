"""What finance does in the simulated season: ways to be paid, cards of one's own, batches, counted cash, a proposal."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import uuid7
from app.demo.scene import Scene
from app.domain.answers import actions as answers
from app.domain.answers.rules import Answer
from app.domain.batches import actions as batches
from app.domain.batches import queries as batch_queries
from app.domain.batches.queries import LineFacts
from app.domain.batches.rules import LineState, Selection
from app.domain.claims.actions import give_card
from app.domain.claims.queries import names_of
from app.domain.contacts.actions import keep_contact
from app.domain.counts.actions import Sheet
from app.domain.counts.queries import denominations
from app.domain.counts.rules import CountKind
from app.domain.floats.actions import count_cash
from app.domain.floats.queries import drawer
from app.domain.participants.models import Participant
from app.domain.participants.rules import Standing
from app.domain.programmes.actions import propose
from app.domain.programmes.queries import SiteFacts, current_protocol
from app.domain.staff.queries import Actor
from app.domain.stipends.queries import books_of, owed_by_person
from app.domain.stipends.rules import Method
from app.domain.treasury.actions import fund_bank

# How many days ago a batch was prepared. All came to an end but the last two: of one a line is unknown, one is a draft.
BATCHES = (140, 112, 84, 56, 28, 6, 1)
LEFT_OPEN, DRAFT = 6, 1
PROPOSED = 3
PIN = "4826"
MOST_TOLD = 3
WAYS = (*[Method.MOBILE_MONEY] * 5, *[Method.AIRTIME] * 2, Method.VOUCHER)
TO_PHONES = {Method.MOBILE_MONEY: "neutral", Method.AIRTIME: "neutral"}
NOT_CASH = Selection(methods=frozenset(Method) - {Method.CASH})
WORTH_AN_ENVELOPE = 400
BANK = 2_000_000


class Finance:
    """Two people of finance and a lead, through whose hands the money goes, a day at a time."""

    def __init__(self, scene: Scene, *, today: date, rng: random.Random) -> None:
        self._scene, self._today, self._rng = scene, today, rng
        self._batches: dict[int, UUID] = {}
        self._cards: dict[UUID, str] = {}

    def live(self, session: Session, day: date, at: datetime) -> None:
        """The evening of a day, after the desks have closed."""
        ago = (self._today - day).days
        self._meet(session, day, at)
        for prepared in BATCHES:
            if ago == prepared:
                self._prepare(session, prepared, at)
            elif ago == prepared - 1 and prepared != DRAFT:
                self._send(session, prepared, at)
            elif ago == prepared - 3:
                self._book(session, prepared, at)
        if day.weekday() == 4:
            for site in self._scene.sites:
                self._count(session, site, at)
        if ago == PROPOSED:
            self._propose(session, day, at)

    def _meet(self, session: Session, day: date, at: datetime) -> None:
        """Some of those who came want their money sent, and some a card of their own to claim it with."""
        found = session.scalars(
            select(Participant)
            .where(
                Participant.programme_id == self._scene.programme_id,
                Participant.came_on == day,
                Participant.standing == Standing.ENROLLED,
            )
            .order_by(Participant.age, Participant.network_size, Participant.sex)
        ).all()
        for person in found:
            staff = self._scene.desks[person.site_id]
            if self._rng.random() < 0.4:
                keep_contact(
                    session,
                    person.id,
                    method=self._rng.choice(WAYS),
                    number=f"+38050000{self._rng.randint(0, 9999):04}",
                    may_remind=self._rng.random() < 0.6,
                    language="uk",
                    by=staff,
                    now=at,
                )
            if self._rng.random() < 0.25:
                self._give_card(session, person.id, staff, at)

    def cards_worth_showing(self, session: Session, at: datetime) -> list[tuple[str, str]]:
        """Cards with which most can be collected now, and their PIN. There is always one, if anything is owed."""
        owed = owed_by_person(session, self._scene.programme_id)
        worth = {
            person: sum(accrual.amount.minor for accrual in accruals)
            for person, accruals in owed.items()
            if accruals
        }
        if worth and not worth.keys() & self._cards:
            self._give_card(session, max(worth, key=worth.__getitem__), self._scene.manager, at)
        shown = sorted(worth.keys() & self._cards, key=worth.__getitem__, reverse=True)
        return [(self._cards[person], PIN) for person in shown[:MOST_TOLD]]

    def _give_card(self, session: Session, person: UUID, staff: Actor, at: datetime) -> None:
        card = give_card(session, person, PIN, card_id=uuid4(), by=staff, now=at)
        digits = names_of(session, card.id, programme_id=self._scene.programme_id).digits
        self._cards[person] = digits

    def _prepare(self, session: Session, prepared: int, at: datetime) -> None:
        chosen = NOT_CASH
        if prepared == LEFT_OPEN:  # cash too: some of it lies ready at a desk
            first = self._scene.sites[0].id
            chosen = Selection(sites=frozenset({first}), at_least=WORTH_AN_ENVELOPE)
        if not batch_queries.look_before(session, self._scene.programme_id, chosen).people:
            return
        batch_id, finance = uuid7(), self._scene.finance
        for site in self._scene.sites:
            books, _ = books_of(session, self._scene.programme_id, site.id, now=at)
            fund_bank(session, books, BANK, funding_id=uuid4(), by=finance.staff_id, now=at)
        batches.prepare(session, batch_id, chosen, profiles=TO_PHONES, by=finance, now=at)
        self._batches[prepared] = batch_id

    def _send(self, session: Session, prepared: int, at: datetime) -> None:
        batch_id = self._batches.get(prepared)
        if batch_id is None:
            return
        seen = batch_queries.seen(session, batch_id, programme_id=self._scene.programme_id)
        batches.approve(session, batch_id, seen=seen, by=self._scene.lead, now=at)
        later = at + timedelta(minutes=20)
        if batch_queries.batch(
            session, batch_id, programme_id=self._scene.programme_id
        ).signatures.needs_second:
            batches.approve(session, batch_id, seen=seen, by=self._scene.admin, now=later)
        batches.release(session, batch_id, by=self._scene.finance2, now=later)

    def _book(self, session: Session, prepared: int, at: datetime) -> None:
        """What the provider sent back, and what was handed out at the desks."""
        batch_id = self._batches.get(prepared)
        if batch_id is None:
            return
        lines = batch_queries.lines(session, batch_id)
        by_phone = [line for line in lines if line.method in TO_PHONES]
        said = [self._answer(line, place) for place, line in enumerate(by_phone)]
        file_id, finance2 = uuid4(), self._scene.finance2
        if said:
            answers.preview(
                session,
                file_id,
                batch_id,
                said,
                sha256=file_id.bytes * 2,
                profile="neutral",
                by=finance2,
                now=at,
            )
            answers.apply(session, file_id, by=finance2, now=at)
        if any(line.method is Method.VOUCHER for line in lines) and prepared != LEFT_OPEN:
            answers.hand_over(session, batch_id, by=finance2, now=at)
        if prepared != LEFT_OPEN:
            self._find_out(session, batch_id, at + timedelta(hours=1))

    def _answer(self, line: LineFacts, place: int) -> Answer:
        minor, number = line.amount.minor, place + 2
        if place % 11 == 3:
            return Answer(number, line.payment_ref, LineState.FAILED, 0, error="number not in use")
        if place % 17 == 5:
            return Answer(number, line.payment_ref, LineState.UNKNOWN)
        receipt = f"MM{self._rng.randint(10**7, 10**8 - 1)}"
        return Answer(
            number, line.payment_ref, LineState.PAID, minor, receipt, currency=line.amount.currency
        )

    def _find_out(self, session: Session, batch_id: UUID, at: datetime) -> None:
        for line in batch_queries.lines(session, batch_id, states=[LineState.UNKNOWN]):
            answers.resolve(
                session,
                batch_id,
                line.id,
                paid_minor=line.amount.minor,
                evidence="The provider's statement of the day shows it as delivered.",
                by=self._scene.finance,
                now=at,
            )

    def _count(self, session: Session, site: SiteFacts, at: datetime) -> None:
        """The drawer at the end of the week; now and then a note is missing."""
        staff = self._scene.desks[site.id]
        books, _ = books_of(session, self._scene.programme_id, site.id, now=at)
        found = drawer(session, self._scene.programme_id, site.id)
        off = self._rng.choice((0, 0, 0, 0, 0, 0, -500, 200))
        minor = max(0, found.balance.minor + off)
        sheet = Sheet(
            uuid4(),
            CountKind.END_OF_DAY,
            _pieces(minor, denominations(books.currency)),
            found.seen,
            reason="Counted twice; the note was given as change." if off else "",
        )
        count_cash(session, books, sheet, by=staff, now=at)

    def _propose(self, session: Session, day: date, at: datetime) -> None:
        rules = current_protocol(session, self._scene.programme_id).rules
        more = replace(rules.stipends, recruitment=rules.stipends.recruitment + 50)
        propose(
            session,
            uuid7(),
            replace(rules, stipends=more),
            programme_id=self._scene.programme_id,
            note="Fares have gone up since the spring.",
            committee="Agreed by all who were there; the fee for taking part stays as it is.",
            committee_on=day - timedelta(days=5),
            by=self._scene.lead.staff_id,
            now=at,
        )


def _pieces(minor: int, worths: tuple[int, ...]) -> dict[int, int]:
    """Coins and notes that come to an amount, the largest first."""
    pieces = {}
    for worth in sorted(worths, reverse=True):
        pieces[worth], minor = divmod(minor, worth)
    return {worth: number for worth, number in pieces.items() if number} | (
        {1: minor} if minor else {}
    )
