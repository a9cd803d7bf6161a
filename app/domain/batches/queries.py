"""What is in a batch, what would be, and how far it has come."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.core.crypto import KeyProblem, Keyring, keyring_of
from app.core.errors import DomainError
from app.core.money import Money
from app.domain.audit import queries as audit
from app.domain.batches import rules
from app.domain.batches.errors import UnknownPayoutBatch, UnknownPayoutLine
from app.domain.batches.models import PayoutBatch, PayoutBatchLine
from app.domain.batches.rules import (
    MOST_LINES,
    NEEDED,
    TO_A_PHONE,
    Act,
    BatchState,
    LeftOut,
    LineState,
    Others,
    Payee,
    Selection,
    Signatures,
)
from app.domain.contacts import queries as contacts
from app.domain.contacts.rules import masked
from app.domain.participants import queries as participants
from app.domain.programmes import queries as programmes
from app.domain.staff import queries as staff
from app.domain.staff.queries import Actor
from app.domain.staff.rules import PERMISSIONS, Permission
from app.domain.stipends import queries as stipends
from app.domain.stipends.queries import Accrual
from app.domain.stipends.rules import Method

TABLE = "payout_batch_line"


@dataclass(frozen=True)
class Tally:
    count: int
    amount: Money


@dataclass(frozen=True)
class Outlook:
    """What a batch would be: people by method, and who would be left out and why."""

    people: dict[Method, Tally]
    left_out: dict[LeftOut, Tally]


@dataclass(frozen=True)
class Candidate:
    """Someone a batch can pay."""

    participant_id: UUID
    method: Method
    msisdn: str | None = field(repr=False)
    accruals: tuple[Accrual, ...]


@dataclass(frozen=True)
class BatchFacts:
    """A batch and how far it has come. ``content`` is its frozen hash; removed lines count in ``by_state`` only."""

    id: UUID
    programme_id: UUID
    site_id: UUID | None
    currency: str
    state: BatchState
    selection: Selection
    profiles: dict[Method, str]
    left_out: dict[LeftOut, Tally]
    signatures: Signatures
    prepared_at: datetime
    approved_at: datetime | None
    second_approved_at: datetime | None
    released_at: datetime | None
    closed_at: datetime | None
    voided_by: UUID | None
    voided_at: datetime | None
    void_reason: str | None
    self_release_reason: str | None
    self_release_asked_at: datetime | None
    reviewed_at: datetime | None
    review_note: str | None
    content: str | None
    by_method: dict[Method, Tally]
    by_state: dict[LineState, Tally]
    paid: Money

    @property
    def total(self) -> Tally:
        tallies = self.by_method.values()
        minor = sum(each.amount.minor for each in tallies)
        return Tally(sum(each.count for each in tallies), Money(minor, self.currency))

    def count(self, *states: LineState) -> int:
        return sum(self.by_state[state].count for state in states if state in self.by_state)


@dataclass(frozen=True)
class LineFacts:
    """A line as pages show it: of the number only its end."""

    id: UUID
    line_no: int
    payment_ref: str
    method: Method
    site_id: UUID
    msisdn: str | None
    amount: Money
    state: LineState
    paid: Money | None
    provider_receipt: str | None
    completed_at: str | None
    error: str | None
    settled_on: date | None
    settled_by: UUID | None
    evidence: str | None
    resolved_by: UUID | None


@dataclass(frozen=True)
class Outgoing:
    """A line as it leaves the house: the only place where a number is whole."""

    line_no: int
    payment_ref: str
    msisdn: str | None = field(repr=False)
    amount: Money


@dataclass(frozen=True)
class Waiting:
    """What of a programme's batches waits for someone, or for a provider. Batches are counted with their money."""

    to_approve: Tally
    to_release: Tally
    to_review: Tally
    on_its_way: Tally
    unknown: Tally
    failed: Tally


def look_before(session: Session, programme_id: UUID, selection: Selection) -> Outlook:
    """What a batch for this selection would be now, without making it."""
    chosen, left_out = candidates(session, programme_id, selection)
    currency = programmes.programme(session, programme_id).currency
    people: dict[Method, list[int]] = defaultdict(list)
    for each in chosen:
        people[each.method].append(sum(accrual.amount.minor for accrual in each.accruals))
    return Outlook(
        {method: _tally(people[method], currency) for method in Method if people[method]},
        {why: _tally(left_out[why], currency) for why in LeftOut if left_out.get(why)},
    )


def candidates(
    session: Session,
    programme_id: UUID,
    selection: Selection,
    *,
    among: Collection[UUID] | None = None,
) -> tuple[list[Candidate], dict[LeftOut, list[int]]]:
    """Everyone (``among`` some) a batch can pay by their ids, and what others are owed by why they are left out."""
    owed = stipends.owed_by_person(session, programme_id)
    wishes = contacts.contacts_of_all(session, programme_id)
    doubted = participants.waiting_for_decision(session, programme_id)
    chosen: list[Candidate] = []
    left_out: dict[LeftOut, list[int]] = defaultdict(list)

    def leave(why: LeftOut, accruals: Iterable[Accrual]) -> None:
        if minor := sum(each.amount.minor for each in accruals):
            left_out[why].append(minor)

    for person in sorted(owed):
        accruals = owed[person]
        if person in doubted:
            leave(LeftOut.WAITS_FOR_DECISION, accruals)
            continue
        wish = wishes.get(person)
        method = wish.method if wish else Method.CASH
        if method not in selection.methods:
            leave(LeftOut.OTHER_METHOD, accruals)
            continue
        msisdn = wish.msisdn if wish and method in TO_A_PHONE else None
        if method in TO_A_PHONE and not msisdn:
            leave(LeftOut.NO_NUMBER, accruals)
            continue
        here = [each for each in accruals if not selection.sites or each.site_id in selection.sites]
        leave(LeftOut.OTHER_SITE, [each for each in accruals if each not in here])
        old = [
            each for each in here if not selection.owed_by or each.entered_on <= selection.owed_by
        ]
        leave(LeftOut.TOO_RECENT, [each for each in here if each not in old])
        if sum(each.amount.minor for each in old) < max(1, selection.at_least):
            leave(LeftOut.TOO_LITTLE, old)
        elif len(chosen) >= MOST_LINES:
            leave(LeftOut.NO_ROOM, old)
        elif among is None or person in among:
            oldest_first = sorted(old, key=lambda each: (each.entered_on, each.id))
            chosen.append(Candidate(person, method, msisdn, tuple(oldest_first)))
    return chosen, left_out


def batch(session: Session, batch_id: UUID, *, programme_id: UUID) -> BatchFacts:
    """Raises: UnknownPayoutBatch."""
    row = session.scalar(_batches(programme_id).where(PayoutBatch.id == batch_id))
    if row is None:
        raise UnknownPayoutBatch
    return facts(session, [row])[0]


def batches(
    session: Session,
    programme_id: UUID,
    *,
    states: Collection[BatchState] = (),
    limit: int = 50,
    offset: int = 0,
) -> list[BatchFacts]:
    """The newest first, of all states or some."""
    found = _batches(programme_id)
    if states:
        found = found.where(PayoutBatch.state.in_(states))
    found = found.order_by(PayoutBatch.prepared_at.desc(), PayoutBatch.id).limit(limit)
    return facts(session, list(session.scalars(found.offset(offset))))


def to_review(session: Session, programme_id: UUID) -> list[BatchFacts]:
    """Batches their preparer released herself and nobody has looked at since, oldest first."""
    found = _unreviewed(programme_id).order_by(PayoutBatch.released_at, PayoutBatch.id)
    return facts(session, list(session.scalars(found)))


def lines(
    session: Session,
    batch_id: UUID,
    *,
    states: Collection[LineState] = (),
    methods: Collection[Method] = (),
    limit: int | None = None,
    offset: int = 0,
) -> list[LineFacts]:
    """The lines of a batch by number, of all states and methods or some."""
    found = select(PayoutBatchLine).where(*_among(batch_id, states, methods))
    rows = session.scalars(
        found.order_by(PayoutBatchLine.line_no).limit(limit).offset(offset)
    ).all()
    return [_line(keyring_of(session), row) for row in rows]


def count_lines(
    session: Session,
    batch_id: UUID,
    *,
    states: Collection[LineState] = (),
    methods: Collection[Method] = (),
) -> int:
    counted = select(func.count()).where(*_among(batch_id, states, methods))
    return session.scalar(counted) or 0


def line(session: Session, batch_id: UUID, line_id: UUID) -> LineFacts:
    """Raises: UnknownPayoutLine."""
    row = session.get(PayoutBatchLine, line_id)
    if row is None or row.batch_id != batch_id:
        raise UnknownPayoutLine
    return _line(keyring_of(session), row)


def line_by_ref(session: Session, programme_id: UUID, payment_ref: str) -> LineFacts | None:
    """The line a reference names, as a person types it."""
    row = session.scalar(
        select(PayoutBatchLine)
        .join(PayoutBatch, PayoutBatch.id == PayoutBatchLine.batch_id)
        .where(
            PayoutBatch.programme_id == programme_id,
            PayoutBatchLine.payment_ref == payment_ref.strip().upper(),
        )
    )
    return _line(keyring_of(session), row) if row else None


def batch_of_line(session: Session, line_id: UUID) -> UUID | None:
    """The batch in which a payout went out, by the payout's id; None for one handed out at a desk."""
    return session.scalar(select(PayoutBatchLine.batch_id).where(PayoutBatchLine.id == line_id))


def outgoing(session: Session, batch_id: UUID, method: Method) -> list[Outgoing]:
    """What goes out by a method, with whole numbers. Note who took it: ``actions.note_file_taken``."""
    keyring = keyring_of(session)
    rows = session.scalars(
        select(PayoutBatchLine)
        .where(
            PayoutBatchLine.batch_id == batch_id,
            PayoutBatchLine.method == method,
            PayoutBatchLine.state != LineState.REMOVED,
        )
        .order_by(PayoutBatchLine.line_no)
    ).all()
    payees = open_payees(keyring, rows)
    return [
        Outgoing(row.line_no, row.payment_ref, payee.msisdn, Money(row.amount_minor, row.currency))
        for row, payee in zip(rows, payees, strict=True)
    ]


def history(session: Session, batch_id: UUID, *, programme_id: UUID) -> list[audit.Entry]:
    """Every act with a batch, oldest first: also approvals that became void, why and through whom."""
    return audit.about(session, programme_id, batch_id)


def content_of(session: Session, row: PayoutBatch) -> bytes | None:
    """A keyed hash of everything that goes out: people, numbers, amounts, accruals, references, profiles.

    None where a seal does not open: that is no batch anyone can have approved.
    """
    keyring = keyring_of(session)
    kept = session.scalars(
        select(PayoutBatchLine)
        .where(PayoutBatchLine.batch_id == row.id, PayoutBatchLine.state != LineState.REMOVED)
        .order_by(PayoutBatchLine.line_no, PayoutBatchLine.id)
        .execution_options(populate_existing=True)
    ).all()
    try:
        payees = open_payees(keyring, kept)
    except KeyProblem:
        return None
    return keyring.digest("payout-batch", canonical(row, kept, payees))


def seen(session: Session, batch_id: UUID, *, programme_id: UUID) -> str:
    """What stands for a batch as it is now, to be sent back with a signature: it holds only for what was looked at."""
    row = session.scalar(_batches(programme_id).where(PayoutBatch.id == batch_id))
    if row is None:
        raise UnknownPayoutBatch
    content = content_of(session, row)
    return content.hex() if content else ""


def canonical(row: PayoutBatch, kept: Sequence[PayoutBatchLine], payees: Sequence[Payee]) -> str:
    """Everything that goes out as one text, the same on every database."""
    out = [
        [
            each.line_no,
            each.id.hex,
            each.payment_ref,
            each.method.value,
            each.site_id.hex,
            payee.participant_id.hex,
            payee.msisdn,
            each.amount_minor,
            each.currency,
            sorted([accrual.hex, minor] for accrual, minor in payee.accruals),
        ]
        for each, payee in zip(kept, payees, strict=True)
    ]
    head = [row.id.hex, row.programme_id.hex, row.currency, row.prepared_by.hex, row.profiles]
    return json.dumps([*head, out], sort_keys=True, separators=(",", ":"))


def open_payees(keyring: Keyring, rows: Iterable[PayoutBatchLine]) -> list[Payee]:
    """Raises: KeyProblem."""
    sealed = ((row.id, row.sealed_payee) for row in rows)
    return [
        Payee.from_bytes(plain)
        for plain in keyring.open_all(sealed, table=TABLE, column="sealed_payee")
    ]


def seal_payee(keyring: Keyring, line_id: UUID, payee: Payee) -> bytes:
    return keyring.seal(payee.to_bytes(), table=TABLE, column="sealed_payee", row=line_id)


def others(session: Session, row: BatchFacts | PayoutBatch) -> Others:
    """Who has a log-in now and could sign this batch: of its site or of the whole programme, beside its preparer."""
    preparer = row.signatures.prepared_by if isinstance(row, BatchFacts) else row.prepared_by
    there = [
        each
        for each in staff.staff_of(session, row.programme_id)
        if each.left_at is None
        and each.id != preparer
        and (row.site_id is None or each.site_id in (None, row.site_id))
    ]

    def having(permission: Permission) -> frozenset[UUID]:
        return frozenset(each.id for each in there if permission in PERMISSIONS[each.role])

    return Others(having(Permission.APPROVE_PAYOUT), having(Permission.RELEASE_PAYOUT))


def acts(
    session: Session, found: BatchFacts, actor: Actor, *, now: datetime
) -> dict[Act, str | None]:
    """What someone can do with a batch now: None where she can, else the code of the refusal."""
    who, there = actor.staff_id, others(session, found)
    payouts = programmes.current_protocol(session, found.programme_id).rules.payouts
    signatures = found.signatures

    def verdict(act: Act) -> str | None:
        if not any(actor.may(each) for each in NEEDED[act]):
            return "not_allowed"
        try:
            match act:
                case Act.CHANGE | Act.VOID:
                    rules.check_change(signatures)
                case Act.APPROVE:
                    rules.check_approve(signatures, who)
                case Act.RELEASE:
                    rules.check_release(signatures, who, there, now=now)
                case Act.ASK_SELF_RELEASE:
                    rules.check_ask_self_release(signatures, who, there, payouts)
                case Act.REVIEW:
                    rules.check_review(signatures, who)
                case Act.ANSWER:
                    rules.check_answer(signatures)
                case Act.RESOLVE:
                    rules.check_resolve(signatures, who)
        except DomainError as error:
            return error.code
        return None

    return {act: verdict(act) for act in Act}


def waiting_for(session: Session, actor: Actor, *, now: datetime) -> dict[Act, int]:
    """How many batches someone can approve, release or review now."""
    found = batches(session, actor.programme_id, states=list(rules.MAY_CHANGE), limit=200)
    found += to_review(session, actor.programme_id)
    counts = dict.fromkeys((Act.APPROVE, Act.RELEASE, Act.REVIEW), 0)
    for each in found:
        possible = acts(session, each, actor, now=now)
        for act in counts:
            counts[act] += possible[act] is None
    return counts


def unknown_for(session: Session, actor: Actor) -> int:
    """Of how many payments someone can say what became of them: not of those she sent out herself."""
    found = (
        select(func.count())
        .select_from(PayoutBatchLine)
        .join(PayoutBatch, PayoutBatch.id == PayoutBatchLine.batch_id)
        .where(
            PayoutBatch.programme_id == actor.programme_id,
            PayoutBatchLine.state == LineState.UNKNOWN,
            PayoutBatch.released_by != actor.staff_id,
        )
    )
    return session.scalar(found) or 0


def waiting(session: Session, programme_id: UUID) -> Waiting:
    currency = programmes.programme(session, programme_id).currency
    live = (
        select(PayoutBatch.state, PayoutBatch.id, func.sum(PayoutBatchLine.amount_minor))
        .join(PayoutBatchLine, PayoutBatchLine.batch_id == PayoutBatch.id)
        .where(
            PayoutBatch.programme_id == programme_id,
            PayoutBatch.state.in_(rules.MAY_CHANGE),
            PayoutBatchLine.state != LineState.REMOVED,
        )
        .group_by(PayoutBatch.state, PayoutBatch.id)
    )
    sums: dict[BatchState, list[int]] = defaultdict(list)
    for state, _, minor in session.execute(live):
        sums[state].append(int(minor))
    by_batch = {state: _tally(sums[state], currency) for state in rules.MAY_CHANGE}
    by_line = {
        state: Tally(count, Money(int(minor), currency))
        for state, count, minor in session.execute(
            select(PayoutBatchLine.state, func.count(), func.sum(PayoutBatchLine.amount_minor))
            .join(PayoutBatch, PayoutBatch.id == PayoutBatchLine.batch_id)
            .where(
                PayoutBatch.programme_id == programme_id,
                PayoutBatchLine.state.in_((*rules.OPEN, LineState.FAILED)),
            )
            .group_by(PayoutBatchLine.state)
        )
    }
    none = Tally(0, Money(0, currency))
    unreviewed = [each.total.amount.minor for each in to_review(session, programme_id)]
    return Waiting(
        by_batch[BatchState.DRAFT],
        by_batch[BatchState.APPROVED],
        _tally(unreviewed, currency),
        by_line.get(LineState.SENT, none),
        by_line.get(LineState.UNKNOWN, none),
        by_line.get(LineState.FAILED, none),
    )


def lock_batch(session: Session, batch_id: UUID, *, programme_id: UUID) -> PayoutBatch:
    """The row of a batch, held until commit. Raises: UnknownPayoutBatch."""
    row = session.scalar(
        _batches(programme_id)
        .where(PayoutBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownPayoutBatch
    return row


def facts(session: Session, rows: Sequence[PayoutBatch]) -> list[BatchFacts]:
    sums = session.execute(
        select(
            PayoutBatchLine.batch_id,
            PayoutBatchLine.method,
            PayoutBatchLine.state,
            func.count(),
            func.sum(PayoutBatchLine.amount_minor),
            func.sum(func.coalesce(PayoutBatchLine.paid_minor, 0)),
        )
        .where(PayoutBatchLine.batch_id.in_([row.id for row in rows]))
        .group_by(PayoutBatchLine.batch_id, PayoutBatchLine.method, PayoutBatchLine.state)
    ).all()
    return [_facts(row, [each[1:] for each in sums if each[0] == row.id]) for row in rows]


def _facts(row: PayoutBatch, sums: Sequence[Sequence[object]]) -> BatchFacts:
    by_method: dict[Method, list[int]] = {}
    by_state: dict[LineState, list[int]] = {}
    paid = 0
    for method, state, count, minor, settled in sums:
        assert isinstance(method, Method)
        assert isinstance(state, LineState)
        paid += int(str(settled))
        groups = [by_state.setdefault(state, [0, 0])]
        if state is not LineState.REMOVED:
            groups.append(by_method.setdefault(method, [0, 0]))
        for group in groups:
            group[0] += int(str(count))
            group[1] += int(str(minor))

    def tally(group: Sequence[int]) -> Tally:
        return Tally(group[0], Money(group[1], row.currency))

    asked = row.selection
    return BatchFacts(
        id=row.id,
        programme_id=row.programme_id,
        site_id=row.site_id,
        currency=row.currency,
        state=row.state,
        selection=Selection(
            frozenset(Method(each) for each in asked["methods"]),
            frozenset(UUID(each) for each in asked["sites"]),
            asked["at_least"],
            date.fromisoformat(asked["owed_by"]) if asked["owed_by"] else None,
        ),
        profiles={Method(method): slug for method, slug in row.profiles.items()},
        left_out={LeftOut(why): tally(group) for why, group in row.left_out.items()},
        signatures=signatures(row),
        prepared_at=row.prepared_at,
        approved_at=row.approved_at,
        second_approved_at=row.second_approved_at,
        released_at=row.released_at,
        closed_at=row.closed_at,
        voided_by=row.voided_by,
        voided_at=row.voided_at,
        void_reason=row.void_reason,
        self_release_reason=row.self_release_reason,
        self_release_asked_at=row.self_release_asked_at,
        reviewed_at=row.reviewed_at,
        review_note=row.review_note,
        content=row.content_hash.hex() if row.content_hash else None,
        by_method={each: tally(by_method[each]) for each in Method if each in by_method},
        by_state={each: tally(by_state[each]) for each in LineState if each in by_state},
        paid=Money(paid, row.currency),
    )


def signatures(row: PayoutBatch) -> Signatures:
    return Signatures(
        row.state,
        row.prepared_by,
        row.approved_by,
        row.second_approved_by,
        row.released_by,
        row.needs_second,
        row.is_self_release,
        row.not_before,
        row.reviewed_by,
    )


def _line(keyring: Keyring, row: PayoutBatchLine) -> LineFacts:
    try:
        msisdn = open_payees(keyring, [row])[0].msisdn
    except KeyProblem:  # told by ``pdi verify``, and by whoever tries to release the batch
        msisdn = None
    return LineFacts(
        row.id,
        row.line_no,
        row.payment_ref,
        row.method,
        row.site_id,
        masked(msisdn) if msisdn else None,
        Money(row.amount_minor, row.currency),
        row.state,
        None if row.paid_minor is None else Money(row.paid_minor, row.currency),
        row.provider_receipt,
        row.completed_at,
        row.error,
        row.settled_on,
        row.settled_by,
        row.evidence,
        row.resolved_by,
    )


def _tally(minors: Sequence[int], currency: str) -> Tally:
    return Tally(len(minors), Money(sum(minors), currency))


def _among(
    batch_id: UUID, states: Collection[LineState], methods: Collection[Method]
) -> list[ColumnElement[bool]]:
    found = [PayoutBatchLine.batch_id == batch_id]
    if states:
        found.append(PayoutBatchLine.state.in_(states))
    if methods:
        found.append(PayoutBatchLine.method.in_(methods))
    return found


def _batches(programme_id: UUID) -> Select[PayoutBatch]:
    return select(PayoutBatch).where(PayoutBatch.programme_id == programme_id)


def _unreviewed(programme_id: UUID) -> Select[PayoutBatch]:
    return _batches(programme_id).where(
        PayoutBatch.is_self_release,
        PayoutBatch.released_by.is_not(None),
        PayoutBatch.reviewed_by.is_(None),
    )


def tallied(left_out: Mapping[LeftOut, Sequence[int]]) -> dict[str, object]:
    """Who was left out, as a batch keeps it: people and minor units by why."""
    return {why.value: [len(each), sum(each)] for why, each in left_out.items() if each}
