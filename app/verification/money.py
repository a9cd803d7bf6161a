"""The ledger, from its entries up to what each participant can claim."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import String, func, select, type_coerce, union_all
from sqlalchemy.orm import Session, aliased

from app.domain.programmes.models import Programme, Site
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine
from app.domain.stipends.queries import cause_digest, payout_of
from app.domain.stipends.rules import Account

_debit = type_coerce(LedgerEntry.debit, String)
_credit = type_coerce(LedgerEntry.credit, String)


def entries(session: Session) -> Iterator[str]:
    """One positive amount from one account to another, so that every balance is the sum of its entries."""
    odd = (
        select(LedgerEntry.id)
        .join(Programme, Programme.id == LedgerEntry.programme_id)
        .join(Site, Site.id == LedgerEntry.site_id)
        .where(
            (LedgerEntry.amount_minor <= 0)
            | (_debit == _credit)
            | (LedgerEntry.currency != Programme.currency)
            | (Site.programme_id != LedgerEntry.programme_id)
        )
    )
    for entry in session.scalars(odd):
        yield f"entry {entry} does not balance or is not in its programme's books"


def reversals(session: Session) -> Iterator[str]:
    undone = aliased(LedgerEntry)
    odd = (
        select(LedgerEntry.id)
        .join(undone, undone.id == LedgerEntry.reverses)
        .where(
            (_debit != type_coerce(undone.credit, String))
            | (_credit != type_coerce(undone.debit, String))
            | (LedgerEntry.amount_minor != undone.amount_minor)
            | (LedgerEntry.currency != undone.currency)
            | (LedgerEntry.site_id != undone.site_id)
            | (LedgerEntry.holder_digest.is_distinct_from(undone.holder_digest))
            | (undone.reverses.is_not(None))
        )
    )
    for entry in session.scalars(odd):
        yield f"entry {entry} is not the mirror of what it reverses"


def payouts(session: Session) -> Iterator[str]:
    undone = aliased(LedgerEntry)
    lines = (
        select(PayoutLine, LedgerEntry)
        .join(LedgerEntry, LedgerEntry.id == PayoutLine.accrual_id)
        .outerjoin(undone, undone.reverses == LedgerEntry.id)
        # a loss that was undone has become the payment of what is owed after all
        .where((_credit == Account.STIPENDS_PAYABLE.value) | undone.id.is_(None))
    )
    booked = select(
        LedgerEntry.cause_digest, LedgerEntry.holder_digest, LedgerEntry.amount_minor
    ).where(
        _debit == Account.STIPENDS_PAYABLE.value,
        _credit == Account.CASH_FLOAT.value,
        LedgerEntry.reverses.is_(None),
    )
    books = {row.cause_digest: tuple(row)[1:] for row in session.execute(booked)}
    sums: Counter[UUID] = Counter()
    for paid, accrual in session.execute(lines):
        payout_id = payout_of(session, paid)
        if payout_id is None:
            yield f"the payment of entry {accrual.id} does not open"
            continue
        sums[payout_id] += accrual.amount_minor
        if accrual.debit is Account.CASH_LOSS:
            if accrual.cause_digest != cause_digest(session, "lost", payout_id):
                yield f"entry {accrual.id} is the loss of another payment"
            continue
        entry = books.pop(cause_digest(session, "paid", accrual.id), None)
        if entry != (accrual.holder_digest, accrual.amount_minor):
            yield f"entry {accrual.id} does not stand in the ledger as it was paid"
    for payout_id, minor in session.execute(select(Payout.id, Payout.amount_minor)):
        if sums.pop(payout_id, None) != minor:
            yield f"payout {payout_id} is not the sum of its lines"
    if books or sums:
        yield f"{len(books) + len(sums)} entries or lines pay somebody without a payout"


def accounts(session: Session) -> Iterator[str]:
    for account in (Account.STIPENDS_PAYABLE, Account.STIPENDS_HELD):
        moves = union_all(
            select(LedgerEntry.holder_digest, LedgerEntry.amount_minor).where(
                _credit == account.value
            ),
            select(LedgerEntry.holder_digest, -LedgerEntry.amount_minor).where(
                _debit == account.value
            ),
        ).subquery()
        below_zero = (
            select(moves.c.holder_digest)
            .group_by(moves.c.holder_digest)
            .having(func.sum(moves.c.amount_minor) < 0)
        )
        for digest in session.scalars(below_zero):
            whose = digest.hex()[:6].upper() if digest else "of nobody"
            yield f"{account.value} of account {whose} is below zero"
