"""Days on which people agreed to come again: one at a time, kept by their coming, moved or taken back as they like."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from app.domain.appointments import actions, queries
from app.domain.appointments.errors import BadAppointmentDay, NoAppointment, NoInvitation
from app.domain.appointments.queries import AppointmentFacts, Expected
from app.domain.appointments.rules import AppointmentKind, AppointmentState, PartOfDay
from app.domain.corrections.actions import take_back
from app.domain.participants.errors import UnknownParticipant
from app.domain.participants.rules import Sex
from app.domain.programmes.errors import UnknownSite
from app.domain.visits import actions as visits
from tests.factories import LATER, NOON, Place, a_place, a_redemption, a_seed

TODAY = NOON.date()
SOON = TODAY + timedelta(days=14)


def agree(session: Session, place: Place, person: UUID, **given: Any) -> AppointmentFacts:
    defaults: dict[str, Any] = {
        "site_id": place.site.id,
        "kind": AppointmentKind.VISIT,
        "day": SOON,
        "by": place.intake,
        "now": NOON,
    }
    appointment_id = given.pop("id", uuid4())
    return actions.agree(session, appointment_id, person, **(defaults | given))


def noon_of(day: date) -> Any:
    return NOON + (day - TODAY)


def test_a_day_is_agreed_and_due_on_that_day_only(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    person = a_seed(session, place)
    agreed = agree(session, place, person, part_of_day=PartOfDay.MORNING)

    (due,) = queries.due(session, place.programme.id, SOON)
    assert (due.id, due.participant_id, due.part_of_day) == (agreed.id, person, PartOfDay.MORNING)
    assert queries.due(session, place.programme.id, SOON - timedelta(days=1)) == []
    assert queries.due(session, other.programme.id, SOON) == []
    assert queries.expected(session, place.site.id, SOON) == Expected(visits=1)


def test_another_day_takes_the_place_of_the_one_before(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    first = agree(session, place, person)
    later = SOON + timedelta(days=1)
    moved = agree(session, place, person, day=later)

    assert moved.id == first.id
    assert not queries.stands(session, first.id, SOON)
    assert queries.stands(session, first.id, later)
    assert len(queries.appointments_of(session, person)) == 1


def test_the_same_form_sent_again_changes_nothing_even_after_all_is_over(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    agreed = agree(session, place, person)
    assert agree(session, place, person, id=agreed.id) == agreed
    assert actions.cancel(session, person, by=place.intake, now=NOON)

    assert agree(session, place, person, id=agreed.id).state is AppointmentState.CANCELLED
    assert queries.standing(session, person) is None
    assert not actions.cancel(session, person, by=place.intake, now=NOON)


def test_a_form_is_for_one_person(session: Session) -> None:
    place = a_place(session)
    agreed = agree(session, place, a_seed(session, place))
    with pytest.raises(NoAppointment):
        agree(session, place, a_seed(session, place), id=agreed.id)


@pytest.mark.parametrize("day", [TODAY - timedelta(days=1), TODAY + timedelta(days=401)])
def test_a_day_is_neither_past_nor_years_ahead(session: Session, day: date) -> None:
    place = a_place(session)
    with pytest.raises(BadAppointmentDay):
        agree(session, place, a_seed(session, place), day=day)


def test_a_second_conversation_is_for_those_who_agreed_to_be_invited(session: Session) -> None:
    place = a_place(session)
    person = a_redemption(session, place).participant_id
    wanted = {"kind": AppointmentKind.FOLLOW_UP}
    with pytest.raises(NoInvitation):
        agree(session, place, person, **wanted)

    by: dict[str, Any] = {"by": place.intake, "now": LATER}
    woman: dict[str, Any] = {"sex": Sex.FEMALE, "age": 24}
    visits.screen(session, person, **woman, adult_confirmed=True, injected_recently=True, **by)
    agrees = {"participation": True, "follow_up": True}
    visits.ask_consent(session, person, agrees, **by)

    assert agree(session, place, person, **wanted).kind is AppointmentKind.FOLLOW_UP
    assert queries.expected(session, place.site.id, SOON) == Expected(follow_ups=1)


def test_coming_keeps_what_was_agreed_today_or_not_long_ago(session: Session) -> None:
    place = a_place(session)
    came = {0: True, 7: True, -1: False, 8: False}
    for days, kept in came.items():
        person = a_seed(session, place)
        agree(session, place, person)
        now = noon_of(SOON + timedelta(days=days))
        assert actions.note_came(session, person, by=place.intake, now=now) is kept, days
        (only,) = queries.appointments_of(session, person)
        assert only.state is (AppointmentState.KEPT if kept else AppointmentState.AGREED)


def test_what_is_agreed_for_later_today_is_not_kept_by_being_here_now(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    agree(session, place, person, day=TODAY)

    assert not actions.note_came(session, person, by=place.intake, now=NOON)
    assert actions.keep(session, person, by=place.intake, now=NOON)
    assert queries.expected(session, place.site.id, TODAY) == Expected()


def test_a_missed_day_stays_written_down_when_another_is_agreed(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    first = agree(session, place, person)
    after = noon_of(SOON + timedelta(days=3))
    second = agree(session, place, person, day=SOON + timedelta(days=9), now=after)

    assert second.id != first.id
    states = {each.id: each.state for each in queries.appointments_of(session, person)}
    assert states == {first.id: AppointmentState.MISSED, second.id: AppointmentState.AGREED}


def test_nobody_of_another_programme_is_agreed_with(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    with pytest.raises(UnknownParticipant):
        agree(session, place, a_seed(session, other))
    with pytest.raises(UnknownSite):
        agree(session, place, a_seed(session, place), site_id=other.site.id)


def test_whoever_was_never_here_is_not_expected(session: Session) -> None:
    place = a_place(session)
    redeemed = a_redemption(session, place)
    person = redeemed.participant_id
    agree(session, place, person, now=LATER)

    take_back(session, redeemed.id, reason=None, by=place.intake, now=LATER)

    assert queries.due(session, place.programme.id, SOON) == []
    with pytest.raises(UnknownParticipant):
        agree(session, place, person)
