"""Every check finds what it is for: the database is broken past its guards, and that line alone fails."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, create_engine, delete, insert, select, text, update
from sqlalchemy.orm import Session

from app.cli import main
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.installation import Installation, ensure_installed
from app.core.outbox import OutboxRow
from app.domain.alerts.actions import keep_number
from app.domain.alerts.models import StaffNumber
from app.domain.alerts.rules import AlertKind
from app.domain.analyses.actions import cancel, fail, finish, request, take
from app.domain.analyses.models import AnalysisRun
from app.domain.analyses.queries import Result
from app.domain.analyses.rules import AnalysisKind, RunState
from app.domain.announcements.actions import announce
from app.domain.announcements.models import Announcement
from app.domain.appointments.actions import agree
from app.domain.appointments.models import Appointment
from app.domain.appointments.rules import AppointmentKind
from app.domain.arrivals.actions import arrive, record_conflict
from app.domain.audit.actions import chain
from app.domain.audit.models import AuditEvent
from app.domain.channels.actions import renew_secret
from app.domain.channels.events import Inbound, Pressed
from app.domain.channels.models import ChannelSecret
from app.domain.claims.actions import end_card, give_card
from app.domain.claims.models import ClaimCard
from app.domain.claims.rules import CardState
from app.domain.conflicts.actions import decide_conflict
from app.domain.conflicts.models import ConflictDecision
from app.domain.conflicts.rules import Decision
from app.domain.contacts.actions import keep_contact
from app.domain.contacts.models import ContactNumber
from app.domain.corrections.actions import take_back
from app.domain.counts.models import CashCount
from app.domain.coupons.models import Coupon, CouponBundle, ReservedCoupon
from app.domain.coupons.rules import CouponStatus
from app.domain.expiry.actions import expire
from app.domain.feedback import actions as feedback
from app.domain.feedback.models import Feedback
from app.domain.floats.models import CashHandover
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Answer, Outcome
from app.domain.lottery import queries as lottery
from app.domain.lottery.actions import cancel_tickets, draw, give_tickets
from app.domain.lottery.models import LotteryDraw, LotteryPlace
from app.domain.messaging.actions import Here, receive
from app.domain.messaging.models import ProviderEvent
from app.domain.pads.actions import promise, void_pad
from app.domain.pads.models import CouponPad
from app.domain.pads.rules import PadStatus
from app.domain.participants.models import Participant, PossibleDuplicate
from app.domain.participants.queries import Arrival, Origin, seal_arrival, seal_origin
from app.domain.participants.rules import Likeness, Standing
from app.domain.programmes import actions as programmes
from app.domain.programmes.models import Programme, ProtocolProposal
from app.domain.programmes.rules import (
    ProposalState,
    Protocol,
    StipendSchedule,
    money_rules,
)
from app.domain.screens.rules import Setting
from app.domain.services.models import ServiceRecord
from app.domain.shortages import actions as shortages
from app.domain.shortages.models import CashWriteOff
from app.domain.staff.queries import Actor
from app.domain.stipends.actions import note_fee_paid, pay_in_cash
from app.domain.stipends.models import LedgerEntry, Payout
from app.domain.stipends.queries import Earner, account_digest, books_of, owed_to
from app.domain.stipends.rules import Account, Method
from app.domain.unclaimed.actions import ask_write_off, decide_write_off
from app.domain.unclaimed.models import WriteOffRequest
from app.domain.unclaimed.rules import RequestState
from app.domain.visits.actions import give_bundle
from app.domain.visits.models import KnowledgeTest
from app.domain.webhooks.actions import Said, remove, renew_key, switch
from app.domain.webhooks.actions import note as note_answer
from app.domain.webhooks.actions import take as take_webhook
from app.domain.webhooks.models import WebhookDelivery, WebhookKey
from app.domain.webhooks.rules import State as WebhookState
from app.verification import CHECKS
from tests.cash import CASH, a_loss, a_till, ask, books, count, hand_over
from tests.factories import (
    LATER,
    NOON,
    Place,
    Visit,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
    go_through_visit,
)
from tests.pads import a_batch
from tests.telephones import HER, a_channel
from tests.webhooks import a_release, administrator, an_endpoint


@dataclass(frozen=True)
class World:
    """A little of everything, and who is who in it."""

    place: Place
    seed: UUID
    visit: Visit
    waiting: UUID
    decided: UUID
    seed_account: bytes


@pytest.fixture
def world(database: Database) -> World:
    with database.transaction() as session:
        ensure_installed(session, now=NOON)
        place = a_place(session)
        seed = a_seed(session, place)
        coupons = a_bundle(session, place, seed).coupons
        visit = a_finished_visit(session, place, coupons[0], recruiter_id=seed, with_bundle=True)
        a_redemption(session, place, coupons[1])
        books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
        pay_in_cash(
            session, books, payment_id=uuid4(), participant_id=seed, by=place.finance.staff_id
        )
        decided, waiting = a_conflict(session, place), a_conflict(session, place)
        decide_conflict(
            session,
            decided,
            Decision.SECOND_STANDS,
            reason="She was here first.",
            by=place.manager,
            now=LATER,
        )
        a_finished_visit(session, place)
        what_desks_did_offline(session, place)
        some_analyses(session, place)
        what_other_systems_were_told(session, place)
        pads_in_every_state(session, place)
        how_people_claim(session, place)
        telephones_that_called(session, place)
        draws_and_proposals(session, place, seed)
        chain(session)
        cash_that_is_missing(session)
        said_and_agreed(session, place, seed)
        return World(place, seed, visit, waiting, decided, account_digest(session, Earner(seed, 0)))


def a_conflict(session: Session, place: Place) -> UUID:
    coupon = a_bundle(session, place).coupons[0]
    a_redemption(session, place, coupon)
    second = record_conflict(session, a_scan(coupon, place), by=place.intake, now=LATER)
    go_through_visit(session, place, second.participant_id, correct=None)
    return second.id


def what_desks_did_offline(session: Session, place: Place) -> None:
    """A scan that was taken back, someone whose code came before, and her fee, which was not owed."""
    first, second, third = a_bundle(session, place).coupons
    by: dict[str, Any] = {"by": place.intake, "now": LATER}
    mistake = a_redemption(session, place, first)
    take_back(session, mistake.id, reason=None, **by)
    a_redemption(session, place, second, uic="OLENA0785")
    alike = arrive(session, a_scan(third, place, uic="OLENA0785"), **by)
    assert alike.participant_id
    books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
    is_owed = note_fee_paid(
        session,
        books,
        payment_id=uuid4(),
        participant_id=alike.participant_id,
        minor=750,
        by=place.intake.staff_id,
        now=LATER,
    )
    assert not is_owed


def pads_in_every_state(session: Session, place: Place) -> None:
    _, (given, promised, void, _blank) = a_batch(session, place, pads=4)
    by: dict[str, Any] = {"by": place.manager, "now": LATER}
    give_bundle(session, a_seed(session, place), pad=given[0][0], given=2, **by)
    waiting = a_redemption(session, place).participant_id
    promise(session, promised[0][0], waiting, **by)
    void_pad(session, void[0][0], reason="torn", **by)


def how_people_claim(session: Session, place: Place) -> None:
    """Cards in each state, numbers, and expired money that is asked to be given up, refused and approved."""
    by: dict[str, Any] = {"by": place.intake, "now": LATER}
    people = [a_finished_visit(session, place).participant_id for _ in range(3)]
    for person in people:
        give_card(session, person, "407182", card_id=uuid4(), **by)
    give_card(session, people[0], "407182", card_id=uuid4(), **by)
    end_card(session, people[1], **by)
    for number, person in zip(("050 123 45 67", "067 765 43 21", None), people, strict=True):
        keep_contact(
            session, person, method=Method.CASH, number=number, may_remind=True, language="uk", **by
        )
    books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
    for approve in (False, True):
        expire(session, books, owed_to(session, people[approve]), by=None)
        request_id = uuid4()
        ask_write_off(
            session,
            request_id=request_id,
            site_id=place.site.id,
            expired_until=books.on,
            reason="closed",
            by=place.finance,
            now=LATER,
        )
        decide_write_off(session, request_id, approve=approve, by=place.lead, now=LATER)


def telephones_that_called(session: Session, place: Place) -> None:
    """A text message, one without a name, a menu that was opened, and an ended secret."""
    channel, _ = a_channel(session, place)
    renew_secret(session, channel.id, by=None, now=LATER)
    here = Here(channel, Setting(("uk", "en"), "en"), True, LATER, {"body": "HOURS"})
    receive(session, here, Inbound("an event", HER, "HOURS"))
    receive(session, here, Inbound("another", HER, "READ 000 000 5724"))
    receive(session, here, Pressed("a session", HER, ""))


def draws_and_proposals(session: Session, place: Place, seed: UUID) -> None:
    """A week that was drawn, one ticket of it cancelled afterwards, one that is open; proposals in every state."""
    books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
    recruits = [uuid4() for _ in range(3)]
    for coupon, recruit in enumerate(recruits):
        earner = Earner(seed if coupon else place.lead.staff_id, coupon)
        give_tickets(session, books, earner=earner, recruit_id=recruit, tickets=3, now=LATER)
    later = LATER + timedelta(days=7)
    (week,) = lottery.weeks(session, place.programme.id, now=later)
    draw(session, uuid4(), week.id, by=place.manager, now=later)
    give_tickets(session, books, earner=Earner(seed, 0), recruit_id=uuid4(), tickets=2, now=later)
    cancel_tickets(session, books, recruit_id=recruits[2], reason="taken back")
    here: dict[str, Any] = {"programme_id": place.programme.id, "now": later}
    decisions: tuple[tuple[Callable[..., object] | None, Actor], ...] = (
        (programmes.approve, place.finance),
        (programmes.withdraw, place.lead),
        (None, place.lead),
    )
    for number, (decide, by) in enumerate(decisions):
        proposal, cap = uuid4(), 5000 + number
        rules = Protocol(stipends=StipendSchedule(most_per_day=cap))
        programmes.propose(session, proposal, rules, note="", by=place.lead.staff_id, **here)
        if decide is not None:
            decide(session, proposal, by=by.staff_id, **here)


def cash_that_is_missing(session: Session) -> None:
    """A drawer that was short when it was counted, handed over, and a loss that two people gave up."""
    till = a_till(session)
    count(session, till, CASH - 750, reason="A note is missing")
    hand_over(session, till, till.manager, minor=CASH - 750)
    a_loss(session, till)
    loss = ask(session, till, 4_000)
    shortages.decide_write_off(
        session, books(session, till), loss, is_approved=True, note="", by=till.lead, now=LATER
    )


def said_and_agreed(session: Session, place: Place, seed: UUID) -> None:
    """Feedback that was answered and read, a visit announced, a day agreed on, a number of the staff."""
    by: dict[str, Any] = {"by": place.manager, "now": LATER}
    programme_id, today = place.programme.id, LATER.date()
    receipt = feedback.say(session, programme_id, "Thank you.", language="en", on=today)
    said = session.scalars(select(Feedback.id)).one()
    feedback.say(session, programme_id, "The door was locked.", language="en", on=today)
    feedback.answer(session, said, "Thank you too.", seen="waiting", **by)
    feedback.read_answer(session, programme_id, receipt, on=today)
    announce(session, place.site.id, today, b"1" * 32, now=LATER)
    agree(
        session, uuid4(), seed, site_id=place.site.id, kind=AppointmentKind.VISIT, day=today, **by
    )
    kinds = [AlertKind.FEEDBACK_WAITS]
    keep_number(session, number="050 123 45 67", kinds=kinds, language="uk", **by)


def what_other_systems_were_told(session: Session, place: Place) -> None:
    """Something that was taken, that was not, that waits and that is under way, signed with two keys; a system that is gone."""
    endpoint_id, _ = an_endpoint(session, place)
    by: dict[str, Any] = {"by": administrator(place), "now": NOON}
    renew_key(session, endpoint_id, uuid4(), **by)
    for said in (Said(204), Said(500), Said(410), None):
        a_release(session, place)
        taken = take_webhook(session, endpoint_id, now=NOON)
        assert taken
        if said:
            note_answer(session, taken, said, luck=0.0, now=NOON)
        switch(session, endpoint_id, is_on=True, **by)
    gone, _ = an_endpoint(session, place)
    remove(session, gone, **by)


def some_analyses(session: Session, place: Place) -> None:
    """One in each state that a run can be in."""
    done, failed, cancelled, _, _ = (
        request(session, AnalysisKind.ESTIMATE, {"seed": seed}, by=place.lead, now=NOON)
        for seed in range(5)
    )
    first, second, third = filter(None, (take(session, now=NOON) for _ in range(3)))
    assert (first.id, second.id, third.id) == (done, failed, cancelled)
    finish(session, first, Result("application/json", b"{}"), now=NOON)
    fail(session, second, "unknown_trait", now=NOON)
    cancel(session, cancelled, by=place.lead, now=NOON)
    assert take(session, now=NOON) is not None


# Broken in files of their own: test_batches_verified.py, test_money_verified.py and test_messages_verified.py in tests/domain.
ELSEWHERE = {
    "batches",
    "frozen batches",
    "lines of batches",
    "ends of batches",
    "kept aside",
    "files that came back",
    "clearing",
    "sites",
    "floats",
    "reservations",
    "write-offs",
    "messages",
    "traffic",
    "messages' names",
}
Breaking = Callable[[Connection, World, Keyring], object]
BREAKINGS: dict[str, Breaking] = {}


def breaks(check: str) -> Callable[[Breaking], Breaking]:
    def keep(breaking: Breaking) -> Breaking:
        BREAKINGS[check] = breaking
        return breaking

    return keep


def failing_after(
    breaking: Breaking, database: Database, world: World, keyring: Keyring
) -> set[str]:
    """The checks that fail once someone who stops at nothing was there; it is undone afterwards."""
    engine = create_engine(database.engine.url)
    with engine.connect() as connection, unguarded(connection):
        breaking(connection, world, keyring)
        with guarded_again(connection):
            found = failing(Session(connection, info={"keyring": keyring}))
    engine.dispose()
    return found


@contextmanager
def unguarded(connection: Connection) -> Iterator[None]:
    """A transaction without constraints, rolled back at its end."""
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.dbapi_connection
        raw.isolation_level = None  # or the driver would commit before it drops anything
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        connection.exec_driver_sql("BEGIN")
        connection.info["triggers"] = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        ).all()
        for name, _ in connection.info["triggers"]:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    else:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    yield
    connection.rollback()


@contextmanager
def guarded_again(connection: Connection) -> Iterator[None]:
    for name, sql in connection.info.get("triggers", ()):
        if name not in connection.info.get("forgotten", ()):
            connection.exec_driver_sql(sql)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=OFF")
    yield


def failing(session: Session) -> set[str]:
    return {name.split(":")[0] for name, check in CHECKS.items() if list(check(session))}


def test_each_fault_is_found_by_its_own_check_and_no_other(
    database: Database, world: World, keyring: Keyring
) -> None:
    with database.snapshot() as session:
        assert failing(session) == set()
    found = {
        check: failing_after(breaking, database, world, keyring)
        for check, breaking in BREAKINGS.items()
    }
    expected = {check: {check} for check in BREAKINGS}
    expected["holders"] |= {"bundles"}  # her digest and her coupons still name the other holder
    if database.is_sqlite:
        expected["states"] |= {"tables"}  # which inspects constraints, too
    else:
        expected["tables"] = set()  # PostgreSQL watches over its references itself
    assert found == expected
    assert set(BREAKINGS) | ELSEWHERE == {name.split(":")[0] for name in CHECKS}


@breaks("key")
def another_key(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(Installation).values(key_fingerprint=b"another"))


@breaks("own cards")
def a_card_found_by_another_name(connection: Connection, world: World, keyring: Keyring) -> None:
    (card,) = connection.scalars(
        select(ClaimCard.id).where(ClaimCard.state == CardState.ACTIVE).limit(1)
    )
    connection.execute(
        update(ClaimCard).where(ClaimCard.id == card).values(code_digest=b"\x02" * 32)
    )


@breaks("channels")
def a_secret_found_by_another(connection: Connection, world: World, keyring: Keyring) -> None:
    (secret,) = connection.scalars(select(ChannelSecret.id).limit(1))
    connection.execute(
        update(ChannelSecret).where(ChannelSecret.id == secret).values(digest=b"\x02" * 32)
    )


@breaks("callers")
def words_without_a_name_found_by_a_number(
    connection: Connection, world: World, keyring: Keyring
) -> None:
    connection.execute(
        update(ProviderEvent)
        .where(ProviderEvent.caller_digest.is_(None))
        .values(caller_digest=b"\x02" * 32)
    )


@breaks("telephone numbers")
def a_number_found_for_nobody(connection: Connection, world: World, keyring: Keyring) -> None:
    (row,) = connection.scalars(select(ContactNumber.id).limit(1))
    connection.execute(delete(ContactNumber).where(ContactNumber.id == row))


@breaks("given up")
def a_request_for_more_than_was_given_up(
    connection: Connection, world: World, keyring: Keyring
) -> None:
    connection.execute(
        update(WriteOffRequest)
        .where(WriteOffRequest.state == RequestState.APPROVED)
        .values(amount_minor=WriteOffRequest.amount_minor + 1)
    )


@breaks("cash counts")
def other_notes_than_were_counted(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(CashCount).values(pieces={"100": 1}))


@breaks("cash variances")
def a_shortage_nobody_counted(connection: Connection, world: World, keyring: Keyring) -> None:
    """Cash that left the drawer as missing while nobody had counted it."""
    connection.execute(
        update(LedgerEntry)
        .where(LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.credit == Account.FUNDING)
        .values(debit=Account.CASH_FLOAT, credit=Account.CASH_VARIANCE)
    )


@breaks("cash handovers")
def cash_handed_over_uncounted(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(CashHandover).values(given_by=world.place.lead.staff_id))


@breaks("cash write-offs")
def a_loss_of_another_amount(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(CashWriteOff).values(amount_minor=CashWriteOff.amount_minor + 1))


@breaks("seals")
def an_event_moved_to_another_row(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(OutboxRow).values(sealed_body=b"\x01" * 40))


@breaks("ledger")
def an_entry_in_another_currency(connection: Connection, world: World, keyring: Keyring) -> None:
    held = connection.scalar(
        select(LedgerEntry.id)
        .where(
            LedgerEntry.debit == Account.EXPENSE_RECRUITMENT,
            LedgerEntry.id.not_in(
                select(LedgerEntry.reverses).where(LedgerEntry.reverses.is_not(None))
            ),
        )
        .limit(1)
    )
    connection.execute(update(LedgerEntry).where(LedgerEntry.id == held).values(currency="EUR"))


@breaks("reversals")
def a_reversal_of_less(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(LedgerEntry)
        .where(LedgerEntry.reverses.is_not(None))
        .values(amount_minor=LedgerEntry.amount_minor - 1)
    )


@breaks("payouts")
def a_payout_of_more(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(Payout).values(amount_minor=Payout.amount_minor + 1))


@breaks("accounts")
def less_held_than_was_released(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(LedgerEntry)
        .where(
            LedgerEntry.credit == Account.STIPENDS_HELD,
            LedgerEntry.holder_digest == world.seed_account,
        )
        .values(amount_minor=1)
    )


@breaks("coupons")
def a_redeemed_coupon_reopened(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(Coupon)
        .where(Coupon.status == CouponStatus.REDEEMED)
        .values(status=CouponStatus.ISSUED)
    )


@breaks("redemptions")
def a_redemption_accepted_twice(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.exec_driver_sql("DROP INDEX uq_redemption_accepted")
    row = connection.execute(
        select(Redemption).where(Redemption.id == world.visit.redemption.id)
    ).one()
    connection.execute(insert(Redemption).values({**row._mapping, "id": uuid4()}))


@breaks("bundles")
def a_coupon_under_another_code(connection: Connection, world: World, keyring: Keyring) -> None:
    lost = connection.scalar(select(Coupon.id).where(Coupon.status == CouponStatus.ISSUED).limit(1))
    connection.execute(update(Coupon).where(Coupon.id == lost).values(code_digest=b"\x00" * 32))


@breaks("recruits")
def a_recruit_without_her_redemption(
    connection: Connection, world: World, keyring: Keyring
) -> None:
    person = world.visit.participant_id
    other = connection.scalar(
        select(Participant.id).where(Participant.id != person, Participant.wave.is_(None)).limit(1)
    )
    connection.execute(
        update(Redemption).where(Redemption.participant_id == person).values(participant_id=other)
    )


@breaks("forest")
def a_seed_recruited_by_her_recruit(connection: Connection, world: World, keyring: Keyring) -> None:
    sealed = seal_origin(keyring, world.seed, Origin(world.seed, world.visit.participant_id))
    connection.execute(
        update(Participant).where(Participant.id == world.seed).values(sealed_origin=sealed)
    )


@breaks("waves")
def a_wave_too_far(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(Participant).where(Participant.id == world.visit.participant_id).values(wave=7)
    )


@breaks("knowledge tests")
def a_score_made_better(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(KnowledgeTest).values(correct=KnowledgeTest.correct - 1))


@breaks("conflicts")
def a_decision_turned_round(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(ConflictDecision).values(decision=Decision.FIRST_STANDS))


@breaks("answers")
def an_answer_made_better(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(Redemption).where(Redemption.id == world.waiting).values(answer=Answer.ACCEPTED)
    )


@breaks("mistakes")
def someone_who_was_here_called_a_mistake(
    connection: Connection, world: World, keyring: Keyring
) -> None:
    connection.execute(
        update(Participant)
        .where(Participant.id == world.visit.participant_id)
        .values(standing=Standing.MISTAKEN)
    )


@breaks("same codes")
def cards_for_someone_who_may_be_someone_else(
    connection: Connection, world: World, keyring: Keyring
) -> None:
    person = world.visit.participant_id
    arrival = Arrival("desk-1", world.place.intake.staff_id, LATER, LATER, ())
    connection.execute(
        insert(PossibleDuplicate).values(
            participant_id=person,
            programme_id=world.place.programme.id,
            likeness=Likeness.POSSIBLE_DUPLICATE,
            sealed_arrival=seal_arrival(keyring, person, arrival),
        )
    )


@breaks("feedback")
def answered_before_it_was_said(connection: Connection, _world: World, _: Keyring) -> None:
    answered = Feedback.handled_on.is_not(None)
    connection.execute(
        update(Feedback).where(answered).values(said_on=LATER.date() + timedelta(days=1))
    )


@breaks("announced visits")
def announced_elsewhere(connection: Connection, world: World, _: Keyring) -> None:
    connection.execute(
        update(Announcement).values(programme_id=another_programme(connection, world))
    )


@breaks("appointments")
def agreed_for_yesterday(connection: Connection, _world: World, _: Keyring) -> None:
    connection.execute(update(Appointment).values(day=LATER.date() - timedelta(days=1)))


@breaks("numbers of staff")
def a_number_of_someone_of_elsewhere(connection: Connection, world: World, _: Keyring) -> None:
    connection.execute(
        update(StaffNumber).values(programme_id=another_programme(connection, world))
    )


def another_programme(connection: Connection, world: World) -> UUID:
    others = select(Programme.id).where(Programme.id != world.place.programme.id)
    found = connection.scalars(others).first()
    assert found
    return found


@breaks("analyses")
def a_result_lost(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        insert(AnalysisRun).values(
            programme_id=world.place.programme.id,
            requested_by=world.place.lead.staff_id,
            kind="estimate",
            parameters={},
            question_digest=b"one",
            figures_digest=b"two",
            state=RunState.DONE,
            media_type="application/json",
            requested_at=NOON,
            finished_at=NOON,
        )
    )


@breaks("signing keys")
def nothing_to_sign_with(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(delete(WebhookKey).where(WebhookKey.is_retiring.is_(False)))


@breaks("webhooks")
def nothing_left_to_send(connection: Connection, world: World, keyring: Keyring) -> None:
    waiting = WebhookDelivery.state == WebhookState.WAITING
    connection.execute(update(WebhookDelivery).where(waiting).values(sealed_body=None))


@breaks("audit record")
def an_act_forgotten(connection: Connection, world: World, keyring: Keyring) -> None:
    forgotten = connection.scalar(select(AuditEvent.id).where(AuditEvent.action == "seed.enrolled"))
    connection.execute(
        update(AuditEvent).where(AuditEvent.id == forgotten).values(subject="nobody")
    )


@breaks("guards")
def a_guard_let_go(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.info["forgotten"] = {"payout_no_update"}
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("ALTER TABLE payout DISABLE TRIGGER append_only")


@breaks("states")
def a_word_that_is_none(connection: Connection, world: World, keyring: Keyring) -> None:
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("ALTER TABLE participant DROP CONSTRAINT ck_participant_sex")
    connection.exec_driver_sql("UPDATE participant SET sex = 'neither'")


@breaks("tables")
def a_service_for_nobody(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        insert(ServiceRecord).values(
            programme_id=world.place.programme.id,
            site_id=world.place.site.id,
            participant_id=uuid4(),
            service="hiv_test",
            state="offered",
            quantity=1,
            given_on=NOON.date(),
            given_by=world.place.intake.staff_id,
        )
    )


@breaks("pads")
def give_a_pad_to_nobody(connection: Connection, world: World, keyring: Keyring) -> None:
    blank = CouponPad.status == PadStatus.BLANK
    connection.execute(update(CouponPad).where(blank).values(status=PadStatus.GIVEN))


@breaks("cards of pads")
def forget_a_card_of_a_pad(connection: Connection, world: World, keyring: Keyring) -> None:
    one = select(ReservedCoupon.code_digest).limit(1).scalar_subquery()
    connection.execute(delete(ReservedCoupon).where(ReservedCoupon.code_digest == one))


@breaks("draws")
def draw_with_another_seed(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(update(LotteryDraw).values(seed="0" * 64))


@breaks("prizes")
def a_prize_for_somebody_else(connection: Connection, world: World, keyring: Keyring) -> None:
    standing = select(LotteryPlace.ticket_id).where(LotteryPlace.won)
    digests = [
        keyring.digest("cause", "lottery", each.hex) for each in connection.scalars(standing)
    ]
    prize = LedgerEntry.cause_digest.in_(digests)
    reversed_ones = select(LedgerEntry.reverses).where(LedgerEntry.reverses.is_not(None))
    connection.execute(
        update(LedgerEntry)
        .where(prize, LedgerEntry.id.not_in(reversed_ones.scalar_subquery()))
        .values(holder_digest=b"\x07" * 32)
    )


@breaks("proposals")
def adopt_what_nobody_proposed(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(ProtocolProposal)
        .where(ProtocolProposal.decision == ProposalState.APPROVED)
        .values(rules=money_rules(Protocol()))
    )


@breaks("holders")
def two_bundles_for_one(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.exec_driver_sql("ALTER TABLE coupon_bundle RENAME TO guarded")
    connection.exec_driver_sql("CREATE TABLE coupon_bundle AS SELECT * FROM guarded")
    first, second = (
        {**json.loads(keyring.open(row.sealed_contents, **place_of(row.id))), "id": row.id}
        for row in connection.execute(select(CouponBundle).limit(2))
    )
    contents = {"holder": first["holder"], "coupons": second["coupons"]}
    sealed = keyring.seal(json.dumps(contents).encode(), **place_of(second["id"]))
    connection.execute(
        update(CouponBundle).where(CouponBundle.id == second["id"]).values(sealed_contents=sealed)
    )


def place_of(bundle: UUID) -> dict[str, Any]:
    return {"table": "coupon_bundle", "column": "sealed_contents", "row": bundle}


def test_the_command_says_a_line_a_check_and_fails_when_one_does(
    database: Database,
    world: World,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PDI_DATABASE_URL", database_url)
    monkeypatch.setenv("PDI_DATA_DIR", str(tmp_path))
    assert main(["verify"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CHECKS)
    with database.engine.begin() as connection:
        connection.execute(update(Redemption).values(outcome=Outcome.CONFLICT))
    assert main(["verify"]) == 1
    said = capsys.readouterr().out
    assert "FAULT  coupons" in said
    assert "is redeemed, but no redemption of it was accepted" in said
