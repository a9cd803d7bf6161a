"""Money on its way: kept aside, sent, arrived, come back, expired, and each of it only once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.core.money import Money
from app.domain.expiry import queries as expiry
from app.domain.expiry.actions import expire, restore, write_off
from app.domain.expiry.errors import NotExpired, WrittenOffAlone
from app.domain.expiry.models import WriteOff
from app.domain.participants.queries import lock_all
from app.domain.payouts import queries as payouts
from app.domain.payouts.actions import bounce_payout, free, pay_out, reserve, settle_payouts
from app.domain.payouts.errors import (
    AlreadyReserved,
    MoreThanOwed,
    PayoutNotSettled,
    PayoutSettled,
    UnknownPayout,
)
from app.domain.payouts.queries import PayoutOrder
from app.domain.programmes import queries as programmes
from app.domain.stipends.actions import cancel_rewards, note_fee_paid, pay_in_cash
from app.domain.stipends.errors import (
    AccrualChanged,
    BadAmount,
    FloatTooLow,
    NothingToPay,
    RewardAlreadyPaid,
)
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine, PayoutReservation
from app.domain.stipends.queries import (
    Books,
    balances,
    books_of,
    owed_by_person,
    owed_to,
    reserved_for,
    rewards_for,
)
from app.domain.stipends.rules import Account, Method, RewardState, is_receipt
from app.verification import money
from tests.factories import LATER, NOON, Place, Visit, a_finished_visit, a_place, a_site

FEE, REWARD = 750, 590
CHECKS = (
    money.entries,
    money.reversals,
    money.payouts,
    money.accounts,
    money.clearing,
    money.sites,
    money.floats,
    money.reservations,
    money.write_offs,
)


@pytest.fixture
def place(session: Session) -> Place:
    return a_place(session)


@pytest.fixture
def visit(session: Session, place: Place) -> Visit:
    return a_finished_visit(session, place)


def books(session: Session, place: Place) -> Books:
    return books_of(session, place.programme.id, place.site.id, now=LATER)[0]


def all_books(session: Session, place: Place) -> dict[UUID, Books]:
    sites = programmes.sites(session, place.programme.id)
    return {each.id: books_of(session, place.programme.id, each.id, now=LATER)[0] for each in sites}


def in_the_books(session: Session, place: Place) -> dict[Account, int]:
    sums: Counter[Account] = Counter()
    for each in balances(session, place.programme.id):
        sums[each.account] += each.balance.minor
    return {account: minor for account, minor in sums.items() if minor}


def owed(session: Session, person: UUID) -> int:
    return sum(each.amount.minor for each in owed_to(session, person))


def faults(session: Session) -> list[str]:
    return [fault for check in CHECKS for fault in check(session)]


def a_line(session: Session, person: UUID, *, batch_id: UUID | None = None) -> UUID:
    """All she is owed, kept aside for a line of a batch."""
    line = uuid4()
    lock_all(session, [person])
    if accruals := owed_to(session, person):
        reserve(session, {line: accruals}, batch_id=batch_id or uuid4())
    return line


def send(
    session: Session, place: Place, person: UUID, line: UUID, method: Method = Method.MOBILE_MONEY
) -> str:
    ids = tuple(each.id for each in reserved_for(session, person))
    order = PayoutOrder(line, person, place.site.id, ids, method)
    return send_orders(session, place, order)[line]


def send_orders(session: Session, place: Place, *orders: PayoutOrder) -> dict[UUID, str]:
    lock_all(session, [each.participant_id for each in orders])
    return pay_out(session, all_books(session, place), orders, by=place.finance.staff_id)


def sent(session: Session, place: Place, person: UUID, **how: Any) -> UUID:
    line = a_line(session, person)
    send(session, place, person, line, **how)
    return line


def settle(session: Session, place: Place, payout_id: UUID, minor: int) -> None:
    settle_payouts(session, all_books(session, place), {payout_id: minor})


def bounce(session: Session, place: Place, payout_id: UUID) -> None:
    bounce_payout(
        session,
        books(session, place),
        payout_id=payout_id,
        reason="the provider took it back",
        by=place.finance.staff_id,
        now=LATER,
    )


def cash(session: Session, place: Place, person: UUID, payment: UUID | None = None) -> Money:
    return pay_in_cash(
        session,
        books(session, place),
        payment_id=payment or uuid4(),
        participant_id=person,
        by=place.intake.staff_id,
    ).amount


def expired(session: Session, place: Place, person: UUID) -> list[UUID]:
    return expire(
        session, books(session, place), owed_to(session, person), by=place.finance.staff_id
    )


def cancel(session: Session, place: Place, recruit: UUID) -> None:
    cancel_rewards(session, books(session, place), recruit_id=recruit, reason="by mistake")


# Kept aside


def test_what_waits_in_a_batch_is_taken_by_no_desk_and_no_other_batch(
    session: Session, place: Place, visit: Visit
) -> None:
    person = visit.recruiter_id
    accruals = owed_to(session, person)
    a_line(session, person)

    assert owed(session, person) == 0
    assert reserved_for(session, person) == accruals
    with pytest.raises(NothingToPay):
        cash(session, place, person)
    with pytest.raises(AlreadyReserved), session.begin_nested():
        reserve(session, {uuid4(): accruals}, batch_id=uuid4())
    assert faults(session) == []


def test_what_waits_in_a_line_is_found_by_its_batch(session: Session, visit: Visit) -> None:
    accruals, batch = owed_to(session, visit.recruiter_id), uuid4()

    line = a_line(session, visit.recruiter_id, batch_id=batch)

    assert payouts.reserved_by(session, batch) == {
        line: [each.accrual_id for each in payouts.reservations(session)]
    }
    assert payouts.reserved_by(session, uuid4()) == {}
    assert {each.accrual_id for each in payouts.reservations(session)} == {
        each.id for each in accruals
    }


def test_what_was_paid_before_it_was_kept_aside_is_not_sent(
    session: Session, place: Place, visit: Visit
) -> None:
    person, line = visit.recruiter_id, uuid4()
    accruals = owed_to(session, person)
    cash(session, place, person)
    reserve(session, {line: accruals}, batch_id=uuid4())
    ids = tuple(each.id for each in accruals)

    with pytest.raises(AccrualChanged) as refused:
        send_orders(session, place, PayoutOrder(line, person, place.site.id, ids, Method.AIRTIME))

    assert refused.value.facts == {"payouts": [line.hex]}


def test_a_line_or_a_batch_given_up_is_owed_at_the_desk_again(
    session: Session, place: Place, visit: Visit
) -> None:
    batch = uuid4()
    first = a_line(session, visit.recruiter_id, batch_id=batch)
    a_line(session, visit.participant_id, batch_id=batch)
    other = a_finished_visit(session, place)
    a_line(session, other.participant_id)

    free(session, batch_id=batch, line_id=first)
    assert (owed(session, visit.recruiter_id), owed(session, visit.participant_id)) == (REWARD, 0)
    for _ in range(2):
        free(session, batch_id=batch)

    assert (owed(session, visit.recruiter_id), owed(session, visit.participant_id)) == (REWARD, FEE)
    assert owed(session, other.participant_id) == 0, "of another batch"
    assert cash(session, place, visit.participant_id).minor == FEE


def test_nothing_in_the_row_of_what_waits_tells_which_waits_with_it(
    session: Session, visit: Visit
) -> None:
    a_line(session, visit.recruiter_id)

    rows = session.execute(
        select(PayoutReservation.accrual_id, PayoutReservation.sealed_line)
    ).all()

    assert len(rows) == 3
    assert len({row.sealed_line for row in rows}) == 3
    assert set(PayoutReservation.__table__.columns.keys()) == {"accrual_id", "sealed_line"}


# Sent


def test_what_is_sent_is_on_its_way_and_cannot_be_had_elsewhere(
    session: Session, place: Place, visit: Visit
) -> None:
    person = visit.recruiter_id
    line = a_line(session, person)

    receipt = send(session, place, person, line)

    assert is_receipt(receipt)
    assert in_the_books(session, place)[Account.CLEARING] == REWARD
    assert (owed(session, person), reserved_for(session, person)) == (0, [])
    with pytest.raises(NothingToPay):
        cash(session, place, person)
    with pytest.raises(RewardAlreadyPaid):
        cancel(session, place, visit.participant_id)
    found = payouts.payout_by_receipt(session, place.programme.id, receipt)
    assert found is not None
    assert (found.id, found.amount.minor, found.method) == (line, REWARD, Method.MOBILE_MONEY)
    assert faults(session) == []


def test_sending_the_same_line_again_sends_nothing(
    session: Session, place: Place, visit: Visit
) -> None:
    person = visit.recruiter_id
    ids = tuple(each.id for each in owed_to(session, person))
    order = PayoutOrder(a_line(session, person), person, place.site.id, ids, Method.AIRTIME)
    send_orders(session, place, order)

    with pytest.raises(AccrualChanged):
        send_orders(session, place, order)

    assert session.scalar(select(func.count()).select_from(Payout)) == 1
    assert in_the_books(session, place)[Account.CLEARING] == REWARD


def test_only_what_was_kept_aside_for_a_line_is_sent_in_it(
    session: Session, place: Place, visit: Visit
) -> None:
    person = visit.recruiter_id
    accruals = [each.id for each in owed_to(session, person)]

    def attempt(line: UUID, ids: list[UUID]) -> None:
        order = PayoutOrder(line, person, place.site.id, tuple(ids), Method.AIRTIME)
        with pytest.raises(AccrualChanged):
            send_orders(session, place, order)

    attempt(uuid4(), accruals)  # kept aside for nothing
    line = a_line(session, person)
    attempt(uuid4(), accruals)  # for another line
    attempt(line, [])
    attempt(line, [*accruals, uuid4()])
    attempt(line, [*accruals, accruals[0]])
    cancel(session, place, visit.participant_id)
    attempt(line, accruals)  # taken back meanwhile
    assert in_the_books(session, place).get(Account.CLEARING) is None
    assert faults(session) == []


def test_a_payment_tells_neither_how_many_rewards_it_pays_nor_which(
    session: Session, place: Place, visit: Visit
) -> None:
    sent(session, place, visit.recruiter_id)
    sent(session, place, visit.participant_id)

    rows = session.scalars(select(Payout)).all()

    assert len({len(row.sealed_accruals or b"") for row in rows}) == 1
    assert sorted(len(payouts.lines_of(session, row)) for row in rows) == [1, 3]


# Arrived, or not


def test_what_arrived_leaves_the_bank_and_the_rest_is_owed_again(
    session: Session, place: Place, visit: Visit
) -> None:
    person = visit.recruiter_id
    line = sent(session, place, person)

    settle(session, place, line, 300)

    found = in_the_books(session, place)
    assert found.get(Account.CLEARING) is None
    assert (found[Account.BANK], owed(session, person)) == (-300, REWARD - 300)
    assert cash(session, place, person).minor == REWARD - 300
    assert faults(session) == []


@pytest.mark.parametrize("minor", [0, REWARD])
def test_what_became_of_a_payment_is_booked_once_whatever_it_was(
    session: Session, place: Place, visit: Visit, minor: int
) -> None:
    line = sent(session, place, visit.recruiter_id)
    settle(session, place, line, minor)

    for again in (0, 1, REWARD):
        with pytest.raises(PayoutSettled):
            settle(session, place, line, again)

    assert owed(session, visit.recruiter_id) == REWARD - minor
    assert faults(session) == []


def test_what_is_said_to_have_arrived_is_an_amount_that_was_sent(
    session: Session, place: Place, visit: Visit
) -> None:
    line = sent(session, place, visit.recruiter_id)

    with pytest.raises(MoreThanOwed):
        settle(session, place, line, REWARD + 1)
    with pytest.raises(BadAmount):
        settle(session, place, line, -1)
    with pytest.raises(UnknownPayout):
        settle(session, place, uuid4(), 1)
    paid_in_cash = uuid4()
    cash(session, place, visit.participant_id, paid_in_cash)
    with pytest.raises(UnknownPayout):
        settle(session, place, paid_in_cash, FEE)


def test_a_payment_of_another_programme_is_unknown_here(session: Session, visit: Visit) -> None:
    there = a_place(session)
    person = a_finished_visit(session, there).recruiter_id
    line = sent(session, there, person)
    here = a_place(session)

    with pytest.raises(UnknownPayout):
        settle(session, here, line, REWARD)


def test_cash_of_a_batch_leaves_the_float_of_the_site_where_it_was_earned(
    session: Session,
) -> None:
    place = a_place(session, cash=REWARD - 1)
    person = a_finished_visit(session, place).recruiter_id
    line = sent(session, place, person, method=Method.CASH)

    with pytest.raises(FloatTooLow) as low:
        settle(session, place, line, REWARD)
    assert low.value.facts == {"missing": 1}
    settle(session, place, line, REWARD - 1)

    found = in_the_books(session, place)
    assert (found.get(Account.CASH_FLOAT), owed(session, person)) == (None, 1)
    assert faults(session) == []


def test_money_that_had_arrived_and_came_back_is_owed_again_once(
    session: Session, place: Place, visit: Visit
) -> None:
    person = visit.recruiter_id
    line = sent(session, place, person)
    with pytest.raises(PayoutNotSettled):
        bounce(session, place, line)
    settle(session, place, line, REWARD)

    bounce(session, place, line)

    assert owed(session, person) == REWARD
    assert in_the_books(session, place).get(Account.BANK) is None
    with pytest.raises(PayoutNotSettled):
        bounce(session, place, line)
    with pytest.raises(PayoutSettled):
        settle(session, place, line, REWARD)
    again = sent(session, place, person)
    settle(session, place, again, REWARD)
    assert in_the_books(session, place)[Account.BANK] == -REWARD
    assert faults(session) == []


def test_a_payment_of_which_nothing_arrived_cannot_come_back(
    session: Session, place: Place, visit: Visit
) -> None:
    line = sent(session, place, visit.recruiter_id)
    settle(session, place, line, 0)

    with pytest.raises(PayoutNotSettled):
        bounce(session, place, line)


# Past its time


def test_what_expired_is_seen_and_can_be_given_back(
    session: Session, place: Place, visit: Visit
) -> None:
    person, by = visit.recruiter_id, place.finance.staff_id

    entries = expired(session, place, person)

    assert in_the_books(session, place)[Account.STIPENDS_UNCLAIMED] == REWARD
    assert owed(session, person) == 0
    with pytest.raises(NothingToPay):
        cash(session, place, person)
    assert {each.entry_id for each in expiry.expired_of(session, person)} == set(entries)
    assert expiry.expired_of(session, visit.participant_id) == []
    assert len(expiry.expired(session, place.programme.id)) == 3
    restore(session, books(session, place), entries, by=by, reason="she was ill")
    assert cash(session, place, person).minor == REWARD
    assert expiry.expired(session, place.programme.id) == []
    assert faults(session) == []


def test_what_waits_in_a_batch_or_was_paid_does_not_expire(
    session: Session, place: Place, visit: Visit
) -> None:
    accruals = owed_to(session, visit.recruiter_id)
    a_line(session, visit.recruiter_id)
    by = place.finance.staff_id
    with pytest.raises(AccrualChanged):
        expire(session, books(session, place), accruals, by=by)
    fee = owed_to(session, visit.participant_id)
    cash(session, place, visit.participant_id)

    with pytest.raises(AccrualChanged):
        expire(session, books(session, place), fee, by=by)


def test_what_expired_ends_once_given_back_or_written_off(
    session: Session, place: Place, visit: Visit
) -> None:
    by, other = place.finance.staff_id, place.lead.staff_id
    back, *off = expired(session, place, visit.recruiter_id)
    restore(session, books(session, place), [back], by=by, reason="she was ill")
    both = {"proposed_by": by, "decided_by": other, "reason": "nobody came"}
    write_off(session, books(session, place), off, **both)  # type: ignore[arg-type]

    for each in (back, *off):
        with pytest.raises(NotExpired):
            restore(session, books(session, place), [each], by=by, reason="again")
        with pytest.raises(NotExpired):
            write_off(session, books(session, place), [each], **both)  # type: ignore[arg-type]
    found = in_the_books(session, place)
    assert found.get(Account.STIPENDS_UNCLAIMED) is None
    assert found[Account.WRITE_OFF] + owed(session, visit.recruiter_id) == REWARD
    assert faults(session) == []


def test_nobody_writes_off_alone_and_the_database_says_so_too(
    session: Session, place: Place, visit: Visit
) -> None:
    by = place.finance.staff_id
    (entry, *_) = expired(session, place, visit.recruiter_id)
    alone = {"proposed_by": by, "decided_by": by}

    with pytest.raises(WrittenOffAlone):
        write_off(session, books(session, place), [entry], reason="nobody came", **alone)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(WriteOff).values(entry_id=entry, **alone))


# Taken back, wherever it is


def reserved_first(session: Session, place: Place, person: UUID) -> None:
    a_line(session, person)


def failed_first(session: Session, place: Place, person: UUID) -> None:
    settle(session, place, sent(session, place, person), 0)


def bounced_first(session: Session, place: Place, person: UUID) -> None:
    line = sent(session, place, person)
    settle(session, place, line, REWARD)
    bounce(session, place, line)


def expired_first(session: Session, place: Place, person: UUID) -> None:
    expired(session, place, person)


def restored_first(session: Session, place: Place, person: UUID) -> None:
    entries = expired(session, place, person)
    by = place.finance.staff_id
    restore(session, books(session, place), entries, by=by, reason="she was ill")


def failed_twice_and_expired(session: Session, place: Place, person: UUID) -> None:
    failed_first(session, place, person)
    failed_first(session, place, person)
    expired(session, place, person)


@pytest.mark.parametrize(
    "first",
    [
        reserved_first,
        failed_first,
        bounced_first,
        expired_first,
        restored_first,
        failed_twice_and_expired,
    ],
)
def test_a_reward_is_taken_back_wherever_it_has_come_but_into_a_hand(
    session: Session,
    place: Place,
    visit: Visit,
    first: Callable[[Session, Place, UUID], None],
) -> None:
    person = visit.recruiter_id
    first(session, place, person)
    assert rewards_for(session, visit.participant_id) is RewardState.OWED

    cancel(session, place, visit.participant_id)

    assert owed(session, person) == 0
    assert reserved_for(session, person) == []
    assert expiry.expired_of(session, person) == []
    found = in_the_books(session, place)
    assert found == {Account.EXPENSE_PRIMARY: FEE, Account.STIPENDS_PAYABLE: FEE} | {
        account: minor for account, minor in found.items() if account is Account.STIPENDS_HELD
    }
    assert rewards_for(session, visit.participant_id) is RewardState.NONE
    assert faults(session) == []


@pytest.mark.parametrize("arrived", [1, REWARD, None])
def test_a_reward_that_is_in_a_hand_or_on_its_way_is_not_taken_back(
    session: Session, place: Place, visit: Visit, arrived: int | None
) -> None:
    line = sent(session, place, visit.recruiter_id)
    if arrived is not None:
        settle(session, place, line, arrived)

    with pytest.raises(RewardAlreadyPaid):
        cancel(session, place, visit.participant_id)

    assert rewards_for(session, visit.participant_id) is RewardState.PAID
    assert faults(session) == []


def test_a_fee_handed_out_without_a_network_is_no_longer_kept_aside_for_a_batch(
    session: Session, place: Place, visit: Visit
) -> None:
    person = visit.participant_id
    accruals = tuple(each.id for each in owed_to(session, person))
    line = a_line(session, person)

    was_owed = note_fee_paid(
        session,
        books(session, place),
        payment_id=uuid4(),
        participant_id=person,
        minor=FEE,
        by=place.intake.staff_id,
        now=LATER,
    )

    assert was_owed
    with pytest.raises(AccrualChanged):
        send_orders(
            session, place, PayoutOrder(line, person, place.site.id, accruals, Method.AIRTIME)
        )
    assert faults(session) == []


# At once


@pytest.mark.parametrize("end", ["settle", "bounce"])
def test_of_two_who_say_at_once_what_became_of_a_payment_one_is_believed(
    database: Database, end: str
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        person = a_finished_visit(session, place).recruiter_id
        line = sent(session, place, person)
        if end == "bounce":
            settle(session, place, line, REWARD)

    def attempt(number: int) -> str:
        try:
            with database.transaction() as session:
                if end == "bounce":
                    bounce(session, place, line)
                else:
                    settle(session, place, line, number % 2 * REWARD)
        except (PayoutSettled, PayoutNotSettled) as refusal:
            return refusal.code
        return "believed"

    with ThreadPoolExecutor(6) as desks:
        answers = Counter(desks.map(attempt, range(6)))

    assert answers["believed"] == 1
    assert len(answers) == 2
    with database.snapshot() as session:
        assert faults(session) == []


def test_of_a_desk_a_batch_and_someone_who_takes_it_back_one_gets_the_reward(
    database: Database,
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        visits = [a_finished_visit(session, place) for _ in range(5)]

    def attempt(turn: tuple[Visit, int]) -> str:
        visit, act = turn
        person = visit.recruiter_id
        try:
            with database.transaction() as session:
                if act == 0:
                    cash(session, place, person)
                elif act == 1:
                    sent(session, place, person)
                elif act == 2:
                    expired(session, place, person)
                else:
                    cancel(session, place, visit.participant_id)
        except (DomainError, IntegrityError) as refusal:
            return type(refusal).__name__
        return "done"

    with ThreadPoolExecutor(8) as desks:
        list(desks.map(attempt, [(visit, act) for visit in visits for act in range(4)]))

    with database.snapshot() as session:
        assert faults(session) == []
        for visit in visits:
            assert owed(session, visit.recruiter_id) == 0
        found = in_the_books(session, place)
        assert sum(found.get(each, 0) for each in (Account.EXPENSE_PRIMARY,)) == 5 * FEE


# Everyone at once


def test_what_everyone_is_owed_is_what_each_of_them_is_owed(session: Session, place: Place) -> None:
    visits = [a_finished_visit(session, place) for _ in range(3)]
    a_line(session, visits[0].recruiter_id)
    cash(session, place, visits[1].recruiter_id)

    everyone = owed_by_person(session, place.programme.id)

    people = [each for visit in visits for each in (visit.recruiter_id, visit.participant_id)]
    assert everyone == {
        person: accruals for person in sorted(people) if (accruals := owed_to(session, person))
    }
    assert list(everyone) == sorted(everyone)
    assert len(everyone) == 4


# Another site


def test_what_another_site_owes_is_paid_here_and_stands_in_both_books(session: Session) -> None:
    place = a_place(session, cash=REWARD)
    there = place.at(a_site(session, place.programme.id))
    person = a_finished_visit(session, there).recruiter_id

    assert cash(session, place, person).minor == REWARD

    rows = balances(session, place.programme.id)
    found = {(each.site_id, each.account): each.balance.minor for each in rows}
    assert found[place.site.id, Account.CASH_FLOAT] == 0
    assert found[place.site.id, Account.BETWEEN_SITES] == -REWARD
    assert found[there.site.id, Account.BETWEEN_SITES] == REWARD
    assert found[there.site.id, Account.STIPENDS_PAYABLE] == FEE
    assert (there.site.id, Account.CASH_FLOAT) not in found
    assert faults(session) == []


def test_balances_are_those_of_the_day_that_was_asked_for(
    session: Session, place: Place, visit: Visit
) -> None:
    assert balances(session, place.programme.id, on=NOON.date()) == []
    assert balances(session, place.programme.id, on=LATER.date()) == balances(
        session, place.programme.id
    )


def test_payments_are_found_by_number_site_way_and_day(
    session: Session, place: Place, visit: Visit
) -> None:
    payment = uuid4()
    receipt = pay_in_cash(
        session,
        books(session, place),
        payment_id=payment,
        participant_id=visit.participant_id,
        by=place.intake.staff_id,
    ).receipt
    line = sent(session, place, visit.recruiter_id)
    programme = place.programme.id
    typed = f" {receipt[:3]} {receipt[3:6]}-{receipt[6:]} "

    found = payouts.payout_by_receipt(session, programme, typed)

    assert found == payouts.payout(session, payment)
    assert payouts.payout_by_receipt(session, a_place(session).programme.id, receipt) is None
    slip = receipt[:-1] + str((int(receipt[-1]) + 1) % 10)
    assert payouts.payout_by_receipt(session, programme, slip) is None
    assert payouts.payout_to(session, payment, visit.participant_id) == found
    assert payouts.payout_to(session, payment, visit.recruiter_id) is None

    def ids(**wanted: Any) -> set[UUID]:
        return {each.id for each in payouts.payouts(session, programme, **wanted)}

    assert ids() == {payment, line}
    assert ids(method=Method.CASH) == {payment}
    assert ids(site_id=uuid4()) == ids(until=NOON.date()) == set()
    assert ids(since=LATER.date(), until=LATER.date(), limit=1, offset=1) < {payment, line}


def test_the_entries_are_made_once_by_their_cause_whatever_someone_writes(
    session: Session, place: Place, visit: Visit
) -> None:
    cash(session, place, visit.recruiter_id)
    paid = session.scalars(
        select(LedgerEntry).where(LedgerEntry.credit == Account.CASH_FLOAT)
    ).first()
    assert paid is not None
    row = {column.name: getattr(paid, column.name) for column in LedgerEntry.__table__.columns}

    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(LedgerEntry).values(row | {"id": uuid4()}))
    line = session.scalars(select(PayoutLine)).first()
    assert line is not None
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(
            insert(PayoutLine).values(accrual_id=line.accrual_id, sealed_payout=b"again")
        )
