import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, union_all
from sqlalchemy.orm import Session, aliased

from app.core.clock import local_date
from app.core.crypto import KeyProblem, keyring_of
from app.core.money import Money
from app.domain.programmes import queries as programmes
from app.domain.programmes.rules import LARGEST_BUNDLE
from app.domain.stipends.models import LedgerEntry, Payout, PayoutLine
from app.domain.stipends.rules import Account, Incentive, RewardState

DEBIT_SIDE = frozenset(Account) - {
    Account.FUNDING,
    Account.CLEARING,
    Account.BETWEEN_SITES,
    Account.STIPENDS_HELD,
    Account.STIPENDS_PAYABLE,
    Account.STIPENDS_UNCLAIMED,
    Account.WRITE_OFF,
}

# Built once: building a statement costs more than running it.
_later = aliased(LedgerEntry)
_STANDING = (
    select(LedgerEntry)
    .outerjoin(_later, _later.reverses == LedgerEntry.id)
    .where(_later.id.is_(None))
)
_ENTRY_FOR = (
    select(LedgerEntry, _later.id)
    .outerjoin(_later, _later.reverses == LedgerEntry.id)
    .where(LedgerEntry.cause_digest == bindparam("cause"))
)
_UNPAID = (
    _STANDING.outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
    .where(
        LedgerEntry.holder_digest.in_(bindparam("accounts", expanding=True)),
        LedgerEntry.credit == Account.STIPENDS_PAYABLE,
        PayoutLine.accrual_id.is_(None),
    )
    .order_by(LedgerEntry.entered_on, LedgerEntry.id)
)


@dataclass(frozen=True)
class Books:
    """Which site's books, under which rules, on which day."""

    programme_id: UUID
    site_id: UUID
    protocol_id: UUID
    currency: str
    on: date


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
    """A reward that is owed and not yet paid."""

    id: UUID
    earner: Earner
    amount: Money
    entered_on: date
    expense: Account


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
    return Books(programme_id, site_id, protocol.id, programme.currency, on), protocol


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
    """The row that says an accrual was paid; by which payment is sealed, since a payment joins its accruals."""
    sealed = keyring_of(session).seal(
        payout_id.bytes, table="payout_line", column="sealed_payout", row=accrual_id
    )
    return {"accrual_id": accrual_id, "sealed_payout": sealed}


def payout_of(session: Session, row: PayoutLine) -> UUID | None:
    """The payment a line belongs to; None where the seal does not open."""
    try:
        plain = keyring_of(session).open(
            row.sealed_payout, table="payout_line", column="sealed_payout", row=row.accrual_id
        )
    except KeyProblem:
        return None
    return UUID(bytes=plain)


def cause_digest(session: Session, kind: str, of: UUID) -> bytes:
    """What an entry is for; two entries for one cause cannot both exist."""
    return keyring_of(session).digest("cause", kind, of.hex)


def balances(session: Session, programme_id: UUID) -> list[Balance]:
    """Every account that moved, by site."""
    sides = union_all(
        select(
            LedgerEntry.site_id,
            LedgerEntry.debit.label("account"),
            LedgerEntry.amount_minor.label("minor"),
            LedgerEntry.currency,
        ).where(LedgerEntry.programme_id == programme_id),
        select(
            LedgerEntry.site_id,
            LedgerEntry.credit,
            -LedgerEntry.amount_minor,
            LedgerEntry.currency,
        ).where(LedgerEntry.programme_id == programme_id),
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


def owed_to(session: Session, participant_id: UUID) -> list[Accrual]:
    """What a participant can be paid now, oldest first."""
    return _unpaid(session, accounts_of(session, participant_id))


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


def entry_for(session: Session, kind: str, of: UUID) -> LedgerEntry | None:
    """The entry made for a cause, unless it was reversed."""
    return last_entry_for(session, kind, of)[0]


def last_entry_for(session: Session, kind: str, of: UUID) -> tuple[LedgerEntry | None, str]:
    """The entry that stands for a cause, and under which kind the next is made when none does.

    What was reversed keeps its cause for ever: when it is owed again, that is another time.
    """
    for times in itertools.count():
        name = f"{kind} {times}" if times else kind
        row = session.execute(_ENTRY_FOR, {"cause": cause_digest(session, name, of)}).first()
        if row is None:
            return None, name
        entry, reversal = row
        if reversal is None:
            return entry, name
    raise AssertionError("unreachable")


def rewards_for(session: Session, recruit_id: UUID) -> RewardState:
    """The furthest that any reward for a recruit has come, what was reversed left out."""
    earned = (Incentive.RECRUITMENT, Incentive.EDUCATION, Incentive.STEERING)
    owed = [entry for each in earned if (entry := entry_for(session, each.value, recruit_id))]
    if was_paid(session, [entry.id for entry in owed]):
        return RewardState.PAID
    if owed:
        return RewardState.OWED
    return RewardState.HELD if entry_for(session, "held", recruit_id) else RewardState.NONE


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
    given = select(LedgerEntry.id).where(
        LedgerEntry.holder_digest == own, LedgerEntry.credit == Account.CASH_FLOAT
    )
    return session.scalar(given.limit(1)) is not None


def is_loss(session: Session, payment_id: UUID) -> bool:
    """Whether what was handed out under a payment is not owed to this day."""
    return entry_for(session, "lost", payment_id) is not None


def accrual(row: LedgerEntry, earner: Earner) -> Accrual:
    return Accrual(row.id, earner, Money(row.amount_minor, row.currency), row.entered_on, row.debit)


def was_paid(session: Session, entry_ids: Sequence[UUID]) -> bool:
    return (
        session.scalar(
            select(PayoutLine.accrual_id).where(PayoutLine.accrual_id.in_(entry_ids)).limit(1)
        )
        is not None
    )


def payout(session: Session, payout_id: UUID) -> Payout | None:
    return session.get(Payout, payout_id)


def _unpaid(session: Session, accounts: Mapping[bytes, Earner]) -> list[Accrual]:
    rows = session.scalars(_UNPAID, {"accounts": list(accounts)})
    return [accrual(row, accounts[row.holder_digest]) for row in rows if row.holder_digest]
