from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from app.core.money import Money
from app.domain.stipends.models import LedgerEntry, PayoutLine
from app.domain.stipends.queries import accounts_of
from app.domain.stipends.rules import Account

_later = aliased(LedgerEntry)
_EXPIRED = (
    select(LedgerEntry)
    .outerjoin(_later, _later.reverses == LedgerEntry.id)
    .outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
    .where(
        LedgerEntry.credit == Account.STIPENDS_UNCLAIMED,
        LedgerEntry.reverses.is_(None),
        _later.id.is_(None),
        PayoutLine.accrual_id.is_(None),
    )
    .order_by(LedgerEntry.entered_on, LedgerEntry.id)
)


@dataclass(frozen=True)
class Expired:
    """Money that was owed until the time to claim it was over; ``entry_id`` is the entry by which it expired."""

    entry_id: UUID
    account: str
    site_id: UUID
    amount: Money
    expired_on: date


def expired(session: Session, programme_id: UUID) -> list[Expired]:
    """What nobody claimed in time and was neither restored nor written off, oldest first."""
    return _expired(session, _EXPIRED.where(LedgerEntry.programme_id == programme_id))


def expired_of(session: Session, participant_id: UUID) -> list[Expired]:
    """The same of one participant: what can be restored should she ask for it."""
    accounts = list(accounts_of(session, participant_id))
    return _expired(session, _EXPIRED.where(LedgerEntry.holder_digest.in_(accounts)))


def _expired(session: Session, found: Select[Any]) -> list[Expired]:
    return [
        Expired(
            row.id,
            (row.holder_digest or b"").hex()[:6].upper(),
            row.site_id,
            Money(row.amount_minor, row.currency),
            row.entered_on,
        )
        for row in session.scalars(found)
    ]
