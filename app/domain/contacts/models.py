from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.stipends.rules import Method


class ParticipantContact(Base):
    """How a participant wants to be paid, and whether she may be reminded. Removed whenever she likes."""

    __tablename__ = "participant_contact"
    __table_args__ = (Index("ix_participant_contact_programme", "programme_id"), UNORDERED)

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    method: Mapped[Method] = mapped_column(choice(Method))
    sealed_msisdn: Mapped[bytes | None]
    may_remind: Mapped[bool]
    language: Mapped[str]
    kept_on: Mapped[date]


class ContactNumber(Base):
    """Where a telephone number is found again. Whose it is, is sealed: two people with one number would be joined."""

    __tablename__ = "contact_number"
    __table_args__ = (Index("ix_contact_number_digest", "programme_id", "number_digest"), UNORDERED)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    number_digest: Mapped[bytes]
    sealed_participant: Mapped[bytes]
