from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.core.money import Money
from app.domain.programmes import queries as programmes
from app.domain.shortages.errors import UnknownWriteOff
from app.domain.shortages.models import CashWriteOff, CashWriteOffDecision
from app.domain.shortages.rules import Discrepancy
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine
from app.domain.stipends.queries import balance_of, payout_of
from app.domain.stipends.rules import Account


@dataclass(frozen=True)
class Loss:
    """Money that was handed out and is not owed to this day, and by whom."""

    entry_id: UUID
    site_id: UUID
    on: date
    amount: Money
    paid_by: UUID | None
    receipt: str | None


@dataclass(frozen=True)
class Missing:
    """What stands in an account of what is missing; less than nothing is money too much."""

    site_id: UUID
    account: Discrepancy
    amount: Money


@dataclass(frozen=True)
class WriteOffFacts:
    id: UUID
    site_id: UUID
    account: Discrepancy
    amount: Money
    reason: str
    requested_by: UUID
    requested_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    is_approved: bool
    note: str | None


def losses(session: Session, programme_id: UUID) -> list[Loss]:
    """Money handed out without a network that is not owed to this day, newest day first."""
    undone = aliased(LedgerEntry)
    rows = session.execute(
        select(LedgerEntry, PayoutLine)
        .outerjoin(undone, undone.reverses == LedgerEntry.id)
        .outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
        .where(
            LedgerEntry.programme_id == programme_id,
            LedgerEntry.debit == Account.CASH_LOSS,
            LedgerEntry.credit == Account.CASH_FLOAT,
            undone.id.is_(None),
        )
        .order_by(LedgerEntry.entered_on.desc(), LedgerEntry.id)
    )
    found = []
    for entry, line in rows:
        payout_id = payout_of(session, line) if line else None
        payout = session.get(Payout, payout_id) if payout_id else None
        amount = Money(entry.amount_minor, entry.currency)
        found.append(
            Loss(
                entry.id,
                entry.site_id,
                entry.entered_on,
                amount,
                payout.paid_by if payout else None,
                payout.receipt if payout else None,
            )
        )
    return found


def missing(session: Session, programme_id: UUID) -> list[Missing]:
    """What is missing or too much at each site, what was written off left out."""
    currency = programmes.programme(session, programme_id).currency
    return [
        Missing(place.id, account, Money(minor, currency))
        for place in programmes.sites(session, programme_id)
        for account in Discrepancy
        if (minor := missing_minor(session, place.id, account))
    ]


def missing_minor(session: Session, site_id: UUID, account: Discrepancy) -> int:
    return balance_of(session, site_id, account.account)


def write_offs(session: Session, programme_id: UUID) -> list[WriteOffFacts]:
    """What was asked to be written off, what waits for a decision first."""
    rows = session.execute(
        select(CashWriteOff, CashWriteOffDecision)
        .outerjoin(CashWriteOffDecision, CashWriteOffDecision.write_off_id == CashWriteOff.id)
        .where(CashWriteOff.programme_id == programme_id)
        .order_by(
            CashWriteOffDecision.write_off_id.is_not(None),
            CashWriteOff.requested_at.desc(),
            CashWriteOff.id,
        )
    )
    return [_write_off(request, decision) for request, decision in rows]


def write_off(session: Session, write_off_id: UUID, *, programme_id: UUID) -> WriteOffFacts:
    """Raises: UnknownWriteOff."""
    row = session.get(CashWriteOff, write_off_id)
    if row is None or row.programme_id != programme_id:
        raise UnknownWriteOff
    return _write_off(row, session.get(CashWriteOffDecision, write_off_id))


def _write_off(row: CashWriteOff, decision: CashWriteOffDecision | None) -> WriteOffFacts:
    return WriteOffFacts(
        id=row.id,
        site_id=row.site_id,
        account=row.account,
        amount=Money(row.amount_minor, row.currency),
        reason=row.reason,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        decided_by=decision.decided_by if decision else None,
        decided_at=decision.decided_at if decision else None,
        is_approved=decision.is_approved if decision else False,
        note=decision.note if decision else None,
    )
