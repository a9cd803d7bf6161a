from datetime import datetime
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import put
from app.domain.audit.actions import record
from app.domain.audit.errors import ReasonNeeded
from app.domain.programmes import queries as programmes
from app.domain.programmes.errors import UnknownSite
from app.domain.staff.queries import Actor
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import allow_for, check_float, enter, reverse, settled_once
from app.domain.stipends.errors import BadAmount, PaymentIdReused
from app.domain.stipends.models import CashFloat, LedgerEntry, PayoutLine
from app.domain.stipends.queries import Books
from app.domain.stipends.rules import Account
from app.domain.treasury.errors import EntryNotReversible, UnknownEntry
from app.domain.treasury.rules import OWED, may_be_corrected


def fund_float(
    session: Session,
    books: Books,
    minor: int,
    *,
    funding_id: UUID,
    by: UUID,
    now: datetime,
    source: Account = Account.FUNDING,
) -> None:
    """Put money into a site's cash, from its funders or its bank; what it was let to lack shrinks by it.

    The same ``funding_id`` puts it in once.

    Raises:
        BadAmount: nothing, or less.
        PaymentIdReused: the id came with another amount, site or source.
    """
    entered = _fund(session, books, minor, funding_id, debit=Account.CASH_FLOAT, credit=source)
    if not entered:
        return
    lacks = case((CashFloat.balance_minor < 0, -CashFloat.balance_minor), else_=0)
    session.execute(
        update(CashFloat)
        .where(CashFloat.site_id == books.site_id, CashFloat.overdraft_minor > lacks)
        .values(overdraft_minor=lacks)
    )
    _note_funding(session, books, "float.funded", minor, by, now, source)


def fund_bank(
    session: Session, books: Books, minor: int, *, funding_id: UUID, by: UUID, now: datetime
) -> None:
    """Put money into a site's bank or mobile money. The same ``funding_id`` puts it in once.

    Raises:
        BadAmount: nothing, or less.
        PaymentIdReused: the id came with another amount, site or purpose.
    """
    if _fund(session, books, minor, funding_id, debit=Account.BANK, credit=Account.FUNDING):
        _note_funding(session, books, "bank.funded", minor, by, now, Account.FUNDING)


def allow_overdraft(
    session: Session, site_id: UUID, minor: int, *, reason: str, by: Actor, now: datetime
) -> None:
    """Let a site's cash go so far below nothing, until the next money is put in; never less than it lacks by now.

    Raises:
        BadAmount: less than nothing.
        ReasonNeeded, UnknownSite.
    """
    site = programmes.site(session, site_id)
    if site.programme_id != by.programme_id:
        raise UnknownSite
    if minor < 0:
        raise BadAmount(minor=minor)
    if not reason.strip():
        raise ReasonNeeded
    allow_for(session, site.programme_id, site_id)
    enough = case((CashFloat.balance_minor < -minor, -CashFloat.balance_minor), else_=minor)
    session.execute(
        update(CashFloat).where(CashFloat.site_id == site_id).values(overdraft_minor=enough)
    )
    record(
        session,
        "float.overdraft_allowed",
        subject=site_id,
        staff_id=by.staff_id,
        programme_id=site.programme_id,
        at=now,
        facts={
            "minor": minor,
            "currency": programmes.programme(session, site.programme_id).currency,
            "reason": reason,
        },
    )


def reverse_entry(
    session: Session, entry_id: UUID, *, reason: str, by: Actor, now: datetime
) -> UUID:
    """Correct by hand what was entered by hand, or what was owed by mistake and not yet paid; gives the reversal.

    What was owed stays corrected: looking at the visit again does not owe it again. What waits in a batch is
    corrected all the same, and voids its line.

    Raises:
        EntryNotReversible: any other entry, or one that was reversed or settled before.
        FloatTooLow: the cash is no longer there to be taken out of the books.
        ReasonNeeded, UnknownEntry.
    """
    entry = session.get(LedgerEntry, entry_id)
    if entry is None or entry.programme_id != by.programme_id:
        raise UnknownEntry
    if not reason.strip():
        raise ReasonNeeded
    was_reversed = session.scalar(select(LedgerEntry.id).where(LedgerEntry.reverses == entry_id))
    is_plain = may_be_corrected(entry.debit, entry.credit) and entry.reverses is None
    if was_reversed or not is_plain or stipends.was_paid(session, [entry_id]):
        raise EntryNotReversible
    if entry.debit is Account.CASH_FLOAT:
        check_float(session, entry.site_id, entry.amount_minor)
    on = local_date(now, programmes.site(session, entry.site_id).timezone)
    with settled_once(EntryNotReversible):
        reversal = reverse(session, entry, on=on, reason=reason, kind=stipends.CORRECTED)
        if (entry.debit, entry.credit) in OWED:
            put(session, PayoutLine, stipends.line(session, entry_id, reversal))
    record(
        session,
        "ledger.corrected",
        subject=entry_id,
        staff_id=by.staff_id,
        programme_id=entry.programme_id,
        at=now,
        facts={
            "minor": entry.amount_minor,
            "currency": entry.currency,
            "debit": entry.debit.value,
            "credit": entry.credit.value,
            "reason": reason,
        },
    )
    return reversal


def _fund(
    session: Session, books: Books, minor: int, funding_id: UUID, *, debit: Account, credit: Account
) -> bool:
    if minor <= 0:
        raise BadAmount(minor=minor)
    earlier = stipends.entry_by_cause(session, "funding", funding_id)
    if earlier is not None:
        same = (earlier.amount_minor, earlier.site_id, earlier.debit, earlier.credit)
        if same != (minor, books.site_id, debit, credit):
            raise PaymentIdReused
        return False
    cause = ("funding", funding_id)
    enter(session, books, minor, debit=debit, credit=credit, earner=None, cause=cause)
    return True


def _note_funding(
    session: Session,
    books: Books,
    act: str,
    minor: int,
    by: UUID,
    now: datetime,
    source: Account,
) -> None:
    record(
        session,
        act,
        subject=books.site_id,
        staff_id=by,
        programme_id=books.programme_id,
        at=now,
        facts={"minor": minor, "currency": books.currency, "from": source.value},
    )
