from datetime import date
from typing import cast
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.stipends.rules import Account, ClaimedWith, Method


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


class CashFloat(Base):
    """The cash of a site, kept by a trigger on the ledger: an entry that would take more out is refused.

    ``overdraft_minor`` is how far below nothing someone has let it go.
    """

    __tablename__ = "cash_float"
    __table_args__ = (
        CheckConstraint("balance_minor >= -overdraft_minor", name="not_overdrawn"),
        CheckConstraint("overdraft_minor >= 0", name="overdraft"),
    )

    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    balance_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    overdraft_minor: Mapped[int] = mapped_column(BigInteger, default=0)


# The ledger's trigger writes there.
cast(Table, LedgerEntry.__table__).add_is_dependent_on(cast(Table, CashFloat.__table__))


class Payout(Base):
    """Money for a participant: handed to her, or sent on its way. Its id is made by whoever asks, so that asking
    twice pays once.

    ``receipt`` is its number in words one can say; ``sealed_accruals`` are what it pays (see ``queries``), and none
    for payments older than the column.
    """

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
    receipt: Mapped[str] = mapped_column(unique=True)
    method: Mapped[Method] = mapped_column(choice(Method))
    claimed_with: Mapped[ClaimedWith] = mapped_column(choice(ClaimedWith, "claimed_with"))
    sealed_accruals: Mapped[bytes | None]


class PayoutLine(Base):
    """An entry that was settled. The key is the entry: no reward is paid twice, nor paid and expired.

    Sealed is what settled it: the payout of an accrual, or the entry by which an accrual expired, or by which what
    had expired was restored, written off or taken back.
    """

    __tablename__ = "payout_line"
    __table_args__ = (UNORDERED,)

    accrual_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    sealed_payout: Mapped[bytes]


class PayoutReservation(Base):
    """An accrual that waits in a prepared batch: neither a desk nor another batch takes it meanwhile.

    Sealed are the batch and its line, since a line joins a person's accruals.
    """

    __tablename__ = "payout_reservation"
    __table_args__ = (UNORDERED,)

    accrual_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    sealed_line: Mapped[bytes]
