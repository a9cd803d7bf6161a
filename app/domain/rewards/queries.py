from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.rewards.models import RewardTerms
from app.domain.stipends import queries as stipends
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.rules import EXPENSE, LEFT_OUT_FIRST, Account

_EARNED_AS = frozenset(EXPENSE[each] for each in LEFT_OUT_FIRST)


@dataclass(frozen=True)
class Earned:
    """What a recruiter has earned through all her coupons, held or owed; and what became owed to her on one day."""

    in_bundle: int
    on_day: int


def terms_of(session: Session, recruit_id: UUID) -> UUID | None:
    """The version of the rules under which someone came: what it promised is what her visit earns."""
    held = select(LedgerEntry.protocol_id).where(
        LedgerEntry.cause_digest == stipends.cause_digest(session, "held", recruit_id)
    )
    terms = select(RewardTerms.protocol_id).where(RewardTerms.participant_id == recruit_id)
    return session.scalar(held) or session.scalar(terms)


def earned_by(session: Session, recruiter_id: UUID, *, on: date) -> Earned:
    """What caps are judged by; what was reversed or released counts no more."""
    accounts = [
        digest
        for digest, earner in stipends.accounts_of(session, recruiter_id).items()
        if earner.coupon is not None
    ]
    entries = session.execute(
        select(
            LedgerEntry.id,
            LedgerEntry.debit,
            LedgerEntry.credit,
            LedgerEntry.amount_minor,
            LedgerEntry.entered_on,
            LedgerEntry.reverses,
        ).where(LedgerEntry.holder_digest.in_(accounts))
    ).all()
    undone = {entry.reverses for entry in entries}
    in_bundle = sum(
        entry.amount_minor * ((entry.debit in _EARNED_AS) - (entry.credit in _EARNED_AS))
        for entry in entries
    )
    on_day = sum(
        entry.amount_minor
        for entry in entries
        if entry.credit is Account.STIPENDS_PAYABLE
        and entry.debit in (*_EARNED_AS, Account.STIPENDS_HELD)
        and entry.entered_on == on
        and entry.id not in undone
    )
    return Earned(in_bundle, on_day)
