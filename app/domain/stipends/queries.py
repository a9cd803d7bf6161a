import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, case, exists, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.core.clock import local_date
from app.core.crypto import KeyProblem, keyring_of
from app.core.db import in_parts
from app.core.money import Money
from app.domain.participants import queries as participants
from app.domain.programmes import queries as programmes
from app.domain.programmes.rules import LARGEST_BUNDLE
from app.domain.stipends.models import (
    CashFloat,
    LedgerEntry,
    Payout,
    PayoutLine,
    PayoutReservation,
)
from app.domain.stipends.rules import (
    HANDED_OVER,
    Account,
    AccrualState,
    Incentive,
    RewardState,
)

SEALED_TOGETHER = 8

# Causes of an accrual's way. What ends it has one cause whatever it is: it is paid, sent, expired or taken back, once.
ENDED = "paid"
SETTLED = "settled"
RETURNED = "returned"
BOUNCED = "bounced"
RESTORED = "restored"
WRITTEN_OFF = "written_off"
CORRECTED = "corrected"

DEBIT_SIDE = frozenset(Account) - {
    Account.FUNDING,
    Account.CLEARING,
    Account.BETWEEN_SITES,
    Account.STIPENDS_HELD,
    Account.STIPENDS_PAYABLE,
    Account.STIPENDS_UNCLAIMED,
    Account.WRITE_OFF,
}

Found = Select[Any]

# Built once: building a statement costs more than running it.
_later = aliased(LedgerEntry)
_STANDING = (
    select(LedgerEntry)
    .outerjoin(_later, _later.reverses == LedgerEntry.id)
    .where(_later.id.is_(None))
)
_ENTRY_FOR = (
    select(LedgerEntry, _later.cause_digest)
    .outerjoin(_later, _later.reverses == LedgerEntry.id)
    .where(LedgerEntry.cause_digest == bindparam("cause"))
)
# What a reversal puts back is no accrual: it stands for the one that was reversed.
_OPEN = _STANDING.outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id).where(
    LedgerEntry.credit == Account.STIPENDS_PAYABLE,
    LedgerEntry.reverses.is_(None),
    PayoutLine.accrual_id.is_(None),
)
_IS_RESERVED = exists().where(PayoutReservation.accrual_id == LedgerEntry.id)
_IN_ACCOUNTS = LedgerEntry.holder_digest.in_(bindparam("accounts", expanding=True))
_OLDEST_FIRST = (LedgerEntry.entered_on, LedgerEntry.id)
_FLOAT = (
    select(CashFloat.balance_minor, CashFloat.overdraft_minor)
    .where(CashFloat.site_id == bindparam("site", type_=Uuid()))
    .with_for_update()
)
_OWED = _OPEN.where(_IN_ACCOUNTS, ~_IS_RESERVED).order_by(*_OLDEST_FIRST)
# Rows of a whole programme, past the mapping, which would cost more than all the rest.
_OPEN_ROWS = (
    _OPEN.where(LedgerEntry.programme_id == bindparam("programme", type_=Uuid()), ~_IS_RESERVED)
    .with_only_columns(
        LedgerEntry.id,
        LedgerEntry.holder_digest,
        LedgerEntry.amount_minor,
        LedgerEntry.currency,
        LedgerEntry.entered_on,
        LedgerEntry.debit,
        LedgerEntry.site_id,
    )
    .order_by(*_OLDEST_FIRST)
)
_RESERVED = _OPEN.where(_IN_ACCOUNTS, _IS_RESERVED).order_by(*_OLDEST_FIRST)


@dataclass(frozen=True)
class Books:
    """Which site's books, under which rules, on which day; ``at`` is for the record of who did what."""

    programme_id: UUID
    site_id: UUID
    protocol_id: UUID
    currency: str
    on: date
    at: datetime


@dataclass(frozen=True)
class Balance:
    """What stands in an account of a site, positive on the account's own side."""

    site_id: UUID
    account: Account
    balance: Money


@dataclass(frozen=True)
class Earner:
    """An account: a participant's own fee, or what one of her coupons earned her.

    Each is a separate account in the books. One account for all would join her recruits with each other and with
    her own visit, by days and amounts, to whoever has the books without the key.
    """

    participant_id: UUID
    coupon: int | None = None


@dataclass(frozen=True)
class Accrual:
    """A reward that is owed and not yet paid, in the books of the site where it was earned.

    ``expense`` is what it was booked against: also where it came back from, when it was on its way before.
    """

    id: UUID
    earner: Earner
    amount: Money
    entered_on: date
    expense: Account
    site_id: UUID


@dataclass(frozen=True)
class Payment:
    """What was handed out, and the number that tells it to whoever got it."""

    amount: Money
    receipt: str


@dataclass(frozen=True)
class Fate:
    """What has become of an accrual, and the entries that took it there and stand, latest first."""

    state: AccrualState
    moves: tuple[LedgerEntry, ...] = ()


@dataclass(frozen=True)
class OpenAccrual:
    """The same as the books show it, without the key: whose it is, nobody can say."""

    id: UUID
    account: str
    site_id: UUID
    amount: Money
    since: date


@dataclass(frozen=True)
class Unclaimed:
    """What could be claimed from one account, which is known by the tail of its digest."""

    account: str
    site_id: UUID
    amount: Money
    since: date


def books_of(
    session: Session, programme_id: UUID, site_id: UUID, *, now: datetime
) -> tuple[Books, programmes.CurrentProtocol]:
    """The books of a site today, and the rules in force."""
    programme = programmes.programme(session, programme_id)
    site = programmes.site(session, site_id)
    protocol = programmes.current_protocol(session, programme_id)
    on = local_date(now, site.timezone)
    return Books(programme_id, site_id, protocol.id, programme.currency, on, now), protocol


def account_digest(session: Session, earner: Earner) -> bytes:
    """The name of an account in the books; without the key, no two accounts of a person are known as hers."""
    part = "own" if earner.coupon is None else str(earner.coupon)
    return keyring_of(session).digest("account", earner.participant_id.hex, part)


def accounts_of(session: Session, participant_id: UUID) -> dict[bytes, Earner]:
    """Every account a participant can have."""
    earners = [Earner(participant_id, coupon) for coupon in (None, *range(LARGEST_BUNDLE))]
    return {account_digest(session, earner): earner for earner in earners}


def payee_digest(session: Session, participant_id: UUID, payout_id: UUID) -> bytes:
    """Whom a payment went to; it joins nothing, and tells only whether she is the one."""
    return keyring_of(session).digest("payee", participant_id.hex, payout_id.hex)


def line(session: Session, accrual_id: UUID, payout_id: UUID) -> dict[str, object]:
    """The row that says an entry was settled; by what is sealed, since a payment joins its accruals."""
    sealed = keyring_of(session).seal(
        payout_id.bytes, table="payout_line", column="sealed_payout", row=accrual_id
    )
    return {"accrual_id": accrual_id, "sealed_payout": sealed}


def payout_of(session: Session, row: PayoutLine) -> UUID | None:
    """What a line says the entry was settled by; None where the seal does not open."""
    try:
        plain = keyring_of(session).open(
            row.sealed_payout, table="payout_line", column="sealed_payout", row=row.accrual_id
        )
    except KeyProblem:
        return None
    return UUID(bytes=plain)


def taken_receipts(session: Session, numbers: Iterable[str]) -> set[str]:
    """Those of some numbers that a payment has."""
    return {
        found
        for some in in_parts(sorted(numbers))
        for found in session.scalars(select(Payout.receipt).where(Payout.receipt.in_(some)))
    }


def seal_accruals(session: Session, payout_id: UUID, accrual_ids: Sequence[UUID]) -> bytes:
    """What a payment pays, for its row: the seal is as long for one as for eight, and does not count them."""
    padding = -len(accrual_ids) % SEALED_TOGETHER
    plain = b"".join(each.bytes for each in (*sorted(accrual_ids), *[UUID(int=0)] * padding))
    return keyring_of(session).seal(plain, table="payout", column="sealed_accruals", row=payout_id)


def accruals_of(session: Session, row: Payout) -> list[UUID]:
    """What a payment pays; nothing where it is older than the seal."""
    if row.sealed_accruals is None:
        return []
    plain = keyring_of(session).open(
        row.sealed_accruals, table="payout", column="sealed_accruals", row=row.id
    )
    found = (UUID(bytes=plain[start : start + 16]) for start in range(0, len(plain), 16))
    return [each for each in found if each.int]


def cause_digest(session: Session, kind: str, of: UUID) -> bytes:
    """What an entry is for; two entries for one cause cannot both exist."""
    return keyring_of(session).digest("cause", kind, of.hex)


def balances(session: Session, programme_id: UUID, *, on: date | None = None) -> list[Balance]:
    """Every account that moved, by site; at the end of a day, or now."""
    until = [LedgerEntry.programme_id == programme_id]
    if on is not None:
        until.append(LedgerEntry.entered_on <= on)
    sides = union_all(
        select(
            LedgerEntry.site_id,
            LedgerEntry.debit.label("account"),
            LedgerEntry.amount_minor.label("minor"),
            LedgerEntry.currency,
        ).where(*until),
        select(
            LedgerEntry.site_id,
            LedgerEntry.credit,
            -LedgerEntry.amount_minor,
            LedgerEntry.currency,
        ).where(*until),
    ).subquery()
    rows = session.execute(
        select(sides.c.site_id, sides.c.account, sides.c.currency, func.sum(sides.c.minor))
        .group_by(sides.c.site_id, sides.c.account, sides.c.currency)
        .order_by(sides.c.site_id, sides.c.account)
    )
    return [
        Balance(site_id, account, Money(int(minor if account in DEBIT_SIDE else -minor), currency))
        for site_id, account, currency, minor in rows
    ]


def balance_of(
    session: Session, site_id: UUID, account: Account, *, before: date | None = None
) -> int:
    """An account of a site, in minor units; debits count as more. ``before``: when that day began."""
    until = [] if before is None else [LedgerEntry.entered_on < before]
    signed = case((LedgerEntry.debit == account, 1), else_=-1) * LedgerEntry.amount_minor
    moved = or_(LedgerEntry.debit == account, LedgerEntry.credit == account)
    found = select(func.sum(signed)).where(LedgerEntry.site_id == site_id, moved, *until)
    return int(session.scalar(found) or 0)


def owed_to(session: Session, participant_id: UUID) -> list[Accrual]:
    """What a participant can be paid now, oldest first: not what waits in a batch."""
    return _of_accounts(session, _OWED, accounts_of(session, participant_id))


def reserved_for(session: Session, participant_id: UUID) -> list[Accrual]:
    """What a participant is owed and waits for in a batch."""
    return _of_accounts(session, _RESERVED, accounts_of(session, participant_id))


def open_accruals(session: Session, participant_id: UUID) -> list[Accrual]:
    """What a participant is owed, whether or not it waits in a batch."""
    return sorted(
        [*owed_to(session, participant_id), *reserved_for(session, participant_id)],
        key=lambda each: (each.entered_on, each.id),
    )


def owed_by_person(session: Session, programme_id: UUID) -> dict[UUID, list[Accrual]]:
    """What everyone can be paid now, by person in the order of their ids, each one's oldest first.

    Only the key tells whose an account is, so the accounts of everyone are worked out.
    """
    accounts: dict[bytes, Earner] = {}
    for person in participants.everyone(session, programme_id):
        accounts |= accounts_of(session, person)
    owed: dict[UUID, list[Accrual]] = {}
    for row in session.execute(_OPEN_ROWS, {"programme": programme_id}):
        if earner := accounts.get(row.holder_digest or b""):
            amount = Money(row.amount_minor, row.currency)
            found = Accrual(row.id, earner, amount, row.entered_on, row.debit, row.site_id)
            owed.setdefault(earner.participant_id, []).append(found)
    return dict(sorted(owed.items()))


def held_for(session: Session, participant_id: UUID) -> int:
    """Minor units that wait for a recruit's visit to be completed, or for a decision."""
    accounts = list(accounts_of(session, participant_id))
    signed = [
        session.scalar(
            select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
                LedgerEntry.holder_digest.in_(accounts), side == Account.STIPENDS_HELD
            )
        )
        for side in (LedgerEntry.credit, LedgerEntry.debit)
    ]
    return int(signed[0] or 0) - int(signed[1] or 0)


def unclaimed(session: Session, programme_id: UUID) -> list[Unclaimed]:
    """Owed and not paid, a line for each account, oldest first: a liability of the programme."""
    later = aliased(LedgerEntry)
    rows = session.execute(
        select(
            LedgerEntry.holder_digest,
            LedgerEntry.currency,
            func.sum(LedgerEntry.amount_minor),
            func.min(LedgerEntry.entered_on),
            LedgerEntry.site_id,
        )
        .outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
        .outerjoin(later, later.reverses == LedgerEntry.id)
        .where(
            LedgerEntry.programme_id == programme_id,
            LedgerEntry.credit == Account.STIPENDS_PAYABLE,
            LedgerEntry.reverses.is_(None),
            PayoutLine.accrual_id.is_(None),
            later.id.is_(None),
        )
        .group_by(LedgerEntry.holder_digest, LedgerEntry.currency, LedgerEntry.site_id)
        .order_by(func.min(LedgerEntry.entered_on))
    )
    return [
        Unclaimed(digest.hex()[:6].upper(), site_id, Money(int(minor), currency), since)
        for digest, currency, minor, since, site_id in rows
        if digest
    ]


def open_in_books(session: Session, programme_id: UUID) -> list[OpenAccrual]:
    """Everything that can be paid now, a line for each accrual, oldest first: not what waits in a batch."""
    found = _OPEN.where(LedgerEntry.programme_id == programme_id, ~_IS_RESERVED)
    return [
        OpenAccrual(
            row.id,
            (row.holder_digest or b"").hex()[:6].upper(),
            row.site_id,
            Money(row.amount_minor, row.currency),
            row.entered_on,
        )
        for row in session.scalars(found.order_by(*_OLDEST_FIRST))
    ]


def entry_for(session: Session, kind: str, of: UUID) -> LedgerEntry | None:
    """The entry made for a cause, unless it was reversed."""
    return last_entry_for(session, kind, of)[0]


def last_entry_for(session: Session, kind: str, of: UUID) -> tuple[LedgerEntry | None, str]:
    """The entry that stands for a cause, and under which kind the next is made when none does.

    What was reversed keeps its cause for ever: when it is owed again, that is another time. What someone corrected
    by hand stands for its cause all the same, so that the next look at the visit does not owe it again.
    """
    for times in itertools.count():
        name = f"{kind} {times}" if times else kind
        row = session.execute(_ENTRY_FOR, {"cause": cause_digest(session, name, of)}).first()
        if row is None:
            return None, name
        entry, reversal = row
        if reversal is None or reversal == cause_digest(session, CORRECTED, entry.id):
            return entry, name
    raise AssertionError("unreachable")


def rewards_for(session: Session, recruit_id: UUID) -> RewardState:
    """The furthest that any reward for a recruit has come, what was reversed left out."""
    earned = (Incentive.RECRUITMENT, Incentive.EDUCATION, Incentive.STEERING)
    owed = [entry for each in earned if (entry := entry_for(session, each.value, recruit_id))]
    states = {fate_of(session, entry).state for entry in owed}
    if states & HANDED_OVER:
        return RewardState.PAID
    if states & {AccrualState.OPEN, AccrualState.EXPIRED}:
        return RewardState.OWED
    return RewardState.HELD if entry_for(session, "held", recruit_id) else RewardState.NONE


def fate_of(session: Session, entry: LedgerEntry) -> Fate:
    """Follow an accrual to where it is now: through batches that failed, and expiry that was undone."""
    if was_paid(session, [entry.id]):
        return _fate_of_settled(session, entry)
    return Fate(AccrualState.OPEN)


def _fate_of_settled(session: Session, entry: LedgerEntry) -> Fate:
    move = entry_by_cause(session, ENDED, entry.id)
    if move is None:
        return Fate(AccrualState.CORRECTED)
    if move.credit is Account.STIPENDS_UNCLAIMED:
        if again := entry_by_cause(session, RESTORED, move.id):
            return _fate_after(session, again, move)
        given_up = entry_by_cause(session, WRITTEN_OFF, move.id)
        return Fate(AccrualState.GIVEN_UP if given_up else AccrualState.EXPIRED, (move,))
    if move.credit is not Account.CLEARING:
        return Fate(AccrualState.PAID, (move,))
    answer = entry_by_cause(session, SETTLED, entry.id)
    if answer is None:
        return Fate(AccrualState.ON_ITS_WAY, (move,))
    if answer.credit is Account.STIPENDS_PAYABLE:
        return _fate_after(session, answer, move)
    again = entry_by_cause(session, BOUNCED, entry.id)
    if again is None or entry_by_cause(session, RETURNED, entry.id):
        return Fate(AccrualState.PAID, (move,))  # a part of it was, or all
    return _fate_after(session, again, move)


def _fate_after(session: Session, again: LedgerEntry, move: LedgerEntry) -> Fate:
    later = fate_of(session, again)
    return Fate(later.state, (*later.moves, again, move))


def loss_of(session: Session, participant_id: UUID, minor: int) -> tuple[LedgerEntry, UUID] | None:
    """Money a desk without a network gave someone as her fee though it was not owed, and the payout it was."""
    own = account_digest(session, Earner(participant_id))
    row = session.execute(
        _STANDING.join(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
        .add_columns(PayoutLine)
        .where(
            LedgerEntry.holder_digest == own,
            LedgerEntry.debit == Account.CASH_LOSS,
            LedgerEntry.amount_minor == minor,
        )
        .order_by(LedgerEntry.entered_on, LedgerEntry.id)
    ).first()
    payment_id = payout_of(session, row[1]) if row else None
    return (row[0], payment_id) if row and payment_id else None


def was_given_money(session: Session, participant_id: UUID) -> bool:
    """Whether a participant was ever handed her own fee, owed or not."""
    own = account_digest(session, Earner(participant_id))
    given = _STANDING.where(
        LedgerEntry.holder_digest == own,
        LedgerEntry.credit.in_((Account.CASH_FLOAT, Account.BANK)),
    )
    return session.scalar(given.limit(1)) is not None


def is_loss(session: Session, payment_id: UUID) -> bool:
    """Whether what was handed out under a payment is not owed to this day."""
    return entry_for(session, "lost", payment_id) is not None


def accrual(row: LedgerEntry, earner: Earner) -> Accrual:
    amount = Money(row.amount_minor, row.currency)
    return Accrual(row.id, earner, amount, row.entered_on, row.debit, row.site_id)


def was_paid(session: Session, entry_ids: Sequence[UUID]) -> bool:
    """Whether any of these was settled: paid, sent on its way, or expired."""
    return (
        session.scalar(
            select(PayoutLine.accrual_id).where(PayoutLine.accrual_id.in_(entry_ids)).limit(1)
        )
        is not None
    )


def entry_by_cause(session: Session, kind: str, of: UUID) -> LedgerEntry | None:
    """The entry made for a cause that comes once, reversed or not."""
    return session.scalar(
        select(LedgerEntry).where(LedgerEntry.cause_digest == cause_digest(session, kind, of))
    )


def largest_cash_payment(session: Session, books: Books) -> int:
    """Minor units that may be handed out at once; 0 is no limit."""
    rules = programmes.protocol(session, books.protocol_id)
    return rules.payouts.largest_cash_payment if rules else 0


def room_in_float(session: Session, site_id: UUID) -> int:
    """What can be taken from a site's cash, which nobody else takes from until the transaction ends."""
    row = session.execute(_FLOAT, {"site": site_id}).first()
    return row.balance_minor + row.overdraft_minor if row else 0


def _of_accounts(session: Session, found: Found, accounts: Mapping[bytes, Earner]) -> list[Accrual]:
    rows = session.scalars(found, {"accounts": list(accounts)})
    return [accrual(row, accounts[row.holder_digest]) for row in rows if row.holder_digest]
