"""What a count leaves behind. Whether someone may count, and what follows, ``floats`` knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.db import put
from app.core.ids import uuid7
from app.domain.audit.actions import record
from app.domain.counts.models import CashCount, CashCountTry
from app.domain.counts.rules import CountKind, total_of
from app.domain.staff.queries import Actor
from app.domain.stipends.actions import enter
from app.domain.stipends.queries import Books
from app.domain.stipends.rules import Account


@dataclass(frozen=True)
class Sheet:
    """A count as its form sends it. ``seen`` is the drawer's when the form was opened."""

    count_id: UUID
    kind: CountKind
    pieces: Mapping[int, int]
    seen: str
    is_blind: bool = True
    reason: str = ""
    receiver_id: UUID | None = None


def note_try(
    session: Session,
    books: Books,
    sheet: Sheet,
    expected_minor: int,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Keep that a count was sent that differs and says no reason."""
    put(
        session,
        CashCountTry,
        {
            "id": uuid7(),
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "count_id": sheet.count_id,
            "tried_by": by.staff_id,
            "tried_at": now,
            "expected_minor": expected_minor,
            "counted_minor": total_of(sheet.pieces),
        },
    )


def keep(
    session: Session,
    books: Books,
    sheet: Sheet,
    expected_minor: int,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Keep a count, and enter what differs from what the books expect."""
    total = total_of(sheet.pieces)
    difference = total - expected_minor
    entry = enter_variance(session, books, difference, cause=("variance", sheet.count_id))
    put(
        session,
        CashCount,
        {
            "id": sheet.count_id,
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "kind": sheet.kind,
            "counted_on": books.on,
            "counted_at": now,
            "counted_by": by.staff_id,
            "currency": books.currency,
            "pieces": {
                str(worth): number for worth, number in sorted(sheet.pieces.items()) if number
            },
            "expected_minor": expected_minor,
            "counted_minor": total,
            "is_blind": sheet.is_blind,
            "reason": (sheet.reason.strip() or None) if difference else None,
            "variance_entry": entry,
        },
    )
    record(
        session,
        "float.counted",
        subject=books.site_id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={
            "kind": sheet.kind.value,
            "minor": total,
            "difference": difference,
            "currency": books.currency,
        },
    )


def enter_variance(
    session: Session, books: Books, difference: int, *, cause: tuple[str, UUID]
) -> UUID | None:
    """What is missing leaves the float, what is too much comes into it."""
    if not difference:
        return None
    sides = (Account.CASH_VARIANCE, Account.CASH_FLOAT)
    debit, credit = sides if difference < 0 else reversed(sides)
    return enter(
        session, books, abs(difference), debit=debit, credit=credit, earner=None, cause=cause
    )
