from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.stipends.rules import Account


class LedgerEntry(Base):
    """One debit and one credit of one amount, so that it balances by construction. Never edited, never deleted.

    ``holder_digest`` is an account of a participant and ``cause_digest`` what the entry is for; both are
    keyed, so that the books alone do not say who earned through whom. A cause can be entered once.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
        Index("ix_ledger_entry_holder", "holder_digest"),
        Index("ix_ledger_entry_site", "programme_id", "site_id"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    entered_on: Mapped[date]
    debit: Mapped[Account] = mapped_column(choice(Account, "debit"))
    credit: Mapped[Account] = mapped_column(choice(Account, "credit"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    holder_digest: Mapped[bytes | None]
    cause_digest: Mapped[bytes] = mapped_column(unique=True)
    protocol_id: Mapped[UUID | None] = mapped_column(ForeignKey("protocol_version.id"))
    reverses: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    reason: Mapped[str | None]


class Payout(Base):
    """Money handed to a participant. Its id is made by whoever asks, so that asking twice pays once."""

    __tablename__ = "payout"
    __table_args__ = (UNORDERED,)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    payee_digest: Mapped[bytes]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    paid_on: Mapped[date]
    paid_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))


class PayoutLine(Base):
    """An accrual that was paid. The key is the accrual: no reward is paid twice."""

    __tablename__ = "payout_line"
    __table_args__ = (UNORDERED,)

    accrual_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    sealed_payout: Mapped[bytes]
