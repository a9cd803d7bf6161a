"""Caps for a recruit, a bundle and a day: what a recruiter earns never passes them, whoever finishes first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.domain.participants.queries import lock_all
from app.domain.participants.rules import Sex
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.queries import current_protocol
from app.domain.programmes.rules import LOTTERY, SIMPLIFIED, Protocol, StipendSchedule
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import held_for, owed_to
from app.domain.stipends.rules import (
    Incentive,
    Recruit,
    capped,
    recruiters,
    rewards,
    rewards_of_bundle,
    room,
    steering,
)
from app.domain.visits import actions as visits
from tests.factories import (
    LATER,
    Place,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_seed,
    answers,
    go_through_visit,
)

amounts = st.integers(0, 3000)
some_recruits = st.builds(
    Recruit,
    is_woman=st.booleans(),
    age=st.none() | st.integers(15, 60),
    correct_answers=st.integers(0, 8),
    is_first_time=st.booleans(),
)
schedules = st.builds(
    StipendSchedule,
    kind=st.sampled_from(["standard", "simplified", "lottery"]),
    most_per_recruit=amounts,
    most_per_bundle=amounts,
    most_per_day=amounts,
    steering_first_time=amounts,
)


def under(**caps: Any) -> Protocol:
    return Protocol(stipends=replace(StipendSchedule(), **caps))


def owed(session: Session, person: UUID) -> int:
    return sum(accrual.amount.minor for accrual in owed_to(session, person))


def three_cards(session: Session, place: Place) -> tuple[UUID, Any]:
    seed = a_seed(session, place)
    return seed, a_bundle(session, place, seed).coupons


@given(schedules, some_recruits, st.integers(0, 5000), st.integers(0, 5000))
def test_what_is_capped_fits_and_takes_from_steering_first(
    schedule: StipendSchedule, recruit: Recruit, in_bundle: int, on_day: int
) -> None:
    earned = rewards(schedule, recruit)
    left = room(schedule, in_bundle=in_bundle, on_day=on_day)
    fits = capped(earned, left)

    assert fits[Incentive.PRIMARY] == earned[Incentive.PRIMARY]
    assert recruiters(fits) == min(recruiters(earned), recruiters(earned) if left is None else left)
    if fits[Incentive.EDUCATION] < earned[Incentive.EDUCATION]:
        assert fits[Incentive.STEERING] == 0
    if fits[Incentive.RECRUITMENT] < earned[Incentive.RECRUITMENT]:
        assert fits[Incentive.EDUCATION] == fits[Incentive.STEERING] == 0


@given(schedules, st.lists(some_recruits, max_size=3), st.booleans())
def test_a_bundle_of_recruits_stays_within_every_cap(
    schedule: StipendSchedule, recruits: list[Recruit], on_one_day: bool
) -> None:
    earned = [
        recruiters(each) for each in rewards_of_bundle(schedule, recruits, on_one_day=on_one_day)
    ]

    assert all(each <= (schedule.most_per_recruit or each) for each in earned)
    assert sum(earned) <= (schedule.most_per_bundle or sum(earned))
    if on_one_day:
        assert sum(earned) <= (schedule.most_per_day or sum(earned))


def test_whom_a_programme_steers_to_is_an_amount_of_its_schedule() -> None:
    schedule = StipendSchedule(steering_first_time=80, steering_most=1000)
    woman = Recruit(is_woman=True, age=22, correct_answers=0, is_first_time=True)

    assert steering(schedule, woman) == 100 + 50 + 80
    assert steering(schedule, replace(woman, is_first_time=False)) == 100 + 50
    assert steering(StipendSchedule(), woman) == 100  # the placeholders: 150, together at most 100


def test_a_first_visit_ever_earns_what_the_schedule_sets_for_it(session: Session) -> None:
    place = a_place(session, protocol=under(steering_first_time=70, steering_most=500))
    visit = a_finished_visit(session, place, sex=Sex.MALE, age=40, correct=0)

    assert owed(session, visit.recruiter_id) == 250 + 70


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ({}, [590, 1180, 1770]),
        ({"most_per_recruit": 500}, [500, 1000, 1500]),
        ({"most_per_bundle": 1000}, [590, 1000, 1000]),
        ({"most_per_day": 700}, [590, 700, 700]),
        ({"most_per_recruit": 300, "most_per_bundle": 700, "most_per_day": 650}, [300, 600, 650]),
    ],
)
def test_recruits_who_come_one_after_another_earn_within_the_caps(
    session: Session, caps: dict[str, int], expected: list[int]
) -> None:
    place = a_place(session, protocol=under(**caps))
    seed, coupons = three_cards(session, place)

    so_far = []
    for coupon in coupons:
        a_finished_visit(session, place, coupon, recruiter_id=seed)
        so_far.append(owed(session, seed))

    assert so_far == expected
    assert held_for(session, seed) == 0


def test_a_day_has_room_again_on_the_next(session: Session) -> None:
    place = a_place(session, protocol=under(most_per_day=600))
    seed, (first, second, _) = three_cards(session, place)

    a_finished_visit(session, place, first, recruiter_id=seed)
    a_finished_visit(session, place, second, recruiter_id=seed, now=LATER + timedelta(days=1))

    assert owed(session, seed) == 2 * 590


def test_what_is_held_for_others_counts_and_what_no_longer_fits_is_released(
    session: Session,
) -> None:
    place = a_place(session, protocol=under(most_per_bundle=600))
    seed, (first, second, _) = three_cards(session, place)
    waiting = a_redemption(session, place, second).participant_id
    assert held_for(session, seed) == 250

    a_finished_visit(session, place, first, recruiter_id=seed)
    assert (owed(session, seed), held_for(session, seed)) == (600 - 250, 250)

    go_through_visit(session, place, waiting)
    assert (owed(session, seed), held_for(session, seed)) == (600, 0)


def test_held_money_beyond_a_cap_goes_back(session: Session) -> None:
    place = a_place(session, protocol=under(most_per_recruit=100))
    visit = a_finished_visit(session, place)

    assert (owed(session, visit.recruiter_id), held_for(session, visit.recruiter_id)) == (100, 0)
    assert owed(session, visit.participant_id) == 750  # her own fee has no cap


@pytest.mark.parametrize("caps", [{"most_per_day": 590}, {"most_per_bundle": 700}])
def test_settling_again_on_another_day_makes_no_new_room(
    session: Session, caps: dict[str, int]
) -> None:
    place = a_place(session, protocol=under(**caps))
    seed, (first, second, _) = three_cards(session, place)
    a_finished_visit(session, place, first, recruiter_id=seed)
    again = a_finished_visit(session, place, second, recruiter_id=seed).participant_id
    before = session.scalar(select(func.count()).select_from(LedgerEntry))

    visits.interview(
        session,
        again,
        network_size=3,
        never_reached_before=False,
        answers={},
        by=place.intake,
        now=LATER + timedelta(days=1),
    )

    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == before


@pytest.mark.parametrize(
    ("caps", "most"), [({"most_per_bundle": 900}, 900), ({"most_per_day": 700}, 700)]
)
def test_two_recruits_of_one_recruiter_who_finish_at_once_stay_within_the_cap(
    database: Database, caps: dict[str, int], most: int
) -> None:
    with database.transaction() as session:
        place = a_place(session, protocol=under(**caps))
        seed, coupons = three_cards(session, place)
        people = [a_redemption(session, place, coupon).participant_id for coupon in coupons]
        for person in people:
            go_through_all_but_the_interview(session, place, person)

    def finish(person: UUID) -> None:
        with database.transaction() as session:
            last_step(session, place, person, now=LATER)

    with ThreadPoolExecutor(3) as desks:
        list(desks.map(finish, people))

    with database.snapshot() as session:
        assert owed(session, seed) == most
        assert held_for(session, seed) == 0


def test_a_visit_that_was_judged_waits_for_nobody_who_holds_her_recruiter(
    database: Database,
) -> None:
    # A batch holds everyone in it, in the order of their ids: someone in it with her recruiter would wait in a circle.
    with database.transaction() as session:
        place = a_place(session, protocol=under(most_per_bundle=900))
        seed, coupons = three_cards(session, place)
        person = a_redemption(session, place, coupons[0]).participant_id
        go_through_all_but_the_interview(session, place, person)
        last_step(session, place, person, now=LATER)

    def again() -> bool:
        with database.transaction() as session:
            last_step(session, place, person, now=LATER)
        return True

    with ThreadPoolExecutor(1) as desk:
        with database.transaction() as session:
            lock_all(session, [seed])
            noted = desk.submit(again)
            if not database.is_sqlite:  # where there is one writer, everyone waits for her
                assert noted.result(timeout=5)
        assert noted.result()


def go_through_all_but_the_interview(session: Session, place: Place, person: UUID) -> None:
    by: dict[str, Any] = {"by": place.intake, "now": LATER}
    woman: dict[str, Any] = {"sex": Sex.FEMALE, "age": 22}
    visits.screen(session, person, adult_confirmed=True, injected_recently=True, **woman, **by)
    visits.ask_consent(session, person, {"participation": True}, **by)
    visits.take_knowledge_test(session, person, answers(8), **by)


def last_step(session: Session, place: Place, person: UUID, *, now: datetime) -> None:
    visits.interview(
        session,
        person,
        network_size=4,
        never_reached_before=True,
        answers={},
        by=place.intake,
        now=now,
    )


@pytest.mark.parametrize("before", [SIMPLIFIED, StipendSchedule(), LOTTERY])
def test_an_accrual_keeps_the_version_its_recruit_came_under(
    session: Session, before: StipendSchedule
) -> None:
    place = a_place(session, protocol=Protocol(stipends=replace(before, primary=640)))
    version = current_protocol(session, place.programme.id).id
    person = a_redemption(session, place).participant_id
    after = Protocol(stipends=StipendSchedule(primary=1, recruitment=7))
    adopt_protocol(session, place.programme.id, after, by=None, now=LATER)

    go_through_visit(session, place, person)

    assert owed(session, person) == 640
    assert set(session.scalars(select(LedgerEntry.protocol_id))) == {version}
