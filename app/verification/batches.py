"""Payouts that go out together: their lines, their signatures, and what the ledger says of them."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session, aliased

from app.core.crypto import KeyProblem, keyring_of
from app.domain.answers.models import PayoutAnswerFile
from app.domain.answers.rules import FileState
from app.domain.audit.models import AuditEvent
from app.domain.batches.models import PayoutBatch, PayoutBatchLine
from app.domain.batches.queries import TABLE, content_of
from app.domain.batches.rules import OPEN, SETTLED, BatchState, LineState, Payee
from app.domain.payouts.queries import reservations
from app.domain.stipends import queries as stipends
from app.domain.stipends.models import LedgerEntry, Payout
from app.domain.stipends.rules import Account

LIVE = (BatchState.DRAFT, BatchState.APPROVED)
SENT = (BatchState.RELEASED, BatchState.CLOSED)
_state = type_coerce(PayoutBatch.state, String)
_line_state = type_coerce(PayoutBatchLine.state, String)


@dataclass(frozen=True)
class Line:
    id: UUID
    batch_id: UUID
    state: str
    batch_state: str
    currencies: frozenset[str]
    minor: int
    paid: int | None
    payee: Payee | None


def lines(session: Session) -> Iterator[str]:
    """Each line is the sum of the accruals it names, in its batch's currency; no accrual waits in two, or was sent twice."""
    minors = {
        row.id: row.amount_minor
        for row in session.execute(
            select(LedgerEntry.id, LedgerEntry.amount_minor).where(
                type_coerce(LedgerEntry.credit, String) == Account.STIPENDS_PAYABLE.value
            )
        )
    }
    named: Counter[UUID] = Counter()
    for line in _lines(session):
        if len(line.currencies) != 1:
            yield f"line {line.id} is not in the currency of its batch"
        if line.payee is None:  # told by the check of the seals
            continue
        accruals = dict(line.payee.accruals)
        if line.minor != sum(accruals.values()):
            yield f"line {line.id} is not the sum of what it names"
        if any(minors.get(each) != minor for each, minor in accruals.items()):
            yield f"line {line.id} names what is not owed so in the ledger"
        if line.state != LineState.REMOVED.value and line.batch_state != BatchState.VOID.value:
            named.update(accruals.keys())
    for accrual, count in named.items():
        if count > 1:
            yield f"accrual {accrual} stands in {count} lines"


def states(session: Session) -> Iterator[str]:
    """A line that was sent is a payout, and the ledger has what became of it; a batch is closed when none is open."""
    payouts = {row.id: row for row in session.scalars(select(Payout))}
    settled = _settled(session)
    open_lines: Counter[UUID] = Counter()
    for line in _lines(session):
        was_sent = line.batch_state in SENT
        open_lines[line.batch_id] += line.state in OPEN
        if (line.state in OPEN or line.state in SETTLED) and not was_sent:
            yield f"line {line.id} is {line.state} in a batch that is {line.batch_state}"
        if line.state == LineState.WAITING.value and was_sent:
            yield f"line {line.id} waits in a batch that was released"
        found = payouts.get(line.id)
        is_payout = line.state in OPEN or line.state in SETTLED
        if is_payout != (found is not None):
            yield f"line {line.id} is {line.state}, but its payout does not say so"
        if found is None or line.payee is None:
            continue
        accruals = [each for each, _ in line.payee.accruals]
        whose = stipends.payee_digest(session, line.payee.participant_id, line.id)
        if (found.amount_minor, found.payee_digest) != (line.minor, whose) or set(
            _accruals(session, found)
        ) != set(accruals):
            yield f"line {line.id} was paid as something else than it is"
        ends = [
            settled[cause]
            for each in accruals
            if (cause := stipends.cause_digest(session, stipends.SETTLED, each)) in settled
        ]
        booked = sum(ends) if len(ends) == len(accruals) else None if not ends else -1
        if booked != line.paid:
            yield f"line {line.id} is {line.state}, but the ledger says otherwise"
    for batch, state in session.execute(select(PayoutBatch.id, _state)):
        if state in SENT and (state == BatchState.CLOSED.value) != (open_lines[batch] == 0):
            yield f"batch {batch} is {state} with {open_lines[batch]} open lines"


def reserved(session: Session) -> Iterator[str]:
    """Money is kept aside only for a line that waits in a batch that was not released."""
    waiting = {
        line.id: {each for each, _ in line.payee.accruals}
        for line in _lines(session)
        if line.payee and line.batch_state in LIVE and line.state == LineState.WAITING.value
    }
    try:
        kept = reservations(session)
    except KeyProblem:  # told by the check of the seals
        return
    for each in kept:
        if each.accrual_id not in waiting.get(each.line_id, ()):
            yield f"accrual {each.accrual_id} is kept aside for no line that waits"


def frozen(session: Session) -> Iterator[str]:
    """What was approved is what there is."""
    signed = select(PayoutBatch.id).where(PayoutBatch.content_hash.is_not(None))
    for batch in session.scalars(signed).all():
        try:
            row = session.get_one(PayoutBatch, batch, populate_existing=True)
            is_same = content_of(session, row) == row.content_hash
        except LookupError:  # a word that is none of its list
            is_same = False
        if not is_same:
            yield f"batch {batch} is not what was approved"


def signatures(session: Session) -> Iterator[str]:
    """Preparer, approvers and payer are different people, enough of them, and the record knows each."""
    known: dict[str, set[tuple[str, UUID | None]]] = defaultdict(set)
    for act, subject, who in session.execute(
        select(AuditEvent.action, AuditEvent.subject, AuditEvent.staff_id).where(
            AuditEvent.action.in_(("batch.prepared", "batch.approved", "batch.released"))
        )
    ):
        known[subject].add((act, who))
    signed_rows = select(
        PayoutBatch.id,
        PayoutBatch.prepared_by,
        PayoutBatch.approved_by,
        PayoutBatch.second_approved_by,
        PayoutBatch.released_by,
        PayoutBatch.reviewed_by,
        PayoutBatch.needs_second,
        PayoutBatch.is_self_release,
        _state.label("word"),
    )
    for row in session.execute(signed_rows):
        approvals = [each for each in (row.approved_by, row.second_approved_by) if each]
        signed = [row.prepared_by, *approvals]
        if row.released_by and not row.is_self_release:
            signed.append(row.released_by)
        if len(set(signed)) != len(signed):
            yield f"batch {row.id} was signed twice by one person"
        needed = 2 if row.needs_second else 1
        is_signed = row.is_self_release or len(approvals) >= needed
        if row.word in (BatchState.APPROVED, *SENT) and not is_signed:
            yield f"batch {row.id} is {row.word} without the approvals it needs"
        if row.is_self_release and row.released_by not in (None, row.prepared_by):
            yield f"batch {row.id} was released by another than it says"
        if row.reviewed_by and row.reviewed_by == row.released_by:
            yield f"batch {row.id} was reviewed by whoever released it"
        acts = {
            ("batch.prepared", row.prepared_by),
            *(("batch.approved", each) for each in approvals),
            *([("batch.released", row.released_by)] if row.released_by else []),
        }
        if acts - known[str(row.id)]:
            yield f"batch {row.id} has a signature that the record does not know"


def answer_files(session: Session) -> Iterator[str]:
    """The same file was booked once."""
    applied = type_coerce(PayoutAnswerFile.state, String) == FileState.APPLIED.value
    hashes = Counter(
        (programme, bytes(digest))
        for programme, digest in session.execute(
            select(PayoutAnswerFile.programme_id, PayoutAnswerFile.sha256).where(applied)
        )
    )
    for (_, digest), count in hashes.items():
        if count > 1:
            yield f"file {digest.hex()[:12]} was booked {count} times"


def _lines(session: Session) -> Iterator[Line]:
    keyring = keyring_of(session)
    rows = session.execute(
        select(
            PayoutBatchLine.id,
            PayoutBatchLine.batch_id,
            _line_state.label("line_word"),
            _state.label("word"),
            PayoutBatchLine.currency,
            PayoutBatch.currency,
            PayoutBatchLine.amount_minor,
            PayoutBatchLine.paid_minor,
            PayoutBatchLine.sealed_payee,
        ).join(PayoutBatch, PayoutBatch.id == PayoutBatchLine.batch_id)
    )
    for line, batch, state, batch_state, currency, of_batch, minor, paid, sealed in rows:
        try:
            plain = keyring.open(sealed, table=TABLE, column="sealed_payee", row=line)
            payee = Payee.from_bytes(plain)
        except (KeyProblem, ValueError):
            payee = None
        both = frozenset({currency, of_batch})
        yield Line(line, batch, state, batch_state, both, minor, paid, payee)


def _settled(session: Session) -> dict[bytes, int]:
    """What left clearing by the cause it left for; nothing where it is owed again, or came back."""
    undone = aliased(LedgerEntry)
    rows = session.execute(
        select(
            LedgerEntry.cause_digest,
            LedgerEntry.amount_minor,
            type_coerce(LedgerEntry.credit, String),
            undone.id,
        )
        .outerjoin(undone, undone.reverses == LedgerEntry.id)
        .where(type_coerce(LedgerEntry.debit, String) == Account.CLEARING.value)
    )
    arrived: dict[bytes, int] = {}
    for cause, minor, credit, reversal in rows:
        is_back = credit == Account.STIPENDS_PAYABLE.value or reversal is not None
        arrived[cause] = 0 if is_back else minor
    return arrived


def _accruals(session: Session, row: Any) -> list[UUID]:
    try:
        return stipends.accruals_of(session, row)
    except KeyProblem:
        return []
