"""A batch from its preparation to its release: who signs what, frozen, and what any change undoes.

Everyone who writes holds the batch's row first, then people in the order of their ids, then a site's cash.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import apart, in_parts, put
from app.core.ids import random_id, short_label
from app.core.outbox import emit
from app.domain.audit.actions import record
from app.domain.audit.errors import ReasonNeeded
from app.domain.batches import queries, rules
from app.domain.batches.errors import (
    BatchChanged,
    BatchIdReused,
    NothingToPrepare,
    UnknownPayoutLine,
)
from app.domain.batches.events import BatchClosed, BatchReleased, BatchWaits
from app.domain.batches.models import PayoutBatch, PayoutBatchLine
from app.domain.batches.queries import BatchFacts, Candidate
from app.domain.batches.rules import (
    NEEDED,
    REFERENCE_LENGTH,
    Act,
    BatchState,
    LineState,
    Payee,
    Selection,
)
from app.domain.contacts import queries as contacts
from app.domain.participants import queries as participants
from app.domain.payouts import actions as payouts
from app.domain.payouts.queries import PayoutOrder
from app.domain.programmes import queries as programmes
from app.domain.programmes.errors import UnknownSite
from app.domain.programmes.rules import PayoutRules
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.stipends.errors import AccrualChanged
from app.domain.stipends.queries import Books, books_of
from app.domain.stipends.rules import Method


@dataclass(frozen=True)
class Signed:
    """What a signature led to. ``changed`` says that the batch was not what was approved: its approvals are void, and the
    transaction must be committed all the same. ``stale`` are lines whose money is no longer owed as it was.
    """

    batch: BatchFacts
    changed: bool = False
    stale: tuple[UUID, ...] = ()


def prepare(
    session: Session,
    batch_id: UUID,
    selection: Selection,
    *,
    profiles: Mapping[Method, str] | None = None,
    by: Actor,
    now: datetime,
) -> BatchFacts:
    """Put everyone who is owed something into a batch, one line each, and keep it from desks and other batches.

    The same ``batch_id`` again is the batch that was asked for.

    Raises:
        BadSelection, UnknownSite, NotAllowed.
        NothingToPrepare: also for the later of two who ask for the same people at once.
        BatchIdReused: the id is of a batch someone else asked for, or for others.
    """
    require(by, Act.CHANGE)
    profiles = profiles or {}
    rules.check_selection(selection, profiles)
    known = {site.id for site in programmes.sites(session, by.programme_id)}
    if not selection.sites <= known:
        raise UnknownSite
    earlier = session.get(PayoutBatch, batch_id)
    if earlier is None:
        row = _new_batch(session, batch_id, selection, profiles, by, now)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # the form was sent twice in the same moment
            earlier = session.get(PayoutBatch, batch_id)
    if earlier is not None:
        asked = (by.programme_id, by.staff_id, selection.to_json())
        if (earlier.programme_id, earlier.prepared_by, earlier.selection) != asked:
            raise BatchIdReused
        return queries.facts(session, [earlier])[0]
    _fill(session, row, selection)
    found = queries.facts(session, [row])[0]
    _record(session, "batch.prepared", row, by, now, lines=found.total.count)
    waits = BatchWaits(str(row.id), str(by.staff_id))
    emit(session, waits, programme_id=by.programme_id, at=now)
    return found


def choose_profiles(
    session: Session, batch_id: UUID, profiles: Mapping[Method, str], *, by: Actor, now: datetime
) -> BatchFacts:
    """Say in which layout each method's file goes out. Another choice voids what was approved.

    Raises: UnknownPayoutBatch, BadSelection, BatchMovedOn, NotAllowed.
    """
    require(by, Act.CHANGE)
    rules.check_selection(Selection(), profiles)
    row = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    chosen = {method.value: slug for method, slug in profiles.items()}
    if row.profiles != chosen:
        rules.check_change(queries.signatures(row))
        _void_approvals(session, row, "profiles", by, now)
        row.profiles = chosen
        session.flush()
        _record(session, "batch.profiles_chosen", row, by, now, **chosen)
    return queries.facts(session, [row])[0]


def take_out(
    session: Session,
    batch_id: UUID,
    line_ids: Collection[UUID],
    *,
    reason: str,
    by: Actor,
    now: datetime,
) -> BatchFacts:
    """Take lines out of a batch: their people can be paid elsewhere, and whatever was approved is void.

    Lines that are out already stay out.

    Raises: UnknownPayoutBatch, UnknownPayoutLine, BatchMovedOn, ReasonNeeded, NotAllowed.
    """
    require(by, Act.CHANGE)
    why = _reason(reason)
    row = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    lines = _lines(session, row, line_ids)
    leaving = [each for each in lines if each.state is not LineState.REMOVED]
    if leaving:
        rules.check_change(queries.signatures(row))
        _void_approvals(session, row, "lines_taken_out", by, now)
        for each in leaving:
            payouts.free(session, batch_id=row.id, line_id=each.id)
        set_state(session, [each.id for each in leaving], LineState.REMOVED)
        numbers = sorted(each.line_no for each in leaving)
        _record(session, "batch.lines_taken_out", row, by, now, lines=numbers, reason=why)
    return queries.facts(session, [row])[0]


def void(session: Session, batch_id: UUID, *, reason: str, by: Actor, now: datetime) -> BatchFacts:
    """Give up a batch that was not released: everyone in it can be paid elsewhere. Repeating it changes nothing.

    Raises: UnknownPayoutBatch, BatchMovedOn, ReasonNeeded, NotAllowed.
    """
    require(by, Act.VOID)
    why = _reason(reason)
    row = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    if row.state is not BatchState.VOID:
        rules.check_change(queries.signatures(row))
        payouts.free(session, batch_id=row.id)
        row.state, row.voided_by, row.voided_at = BatchState.VOID, by.staff_id, now
        row.void_reason = why
        session.flush()
        _record(session, "batch.voided", row, by, now, reason=why)
    return queries.facts(session, [row])[0]


def approve(session: Session, batch_id: UUID, *, seen: str, by: Actor, now: datetime) -> Signed:
    """Approve what one has looked at (``seen`` is ``queries.seen``), and freeze it; large sums need two people.

    Approving again what one approved changes nothing.

    Raises:
        UnknownPayoutBatch, BatchMovedOn, FourEyes, NothingToPrepare, NotAllowed.
        BatchChanged: it is no longer what was looked at.
    """
    require(by, Act.APPROVE)
    row = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    if by.staff_id in (row.approved_by, row.second_approved_by):
        return Signed(queries.facts(session, [row])[0])
    rules.check_approve(queries.signatures(row), by.staff_id)
    content = queries.content_of(session, row)
    if row.content_hash is not None and content != row.content_hash:
        return _changed(session, row, "content", by, now)
    if content is None or content.hex() != seen:
        raise BatchChanged
    _freeze(session, row, content)
    if row.approved_by is None:
        row.approved_by, row.approved_at = by.staff_id, now
    else:
        row.second_approved_by, row.second_approved_at = by.staff_id, now
    if queries.signatures(row).is_approved:
        row.state = BatchState.APPROVED
    session.flush()
    _record(session, "batch.approved", row, by, now, content=content.hex()[:16])
    return Signed(queries.facts(session, [row])[0])


def release(session: Session, batch_id: UUID, *, by: Actor, now: datetime) -> Signed:
    """Let the money go: every line is booked as a payout on its way. Releasing again what one released changes nothing.

    Where the batch is not what was approved, a line is no longer owed as it was, or would go to a number that is no longer
    hers, nothing goes: the approvals are void, and the answer says so.

    Raises:
        UnknownPayoutBatch, BatchMovedOn, FourEyes, ApprovalMissing, NotAllowed.
        SelfReleaseTooEarly, SecondPersonThere: of a preparer who is alone.
    """
    require(by, Act.RELEASE)
    row = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    if row.released_by == by.staff_id:
        return Signed(queries.facts(session, [row])[0])
    there = queries.others(session, row)
    rules.check_release(queries.signatures(row), by.staff_id, there, now=now)
    if queries.content_of(session, row) != row.content_hash:
        return _changed(session, row, "content", by, now)
    waiting = _waiting(session, row)
    orders = _orders(waiting)
    hold_people(session, [order.participant_id for order in orders])
    if given_up := _given_up(session, row, waiting):
        return _changed(session, row, "number_changed", by, now, given_up)
    try:
        with apart(session) as inner:
            payouts.pay_out(inner, all_books(inner, row, now), orders, by=by.staff_id)
    except AccrualChanged as error:
        named = error.facts.get("payouts")
        stale = tuple(UUID(each) for each in named) if isinstance(named, list) else ()
        return _changed(session, row, "no_longer_owed", by, now, stale)
    if row.is_self_release and by.staff_id != row.prepared_by:
        _forget_self_release(row)
    row.released_by, row.released_at, row.state = by.staff_id, now, BatchState.RELEASED
    session.flush()
    set_state(session, [order.payout_id for order in orders], LineState.SENT)
    facts = {"lines": len(orders), "self_release": row.is_self_release}
    _record(session, "batch.released", row, by, now, **facts)
    emit(session, BatchReleased(str(row.id)), programme_id=row.programme_id, at=now)
    return Signed(queries.facts(session, [row])[0])


def ask_self_release(
    session: Session, batch_id: UUID, *, seen: str, reason: str, by: Actor, now: datetime
) -> BatchFacts:
    """Ask to release one's own batch, where nobody else is there who could: after a delay, and to be looked at later.

    What can be approved by someone else must have been. Asking again changes nothing.

    Raises:
        UnknownPayoutBatch, BatchMovedOn, FourEyes, ApprovalMissing, SecondPersonThere, SelfReleaseOff.
        BatchChanged: it is no longer what was looked at, or approved.
        NothingToPrepare, ReasonNeeded, NotAllowed.
    """
    require(by, Act.ASK_SELF_RELEASE)
    why = _reason(reason)
    row = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    if row.is_self_release and row.prepared_by == by.staff_id:
        return queries.facts(session, [row])[0]
    payout_rules = _payout_rules(session, row)
    there = queries.others(session, row)
    rules.check_ask_self_release(queries.signatures(row), by.staff_id, there, payout_rules)
    content = queries.content_of(session, row)
    if content is None or content.hex() != seen or row.content_hash not in (None, content):
        raise BatchChanged
    _freeze(session, row, content)
    row.is_self_release, row.self_release_reason = True, why
    row.self_release_asked_at = now
    row.not_before = rules.end_of_delay(now, payout_rules)
    row.state = BatchState.APPROVED
    session.flush()
    until = row.not_before.isoformat()
    _record(session, "batch.self_release_asked", row, by, now, reason=why, not_before=until)
    return queries.facts(session, [row])[0]


def review(session: Session, batch_id: UUID, *, note: str, by: Actor, now: datetime) -> BatchFacts:
    """Look at a batch its preparer released herself, and keep what was found. The same person's second look is the first.

    Raises: UnknownPayoutBatch, NothingToReview, FourEyes, ReasonNeeded, NotAllowed.
    """
    require(by, Act.REVIEW)
    found = _reason(note)
    row = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    if row.reviewed_by != by.staff_id:
        rules.check_review(queries.signatures(row), by.staff_id)
        row.reviewed_by, row.reviewed_at, row.review_note = by.staff_id, now, found
        session.flush()
        _record(session, "batch.reviewed", row, by, now, note=found)
    return queries.facts(session, [row])[0]


def note_file_taken(
    session: Session, batch_id: UUID, *, method: Method, profile: str, by: Actor, now: datetime
) -> None:
    """Keep that someone took the file of a method away, with whole numbers in it.

    Raises:
        UnknownPayoutBatch, NotAllowed.
        BatchMovedOn: nothing of it goes out before it is released.
    """
    require(by, Act.ANSWER)
    row = queries.lock_batch(session, batch_id, programme_id=by.programme_id)
    rules.check_answer(queries.signatures(row))
    _record(session, "batch.file_taken", row, by, now, method=method.value, profile=profile)


def close_if_done(session: Session, row: PayoutBatch, *, now: datetime) -> None:
    """A batch of which no line is open any more is closed."""
    open_lines = select(func.count()).where(
        PayoutBatchLine.batch_id == row.id, PayoutBatchLine.state.in_(rules.OPEN)
    )
    if row.state is BatchState.RELEASED and not session.scalar(open_lines):
        row.state, row.closed_at = BatchState.CLOSED, now
        session.flush()
        emit(session, BatchClosed(str(row.id)), programme_id=row.programme_id, at=now)


def hold_people(session: Session, people: Iterable[UUID]) -> None:
    """Hold the rows of many people until commit, in the order of their ids."""
    participants.lock_all(session, people)


def all_books(session: Session, row: PayoutBatch, now: datetime) -> dict[UUID, Books]:
    """The books of every site of a batch's programme."""
    return {
        site.id: books_of(session, row.programme_id, site.id, now=now)[0]
        for site in programmes.sites(session, row.programme_id)
    }


def set_state(session: Session, line_ids: Sequence[UUID], state: LineState) -> None:
    for some in in_parts(line_ids):
        session.execute(
            update(PayoutBatchLine)
            .where(PayoutBatchLine.id.in_(some))
            .values(state=state)
            .execution_options(synchronize_session=False)
        )


def require(by: Actor, act: Act) -> None:
    """Raises: NotAllowed."""
    if not any(by.may(each) for each in NEEDED[act]):
        raise NotAllowed(permission=min(each.value for each in NEEDED[act]))


def _new_batch(
    session: Session,
    batch_id: UUID,
    selection: Selection,
    profiles: Mapping[Method, str],
    by: Actor,
    now: datetime,
) -> PayoutBatch:
    return PayoutBatch(
        id=batch_id,
        programme_id=by.programme_id,
        site_id=next(iter(selection.sites)) if len(selection.sites) == 1 else None,
        currency=programmes.programme(session, by.programme_id).currency,
        state=BatchState.DRAFT,
        selection=selection.to_json(),
        profiles={method.value: slug for method, slug in profiles.items()},
        left_out={},
        prepared_by=by.staff_id,
        prepared_at=now,
    )


def _fill(session: Session, row: PayoutBatch, selection: Selection) -> None:
    first, _ = queries.candidates(session, row.programme_id, selection)
    held = {each.participant_id for each in first}
    hold_people(session, held)
    # Until they were held, some may have been paid at a desk or put into another batch.
    chosen, left_out = queries.candidates(session, row.programme_id, selection, among=held)
    if not chosen:
        raise NothingToPrepare
    keyring, lines, accruals = keyring_of(session), [], {}
    named = sorted(((each.method.value, random_id(), each) for each in chosen), key=_by_name)
    for number, (_, line_id, each) in enumerate(named, start=1):
        accruals[line_id] = each.accruals
        lines.append(
            {
                "id": line_id,
                "batch_id": row.id,
                "line_no": number,
                "payment_ref": "P" + short_label(REFERENCE_LENGTH - 1),
                "method": each.method,
                "site_id": each.accruals[0].site_id,
                "sealed_payee": queries.seal_payee(keyring, line_id, _payee(each)),
                "amount_minor": sum(accrual.amount.minor for accrual in each.accruals),
                "currency": row.currency,
                "state": LineState.WAITING,
            }
        )
    put(session, PayoutBatchLine, lines)
    payouts.reserve(session, accruals, batch_id=row.id)
    row.left_out = queries.tallied(left_out)
    session.flush()


def _by_name(named: tuple[str, UUID, Candidate]) -> tuple[str, UUID]:
    return named[0], named[1]


def _payee(found: Candidate) -> Payee:
    accruals = tuple((each.id, each.amount.minor) for each in found.accruals)
    return Payee(found.participant_id, found.msisdn, accruals)


def _waiting(session: Session, row: PayoutBatch) -> list[tuple[PayoutBatchLine, Payee]]:
    """Everything a batch pays, and whom."""
    lines = session.scalars(
        select(PayoutBatchLine).where(
            PayoutBatchLine.batch_id == row.id, PayoutBatchLine.state == LineState.WAITING
        )
    ).all()
    payees = queries.open_payees(keyring_of(session), lines)
    return list(zip(lines, payees, strict=True))


def _given_up(
    session: Session, row: PayoutBatch, waiting: Sequence[tuple[PayoutBatchLine, Payee]]
) -> tuple[UUID, ...]:
    """Lines whose people have taken back or changed the number since: somebody else may have that telephone by now."""
    now_hers = contacts.contacts_of_all(session, row.programme_id)
    return tuple(
        line.id
        for line, payee in waiting
        if payee.msisdn
        and (
            payee.participant_id not in now_hers
            or now_hers[payee.participant_id].msisdn != payee.msisdn
        )
    )


def _orders(waiting: Iterable[tuple[PayoutBatchLine, Payee]]) -> list[PayoutOrder]:
    """The same as payouts, by the ids of their people."""
    orders = [
        PayoutOrder(
            line.id,
            payee.participant_id,
            line.site_id,
            tuple(accrual for accrual, _ in payee.accruals),
            line.method,
        )
        for line, payee in waiting
    ]
    return sorted(orders, key=lambda order: order.participant_id)


def _freeze(session: Session, row: PayoutBatch, content: bytes) -> None:
    total = queries.facts(session, [row])[0].total
    if not total.count:
        raise NothingToPrepare
    if row.content_hash is None:
        row.content_hash = content
        row.needs_second = rules.needs_second(total.amount.minor, _payout_rules(session, row))


def _changed(
    session: Session,
    row: PayoutBatch,
    why: str,
    by: Actor,
    now: datetime,
    stale: tuple[UUID, ...] = (),
) -> Signed:
    _void_approvals(session, row, why, by, now)
    return Signed(queries.facts(session, [row])[0], changed=True, stale=stale)


def _void_approvals(session: Session, row: PayoutBatch, why: str, by: Actor, now: datetime) -> None:
    """Back to a draft that nobody has signed; the record keeps who had, and through what it became void."""
    if row.content_hash is None:
        return
    signed = [str(each) for each in (row.approved_by, row.second_approved_by) if each]
    row.state, row.content_hash, row.needs_second = BatchState.DRAFT, None, False
    row.approved_by = row.approved_at = None
    row.second_approved_by = row.second_approved_at = None
    _forget_self_release(row)
    session.flush()
    _record(session, "batch.approvals_voided", row, by, now, why=why, approved_by=signed)


def _forget_self_release(row: PayoutBatch) -> None:
    row.is_self_release = False
    row.self_release_reason = row.self_release_asked_at = row.not_before = None


def _lines(
    session: Session, row: PayoutBatch, line_ids: Collection[UUID]
) -> Sequence[PayoutBatchLine]:
    found = session.scalars(
        select(PayoutBatchLine)
        .where(PayoutBatchLine.batch_id == row.id)
        .order_by(PayoutBatchLine.line_no)
        .execution_options(populate_existing=True)
    ).all()
    wanted = set(line_ids)
    if wanted - {each.id for each in found}:
        raise UnknownPayoutLine
    return [each for each in found if each.id in wanted]


def _payout_rules(session: Session, row: PayoutBatch) -> PayoutRules:
    return programmes.current_protocol(session, row.programme_id).rules.payouts


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonNeeded
    return text.strip()


def _record(
    session: Session, act: str, row: PayoutBatch, by: Actor, now: datetime, **facts: object
) -> None:
    record(
        session,
        act,
        subject=row.id,
        staff_id=by.staff_id,
        programme_id=row.programme_id,
        at=now,
        facts=facts,
    )
