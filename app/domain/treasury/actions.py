from dataclasses import dataclass
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
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import allow_for, check_float, enter, reverse, settled_once
from app.domain.stipends.errors import BadAmount, FloatTooLow, PaymentIdReused
from app.domain.stipends.models import CashFloat, LedgerEntry, PayoutLine
from app.domain.stipends.queries import Books
from app.domain.stipends.rules import Account
from app.domain.treasury.errors import EntryNotReversible, SameSite, UnknownEntry
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
    if _fund(session, books, minor, funding_id, debit=Account.CASH_FLOAT, credit=source):
        _end_overdraft(session, books.site_id)
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


def move_cash(
    session: Session,
    sender: Books,
    receiver: Books,
    minor: int,
    *,
    move_id: UUID,
    by: Actor,
    now: datetime,
) -> None:
    """Carry cash from one site to another: one act, an entry in the books of each. The same ``move_id`` does it once.

    Raises:
        NotAllowed, BadAmount, SameSite, FloatTooLow, PaymentIdReused.
    """
    by.require(Permission.FUND_FLOAT)
    if minor <= 0:
        raise BadAmount(minor=minor)
    if sender.site_id == receiver.site_id:
        raise SameSite
    places = sorted((sender.site_id, receiver.site_id))  # so that none waits for the other
    held = {each: hold_float(session, sender.programme_id, each) for each in places}
    out = _Way(Account.BETWEEN_SITES, Account.CASH_FLOAT, ("sent", move_id))
    into = _Way(Account.CASH_FLOAT, Account.BETWEEN_SITES, ("received", move_id))
    if _was_entered(session, sender, minor, out):
        if not _was_entered(session, receiver, minor, into):
            raise PaymentIdReused
        return
    _check_cash(held[sender.site_id], minor)
    _enter(session, sender, minor, out)
    _enter(session, receiver, minor, into)
    _end_overdraft(session, receiver.site_id)
    record_act(
        session,
        "float.moved",
        sender.site_id,
        by,
        now,
        minor=minor,
        currency=sender.currency,
        to=str(receiver.site_id),
    )


def bring_to_bank(
    session: Session, books: Books, minor: int, *, deposit_id: UUID, by: Actor, now: datetime
) -> None:
    """Take cash of a site back to the bank. The same ``deposit_id`` does it once.

    Raises:
        NotAllowed, BadAmount, FloatTooLow, PaymentIdReused.
    """
    by.require(Permission.FUND_FLOAT)
    if minor <= 0:
        raise BadAmount(minor=minor)
    balance = hold_float(session, books.programme_id, books.site_id)
    way = _Way(Account.BANK, Account.CASH_FLOAT, ("to_bank", deposit_id))
    if _was_entered(session, books, minor, way):
        return
    _check_cash(balance, minor)
    _enter(session, books, minor, way)
    record_act(
        session,
        "float.banked",
        books.site_id,
        by,
        now,
        minor=minor,
        currency=books.currency,
    )


def hold_float(session: Session, programme_id: UUID, site_id: UUID) -> int:
    """Keep a site's cash as it is until the transaction ends; gives how much it is, in minor units."""
    allow_for(session, programme_id, site_id)
    held = select(CashFloat.balance_minor).where(CashFloat.site_id == site_id).with_for_update()
    return session.scalars(held).one()


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
    record_act(
        session,
        "float.overdraft_allowed",
        site_id,
        by,
        now,
        minor=minor,
        currency=programmes.programme(session, site.programme_id).currency,
        reason=reason,
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
    record_act(
        session,
        "ledger.corrected",
        entry_id,
        by,
        now,
        minor=entry.amount_minor,
        currency=entry.currency,
        debit=entry.debit.value,
        credit=entry.credit.value,
        reason=reason,
    )
    return reversal


@dataclass(frozen=True)
class _Way:
    """From where to where money goes, and by which act it goes there once."""

    debit: Account
    credit: Account
    cause: tuple[str, UUID]


def _fund(
    session: Session, books: Books, minor: int, funding_id: UUID, *, debit: Account, credit: Account
) -> bool:
    if minor <= 0:
        raise BadAmount(minor=minor)
    way = _Way(debit, credit, ("funding", funding_id))
    if _was_entered(session, books, minor, way):
        return False
    _enter(session, books, minor, way)
    return True


def _was_entered(session: Session, books: Books, minor: int, way: _Way) -> bool:
    """Whether the same act did it before. Raises: PaymentIdReused, where it did something else."""
    earlier = stipends.entry_by_cause(session, *way.cause)
    if earlier is None:
        return False
    if (earlier.amount_minor, earlier.site_id, earlier.debit, earlier.credit) != (
        minor,
        books.site_id,
        way.debit,
        way.credit,
    ):
        raise PaymentIdReused
    return True


def _enter(session: Session, books: Books, minor: int, way: _Way) -> None:
    enter(session, books, minor, debit=way.debit, credit=way.credit, earner=None, cause=way.cause)


def _check_cash(balance_minor: int, minor: int) -> None:
    """Cash that is carried away is there; only stipends may be paid out of an overdraft."""
    if balance_minor < minor:
        raise FloatTooLow(missing=minor - balance_minor)


def _end_overdraft(session: Session, site_id: UUID) -> None:
    """What came in ends what a float was let go below nothing, as far as it goes."""
    lacks = case((CashFloat.balance_minor < 0, -CashFloat.balance_minor), else_=0)
    session.execute(
        update(CashFloat)
        .where(CashFloat.site_id == site_id, CashFloat.overdraft_minor > lacks)
        .values(overdraft_minor=lacks)
    )


def _note_funding(
    session: Session,
    books: Books,
    act: str,
    minor: int,
    by: UUID,
    now: datetime,
    source: Account,
) -> None:
    facts = {"minor": minor, "currency": books.currency, "from": source.value}
    record(
        session,
        act,
        subject=books.site_id,
        staff_id=by,
        programme_id=books.programme_id,
        at=now,
        facts=facts,
    )
