from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.domain.alerts.rules import AlertKind


class StaffNumber(Base):
    """The telephone on which someone on the staff wants to be called to the pages. Hers to change and to remove."""

    __tablename__ = "staff_number"
    __table_args__ = (Index("ix_staff_number_programme", "programme_id"),)

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    sealed_msisdn: Mapped[bytes]
    language: Mapped[str]


class WantedAlert(Base):
    __tablename__ = "wanted_alert"

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_number.staff_id"), primary_key=True)
    kind: Mapped[AlertKind] = mapped_column(choice(AlertKind), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
