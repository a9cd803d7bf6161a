"""What came by telephone, days that were agreed on, and numbers of staff."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.alerts.models import StaffNumber
from app.domain.announcements.models import Announcement
from app.domain.appointments.models import Appointment
from app.domain.appointments.rules import AppointmentState
from app.domain.feedback.models import Feedback
from app.domain.participants.models import Participant
from app.domain.participants.rules import Standing
from app.domain.programmes.models import Site
from app.domain.staff.models import StaffMember


def feedback(session: Session) -> Iterator[str]:
    """Nothing is answered before it was said, nor read before it was answered."""
    early = select(Feedback.id).where(
        (Feedback.handled_on < Feedback.said_on) | (Feedback.first_read_on < Feedback.handled_on)
    )
    for each in session.scalars(early):
        yield f"feedback {each}: its days are in no order"


def announcements(session: Session) -> Iterator[str]:
    """Each is for a site of its programme."""
    stray = (
        select(Announcement.day, func.count())
        .join(Site, Site.id == Announcement.site_id)
        .where(Site.programme_id != Announcement.programme_id)
        .group_by(Announcement.day)
    )
    for day, visits in session.execute(stray):
        yield f"announcements for {day}: {visits} are for another programme's site"


def appointments(session: Session) -> Iterator[str]:
    """Each is with someone of its programme at one of its sites, and nobody who never was here is expected."""
    rows = session.execute(
        select(
            Appointment.id,
            Appointment.state,
            Appointment.day,
            Appointment.agreed_on,
            Appointment.programme_id,
            Participant.programme_id,
            Participant.standing,
            Site.programme_id,
        )
        .join(Participant, Participant.id == Appointment.participant_id)
        .join(Site, Site.id == Appointment.site_id)
    )
    for each, state, day, agreed_on, own, hers, standing, of_site in rows:
        if not own == hers == of_site:
            yield f"appointment {each}: it is not of one programme"
        if day < agreed_on:
            yield f"appointment {each}: it was agreed for a day that was past"
        if state is AppointmentState.AGREED and standing is Standing.MISTAKEN:
            yield f"appointment {each}: it is with someone who never was here"


def staff_numbers(session: Session) -> Iterator[str]:
    """Nobody who has left has a number."""
    left = (
        select(StaffNumber.staff_id)
        .join(StaffMember, StaffMember.id == StaffNumber.staff_id)
        .where(
            StaffMember.left_at.is_not(None)
            | (StaffMember.programme_id != StaffNumber.programme_id)
        )
    )
    for each in session.scalars(left):
        yield f"staff member {each}: a number is kept of someone who is not there"
