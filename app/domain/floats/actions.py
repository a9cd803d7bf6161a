"""Counting cash, handing it over, carrying it about, and giving up what is missing.

Every act holds the site's cash until its transaction ends: what is expected is what the books say at that moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import put
from app.core.ids import uuid7
from app.core.money import Money
from app.core.outbox import emit
from app.domain.audit.actions import record
from app.domain.audit.errors import ReasonNeeded
from app.domain.floats import queries
from app.domain.floats.errors import (
    CountIdReused,
    HandoverEnded,
    HandoverWaits,
    MoneyMoved,
    NotAReceiver,
    NothingToWriteOff,
    NotTheHolder,
    NotYourHandover,
    NotYourSite,
    OwnWriteOff,
    SameSite,
    WriteOffDecided,
)
from app.domain.floats.events import FloatLow
from app.domain.floats.models import (
    CashCount,
    CashCountTry,
    CashHandover,
    CashHandoverStep,
    CashWriteOff,
    CashWriteOffDecision,
    FloatWarning,
)
from app.domain.floats.queries import Drawer, HandoverFacts
from app.domain.floats.rules import CountKind, Discrepancy, HandoverStep, is_low, total_of
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.actions import allow_for, enter
from app.domain.stipends.errors import BadAmount, FloatTooLow, PaymentIdReused
from app.domain.stipends.models import CashFloat
from app.domain.stipends.queries import Books, entry_by_cause
from app.domain.stipends.rules import Account


@dataclass(frozen=True)
class Sheet:
    """A count as its form sends it. ``seen`` is the drawer's when the form was opened."""

    count_id: UUID
    kind: CountKind
    pieces: Mapping[int, int]
    seen: str
    is_blind: bool = True
    reason: str = ""
    receiver_id: UUID | None = None


@dataclass(frozen=True)
class Counted:
    """What came of a count. It is not kept yet where it differs and nobody has said why."""

    difference: Money
    is_kept: bool


def count_cash(
    session: Session, books: Books, sheet: Sheet, *, by: Actor, now: datetime
) -> Counted:
    """Keep what is in a site's drawer; what differs from the books is entered as a variance.

    A count that differs and has no reason is only noted as a try. With a receiver, the cash is handed over: it stays
    the giver's until it is confirmed, and a handover of hers that waits is replaced. The same sheet again changes nothing.

    Raises:
        BadCount, NotAllowed, NotYourSite.
        MoneyMoved: cash moved or someone counted since the form was opened: it needs counting again.
        HandoverWaits: the cash is on its way to someone else.
        NotTheHolder, NotAReceiver: nobody hands over what is not hers, or to someone who may not have it.
        CountIdReused.
    """
    _check_place(by, books.site_id)
    total = total_of(sheet.pieces)
    drawer = _hold(session, books.programme_id, books.site_id)
    earlier = queries.count(session, sheet.count_id)
    if earlier:
        kept = {worth: number for worth, number in sheet.pieces.items() if number}
        if (earlier.site_id, earlier.kind, earlier.pieces) != (books.site_id, sheet.kind, kept):
            raise CountIdReused
        return Counted(earlier.difference, is_kept=True)
    _check_turn(session, books, sheet, drawer, by)
    if drawer.seen != sheet.seen:
        raise MoneyMoved
    difference = total - drawer.balance.minor
    reason = sheet.reason.strip()
    if difference and not reason:
        _note_try(session, books, sheet, drawer, total, by, now)
        return Counted(Money(difference, books.currency), is_kept=False)
    _keep(session, books, sheet, drawer, total, by, now)
    if sheet.kind is CountKind.HANDOVER and sheet.receiver_id:
        _give(session, books, sheet, drawer, by, now)
    return Counted(Money(difference, books.currency), is_kept=True)


def confirm_handover(
    session: Session, books: Books, handover_id: UUID, *, seen: str, by: Actor, now: datetime
) -> None:
    """The receiver has as much as the books say: from now on she is responsible. Again changes nothing.

    Raises:
        UnknownHandover, NotYourHandover, HandoverEnded, MoneyMoved.
    """
    drawer, handover = _open(session, books, handover_id, by)
    if by.staff_id != handover.received_by:
        raise NotYourHandover
    if _is_done(handover, HandoverStep.CONFIRMED):
        return
    if drawer.seen != seen:
        raise MoneyMoved
    _step(session, handover, HandoverStep.CONFIRMED, by, now, counted=drawer.balance.minor)


def dispute_handover(
    session: Session,
    books: Books,
    handover_id: UUID,
    minor: int,
    *,
    seen: str,
    by: Actor,
    now: datetime,
) -> bool:
    """The receiver says what she counted; where it is as much as it should be, that confirms it. Tells whether it is.

    Raises:
        UnknownHandover, NotYourHandover, HandoverEnded, MoneyMoved, BadAmount.
    """
    drawer, handover = _open(session, books, handover_id, by)
    if by.staff_id != handover.received_by:
        raise NotYourHandover
    if minor < 0:
        raise BadAmount(minor=minor)
    if _is_done(handover, HandoverStep.CONFIRMED):
        return True
    if drawer.seen != seen:
        raise MoneyMoved
    if minor == drawer.balance.minor:
        _step(session, handover, HandoverStep.CONFIRMED, by, now, counted=minor)
        return True
    if handover.claim is None:
        _step(session, handover, HandoverStep.DIFFERS, by, now, counted=minor)
    return False


def withdraw_handover(
    session: Session, books: Books, handover_id: UUID, *, by: Actor, now: datetime
) -> None:
    """The giver takes a handover back before it is confirmed. Again changes nothing.

    Raises:
        UnknownHandover, NotYourHandover, HandoverEnded.
    """
    _, handover = _open(session, books, handover_id, by)
    if by.staff_id != handover.given_by:
        raise NotYourHandover
    if not _is_done(handover, HandoverStep.WITHDRAWN):
        _step(session, handover, HandoverStep.WITHDRAWN, by, now)


def decide_handover(
    session: Session,
    books: Books,
    handover_id: UUID,
    minor: int,
    *,
    reason: str,
    seen: str,
    by: Actor,
    now: datetime,
) -> None:
    """A third person says how much was handed over where two disagree; what differs from the books is entered.

    Raises:
        NotAllowed, NotYourHandover: either of the two.
        UnknownHandover, HandoverEnded, MoneyMoved, BadAmount, ReasonNeeded.
    """
    by.require(Permission.OVERDRAW_FLOAT)
    drawer, handover = _open(session, books, handover_id, by)
    if by.staff_id in (handover.given_by, handover.received_by):
        raise NotYourHandover
    if _is_done(handover, HandoverStep.DECIDED):
        return
    if minor < 0:
        raise BadAmount(minor=minor)
    if not reason.strip():
        raise ReasonNeeded
    if drawer.seen != seen:
        raise MoneyMoved
    _step(
        session,
        handover,
        HandoverStep.DECIDED,
        by,
        now,
        counted=minor,
        reason=reason.strip(),
        variance=_enter_variance(
            session, books, minor - drawer.balance.minor, cause=("handover", handover_id)
        ),
    )


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
    _check_amount(minor)
    if sender.site_id == receiver.site_id:
        raise SameSite
    for site_id in sorted(
        (sender.site_id, receiver.site_id)
    ):  # one order, so that none waits for the other
        _hold(session, sender.programme_id, site_id)
    if _was_entered(session, sender, minor, ("sent", move_id)):
        if not _was_entered(session, receiver, minor, ("received", move_id)):
            raise PaymentIdReused
        return
    _check_cash(session, sender, minor)
    enter(
        session,
        sender,
        minor,
        debit=Account.BETWEEN_SITES,
        credit=Account.CASH_FLOAT,
        earner=None,
        cause=("sent", move_id),
    )
    enter(
        session,
        receiver,
        minor,
        debit=Account.CASH_FLOAT,
        credit=Account.BETWEEN_SITES,
        earner=None,
        cause=("received", move_id),
    )
    _settle_overdraft(session, receiver.site_id)
    _record(
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
    _check_amount(minor)
    _hold(session, books.programme_id, books.site_id)
    if _was_entered(session, books, minor, ("to_bank", deposit_id)):
        return
    _check_cash(session, books, minor)
    enter(
        session,
        books,
        minor,
        debit=Account.BANK,
        credit=Account.CASH_FLOAT,
        earner=None,
        cause=("to_bank", deposit_id),
    )
    _record(session, "float.banked", books.site_id, by, now, minor=minor, currency=books.currency)


def ask_write_off(
    session: Session,
    books: Books,
    account: Discrepancy,
    minor: int,
    *,
    write_off_id: UUID,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Ask for money that is missing at a site (or is too much: less than nothing) to be given up. The same id asks once.

    Raises:
        NotAllowed, ReasonNeeded.
        NothingToWriteOff: more than is missing there.
    """
    by.require(Permission.CORRECT_LEDGER)
    if not reason.strip():
        raise ReasonNeeded
    if session.get(CashWriteOff, write_off_id):
        return
    _check_missing(session, books.site_id, account, minor)
    put(
        session,
        CashWriteOff,
        {
            "id": write_off_id,
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "account": account,
            "amount_minor": minor,
            "currency": books.currency,
            "reason": reason.strip(),
            "requested_by": by.staff_id,
            "requested_at": now,
        },
    )
    _record(session, "write_off.asked", write_off_id, by, now, minor=minor, account=account.value)


def decide_write_off(
    session: Session,
    books: Books,
    write_off_id: UUID,
    *,
    is_approved: bool,
    note: str,
    by: Actor,
    now: datetime,
) -> None:
    """Another person gives the money up, or does not. The same decision again changes nothing.

    Raises:
        NotAllowed, UnknownWriteOff, OwnWriteOff, WriteOffDecided.
        NothingToWriteOff: by now less is missing there.
    """
    by.require(Permission.APPROVE_PAYOUT)
    _hold(session, books.programme_id, books.site_id)
    asked = queries.write_off(session, write_off_id, programme_id=by.programme_id)
    if asked.requested_by == by.staff_id:
        raise OwnWriteOff
    if asked.decided_at:
        if (asked.decided_by, asked.is_approved) == (by.staff_id, is_approved):
            return
        raise WriteOffDecided
    entry_id = None
    if is_approved:
        minor = asked.amount.minor
        _check_missing(session, asked.site_id, asked.account, minor)
        sides = (Account.WRITE_OFF, asked.account.account)
        debit, credit = sides if minor > 0 else reversed(sides)
        entry_id = enter(
            session,
            books,
            abs(minor),
            debit=debit,
            credit=credit,
            earner=None,
            cause=("cash_written_off", write_off_id),
        )
    put(
        session,
        CashWriteOffDecision,
        {
            "write_off_id": write_off_id,
            "requested_by": asked.requested_by,
            "decided_by": by.staff_id,
            "decided_at": now,
            "is_approved": is_approved,
            "note": note.strip() or None,
            "entry_id": entry_id,
        },
    )
    act = "write_off.approved" if is_approved else "write_off.refused"
    _record(session, act, write_off_id, by, now, minor=asked.amount.minor)


def warn_of_low_floats(session: Session, *, now: datetime) -> int:
    """Tell of every site whose cash is below its protocol's line, once a day of the site; returns how many were told."""
    told = 0
    in_use = select(CashFloat).where(queries.IN_USE).order_by(CashFloat.site_id)
    for row in session.scalars(in_use.execution_options(populate_existing=True)).all():
        rules = programmes.current_protocol(session, row.programme_id).rules
        line = rules.payouts.float_low
        if not is_low(row.balance_minor, line):
            continue
        on = local_date(now, programmes.site(session, row.site_id).timezone)
        if not _warn(session, row, on):
            continue
        event = FloatLow(
            site_id=str(row.site_id),
            on=on.isoformat(),
            balance_minor=row.balance_minor,
            low_minor=line,
            currency=programmes.programme(session, row.programme_id).currency,
        )
        emit(session, event, programme_id=row.programme_id, at=now)
        told += 1
    return told


def _hold(session: Session, programme_id: UUID, site_id: UUID) -> Drawer:
    """A site's cash, which nothing moves until the transaction ends."""
    allow_for(session, programme_id, site_id)
    return queries.drawer(session, programme_id, site_id, locked=True)


def _check_place(by: Actor, site_id: UUID) -> None:
    by.require(Permission.COUNT_FLOAT)
    if by.site_id not in (None, site_id):
        raise NotYourSite


def _check_turn(session: Session, books: Books, sheet: Sheet, drawer: Drawer, by: Actor) -> None:
    hands_over = sheet.kind is CountKind.HANDOVER
    if drawer.waiting and not (hands_over and drawer.waiting.given_by == by.staff_id):
        raise HandoverWaits
    if not hands_over:
        return
    if drawer.holder and drawer.holder.staff_id != by.staff_id:
        raise NotTheHolder
    known = queries.receivers(session, books.programme_id, books.site_id, giver=by.staff_id)
    if sheet.receiver_id not in {each.id for each in known}:
        raise NotAReceiver


def _note_try(
    session: Session,
    books: Books,
    sheet: Sheet,
    drawer: Drawer,
    total: int,
    by: Actor,
    now: datetime,
) -> None:
    put(
        session,
        CashCountTry,
        {
            "id": uuid7(),
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "count_id": sheet.count_id,
            "tried_by": by.staff_id,
            "tried_at": now,
            "expected_minor": drawer.balance.minor,
            "counted_minor": total,
        },
    )


def _keep(
    session: Session,
    books: Books,
    sheet: Sheet,
    drawer: Drawer,
    total: int,
    by: Actor,
    now: datetime,
) -> None:
    difference = total - drawer.balance.minor
    entry = _enter_variance(session, books, difference, cause=("variance", sheet.count_id))
    put(
        session,
        CashCount,
        {
            "id": sheet.count_id,
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "kind": sheet.kind,
            "counted_on": books.on,
            "counted_at": now,
            "counted_by": by.staff_id,
            "currency": books.currency,
            "pieces": {
                str(worth): number for worth, number in sorted(sheet.pieces.items()) if number
            },
            "expected_minor": drawer.balance.minor,
            "counted_minor": total,
            "is_blind": sheet.is_blind,
            "reason": (sheet.reason.strip() or None) if difference else None,
            "variance_entry": entry,
        },
    )
    _record(
        session,
        "float.counted",
        books.site_id,
        by,
        now,
        kind=sheet.kind.value,
        minor=total,
        difference=difference,
        currency=books.currency,
    )


def _give(
    session: Session, books: Books, sheet: Sheet, drawer: Drawer, by: Actor, now: datetime
) -> None:
    if drawer.waiting:
        _step(session, drawer.waiting, HandoverStep.RECOUNTED, by, now)
    handover_id = uuid7()
    put(
        session,
        CashHandover,
        {
            "id": handover_id,
            "programme_id": books.programme_id,
            "site_id": books.site_id,
            "count_id": sheet.count_id,
            "received_by": sheet.receiver_id,
            "given_by": by.staff_id,
            "given_at": now,
        },
    )
    _record(session, "handover.given", handover_id, by, now, to=str(sheet.receiver_id))


def _enter_variance(
    session: Session, books: Books, difference: int, *, cause: tuple[str, UUID]
) -> UUID | None:
    """What is missing leaves the float, what is too much comes into it."""
    if not difference:
        return None
    sides = (Account.CASH_VARIANCE, Account.CASH_FLOAT)
    debit, credit = sides if difference < 0 else reversed(sides)
    return enter(
        session, books, abs(difference), debit=debit, credit=credit, earner=None, cause=cause
    )


def _open(
    session: Session, books: Books, handover_id: UUID, by: Actor
) -> tuple[Drawer, HandoverFacts]:
    """A handover, with its site's cash held. One that ended is given only to whoever ended it."""
    drawer = _hold(session, books.programme_id, books.site_id)
    found = queries.handover(session, handover_id, programme_id=books.programme_id)
    if found.site_id != books.site_id:
        raise NotYourHandover
    if found.end and found.end.by != by.staff_id:
        people = (found.given_by, found.received_by)
        raise HandoverEnded if by.staff_id in people else NotYourHandover
    return drawer, found


def _is_done(handover: HandoverFacts, step: HandoverStep) -> bool:
    """Whether someone asks for what she did already. Raises: HandoverEnded."""
    if handover.end and handover.end.step is not step:
        raise HandoverEnded
    return handover.end is not None


def _step(
    session: Session,
    handover: HandoverFacts,
    step: HandoverStep,
    by: Actor,
    now: datetime,
    *,
    counted: int | None = None,
    reason: str | None = None,
    variance: UUID | None = None,
) -> None:
    put(
        session,
        CashHandoverStep,
        {
            "id": uuid7(),
            "handover_id": handover.id,
            "step": step,
            "is_end": step is not HandoverStep.DIFFERS,
            "done_by": by.staff_id,
            "received_by": handover.received_by,
            "given_by": handover.given_by,
            "done_at": now,
            "counted_minor": counted,
            "reason": reason,
            "variance_entry": variance,
        },
    )
    facts = {} if counted is None else {"minor": counted}
    _record(session, f"handover.{step.value}", handover.id, by, now, **facts)


def _check_amount(minor: int) -> None:
    if minor <= 0:
        raise BadAmount(minor=minor)


def _check_cash(session: Session, books: Books, minor: int) -> None:
    """Cash that is carried away is there; only stipends may be paid out of an overdraft."""
    row = session.get(CashFloat, books.site_id)
    balance = row.balance_minor if row else 0
    if balance < minor:
        raise FloatTooLow(missing=minor - balance)


def _check_missing(session: Session, site_id: UUID, account: Discrepancy, minor: int) -> None:
    found = queries.missing_minor(session, site_id, account)
    is_within = 0 < minor <= found or found <= minor < 0
    if not is_within:
        raise NothingToWriteOff


def _was_entered(session: Session, books: Books, minor: int, cause: tuple[str, UUID]) -> bool:
    earlier = entry_by_cause(session, *cause)
    if earlier is None:
        return False
    if (earlier.amount_minor, earlier.site_id) != (minor, books.site_id):
        raise PaymentIdReused
    return True


def _settle_overdraft(session: Session, site_id: UUID) -> None:
    """What came in ends what a float was let go below nothing, as far as it goes."""
    row = session.get(CashFloat, site_id, populate_existing=True)
    if row and row.overdraft_minor:
        row.overdraft_minor = max(0, -row.balance_minor)
        session.flush()


def _warn(session: Session, row: CashFloat, on: date) -> bool:
    """Note that a day's warning goes out; not when it did already."""
    known = select(FloatWarning.id).where(
        FloatWarning.site_id == row.site_id, FloatWarning.warned_on == on
    )
    if session.scalar(known) is not None:
        return False
    values = {
        "id": uuid7(),
        "programme_id": row.programme_id,
        "site_id": row.site_id,
        "warned_on": on,
    }
    try:
        with session.begin_nested():
            put(session, FloatWarning, values)
    except IntegrityError:  # another worker was telling it in the same moment
        return False
    return True


def _record(
    session: Session, action: str, subject: UUID, by: Actor, now: datetime, **facts: object
) -> None:
    record(
        session,
        action,
        subject=subject,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts=facts,
    )
