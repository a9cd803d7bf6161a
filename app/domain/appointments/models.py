from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.appointments.rules import AppointmentKind, AppointmentState, PartOfDay

STANDING = text("state = 'agreed'")


class Appointment(Base):
    """A day on which someone agreed to come again. At most one stands for a person at a time."""

    __tablename__ = "appointment"
    __table_args__ = (
        Index(
            "uq_appointment_standing",
            "participant_id",
            unique=True,
            sqlite_where=STANDING,
            postgresql_where=STANDING,
        ),
        Index("ix_appointment_day", "programme_id", "day"),
        Index("ix_appointment_site", "site_id", "day"),
        Index("ix_appointment_participant", "participant_id"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    kind: Mapped[AppointmentKind] = mapped_column(choice(AppointmentKind))
    day: Mapped[date]
    part_of_day: Mapped[PartOfDay] = mapped_column(choice(PartOfDay))
    state: Mapped[AppointmentState] = mapped_column(choice(AppointmentState))
    agreed_on: Mapped[date]
