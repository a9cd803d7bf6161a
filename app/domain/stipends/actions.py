from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import put
from app.core.errors import DomainError
from app.core.ids import random_id
from app.core.money import Money
from app.domain.audit.actions import record
from app.domain.participants.queries import lock
from app.domain.participants.rules import Standing
from app.domain.stipends import queries
from app.domain.stipends.errors import (
    AccrualChanged,
    BadAmount,
    FloatTooLow,
    NothingToPay,
    PaymentIdReused,
    PaymentTooLarge,
    RewardAlreadyPaid,
)
from app.domain.stipends.models import (
    CashFloat,
    LedgerEntry,
    Payout,
    PayoutLine,
    PayoutReservation,
)
from app.domain.stipends.queries import ENDED, Accrual, Books, Earner, Payment
from app.domain.stipends.rules import (
    EXPENSE,
    HANDED_OVER,
    Account,
    AccrualState,
    ClaimedWith,
    Incentive,
    Method,
    Rewards,
    new_receipt,
)

REWARDS = (Incentive.RECRUITMENT, Incentive.EDUCATION, Incentive.STEERING)


def hold(
    session: Session, books: Books, minor: int, *, recruiter: Earner, recruit_id: UUID
) -> None:
    """Set the recruiter's reward aside until her recruit has completed the visit. One statement."""
    if minor:
        enter(
            session,
            books,
            minor,
            debit=Account.EXPENSE_RECRUITMENT,
            credit=Account.STIPENDS_HELD,
            earner=recruiter,
            cause=("held", recruit_id),
        )


def owe_participation(
    session: Session, books: Books, rewards: Rewards, *, participant_id: UUID
) -> None:
    """Owe a person her fee for taking part. Owing it again changes nothing.

    Where a desk without a network gave it to her before it was owed, it is paid with that money: the loss is undone.
    """
    minor = rewards[Incentive.PRIMARY]
    fee, cause = queries.last_entry_for(session, Incentive.PRIMARY.value, participant_id)
    if not minor or fee:
        return
    enter(
        session,
        books,
        minor,
        debit=Account.EXPENSE_PRIMARY,
        credit=Account.STIPENDS_PAYABLE,
        earner=Earner(participant_id),
        cause=(cause, participant_id),
    )
    loss = queries.loss_of(session, participant_id, minor)
    if loss is None:
        return
    entry, payment_id = loss
    reverse(session, entry, on=books.on, reason="owed after all")
    fee = queries.entry_for(session, Incentive.PRIMARY.value, participant_id)
    assert fee is not None
    there = replace(books, site_id=entry.site_id)
    _pay(session, there, [queries.accrual(fee, Earner(participant_id))], payment_id)


def note_fee_paid(
    session: Session,
    books: Books,
    *,
    payment_id: UUID,
    participant_id: UUID,
    minor: int,
    by: UUID,
    now: datetime,
) -> bool:
    """Keep that a desk without a network handed someone the fee for taking part; tells whether it was owed.

    The money is gone whatever is owed and whatever the cash box held: what was not owed, or another amount, is a
    loss of the site's cash, which belongs to whoever handed it out; what the box did not hold is an overdraft, and
    the record says so. Should the fee become owed later, the loss becomes its payment. Noting the same
    ``payment_id`` again changes nothing.

    Raises:
        BadAmount: nothing, or less.
        PaymentIdReused: the id came with another person or amount.
        UnknownParticipant.
    """
    if minor <= 0:
        raise BadAmount(minor=minor)
    person = lock(session, participant_id, programme_id=books.programme_id)
    payee = queries.payee_digest(session, participant_id, payment_id)
    earlier = session.get(Payout, payment_id)
    if earlier is not None:
        if (earlier.payee_digest, earlier.amount_minor) != (payee, minor):
            raise PaymentIdReused
        return not queries.is_loss(session, payment_id)
    if person.standing is Standing.MISTAKEN:  # whoever took money was here, whatever was taken back
        person.standing = Standing.ARRIVED
    overdrawn = _overdraw(session, books, minor)
    fee = _fee_that_is_owed(session, participant_id, minor)
    if fee is not None:
        keep_payout(session, books, payment_id, participant_id, [fee], by=by)
        session.execute(delete(PayoutReservation).where(PayoutReservation.accrual_id == fee.id))
        _pay(session, books, [fee], payment_id)
    else:
        entry_id = enter(
            session,
            books,
            minor,
            debit=Account.CASH_LOSS,
            credit=Account.CASH_FLOAT,
            earner=Earner(participant_id),
            cause=("lost", payment_id),
        )
        lost = Accrual(
            entry_id,
            Earner(participant_id),
            Money(minor, books.currency),
            books.on,
            Account.CASH_LOSS,
            books.site_id,
        )
        keep_payout(session, books, payment_id, participant_id, [lost], by=by)
        put(session, PayoutLine, queries.line(session, entry_id, payment_id))
    is_owed = fee is not None
    facts = {"minor": minor, "currency": books.currency, "owed": is_owed}
    record(
        session,
        "fee.handed_out_offline",
        subject=payment_id,
        staff_id=by,
        programme_id=books.programme_id,
        at=now,
        facts=facts | ({"overdraft": overdrawn} if overdrawn else {}),
    )
    return is_owed


def owe_rewards(
    session: Session, books: Books, rewards: Rewards, *, recruiter: Earner, recruit_id: UUID
) -> None:
    """Owe a recruiter what a completed visit earns her: what was held, and what her teaching adds.

    Owing it again changes nothing: each reward has one cause, the recruit.
    """
    for incentive in REWARDS:
        owed, cause = queries.last_entry_for(session, incentive.value, recruit_id)
        if not rewards[incentive] or owed:
            continue
        held = incentive is Incentive.RECRUITMENT and queries.entry_for(session, "held", recruit_id)
        enter(
            session,
            books,
            rewards[incentive],
            debit=Account.STIPENDS_HELD if held else EXPENSE[incentive],
            credit=Account.STIPENDS_PAYABLE,
            earner=recruiter,
            cause=(cause, recruit_id),
        )


def cancel_rewards(
    session: Session, books: Books, *, recruit_id: UUID, reason: str, with_fee: bool = False
) -> None:
    """Take back every reward for a recruit by reversing entries; what was held is released to expense.

    Her own fee stays hers unless ``with_fee``: then there was no visit that earns one. What waits in a batch is taken
    back all the same, and voids its line; so is what has expired, for it was never owed; what came back from a
    batch or from expiry is followed there and undone entry by entry.

    Raises:
        RewardAlreadyPaid: money in a hand, or on its way into one, is not taken back by an entry.
    """
    kinds = [*(incentive.value for incentive in REWARDS), "held"]
    if with_fee:
        kinds.append(Incentive.PRIMARY.value)
    entries = [entry for kind in kinds if (entry := queries.entry_for(session, kind, recruit_id))]
    fates = [queries.fate_of(session, entry) for entry in entries]
    if any(fate.state in HANDED_OVER for fate in fates):
        raise RewardAlreadyPaid
    ways = [
        (fate.state, (*fate.moves, entry))
        for entry, fate in zip(entries, fates, strict=True)
        if fate.state is not AccrualState.CORRECTED
    ]
    with settled_once(RewardAlreadyPaid):
        for state, way in sorted(ways, key=lambda each: (each[1][0].entered_on, each[1][0].id)):
            _undo(session, state, way, on=books.on, reason=reason)  # in the order of payments


def pay_in_cash(
    session: Session,
    books: Books,
    *,
    payment_id: UUID,
    participant_id: UUID,
    by: UUID,
    claimed_with: ClaimedWith = ClaimedWith.VISIT,
) -> Payment:
    """Hand a participant all she is owed, from the site's cash; what other sites owe her, for them.

    Asking again under the same ``payment_id`` gives the first answer and pays nothing more.

    Raises:
        NothingToPay: also for the later of two who pay her at once, and while all of it waits in a batch.
        PaymentTooLarge, FloatTooLow, PaymentIdReused, UnknownParticipant.
    """
    lock(session, participant_id, programme_id=books.programme_id)
    earlier = session.get(Payout, payment_id)
    if earlier is not None:
        if earlier.payee_digest != queries.payee_digest(session, participant_id, payment_id):
            raise PaymentIdReused
        return Payment(Money(earlier.amount_minor, earlier.currency), earlier.receipt)
    accruals = queries.owed_to(session, participant_id)
    if not accruals:
        raise NothingToPay
    total = sum((accrual.amount for accrual in accruals), Money(0, books.currency))
    most = queries.largest_cash_payment(session, books)
    if most and total.minor > most:
        raise PaymentTooLarge(minor=total.minor, most=most)
    check_float(session, books.site_id, total.minor)
    receipt = keep_payout(
        session, books, payment_id, participant_id, accruals, by=by, claimed_with=claimed_with
    )
    _pay(session, books, accruals, payment_id)
    record(
        session,
        "stipend.paid_in_cash",
        subject=payment_id,
        staff_id=by,
        programme_id=books.programme_id,
        at=books.at,
        facts={"minor": total.minor, "currency": total.currency},
    )
    return Payment(total, receipt)


def check_float(session: Session, site_id: UUID, minor: int) -> None:
    """Keep a site's cash for the transaction and see that it holds so much. Raises: FloatTooLow."""
    missing = minor - queries.room_in_float(session, site_id)
    if missing > 0:
        raise FloatTooLow(missing=missing)


def keep_payout(
    session: Session,
    books: Books,
    payout_id: UUID,
    participant_id: UUID,
    accruals: Sequence[Accrual],
    *,
    by: UUID,
    claimed_with: ClaimedWith = ClaimedWith.VISIT,
) -> str:
    """Keep that these accruals are one payment in cash, and give its number."""
    (receipt,) = new_receipts(session, 1)
    row = payout_row(
        session,
        books,
        payout_id,
        participant_id,
        {each.id: each.amount.minor for each in accruals},
        receipt=receipt,
        by=by,
        claimed_with=claimed_with,
    )
    put(session, Payout, row)
    return receipt


def payout_row(
    session: Session,
    books: Books,
    payout_id: UUID,
    participant_id: UUID,
    accruals: Mapping[UUID, int],
    *,
    receipt: str,
    by: UUID,
    method: Method = Method.CASH,
    claimed_with: ClaimedWith,
) -> dict[str, Any]:
    """A payment of accruals, whose minor units are the values; to be put with many others, or alone."""
    return {
        "id": payout_id,
        "programme_id": books.programme_id,
        "site_id": books.site_id,
        "payee_digest": queries.payee_digest(session, participant_id, payout_id),
        "amount_minor": sum(accruals.values()),
        "currency": books.currency,
        "paid_on": books.on,
        "paid_by": by,
        "receipt": receipt,
        "method": method,
        "claimed_with": claimed_with,
        "sealed_accruals": queries.seal_accruals(session, payout_id, list(accruals)),
    }


def new_receipts(session: Session, count: int) -> list[str]:
    """So many numbers that no payment has."""
    numbers: set[str] = set()
    while len(numbers) < count:
        drawn = {new_receipt() for _ in range(count - len(numbers))}
        numbers |= drawn - queries.taken_receipts(session, drawn)
    return list(numbers)


def _undo(
    session: Session, state: AccrualState, way: Sequence[LedgerEntry], *, on: date, reason: str
) -> None:
    """Reverse an accrual with every step it took. Where it stands now it ends, and nothing else can come of it."""
    last, *earlier = way
    is_accrual = state is AccrualState.OPEN and last.credit is Account.STIPENDS_PAYABLE
    reversal = reverse(
        session, last, on=on, reason=reason, kind=ENDED if is_accrual else "reversal"
    )
    if state is AccrualState.EXPIRED:
        put(session, PayoutLine, queries.line(session, last.id, reversal))
    for each in earlier:
        reverse(session, each, on=on, reason=reason)


def _fee_that_is_owed(session: Session, participant_id: UUID, minor: int) -> Accrual | None:
    fee = queries.entry_for(session, Incentive.PRIMARY.value, participant_id)
    if fee is None:
        return None
    fate = queries.fate_of(session, fee)
    stands = (
        fate.moves[0] if fate.moves else fee
    )  # what came back from a batch is owed in its place
    is_owed = fate.state is AccrualState.OPEN and stands.amount_minor == minor
    return queries.accrual(stands, Earner(participant_id)) if is_owed else None


def _overdraw(session: Session, books: Books, minor: int) -> int:
    """Let a site's cash lack what was taken out of it already; how much more that is than it was let."""
    missing = minor - queries.room_in_float(session, books.site_id)
    if missing > 0:
        allow_for(session, books.programme_id, books.site_id)
        session.execute(
            update(CashFloat)
            .where(CashFloat.site_id == books.site_id)
            .values(overdraft_minor=CashFloat.overdraft_minor + missing)
        )
    return max(missing, 0)


def allow_for(session: Session, programme_id: UUID, site_id: UUID) -> None:
    """See that a site has a row for its cash, as the first entry would."""
    session.execute(_NEW_FLOAT, {"site": site_id, "programme": programme_id})


_NEW_FLOAT = text(
    "INSERT INTO cash_float (site_id, programme_id, balance_minor, overdraft_minor) "
    "VALUES (:site, :programme, 0, 0) ON CONFLICT (site_id) DO NOTHING"
).bindparams(bindparam("site", type_=Uuid()), bindparam("programme", type_=Uuid()))


def _pay(session: Session, books: Books, accruals: Sequence[Accrual], payment_id: UUID) -> None:
    """From the cash of the books' site, each accrual in the books of its own."""
    with settled_once(AccrualChanged):
        put(session, PayoutLine, [queries.line(session, each.id, payment_id) for each in accruals])
        for accrual in accruals:  # one each: a sum would tell which of them are one person's
            is_here = accrual.site_id == books.site_id
            enter(
                session,
                replace(books, site_id=accrual.site_id),
                accrual.amount.minor,
                debit=Account.STIPENDS_PAYABLE,
                credit=Account.CASH_FLOAT if is_here else Account.BETWEEN_SITES,
                earner=accrual.earner,
                cause=(ENDED, accrual.id),
            )
            if not is_here:
                enter(
                    session,
                    books,
                    accrual.amount.minor,
                    debit=Account.BETWEEN_SITES,
                    credit=Account.CASH_FLOAT,
                    earner=accrual.earner,
                    cause=("paid elsewhere", accrual.id),
                )


@contextmanager
def settled_once(refusal: type[DomainError]) -> Iterator[None]:
    """Entries that only one of two can make: the database refuses the later, who is told why."""
    try:
        yield
    except IntegrityError as error:
        raise refusal from error


def enter(
    session: Session,
    books: Books,
    minor: int,
    *,
    debit: Account,
    credit: Account,
    earner: Earner | None,
    cause: tuple[str, UUID],
) -> UUID:
    """Make an entry in the account of whoever earned it, or in nobody's."""
    holder = queries.account_digest(session, earner) if earner else None
    return move(session, books, minor, debit=debit, credit=credit, holder=holder, cause=cause)


def move(
    session: Session,
    books: Books,
    minor: int,
    *,
    debit: Account,
    credit: Account,
    holder: bytes | None,
    cause: tuple[str, UUID],
    reason: str | None = None,
) -> UUID:
    """Make an entry in an account known by its digest only."""
    row = entry_row(
        session, books, minor, debit=debit, credit=credit, holder=holder, cause=cause, reason=reason
    )
    put(session, LedgerEntry, row)
    return row["id"]  # type: ignore[no-any-return]


def entry_row(
    session: Session,
    books: Books,
    minor: int,
    *,
    debit: Account,
    credit: Account,
    holder: bytes | None,
    cause: tuple[str, UUID],
    reason: str | None = None,
) -> dict[str, Any]:
    """The same, to be put with many others."""
    return {
        "id": random_id(),
        "programme_id": books.programme_id,
        "site_id": books.site_id,
        "entered_on": books.on,
        "debit": debit,
        "credit": credit,
        "amount_minor": minor,
        "currency": books.currency,
        "holder_digest": holder,
        "cause_digest": queries.cause_digest(session, *cause),
        "protocol_id": books.protocol_id,
        "reason": reason,
    }


def reverse(
    session: Session, entry: LedgerEntry, *, on: date, reason: str, kind: str = "reversal"
) -> UUID:
    reversal = random_id()
    put(
        session,
        LedgerEntry,
        {
            "id": reversal,
            "programme_id": entry.programme_id,
            "site_id": entry.site_id,
            "entered_on": on,
            "debit": entry.credit,
            "credit": entry.debit,
            "amount_minor": entry.amount_minor,
            "currency": entry.currency,
            "holder_digest": entry.holder_digest,
            "cause_digest": queries.cause_digest(session, kind, entry.id),
            "protocol_id": entry.protocol_id,
            "reverses": entry.id,
            "reason": reason,
        },
    )
    return reversal
