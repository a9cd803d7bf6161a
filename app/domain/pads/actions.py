"""Printing pads, giving them to people, and cancelling them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.codes import Code, Token
from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import random_id
from app.domain.audit.errors import ReasonNeeded
from app.domain.coupons.actions import free_names
from app.domain.coupons.models import ReservedCoupon
from app.domain.coupons.queries import reserved_digest
from app.domain.pads import queries
from app.domain.pads.errors import BatchStopped, PadAlreadyGiven, PadVoid
from app.domain.pads.models import CouponPad, PadBatch
from app.domain.pads.queries import BatchFacts, Contents, Name, Promise
from app.domain.pads.rules import PadStatus, check_batch, handed_over
from app.domain.programmes import queries as programmes
from app.domain.programmes.errors import UnknownSite
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor


def order_batch(
    session: Session,
    batch_id: UUID,
    *,
    site_id: UUID,
    pads: int,
    cards: int,
    by: Actor,
    now: datetime,
) -> BatchFacts:
    """Ask for pads of a site to be printed; the same ``batch_id`` again is the batch that was asked for.

    Raises:
        BadBatch, UnknownSite.
        UnknownBatch: the id is another programme's batch.
    """
    check_batch(pads=pads, cards=cards)
    place = programmes.site(session, site_id)
    if place.programme_id != by.programme_id:
        raise UnknownSite
    if session.get(PadBatch, batch_id) is None:
        row = PadBatch(
            id=batch_id,
            programme_id=by.programme_id,
            site_id=place.id,
            pads=pads,
            cards=cards,
            requested_by=by.staff_id,
            requested_at=now,
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # the form was sent twice in the same moment
            return queries.batch(session, batch_id, programme_id=by.programme_id)
        record_act(session, "pads.ordered", batch_id, by, now, pads=pads, cards=cards)
    return queries.batch(session, batch_id, programme_id=by.programme_id)


def note_run(session: Session, batch_id: UUID, run_id: UUID, *, by: Actor) -> None:
    """Keep which calculation makes the sheets of a batch. Raises: UnknownBatch."""
    queries.lock_batch(session, batch_id, programme_id=by.programme_id).run_id = run_id
    session.flush()


def reserve(
    session: Session, batch_id: UUID, *, most: int, programme_id: UUID, now: datetime
) -> int:
    """Draw the codes of some more pads of a batch; returns how many are still without.

    Raises: UnknownBatch, BatchStopped.
    """
    batch = queries.lock_batch(session, batch_id, programme_id=programme_id)
    if batch.stopped_at is not None:
        raise BatchStopped
    missing = batch.pads - queries.reserved(session, batch_id)
    count = min(most, missing)
    if batch.printed_at is None and count > 0:
        on = local_date(now, programmes.site(session, batch.site_id).timezone)
        _put_pads(session, batch, count, on=on)
        return missing - count
    return 0


def note_printed(session: Session, batch_id: UUID, *, by: Actor, now: datetime) -> None:
    """Note that the sheets of a batch were taken away: from the first time on its pads can be given.

    Raises: UnknownBatch, BatchStopped.
    """
    batch = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    if batch.stopped_at is not None:
        raise BatchStopped
    batch.printed_at = batch.printed_at or now
    session.flush()
    record_act(session, "pads.printed", batch_id, by, now)


def stop_batch(session: Session, batch_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Give up a batch whose sheets nobody has taken away: its pads and codes are gone.

    Returns False, and changes nothing, where they were taken away: those are voided with a reason.

    Raises: UnknownBatch.
    """
    batch = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    if batch.printed_at is not None:
        return False
    if batch.stopped_at is None:
        batch.stopped_at = now
        session.flush()
        pads = select(CouponPad.id).where(CouponPad.batch_id == batch_id)
        session.execute(delete(ReservedCoupon).where(ReservedCoupon.pad_id.in_(pads)))
        session.execute(delete(CouponPad).where(CouponPad.batch_id == batch_id))
        record_act(session, "pads.stopped", batch_id, by, now)
    return True


def void_batch(session: Session, batch_id: UUID, *, reason: str, by: Actor, now: datetime) -> int:
    """Cancel every pad of a batch that is nobody's; returns how many. Repeating it changes nothing more.

    Raises: UnknownBatch, ReasonNeeded.
    """
    if not reason.strip():
        raise ReasonNeeded
    batch = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    on = local_date(now, programmes.site(session, batch.site_id).timezone)
    rows = session.scalars(
        select(CouponPad)
        .where(CouponPad.batch_id == batch_id, CouponPad.status == PadStatus.BLANK)
        .order_by(CouponPad.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    ended = [row for row in rows if row.status is PadStatus.BLANK]
    for row in ended:
        row.status, row.status_on = PadStatus.VOID, on
    session.flush()
    if ended:
        facts = {"pads": len(ended), "reason": reason.strip()}
        record_act(session, "pads.voided", batch_id, by, now, **facts)
    return len(ended)


def void_pad(
    session: Session, scanned: Code | Token, *, reason: str, by: Actor, now: datetime
) -> None:
    """Cancel the pad that one of its cards names, and keep why.

    Raises: UnknownPad, PadAlreadyGiven, ReasonNeeded.
    """
    if not reason.strip():
        raise ReasonNeeded
    row = queries.lock(session, scanned, programme_id=by.programme_id)
    if row.status is PadStatus.VOID:
        return
    if row.status is not PadStatus.BLANK:
        raise PadAlreadyGiven
    row.status, row.status_on = PadStatus.VOID, _today(session, row, now)
    session.flush()
    record_act(session, "pad.voided", row.id, by, now, reason=reason.strip())


def take(
    session: Session, scanned: Code | Token, *, programme_id: UUID, on: date
) -> tuple[list[Name], Name]:
    """Take the pad that one of its cards names for someone, once; gives its cards from the top, and the scanned one.

    Raises: UnknownPad, PadAlreadyGiven, PadVoid.
    """
    row = queries.lock(session, scanned, programme_id=programme_id)
    _check_blank(row)
    row.status, row.status_on = PadStatus.GIVEN, on
    session.flush()
    return _cards(session, row, scanned)


def promise(
    session: Session,
    scanned: Code | Token,
    participant_id: UUID,
    *,
    given: int | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Keep a pad for someone who has it in her hands and may not have coupons yet.

    Nothing in clear says whose it is. ``visits.settle`` makes it her bundle when she may have one; until then its
    cards are not usable yet. Repeating it changes nothing.

    Raises: UnknownPad, PadAlreadyGiven, PadVoid.
    """
    row = queries.lock(session, scanned, programme_id=by.programme_id)
    keyring = keyring_of(session)
    holder = queries.promised_digest(keyring, participant_id)
    if row.status is PadStatus.PROMISED and row.promised_digest == holder:
        return
    _check_blank(row)
    if queries.promised_to(session, participant_id) is not None:
        raise PadAlreadyGiven(reason="has_another")
    found, card = _cards(session, row, scanned)
    count = len(found) if given is None else max(1, min(given, len(found)))
    taken = handed_over(found, card, count)
    on = _today(session, row, now)
    kept = Promise(participant_id, tuple(code.digits for code, _ in taken), on, by.staff_id)
    row.sealed_contents = queries.seal_contents(keyring, row.id, Contents(tuple(found), kept))
    row.status, row.status_on, row.promised_digest = PadStatus.PROMISED, on, holder
    session.flush()
    record_act(session, "pad.promised", row.id, by, now)


def keep_promise(session: Session, participant_id: UUID) -> tuple[Promise, list[Name]] | None:
    """Take the pad someone was promised: who may say she gets it has looked. None when there is none."""
    row = queries.promised_to(session, participant_id)
    if row is None:
        return None
    contents = queries.open_contents(keyring_of(session), row.id, row.sealed_contents)
    assert contents.promise is not None
    _end_promise(session, row, contents, PadStatus.GIVEN)
    taken = [name for name in contents.names if name[0].digits in contents.promise.codes]
    return contents.promise, taken


def void_promised(
    session: Session, participant_id: UUID, *, reason: str, by: Actor, now: datetime
) -> bool:
    """Cancel the pad of someone who will not have coupons; False when she has none."""
    row = queries.promised_to(session, participant_id)
    if row is None:
        return False
    contents = queries.open_contents(keyring_of(session), row.id, row.sealed_contents)
    _end_promise(session, row, contents, PadStatus.VOID)
    row.status_on = _today(session, row, now)
    session.flush()
    record_act(session, "pad.voided", row.id, by, now, reason=reason)
    return True


def _put_pads(session: Session, batch: PadBatch, count: int, *, on: date) -> None:
    keyring = keyring_of(session)
    drawn = free_names(session, count * batch.cards)
    pads, reserved = [], []
    for start in range(0, len(drawn), batch.cards):
        pad_id, cards = random_id(), tuple(drawn[start : start + batch.cards])
        pads.append(
            {
                "id": pad_id,
                "programme_id": batch.programme_id,
                "batch_id": batch.id,
                "sealed_contents": queries.seal_contents(keyring, pad_id, Contents(cards)),
                "size": batch.cards,
                "status": PadStatus.BLANK,
                "promised_digest": None,
                "status_on": on,
            }
        )
        reserved += [
            {
                "code_digest": reserved_digest(keyring, code),
                "token_digest": reserved_digest(keyring, token),
                "pad_id": pad_id,
            }
            for code, token in cards
        ]
    put(session, CouponPad, pads)
    put(session, ReservedCoupon, reserved)


def _check_blank(row: CouponPad) -> None:
    if row.status is PadStatus.VOID:
        raise PadVoid
    if row.status is not PadStatus.BLANK:
        raise PadAlreadyGiven


def _cards(session: Session, row: CouponPad, scanned: Code | Token) -> tuple[list[Name], Name]:
    names = queries.open_contents(keyring_of(session), row.id, row.sealed_contents).names
    return list(names), next(each for each in names if scanned in each)


def _end_promise(session: Session, row: CouponPad, contents: Contents, status: PadStatus) -> None:
    """Whose it was is forgotten: her bundle says what she has."""
    bare = Contents(contents.names)
    row.sealed_contents = queries.seal_contents(keyring_of(session), row.id, bare)
    row.status, row.promised_digest = status, None
    session.flush()


def _today(session: Session, row: CouponPad, now: datetime) -> date:
    site_id = session.scalar(select(PadBatch.site_id).where(PadBatch.id == row.batch_id))
    assert site_id is not None
    return local_date(now, programmes.site(session, site_id).timezone)
