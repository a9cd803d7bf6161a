"""The cash of a site: no more goes out than is there, whoever asks and however; the database itself sees to it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.audit.errors import ReasonNeeded
from app.domain.audit.models import AuditEvent
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.errors import UnknownSite
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.stipends.actions import note_fee_paid, pay_in_cash
from app.domain.stipends.errors import (
    BadAmount,
    FloatTooLow,
    PaymentIdReused,
    PaymentTooLarge,
)
from app.domain.stipends.models import CashFloat, LedgerEntry
from app.domain.stipends.queries import Books, books_of, owed_to
from app.domain.stipends.rules import Account
from app.domain.treasury.actions import allow_overdraft, fund_bank, fund_float, reverse_entry
from app.domain.treasury.errors import EntryNotReversible, UnknownEntry
from app.domain.treasury.queries import cash_floats, entries, entry
from app.domain.visits.actions import interview
from app.verification import files, money
from tests.factories import LATER, Place, a_finished_visit, a_place

FEE = 750


def books(session: Session, place: Place) -> Books:
    return books_of(session, place.programme.id, place.site.id, now=LATER)[0]


def pay(session: Session, place: Place, person: UUID, payment: UUID | None = None) -> int:
    return pay_in_cash(
        session,
        books(session, place),
        payment_id=payment or uuid4(),
        participant_id=person,
        by=place.intake.staff_id,
    ).amount.minor


def hand_out_offline(session: Session, place: Place, person: UUID) -> bool:
    return note_fee_paid(
        session,
        books(session, place),
        payment_id=uuid4(),
        participant_id=person,
        minor=FEE,
        by=place.intake.staff_id,
        now=LATER,
    )


def fund(session: Session, place: Place, minor: int, **given: Any) -> None:
    defaults: dict[str, Any] = {
        "funding_id": uuid4(),
        "by": place.finance.staff_id,
        "now": LATER,
    }
    fund_float(session, books(session, place), minor, **(defaults | given))


def cash(session: Session, place: Place) -> tuple[int, int]:
    (found,) = (
        each for each in cash_floats(session, place.programme.id) if each.site_id == place.site.id
    )
    return found.balance.minor, found.overdraft.minor


def a_row(session: Session, place: Place, minor: int) -> dict[str, Any]:
    """An entry that takes cash out, as someone would write it who knows no rule."""
    return {
        "id": uuid4(),
        "programme_id": place.programme.id,
        "site_id": place.site.id,
        "entered_on": LATER.date(),
        "debit": Account.CASH_LOSS,
        "credit": Account.CASH_FLOAT,
        "amount_minor": minor,
        "currency": "UAH",
        "cause_digest": uuid4().bytes,
    }


def recorded(session: Session, act: str) -> list[dict[str, Any]]:
    return list(session.scalars(select(AuditEvent.facts).where(AuditEvent.action == act)))


def test_a_desk_pays_no_more_than_its_cash_box_holds(session: Session) -> None:
    place = a_place(session, cash=FEE - 1)
    person = a_finished_visit(session, place).participant_id

    with pytest.raises(FloatTooLow) as low:
        pay(session, place, person)
    assert low.value.facts == {"missing": 1}
    fund(session, place, 1)

    assert pay(session, place, person) == FEE
    assert cash(session, place) == (0, 0)
    assert recorded(session, "stipend.paid_in_cash") == [{"minor": FEE, "currency": "UAH"}]


def test_a_cash_box_that_never_held_anything_pays_nothing(session: Session) -> None:
    place = a_place(session, cash=0)
    session.execute(text("DELETE FROM cash_float"))

    with pytest.raises(FloatTooLow) as low:
        pay(session, place, a_finished_visit(session, place).participant_id)

    assert low.value.facts == {"missing": FEE}


@pytest.mark.parametrize("manner", ["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"])
def test_the_database_itself_refuses_what_would_overdraw(
    session: Session, database: Database, manner: str
) -> None:
    place = a_place(session, cash=100)

    def attempt(minor: int) -> None:
        statement = insert(LedgerEntry).values(**a_row(session, place, minor))
        if database.is_sqlite:
            statement = statement.prefix_with(manner.removeprefix("INSERT"))
        with session.begin_nested():
            session.execute(statement)

    with pytest.raises(IntegrityError):
        attempt(101)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(CashFloat).values(balance_minor=-1))
    attempt(100)

    assert cash(session, place) == (0, 0)
    assert list(money.floats(session)) == []


def test_the_control_without_the_trigger_more_is_taken_than_there_is(
    session: Session, database: Database
) -> None:
    place = a_place(session, cash=100)
    on = "" if database.is_sqlite else " ON ledger_entry"
    name = "ledger_entry_keeps_float" if database.is_sqlite else "keeps_float"
    session.execute(text(f"DROP TRIGGER {name}{on}"))

    session.execute(insert(LedgerEntry).values(**a_row(session, place, 101)))

    assert list(money.floats(session)) == [
        f"the cash of site {place.site.id} is not what its entries say"
    ]
    assert list(files.guards(session)) == [
        "the books no longer keep the cash of the sites: a trigger is missing or off"
    ]


def test_of_many_desks_at_one_cash_box_as_many_pay_as_it_can(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session, cash=3 * FEE + 100)
        people = [a_finished_visit(session, place).participant_id for _ in range(6)]

    def attempt(person: UUID) -> str:
        try:
            with database.transaction() as session:
                return str(pay(session, place, person))
        except DomainError as refusal:
            return refusal.code

    with ThreadPoolExecutor(6) as desks:
        answers = Counter(desks.map(attempt, people))

    assert answers == {str(FEE): 3, "float_too_low": 3}
    with database.snapshot() as session:
        assert cash(session, place) == (100, 0)


def test_a_supervisor_lets_a_cash_box_go_below_nothing_until_money_is_put_in(
    session: Session,
) -> None:
    place = a_place(session, cash=0)
    first, second = (a_finished_visit(session, place).participant_id for _ in range(2))
    by: dict[str, Any] = {"by": place.finance, "now": LATER}

    allow_overdraft(session, place.site.id, FEE, reason="the bank is shut", **by)

    assert pay(session, place, first) == FEE
    with pytest.raises(FloatTooLow):
        pay(session, place, second)
    assert cash(session, place) == (-FEE, FEE)
    allow_overdraft(session, place.site.id, 0, reason="never less than it lacks", **by)
    assert cash(session, place) == (-FEE, FEE)
    fund(session, place, 500)
    assert cash(session, place) == (500 - FEE, FEE - 500)
    fund(session, place, 500)
    assert cash(session, place) == (1000 - FEE, 0)
    assert [each["reason"] for each in recorded(session, "float.overdraft_allowed")] == [
        "the bank is shut",
        "never less than it lacks",
    ]


def test_going_below_nothing_needs_a_reason_an_amount_and_a_site_of_ones_own(
    session: Session,
) -> None:
    place, elsewhere = a_place(session), a_place(session)
    by: dict[str, Any] = {"by": place.finance, "now": LATER}

    with pytest.raises(ReasonNeeded):
        allow_overdraft(session, place.site.id, 1, reason=" ", **by)
    with pytest.raises(BadAmount):
        allow_overdraft(session, place.site.id, -1, reason="why", **by)
    with pytest.raises(UnknownSite):
        allow_overdraft(session, elsewhere.site.id, 1, reason="why", **by)


def test_money_handed_out_without_a_network_is_kept_though_the_box_held_too_little(
    session: Session,
) -> None:
    place = a_place(session, cash=100)
    person = a_finished_visit(session, place).participant_id

    assert hand_out_offline(session, place, person)

    assert cash(session, place) == (100 - FEE, FEE - 100)
    (facts,) = recorded(session, "fee.handed_out_offline")
    assert facts == {"minor": FEE, "currency": "UAH", "owed": True, "overdraft": FEE - 100}
    other = a_finished_visit(session, place).participant_id
    with pytest.raises(FloatTooLow):
        pay(session, place, other)
    assert not hand_out_offline(session, place, person), "a loss this time"
    assert cash(session, place) == (100 - 2 * FEE, 2 * FEE - 100)
    assert list(money.floats(session)) == []


def test_more_than_a_desk_may_hand_out_at_once_is_for_a_batch(session: Session) -> None:
    place = a_place(session, protocol=Protocol(payouts=PayoutRules(largest_cash_payment=FEE - 1)))
    person = a_finished_visit(session, place).participant_id

    with pytest.raises(PaymentTooLarge) as refusal:
        pay(session, place, person)
    assert refusal.value.facts == {"minor": FEE, "most": FEE - 1}
    rules = Protocol(payouts=replace(PayoutRules(), largest_cash_payment=FEE))
    adopt_protocol(session, place.programme.id, rules, by=None, now=LATER)

    assert pay(session, place, person) == FEE


def test_a_bank_is_filled_once_and_a_float_from_it(session: Session) -> None:
    place, number = a_place(session, cash=0), uuid4()
    by: dict[str, Any] = {"by": place.finance.staff_id, "now": LATER}

    for _ in range(2):
        fund_bank(session, books(session, place), 1000, funding_id=number, **by)
    with pytest.raises(PaymentIdReused):
        fund_float(session, books(session, place), 1000, funding_id=number, **by)
    fund(session, place, 300, source=Account.BANK)

    found = {
        (each.debit, each.credit): each.amount.minor
        for each in entries(session, place.programme.id)
    }
    assert found == {
        (Account.BANK, Account.FUNDING): 1000,
        (Account.CASH_FLOAT, Account.BANK): 300,
    }
    assert cash(session, place) == (300, 0)
    assert recorded(session, "bank.funded") == [
        {"minor": 1000, "currency": "UAH", "from": "funding"}
    ]


# Corrected by hand


def correct(session: Session, place: Place, entry_id: UUID, reason: str = "a slip") -> UUID:
    return reverse_entry(session, entry_id, reason=reason, by=place.finance, now=LATER)


def test_what_was_entered_by_hand_is_corrected_once_by_an_entry_with_a_reason(
    session: Session,
) -> None:
    place = a_place(session, cash=100)
    (funding,) = entries(session, place.programme.id)
    assert funding.may_be_reversed

    with pytest.raises(ReasonNeeded):
        correct(session, place, funding.id, " ")
    reversal = correct(session, place, funding.id)

    assert cash(session, place) == (0, 0)
    found = entry(session, place.programme.id, reversal)
    assert found is not None
    assert (found.reverses, found.reason, found.may_be_reversed) == (funding.id, "a slip", False)
    before = entry(session, place.programme.id, funding.id)
    assert before is not None
    assert (before.reversed_by, before.may_be_reversed) == (reversal, False)
    for each in (funding.id, reversal):
        with pytest.raises(EntryNotReversible):
            correct(session, place, each)
    assert [each["debit"] for each in recorded(session, "ledger.corrected")] == ["cash_float"]


def test_cash_that_is_gone_is_not_taken_out_of_the_books(session: Session) -> None:
    place = a_place(session, cash=FEE)
    person = a_finished_visit(session, place).participant_id
    (funding,) = entries(session, place.programme.id, account=Account.FUNDING)
    pay(session, place, person)

    with pytest.raises(FloatTooLow):
        correct(session, place, funding.id)


def test_what_was_owed_by_mistake_is_corrected_for_good(session: Session) -> None:
    place = a_place(session)
    person = a_finished_visit(session, place).participant_id
    (fee,) = owed_to(session, person)

    correct(session, place, fee.id)
    interview(  # the visit is looked at again
        session,
        person,
        network_size=3,
        never_reached_before=False,
        answers={},
        by=place.intake,
        now=LATER,
    )

    assert owed_to(session, person) == []
    assert not hand_out_offline(session, place, person), "a loss: it is not owed"
    for check in (money.payouts, money.accounts, money.reversals):
        assert list(check(session)) == []


def test_what_was_paid_or_follows_from_something_else_is_not_corrected_by_hand(
    session: Session,
) -> None:
    place, elsewhere = a_place(session), a_place(session)
    visit = a_finished_visit(session, place)
    (fee,) = owed_to(session, visit.participant_id)
    pay(session, place, visit.participant_id)
    paid, *_ = entries(session, place.programme.id, account=Account.CASH_FLOAT)
    held, *_ = (
        each
        for each in entries(session, place.programme.id, account=Account.STIPENDS_HELD)
        if each.credit is Account.STIPENDS_HELD
    )

    for each in (fee.id, paid.id, held.id):
        found = entry(session, place.programme.id, each)
        assert found is not None
        assert not found.may_be_reversed
        with pytest.raises(EntryNotReversible):
            correct(session, place, each)
    with pytest.raises(UnknownEntry):
        correct(session, elsewhere, fee.id)
    assert entry(session, elsewhere.programme.id, fee.id) is None


def test_entries_are_found_by_site_account_and_day(session: Session) -> None:
    place = a_place(session, cash=100)
    a_finished_visit(session, place)
    programme = place.programme.id
    every = entries(session, programme)

    assert len(every) == 6
    assert (
        entries(session, programme, limit=4) + entries(session, programme, limit=4, offset=4)
        == every
    )
    assert {each.entered_on for each in entries(session, programme, since=LATER.date())} == {
        LATER.date()
    }
    assert len(entries(session, programme, account=Account.FUNDING)) == 1
    assert entries(session, programme, site_id=uuid4()) == []
    assert (
        entries(session, programme, until=LATER.date(), since=LATER.date(), account=Account.FUNDING)
        == []
    )
