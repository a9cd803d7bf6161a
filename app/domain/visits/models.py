from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base


class EligibilityScreening(Base):
    """Whether someone belongs to those the programme is for, and why not."""

    __tablename__ = "eligibility_screening"
    __table_args__ = (UNORDERED,)

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    eligible: Mapped[bool]
    reasons: Mapped[list[str]]
    screened_on: Mapped[date]
    screened_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))


class KnowledgeTest(Base):
    """How well her recruiter taught her. Scored once, then locked by a trigger."""

    __tablename__ = "knowledge_test"
    __table_args__ = (UNORDERED,)

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    version: Mapped[str]
    answers: Mapped[dict[str, Any]]
    correct: Mapped[int]
    items: Mapped[int]
    taken_on: Mapped[date]
    taken_with: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))


class BaselineInterview(Base):
    """What a participant told at her first visit."""

    __tablename__ = "baseline_interview"
    __table_args__ = (UNORDERED,)

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    answers: Mapped[dict[str, Any]]
    held_on: Mapped[date]
    held_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
