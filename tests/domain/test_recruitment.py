"""Every coupon and everyone who came with one, read from the records as desks make them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.domain.arrivals.actions import record_conflict
from app.domain.chains.queries import load_sample
from app.domain.conflicts.actions import decide_conflict
from app.domain.conflicts.rules import Decision
from app.domain.coupons.actions import end_coupon
from app.domain.coupons.queries import read
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.actions import welcome_walk_in
from app.domain.participants.rules import Sex
from app.domain.programmes.rules import Protocol
from app.domain.recruitment.queries import (
    Flow,
    load_costs,
    load_coupon_history,
    load_flow,
    load_plan,
    spent,
)
from app.domain.visits.actions import ask_consent, screen
from tests import forests
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
    a_site,
    go_through_visit,
)
from tests.forests import hand_in, plant, simulated

FOREST_DAY = forests.TODAY
DAY_OF_ISSUE = date(2026, 3, 2)
DAY_OF_REDEMPTION = date(2026, 3, 4)
LATEST = LATER + timedelta(days=3)
TODAY = date(2026, 3, 7)


Became = tuple[date | None, date | None, str]


@dataclass(frozen=True)
class Field:
    """A woman's three coupons brought a woman who recruits, someone who left at once, and nobody: it was lost.

    The woman's own three brought a man who was not eligible. A man's three are all out.
    """

    place: Place
    woman: UUID
    man: UUID
    recruit: UUID
    left_at_once: UUID
    not_eligible: UUID


@pytest.fixture
def field(session: Session) -> Field:
    place = a_place(session)
    woman, man = a_seed(session, place), a_seed(session, place, sex=Sex.MALE)
    hers = a_bundle(session, place, woman).coupons
    a_bundle(session, place, man)
    visit = a_finished_visit(session, place, hers[0], recruiter_id=woman, with_bundle=True)
    left_at_once = a_redemption(session, place, hers[1]).participant_id
    end_coupon(
        session,
        read(hers[2].code),
        CouponStatus.LOST,
        reason="She lost it.",
        by=place.manager,
        now=LATEST,
    )
    assert visit.bundle is not None
    not_eligible = a_redemption(session, place, visit.bundle.coupons[0], now=LATEST).participant_id
    screen(
        session,
        not_eligible,
        sex=Sex.MALE,
        age=30,
        adult_confirmed=True,
        injected_recently=False,
        by=place.intake,
        now=LATEST,
    )
    return Field(place, woman, man, visit.participant_id, left_at_once, not_eligible)


def flow(session: Session, place: Place, today: date = TODAY) -> Flow:
    sample = load_sample(session, place.programme.id, today=today).sample
    return load_flow(session, place.programme.id, sample, today=today)


def became(session: Session, place: Place, holder: UUID, today: date = TODAY) -> list[Became]:
    """What became of someone's coupons: the day of redemption, the day it was ended, whom it brought."""
    sample = load_sample(session, place.programme.id, today=today).sample
    history = load_coupon_history(session, place.programme.id, sample, today=today)
    mine = np.flatnonzero(history.holder == sample.ids.index(holder.hex))
    assert set(history.issued_on[mine].tolist()) <= {DAY_OF_ISSUE, DAY_OF_REDEMPTION}
    assert (history.usable_from[mine] - history.issued_on[mine]).astype(int).tolist() == [1] * 3
    assert (history.usable_until[mine] - history.issued_on[mine]).astype(int).tolist() == [30] * 3
    recruits = [sample.ids[i] if i >= 0 else "" for i in history.recruit[mine]]
    days = (history.redeemed_on[mine].tolist(), history.ended_on[mine].tolist(), recruits)
    return sorted(zip(*days, strict=True), key=str, reverse=True)


def test_each_coupon_has_its_days_its_holder_and_whom_it_brought(
    session: Session, field: Field
) -> None:
    place = field.place

    hers = became(session, place, field.woman)
    assert set(hers) == {
        (None, TODAY, ""),
        (DAY_OF_REDEMPTION, None, field.recruit.hex),
        (DAY_OF_REDEMPTION, None, field.left_at_once.hex),
    }
    assert set(became(session, place, field.man)) == {(None, None, "")}
    # Whom it brought is in no sample: she was not eligible.
    assert became(session, place, field.recruit).count((TODAY, None, "")) == 1


def test_on_an_earlier_day_less_is_known(session: Session, field: Field) -> None:
    before = DAY_OF_REDEMPTION - timedelta(days=1)

    early = flow(session, field.place, before)
    assert len(early.history) == 6
    assert not early.history.redeemed.any()
    assert not early.history.ended.any()
    assert early.cascade.people.total.tolist() == [0, 0, 0, 0, 0, 0]
    assert flow(session, field.place).history.as_of == np.datetime64(TODAY)


def test_the_cascade_counts_coupons_by_their_holder_and_people_by_themselves(
    session: Session, field: Field
) -> None:
    cascade = flow(session, field.place).cascade

    assert cascade.coupons.levels == ("female", "male")
    # The women's six coupons brought three people, the man's three nobody.
    assert cascade.coupons.n.tolist() == [[6, 3], [3, 0]]
    # came, eligible, consented, enrolled, given a bundle, recruited
    assert cascade.people.n.tolist() == [[1, 1, 1, 1, 1, 1], [1, 0, 0, 0, 0, 0]]
    assert cascade.people.missing.tolist() == [1, 0, 0, 0, 0, 0]


def test_a_person_is_at_the_last_step_she_passed(session: Session, field: Field) -> None:
    place = field.place
    steps: dict[str, Any] = {"by": place.intake, "now": LATEST}
    screen(
        session,
        field.left_at_once,
        sex=Sex.FEMALE,
        age=20,
        adult_confirmed=True,
        injected_recently=True,
        **steps,
    )
    women = flow(session, place).cascade.people.n[0].tolist()
    assert women == [2, 2, 1, 1, 1, 1]

    ask_consent(session, field.left_at_once, {"participation": False, "follow_up": False}, **steps)
    assert flow(session, place).cascade.people.n[0].tolist() == women
    ask_consent(session, field.left_at_once, {"participation": True, "follow_up": False}, **steps)
    assert flow(session, place).cascade.people.n[0].tolist() == [2, 2, 2, 1, 1, 1]


def test_who_holds_coupons_has_recruited_when_one_came_back(session: Session) -> None:
    place = a_place(session)
    visit = a_finished_visit(session, place, with_bundle=True)
    assert flow(session, place).cascade.people.total.tolist() == [1, 1, 1, 1, 1, 0]

    assert visit.bundle is not None
    a_redemption(session, place, visit.bundle.coupons[0], now=LATEST)
    assert flow(session, place).cascade.people.total.tolist() == [2, 1, 1, 1, 1, 1]


def test_seeds_walk_ins_and_other_programmes_are_in_no_cascade(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    a_finished_visit(session, other)
    woman = a_seed(session, place)
    welcome_walk_in(session, site=place.site.code, uic=None, by=place.intake, now=LATER)

    alone = flow(session, place)
    assert len(alone.history) == 0
    assert alone.cascade.people.total.tolist() == [0] * 6
    a_bundle(session, place, woman)
    assert flow(session, place).cascade.coupons.total.tolist() == [3, 0]


def test_a_coupon_handed_in_twice_brought_the_one_who_was_decided_for(session: Session) -> None:
    place = a_place(session)
    woman = a_seed(session, place)
    coupon = a_bundle(session, place, woman).coupons[0]
    first = a_redemption(session, place, coupon).participant_id
    second = record_conflict(session, a_scan(coupon, place), by=place.intake, now=LATER)
    go_through_visit(session, place, second.participant_id, correct=None)

    def brought() -> list[str]:
        return [recruit for _, _, recruit in became(session, place, woman) if recruit]

    assert brought() == [first.hex]
    decide_conflict(
        session,
        second.id,
        Decision.SECOND_STANDS,
        reason="She was here first.",
        by=place.manager,
        now=LATEST,
    )
    assert brought() == [second.participant_id.hex]
    assert flow(session, place).cascade.people.total.tolist() == [1, 1, 1, 1, 0, 0]


def test_where_it_is_tomorrow_already_is_left_to_tomorrow(session: Session) -> None:
    place = a_place(session)
    east = a_site(session, place.programme.id, timezone="Asia/Tokyo")
    late = NOON + timedelta(days=2, hours=5)  # 19:00 in Kyiv, two in the morning in Tokyo
    assert local_date(late, "Asia/Tokyo") > local_date(late, place.site.timezone)
    coupons = a_bundle(session, place).coupons
    a_redemption(session, place, coupons[0], now=late)
    a_redemption(session, place.at(east), coupons[1], now=late)

    here, there = local_date(late, place.site.timezone), local_date(late, "Asia/Tokyo")
    assert flow(session, place, here).history.redeemed.sum() == 1
    assert flow(session, place, here).cascade.people.total[0] == 1
    assert flow(session, place, there).history.redeemed.sum() == 2


def test_the_flow_of_hundreds_is_that_of_their_forest(session: Session) -> None:
    place = a_place(session)
    forest = simulated(200)
    for person in forest:
        person.site, person.live_coupons = 0, 3
        person.usable_until = person.came_on + timedelta(days=30)
    plant(session, place, forest)
    hand_in(session, place, forest)

    sample = load_sample(session, place.programme.id, today=FOREST_DAY).sample
    found = load_flow(session, place.programme.id, sample, today=FOREST_DAY)

    history = found.history
    assert len(history) == 600
    brought = {sample.ids[i]: sample.ids[sample.recruiter[i]] for i in history.recruit if i >= 0}
    assert brought == {
        sample.ids[i]: sample.ids[history.holder[c]]
        for c, i in enumerate(history.recruit)
        if i >= 0
    }
    assert len(brought) == sum(person.recruiter is not None for person in forest)
    by_day = sum(person.came_on + timedelta(days=30) >= FOREST_DAY for person in forest)
    assert (~history.matured).sum() == 3 * by_day
    recruits = [person for person in forest if person.recruiter is not None]
    women = sum(person.sex is Sex.FEMALE for person in recruits)
    assert found.cascade.people.n[0, 0] == women
    assert found.cascade.coupons.n[0, 0] == 3 * sum(p.sex is Sex.FEMALE for p in forest)


def test_what_was_spent_is_what_was_earned_and_not_taken_back(session: Session) -> None:
    place = a_place(session)
    a_finished_visit(session, place, correct=8, age=30)
    assert spent(session, place.programme.id) == 750 + 250 + 240 + 100

    coupon = a_bundle(session, place).coupons[0]
    a_redemption(session, place, coupon)
    assert spent(session, place.programme.id) == 1340 + 250
    second = record_conflict(session, a_scan(coupon, place), by=place.intake, now=LATER)
    assert spent(session, place.programme.id) == 1340 + 250 + 250
    decide_conflict(
        session,
        second.id,
        Decision.SECOND_STANDS,
        reason="She was here first.",
        by=place.manager,
        now=LATEST,
    )
    assert spent(session, place.programme.id) == 1340 + 250
    assert spent(session, a_place(session).programme.id) == 0


def test_what_the_next_recruit_costs_is_what_those_before_would(session: Session) -> None:
    place = a_place(session)
    a_finished_visit(session, place, correct=8, age=30)
    a_finished_visit(session, place, correct=4, age=22, sex=Sex.MALE)
    a_finished_visit(session, place, correct=6, age=40, sex=Sex.MALE)
    sample = load_sample(session, place.programme.id, today=TODAY).sample

    costs = load_costs(session, place.programme.id, sample)

    assert costs.spent == spent(session, place.programme.id)
    assert costs.participant == 750
    assert costs.recruit == 250 + 30 * 6
    # A young man's recruiter earned 50, the other man's nothing; a woman's 100 at any age.
    assert costs.steering == {"female": 100, "male": 25}


def test_before_anyone_was_tested_teaching_is_taken_at_its_most(session: Session) -> None:
    place = a_place(session)
    a_seed(session, place)
    sample = load_sample(session, place.programme.id, today=TODAY).sample

    costs = load_costs(session, place.programme.id, sample)
    assert (costs.spent, costs.recruit) == (spent(session, place.programme.id), 250 + 240)


def test_the_plan_is_the_rules_of_now_and_the_seeds_of_the_last_four_weeks(
    session: Session,
) -> None:
    place = a_place(session, target=400, protocol=Protocol(coupons_per_bundle=2, taper=((50, 1),)))
    for _ in range(4):
        a_seed(session, place)
    for days in (28, 29):
        a_seed(session, place, now=NOON - timedelta(days=days), sex=Sex.MALE)
    today = local_date(NOON, place.site.timezone)
    sample = load_sample(session, place.programme.id, today=today).sample

    plan = load_plan(session, place.programme.id, sample, today=today)
    assert (plan.target, plan.coupons, plan.taper) == (400, 2, ((0.5, 1),))
    assert plan.seeds == {"female": 1, "male": 0}
