from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.ids import random_id
from app.domain.appointments import queries, rules
from app.domain.appointments.errors import NoAppointment, NoInvitation
from app.domain.appointments.models import Appointment
from app.domain.appointments.queries import AppointmentFacts
from app.domain.appointments.rules import AppointmentKind, AppointmentState, PartOfDay
from app.domain.participants import queries as participants
from app.domain.participants.errors import UnknownParticipant
from app.domain.participants.rules import NOBODY
from app.domain.programmes import queries as programmes
from app.domain.programmes.errors import UnknownSite
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor


def agree(
    session: Session,
    appointment_id: UUID,
    participant_id: UUID,
    *,
    site_id: UUID,
    kind: AppointmentKind,
    day: date,
    part_of_day: PartOfDay = PartOfDay.ANY,
    by: Actor,
    now: datetime,
) -> AppointmentFacts:
    """Agree with someone on a day to come again, or on another day than before.

    ``appointment_id`` is made by the form: sent again after all is over, it changes nothing.

    Raises:
        UnknownParticipant, UnknownSite, BadAppointmentDay.
        NoInvitation: to a second conversation that she did not agree to be invited to.
    """
    person = participants.lock(session, participant_id, programme_id=by.programme_id)
    if person.standing in NOBODY:
        raise UnknownParticipant
    site = programmes.site(session, site_id)
    if site.programme_id != by.programme_id:
        raise UnknownSite
    earlier = session.get(Appointment, appointment_id, populate_existing=True)
    if earlier is not None and earlier.participant_id != participant_id:
        raise NoAppointment
    if earlier is not None and earlier.state is not AppointmentState.AGREED:
        return queries.facts(earlier)
    today = local_date(now, site.timezone)
    rules.check_day(day, today=today)
    if kind is AppointmentKind.FOLLOW_UP:
        _check_invited(session, participant_id)
    row = queries.standing_row(session, participant_id)
    if row is not None and rules.is_missed(row.state, row.day, today=today):
        row.state = AppointmentState.MISSED
        session.flush()
        row = None
    agreed = (site_id, kind, day, part_of_day)
    if row is None:
        row = Appointment(
            id=random_id() if earlier else appointment_id,
            programme_id=by.programme_id,
            participant_id=participant_id,
            state=AppointmentState.AGREED,
            agreed_on=today,
        )
        session.add(row)
    elif (row.site_id, row.kind, row.day, row.part_of_day) == agreed:
        return queries.facts(row)
    row.site_id, row.kind, row.day, row.part_of_day = agreed
    row.agreed_on = today
    session.flush()
    record_act(session, "appointment.agreed", participant_id, by, now, kind=kind.value)
    return queries.facts(row)


def cancel(session: Session, participant_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Take back what someone agreed to; tells whether there was anything.

    Raises: UnknownParticipant.
    """
    participants.lock(session, participant_id, programme_id=by.programme_id)
    return _end(session, participant_id, AppointmentState.CANCELLED, by, now)


def keep(session: Session, participant_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Note that someone has come as she agreed to, whatever day it is; tells whether there was anything.

    Raises: UnknownParticipant.
    """
    participants.lock(session, participant_id, programme_id=by.programme_id)
    return _end(session, participant_id, AppointmentState.KEPT, by, now)


def note_came(session: Session, participant_id: UUID, *, by: Actor, now: datetime) -> bool:
    """The same for someone who is seen at the desk for anything.

    Only a day that is today or not long past is kept by it, and none that was agreed on today.
    """
    row = queries.standing_row(session, participant_id)
    if row is None or row.programme_id != by.programme_id:
        return False
    today = local_date(now, programmes.site(session, row.site_id).timezone)
    if row.agreed_on == today or not rules.is_kept_by_coming(row.day, today=today):
        return False
    return keep(session, participant_id, by=by, now=now)


def _end(
    session: Session, participant_id: UUID, state: AppointmentState, by: Actor, now: datetime
) -> bool:
    row = queries.standing_row(session, participant_id)
    if row is None:
        return False
    row.state = state
    session.flush()
    record_act(session, f"appointment.{state.value}", participant_id, by, now)
    return True


def _check_invited(session: Session, participant_id: UUID) -> None:
    if not participants.consents(session, participant_id).get("follow_up"):
        raise NoInvitation
