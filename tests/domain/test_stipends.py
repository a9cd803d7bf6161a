"""Who is owed what, once; what is held until a visit is complete; and money that is handed out once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.money import Money
from app.domain.participants.rules import Sex
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.rules import SCHEDULE_KINDS, SIMPLIFIED, Protocol, StipendSchedule
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.errors import BadAmount, NothingToPay, PaymentIdReused
from app.domain.stipends.models import LedgerEntry, Payout
from app.domain.stipends.queries import Books, balances, books_of, held_for, owed_to, unclaimed
from app.domain.stipends.rules import (
    SCHEDULES,
    Account,
    Incentive,
    Recruit,
    held_at_redemption,
    rewards,
)
from app.domain.treasury.actions import fund_float
from app.domain.visits import actions as visits
from app.domain.visits.errors import NotReadyForStep
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_seed,
    answers,
    go_through_visit,
)

schedules = st.builds(
    StipendSchedule,
    kind=st.sampled_from(SCHEDULE_KINDS),
    **{
        name: st.integers(0, 10_000)
        for name in StipendSchedule.__dataclass_fields__
        if name != "kind"
    },
)
recruits = st.builds(
    Recruit,
    is_woman=st.booleans(),
    age=st.none() | st.integers(10, 110),
    correct_answers=st.integers(0, 8),
)


@pytest.mark.parametrize(
    ("recruit", "education", "steering"),
    [
        (Recruit(is_woman=True, age=22, correct_answers=8), 240, 100),  # together at most 100
        (Recruit(is_woman=True, age=40, correct_answers=5), 150, 100),
        (Recruit(is_woman=False, age=24, correct_answers=0), 0, 50),
        (Recruit(is_woman=False, age=25, correct_answers=8), 240, 0),
        (Recruit(is_woman=False, age=None, correct_answers=1), 30, 0),
    ],
)
def test_the_standard_schedule(recruit: Recruit, education: int, steering: int) -> None:
    assert rewards(StipendSchedule(), recruit) == {
        Incentive.PRIMARY: 750,
        Incentive.RECRUITMENT: 250,
        Incentive.EDUCATION: education,
        Incentive.STEERING: steering,
    }


def test_the_simplified_schedule_rewards_teaching_only() -> None:
    best = Recruit(is_woman=True, age=22, correct_answers=8)

    assert rewards(SIMPLIFIED, best) == {
        Incentive.PRIMARY: 750,
        Incentive.RECRUITMENT: 0,
        Incentive.EDUCATION: 480,
        Incentive.STEERING: 0,
    }
    assert held_at_redemption(SIMPLIFIED) == 0


@given(schedules, recruits)
def test_no_schedule_owes_less_than_nothing_or_more_than_its_caps(
    schedule: StipendSchedule, recruit: Recruit
) -> None:
    owed = rewards(schedule, recruit)

    assert all(minor >= 0 for minor in owed.values())
    assert owed[Incentive.EDUCATION] <= schedule.education_most
    assert owed[Incentive.STEERING] <= schedule.steering_most
    assert held_at_redemption(schedule) == owed[Incentive.RECRUITMENT]


def test_every_kind_of_schedule_has_its_function() -> None:
    assert tuple(SCHEDULES) == SCHEDULE_KINDS


def owed(session: Session, person: UUID) -> int:
    return sum(accrual.amount.minor for accrual in owed_to(session, person))


def test_three_women_who_know_everything_earn_their_recruiter_1770(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    for coupon in a_bundle(session, place, seed).coupons:
        a_finished_visit(session, place, coupon, recruiter_id=seed)

    assert owed(session, seed) == 1770


def test_a_reward_is_held_at_the_redemption_and_payable_only_when_the_visit_is_complete(
    session: Session,
) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    person = a_redemption(session, place, a_bundle(session, place, seed).coupons[0]).participant_id
    by = {"by": place.intake, "now": LATER}

    def stands() -> tuple[int, int, int]:
        return held_for(session, seed), owed(session, seed), owed(session, person)

    assert stands() == (250, 0, 0)
    visits.screen(
        session,
        person,
        sex=Sex.FEMALE,
        age=40,
        adult_confirmed=True,
        injected_recently=True,
        **by,  # type: ignore[arg-type]
    )
    assert stands() == (250, 0, 0)
    visits.ask_consent(session, person, {"participation": True}, **by)  # type: ignore[arg-type]
    assert stands() == (250, 0, 0)
    visits.take_knowledge_test(session, person, answers(6), **by)  # type: ignore[arg-type]
    assert stands() == (250, 0, 0)
    visits.interview(
        session,
        person,
        network_size=5,
        never_reached_before=True,
        answers={},
        **by,  # type: ignore[arg-type]
    )
    assert stands() == (0, 250 + 180 + 100, 750)


@pytest.mark.parametrize("missing", ["eligibility", "consent"])
def test_a_visit_that_ends_early_never_makes_a_reward_payable(
    session: Session, missing: str
) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    person = a_redemption(session, place, a_bundle(session, place, seed).coupons[0]).participant_id
    by = {"by": place.intake, "now": LATER}
    visits.screen(
        session,
        person,
        sex=Sex.FEMALE,
        age=16 if missing == "eligibility" else 30,
        adult_confirmed=True,
        injected_recently=True,
        **by,  # type: ignore[arg-type]
    )
    if missing == "consent":
        visits.ask_consent(session, person, {"participation": False}, **by)  # type: ignore[arg-type]
    for step in (
        lambda: visits.take_knowledge_test(session, person, answers(8), **by),  # type: ignore[arg-type]
        lambda: visits.interview(
            session,
            person,
            network_size=1,
            never_reached_before=None,
            answers={},
            **by,  # type: ignore[arg-type]
        ),
    ):
        with pytest.raises(NotReadyForStep):
            step()

    assert (held_for(session, seed), owed(session, seed), owed(session, person)) == (0, 0, 0)


def test_an_answer_that_was_corrected_earns_what_it_would_have_earned(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    person = a_redemption(session, place, a_bundle(session, place, seed).coupons[0]).participant_id
    visits.screen(
        session,
        person,
        sex=Sex.FEMALE,
        age=16,
        adult_confirmed=False,
        injected_recently=True,
        by=place.intake,
        now=LATER,
    )
    assert (held_for(session, seed), owed(session, seed)) == (0, 0)

    go_through_visit(session, place, person, age=40, correct=6)

    assert (held_for(session, seed), owed(session, seed)) == (0, 250 + 180 + 100)


def test_a_completed_visit_is_owed_for_once_however_often_it_is_settled(session: Session) -> None:
    place = a_place(session)
    visit = a_finished_visit(session, place)
    before = session.scalar(select(func.count()).select_from(LedgerEntry))

    for _ in range(2):
        visits.interview(
            session,
            visit.participant_id,
            network_size=3,
            never_reached_before=False,
            answers={},
            by=place.intake,
            now=LATER,
        )

    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == before
    assert (owed(session, visit.recruiter_id), owed(session, visit.participant_id)) == (590, 750)


@pytest.mark.parametrize(
    ("new", "recruiters"),
    [
        (Protocol(stipends=SIMPLIFIED), 590),
        (Protocol(stipends=replace(StipendSchedule(), recruitment=999, primary=1)), 590),
    ],
)
def test_a_visit_earns_by_the_rules_of_its_redemption_whatever_they_became(
    session: Session, new: Protocol, recruiters: int
) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    person = a_redemption(session, place, a_bundle(session, place, seed).coupons[0]).participant_id
    adopt_protocol(session, place.programme.id, new, by=None, now=LATER)

    go_through_visit(session, place, person)

    assert (owed(session, seed), held_for(session, seed)) == (recruiters, 0)


def test_a_programme_with_the_simplified_schedule_holds_nothing_and_owes_for_teaching(
    session: Session,
) -> None:
    place = a_place(session, protocol=Protocol(stipends=SIMPLIFIED))
    seed = a_seed(session, place)
    coupon = a_bundle(session, place, seed).coupons[0]
    a_redemption_held = held_for(session, seed)

    a_finished_visit(session, place, coupon, recruiter_id=seed, correct=8)

    assert (a_redemption_held, owed(session, seed)) == (0, 480)


def books(session: Session, place: Place) -> Books:
    return books_of(session, place.programme.id, place.site.id, now=LATER)[0]


def pay(session: Session, place: Place, person: UUID, payment: UUID | None = None) -> Money:
    payment_made = pay_in_cash(
        session,
        books(session, place),
        payment_id=payment or uuid4(),
        participant_id=person,
        by=place.intake.staff_id,
    )
    return payment_made.amount


def test_she_is_paid_all_she_is_owed_and_then_nothing(session: Session) -> None:
    place = a_place(session)
    visit = a_finished_visit(session, place)

    assert pay(session, place, visit.recruiter_id) == Money(590, "UAH")

    with pytest.raises(NothingToPay):
        pay(session, place, visit.recruiter_id)
    assert owed(session, visit.participant_id) == 750


def test_the_same_payment_asked_for_again_is_the_same_money(session: Session) -> None:
    place, payment = a_place(session), uuid4()
    visit = a_finished_visit(session, place)

    first = pay(session, place, visit.recruiter_id, payment)
    again = pay(session, place, visit.recruiter_id, payment)

    assert first == again
    assert session.scalar(select(func.count()).select_from(Payout)) == 1
    with pytest.raises(PaymentIdReused):
        pay(session, place, visit.participant_id, payment)


@pytest.mark.parametrize("same_payment", [True, False])
def test_of_desks_paying_her_at_once_one_pays(database: Database, same_payment: bool) -> None:
    with database.transaction() as session:
        place = a_place(session)
        person = a_finished_visit(session, place).recruiter_id
    payment = uuid4() if same_payment else None

    def attempt(_: int) -> str:
        try:
            with database.transaction() as session:
                return str(pay(session, place, person, payment).minor)
        except NothingToPay:
            return "nothing"

    with ThreadPoolExecutor(8) as desks:
        answers = Counter(desks.map(attempt, range(8)))

    assert answers == ({"590": 8} if same_payment else {"590": 1, "nothing": 7})
    with database.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(Payout)) == 1
        assert session.scalar(select(func.sum(Payout.amount_minor))) == 590


def test_the_books_balance_and_say_what_is_owed_held_and_in_the_drawer(session: Session) -> None:
    place = a_place(session)
    funding = uuid4()
    for _ in range(2):  # the same money once
        fund_float(
            session,
            books(session, place),
            100_000,
            funding_id=funding,
            by=place.finance.staff_id,
            now=LATER,
        )
    visit = a_finished_visit(session, place)
    a_redemption(session, place)
    pay(session, place, visit.participant_id)

    found = {row.account: row.balance.minor for row in balances(session, place.programme.id)}
    assert found == {
        Account.FUNDING: 100_000,
        Account.CASH_FLOAT: 100_000 - 750,
        Account.STIPENDS_HELD: 250,
        Account.STIPENDS_PAYABLE: 590,
        Account.EXPENSE_PRIMARY: 750,
        Account.EXPENSE_RECRUITMENT: 500,
        Account.EXPENSE_EDUCATION: 240,
        Account.EXPENSE_STEERING: 100,
    }
    (claim,) = unclaimed(session, place.programme.id)
    assert (claim.amount, claim.since) == (Money(590, "UAH"), LATER.date())


def test_a_float_is_not_funded_with_nothing_nor_twice_under_one_number(session: Session) -> None:
    place, funding = a_place(session), uuid4()
    by = {"funding_id": funding, "by": place.finance.staff_id, "now": NOON}

    for nothing in (0, -5):
        with pytest.raises(BadAmount):
            fund_float(session, books(session, place), nothing, **by)  # type: ignore[arg-type]
    fund_float(session, books(session, place), 10, **by)  # type: ignore[arg-type]
    with pytest.raises(PaymentIdReused):
        fund_float(session, books(session, place), 20, **by)  # type: ignore[arg-type]
