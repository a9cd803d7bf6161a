"""Who may do what with a batch, and when: facts in, verdict or error out."""

import json
import re
from collections.abc import Mapping
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
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
REFERENCE_LENGTH = 16
SEALED_LENGTH = 512

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
    RESOLVE = "resolve"


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
    msisdn: str | None = field(repr=False)
    accruals: tuple[tuple[UUID, int], ...]

    def to_bytes(self) -> bytes:
        """As long for one accrual as for a handful: the length of a seal must not count them."""
        accruals = [[accrual.hex, minor] for accrual, minor in self.accruals]
        plain = json.dumps([self.participant_id.hex, self.msisdn, accruals]).encode()
        return plain.ljust(-(-len(plain) // SEALED_LENGTH) * SEALED_LENGTH)

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
    """Whether someone may approve: also a batch its preparer asked to release alone, for she need not be alone then.

    Raises: BatchMovedOn, FourEyes.
    """
    unsigned = batch.is_self_release and not batch.is_approved
    if batch.state is not BatchState.DRAFT and not (
        batch.state is BatchState.APPROVED and unsigned
    ):
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
            until = batch.not_before.isoformat() if batch.not_before else None
            raise SelfReleaseTooEarly(not_before=until)
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


def check_answer(batch: Signatures) -> None:
    """Whether there is anything on its way that an answer could be about; a closed batch may be told again what it knows.

    Raises: BatchMovedOn.
    """
    if batch.state not in (BatchState.RELEASED, BatchState.CLOSED):
        raise BatchMovedOn(state=batch.state.value)


def check_resolve(batch: Signatures, who: UUID) -> None:
    """Whether someone may say how a line ended of which nobody knew: not whoever let the money go.

    Raises: BatchMovedOn, FourEyes.
    """
    check_answer(batch)
    if who == batch.released_by:
        raise FourEyes(part="released")


def end_of_delay(asked_at: datetime, rules: PayoutRules) -> datetime:
    return asked_at + timedelta(days=rules.self_release_after_days)


NEEDED: Mapping[Act, frozenset[Permission]] = {
    Act.CHANGE: frozenset({Permission.PREPARE_PAYOUT}),
    Act.VOID: frozenset({Permission.PREPARE_PAYOUT, Permission.APPROVE_PAYOUT}),
    Act.APPROVE: frozenset({Permission.APPROVE_PAYOUT}),
    Act.RELEASE: frozenset({Permission.RELEASE_PAYOUT}),
    Act.ASK_SELF_RELEASE: frozenset({Permission.RELEASE_PAYOUT}),
    Act.REVIEW: frozenset({Permission.APPROVE_PAYOUT}),
    Act.ANSWER: frozenset({Permission.PREPARE_PAYOUT, Permission.RELEASE_PAYOUT}),
    Act.RESOLVE: frozenset({Permission.PREPARE_PAYOUT, Permission.APPROVE_PAYOUT}),
}
"""Any of these permissions is enough for an act."""
