"""Uploads of several desks at the very same time: each scan has one answer, and one redemption stands."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.core.db import Database
from app.domain.arrivals.actions import Arrival
from app.domain.corrections.actions import take_back
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome, Scan
from app.domain.participants.models import Participant
from app.web.scanning import take_arrival
from tests.domain.test_taking_back import sound
from tests.factories import LATER, Place, a_bundle, a_place, a_scan

DESKS = 6


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


def scans_of_one_coupon(database: Database, place: Place) -> list[Scan]:
    with database.transaction() as session:
        coupon = a_bundle(session, place).coupons[0]
    return [a_scan(coupon, place, participant_id=uuid4()) for _ in range(DESKS)]


def test_of_many_desks_with_one_coupon_one_is_accepted_and_each_hears_one_answer(
    database: Database, place: Place
) -> None:
    scans = scans_of_one_coupon(database, place)
    uploads = [*scans, *scans, *scans]
    Random(1).shuffle(uploads)

    with ThreadPoolExecutor(len(uploads)) as desks:
        answers = list(desks.map(lambda scan: sent(database, place, scan), uploads))

    told: dict[UUID, set[Arrival]] = {}
    for scan, answer in zip(uploads, answers, strict=True):
        told.setdefault(scan.id, set()).add(answer)
    assert [len(each) for each in told.values()] == [1] * DESKS
    outcomes = sorted(answer.outcome for each in told.values() for answer in each)
    assert outcomes == ["accepted", *["conflict"] * (DESKS - 1)]
    with database.transaction() as session:
        people = session.scalars(select(Participant.id)).all()
        assert {scan.participant_id for scan in scans} < set(people)
        assert sound(session)


def test_a_scan_taken_back_while_others_arrive_leaves_one_that_stands(
    database: Database, place: Place
) -> None:
    first, *others = scans_of_one_coupon(database, place)
    sent(database, place, first)

    with ThreadPoolExecutor(DESKS) as desks:
        undone = desks.submit(undo, database, place, first)
        answers = list(desks.map(lambda scan: sent(database, place, scan), others))
        undone.result()

    assert {answer.outcome for answer in answers} <= {"accepted", "conflict"}
    with database.transaction() as session:
        rows = session.execute(select(Redemption.id, Redemption.outcome)).all()
        outcomes = {row.id: row.outcome for row in rows}
        assert outcomes.pop(first.id) is Outcome.TAKEN_BACK
        assert sorted(outcomes.values()).count(Outcome.ACCEPTED) == 1
        assert sound(session)


def sent(database: Database, place: Place, scan: Scan) -> Arrival:
    """As a desk does: what met a lock is sent again."""
    for _ in range(10):
        try:
            return take_arrival(database, scan, by=place.intake, now=LATER)
        except OperationalError:
            continue
    raise AssertionError("it was never taken in")


def undo(database: Database, place: Place, scan: Scan) -> None:
    now = LATER + timedelta(minutes=1)
    for _ in range(10):
        try:
            with database.transaction() as session:
                take_back(session, scan.id, reason=None, by=place.intake, now=now)
            return
        except OperationalError:
            continue
    raise AssertionError("it was never taken back")
