from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.db import put
from app.core.ids import random_id
from app.core.money import Money
from app.domain.audit.actions import record
from app.domain.participants.queries import lock
from app.domain.participants.rules import Standing
from app.domain.stipends import queries
from app.domain.stipends.errors import (
    BadAmount,
    NothingToPay,
    PaymentIdReused,
    RewardAlreadyPaid,
)
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine
from app.domain.stipends.queries import Accrual, Books, Earner
from app.domain.stipends.rules import EXPENSE, Account, Incentive, Rewards

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
    _pay(session, books, [queries.accrual(fee, Earner(participant_id))], payment_id)


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

    The money is gone whatever is owed: what was not owed, or another amount, is a loss of the site's cash, which
    belongs to whoever handed it out. Should the fee become owed later, the loss becomes its payment. Noting the
    same ``payment_id`` again changes nothing.

    Raises:
        BadAmount: nothing, or less.
        PaymentIdReused: the id came with another person or amount.
        UnknownParticipant.
    """
    if minor <= 0:
        raise BadAmount(minor=minor)
    person = lock(session, participant_id, programme_id=books.programme_id)
    payee = queries.payee_digest(session, participant_id, payment_id)
    earlier = queries.payout(session, payment_id)
    if earlier is not None:
        if (earlier.payee_digest, earlier.amount_minor) != (payee, minor):
            raise PaymentIdReused
        return not queries.is_loss(session, payment_id)
    earner = Earner(participant_id)
    fee = queries.entry_for(session, Incentive.PRIMARY.value, participant_id)
    is_owed = fee is not None and fee.amount_minor == minor
    is_owed = is_owed and not (fee and queries.was_paid(session, [fee.id]))
    if person.standing is Standing.MISTAKEN:  # whoever took money was here, whatever was taken back
        person.standing = Standing.ARRIVED
    _keep_payout(session, books, payment_id, payee, minor, by)
    if fee is not None and is_owed:
        _pay(session, books, [queries.accrual(fee, earner)], payment_id)
    else:
        entry_id = enter(
            session,
            books,
            minor,
            debit=Account.CASH_LOSS,
            credit=Account.CASH_FLOAT,
            earner=earner,
            cause=("lost", payment_id),
        )
        put(session, PayoutLine, queries.line(session, entry_id, payment_id))
    record(
        session,
        "fee.handed_out_offline",
        subject=payment_id,
        staff_id=by,
        programme_id=books.programme_id,
        at=now,
        facts={"minor": minor, "currency": books.currency, "owed": is_owed},
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

    Her own fee stays hers unless ``with_fee``: then there was no visit that earns one.

    Raises:
        RewardAlreadyPaid: money in a hand is not taken back by an entry.
    """
    kinds = [*(incentive.value for incentive in REWARDS), "held"]
    if with_fee:
        kinds.append(Incentive.PRIMARY.value)
    entries = [entry for kind in kinds if (entry := queries.entry_for(session, kind, recruit_id))]
    if queries.was_paid(session, [entry.id for entry in entries]):
        raise RewardAlreadyPaid
    for entry in entries:
        reverse(session, entry, on=books.on, reason=reason)


def pay_in_cash(
    session: Session, books: Books, *, payment_id: UUID, participant_id: UUID, by: UUID
) -> Money:
    """Hand a participant all she is owed, from the site's cash.

    Asking again under the same ``payment_id`` gives the first answer and pays nothing more.

    Raises:
        NothingToPay: also for the later of two who pay her at once.
        PaymentIdReused, UnknownParticipant.
    """
    lock(session, participant_id, programme_id=books.programme_id)
    payee = queries.payee_digest(session, participant_id, payment_id)
    earlier = queries.payout(session, payment_id)
    if earlier is not None:
        if earlier.payee_digest != payee:
            raise PaymentIdReused
        return Money(earlier.amount_minor, earlier.currency)
    accruals = queries.owed_to(session, participant_id)
    if not accruals:
        raise NothingToPay
    total = sum((accrual.amount for accrual in accruals), Money(0, books.currency))
    _keep_payout(session, books, payment_id, payee, total.minor, by)
    _pay(session, books, accruals, payment_id)
    return total


def fund_float(
    session: Session, books: Books, minor: int, *, funding_id: UUID, by: UUID, now: datetime
) -> None:
    """Put money into a site's cash. The same ``funding_id`` puts it in once.

    Raises:
        BadAmount: nothing, or less.
        PaymentIdReused: the id came with another amount or site.
    """
    if minor <= 0:
        raise BadAmount(minor=minor)
    earlier = queries.entry_for(session, "funding", funding_id)
    if earlier is not None:
        if (earlier.amount_minor, earlier.site_id) != (minor, books.site_id):
            raise PaymentIdReused
        return
    enter(
        session,
        books,
        minor,
        debit=Account.CASH_FLOAT,
        credit=Account.FUNDING,
        earner=None,
        cause=("funding", funding_id),
    )
    record(
        session,
        "float.funded",
        subject=books.site_id,
        staff_id=by,
        programme_id=books.programme_id,
        at=now,
        facts={"minor": minor, "currency": books.currency},
    )


def _keep_payout(
    session: Session, books: Books, payment_id: UUID, payee: bytes, minor: int, by: UUID
) -> None:
    put(
        session,
        Payout,
        {
            "id": payment_id,
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "payee_digest": payee,
            "amount_minor": minor,
            "currency": books.currency,
            "paid_on": books.on,
            "paid_by": by,
        },
    )


def _pay(session: Session, books: Books, accruals: Sequence[Accrual], payment_id: UUID) -> None:
    put(session, PayoutLine, [queries.line(session, each.id, payment_id) for each in accruals])
    for accrual in accruals:  # one each: a sum would tell which of them are one person's
        enter(
            session,
            books,
            accrual.amount.minor,
            debit=Account.STIPENDS_PAYABLE,
            credit=Account.CASH_FLOAT,
            earner=accrual.earner,
            cause=("paid", accrual.id),
        )


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
    entry_id = random_id()
    put(
        session,
        LedgerEntry,
        {
            "id": entry_id,
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "entered_on": books.on,
            "debit": debit,
            "credit": credit,
            "amount_minor": minor,
            "currency": books.currency,
            "holder_digest": queries.account_digest(session, earner) if earner else None,
            "cause_digest": queries.cause_digest(session, *cause),
            "protocol_id": books.protocol_id,
        },
    )
    return entry_id


def reverse(session: Session, entry: LedgerEntry, *, on: date, reason: str) -> None:
    put(
        session,
        LedgerEntry,
        {
            "id": random_id(),
            "programme_id": entry.programme_id,
            "site_id": entry.site_id,
            "entered_on": on,
            "debit": entry.credit,
            "credit": entry.debit,
            "amount_minor": entry.amount_minor,
            "currency": entry.currency,
            "holder_digest": entry.holder_digest,
            "cause_digest": queries.cause_digest(session, "reversal", entry.id),
            "protocol_id": entry.protocol_id,
            "reverses": entry.id,
            "reason": reason,
        },
    )
