"""The ledger, from its entries up to what each participant can claim."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, case, func, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session, aliased

from app.domain.expiry.models import WriteOff
from app.domain.programmes.models import Programme, Site
from app.domain.stipends.models import CashFloat, LedgerEntry, Payout, PayoutLine, PayoutReservation
from app.domain.stipends.queries import (
    BOUNCED,
    CORRECTED,
    ENDED,
    RESTORED,
    RETURNED,
    SETTLED,
    WRITTEN_OFF,
    accruals_of,
    cause_digest,
    payout_of,
)
from app.domain.stipends.rules import Account, ClaimedWith, is_receipt

# Of nobody more than there is: owed, held, on its way, past its time.
LIABILITIES = (
    Account.STIPENDS_PAYABLE,
    Account.STIPENDS_HELD,
    Account.CLEARING,
    Account.STIPENDS_UNCLAIMED,
)

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


@dataclass(frozen=True)
class _Entry:
    id: UUID
    site_id: UUID
    debit: str
    credit: str
    minor: int
    holder: bytes | None
    reverses: UUID | None

    def is_of(self, other: "_Entry") -> bool:
        return (self.holder, self.minor) == (other.holder, other.minor)


class _Books:
    """All entries, to be found by what they are for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        rows = session.execute(
            select(
                LedgerEntry.cause_digest,
                LedgerEntry.id,
                LedgerEntry.site_id,
                _debit,
                _credit,
                LedgerEntry.amount_minor,
                LedgerEntry.holder_digest,
                LedgerEntry.reverses,
            )
        ).all()
        self._by_cause = {row[0]: _Entry(*row[1:]) for row in rows}
        self.entries = {each.id: each for each in self._by_cause.values()}
        self.reversal_of = {each.reverses: each for each in self.entries.values() if each.reverses}

    def caused(self, kind: str, of: UUID) -> _Entry | None:
        return self._by_cause.get(cause_digest(self._session, kind, of))

    def plain(self, *, debit: Account, credit: Account | None = None) -> set[UUID]:
        return {
            each.id
            for each in self.entries.values()
            if each.debit == debit.value
            and credit in (None, Account(each.credit))
            and not each.reverses
        }


def payouts(session: Session) -> Iterator[str]:
    """Every accrual was settled once, by what its line says: a payment, its expiry, or a correction."""
    books = _Books(session)
    found = {row.id: row for row in session.scalars(select(Payout))}
    sums: Counter[UUID] = Counter()
    paid: dict[UUID, set[UUID]] = {}
    moves = books.plain(debit=Account.STIPENDS_PAYABLE)
    elsewhere = books.plain(debit=Account.BETWEEN_SITES, credit=Account.CASH_FLOAT)
    for line in session.scalars(select(PayoutLine)):
        entry, settled_by = books.entries.get(line.accrual_id), payout_of(session, line)
        if entry is None or settled_by is None:
            yield f"the payment of entry {line.accrual_id} does not open"
            continue
        move = books.caused(ENDED, entry.id)
        row = found.get(settled_by)
        if entry.debit == Account.CASH_LOSS.value:
            if entry.id in books.reversal_of:  # it has become the payment of what is owed after all
                continue
            if books.caused("lost", settled_by) != entry:
                yield f"entry {entry.id} is the loss of another payment"
        elif entry.credit == Account.STIPENDS_UNCLAIMED.value:
            if not _ended_expiry(books, entry, settled_by):
                yield f"what expired by entry {entry.id} did not end as its line says"
            continue
        elif row is None:
            moves.discard(move.id if move else entry.id)
            if not _expired_or_corrected(books, entry, move, settled_by):
                yield f"entry {entry.id} was settled by nothing that is there"
            continue
        elif move is None or not move.is_of(entry) or move.site_id != entry.site_id:
            yield f"entry {entry.id} does not stand in the ledger as it was paid"
        else:
            moves.discard(move.id)
            there = books.caused("paid elsewhere", entry.id)
            elsewhere.discard(there.id if there else entry.id)
            if not _fits(row, move, there):
                yield f"entry {entry.id} was not paid from where its payment says"
        sums[settled_by] += entry.minor
        paid.setdefault(settled_by, set()).add(entry.id)
    for payout_id, row in found.items():
        if sums.pop(payout_id, None) != row.amount_minor:
            yield f"payout {payout_id} is not the sum of its lines"
        elif row.sealed_accruals is not None and not _names(session, row, paid[payout_id], books):
            yield f"payout {payout_id} names other accruals than its lines"
        if row.receipt and not is_receipt(row.receipt):
            yield f"payout {payout_id} has a number nobody can check"
    elsewhere = {each for each in elsewhere if books.entries[each].holder}  # the rest is carried
    if moves or sums or elsewhere:
        yield f"{len(moves) + len(sums) + len(elsewhere)} entries or lines pay somebody without a payout"


def _expired_or_corrected(
    books: _Books, entry: _Entry, move: _Entry | None, settled_by: UUID
) -> bool:
    by = books.entries.get(settled_by)
    if by is None:
        return False
    if by.reverses == entry.id:
        return books.caused(CORRECTED, entry.id) == by
    return by == move and by.credit == Account.STIPENDS_UNCLAIMED.value and by.is_of(entry)


def _ended_expiry(books: _Books, expiry: _Entry, settled_by: UUID) -> bool:
    by = books.entries.get(settled_by)
    if by is None or not by.is_of(expiry):
        return False
    return by.reverses == expiry.id or by in (
        books.caused(RESTORED, expiry.id),
        books.caused(WRITTEN_OFF, expiry.id),
    )


def _fits(row: Payout, move: _Entry, there: _Entry | None) -> bool:
    if row.claimed_with is ClaimedWith.BATCH:
        return move.credit == Account.CLEARING.value and there is None
    if move.credit == Account.CASH_FLOAT.value:
        return there is None and move.site_id == row.site_id
    if there is None or not there.is_of(move) or there.site_id != row.site_id:
        return False
    sides = (Account.BETWEEN_SITES.value, Account.CASH_FLOAT.value)
    return move.credit == Account.BETWEEN_SITES.value and (there.debit, there.credit) == sides


def _names(session: Session, row: Payout, lines: set[UUID], books: _Books) -> bool:
    """Where an offline loss became a payment, the seal names the loss and the lines also what it pays."""
    named = set(accruals_of(session, row))
    undone = {each for each in named if each in books.reversal_of}
    return named == lines or (bool(undone) and named - undone <= lines)


def clearing(session: Session) -> Iterator[str]:
    """What was sent has arrived, is owed again, or is on its way: each accrual by itself, and a payment at once."""
    books = _Books(session)
    answered: dict[UUID, set[bool]] = {}
    for line in session.scalars(select(PayoutLine)):
        move = books.caused(ENDED, line.accrual_id)
        if move is None or move.credit != Account.CLEARING.value or move.reverses:
            continue
        settled = books.caused(SETTLED, line.accrual_id)
        returned = books.caused(RETURNED, line.accrual_id)
        bounced = books.caused(BOUNCED, line.accrual_id)
        answered.setdefault(payout_of(session, line) or move.id, set()).add(settled is not None)
        minor = sum(each.minor for each in (settled, returned) if each)
        if (settled or returned) and minor != move.minor:
            yield f"of entry {move.id} another amount was accounted for than was sent"
        came_back = settled and settled.id in books.reversal_of
        again = bounced and settled and bounced.minor == settled.minor
        if bool(bounced) != bool(again) or (bounced and not came_back):
            yield f"what was sent by entry {move.id} came back as another amount"
    for payout_id, answers in answered.items():
        if len(answers) > 1:
            yield f"payout {payout_id} is accounted for in part"


def sites(session: Session) -> Iterator[str]:
    """What one site paid for another stands in both books: all together it is nothing."""
    signed = case(
        (_credit == Account.BETWEEN_SITES.value, LedgerEntry.amount_minor),
        else_=-LedgerEntry.amount_minor,
    )
    sums = (
        select(LedgerEntry.programme_id, func.sum(signed))
        .where(or_(_debit == Account.BETWEEN_SITES.value, _credit == Account.BETWEEN_SITES.value))
        .group_by(LedgerEntry.programme_id)
        .having(func.sum(signed) != 0)
    )
    for programme_id, minor in session.execute(sums):
        yield f"between the sites of programme {programme_id} {minor} minor units are missing"


def floats(session: Session) -> Iterator[str]:
    """The cash of every site is what its entries say, and not below what it was let."""
    kept = {
        row.site_id: (row.balance_minor, row.overdraft_minor)
        for row in session.execute(
            select(CashFloat.site_id, CashFloat.balance_minor, CashFloat.overdraft_minor)
        )
    }
    signed = case(
        (_debit == Account.CASH_FLOAT.value, LedgerEntry.amount_minor),
        else_=-LedgerEntry.amount_minor,
    )
    entered = {
        site_id: int(minor)
        for site_id, minor in session.execute(
            select(LedgerEntry.site_id, func.sum(signed))
            .where(or_(_debit == Account.CASH_FLOAT.value, _credit == Account.CASH_FLOAT.value))
            .group_by(LedgerEntry.site_id)
        )
    }
    for site_id in kept.keys() | entered.keys():
        balance, overdraft = kept.get(site_id, (0, 0))
        if balance != entered.get(site_id, 0):
            yield f"the cash of site {site_id} is not what its entries say"
        if balance < -overdraft or overdraft < 0:
            yield f"the cash of site {site_id} is below what it was let"


def reservations(session: Session) -> Iterator[str]:
    """What waits in a batch is an accrual that nothing has settled. Taken back it may be: that voids its line."""
    odd = (
        select(PayoutReservation.accrual_id)
        .join(LedgerEntry, LedgerEntry.id == PayoutReservation.accrual_id)
        .outerjoin(PayoutLine, PayoutLine.accrual_id == PayoutReservation.accrual_id)
        .where(
            (_credit != Account.STIPENDS_PAYABLE.value)
            | LedgerEntry.reverses.is_not(None)
            | PayoutLine.accrual_id.is_not(None)
        )
    )
    for accrual_id in session.scalars(odd):
        yield f"entry {accrual_id} waits in a batch and is not owed"


def write_offs(session: Session) -> Iterator[str]:
    """Nobody gives up alone what was not claimed."""
    decided = (
        select(LedgerEntry.id, WriteOff.proposed_by, WriteOff.decided_by)
        .outerjoin(WriteOff, WriteOff.entry_id == LedgerEntry.id)
        .where(
            _debit == Account.STIPENDS_UNCLAIMED.value,
            _credit == Account.WRITE_OFF.value,
        )
    )
    for entry_id, proposed_by, decided_by in session.execute(decided):
        if proposed_by is None or proposed_by == decided_by:
            yield f"entry {entry_id} was written off by one person, or nobody"


def accounts(session: Session) -> Iterator[str]:
    for account in LIABILITIES:
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
