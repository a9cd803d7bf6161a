"""What became of what was sent: files that came back, money handed over, and lines whose end a person found out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.answers import queries
from app.domain.answers.errors import (
    AnswerFileDropped,
    AnswersRefused,
    EvidenceNeeded,
    FileAlreadyApplied,
    LineSettled,
    NotHandedOut,
    UnknownAnswerFile,
)
from app.domain.answers.models import PayoutAnswerFile
from app.domain.answers.queries import Preview
from app.domain.answers.rules import Answer, End, Fault, FileState, end_of
from app.domain.batches import queries as batches
from app.domain.batches import rules
from app.domain.batches.actions import all_books, close_if_done, hold_people, require
from app.domain.batches.errors import BatchIdReused, UnknownPayoutLine
from app.domain.batches.models import PayoutBatch, PayoutBatchLine
from app.domain.batches.queries import BatchFacts
from app.domain.batches.rules import HANDED_OUT, OPEN, Act, LineState
from app.domain.payouts import actions as payouts
from app.domain.staff.actions import record_act
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission

_SETTLE = (
    update(PayoutBatchLine)
    .where(PayoutBatchLine.id == bindparam("line"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "state",
                "paid_minor",
                "provider_receipt",
                "completed_at",
                "error",
                "settled_on",
                "settled_by",
                "evidence",
                "resolved_by",
            )
        }
    )
)


def preview(
    session: Session,
    file_id: UUID,
    batch_id: UUID,
    answers: Sequence[Answer],
    *,
    sha256: bytes,
    profile: str,
    faults: Sequence[Fault] = (),
    by: Actor,
    now: datetime,
) -> Preview:
    """Show what a file would change, with every fault in it; one without faults is kept, sealed, to be booked or dropped.

    ``faults`` are those its reader found. The same ``file_id`` again is the file that was kept.

    Raises:
        UnknownPayoutBatch, BatchMovedOn, NotAllowed.
        FileAlreadyApplied: the very same file was booked before.
        BatchIdReused: the id is another file's.
    """
    require(by, Act.ANSWER)
    found = batches.batch(session, batch_id, programme_id=by.programme_id)
    rules.check_answer(found.signatures)
    earlier = session.get(PayoutAnswerFile, file_id)
    if earlier is not None:
        if (earlier.batch_id, earlier.sha256) != (batch_id, sha256):
            raise BatchIdReused
        return queries.preview_of(session, file_id, programme_id=by.programme_id)
    _refuse_applied(session, by.programme_id, sha256)
    shown = queries.judged(session, batch_id, answers, file_id=file_id, faults=faults)
    if shown.faults:
        return shown
    row = PayoutAnswerFile(
        id=file_id,
        programme_id=by.programme_id,
        batch_id=batch_id,
        profile=profile,
        sha256=sha256,
        state=FileState.PREVIEWED,
        lines=len(answers),
        sealed_answers=queries.seal_answers(keyring_of(session), file_id, answers),
        uploaded_by=by.staff_id,
        uploaded_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the form was sent twice in the same moment
        return queries.preview_of(session, file_id, programme_id=by.programme_id)
    facts = {"lines": len(answers), "news": len(shown.news), "file": sha256.hex()[:16]}
    record_act(session, "batch.answers_previewed", batch_id, by, now, **facts)
    return shown


def apply(session: Session, file_id: UUID, *, by: Actor, now: datetime) -> Preview:
    """Book a file that was looked at, all of it or nothing. Booking it again changes nothing.

    Lines that are settled as the file says stay as they are.

    Raises:
        UnknownAnswerFile, AnswerFileDropped, NotAllowed.
        FileAlreadyApplied: the very same file was booked under another id.
        AnswersRefused: something was settled otherwise since it was looked at.
        FloatTooLow: a site's cash does not hold what the file says was handed out.
    """
    require(by, Act.ANSWER)
    row, held = _lock_file(session, file_id, by)
    if row.state is FileState.APPLIED:
        return queries.preview_of(session, file_id, programme_id=by.programme_id)
    if row.state is FileState.DROPPED:
        raise AnswerFileDropped
    _refuse_applied(session, by.programme_id, row.sha256)
    answers = queries.open_answers(session, row)
    shown = queries.judged(session, held.id, answers, file_id=file_id)
    if shown.faults:
        raise AnswersRefused(faults=len(shown.faults))
    _settle(
        session, held, {each.line_id: (each.after, each.answer) for each in shown.news}, by, now
    )
    row.state, row.applied_by, row.applied_at = FileState.APPLIED, by.staff_id, now
    try:
        session.flush()
    except (
        IntegrityError
    ) as error:  # the same file of the same bytes was booked for another batch meanwhile
        raise FileAlreadyApplied from error
    facts = {"lines": row.lines, "news": len(shown.news), "file": row.sha256.hex()[:16]}
    record_act(session, "batch.answers_applied", held.id, by, now, **facts)
    return shown


def drop(session: Session, file_id: UUID, *, by: Actor, now: datetime) -> None:
    """Put a file that was looked at aside; doing it twice is harmless.

    Raises: UnknownAnswerFile, FileAlreadyApplied, NotAllowed.
    """
    require(by, Act.ANSWER)
    row, held = _lock_file(session, file_id, by)
    if row.state is FileState.APPLIED:
        raise FileAlreadyApplied
    if row.state is FileState.PREVIEWED:
        row.state = FileState.DROPPED
        session.flush()
        record_act(session, "batch.answers_dropped", held.id, by, now, file=row.sha256.hex()[:16])


def hand_over(
    session: Session,
    batch_id: UUID,
    line_ids: Collection[UUID] | None = None,
    *,
    by: Actor,
    now: datetime,
) -> BatchFacts:
    """Note that cash or vouchers were handed to the people of some lines, or of all that are open.

    Raises: UnknownPayoutBatch, UnknownPayoutLine, BatchMovedOn, NotHandedOut, LineSettled, FloatTooLow, NotAllowed.
    """
    return _hand_out(session, batch_id, line_ids, _all_of_it, "batch.handed_over", by, now)


def not_collected(
    session: Session,
    batch_id: UUID,
    line_ids: Collection[UUID] | None = None,
    *,
    by: Actor,
    now: datetime,
) -> BatchFacts:
    """Note that people did not come for cash or vouchers: it is owed again, to be paid at a desk or in another batch.

    Raises: UnknownPayoutBatch, UnknownPayoutLine, BatchMovedOn, NotHandedOut, LineSettled, NotAllowed.
    """
    return _hand_out(session, batch_id, line_ids, _nothing_of_it, "batch.not_collected", by, now)


def mark_unknown(
    session: Session, batch_id: UUID, line_ids: Collection[UUID], *, by: Actor, now: datetime
) -> BatchFacts:
    """Note that nobody can say what became of lines that were sent: a person has to find out.

    Raises: UnknownPayoutBatch, UnknownPayoutLine, BatchMovedOn, LineSettled, NotAllowed.
    """
    require(by, Act.ANSWER)
    held = _lock_answering(session, batch_id, by)
    found = _chosen(session, held, line_ids)
    if settled := [each for each in found if each.state not in OPEN]:
        raise LineSettled(line=settled[0].line_no, state=settled[0].state.value)
    ends = {
        each.id: (End(LineState.UNKNOWN, None), None)
        for each in found
        if each.state is LineState.SENT
    }
    _settle(session, held, ends, by, now)
    if ends:
        record_act(session, "batch.marked_unknown", held.id, by, now, lines=_numbers(found))
    return batches.facts(session, [held])[0]


def resolve(
    session: Session,
    batch_id: UUID,
    line_id: UUID,
    *,
    paid_minor: int,
    evidence: str,
    by: Actor,
    now: datetime,
) -> BatchFacts:
    """Settle a line that no file settled, with what shows how it ended. Whoever released the batch cannot.

    The same again changes nothing.

    Raises:
        UnknownPayoutBatch, UnknownPayoutLine, BatchMovedOn, EvidenceNeeded, FourEyes, NotAllowed.
        MoreThanOwed, BadAmount.
        LineSettled: its end is known already, and was another.
    """
    held, line, found = _to_judge(session, batch_id, line_id, evidence, by)
    end = end_of(line.amount_minor, paid_minor)
    if line.state not in OPEN:
        if (line.resolved_by, line.state, line.paid_minor) == (by.staff_id, *_parts(end)):
            return batches.facts(session, [held])[0]
        raise LineSettled(line=line.line_no, state=line.state.value)
    _settle(session, held, {line.id: (end, None)}, by, now, evidence=found)
    facts = {"line": line.line_no, "state": end.state.value, "evidence": found}
    record_act(session, "batch.line_resolved", held.id, by, now, **facts)
    return batches.facts(session, [held])[0]


def bounce(
    session: Session, batch_id: UUID, line_id: UUID, *, evidence: str, by: Actor, now: datetime
) -> BatchFacts:
    """Note that money which had arrived came back: it is owed again. Whoever released the batch cannot.

    Raises:
        UnknownPayoutBatch, UnknownPayoutLine, BatchMovedOn, EvidenceNeeded, FourEyes, NotAllowed.
        LineSettled: nothing of it had arrived.
    """
    held, line, found = _to_judge(session, batch_id, line_id, evidence, by)
    if line.state is LineState.FAILED and line.resolved_by == by.staff_id:
        return batches.facts(session, [held])[0]
    if not line.paid_minor:
        raise LineSettled(line=line.line_no, state=line.state.value)
    _hold(session, [line])
    books = all_books(session, held, now)[line.site_id]
    payouts.bounce_payout(session, books, payout_id=line.id, reason=found, by=by.staff_id, now=now)
    line.state, line.paid_minor = LineState.FAILED, 0
    line.evidence, line.resolved_by = found, by.staff_id
    session.flush()
    record_act(session, "batch.line_came_back", held.id, by, now, line=line.line_no, evidence=found)
    return batches.facts(session, [held])[0]


def _hand_out(
    session: Session,
    batch_id: UUID,
    line_ids: Collection[UUID] | None,
    end: Callable[[PayoutBatchLine], End],
    act: str,
    by: Actor,
    now: datetime,
) -> BatchFacts:
    if not by.may(Permission.PAY_STIPEND):
        raise NotAllowed(permission=Permission.PAY_STIPEND.value)
    held = _lock_answering(session, batch_id, by)
    found = _chosen(session, held, line_ids)
    if line_ids is None:
        found = [each for each in found if each.method in HANDED_OUT and each.state in OPEN]
    for each in found:
        if each.method not in HANDED_OUT:
            raise NotHandedOut(line=each.line_no)
        if each.state not in OPEN and (each.state, each.paid_minor) != _parts(end(each)):
            raise LineSettled(line=each.line_no, state=each.state.value)
    fresh = [each for each in found if each.state in OPEN]
    _settle(session, held, {each.id: (end(each), None) for each in fresh}, by, now)
    if fresh:
        record_act(session, act, held.id, by, now, lines=_numbers(fresh))
    return batches.facts(session, [held])[0]


def _all_of_it(line: PayoutBatchLine) -> End:
    return End(LineState.PAID, line.amount_minor)


def _nothing_of_it(_line: PayoutBatchLine) -> End:
    return End(LineState.FAILED, 0)


def _settle(
    session: Session,
    held: PayoutBatch,
    ends: Mapping[UUID, tuple[End, Answer | None]],
    by: Actor,
    now: datetime,
    *,
    evidence: str | None = None,
) -> None:
    """Book how lines ended, in the ledger and on the lines; the last closes the batch."""
    if not ends:
        return
    rows = [each for each in _all_lines(session, held) if each.id in ends]
    _hold(session, rows)
    books = all_books(session, held, now)
    paid = {line: end.paid_minor for line, (end, _) in ends.items() if end.paid_minor is not None}
    payouts.settle_payouts(session, books, paid)
    session.connection().execute(
        _SETTLE,
        [_line_after(row, *ends[row.id], books[row.site_id].on, by, evidence) for row in rows],
    )
    session.expire_all()
    close_if_done(session, held, now=now)


def _line_after(
    row: PayoutBatchLine,
    end: End,
    answer: Answer | None,
    on: date,
    by: Actor,
    evidence: str | None,
) -> dict[str, object]:
    is_open = end.paid_minor is None
    return {
        "line": row.id,
        "new_state": end.state,
        "new_paid_minor": end.paid_minor,
        "new_provider_receipt": (answer and answer.provider_receipt) or row.provider_receipt,
        "new_completed_at": (answer and answer.completed_at) or row.completed_at,
        "new_error": (answer and answer.error) or row.error,
        "new_settled_on": None if is_open else on,
        "new_settled_by": None if is_open else by.staff_id,
        "new_evidence": evidence or row.evidence,
        "new_resolved_by": by.staff_id if evidence else row.resolved_by,
    }


def _to_judge(
    session: Session, batch_id: UUID, line_id: UUID, evidence: str, by: Actor
) -> tuple[PayoutBatch, PayoutBatchLine, str]:
    require(by, Act.RESOLVE)
    if not evidence.strip():
        raise EvidenceNeeded
    held = batches.lock_batch(session, batch_id, programme_id=by.programme_id)
    rules.check_resolve(batches.signatures(held), by.staff_id)
    (line,) = _chosen(session, held, [line_id])
    return held, line, evidence.strip()


def _lock_answering(session: Session, batch_id: UUID, by: Actor) -> PayoutBatch:
    held = batches.lock_batch(session, batch_id, programme_id=by.programme_id)
    rules.check_answer(batches.signatures(held))
    return held


def _lock_file(session: Session, file_id: UUID, by: Actor) -> tuple[PayoutAnswerFile, PayoutBatch]:
    """A file and its batch, the batch held first: whoever books another file for it waits."""
    found = session.get(PayoutAnswerFile, file_id)
    if found is None or found.programme_id != by.programme_id:
        raise UnknownAnswerFile
    held = batches.lock_batch(session, found.batch_id, programme_id=by.programme_id)
    session.refresh(found, with_for_update=True)
    return found, held


def _refuse_applied(session: Session, programme_id: UUID, sha256: bytes) -> None:
    if earlier := queries.applied_file(session, programme_id, sha256):
        at = earlier.applied_at.isoformat() if earlier.applied_at else None
        raise FileAlreadyApplied(at=at, batch=str(earlier.batch_id))


def _all_lines(session: Session, held: PayoutBatch) -> Sequence[PayoutBatchLine]:
    return session.scalars(
        select(PayoutBatchLine)
        .where(PayoutBatchLine.batch_id == held.id)
        .order_by(PayoutBatchLine.line_no)
        .execution_options(populate_existing=True)
    ).all()


def _chosen(
    session: Session, held: PayoutBatch, line_ids: Collection[UUID] | None
) -> list[PayoutBatchLine]:
    rows = _all_lines(session, held)
    wanted = {each.id for each in rows} if line_ids is None else set(line_ids)
    if wanted - {each.id for each in rows}:
        raise UnknownPayoutLine
    return [each for each in rows if each.id in wanted]


def _hold(session: Session, rows: Sequence[PayoutBatchLine]) -> None:
    payees = batches.open_payees(keyring_of(session), rows)
    hold_people(session, {each.participant_id for each in payees})


def _parts(end: End) -> tuple[LineState, int | None]:
    return end.state, end.paid_minor


def _numbers(rows: Sequence[PayoutBatchLine]) -> list[int]:
    return sorted(each.line_no for each in rows)
