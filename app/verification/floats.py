"""Counted cash: every count adds up, every variance has its count, and nobody handed cash to herself or decided alone."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from app.domain.counts.models import CashCount
from app.domain.floats.models import CashHandover, CashHandoverStep
from app.domain.floats.rules import HandoverStep
from app.domain.shortages.models import CashWriteOff, CashWriteOffDecision
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.rules import Account

_debit = type_coerce(LedgerEntry.debit, String)
_credit = type_coerce(LedgerEntry.credit, String)


def counts(session: Session) -> Iterator[str]:
    """What was counted is what its coins and notes come to, and what differs stands in the ledger."""
    rows = session.execute(
        select(CashCount, LedgerEntry).outerjoin(
            LedgerEntry, LedgerEntry.id == CashCount.variance_entry
        )
    )
    for count, entry in rows:
        total = sum(int(worth) * int(number) for worth, number in count.pieces.items())
        if total != count.counted_minor:
            yield f"count {count.id} is not the sum of its coins and notes"
        if _signed(entry) != count.counted_minor - count.expected_minor:
            yield f"count {count.id} differs by something else than the ledger says"
        if entry and (entry.site_id, entry.entered_on) != (count.site_id, count.counted_on):
            yield f"what count {count.id} found stands at another site or on another day"


def variances(session: Session) -> Iterator[str]:
    """Every entry of what a count found belongs to one count, one decision, one write-off, or undoes one of these."""
    known = (
        select(CashCount.variance_entry)
        .where(CashCount.variance_entry.is_not(None))
        .union_all(
            select(CashHandoverStep.variance_entry).where(
                CashHandoverStep.variance_entry.is_not(None)
            ),
            select(CashWriteOffDecision.entry_id).where(CashWriteOffDecision.entry_id.is_not(None)),
        )
    )
    found = select(LedgerEntry.id).where(
        (_debit == Account.CASH_VARIANCE.value) | (_credit == Account.CASH_VARIANCE.value),
        LedgerEntry.reverses.is_(None),
        LedgerEntry.id.not_in(known),
    )
    for entry in session.scalars(found):
        yield f"entry {entry} says that cash differs, and no count does"


def handovers(session: Session) -> Iterator[str]:
    """Two people each, steps by whose they are, and one handover of a site at a time."""
    rows = session.execute(
        select(CashHandover, CashCount, CashHandoverStep)
        .join(CashCount, CashCount.id == CashHandover.count_id)
        .outerjoin(CashHandoverStep, CashHandoverStep.handover_id == CashHandover.id)
        .order_by(CashHandover.given_at, CashHandover.id)
    )
    given: dict[UUID, set[UUID]] = {}
    ended: set[UUID] = set()
    for handover, count, step in rows:
        given.setdefault(handover.site_id, set()).add(handover.id)
        if step and step.is_end:
            ended.add(handover.id)
        if handover.given_by == handover.received_by:
            yield f"handover {handover.id} is from someone to herself"
        if (count.counted_by, count.site_id) != (handover.given_by, handover.site_id):
            yield f"handover {handover.id} was not counted by whoever gave it"
        if step and step.done_by not in _whose(handover, step):
            yield f"a step of handover {handover.id} is not by the person whose it is"
    for site, handed in given.items():
        if len(handed - ended) > 1:
            yield f"the cash of site {site} is on its way to several people at once"
    decided = select(CashHandoverStep, LedgerEntry).outerjoin(
        LedgerEntry, LedgerEntry.id == CashHandoverStep.variance_entry
    )
    for step, entry in session.execute(decided):
        if entry and step.step is not HandoverStep.DECIDED:
            yield f"a step of handover {step.handover_id} moved cash without a decision"


def write_offs(session: Session) -> Iterator[str]:
    """What was given up is what was asked for, by another person than who decided."""
    rows = session.execute(
        select(CashWriteOff, CashWriteOffDecision, LedgerEntry)
        .join(CashWriteOffDecision, CashWriteOffDecision.write_off_id == CashWriteOff.id)
        .outerjoin(LedgerEntry, LedgerEntry.id == CashWriteOffDecision.entry_id)
    )
    for asked, decision, entry in rows:
        if decision.decided_by == asked.requested_by:
            yield f"write-off {asked.id} was decided by whoever asked for it"
        if decision.is_approved is (entry is None):
            yield f"write-off {asked.id} and the ledger do not say the same"
        if entry is None:
            continue
        sides = [Account.WRITE_OFF, asked.account.account]
        if asked.amount_minor < 0:
            sides.reverse()
        booked = ([entry.debit, entry.credit], entry.amount_minor, entry.site_id)
        if booked != (sides, abs(asked.amount_minor), asked.site_id):
            yield f"write-off {asked.id} is booked otherwise than it was asked for"


def _signed(entry: LedgerEntry | None) -> int:
    """What an entry of a variance brought into the float."""
    if entry is None:
        return 0
    came_in = (entry.debit, entry.credit) == (Account.CASH_FLOAT, Account.CASH_VARIANCE)
    went_out = (entry.debit, entry.credit) == (Account.CASH_VARIANCE, Account.CASH_FLOAT)
    return entry.amount_minor * (came_in - went_out)


def _whose(handover: CashHandover, step: CashHandoverStep) -> set[UUID]:
    receivers = {HandoverStep.CONFIRMED, HandoverStep.DIFFERS}
    if step.step in receivers:
        return {handover.received_by}
    if step.step is HandoverStep.DECIDED:
        return {step.done_by} - {handover.given_by, handover.received_by}
    return {handover.given_by}
