from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import in_parts, put
from app.domain.audit.actions import record
from app.domain.payouts import queries
from app.domain.payouts.errors import (
    AlreadyReserved,
    MoreThanOwed,
    PayoutNotSettled,
    PayoutSettled,
    UnknownPayout,
)
from app.domain.payouts.queries import PayoutOrder
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import (
    check_float,
    entry_row,
    new_receipts,
    payout_row,
    reverse,
    settled_once,
)
from app.domain.stipends.errors import AccrualChanged, BadAmount
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine, PayoutReservation
from app.domain.stipends.queries import Accrual, Books
from app.domain.stipends.rules import Account, ClaimedWith, Method

# What someone typed stands with the line and in the record: on the entries it would join the line with its accounts.
CAME_BACK_IN_THE_BOOKS = "came back"


def reserve(session: Session, lines: Mapping[UUID, Sequence[Accrual]], *, batch_id: UUID) -> None:
    """Keep what many people are owed aside for the lines of a batch, whose ids are the keys.

    Whoever calls holds these people, and has read since what they are owed.

    Raises:
        AlreadyReserved: some of it waits in another line.
    """
    rows = [
        {
            "accrual_id": each.id,
            "sealed_line": queries.seal_line(session, each.id, batch_id, line_id),
        }
        for line_id, accruals in lines.items()
        for each in accruals
    ]
    try:
        put(session, PayoutReservation, rows)
    except IntegrityError as error:
        raise AlreadyReserved from error


def free(session: Session, *, batch_id: UUID, line_id: UUID | None = None) -> None:
    """Give what waits in a batch, or in one line of it, back to the desks. Freeing it again changes nothing."""
    lines = queries.reserved_by(session, batch_id)
    freed = [
        accrual_id
        for each, accruals in lines.items()
        for accrual_id in accruals
        if line_id in (None, each)
    ]
    _forget(session, freed)


def pay_out(
    session: Session, books: Mapping[UUID, Books], orders: Sequence[PayoutOrder], *, by: UUID
) -> dict[UUID, str]:
    """Send lines of a batch on their way; gives the numbers of the payments, which have the ids of the lines. Books are by site.

    Whoever calls holds these people. A handful of statements, however many lines there are; the batch's own record says who
    sent them.

    Raises:
        AccrualChanged: ``payouts`` are the lines, in hex, of which some was taken back or paid, or waits elsewhere.
    """
    wanted = [each for order in orders for each in order.accrual_ids]
    ready = queries.ready(session, wanted)
    waits_in = {each.id: each.line_id for each in ready.values()}
    changed = [
        order.payout_id.hex
        for order in orders
        if not order.accrual_ids
        or {waits_in.get(each) for each in order.accrual_ids} != {order.payout_id}
    ]
    if changed or len(wanted) != len(set(wanted)):
        raise AccrualChanged(payouts=changed)
    payouts, lines, entries = [], [], []
    drawn = new_receipts(session, len(orders))
    numbers = {order.payout_id: number for order, number in zip(orders, drawn, strict=True)}
    for order in orders:
        payouts.append(
            payout_row(
                session,
                books[order.site_id],
                order.payout_id,
                order.participant_id,
                {each: ready[each].minor for each in order.accrual_ids},
                receipt=numbers[order.payout_id],
                by=by,
                method=order.method,
                claimed_with=ClaimedWith.BATCH,
            )
        )
        for each in order.accrual_ids:
            lines.append(stipends.line(session, each, order.payout_id))
            entries.append(
                entry_row(
                    session,
                    books[ready[each].site_id],
                    ready[each].minor,
                    debit=Account.STIPENDS_PAYABLE,
                    credit=Account.CLEARING,
                    holder=ready[each].holder,
                    cause=(stipends.ENDED, each),
                )
            )
    for some in in_parts(wanted):
        _forget(session, some)
    with settled_once(AccrualChanged):
        put(session, Payout, payouts)
        put(session, PayoutLine, lines)
        put(session, LedgerEntry, entries)
    return numbers


def settle_payouts(session: Session, books: Mapping[UUID, Books], paid: Mapping[UUID, int]) -> None:
    """Book what became of payments that were on their way: so much arrived (minor units by payment), the rest is owed again.

    What arrived pays the oldest first. Cash comes from the float of the site where it was earned, anything else from
    its bank.

    Raises:
        PayoutSettled, MoreThanOwed, BadAmount, UnknownPayout, FloatTooLow.
    """
    if not paid:
        return
    rows = [
        row
        for some in in_parts(list(paid))
        for row in session.scalars(select(Payout).where(Payout.id.in_(some)))
    ]
    programmes = {each.programme_id for each in books.values()}
    if len(rows) != len(paid) or not all(_was_sent(row, programmes) for row in rows):
        raise UnknownPayout
    of = {row.id: stipends.accruals_of(session, row) for row in rows}
    accruals = _entries(session, [each for ids in of.values() for each in ids])
    if _any_settled(session, list(accruals)):
        raise PayoutSettled
    entries, needed = [], Counter[UUID]()
    for row in rows:
        minor = paid[row.id]
        if minor < 0:
            raise BadAmount(minor=minor)
        if minor > row.amount_minor:
            raise MoreThanOwed(minor=minor, most=row.amount_minor)
        is_cash = row.method is Method.CASH
        oldest_first = sorted(
            (accruals[each] for each in of[row.id]), key=lambda each: (each.entered_on, each.id)
        )
        for accrual, part in zip(oldest_first, _shares(oldest_first, minor), strict=True):
            ends = _ends(accrual, part, Account.CASH_FLOAT if is_cash else Account.BANK)
            here = books[accrual.site_id]
            entries += [
                _from_clearing(session, here, accrual, share, to=to, cause=cause)
                for share, to, cause in ends
            ]
            if is_cash:
                needed[accrual.site_id] += part
    for site_id in sorted(each for each in needed if needed[each]):
        check_float(session, site_id, needed[site_id])
    with settled_once(PayoutSettled):
        put(session, LedgerEntry, entries)


def bounce_payout(
    session: Session, books: Books, *, payout_id: UUID, reason: str, by: UUID, now: datetime
) -> None:
    """Book that a payment which had arrived came back after all: what it paid is owed again.

    Raises:
        PayoutNotSettled: nothing of it had arrived, or it came back before.
        UnknownPayout.
    """
    row = session.get(Payout, payout_id)
    if row is None or not _was_sent(row, {books.programme_id}):
        raise UnknownPayout
    found = [
        (accrual, settled)
        for accrual in queries.lines_of(session, row)
        if (settled := stipends.entry_by_cause(session, stipends.SETTLED, accrual.id))
        and settled.credit is not Account.STIPENDS_PAYABLE
    ]
    if not found or any(
        stipends.entry_by_cause(session, stipends.BOUNCED, accrual.id) for accrual, _ in found
    ):
        raise PayoutNotSettled
    with settled_once(PayoutNotSettled):
        for accrual, settled in found:
            reverse(session, settled, on=books.on, reason=CAME_BACK_IN_THE_BOOKS)
            here = replace(books, site_id=accrual.site_id)
            to, cause = Account.STIPENDS_PAYABLE, stipends.BOUNCED
            again = _from_clearing(
                session,
                here,
                accrual,
                settled.amount_minor,
                to=to,
                cause=cause,
                reason=CAME_BACK_IN_THE_BOOKS,
            )
            put(session, LedgerEntry, again)
    minor = sum(settled.amount_minor for _, settled in found)
    record(
        session,
        "payout.came_back",
        subject=payout_id,
        staff_id=by,
        programme_id=books.programme_id,
        at=now,
        facts={"minor": minor, "currency": books.currency, "reason": reason},
    )


def _entries(session: Session, ids: Sequence[UUID]) -> dict[UUID, LedgerEntry]:
    return {
        row.id: row
        for some in in_parts(ids)
        for row in session.scalars(select(LedgerEntry).where(LedgerEntry.id.in_(some)))
    }


def _any_settled(session: Session, accrual_ids: Sequence[UUID]) -> bool:
    for some in in_parts(accrual_ids):
        causes = [stipends.cause_digest(session, stipends.SETTLED, each) for each in some]
        found = select(LedgerEntry.id).where(LedgerEntry.cause_digest.in_(causes)).limit(1)
        if session.scalar(found) is not None:
            return True
    return False


def _ends(accrual: LedgerEntry, part: int, source: Account) -> Iterator[tuple[int, Account, str]]:
    """What arrived of an accrual, and what is owed again, each with its cause."""
    if part:
        yield part, source, stipends.SETTLED
    if back := accrual.amount_minor - part:
        yield back, Account.STIPENDS_PAYABLE, stipends.RETURNED if part else stipends.SETTLED


def _from_clearing(
    session: Session,
    here: Books,
    accrual: LedgerEntry,
    minor: int,
    *,
    to: Account,
    cause: str,
    reason: str | None = None,
) -> dict[str, Any]:
    """An entry in the books, and under the rules, of the accrual it was sent for."""
    return entry_row(
        session,
        replace(here, protocol_id=accrual.protocol_id or here.protocol_id),
        minor,
        debit=Account.CLEARING,
        credit=to,
        holder=accrual.holder_digest,
        cause=(cause, accrual.id),
        reason=reason,
    )


def _forget(session: Session, accrual_ids: Sequence[UUID]) -> None:
    session.execute(
        delete(PayoutReservation)
        .where(PayoutReservation.accrual_id.in_(accrual_ids))
        .execution_options(synchronize_session=False)
    )


def _was_sent(row: Payout, programmes: Collection[UUID]) -> bool:
    return row.claimed_with is ClaimedWith.BATCH and row.programme_id in programmes


def _shares(accruals: Sequence[LedgerEntry], paid_minor: int) -> list[int]:
    shares = []
    for accrual in accruals:
        shares.append(min(accrual.amount_minor, paid_minor))
        paid_minor -= shares[-1]
    return shares
