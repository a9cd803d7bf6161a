from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.core.ids import uuid7
from app.domain.floats.rules import HandoverStep


class CashHandover(Base):
    """Cash that someone counted and gave to a colleague. Append-only; what became of it are its steps."""

    __tablename__ = "cash_handover"
    __table_args__ = (
        CheckConstraint("given_by <> received_by", name="two_people"),
        UniqueConstraint("id", "received_by", "given_by", name="uq_cash_handover_people"),
        Index("ix_cash_handover_site", "programme_id", "site_id", "given_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    count_id: Mapped[UUID] = mapped_column(ForeignKey("cash_count.id"), unique=True)
    received_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    given_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    given_at: Mapped[datetime]


class CashHandoverStep(Base):
    """A step of a handover by the person whose it is: at most one that says the cash differs, and one that ends it."""

    __tablename__ = "cash_handover_step"
    __table_args__ = (
        CheckConstraint("is_end = (step <> 'differs')", name="ends"),
        CheckConstraint(
            "(step IN ('differs', 'confirmed') AND done_by = received_by)"
            " OR (step IN ('withdrawn', 'recounted') AND done_by = given_by)"
            " OR (step = 'decided' AND done_by <> received_by AND done_by <> given_by"
            " AND reason IS NOT NULL)",
            name="right_person",
        ),
        ForeignKeyConstraint(
            ["handover_id", "received_by", "given_by"],
            ["cash_handover.id", "cash_handover.received_by", "cash_handover.given_by"],
            name="fk_cash_handover_step_people",
        ),
        UniqueConstraint("handover_id", "is_end", name="uq_cash_handover_step_once"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    handover_id: Mapped[UUID]
    step: Mapped[HandoverStep] = mapped_column(choice(HandoverStep))
    is_end: Mapped[bool]
    done_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    received_by: Mapped[UUID]
    given_by: Mapped[UUID]
    done_at: Mapped[datetime]
    counted_minor: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None]
    variance_entry: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
