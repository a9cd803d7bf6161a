"""What a file that came back would change in a batch, and which files were booked."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import Keyring, keyring_of
from app.core.db import in_parts
from app.core.money import Money
from app.domain.answers import rules
from app.domain.answers.errors import UnknownAnswerFile
from app.domain.answers.models import PayoutAnswerFile
from app.domain.answers.rules import Answer, End, Fault, FaultCode, FileState, Sent
from app.domain.batches.models import PayoutBatchLine
from app.domain.batches.rules import HANDED_OUT, LineState
from app.domain.stipends.models import Payout
from app.domain.stipends.queries import payee_digest
from app.domain.stipends.rules import Method


@dataclass(frozen=True)
class Change:
    """What a line of a file says of a line of the batch; ``line_no`` is the file's."""

    line_no: int
    line_id: UUID
    batch_line_no: int
    payment_ref: str
    method: Method
    amount: Money
    before: End
    after: End
    answer: Answer

    @property
    def is_news(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Preview:
    """What a file would change. Nothing is changed by one that has a fault; ``silent`` lines are on their way and not in it."""

    file_id: UUID
    batch_id: UUID
    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    silent: int
    state: FileState = FileState.PREVIEWED

    @property
    def news(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.is_news)


@dataclass(frozen=True)
class AnswerFileFacts:
    id: UUID
    batch_id: UUID
    profile: str
    sha256: str
    state: FileState
    lines: int
    uploaded_by: UUID
    uploaded_at: datetime
    applied_by: UUID | None
    applied_at: datetime | None


@dataclass(frozen=True)
class ToHandOver:
    """Cash or a voucher that was prepared for one person and lies ready for her, under its reference."""

    batch_id: UUID
    line_id: UUID
    payment_ref: str
    method: Method
    amount: Money


def to_hand_over(session: Session, participant_id: UUID, *, programme_id: UUID) -> list[ToHandOver]:
    """What lies ready for someone who is here. Whose a line is can be told only for her: its payment knows her mark."""
    rows = session.execute(
        select(PayoutBatchLine, Payout.payee_digest)
        .join(Payout, Payout.id == PayoutBatchLine.id)
        .where(
            Payout.programme_id == programme_id,
            PayoutBatchLine.state == LineState.SENT,
            PayoutBatchLine.method.in_(HANDED_OUT),
        )
        .order_by(PayoutBatchLine.payment_ref)
    )
    return [
        ToHandOver(
            line.batch_id,
            line.id,
            line.payment_ref,
            line.method,
            Money(line.amount_minor, line.currency),
        )
        for line, payee in rows
        if payee == payee_digest(session, participant_id, line.id)
    ]


def answer_files(session: Session, batch_id: UUID) -> list[AnswerFileFacts]:
    """Files that came back for a batch, newest first; those that were dropped are left out."""
    rows = session.scalars(
        select(PayoutAnswerFile)
        .where(PayoutAnswerFile.batch_id == batch_id, PayoutAnswerFile.state != FileState.DROPPED)
        .order_by(PayoutAnswerFile.uploaded_at.desc(), PayoutAnswerFile.id)
    )
    return [_file(row) for row in rows]


def applied_file(session: Session, programme_id: UUID, digest: bytes) -> AnswerFileFacts | None:
    """Where the very same file was booked before."""
    row = session.scalar(
        select(PayoutAnswerFile).where(
            PayoutAnswerFile.programme_id == programme_id,
            PayoutAnswerFile.sha256 == digest,
            PayoutAnswerFile.state == FileState.APPLIED,
        )
    )
    return _file(row) if row else None


def preview_of(session: Session, file_id: UUID, *, programme_id: UUID) -> Preview:
    """A file that was kept, judged again as things stand now. Raises: UnknownAnswerFile."""
    row = session.get(PayoutAnswerFile, file_id)
    if row is None or row.programme_id != programme_id:
        raise UnknownAnswerFile
    found = judged(session, row.batch_id, open_answers(session, row), file_id=file_id)
    return Preview(
        file_id, row.batch_id, found.changes, found.faults, found.silent, state=row.state
    )


def judged(
    session: Session,
    batch_id: UUID,
    answers: Sequence[Answer],
    *,
    file_id: UUID,
    faults: Sequence[Fault] = (),
) -> Preview:
    """What answers would make of the lines of a batch, with every fault there is, by the lines of their file."""
    rows = {
        row.payment_ref: row
        for row in session.scalars(
            select(PayoutBatchLine)
            .where(PayoutBatchLine.batch_id == batch_id)
            .execution_options(populate_existing=True)
        )
    }
    strange = {each.payment_ref for each in answers} - rows.keys()
    elsewhere = _known_refs(session, strange)
    found = [*faults, *rules.twice(answers)]
    changes = []
    for answer in answers:
        row = rows.get(answer.payment_ref)
        if row is None:
            known = answer.payment_ref in elsewhere
            code = FaultCode.OTHER_BATCH if known else FaultCode.UNKNOWN_REF
            found.append(Fault(answer.line_no, code))
            continue
        if rules.texts_too_long(answer):
            found.append(Fault(answer.line_no, FaultCode.TEXT_TOO_LONG))
        before = End(row.state, row.paid_minor)
        sent = Sent(row.state, row.amount_minor, row.currency, row.paid_minor)
        after = rules.judge(sent, answer)
        if isinstance(after, FaultCode):
            found.append(Fault(answer.line_no, after, {"state": row.state.value}))
            continue
        changes.append(
            Change(
                answer.line_no,
                row.id,
                row.line_no,
                row.payment_ref,
                row.method,
                Money(row.amount_minor, row.currency),
                before,
                after,
                answer,
            )
        )
    silent = sum(
        row.state is LineState.SENT and row.method not in HANDED_OUT for row in rows.values()
    ) - sum(each.before.state is LineState.SENT and each.is_news for each in changes)
    in_order = sorted(found, key=lambda each: (each.line_no, each.code))
    return Preview(file_id, batch_id, tuple(changes), tuple(in_order), max(0, silent))


def open_answers(session: Session, row: PayoutAnswerFile) -> list[Answer]:
    plain = keyring_of(session).open(
        row.sealed_answers, table="payout_answer_file", column="sealed_answers", row=row.id
    )
    return [
        Answer(**{**each, "status": LineState(each["status"]) if each["status"] else None})
        for each in json.loads(plain)
    ]


def seal_answers(keyring: Keyring, file_id: UUID, answers: Sequence[Answer]) -> bytes:
    plain = json.dumps([asdict(each) for each in answers]).encode()
    return keyring.seal(plain, table="payout_answer_file", column="sealed_answers", row=file_id)


def digest_of(body: bytes) -> bytes:
    """What tells one file from another."""
    return sha256(body).digest()


def _file(row: PayoutAnswerFile) -> AnswerFileFacts:
    return AnswerFileFacts(
        row.id,
        row.batch_id,
        row.profile,
        row.sha256.hex(),
        row.state,
        row.lines,
        row.uploaded_by,
        row.uploaded_at,
        row.applied_by,
        row.applied_at,
    )


def _known_refs(session: Session, refs: Collection[str]) -> set[str]:
    wanted, known = sorted(refs), set[str]()
    for some in in_parts(wanted):
        known |= set(
            session.scalars(
                select(PayoutBatchLine.payment_ref).where(PayoutBatchLine.payment_ref.in_(some))
            )
        )
    return known
