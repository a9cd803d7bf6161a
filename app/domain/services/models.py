from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.services.rules import Service, State


class ServiceRecord(Base):
    """Something a participant got on a day. No result of any test is kept here or anywhere."""

    __tablename__ = "service_record"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_service_record_participant", "participant_id"),
        Index("ix_service_record_reported", "programme_id", "service", "given_on"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    service: Mapped[Service] = mapped_column(choice(Service))
    state: Mapped[State] = mapped_column(choice(State))
    quantity: Mapped[int]
    given_on: Mapped[date]
    given_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
