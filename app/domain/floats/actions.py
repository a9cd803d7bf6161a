"""Counting cash and handing it over.

Every act holds the site's cash until its transaction ends: what is expected is what the books say at that moment.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.db import put
from app.core.ids import uuid7
from app.core.money import Money
from app.domain.audit.errors import ReasonNeeded
from app.domain.counts.actions import Sheet, enter_variance, keep, note_try
from app.domain.counts.errors import CountIdReused
from app.domain.counts.queries import count
from app.domain.counts.rules import CountKind, total_of
from app.domain.floats import queries
from app.domain.floats.errors import (
    HandoverEnded,
    HandoverWaits,
    MoneyMoved,
    NotAReceiver,
    NotTheHolder,
    NotYourHandover,
    NotYourSite,
)
from app.domain.floats.models import (
    CashHandover,
    CashHandoverStep,
)
from app.domain.floats.queries import Drawer, HandoverFacts
from app.domain.floats.rules import HandoverStep
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.errors import BadAmount
from app.domain.stipends.queries import Books
from app.domain.treasury.actions import hold_float


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
    earlier = count(session, sheet.count_id)
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
        note_try(session, books, sheet, drawer.balance.minor, by=by, now=now)
        return Counted(Money(difference, books.currency), is_kept=False)
    keep(session, books, sheet, drawer.balance.minor, by=by, now=now)
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
        variance=enter_variance(
            session, books, minor - drawer.balance.minor, cause=("handover", handover_id)
        ),
    )


def _hold(session: Session, programme_id: UUID, site_id: UUID) -> Drawer:
    """A site's cash, which nothing moves until the transaction ends."""
    hold_float(session, programme_id, site_id)
    return queries.drawer(session, programme_id, site_id)


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
    record_act(session, "handover.given", handover_id, by, now, to=str(sheet.receiver_id))


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
    record_act(session, f"handover.{step.value}", handover.id, by, now, **facts)
