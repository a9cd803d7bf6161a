"""Whoever came while a desk had no network is kept, whatever the server thinks of her coupon or her code."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.codes import new_code
from app.core.db import Database
from app.domain.arrivals.actions import Arrival, arrive
from app.domain.audit.errors import ReasonNeeded
from app.domain.conflicts.actions import decide_conflict, decide_duplicate
from app.domain.conflicts.errors import ConflictDecided, UnknownConflict
from app.domain.conflicts.queries import decided_alike, open_alike, open_conflicts, waiting
from app.domain.conflicts.rules import Decision
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.errors import ScanIdReused
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.rules import Flag, Outcome, Scan
from app.domain.participants.models import Participant
from app.domain.participants.queries import possible_duplicates
from app.domain.participants.rules import Came, Likeness, SamePerson, Standing
from app.domain.programmes.errors import UnknownSite
from app.domain.stipends.queries import held_for, owed_to
from app.domain.visits import actions as visits
from app.domain.visits.errors import WaitsForDecision
from app.web.scanning import take_arrival
from tests.domain.test_taking_back import sound
from tests.factories import (
    LATER,
    Place,
    a_bundle,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
    an_actor,
    go_through_visit,
)

UIC = "OLENA0785"


def sent(session: Session, place: Place, scan: Scan, **given: Any) -> Arrival:
    usual: dict[str, Any] = {"by": place.intake, "now": LATER}
    return arrive(session, scan, **usual | given)


def owed(session: Session, person: UUID) -> int:
    return sum(accrual.amount.minor for accrual in owed_to(session, person))


def test_an_arrival_makes_the_person_the_device_has_named(session: Session) -> None:
    place, person = a_place(session), uuid4()
    coupon = a_bundle(session, place).coupons[0]
    scan = a_scan(coupon, place, participant_id=person)

    arrivals = [sent(session, place, scan) for _ in range(2)]

    assert arrivals == [Arrival("accepted", None, person, ())] * 2
    assert session.get_one(Participant, person).came is Came.RECRUIT
    assert sound(session)


REFUSALS: dict[str, dict[str, Any]] = {
    "unknown_coupon": {},
    "expired": {"scanned_at": LATER + timedelta(days=40)},
    "not_yet_active": {"scanned_at": LATER - timedelta(days=2)},
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_coupon_that_must_be_refused_leaves_a_walk_in_and_the_same_answer(
    session: Session, code: str
) -> None:
    place, person = a_place(session), uuid4()
    coupon = a_bundle(session, place).coupons[0]
    read = new_code() if code == "unknown_coupon" else coupon
    scan = a_scan(read, place, participant_id=person, **REFUSALS[code])

    arrivals = [
        sent(session, place, scan, now=LATER + timedelta(days=days)) for days in (40, 41, 90)
    ]

    (arrival,) = set(arrivals)
    assert (arrival.outcome, arrival.code, arrival.participant_id) == ("refused", code, person)
    row = session.get_one(Participant, person)
    assert (row.came, row.standing) == (Came.WALK_IN, Standing.ARRIVED)
    assert session.get_one(RefusedScan, scan.id).code == code
    assert session.scalar(select(func.count()).select_from(Participant)) == 2
    assert sound(session)


def test_a_refused_scan_that_names_nobody_keeps_nobody(session: Session) -> None:
    place = a_place(session)
    arrival = sent(session, place, a_scan(new_code(), place))

    assert arrival == Arrival("refused", "unknown_coupon", None, ())
    assert session.scalar(select(func.count()).select_from(Participant)) == 0


@pytest.mark.parametrize("named", [True, False])
def test_whoever_came_without_a_coupon_is_kept_once(session: Session, named: bool) -> None:
    place = a_place(session)
    scan = Scan(
        uuid4(), None, place.site.code, "tablet", LATER, participant_id=uuid4() if named else None
    )

    arrivals = {sent(session, place, scan) for _ in range(3)}

    (arrival,) = arrivals
    assert (arrival.outcome, arrival.code) == ("accepted", None)
    assert session.scalars(select(Participant.id)).all() == [arrival.participant_id]


def test_a_coupon_spent_elsewhere_is_a_conflict_and_stays_one_for_the_desk_whatever_is_decided(
    session: Session,
) -> None:
    place, person = a_place(session), uuid4()
    coupon = a_bundle(session, place).coupons[0]
    a_redemption(session, place, coupon)
    scan = a_scan(coupon, place, participant_id=person)

    before = sent(session, place, scan)
    decide_conflict(
        session, scan.id, Decision.SECOND_STANDS, reason="So", by=place.manager, now=LATER
    )
    after = sent(session, place, scan)

    assert before == after == Arrival("conflict", None, person, ())
    assert session.get_one(Redemption, scan.id).outcome is Outcome.ACCEPTED
    assert sound(session)


def test_a_person_who_is_here_already_is_not_made_twice(session: Session) -> None:
    place, person = a_place(session), uuid4()
    coupons = a_bundle(session, place).coupons
    sent(session, place, a_scan(coupons[0], place, participant_id=person))
    again = a_scan(coupons[1], place, participant_id=person)

    arrivals = [sent(session, place, again) for _ in range(2)]

    assert arrivals == [Arrival("refused", "person_already_here", person, ())] * 2
    assert session.get_one(Coupon, coupons[1].id).status is CouponStatus.ISSUED


def test_the_same_id_with_another_coupon_is_another_scan(session: Session) -> None:
    place = a_place(session)
    one, other = a_bundle(session, place).coupons[:2]
    scan = a_scan(one, place)
    sent(session, place, scan)

    with pytest.raises(ScanIdReused):
        sent(session, place, a_scan(other, place, id=scan.id))
    with pytest.raises(UnknownSite):
        sent(session, place, a_scan(other, place, site="NOWHERE"))


def test_a_late_reason_counts_only_from_whoever_may_give_one(session: Session) -> None:
    place = a_place(session)
    coupons = a_bundle(session, place).coupons
    late: dict[str, Any] = {"scanned_at": LATER + timedelta(days=31), "late_reason": "A flood"}
    now = LATER + timedelta(days=32)

    desk = sent(session, place, a_scan(coupons[0], place, **late), now=now)
    manager = sent(session, place, a_scan(coupons[1], place, **late), now=now, by=place.manager)

    assert (desk.outcome, desk.code) == ("refused", "expired")
    assert (manager.outcome, manager.flags) == ("accepted", ("accepted_late",))


def test_a_corrected_time_is_believed_and_flagged(session: Session) -> None:
    place = a_place(session)
    coupon = a_bundle(session, place).coupons[0]
    scan = a_scan(coupon, place, flags=(Flag.CLOCK_BEHIND,), scanned_at=LATER)

    arrival = sent(session, place, scan, now=LATER + timedelta(hours=3))

    assert arrival.flags == ("clock_behind", "clock_corrected")
    again = sent(session, place, a_scan(coupon, place), now=LATER + timedelta(hours=4))
    assert again.outcome == "conflict"


def test_a_code_nobody_can_read_does_not_lose_the_person(session: Session) -> None:
    place = a_place(session)
    coupon = a_bundle(session, place).coupons[0]
    arrival = sent(session, place, a_scan(coupon, place, uic="--"))

    assert (arrival.outcome, arrival.flags) == ("accepted", ("unreadable_uic",))


def test_a_code_that_came_before_is_flagged_and_nothing_is_owed_until_someone_decides(
    session: Session,
) -> None:
    place, recruiter, newcomer = someone_alike(session)
    go_through_visit(session, place, newcomer)
    visits.train(session, newcomer, by=place.intake, now=LATER)

    assert (owed(session, recruiter), owed(session, newcomer)) == (0, 0)
    assert held_for(session, recruiter) == 250
    with pytest.raises(WaitsForDecision):
        visits.give_bundle(session, newcomer, by=place.intake, now=LATER)
    (question,) = open_alike(session, place.programme.id)
    assert question.likeness is Likeness.POSSIBLE_DUPLICATE
    assert question.newcomer.person == newcomer
    assert [each.username for each in question.earlier] == [place.intake.username]
    assert waiting(session, place.programme.id) == 1
    assert sound(session)


def test_who_is_not_the_same_is_told_apart_and_everything_becomes_owed(session: Session) -> None:
    place, recruiter, newcomer = someone_alike(session)
    go_through_visit(session, place, newcomer)
    visits.train(session, newcomer, by=place.intake, now=LATER)

    decide(session, place, newcomer, SamePerson.NOT_THE_SAME)

    assert (owed(session, recruiter), owed(session, newcomer)) == (590, 750)
    row = session.get_one(Participant, newcomer)
    assert row.standing is Standing.ENROLLED
    assert row.uic_digest is not None
    assert not possible_duplicates(session, place.programme.id, row.uic_digest, besides=newcomer)
    assert visits.give_bundle(session, newcomer, by=place.intake, now=LATER).coupons
    assert open_alike(session, place.programme.id) == []
    (decided,) = decided_alike(session, place.programme.id)
    assert (decided.decision, decided.reason) == (SamePerson.NOT_THE_SAME, "We asked her")
    assert sound(session)


def test_the_same_person_counts_once_and_earns_nobody_anything(session: Session) -> None:
    place, recruiter, newcomer = someone_alike(session)
    go_through_visit(session, place, newcomer)

    decide(session, place, newcomer, SamePerson.SAME)

    assert session.get_one(Participant, newcomer).standing is Standing.DUPLICATE
    assert (owed(session, recruiter), held_for(session, recruiter)) == (0, 0)
    assert owed(session, newcomer) == 0
    visits.settle(
        session, session.get_one(Participant, newcomer), by=place.intake, now=LATER
    )  # whatever comes later
    assert owed(session, recruiter) == 0
    assert sound(session)


def test_the_card_of_her_own_is_a_question_of_its_own_kind(session: Session) -> None:
    place = a_place(session)
    recruiter = a_seed(session, place, uic=UIC)
    coupon = a_bundle(session, place, recruiter).coupons[0]

    arrival = sent(session, place, a_scan(coupon, place, uic=UIC))

    assert (arrival.outcome, arrival.flags) == ("accepted", ("possible_self_recruitment",))
    (question,) = open_alike(session, place.programme.id)
    assert question.likeness is Likeness.POSSIBLE_SELF_RECRUITMENT


def test_whom_the_desk_has_told_apart_is_no_question(session: Session) -> None:
    place = a_place(session)
    coupons = a_bundle(session, place).coupons
    first = a_redemption(session, place, coupons[0], uic=UIC)
    scan = a_scan(coupons[1], place, uic=UIC, not_the_same=(first.participant_id,))

    assert sent(session, place, scan).flags == ()
    assert open_alike(session, place.programme.id) == []


def test_a_walk_in_whose_code_came_before_is_a_question_too(session: Session) -> None:
    place, person = a_place(session), uuid4()
    a_redemption(session, place, uic=UIC)
    scan = Scan(uuid4(), None, place.site.code, "tablet", LATER, uic=UIC, participant_id=person)

    arrivals = [sent(session, place, scan) for _ in range(2)]
    decide(session, place, person, SamePerson.SAME)

    assert arrivals == [Arrival("accepted", None, person, ("possible_duplicate",))] * 2
    assert session.get_one(Participant, person).standing is Standing.DUPLICATE
    assert sound(session)


def test_a_conflict_of_someone_who_came_before_ends_with_that_answer(session: Session) -> None:
    place, person = a_place(session), uuid4()
    coupons = a_bundle(session, place).coupons
    a_redemption(session, place, coupons[0], uic=UIC)
    a_redemption(session, place, coupons[1])
    arrival = sent(session, place, a_scan(coupons[1], place, uic=UIC, participant_id=person))
    assert (arrival.outcome, arrival.flags) == ("conflict", ("possible_duplicate",))
    assert waiting(session, place.programme.id) == 2

    decide(session, place, person, SamePerson.SAME)

    assert open_conflicts(session, place.programme.id) == []
    assert sound(session)


def test_a_question_is_decided_once_with_a_reason_by_someone_of_the_programme(
    session: Session,
) -> None:
    place, _, newcomer = someone_alike(session)
    stranger = a_place(session).manager

    with pytest.raises(ReasonNeeded):
        decide(session, place, newcomer, SamePerson.SAME, reason=" ")
    for who, by in ((newcomer, stranger), (uuid4(), place.manager)):
        with pytest.raises(UnknownConflict):
            decide(session, place, who, SamePerson.SAME, by=by)
    decide(session, place, newcomer, SamePerson.NOT_THE_SAME)
    with pytest.raises(ConflictDecided):
        decide(session, place, newcomer, SamePerson.SAME)


def test_the_door_keeps_the_refusal_and_the_person_together(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        desk = an_actor(session, programme_id=place.programme.id)
    scan = a_scan(new_code(), place, participant_id=uuid4())

    answers = {take_arrival(database, scan, by=desk, now=LATER) for _ in range(2)}

    assert answers == {Arrival("refused", "unknown_coupon", scan.participant_id, ())}
    with database.snapshot() as session:
        assert session.scalars(select(Participant.id)).all() == [scan.participant_id]
        assert session.scalars(select(RefusedScan.id)).all() == [scan.id]


def someone_alike(session: Session) -> tuple[Place, UUID, UUID]:
    """A place, a recruiter, and her recruit who came offline under the code of someone who came before."""
    place, person = a_place(session), uuid4()
    a_redemption(session, place, uic=UIC)
    recruiter = a_seed(session, place)
    coupon = a_bundle(session, place, recruiter).coupons[0]
    arrival = sent(session, place, a_scan(coupon, place, uic=UIC, participant_id=person))
    assert (arrival.outcome, arrival.flags) == ("accepted", ("possible_duplicate",))
    return place, recruiter, person


def decide(
    session: Session, place: Place, person: UUID, decision: SamePerson, **given: Any
) -> None:
    usual: dict[str, Any] = {"reason": "We asked her", "by": place.manager, "now": LATER}
    decide_duplicate(session, person, decision, **usual | given)
