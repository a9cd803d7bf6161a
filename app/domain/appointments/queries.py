from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.appointments.models import Appointment
from app.domain.appointments.rules import AppointmentKind, AppointmentState, PartOfDay


@dataclass(frozen=True)
class AppointmentFacts:
    id: UUID
    participant_id: UUID
    site_id: UUID
    kind: AppointmentKind
    day: date
    part_of_day: PartOfDay
    state: AppointmentState
    agreed_on: date


@dataclass(frozen=True)
class Expected:
    """How many have agreed to come on a day, by what for."""

    visits: int = 0
    follow_ups: int = 0

    @property
    def together(self) -> int:
        return self.visits + self.follow_ups


def due(session: Session, programme_id: UUID, on: date) -> list[AppointmentFacts]:
    """The appointments of a day that stand, at every site of a programme."""
    rows = session.scalars(
        select(Appointment)
        .where(
            Appointment.programme_id == programme_id,
            Appointment.day == on,
            Appointment.state == AppointmentState.AGREED,
        )
        .order_by(Appointment.id)
    )
    return [facts(row) for row in rows]


def stands(session: Session, appointment_id: UUID, day: date) -> bool:
    """Whether an appointment still is for that day, and was neither kept nor cancelled."""
    found = select(Appointment.id).where(
        Appointment.id == appointment_id,
        Appointment.day == day,
        Appointment.state == AppointmentState.AGREED,
    )
    return session.scalar(found) is not None


def standing(session: Session, participant_id: UUID) -> AppointmentFacts | None:
    """The one that someone has, though its day may be past."""
    row = standing_row(session, participant_id)
    return facts(row) if row else None


def appointments_of(session: Session, participant_id: UUID) -> list[AppointmentFacts]:
    """All that someone agreed to, the latest day first."""
    rows = session.scalars(
        select(Appointment)
        .where(Appointment.participant_id == participant_id)
        .order_by(Appointment.day.desc(), Appointment.id)
        .execution_options(populate_existing=True)
    )
    return [facts(row) for row in rows]


def expected(session: Session, site_id: UUID, day: date) -> Expected:
    """How many are still to come to a site on a day."""
    counted = (
        select(Appointment.kind, func.count())
        .where(
            Appointment.site_id == site_id,
            Appointment.day == day,
            Appointment.state == AppointmentState.AGREED,
        )
        .group_by(Appointment.kind)
    )
    found = {row[0]: row[1] for row in session.execute(counted)}
    return Expected(found.get(AppointmentKind.VISIT, 0), found.get(AppointmentKind.FOLLOW_UP, 0))


def expected_at_sites(session: Session, programme_id: UUID, day: date) -> dict[UUID, int]:
    """How many are still to come on a day, whatever for, at each site where anyone is."""
    counted = (
        select(Appointment.site_id, func.count())
        .where(
            Appointment.programme_id == programme_id,
            Appointment.day == day,
            Appointment.state == AppointmentState.AGREED,
        )
        .group_by(Appointment.site_id)
    )
    return {row[0]: row[1] for row in session.execute(counted)}


def standing_row(session: Session, participant_id: UUID) -> Appointment | None:
    return session.scalar(
        select(Appointment)
        .where(
            Appointment.participant_id == participant_id,
            Appointment.state == AppointmentState.AGREED,
        )
        .execution_options(populate_existing=True)
    )


def facts(row: Appointment) -> AppointmentFacts:
    return AppointmentFacts(
        row.id,
        row.participant_id,
        row.site_id,
        row.kind,
        row.day,
        row.part_of_day,
        row.state,
        row.agreed_on,
    )
