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
from app.domain.shortages.rules import Discrepancy


class CashWriteOff(Base):
    """Someone asks for money that is missing at a site to be given up. Append-only.

    ``amount_minor`` is what is missing; less than nothing is money too much, which is written off to the other side.
    """

    __tablename__ = "cash_write_off"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="some_amount"),
        UniqueConstraint("id", "requested_by", name="uq_cash_write_off_person"),
        Index("ix_cash_write_off_programme", "programme_id", "requested_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    account: Mapped[Discrepancy] = mapped_column(choice(Discrepancy))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason: Mapped[str]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    requested_at: Mapped[datetime]


class CashWriteOffDecision(Base):
    """What another person decided about it. Append-only."""

    __tablename__ = "cash_write_off_decision"
    __table_args__ = (
        CheckConstraint("decided_by <> requested_by", name="two_people"),
        CheckConstraint("NOT is_approved OR entry_id IS NOT NULL", name="approved_is_booked"),
        ForeignKeyConstraint(
            ["write_off_id", "requested_by"],
            ["cash_write_off.id", "cash_write_off.requested_by"],
            name="fk_cash_write_off_decision_request",
        ),
    )

    write_off_id: Mapped[UUID] = mapped_column(primary_key=True)
    requested_by: Mapped[UUID]
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]
    is_approved: Mapped[bool]
    note: Mapped[str | None]
    entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
