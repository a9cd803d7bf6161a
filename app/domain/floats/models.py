from datetime import date, datetime
from typing import Any
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
from app.domain.floats.rules import CountKind, Discrepancy, HandoverStep


class CashCount(Base):
    """A drawer that was counted: what should have been in it at that moment, and what was. Append-only.

    ``pieces`` are coins and notes: worth in minor units, as text, → how many. What differs stands in the ledger under
    ``variance_entry``. ``is_blind`` says that whoever counted had not been shown what the books say.
    """

    __tablename__ = "cash_count"
    __table_args__ = (
        CheckConstraint("counted_minor >= 0", name="not_below_nothing"),
        CheckConstraint(
            "counted_minor = expected_minor OR (reason IS NOT NULL AND variance_entry IS NOT NULL)",
            name="variance_explained",
        ),
        Index("ix_cash_count_site", "programme_id", "site_id", "counted_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    kind: Mapped[CountKind] = mapped_column(choice(CountKind))
    counted_on: Mapped[date]
    counted_at: Mapped[datetime]
    counted_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    currency: Mapped[str]
    pieces: Mapped[dict[str, Any]]
    expected_minor: Mapped[int] = mapped_column(BigInteger)
    counted_minor: Mapped[int] = mapped_column(BigInteger)
    is_blind: Mapped[bool]
    reason: Mapped[str | None]
    variance_entry: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)


class CashCountTry(Base):
    """A count that did not fit the books and was sent without a reason: kept, since the next one is no longer blind."""

    __tablename__ = "cash_count_try"
    __table_args__ = (Index("ix_cash_count_try_count", "count_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    count_id: Mapped[UUID]
    tried_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    tried_at: Mapped[datetime]
    expected_minor: Mapped[int] = mapped_column(BigInteger)
    counted_minor: Mapped[int] = mapped_column(BigInteger)


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


class FloatWarning(Base):
    """A day on which it was told that a site's cash is low: once is enough."""

    __tablename__ = "float_warning"
    __table_args__ = (UniqueConstraint("site_id", "warned_on", name="uq_float_warning_day"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    warned_on: Mapped[date]
