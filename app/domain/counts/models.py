from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.core.ids import uuid7
from app.domain.counts.rules import CountKind


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
