"""The whole life of coupons, recruits, accruals, payments, batches and cash, in any order: the money always adds up.

A machine does what desks, finance and supervisors may do, in orders nobody planned. Beside the books it keeps account on its
fingers: what was earned by the schedule's own arithmetic, what was paid, what was put in. After every step the ledger is
asked in plain SQL, without the program's queries, and ``pdi verify``'s checks of money are run.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import Database, apart
from app.core.errors import DomainError
from app.domain.answers import actions as answers
from app.domain.answers.rules import Answer
from app.domain.batches import actions as batches
from app.domain.batches import queries as batch_queries
from app.domain.batches.rules import LineState, Selection
from app.domain.contacts.actions import keep_contact
from app.domain.corrections.actions import take_back
from app.domain.counts.actions import Sheet
from app.domain.counts.rules import CountKind
from app.domain.coupons.queries import PrintedCoupon
from app.domain.expiry import actions as expiry
from app.domain.expiry.queries import expired
from app.domain.floats import actions as floats
from app.domain.floats.queries import drawer
from app.domain.participants.rules import Sex
from app.domain.payouts.queries import payout
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import note_fee_paid, pay_in_cash
from app.domain.stipends.queries import Books, books_of
from app.domain.stipends.rules import Method
from app.domain.treasury.actions import (
    allow_overdraft,
    fund_bank,
    fund_float,
    move_cash,
    reverse_entry,
)
from app.domain.treasury.queries import entries
from app.verification import CHECKS
from tests.factories import (
    NOON,
    Place,
    a_bundle,
    a_place,
    a_redemption,
    a_seed,
    a_site,
    an_actor,
    go_through_visit,
)

# How many lives of so many steps; more of them are lived by hand.
LIVES, STEPS = int(os.environ.get("PDI_TEST_LIVES", "15")), 60
FEE = 750
SUBJECTS = {"money", "batches", "floats", "lottery", "claims", "coupons"}
OF_MONEY = [check for check in CHECKS.values() if check.__module__.split(".")[-1] in SUBJECTS]
FINGERS = ("put_in", "banked", "earned", "handed_out", "arrived", "written_off", "counted", "lost")
REWARDS = ("primary", "recruitment", "education", "steering")

some = st.integers(0, 999)
amounts = st.sampled_from([1, 250, 590, 750, 4_000, 20_000])
ends = st.lists(
    st.sampled_from(["paid", "half", "failed", "unknown", "silent", "too much"]),
    min_size=1,
    max_size=5,
)
methods = st.sets(st.sampled_from(sorted(Method)), min_size=1)


def earned_by_teaching(*, woman: bool, young: bool, correct: int) -> int:
    """What the standard schedule gives a recruiter, reckoned apart from the program."""
    steering = 100 if woman else 50 if young else 0
    return 250 + 30 * correct + steering


@dataclass
class Came:
    """Someone who came with a card, and what her visit has earned her recruiter so far."""

    scan: UUID
    person: UUID
    earned: int = 0
    is_back: bool = False
    losses: list[int] = field(default_factory=list)


class Life(RuleBasedStateMachine):
    """Two sites, two finance people, a lead, a desk and a supervisor, and everything they can do with money."""

    database: Database  # given by the test

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.session = self.open.enter_context(self.database.transaction())
        self.now = NOON
        self.place: Place
        self.people: list[UUID] = []
        self.cards: list[PrintedCoupon] = []
        self.came: list[Came] = []
        self.batches: list[UUID] = []
        self.files: list[tuple[UUID, UUID]] = []
        self.payments: list[UUID] = []
        # The account on fingers, in minor units, over both sites.
        self.put_in = self.earned = self.handed_out = self.arrived = self.written_off = 0
        self.counted = self.lost = self.banked = 0

    @initialize()
    def open_programme(self) -> None:
        session = self.session
        rules = PayoutRules(second_approval_from=1_500, self_release_after_days=1)
        self.place = a_place(session, protocol=Protocol(payouts=rules, fee_offline=True), cash=0)
        self.sites = [
            self.place.site,
            a_site(session, self.place.programme.id, code="SECOND", cash=0),
        ]
        programme = self.place.programme.id
        self.staff = [
            self.place.finance,
            an_actor(session, Role.FINANCE, programme_id=programme),
            an_actor(session, Role.FINANCE, programme_id=programme),
            self.place.lead,
            self.place.staff[Role.ADMINISTRATOR],
            self.place.manager,
            self.place.intake,
        ]
        for site in self.sites:
            books = self.books(site.id)
            fund_float(session, books, 2_000, funding_id=uuid4(), by=self.by(0), now=self.now)
            self.put_in += 2_000
        for number in range(2):
            self.enrol_seed()
            self.wait(days=1)
            self.come_with_card(which=3 * number, site=number, stays=True, woman=True, correct=8)
            self.come_with_card(which=3 * number + 1, site=0, stays=True, woman=False, correct=5)

    def teardown(self) -> None:
        self.session.rollback()
        self.open.close()

    # Coupons and visits.

    @rule()
    def enrol_seed(self) -> None:
        if len(self.people) < 12:
            seed = a_seed(self.session, self.place, now=self.now)
            self.people.append(seed)
            self.cards += a_bundle(self.session, self.place, seed, now=self.now).coupons
            self.now += timedelta(days=1)

    @precondition(lambda self: self.cards)
    @rule(
        which=some, site=some, stays=st.booleans(), woman=st.booleans(), correct=st.integers(0, 8)
    )
    def come_with_card(self, which: int, site: int, stays: bool, woman: bool, correct: int) -> None:
        card = self.cards[which % len(self.cards)]

        def come(session: Session) -> None:
            place = self.place.at(self.sites[site % 2])
            verdict = a_redemption(session, place, card, now=self.now)
            self.came.append(Came(verdict.id, verdict.participant_id))

        if self.attempt(come) and stays:
            self.finish_visit(which=-1, woman=woman, young=site % 3 == 0, correct=correct)

    @precondition(lambda self: self.came)
    @rule(which=some, woman=st.booleans(), young=st.booleans(), correct=st.integers(0, 8))
    def finish_visit(self, which: int, woman: bool, young: bool, correct: int) -> None:
        came = self.came[which % len(self.came)]

        def finish(session: Session) -> None:
            sex, age = Sex.FEMALE if woman else Sex.MALE, 20 if young else 40
            go_through_visit(
                session, self.place, came.person, now=self.now, sex=sex, age=age, correct=correct
            )
            if came.is_back:
                return
            came.earned = FEE + earned_by_teaching(woman=woman, young=young, correct=correct)
            self.earned += came.earned
            self.people.append(came.person)
            if FEE in came.losses:  # it was owed after all
                came.losses.remove(FEE)
                self.lost -= FEE
                self.handed_out += FEE

        self.attempt(finish)

    @precondition(lambda self: self.came)
    @rule(which=some)
    def take_scan_back(self, which: int) -> None:
        came = self.came[which % len(self.came)]

        def undo(session: Session) -> None:
            take_back(session, came.scan, reason="So", by=self.place.manager, now=self.now)
            if not came.is_back:
                self.earned -= came.earned
                came.earned, came.is_back = 0, True

        self.attempt(undo)

    @precondition(lambda self: self.came)
    @rule(which=some, minor=st.sampled_from([FEE, FEE, 700]), again=st.booleans())
    def hand_out_fee_without_network(self, which: int, minor: int, again: bool) -> None:
        """It is gone, whatever is owed and whatever the float holds."""
        came = self.came[which % len(self.came)]
        payment = self.payment(again)

        def note(session: Session) -> None:
            known = payout(session, payment) is not None
            owed = note_fee_paid(
                session,
                self.books(self.place.site.id),
                payment_id=payment,
                participant_id=came.person,
                minor=minor,
                by=self.place.intake.staff_id,
                now=self.now,
            )
            if known:
                return
            if owed:
                self.handed_out += minor
            else:
                self.lost += minor
                came.losses.append(minor)

        self.attempt(note)

    # Payments at the desk.

    @rule(which=some, site=some, again=st.booleans())
    def pay_in_cash(self, which: int, site: int, again: bool) -> None:
        person = self.people[which % len(self.people)]
        payment = self.payment(again)

        def pay(session: Session) -> None:
            known = payout(session, payment) is not None
            books = self.books(self.sites[site % 2].id)
            paid = pay_in_cash(
                session,
                books,
                payment_id=payment,
                participant_id=person,
                by=self.place.intake.staff_id,
            )
            if not known:
                self.handed_out += paid.amount.minor

        self.attempt(pay)

    @rule(which=some, method=st.sampled_from(sorted(Method)))
    def say_how_to_be_paid(self, which: int, method: Method) -> None:
        person = self.people[which % len(self.people)]
        self.attempt(
            lambda session: keep_contact(
                session,
                person,
                method=method,
                number="+380501234567",
                may_remind=False,
                language="uk",
                by=self.place.intake,
                now=self.now,
            )
        )

    # Batches.

    @rule(who=some, chosen=methods, at_least=st.sampled_from([0, 0, 500]))
    def prepare_batch(self, who: int, chosen: set[Method], at_least: int) -> None:
        batch = uuid4()
        selection = Selection(methods=frozenset(chosen), at_least=at_least)

        def prepare(session: Session) -> None:
            batches.prepare(session, batch, selection, by=self.actor(who), now=self.now)
            self.batches.append(batch)

        self.attempt(prepare)

    @rule(who=some, chosen=methods, is_last_missing=st.booleans())
    def send_batch(self, who: int, chosen: set[Method], is_last_missing: bool) -> None:
        """The way it should go: prepared, approved by two others, released by a third."""
        self.prepare_batch(who=who % 3, chosen=chosen, at_least=0)
        if self.batches:
            self.approve_batch(which=-1, who=3, stale=False)
            self.approve_batch(which=-1, who=4, stale=False)
            if not is_last_missing:
                self.release_batch(which=-1, who=(who + 1) % 3)

    @precondition(lambda self: self.batches)
    @rule(which=some, who=some, stale=st.booleans())
    def approve_batch(self, which: int, who: int, stale: bool) -> None:
        def approve(session: Session) -> None:
            batch = self.batch(which)
            seen = batch_queries.seen(session, batch, programme_id=self.place.programme.id)
            given = "0" * len(seen) if stale and who % 5 == 0 else seen
            batches.approve(session, batch, seen=given, by=self.actor(who), now=self.now)

        self.attempt(approve)

    @precondition(lambda self: self.batches)
    @rule(which=some, who=some)
    def release_batch(self, which: int, who: int) -> None:
        self.attempt(
            lambda session: batches.release(
                session, self.batch(which), by=self.actor(who), now=self.now
            )
        )

    @precondition(lambda self: self.batches)
    @rule(which=some, who=some)
    def ask_to_release_alone(self, which: int, who: int) -> None:
        def ask(session: Session) -> None:
            batch = self.batch(which)
            seen = batch_queries.seen(session, batch, programme_id=self.place.programme.id)
            batches.ask_self_release(
                session, batch, seen=seen, reason="So", by=self.actor(who), now=self.now
            )

        self.attempt(ask)

    @precondition(lambda self: self.batches)
    @rule(which=some, who=some, line=some)
    def take_line_out(self, which: int, who: int, line: int) -> None:
        def take(session: Session) -> None:
            lines = batch_queries.lines(session, self.batch(which))
            chosen = [lines[line % len(lines)].id]
            batches.take_out(
                session, self.batch(which), chosen, reason="So", by=self.actor(who), now=self.now
            )

        self.attempt(take)

    @precondition(lambda self: self.batches)
    @rule(which=some, who=some)
    def void_batch(self, which: int, who: int) -> None:
        self.attempt(
            lambda session: batches.void(
                session, self.batch(which), reason="So", by=self.actor(who), now=self.now
            )
        )

    @precondition(lambda self: self.batches)
    @rule(which=some, who=some, ends=ends)  # fmt: skip
    def look_at_answers(self, which: int, who: int, ends: list[str]) -> None:
        """A file comes back; it may say anything of any line."""
        file, batch = uuid4(), self.batch(which)

        def look(session: Session) -> None:
            lines = batch_queries.lines(session, batch)
            said = [
                answer
                for number, line in enumerate(lines)
                if (answer := self.answer(number, line, ends[number % len(ends)]))
            ]
            shown = answers.preview(
                session,
                file,
                batch,
                said,
                sha256=file.bytes * 2,
                profile="neutral",
                by=self.actor(who),
                now=self.now,
            )
            if not shown.faults:
                self.files.append((file, batch))

        if self.attempt(look) and self.files and self.files[-1][0] == file and who % 2:
            self.book_answers(which=-1, who=who)

    @precondition(lambda self: self.files)
    @rule(which=some, who=some)
    def book_answers(self, which: int, who: int) -> None:
        file, batch = self.files[which % len(self.files)]
        self.watch_lines(
            batch,
            lambda session: answers.apply(session, file, by=self.actor(who), now=self.now),
        )

    @precondition(lambda self: self.batches)
    @rule(which=some, who=some, handed=st.booleans())
    def hand_out_batch(self, which: int, who: int, handed: bool) -> None:
        batch, act = self.batch(which), answers.hand_over if handed else answers.not_collected
        self.watch_lines(
            batch, lambda session: act(session, batch, by=self.actor(who), now=self.now)
        )

    @precondition(lambda self: self.batches)
    @rule(which=some, who=some, line=some, half=st.booleans(), back=st.booleans())
    def find_out(self, which: int, who: int, line: int, half: bool, back: bool) -> None:
        """A person settles a line with evidence, or notes that its money came back."""
        batch = self.batch(which)

        def settle(session: Session) -> None:
            lines = batch_queries.lines(session, batch)
            chosen = lines[line % len(lines)]
            said: dict[str, Any] = {"evidence": "A letter", "by": self.actor(who), "now": self.now}
            if back:
                answers.bounce(session, batch, chosen.id, **said)
            else:
                minor = chosen.amount.minor // (2 if half else 1)
                answers.resolve(session, batch, chosen.id, paid_minor=minor, **said)

        self.watch_lines(batch, settle)

    # What is not claimed, and corrections.

    @rule(which=some)
    def expire(self, which: int) -> None:
        person = self.people[which % len(self.people)]

        def end(session: Session) -> None:
            owed = stipends.owed_to(session, person)
            expiry.expire(session, self.books(self.place.site.id), owed, by=None)

        self.attempt(end)

    @rule(which=some, gives_up=st.booleans(), who=some, other=some)
    def end_expiry(self, which: int, gives_up: bool, who: int, other: int) -> None:
        def end(session: Session) -> None:
            found = expired(session, self.place.programme.id)
            if not found:
                return
            one, books = found[which % len(found)], self.books(self.place.site.id)
            if not gives_up:
                expiry.restore(session, books, [one.entry_id], by=self.by(who), reason="So")
                return
            people = {"proposed_by": self.by(who), "decided_by": self.by(other)}
            expiry.write_off(session, books, [one.entry_id], reason="So", **people)
            assert self.by(who) != self.by(other)
            self.written_off += one.amount.minor

        self.attempt(end)

    @rule(which=some)
    def correct_entry(self, which: int) -> None:
        """Any entry may be tried; those that may not be corrected are refused."""

        def correct(session: Session) -> None:
            found = entries(session, self.place.programme.id, limit=1000)
            one = found[which % len(found)]
            visit = self.visit_of(session, one.id)
            reverse_entry(session, one.id, reason="So", by=self.place.finance, now=self.now)
            minor, kinds = one.amount.minor, (one.debit.value, one.credit.value)
            if kinds[1] == "stipends_payable":
                assert visit
                self.earned -= minor
                visit.earned -= minor
            elif kinds == ("cash_variance", "cash_float"):
                self.counted += minor
            elif kinds == ("cash_float", "cash_variance"):
                self.counted -= minor
            elif kinds == ("cash_float", "funding"):
                self.put_in -= minor
            elif kinds == ("bank", "funding"):
                self.banked -= minor

        self.attempt(correct)

    # Cash.

    @rule(site=some, minor=amounts)
    def put_cash_in(self, site: int, minor: int) -> None:
        books = self.books(self.sites[site % 2].id)
        fund_float(self.session, books, minor, funding_id=uuid4(), by=self.by(0), now=self.now)
        self.put_in += minor

    @rule(minor=amounts)
    def fund_bank(self, minor: int) -> None:
        books = self.books(self.place.site.id)
        fund_bank(self.session, books, minor, funding_id=uuid4(), by=self.by(0), now=self.now)
        self.banked += minor

    @rule(site=some, minor=st.sampled_from([0, 600, 5_000]))
    def allow_overdraft(self, site: int, minor: int) -> None:
        place = self.sites[site % 2].id
        said: dict[str, Any] = {"reason": "So", "by": self.place.manager, "now": self.now}
        self.attempt(lambda session: allow_overdraft(session, place, minor, **said))

    @rule(site=some, off=st.sampled_from([0, 1, -1, -300, 40]), reason=st.sampled_from(["", "So"]))
    def count_cash(self, site: int, off: int, reason: str) -> None:
        place = self.sites[site % 2].id

        def count(session: Session) -> None:
            found = drawer(session, self.place.programme.id, place)
            there = max(0, found.balance.minor + off)
            sheet = Sheet(uuid4(), CountKind.SPOT_CHECK, {1: there}, found.seen, reason=reason)
            counted = floats.count_cash(
                session, self.books(place), sheet, by=self.place.finance, now=self.now
            )
            if counted.is_kept:
                self.counted += there - found.balance.minor

        self.attempt(count)

    @rule(site=some, minor=amounts)
    def carry_cash(self, site: int, minor: int) -> None:
        there, here = (self.books(self.sites[(site + side) % 2].id) for side in (0, 1))
        self.attempt(
            lambda session: move_cash(
                session, there, here, minor, move_id=uuid4(), by=self.place.finance, now=self.now
            )
        )

    @rule(days=st.integers(0, 9))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days, minutes=7)

    # What must hold.

    @invariant()
    def the_ledger_says_what_the_fingers_say(self) -> None:
        stands = self.account
        on_hand = self.put_in + self.counted - self.handed_out - self.lost
        in_batches = self.asked(
            "SELECT coalesce(sum(CASE WHEN debit = 'clearing' THEN amount_minor ELSE -amount_minor END), 0) "
            "FROM ledger_entry WHERE programme_id = :p AND ((debit = 'clearing' AND credit = 'cash_float') "
            "OR (debit = 'cash_float' AND credit = 'clearing'))"
        )
        from_bank = -stands("bank") + self.banked
        assert stands("cash_float") == on_hand - in_batches
        assert from_bank + in_batches == self.arrived
        assert stands("funding") == -(self.put_in + self.banked)
        assert stands("cash_loss") == self.lost
        assert stands("cash_variance") == -self.counted
        assert stands("write_off") == -self.written_off
        assert stands("between_sites") == 0
        owed = -sum(map(stands, ("stipends_payable", "clearing", "stipends_unclaimed")))
        assert owed == self.earned - self.handed_out - self.arrived - self.written_off
        assert min(stands("cash_float"), 0) >= -self.asked(
            "SELECT coalesce(sum(overdraft_minor), 0) FROM cash_float WHERE programme_id = :p"
        )

    @invariant()
    def nobody_is_paid_twice_or_more_than_she_earned(self) -> None:
        for account in ("stipends_payable", "stipends_held", "clearing", "stipends_unclaimed"):
            least = self.asked(
                "SELECT coalesce(min(minor), 0) FROM (SELECT holder_digest, sum(CASE WHEN credit = :a "
                "THEN amount_minor ELSE -amount_minor END) AS minor FROM ledger_entry "
                "WHERE programme_id = :p AND (debit = :a OR credit = :a) GROUP BY holder_digest) AS h",
                a=account,
            )
            assert least >= 0, account

    @invariant()
    def four_eyes_were_four(self) -> None:
        assert not self.asked(
            "SELECT count(*) FROM payout_batch WHERE programme_id = :p AND (prepared_by = approved_by "
            "OR prepared_by = second_approved_by OR approved_by = second_approved_by "
            "OR approved_by = released_by OR second_approved_by = released_by "
            "OR (prepared_by = released_by AND NOT is_self_release))"
        )
        assert not self.asked(
            "SELECT count(*) FROM payout_batch WHERE programme_id = :p AND released_by IS NOT NULL "
            "AND NOT is_self_release AND (approved_by IS NULL OR (needs_second AND second_approved_by IS NULL))"
        )

    @invariant()
    def every_check_of_the_database_passes(self) -> None:
        assert list(chain.from_iterable(check(self.session) for check in OF_MONEY)) == []

    # How it is done.

    def attempt(self, act: Callable[[Session], object]) -> bool:
        """Do something that may be refused, as a whole."""
        before = {name: vars(self)[name] for name in FINGERS}
        try:
            with apart(self.session) as session:
                act(session)
        except DomainError:
            assert {name: vars(self)[name] for name in FINGERS} == before
            return False
        self.session.expire_all()
        return True

    def watch_lines(self, batch: UUID, act: Callable[[Session], object]) -> None:
        """What arrives by a batch is the sum of what its lines say was paid."""

        def paid() -> int:
            return self.asked(
                "SELECT coalesce(sum(paid_minor), 0) FROM payout_batch_line WHERE batch_id = :b",
                b=batch if not self.database.is_sqlite else batch.hex,
            )

        before = paid()
        self.attempt(act)
        self.arrived += paid() - before

    def visit_of(self, session: Session, entry: UUID) -> Came | None:
        """The visit that an accrual stands for."""
        for came in self.came:
            for kind in REWARDS:
                stands = stipends.entry_for(session, kind, came.person)
                if stands and stands.id == entry:
                    return came
        return None

    def answer(self, number: int, line: Any, end: str) -> Answer | None:
        amount = line.amount.minor
        stands: dict[str, tuple[LineState, int | None]] = {
            "paid": (LineState.PAID, amount),
            "half": (LineState.PARTLY_PAID, amount // 2),
            "failed": (LineState.FAILED, 0),
            "unknown": (LineState.UNKNOWN, None),
            "too much": (LineState.PAID, amount + 1),
        }
        if end not in stands:
            return None
        state, minor = stands[end]
        return Answer(number + 2, line.payment_ref, state, paid_minor=minor)

    def account(self, name: str) -> int:
        """What stands in an account over both sites, as debits less credits."""
        return self.asked(
            "SELECT coalesce(sum(CASE WHEN debit = :a THEN amount_minor ELSE 0 END), 0) - "
            "coalesce(sum(CASE WHEN credit = :a THEN amount_minor ELSE 0 END), 0) "
            "FROM ledger_entry WHERE programme_id = :p",
            a=name,
        )

    def asked(self, query: str, **given: Any) -> int:
        programme = self.place.programme.id
        own = {"p": programme.hex if self.database.is_sqlite else programme} | given
        wanted = {name: value for name, value in own.items() if f":{name}" in query}
        return int(self.session.scalar(text(query), wanted) or 0)

    def payment(self, again: bool) -> UUID:
        if not (again and self.payments):
            self.payments.append(uuid4())
        return self.payments[-1]

    def batch(self, which: int) -> UUID:
        return self.batches[which % len(self.batches)]

    def actor(self, who: int) -> Actor:
        return self.staff[who % len(self.staff)]

    def by(self, who: int) -> UUID:
        return self.actor(who).staff_id

    def books(self, site: UUID) -> Books:
        return books_of(self.session, self.place.programme.id, site, now=self.now)[0]


def test_whatever_happens_to_money_it_adds_up(database: Database) -> None:
    run_state_machine_as_test(
        type("LifeHere", (Life,), {"database": database}),
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
