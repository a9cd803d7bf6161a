from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.db import put
from app.domain.audit.errors import ReasonNeeded
from app.domain.shortages import queries
from app.domain.shortages.errors import NothingToWriteOff, OwnWriteOff, WriteOffDecided
from app.domain.shortages.models import CashWriteOff, CashWriteOffDecision
from app.domain.shortages.rules import Discrepancy
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.actions import enter
from app.domain.stipends.queries import Books
from app.domain.stipends.rules import Account
from app.domain.treasury.actions import hold_float


def ask_write_off(
    session: Session,
    books: Books,
    account: Discrepancy,
    minor: int,
    *,
    write_off_id: UUID,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Ask for money that is missing at a site (or is too much: less than nothing) to be given up. The same id asks once.

    Raises:
        NotAllowed, ReasonNeeded.
        NothingToWriteOff: more than is missing there.
    """
    by.require(Permission.CORRECT_LEDGER)
    if not reason.strip():
        raise ReasonNeeded
    if session.get(CashWriteOff, write_off_id):
        return
    _check_missing(session, books.site_id, account, minor)
    put(
        session,
        CashWriteOff,
        {
            "id": write_off_id,
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "account": account,
            "amount_minor": minor,
            "currency": books.currency,
            "reason": reason.strip(),
            "requested_by": by.staff_id,
            "requested_at": now,
        },
    )
    record_act(
        session, "write_off.asked", write_off_id, by, now, minor=minor, account=account.value
    )


def decide_write_off(
    session: Session,
    books: Books,
    write_off_id: UUID,
    *,
    is_approved: bool,
    note: str,
    by: Actor,
    now: datetime,
) -> None:
    """Another person gives the money up, or does not. The same decision again changes nothing.

    Raises:
        NotAllowed, UnknownWriteOff, OwnWriteOff, WriteOffDecided.
        NothingToWriteOff: by now less is missing there.
    """
    by.require(Permission.APPROVE_PAYOUT)
    hold_float(session, books.programme_id, books.site_id)
    asked = queries.write_off(session, write_off_id, programme_id=by.programme_id)
    if asked.requested_by == by.staff_id:
        raise OwnWriteOff
    if asked.decided_at:
        if (asked.decided_by, asked.is_approved) == (by.staff_id, is_approved):
            return
        raise WriteOffDecided
    entry_id = None
    if is_approved:
        minor = asked.amount.minor
        _check_missing(session, asked.site_id, asked.account, minor)
        sides = (Account.WRITE_OFF, asked.account.account)
        debit, credit = sides if minor > 0 else reversed(sides)
        entry_id = enter(
            session,
            books,
            abs(minor),
            debit=debit,
            credit=credit,
            earner=None,
            cause=("cash_written_off", write_off_id),
        )
    put(
        session,
        CashWriteOffDecision,
        {
            "write_off_id": write_off_id,
            "requested_by": asked.requested_by,
            "decided_by": by.staff_id,
            "decided_at": now,
            "is_approved": is_approved,
            "note": note.strip() or None,
            "entry_id": entry_id,
        },
    )
    act = "write_off.approved" if is_approved else "write_off.refused"
    record_act(session, act, write_off_id, by, now, minor=asked.amount.minor)


def _check_missing(session: Session, site_id: UUID, account: Discrepancy, minor: int) -> None:
    found = queries.missing_minor(session, site_id, account)
    is_within = 0 < minor <= found or found <= minor < 0
    if not is_within:
        raise NothingToWriteOff
