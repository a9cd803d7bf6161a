from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.core.ids import uuid7
from app.domain.programmes.rules import ProposalState


class Programme(Base):
    """An intervention with one currency and one set of rules at a time."""

    __tablename__ = "programme"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    currency: Mapped[str]
    languages: Mapped[list[str]]
    target: Mapped[int | None]
    women_mark: Mapped[int]
    coupon_design: Mapped[str]
    coupon_url: Mapped[str | None]
    created_at: Mapped[datetime]


class ProtocolVersion(Base):
    """A set of rules, never edited: a change is a new version, and everything keeps the one it was made under."""

    __tablename__ = "protocol_version"
    __table_args__ = (UniqueConstraint("programme_id", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    version: Mapped[int]
    rules: Mapped[dict[str, Any]]
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]


class ProtocolProposal(Base):
    """Other rules for what is paid and how, which someone else than whoever proposed them has to approve.

    ``rules`` holds those parts only, so that a change of other rules meanwhile does not stand in the way. A row is
    decided once and never changed otherwise; ``committee`` are the words of the community's committee.
    """

    __tablename__ = "protocol_proposal"
    __table_args__ = (
        CheckConstraint(
            "(decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)",
            name="decided_whole",
        ),
        CheckConstraint(
            "decision IS NULL OR (decision = 'withdrawn') = (decided_by = proposed_by)",
            name="decided_by_another",
        ),
        CheckConstraint(
            "adopted_id IS NULL OR decision = 'approved'", name="adopted_when_approved"
        ),
        Index("ix_protocol_proposal_programme", "programme_id", "proposed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    based_on: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    rules: Mapped[dict[str, Any]]
    note: Mapped[str]
    committee: Mapped[str | None]
    committee_on: Mapped[date | None]
    # The type is said here because the staff's table may not be known yet.
    proposed_by: Mapped[UUID] = mapped_column(Uuid, ForeignKey("staff_member.id"))
    proposed_at: Mapped[datetime]
    decision: Mapped[ProposalState | None] = mapped_column(choice(ProposalState, "decision"))
    decided_by: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    adopted_id: Mapped[UUID | None] = mapped_column(ForeignKey("protocol_version.id"))


class Site(Base):
    """Where people come: a neutral name, an address, hours, a clock of its own."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("programme_id", "code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    code: Mapped[str]
    name: Mapped[dict[str, Any]]
    address: Mapped[dict[str, Any]]
    phone: Mapped[str]
    timezone: Mapped[str]
    opening_hours: Mapped[dict[str, Any]]
    women_only_hours: Mapped[dict[str, Any]]
    activation_delay_days: Mapped[int | None]
    validity_days: Mapped[int | None]
    target: Mapped[int | None]
    created_at: Mapped[datetime]
