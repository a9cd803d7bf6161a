"""What the desks wrote down, read as it was written; and a look at a pattern, kept until there is more of it."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy.orm import Session

from app.domain.audit.errors import ReasonNeeded
from app.domain.audit.queries import latest
from app.domain.coupons.errors import SelfRecruitment
from app.domain.coupons.queries import PrintedCoupon
from app.domain.intake.actions import record_refusal, redeem, welcome_walk_in
from app.domain.signals.actions import note_exported, note_viewed, set_aside, take_up
from app.domain.signals.errors import OwnSignal
from app.domain.signals.queries import LiveSignal, load_desks, signals_of
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import staff_of
from app.domain.visits import actions as visits
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

MONDAYS = [NOON + timedelta(days=days, hours=-5) for days in (7, 14, 21)]
OPEN_DAY = NOON + timedelta(days=28)


def a_rhythm(session: Session, place: Place, *, together: int = 9) -> list[PrintedCoupon]:
    """Mondays with people at all hours, and one on which many come at once; gives back the coupons left."""
    seeds = [a_seed(session, place) for _ in range(10)]
    coupons = [coupon for seed in seeds for coupon in a_bundle(session, place, seed).coupons]
    for monday in MONDAYS:
        for number in range(6):
            come(session, place, coupons.pop(), monday + timedelta(minutes=80 * number))
    for number in range(together):
        come(session, place, coupons.pop(), OPEN_DAY + timedelta(minutes=2 * number))
    return coupons


def come(session: Session, place: Place, coupon: PrintedCoupon, at: datetime) -> None:
    a_redemption(session, place, coupon, now=at)


def the_rush(session: Session, place: Place) -> LiveSignal:
    (found,) = signals_of(session, place.programme.id, now=OPEN_DAY).signals
    return found


def test_a_rush_at_a_desk_is_found_by_its_site_and_the_clock_there(session: Session) -> None:
    place = a_place(session)
    a_rhythm(session, place)

    found = the_rush(session, place)

    assert found.signal.kind == "burst"
    assert found.site == place.site
    # Noon in the world is three in the afternoon in Kyiv, after the clocks went on.
    assert str(found.signal.subject.start) == "2026-03-30 15:00:00"
    assert (found.signal.observed, found.signal.of) == (9, 9)
    assert not found.is_aside


def test_people_at_all_hours_are_no_pattern(session: Session) -> None:
    place = a_place(session)
    a_rhythm(session, place, together=0)

    assert signals_of(session, place.programme.id, now=OPEN_DAY).signals == ()


def test_what_was_explained_is_set_aside_with_its_note(session: Session) -> None:
    place = a_place(session)
    a_rhythm(session, place)
    set_aside(session, the_rush(session, place), note=" Open day ", by=place.lead, now=OPEN_DAY)

    found = the_rush(session, place)

    assert found.is_aside
    assert found.review is not None
    assert (found.review.note, found.review.by) == ("Open day", place.lead.staff_id)
    assert found.review.at == OPEN_DAY


def test_one_more_does_not_bring_it_back_and_clearly_more_does(session: Session) -> None:
    place = a_place(session)
    left = a_rhythm(session, place)
    key = the_rush(session, place).key
    set_aside(session, the_rush(session, place), note="Open day", by=place.lead, now=OPEN_DAY)

    come(session, place, left.pop(), OPEN_DAY + timedelta(minutes=19))
    assert the_rush(session, place).is_aside
    for minute in (20, 21):
        come(session, place, left.pop(), OPEN_DAY + timedelta(minutes=minute))

    assert not the_rush(session, place).is_aside
    assert the_rush(session, place).key == key


def test_what_was_set_aside_can_be_taken_up_again(session: Session) -> None:
    place = a_place(session)
    a_rhythm(session, place)
    set_aside(session, the_rush(session, place), note="Open day", by=place.lead, now=OPEN_DAY)
    take_up(session, the_rush(session, place), by=place.lead, now=OPEN_DAY)

    assert not the_rush(session, place).is_aside


def test_each_look_is_in_the_record_without_what_it_was_about(session: Session) -> None:
    place = a_place(session)
    a_rhythm(session, place)
    found = the_rush(session, place)
    set_aside(session, found, note="Open day", by=place.lead, now=OPEN_DAY)
    take_up(session, found, by=place.lead, now=OPEN_DAY)
    note_viewed(session, by=place.lead, now=OPEN_DAY)
    note_exported(session, by=place.lead, now=OPEN_DAY)

    written = [each for each in latest(session, place.programme.id) if "signal" in each.action]

    assert [each.action for each in reversed(written)] == [
        "signal.set_aside",
        "signal.taken_up",
        "signals.viewed",
        "signals.exported",
    ]
    assert {each.staff_id for each in written} == {place.lead.staff_id}
    assert not any(found.key in str(each) or "Open day" in str(each) for each in written)


def test_a_look_needs_a_note_and_a_lead(session: Session) -> None:
    place = a_place(session)
    a_rhythm(session, place)
    found = the_rush(session, place)

    with pytest.raises(ReasonNeeded):
        set_aside(session, found, note=" \n", by=place.lead, now=OPEN_DAY)
    for other in (place.intake, place.manager, place.finance):
        with pytest.raises(NotAllowed):
            set_aside(session, found, note="So", by=other, now=OPEN_DAY)
        with pytest.raises(NotAllowed):
            take_up(session, found, by=other, now=OPEN_DAY)
    assert the_rush(session, place).review is None


def test_nobody_sets_aside_what_is_about_their_own_work(session: Session) -> None:
    place = a_place(session)
    a_rhythm(session, place)
    mine = next(
        each for each in staff_of(session, place.programme.id) if each.id == place.lead.staff_id
    )
    found = replace(the_rush(session, place), staff=mine)

    with pytest.raises(OwnSignal):
        set_aside(session, found, note="So", by=place.lead, now=OPEN_DAY)


def test_a_programme_sees_only_its_own_patterns_and_looks(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    a_rhythm(session, place)
    a_rhythm(session, other)
    set_aside(session, the_rush(session, place), note="Open day", by=place.lead, now=OPEN_DAY)

    assert the_rush(session, place).is_aside
    assert not the_rush(session, other).is_aside
    assert the_rush(session, place).key != the_rush(session, other).key


def test_a_redemption_is_read_as_the_desk_wrote_it(session: Session) -> None:
    place = a_place(session)
    visit = a_finished_visit(session, place, correct=6)
    desks = load_desks(session, place.programme.id, now=LATER)

    r, tests, people = desks.records.redemptions, desks.records.tests, desks.records.people
    recruit, seed = (
        desks.people.index(each.hex) for each in (visit.participant_id, visit.recruiter_id)
    )
    assert r.at.astype(str).tolist() == ["2026-03-04T14:00"]
    assert (r.person.tolist(), r.holder.tolist()) == ([recruit], [seed])
    assert people.recruiter[[recruit, seed]].tolist() == [seed, -1]
    assert people.chain.tolist() == [0, 0]
    assert desks.staff[r.staff[0]].id == place.intake.staff_id
    assert [str(r.first_day[0]), str(r.last_day[0])] == ["2026-03-03", "2026-04-01"]
    assert not r.is_late[0]
    assert r.is_complete[0]
    assert r.eligible.tolist() == [1]
    assert r.from_stranger.tolist() == [-1]
    assert tests.score.tolist() == [6]
    assert desks.staff[tests.staff[0]].id == place.intake.staff_id


def test_another_site_a_late_card_and_an_early_hour_are_noticed(session: Session) -> None:
    place = a_place(session)
    elsewhere = place.at(a_site(session, place.programme.id, opening_hours={"wed": "15:00–18:00"}))
    coupon, other = a_bundle(session, place).coupons[:2]
    a_redemption(session, elsewhere, coupon)
    scan = a_scan(other, place, scanned_at=NOON + timedelta(days=34), late_reason="Was ill")
    redeem(session, scan, by=place.manager, now=NOON + timedelta(days=34))

    desks = load_desks(session, place.programme.id, now=NOON + timedelta(days=40))

    r = desks.records.redemptions
    assert (r.site != r.issued_at).tolist() == [True, False]
    assert r.is_late.tolist() == [False, True]
    # A Wednesday before three; a Sunday, on which the first site has no hours.
    assert r.is_outside_hours.tolist() == [True, True]
    assert r.is_complete.tolist() == [False, False]
    assert [desks.staff[each].id for each in r.staff] == [
        place.intake.staff_id,
        place.manager.staff_id,
    ]


def test_a_clock_that_was_wrong_does_not_decide_the_hour(session: Session) -> None:
    place = a_place(session)
    a_redemption(session, place, scanned_at=LATER + timedelta(hours=2))

    desks = load_desks(session, place.programme.id, now=LATER)

    assert desks.records.redemptions.at.astype(str).tolist() == ["2026-03-04T14:00"]


@pytest.mark.parametrize(
    ("relationship", "read"),
    [("stranger", 1), ("friend", 0), ("prefer_not_to_say", -1), (None, -1)],
)
def test_whether_the_giver_was_known_is_read_from_the_interview(
    session: Session, relationship: str | None, read: int
) -> None:
    place = a_place(session)
    visit = a_finished_visit(session, place)
    visits.interview(
        session,
        visit.participant_id,
        network_size=8,
        never_reached_before=True,
        answers={"relationship": relationship},
        by=place.intake,
        now=LATER,
    )

    desks = load_desks(session, place.programme.id, now=LATER)

    assert desks.records.redemptions.from_stranger.tolist() == [read]


def test_refusals_and_walk_ins_are_counted_by_who_was_at_the_desk(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place, uic="OLENA0785")
    scan = a_scan(a_bundle(session, place, seed).coupons[0], place, uic="OLENA0785")
    with pytest.raises(SelfRecruitment) as refused:
        redeem(session, scan, by=place.intake, now=LATER)
    record_refusal(session, scan, refused.value, by=place.intake, now=LATER)
    welcome_walk_in(session, site=place.site.code, uic=None, by=place.manager, now=LATER)

    records = load_desks(session, place.programme.id, now=LATER).records
    staff = [each.id for each in staff_of(session, place.programme.id)]

    assert records.refused_own.tolist() == [True]
    assert records.refused_by.tolist() == [staff.index(place.intake.staff_id)]
    assert records.walked_in_by.tolist() == [staff.index(place.manager.staff_id)]
    assert records.walked_in_at.tolist() == records.refused_at.tolist() == [0]


def test_people_with_one_code_who_were_told_apart_are_a_pair(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place, uic="OLENA0785")
    coupons = a_bundle(session, place, seed).coupons
    scan = a_scan(coupons[0], place, uic="OLENA 07/85", not_the_same=(seed,))
    recruit = redeem(session, scan, by=place.intake, now=LATER).participant_id
    a_redemption(session, place, coupons[1], uic="PETRO0181", id=uuid4())

    desks = load_desks(session, place.programme.id, now=LATER)

    pairs = [{desks.people[i] for i in pair} for pair in desks.records.people.same_code.tolist()]
    assert pairs == [{seed.hex, recruit.hex}]
    assert int(desks.records.people.has_code.sum()) == 3


def test_a_visit_that_is_under_way_today_counts_as_whole(session: Session) -> None:
    place = a_place(session)
    redemption = a_redemption(session, place)
    today = load_desks(session, place.programme.id, now=LATER)
    tomorrow = load_desks(session, place.programme.id, now=LATER + timedelta(days=1))

    assert today.records.redemptions.is_complete.tolist() == [True]
    assert tomorrow.records.redemptions.is_complete.tolist() == [False]
    go_through_visit(session, place, redemption.participant_id)
    done = load_desks(session, place.programme.id, now=LATER + timedelta(days=1))
    assert done.records.redemptions.is_complete.tolist() == [True]


def test_a_programme_without_anyone_has_no_patterns(session: Session) -> None:
    place = a_place(session)
    found = signals_of(session, place.programme.id, now=NOON)

    assert (found.signals, found.alone, found.redemptions, found.tests) == ((), (), 0, 0)
    assert load_desks(session, place.programme.id, now=NOON).records.people.chain.dtype == np.int64
