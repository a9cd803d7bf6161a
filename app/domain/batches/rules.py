"""Who may do what with a batch, and what an answer makes of a line: facts in, verdict or error out."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.batches.errors import (
    ApprovalMissing,
    BadSelection,
    BatchMovedOn,
    FourEyes,
    NothingToReview,
    SecondPersonThere,
    SelfReleaseOff,
    SelfReleaseTooEarly,
)
from app.domain.programmes.rules import PayoutRules
from app.domain.staff.rules import Permission
from app.domain.stipends.rules import Method

MOST_LINES = 10_000
LONGEST_TEXT = 500
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
REFERENCE_LENGTH = 16

# Handed from hand to hand; the others go to a phone.
HANDED_OUT = frozenset({Method.CASH, Method.VOUCHER})
TO_A_PHONE = frozenset(Method) - HANDED_OUT


class BatchState(StrEnum):
    """*Released* is booked and on its way; *closed* is one of which no line is open any more."""

    DRAFT = "draft"
    APPROVED = "approved"
    RELEASED = "released"
    CLOSED = "closed"
    VOID = "void"


class LineState(StrEnum):
    """*Unknown* was sent, and nobody can say what became of it: it is not tried again until a person has found out."""

    WAITING = "waiting"
    SENT = "sent"
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REMOVED = "removed"


OPEN = frozenset({LineState.SENT, LineState.UNKNOWN})
SETTLED = frozenset({LineState.PAID, LineState.PARTLY_PAID, LineState.FAILED})
MAY_CHANGE = frozenset({BatchState.DRAFT, BatchState.APPROVED})


class FileState(StrEnum):
    PREVIEWED = "previewed"
    APPLIED = "applied"
    DROPPED = "dropped"


class LeftOut(StrEnum):
    """Why someone who is owed money has no line in a batch."""

    WAITS_FOR_DECISION = "waits_for_decision"
    NO_NUMBER = "no_number"
    OTHER_METHOD = "other_method"
    OTHER_SITE = "other_site"
    TOO_LITTLE = "too_little"
    TOO_RECENT = "too_recent"
    NO_ROOM = "no_room"


class Act(StrEnum):
    """What can be done with a batch."""

    CHANGE = "change"
    VOID = "void"
    APPROVE = "approve"
    RELEASE = "release"
    ASK_SELF_RELEASE = "ask_self_release"
    REVIEW = "review"
    ANSWER = "answer"


@dataclass(frozen=True)
class Selection:
    """Whom a batch is prepared for. No site is every site; ``at_least`` is in minor units, ``owed_by`` the last day of accrual."""

    methods: frozenset[Method] = frozenset(Method)
    sites: frozenset[UUID] = frozenset()
    at_least: int = 0
    owed_by: date | None = None

    def to_json(self) -> dict[str, object]:
        return {
            "methods": sorted(self.methods),
            "sites": sorted(site.hex for site in self.sites),
            "at_least": self.at_least,
            "owed_by": self.owed_by.isoformat() if self.owed_by else None,
        }


@dataclass(frozen=True)
class Payee:
    """What the seal of a line hides: who is paid, where to, and for which accruals (id and minor units)."""

    participant_id: UUID
    msisdn: str | None
    accruals: tuple[tuple[UUID, int], ...]

    def to_bytes(self) -> bytes:
        accruals = [[accrual.hex, minor] for accrual, minor in self.accruals]
        return json.dumps([self.participant_id.hex, self.msisdn, accruals]).encode()

    @classmethod
    def from_bytes(cls, plain: bytes) -> "Payee":
        person, msisdn, accruals = json.loads(plain)
        return cls(UUID(person), msisdn, tuple((UUID(each), minor) for each, minor in accruals))


@dataclass(frozen=True)
class Signatures:
    """Who has had a part in a batch, and what it still needs."""

    state: BatchState
    prepared_by: UUID
    approved_by: UUID | None = None
    second_approved_by: UUID | None = None
    released_by: UUID | None = None
    needs_second: bool = False
    is_self_release: bool = False
    not_before: datetime | None = None
    reviewed_by: UUID | None = None

    @property
    def approvals(self) -> frozenset[UUID]:
        return frozenset({self.approved_by, self.second_approved_by} - {None})  # type: ignore[arg-type]

    @property
    def is_approved(self) -> bool:
        return len(self.approvals) >= (2 if self.needs_second else 1)


@dataclass(frozen=True)
class Others:
    """Who else there is: people with a log-in, beside the preparer, at the batch's site or everywhere."""

    approvers: frozenset[UUID] = frozenset()
    payers: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Answer:
    """A line of a file that came back, as it was read: ``line_no`` is its line in the file, ``paid_minor`` None where the file
    has no amount. Without a ``status`` the amount alone decides. *Sent* says nothing new.
    """

    line_no: int
    payment_ref: str
    status: LineState | None
    paid_minor: int | None = None
    provider_receipt: str = ""
    completed_at: str = ""
    error: str = ""
    currency: str | None = None


class FaultCode(StrEnum):
    UNKNOWN_REF = "unknown_ref"
    OTHER_BATCH = "other_batch"
    TWICE = "twice"
    NOT_SENT = "not_sent"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_STATUS = "wrong_status"
    MORE_THAN_OWED = "more_than_owed"
    BELOW_ZERO = "below_zero"
    AMOUNT_MISSING = "amount_missing"
    CONTRADICTS_ITSELF = "contradicts_itself"
    SETTLED_OTHERWISE = "settled_otherwise"
    NEEDS_A_PERSON = "needs_a_person"
    HANDED_OUT = "handed_out"
    TEXT_TOO_LONG = "text_too_long"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line of a file; ``facts`` are safe to show."""

    line_no: int
    code: FaultCode
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """A line as far as an answer to it is judged."""

    state: LineState
    amount_minor: int
    currency: str
    paid_minor: int | None = None


@dataclass(frozen=True)
class End:
    """What became of a line."""

    state: LineState
    paid_minor: int | None


def check_selection(selection: Selection, profiles: Mapping[Method, str]) -> None:
    """Raises: BadSelection."""
    if not selection.methods:
        raise BadSelection(field="methods")
    if not 0 <= selection.at_least < 2**40:
        raise BadSelection(field="at_least")
    if not all(SLUG.fullmatch(slug) for slug in profiles.values()):
        raise BadSelection(field="profiles")


def needs_second(total_minor: int, rules: PayoutRules) -> bool:
    """Whether so much money needs two approvals; a threshold of 0 is none.

    >>> rules = PayoutRules(second_approval_from=100_000)
    >>> [needs_second(minor, rules) for minor in (99_999, 100_000)]
    [False, True]
    """
    return 0 < rules.second_approval_from <= total_minor


def check_change(batch: Signatures) -> None:
    """Raises: BatchMovedOn."""
    if batch.state not in MAY_CHANGE:
        raise BatchMovedOn(state=batch.state.value)


def check_approve(batch: Signatures, who: UUID) -> None:
    """Raises: BatchMovedOn, FourEyes."""
    if batch.state is not BatchState.DRAFT:
        raise BatchMovedOn(state=batch.state.value)
    if who == batch.prepared_by or who in batch.approvals:
        raise FourEyes(part="prepared" if who == batch.prepared_by else "approved")


def check_release(batch: Signatures, who: UUID, others: Others, *, now: datetime) -> None:
    """Whether someone may let the money go: another than prepared or approved it, or the preparer after her delay.

    Raises:
        BatchMovedOn, ApprovalMissing, FourEyes, SelfReleaseTooEarly.
        SecondPersonThere: someone has come since who could do it.
    """
    if batch.state is BatchState.DRAFT:
        raise ApprovalMissing
    if batch.state is not BatchState.APPROVED:
        raise BatchMovedOn(state=batch.state.value)
    if who in batch.approvals:
        raise FourEyes(part="approved")
    if who == batch.prepared_by:
        if not batch.is_self_release:
            raise FourEyes(part="prepared")
        _check_alone(batch, others)
        if batch.not_before is None or now < batch.not_before:
            raise SelfReleaseTooEarly(not_before=batch.not_before)
    elif not batch.is_approved:
        raise ApprovalMissing


def check_ask_self_release(
    batch: Signatures, who: UUID, others: Others, rules: PayoutRules
) -> None:
    """Whether a preparer may ask to release her own batch: only where nobody else is there to do what is left.

    Raises:
        SelfReleaseOff, BatchMovedOn, FourEyes, ApprovalMissing, SecondPersonThere.
    """
    if not rules.self_release_after_days:
        raise SelfReleaseOff
    if batch.state not in MAY_CHANGE or batch.is_self_release:
        raise BatchMovedOn(state=batch.state.value)
    if who != batch.prepared_by:
        raise FourEyes(part="none")
    _check_alone(batch, others)


def _check_alone(batch: Signatures, others: Others) -> None:
    if not batch.is_approved and others.approvers - batch.approvals - {batch.prepared_by}:
        raise ApprovalMissing
    if others.payers - batch.approvals - {batch.prepared_by}:
        raise SecondPersonThere


def check_review(batch: Signatures, who: UUID) -> None:
    """Raises: NothingToReview, FourEyes."""
    if not batch.is_self_release or batch.released_by is None or batch.reviewed_by is not None:
        raise NothingToReview
    if who == batch.released_by:
        raise FourEyes(part="released")


def first_day_of_self_release(asked_at: datetime, rules: PayoutRules) -> datetime:
    return asked_at + timedelta(days=rules.self_release_after_days)


NEEDED: Mapping[Act, frozenset[Permission]] = {
    Act.CHANGE: frozenset({Permission.PREPARE_PAYOUT}),
    Act.VOID: frozenset({Permission.PREPARE_PAYOUT, Permission.APPROVE_PAYOUT}),
    Act.APPROVE: frozenset({Permission.APPROVE_PAYOUT}),
    Act.RELEASE: frozenset({Permission.RELEASE_PAYOUT}),
    Act.ASK_SELF_RELEASE: frozenset({Permission.RELEASE_PAYOUT}),
    Act.REVIEW: frozenset({Permission.APPROVE_PAYOUT}),
    Act.ANSWER: frozenset({Permission.PREPARE_PAYOUT, Permission.RELEASE_PAYOUT}),
}
"""Any of these permissions is enough for an act."""


def judge(line: Sent, answer: Answer) -> End | FaultCode:
    """What an answer makes of a line: as much as was owed is paid, less is partly paid, nothing is failed.

    >>> line = Sent(LineState.SENT, 500, "UAH")
    >>> judge(line, Answer(2, "P", LineState.PAID, 300))
    End(state=<LineState.PARTLY_PAID: 'partly_paid'>, paid_minor=300)
    >>> judge(line, Answer(2, "P", None, 501))
    <FaultCode.MORE_THAN_OWED: 'more_than_owed'>
    """
    if answer.currency is not None and answer.currency != line.currency:
        return FaultCode.WRONG_CURRENCY
    if line.state in (LineState.WAITING, LineState.REMOVED):
        return FaultCode.NOT_SENT
    end = _end(line, answer)
    if isinstance(end, FaultCode):
        return end
    if line.state in SETTLED:
        if end.state in OPEN:  # an older file than the one that settled it
            return FaultCode.SETTLED_OTHERWISE if end.state is LineState.UNKNOWN else _as_is(line)
        same = (end.state, end.paid_minor) == (line.state, line.paid_minor)
        return end if same else FaultCode.SETTLED_OTHERWISE
    if line.state is LineState.UNKNOWN:
        return FaultCode.NEEDS_A_PERSON if end.state in SETTLED else _as_is(line)
    return end


def _end(line: Sent, answer: Answer) -> End | FaultCode:
    status, paid = answer.status, answer.paid_minor
    if paid is not None and paid < 0:
        return FaultCode.BELOW_ZERO
    if paid is not None and paid > line.amount_minor:
        return FaultCode.MORE_THAN_OWED
    if status in OPEN:
        return FaultCode.CONTRADICTS_ITSELF if paid else End(status, None)
    if status is LineState.FAILED:
        return FaultCode.CONTRADICTS_ITSELF if paid else End(LineState.FAILED, 0)
    if status is LineState.PAID and paid is None:
        paid = line.amount_minor
    if status not in (None, LineState.PAID, LineState.PARTLY_PAID):
        return FaultCode.WRONG_STATUS
    if paid is None:
        return FaultCode.AMOUNT_MISSING
    if paid == 0 and status is not None:
        return FaultCode.CONTRADICTS_ITSELF
    if paid == line.amount_minor:
        return End(LineState.PAID, paid)
    return End(LineState.PARTLY_PAID, paid) if paid else End(LineState.FAILED, 0)


def _as_is(line: Sent) -> End:
    return End(line.state, line.paid_minor)


def twice(answers: Sequence[Answer]) -> list[Fault]:
    """A reference stands once in a file; every further line of it is a fault.

    >>> [fault.line_no for fault in twice([Answer(2, "P1", None), Answer(3, "P2", None), Answer(4, "P1", None)])]
    [4]
    """
    first: dict[str, int] = {}
    found = []
    for answer in answers:
        earlier = first.setdefault(answer.payment_ref, answer.line_no)
        if earlier != answer.line_no:
            found.append(Fault(answer.line_no, FaultCode.TWICE, {"first": earlier}))
    return found
