"""What an answer makes of a line that was sent: pure decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.batches.rules import OPEN, SETTLED, LineState

LONGEST_TEXT = 500


class FileState(StrEnum):
    PREVIEWED = "previewed"
    APPLIED = "applied"
    DROPPED = "dropped"


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
    TEXT_TOO_LONG = "text_too_long"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line of a file: a ``FaultCode`` or what its reader found; ``facts`` are safe to show."""

    line_no: int
    code: str
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
        if (
            end.state in OPEN
        ):  # an older file, or a provider who sends nothing twice: what is known stands
            return _as_is(line)
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
    return end_of(line.amount_minor, paid)


def end_of(amount_minor: int, paid_minor: int) -> End:
    """What became of a line of which so much arrived."""
    if paid_minor == amount_minor:
        return End(LineState.PAID, paid_minor)
    return End(LineState.PARTLY_PAID if paid_minor else LineState.FAILED, paid_minor)


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


def texts_too_long(answer: Answer) -> bool:
    """Whether a file holds more than a receipt, a time and a message."""
    texts = (answer.payment_ref, answer.provider_receipt, answer.completed_at, answer.error)
    return max(map(len, texts)) > LONGEST_TEXT
