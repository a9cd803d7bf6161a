from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.core.crypto import keyring_of
from app.core.db import in_parts
from app.core.money import Money
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine, PayoutReservation
from app.domain.stipends.queries import accruals_of, payee_digest
from app.domain.stipends.rules import Account, ClaimedWith, Method, is_receipt

_later = aliased(LedgerEntry)


@dataclass(frozen=True)
class PayoutFacts:
    """A payment: handed to someone, or sent. Nothing in it says to whom."""

    id: UUID
    receipt: str
    site_id: UUID
    amount: Money
    method: Method
    paid_on: date
    paid_by: UUID
    claimed_with: ClaimedWith


@dataclass(frozen=True)
class Reserved:
    """An accrual that waits in a line of a batch."""

    accrual_id: UUID
    batch_id: UUID
    line_id: UUID


@dataclass(frozen=True)
class PayoutOrder:
    """A line of a batch that is sent: it becomes the payout of its id, in the books of a site."""

    payout_id: UUID
    participant_id: UUID
    site_id: UUID
    accrual_ids: tuple[UUID, ...]
    method: Method


@dataclass(frozen=True)
class Ready:
    """An accrual that is owed and waits in a line, as it stands in the books."""

    id: UUID
    site_id: UUID
    minor: int
    holder: bytes | None
    line_id: UUID


def payout(session: Session, payout_id: UUID) -> PayoutFacts | None:
    row = session.get(Payout, payout_id)
    return facts(row) if row else None


def payout_to(session: Session, payout_id: UUID, participant_id: UUID) -> PayoutFacts | None:
    """A payment, if it was this participant's."""
    row = session.get(Payout, payout_id)
    is_hers = row and row.payee_digest == payee_digest(session, participant_id, payout_id)
    return facts(row) if row and is_hers else None


def payout_by_receipt(session: Session, programme_id: UUID, number: str) -> PayoutFacts | None:
    """The payment with a number, as someone types it; none also where the number has a slip in it."""
    digits = "".join(number.split()).replace("-", "")
    if not is_receipt(digits):
        return None
    row = session.scalar(
        select(Payout).where(Payout.receipt == digits, Payout.programme_id == programme_id)
    )
    return facts(row) if row else None


def payouts(
    session: Session,
    programme_id: UUID,
    *,
    site_id: UUID | None = None,
    method: Method | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[PayoutFacts]:
    """Payments of a programme, newest day first; both days included."""
    wanted = [Payout.programme_id == programme_id]
    if site_id is not None:
        wanted.append(Payout.site_id == site_id)
    if method is not None:
        wanted.append(Payout.method == method)
    if since is not None:
        wanted.append(Payout.paid_on >= since)
    if until is not None:
        wanted.append(Payout.paid_on <= until)
    rows = session.scalars(
        select(Payout)
        .where(*wanted)
        .order_by(Payout.paid_on.desc(), Payout.receipt)
        .limit(limit)
        .offset(offset)
    )
    return [facts(row) for row in rows]


def lines_of(session: Session, row: Payout) -> list[LedgerEntry]:
    """The accruals a payment pays, oldest first."""
    ids = accruals_of(session, row)
    found = select(LedgerEntry).where(LedgerEntry.id.in_(ids))
    return list(session.scalars(found.order_by(LedgerEntry.entered_on, LedgerEntry.id)))


def reservations(session: Session) -> list[Reserved]:
    """Everything that waits in a batch. Which line it waits in is sealed, so all of them are opened."""
    return [opened(session, row) for row in session.scalars(select(PayoutReservation))]


def reserved_by(session: Session, batch_id: UUID) -> dict[UUID, list[UUID]]:
    """The accruals that wait in a batch, by its lines."""
    lines: dict[UUID, list[UUID]] = {}
    for each in reservations(session):
        if each.batch_id == batch_id:
            lines.setdefault(each.line_id, []).append(each.accrual_id)
    return lines


def ready(session: Session, accrual_ids: Sequence[UUID]) -> dict[UUID, Ready]:
    """Those of many accruals that are owed and wait in a batch."""
    found: dict[UUID, Ready] = {}
    for some in in_parts(accrual_ids):
        rows = session.execute(
            select(LedgerEntry, PayoutReservation.sealed_line)
            .join(PayoutReservation, PayoutReservation.accrual_id == LedgerEntry.id)
            .outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
            .outerjoin(_later, _later.reverses == LedgerEntry.id)
            .where(
                LedgerEntry.id.in_(some),
                LedgerEntry.credit == Account.STIPENDS_PAYABLE,
                LedgerEntry.reverses.is_(None),
                PayoutLine.accrual_id.is_(None),
                _later.id.is_(None),
            )
            .with_only_columns(
                LedgerEntry.id,
                LedgerEntry.site_id,
                LedgerEntry.amount_minor,
                LedgerEntry.holder_digest,
                PayoutReservation.sealed_line,
            )
        ).all()
        lines = keyring_of(session).open_all(
            ((row[0], row[4]) for row in rows), table="payout_reservation", column="sealed_line"
        )
        for (each, site_id, minor, holder, _), plain in zip(rows, lines, strict=True):
            found[each] = Ready(each, site_id, minor, holder, UUID(bytes=plain[16:]))
    return found


def seal_line(session: Session, accrual_id: UUID, batch_id: UUID, line_id: UUID) -> bytes:
    return keyring_of(session).seal(
        batch_id.bytes + line_id.bytes,
        table="payout_reservation",
        column="sealed_line",
        row=accrual_id,
    )


def opened(session: Session, row: PayoutReservation) -> Reserved:
    plain = keyring_of(session).open(
        row.sealed_line, table="payout_reservation", column="sealed_line", row=row.accrual_id
    )
    return Reserved(row.accrual_id, UUID(bytes=plain[:16]), UUID(bytes=plain[16:]))


def facts(row: Payout) -> PayoutFacts:
    return PayoutFacts(
        row.id,
        row.receipt,
        row.site_id,
        Money(row.amount_minor, row.currency),
        row.method,
        row.paid_on,
        row.paid_by,
        row.claimed_with,
    )
