"""The person who brings a coupon: told from others by a code, or served without a coupon."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.codes import new_code
from app.core.db import Database
from app.domain.coupons.errors import (
    DuplicateParticipant,
    UnknownCoupon,
)
from app.domain.intake.actions import redeem, welcome_walk_in
from app.domain.intake.rules import Outcome
from app.domain.participants.models import Participant
from app.domain.participants.queries import possible_duplicates, uic_digest
from app.domain.participants.rules import Came
from app.domain.stipends.models import LedgerEntry
from app.domain.visits.actions import screen
from app.web.scanning import take_scan
from tests.factories import (
    LATER,
    a_bundle,
    a_coupon,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
)


def test_two_people_with_one_code_whom_the_desk_told_apart_are_both_enrolled(
    session: Session,
) -> None:
    place = a_place(session)
    earlier = a_redemption(session, place, uic="IRY0190").participant_id
    scan = a_scan(a_coupon(session, place), place, uic="IRY-01-90", not_the_same=(earlier,))

    later = redeem(session, scan, by=place.intake, now=LATER).participant_id

    digest = uic_digest(session, place.programme.id, "Iry 0190")
    assert possible_duplicates(session, place.programme.id, digest, besides=later) == []
    assert possible_duplicates(session, place.programme.id, digest, besides=earlier) == []
    both = possible_duplicates(session, place.programme.id, digest)
    assert {match.participant_id for match in both} == {earlier, later}


def test_someone_told_apart_from_one_is_still_asked_about_another(session: Session) -> None:
    place = a_place(session)
    first = a_redemption(session, place, uic="IRY0190").participant_id
    a_redemption(session, place, uic="IRY0190", not_the_same=(first,))

    third = a_scan(a_coupon(session, place), place, uic="IRY0190", not_the_same=(first,))
    with pytest.raises(DuplicateParticipant):
        redeem(session, third, by=place.intake, now=LATER)


def test_a_recruiter_told_apart_from_her_recruit_is_not_self_recruitment(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place, uic="OLE0785")
    coupon = a_bundle(session, place, seed).coupons[0]

    scan = a_scan(coupon, place, uic="OLE0785", not_the_same=(seed,))

    assert redeem(session, scan, by=place.intake, now=LATER).outcome is Outcome.ACCEPTED


def test_the_same_code_in_another_programme_is_another_person(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    a_redemption(session, other, uic="IRY0190")

    assert a_redemption(session, place, uic="IRY0190").outcome is Outcome.ACCEPTED


def test_a_walk_in_is_served_without_a_coupon_and_earns_nobody_anything(session: Session) -> None:
    place = a_place(session)

    person = welcome_walk_in(
        session, site=place.site.code, uic="HAN0381", by=place.intake, now=LATER
    )

    row = session.get_one(Participant, person)
    assert (row.came, row.wave, row.sealed_origin) == (Came.WALK_IN, None, None)
    reasons = screen(
        session,
        person,
        sex=row.sex,
        age=40,
        adult_confirmed=True,
        injected_recently=True,
        by=place.intake,
        now=LATER,
    )
    assert reasons == []
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0


def test_a_walk_in_asked_for_twice_under_one_arrival_is_one_person(session: Session) -> None:
    place, arrival = a_place(session), uuid4()

    for _ in range(2):
        person = welcome_walk_in(
            session,
            site=place.site.code,
            uic="HAN0381",
            by=place.intake,
            now=LATER,
            arrival_id=arrival,
        )
        assert person == arrival
    assert session.scalar(select(func.count()).select_from(Participant)) == 1


def test_a_refused_coupon_does_not_stand_in_the_way_of_a_walk_in(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
    with pytest.raises(UnknownCoupon):
        take_scan(database, a_scan(new_code(), place), by=place.intake, now=LATER)

    with database.transaction() as session:
        assert welcome_walk_in(session, site=place.site.code, uic=None, by=place.intake, now=LATER)
