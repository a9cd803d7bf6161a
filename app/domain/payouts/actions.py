from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import put
from app.domain.audit.actions import record
from app.domain.participants.queries import lock
from app.domain.payouts import queries
from app.domain.payouts.errors import (
    AlreadyReserved,
    MoreThanOwed,
    PayoutNotSettled,
    PayoutSettled,
    UnknownPayout,
)
from app.domain.payouts.queries import PayoutOrder
from app.domain.programmes import queries as programmes
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import (
    check_float,
    entry_row,
    keep_payout,
    move,
    reverse,
    settled_once,
)
from app.domain.stipends.errors import AccrualChanged, BadAmount, PaymentIdReused
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine, PayoutReservation
from app.domain.stipends.queries import Accrual, Books
from app.domain.stipends.rules import Account, ClaimedWith, Method, new_receipt


def reserve(
    session: Session, accruals: Sequence[Accrual], *, batch_id: UUID, line_id: UUID
) -> None:
    """Keep what a person is owed aside for a line of a batch. The same line again changes nothing.

    Batches go through their people in the order of their ids: each waits for the person before it keeps anything.

    Raises:
        AlreadyReserved: some of it waits in another line.
        AccrualChanged: some of it is no longer owed.
    """
    for participant_id in sorted({each.earner.participant_id for each in accruals}):
        site = programmes.site(session, accruals[0].site_id)
        lock(session, participant_id, programme_id=site.programme_id)
        wanted = {each.id for each in accruals if each.earner.participant_id == participant_id}
        if not wanted <= {each.id for each in stipends.open_accruals(session, participant_id)}:
            raise AccrualChanged
    kept = _reservations(session, [each.id for each in accruals])
    if any((each.batch_id, each.line_id) != (batch_id, line_id) for each in kept):
        raise AlreadyReserved
    fresh = {each.id for each in accruals} - {each.accrual_id for each in kept}
    if not fresh:
        return
    try:
        put(
            session,
            PayoutReservation,
            [
                {
                    "accrual_id": each,
                    "sealed_line": queries.seal_line(session, each, batch_id, line_id),
                }
                for each in fresh
            ],
        )
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
    session: Session,
    books: Books,
    *,
    payout_id: UUID,
    participant_id: UUID,
    accrual_ids: Sequence[UUID],
    method: Method,
    by: UUID,
) -> str:
    """Send what waits in a line of a batch on its way, and give the payment's number.

    The payment has the id of the line it was reserved for. The same again gives the same number and sends nothing.

    Raises:
        AccrualChanged: some of it was taken back or paid, or does not wait for this line.
        PaymentIdReused, UnknownParticipant.
    """
    lock(session, participant_id, programme_id=books.programme_id)
    earlier = session.get(Payout, payout_id)
    if earlier is not None:
        if earlier.payee_digest != stipends.payee_digest(session, participant_id, payout_id):
            raise PaymentIdReused
        return earlier.receipt
    waiting = {each.id: each for each in stipends.reserved_for(session, participant_id)}
    kept = {each.accrual_id: each.line_id for each in _reservations(session, accrual_ids)}
    if not accrual_ids or any(
        each not in waiting or kept[each] != payout_id for each in accrual_ids
    ):
        raise AccrualChanged
    accruals = [each for each in waiting.values() if each.id in accrual_ids]
    receipt = keep_payout(
        session,
        books,
        payout_id,
        participant_id,
        accruals,
        by=by,
        method=method,
        claimed_with=ClaimedWith.BATCH,
    )
    _forget(session, list(accrual_ids))
    with settled_once(AccrualChanged):
        put(
            session,
            PayoutLine,
            [stipends.line(session, each.id, payout_id) for each in accruals],
        )
        for accrual in accruals:
            move(
                session,
                replace(books, site_id=accrual.site_id),
                accrual.amount.minor,
                debit=Account.STIPENDS_PAYABLE,
                credit=Account.CLEARING,
                holder=stipends.account_digest(session, accrual.earner),
                cause=(stipends.ENDED, accrual.id),
            )
    _note(session, books, "payout.sent", payout_id, by, sum(each.amount.minor for each in accruals))
    return receipt


def settle_payout(
    session: Session, books: Books, *, payout_id: UUID, paid_minor: int, by: UUID
) -> None:
    """Book what became of a payment that was on its way: so much arrived, the rest is owed again.

    What arrived pays the oldest first. Cash comes from the float of the site where it was earned, anything else from
    its bank.

    Raises:
        PayoutSettled: it was booked before, whatever with.
        MoreThanOwed, BadAmount, UnknownPayout, FloatTooLow.
    """
    row = _payout(session, books, payout_id)
    if paid_minor < 0:
        raise BadAmount(minor=paid_minor)
    if paid_minor > row.amount_minor:
        raise MoreThanOwed(minor=paid_minor, most=row.amount_minor)
    accruals = queries.lines_of(session, row)
    if any(stipends.entry_by_cause(session, stipends.SETTLED, each.id) for each in accruals):
        raise PayoutSettled
    parts = _shares(accruals, paid_minor)
    source = Account.CASH_FLOAT if row.method is Method.CASH else Account.BANK
    if source is Account.CASH_FLOAT:
        needed: Counter[UUID] = Counter()
        for accrual, part in zip(accruals, parts, strict=True):
            needed[accrual.site_id] += part
        for site_id in sorted(needed):
            check_float(session, site_id, needed[site_id])
    with settled_once(PayoutSettled):
        for accrual, part in zip(accruals, parts, strict=True):
            back = accrual.amount_minor - part
            if part:
                _from_clearing(session, books, accrual, part, to=source, cause=stipends.SETTLED)
            if back:
                cause = stipends.RETURNED if part else stipends.SETTLED
                _from_clearing(
                    session, books, accrual, back, to=Account.STIPENDS_PAYABLE, cause=cause
                )
    _note(
        session,
        books,
        "payout.settled",
        payout_id,
        by,
        paid_minor,
        back=row.amount_minor - paid_minor,
    )


def bounce_payout(
    session: Session, books: Books, *, payout_id: UUID, reason: str, by: UUID, now: datetime
) -> None:
    """Book that a payment which had arrived came back after all: what it paid is owed again.

    Raises:
        PayoutNotSettled: nothing of it had arrived, or it came back before.
        UnknownPayout.
    """
    row = _payout(session, books, payout_id)
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
            reverse(session, settled, on=books.on, reason=reason)
            _from_clearing(
                session,
                books,
                accrual,
                settled.amount_minor,
                to=Account.STIPENDS_PAYABLE,
                cause=stipends.BOUNCED,
                reason=reason,
            )
    minor = sum(settled.amount_minor for _, settled in found)
    _note(session, replace(books, at=now), "payout.came_back", payout_id, by, minor, reason=reason)


def reserve_all(
    session: Session, lines: Mapping[UUID, Sequence[Accrual]], *, batch_id: UUID
) -> None:
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


def pay_out_all(
    session: Session, books: Mapping[UUID, Books], orders: Sequence[PayoutOrder], *, by: UUID
) -> dict[UUID, str]:
    """Send many lines of a batch on their way, each as ``pay_out`` does; gives their numbers. Books are by site.

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
    drawn = _new_receipts(session, len(orders))
    numbers = {order.payout_id: number for order, number in zip(orders, drawn, strict=True)}
    for order in orders:
        here = books[order.site_id]
        payouts.append(
            {
                "id": order.payout_id,
                "programme_id": here.programme_id,
                "site_id": here.site_id,
                "payee_digest": stipends.payee_digest(
                    session, order.participant_id, order.payout_id
                ),
                "amount_minor": sum(ready[each].minor for each in order.accrual_ids),
                "currency": here.currency,
                "paid_on": here.on,
                "paid_by": by,
                "receipt": numbers[order.payout_id],
                "method": order.method,
                "claimed_with": ClaimedWith.BATCH,
                "sealed_accruals": stipends.seal_accruals(
                    session, order.payout_id, order.accrual_ids
                ),
            }
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
    for some in queries.in_parts(wanted):
        _forget(session, some)
    with settled_once(AccrualChanged):
        put(session, Payout, payouts)
        put(session, PayoutLine, lines)
        put(session, LedgerEntry, entries)
    return numbers


def settle_payouts(session: Session, books: Mapping[UUID, Books], paid: Mapping[UUID, int]) -> None:
    """Book what became of many payments, each as ``settle_payout`` does; ``paid`` is minor units by payment.

    Raises:
        PayoutSettled, MoreThanOwed, BadAmount, UnknownPayout, FloatTooLow.
    """
    if not paid:
        return
    rows = [
        row
        for some in queries.in_parts(list(paid))
        for row in session.scalars(select(Payout).where(Payout.id.in_(some)))
    ]
    programmes = {each.programme_id for each in books.values()}
    if len(rows) != len(paid) or any(
        row.claimed_with is not ClaimedWith.BATCH or row.programme_id not in programmes
        for row in rows
    ):
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
            for share, to, cause in ends:
                entries.append(_from_clearing_row(session, books, accrual, share, to, cause))
            if is_cash:
                needed[accrual.site_id] += part
    for site_id in sorted(each for each in needed if needed[each]):
        check_float(session, site_id, needed[site_id])
    with settled_once(PayoutSettled):
        put(session, LedgerEntry, entries)


def _new_receipts(session: Session, count: int) -> list[str]:
    numbers: set[str] = set()
    while len(numbers) < count:
        drawn = {new_receipt() for _ in range(count - len(numbers))}
        numbers |= drawn - _taken(session, drawn)
    return list(numbers)


def _taken(session: Session, numbers: set[str]) -> set[str]:
    wanted = sorted(numbers)
    return {
        found
        for start in range(0, len(wanted), 1000)
        for found in session.scalars(
            select(Payout.receipt).where(Payout.receipt.in_(wanted[start : start + 1000]))
        )
    }


def _entries(session: Session, ids: Sequence[UUID]) -> dict[UUID, LedgerEntry]:
    return {
        row.id: row
        for some in queries.in_parts(ids)
        for row in session.scalars(select(LedgerEntry).where(LedgerEntry.id.in_(some)))
    }


def _any_settled(session: Session, accrual_ids: Sequence[UUID]) -> bool:
    for some in queries.in_parts(accrual_ids):
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


def _from_clearing_row(
    session: Session,
    books: Mapping[UUID, Books],
    accrual: LedgerEntry,
    minor: int,
    to: Account,
    cause: str,
) -> dict[str, Any]:
    here = books[accrual.site_id]
    return entry_row(
        session,
        replace(here, protocol_id=accrual.protocol_id or here.protocol_id),
        minor,
        debit=Account.CLEARING,
        credit=to,
        holder=accrual.holder_digest,
        cause=(cause, accrual.id),
    )


def _reservations(session: Session, accrual_ids: Sequence[UUID]) -> list[queries.Reserved]:
    rows = session.scalars(
        select(PayoutReservation).where(PayoutReservation.accrual_id.in_(accrual_ids))
    )
    return [queries.opened(session, row) for row in rows]


def _forget(session: Session, accrual_ids: Sequence[UUID]) -> None:
    session.execute(
        delete(PayoutReservation)
        .where(PayoutReservation.accrual_id.in_(accrual_ids))
        .execution_options(synchronize_session=False)
    )


def _payout(session: Session, books: Books, payout_id: UUID) -> Payout:
    row = session.get(Payout, payout_id)
    sent = row and row.claimed_with is ClaimedWith.BATCH
    if row is None or not sent or row.programme_id != books.programme_id:
        raise UnknownPayout
    return row


def _shares(accruals: Sequence[LedgerEntry], paid_minor: int) -> list[int]:
    shares = []
    for accrual in accruals:
        shares.append(min(accrual.amount_minor, paid_minor))
        paid_minor -= shares[-1]
    return shares


def _from_clearing(
    session: Session,
    books: Books,
    accrual: LedgerEntry,
    minor: int,
    *,
    to: Account,
    cause: str,
    reason: str | None = None,
) -> None:
    """In the books and under the rules of the accrual it was sent for."""
    move(
        session,
        replace(
            books,
            site_id=accrual.site_id,
            protocol_id=accrual.protocol_id or books.protocol_id,
        ),
        minor,
        debit=Account.CLEARING,
        credit=to,
        holder=accrual.holder_digest,
        cause=(cause, accrual.id),
        reason=reason,
    )


def _note(
    session: Session,
    books: Books,
    act: str,
    subject: UUID,
    by: UUID | None,
    minor: int,
    **facts: object,
) -> None:
    record(
        session,
        act,
        subject=subject,
        staff_id=by,
        programme_id=books.programme_id,
        at=books.at,
        facts={"minor": minor, "currency": books.currency, **facts},
    )
