"""``pdi verify`` finds whatever is wrong with money on its way, each fault by the check whose it is."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, create_engine, delete, insert, select, text, update
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import Database
from app.core.installation import ensure_installed
from app.domain.expiry.actions import restore, write_off
from app.domain.expiry.models import WriteOff
from app.domain.payouts.queries import seal_line
from app.domain.stipends.models import CashFloat, LedgerEntry, Payout, PayoutLine, PayoutReservation
from app.domain.stipends.queries import RETURNED, SETTLED, entry_by_cause, owed_to, payout_of
from app.domain.stipends.rules import Account
from app.domain.treasury.actions import reverse_entry
from app.verification import money
from tests.commands.test_verify import guarded_again, unguarded
from tests.domain.test_payouts import (
    a_line,
    books,
    bounce,
    cancel,
    cash,
    expired,
    sent,
    settle,
)
from tests.factories import LATER, NOON, Place, a_finished_visit, a_place, a_site

CHECKS = {
    "ledger": money.entries,
    "reversals": money.reversals,
    "payouts": money.payouts,
    "accounts": money.accounts,
    "clearing": money.clearing,
    "sites": money.sites,
    "floats": money.floats,
    "reservations": money.reservations,
    "write-offs": money.write_offs,
}


@dataclass(frozen=True)
class World:
    """Rewards of one programme that came to every end there is."""

    place: Place
    on_its_way: UUID
    in_part: UUID
    expired: UUID


@pytest.fixture
def world(database: Database) -> World:
    with database.transaction() as session:
        ensure_installed(session, now=NOON)
        place = a_place(session, cash=100_000)
        there = place.at(a_site(session, place.programme.id))

        def someone(where: Place = place) -> UUID:
            return a_finished_visit(session, where).recruiter_id

        cash(session, place, someone())
        cash(session, place, someone(there))
        on_its_way, in_part = sent(session, place, someone()), sent(session, there, someone(there))
        settle(session, place, in_part, 300)
        settle(session, place, sent(session, place, someone()), 590)
        back = sent(session, place, someone())
        settle(session, place, back, 590)
        bounce(session, place, back)
        settle(session, place, sent(session, place, someone()), 0)
        a_line(session, someone())
        by, other = place.finance.staff_id, place.lead.staff_id
        waiting, given_back, given_up, *_ = (
            *expired(session, place, someone()),
            *expired(session, place, someone()),
        )
        restore(session, books(session, place), [given_back], by=by, reason="she was ill")
        both = {"proposed_by": by, "decided_by": other}
        write_off(session, books(session, place), [given_up], reason="nobody came", **both)
        visit = a_finished_visit(session, place)
        expired(session, place, visit.recruiter_id)
        cancel(session, place, visit.participant_id)
        (fee,) = owed_to(session, visit.participant_id)
        reverse_entry(session, fee.id, reason="a slip", by=place.finance, now=LATER)
        return World(place, on_its_way, in_part, waiting)


def accruals_paid_by(session: Session, payout_id: UUID) -> list[UUID]:
    lines = session.scalars(select(PayoutLine))
    return [each.accrual_id for each in lines if payout_of(session, each) == payout_id]


def a_payout_of_less(session: Session, world: World) -> None:
    session.execute(update(Payout).values(amount_minor=Payout.amount_minor - 1))


def a_number_with_a_slip(session: Session, world: World) -> None:
    session.execute(
        update(Payout).where(Payout.id == world.on_its_way).values(receipt="1234567890")
    )


def a_payout_that_names_what_no_line_pays(session: Session, world: World) -> None:
    (one, *_) = accruals_paid_by(session, world.on_its_way)
    session.execute(delete(PayoutLine).where(PayoutLine.accrual_id == one))


def an_expiry_that_ended_by_nothing(session: Session, world: World) -> None:
    keyring: Keyring = session.info["keyring"]
    place = {"table": "payout_line", "column": "sealed_payout", "row": world.expired}
    sealed = keyring.seal(uuid4().bytes, **place)  # type: ignore[arg-type]
    session.execute(insert(PayoutLine).values(accrual_id=world.expired, sealed_payout=sealed))


def an_answer_about_less_than_was_sent(session: Session, world: World) -> None:
    for accrual in accruals_paid_by(session, world.in_part):
        rest = entry_by_cause(session, RETURNED, accrual)
        if rest is not None:
            session.execute(
                update(LedgerEntry)
                .where(LedgerEntry.id == rest.id)
                .values(amount_minor=LedgerEntry.amount_minor - 1)
            )


def an_answer_about_a_part_of_a_payment(session: Session, world: World) -> None:
    for accrual in accruals_paid_by(session, world.in_part):
        answer = entry_by_cause(session, SETTLED, accrual)
        rest = entry_by_cause(session, RETURNED, accrual)
        if answer is not None and rest is None and answer.credit is Account.BANK:
            session.execute(delete(LedgerEntry).where(LedgerEntry.id == answer.id))
            return


def a_site_that_forgot_what_it_paid_for_another(session: Session, world: World) -> None:
    session.execute(
        update(LedgerEntry)
        .where(LedgerEntry.debit == Account.BETWEEN_SITES)
        .values(debit=Account.CASH_LOSS)
    )


def cash_out_of_nowhere(session: Session, world: World) -> None:
    session.execute(update(CashFloat).values(balance_minor=CashFloat.balance_minor + 1))


def a_float_below_what_it_was_let(session: Session, world: World) -> None:
    if session.connection().dialect.name != "sqlite":
        for check in ("not_overdrawn", "overdraft"):
            session.execute(text(f"ALTER TABLE cash_float DROP CONSTRAINT ck_cash_float_{check}"))
    session.execute(update(CashFloat).values(overdraft_minor=-10_000_000))


def a_paid_reward_that_waits_in_a_batch(session: Session, world: World) -> None:
    (one, *_) = accruals_paid_by(session, world.on_its_way)
    session.execute(
        insert(PayoutReservation).values(
            accrual_id=one, sealed_line=seal_line(session, one, uuid4(), uuid4())
        )
    )


def one_person_who_gave_up_alone(session: Session, world: World) -> None:
    if session.connection().dialect.name != "sqlite":
        session.execute(text("ALTER TABLE write_off DROP CONSTRAINT ck_write_off_two_people"))
    session.execute(update(WriteOff).values(decided_by=WriteOff.proposed_by))


Breaking = Callable[[Session, World], None]
FAULTS: dict[Breaking, set[str]] = {
    a_payout_of_less: {"payouts"},
    a_number_with_a_slip: {"payouts"},
    a_payout_that_names_what_no_line_pays: {"payouts"},
    an_expiry_that_ended_by_nothing: {"payouts"},
    an_answer_about_less_than_was_sent: {"clearing"},
    an_answer_about_a_part_of_a_payment: {"clearing"},
    a_site_that_forgot_what_it_paid_for_another: {"sites", "payouts"},
    cash_out_of_nowhere: {"floats"},
    a_float_below_what_it_was_let: {"floats"},
    a_paid_reward_that_waits_in_a_batch: {"reservations"},
    one_person_who_gave_up_alone: {"write-offs"},
}


def failing(session: Session) -> set[str]:
    return {name for name, check in CHECKS.items() if list(check(session))}


def test_each_fault_is_found_by_its_own_check_and_no_other(
    database: Database, world: World, keyring: Keyring
) -> None:
    with database.snapshot() as session:
        assert failing(session) == set()
    found = {}
    for breaking in FAULTS:
        engine = create_engine(database.engine.url)
        with engine.connect() as connection, unguarded(connection):
            found[breaking] = broken(connection, breaking, world, keyring)
        engine.dispose()

    assert {breaking.__name__: checks for breaking, checks in found.items()} == {
        breaking.__name__: checks for breaking, checks in FAULTS.items()
    }


def broken(connection: Connection, breaking: Breaking, world: World, keyring: Keyring) -> set[str]:
    with Session(connection, info={"keyring": keyring}) as session:
        breaking(session, world)
        session.flush()
        with guarded_again(connection):
            return failing(session)
