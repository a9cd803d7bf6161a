from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from app.core.money import Money
from app.domain.programmes import queries as programmes
from app.domain.stipends.models import CashFloat as CashFloatRow
from app.domain.stipends.models import LedgerEntry, PayoutLine
from app.domain.stipends.rules import Account
from app.domain.treasury.rules import may_be_corrected

_later = aliased(LedgerEntry)
_LINES = (
    select(LedgerEntry, _later.id, PayoutLine.accrual_id)
    .outerjoin(_later, _later.reverses == LedgerEntry.id)
    .outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
)


@dataclass(frozen=True)
class CashFloat:
    """The cash of a site, and how far below nothing it was let."""

    site_id: UUID
    balance: Money
    overdraft: Money


@dataclass(frozen=True)
class Entry:
    """A line of the books. An account is known by the tail of its digest, as in the list of what is unclaimed."""

    id: UUID
    site_id: UUID
    entered_on: date
    debit: Account
    credit: Account
    amount: Money
    account: str | None
    protocol_id: UUID | None
    reason: str | None
    reverses: UUID | None
    reversed_by: UUID | None
    may_be_reversed: bool


def cash_floats(session: Session, programme_id: UUID) -> list[CashFloat]:
    """Every site's cash, in the order of the sites; also of those whose cash never moved."""
    currency = programmes.programme(session, programme_id).currency
    rows = {
        row.site_id: row
        for row in session.scalars(
            select(CashFloatRow)
            .where(CashFloatRow.programme_id == programme_id)
            .execution_options(populate_existing=True)  # a trigger writes there
        )
    }
    return [
        CashFloat(
            site.id,
            Money(rows[site.id].balance_minor if site.id in rows else 0, currency),
            Money(rows[site.id].overdraft_minor if site.id in rows else 0, currency),
        )
        for site in programmes.sites(session, programme_id)
    ]


def entries(
    session: Session,
    programme_id: UUID,
    *,
    site_id: UUID | None = None,
    account: Account | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int | None = 100,
    offset: int = 0,
) -> list[Entry]:
    """Lines of the books, newest day first; both days included. Within a day their order means nothing."""
    wanted = [LedgerEntry.programme_id == programme_id]
    if site_id is not None:
        wanted.append(LedgerEntry.site_id == site_id)
    if account is not None:
        wanted.append(or_(LedgerEntry.debit == account, LedgerEntry.credit == account))
    if since is not None:
        wanted.append(LedgerEntry.entered_on >= since)
    if until is not None:
        wanted.append(LedgerEntry.entered_on <= until)
    rows = session.execute(
        _LINES.where(*wanted)
        .order_by(LedgerEntry.entered_on.desc(), LedgerEntry.id)
        .limit(limit)
        .offset(offset)
    )
    return [_entry(*row) for row in rows]


def entry(session: Session, programme_id: UUID, entry_id: UUID) -> Entry | None:
    row = session.execute(
        _LINES.where(LedgerEntry.programme_id == programme_id, LedgerEntry.id == entry_id)
    ).first()
    return _entry(*row) if row else None


def _entry(row: LedgerEntry, reversed_by: UUID | None, settled: UUID | None) -> Entry:
    is_plain = not (reversed_by or settled or row.reverses)
    return Entry(
        row.id,
        row.site_id,
        row.entered_on,
        row.debit,
        row.credit,
        Money(row.amount_minor, row.currency),
        row.holder_digest.hex()[:6].upper() if row.holder_digest else None,
        row.protocol_id,
        row.reason,
        row.reverses,
        reversed_by,
        is_plain and may_be_corrected(row.debit, row.credit),
    )
