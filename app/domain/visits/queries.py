import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.coupons import queries as coupons
from app.domain.participants import queries as participants
from app.domain.participants.models import Participant
from app.domain.services import queries as services
from app.domain.stipends import queries as stipends
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.rules import EXPENSE, LEFT_OUT_FIRST, Account
from app.domain.visits.models import (
    BaselineInterview,
    EligibilityScreening,
    KnowledgeTest,
    RewardTerms,
)
from app.domain.visits.rules import Progress, Readiness

_KEPT = select(
    *(
        select(table.participant_id).where(table.participant_id == bindparam("who")).exists()
        for table in (EligibilityScreening, KnowledgeTest, BaselineInterview)
    )
)


_EARNED_AS = frozenset(EXPENSE[each] for each in LEFT_OUT_FIRST)


@dataclass(frozen=True)
class Earned:
    """What a recruiter has earned through all her coupons, held or owed; and what became owed to her on one day."""

    in_bundle: int
    on_day: int


@dataclass(frozen=True)
class Item:
    """A question with its options; texts are by language."""

    id: str
    text: dict[str, str]
    options: dict[str, dict[str, str]]
    right: str


@cache
def knowledge_test() -> tuple[str, tuple[Item, ...]]:
    """The current test: its version and its items."""
    written = tomllib.loads(Path(__file__).with_name("knowledge_test.toml").read_text("utf-8"))
    return written["version"], tuple(_item(each) for each in written["items"])


def progress(session: Session, participant_id: UUID, *, programme_id: UUID) -> Progress:
    """How far a participant's visit has come. Raises: UnknownParticipant."""
    row = participants.lock(session, participant_id, programme_id=programme_id, for_update=False)
    return Progress(
        **vars(readiness(session, row)),
        served=bool(services.given_to(session, participant_id)),
        owed_minor=sum(a.amount.minor for a in stipends.owed_to(session, participant_id)),
        has_bundle=coupons.bundle_of(session, participant_id) is not None,
    )


def readiness(session: Session, row: Participant) -> Readiness:
    """Which steps of a visit are behind someone, as far as later ones depend on them."""
    kept = session.execute(_KEPT, {"who": row.id}).one()
    return Readiness(
        came=row.came,
        standing=row.standing,
        screened=kept[0],
        consented=participants.consents(session, row.id).get("participation"),
        tested=kept[1],
        interviewed=kept[2],
        trained=row.trained_on is not None,
    )


def has_begun(session: Session, row: Participant) -> bool:
    """Whether anything at all was noted of someone's visit since she arrived."""
    kept = session.execute(_KEPT, {"who": row.id}).one()
    asked = participants.consents(session, row.id)
    return any((*kept, asked, row.trained_on, services.given_to(session, row.id)))


def correct_answers(session: Session, participant_id: UUID) -> int | None:
    return session.scalar(
        select(KnowledgeTest.correct).where(KnowledgeTest.participant_id == participant_id)
    )


def _item(written: dict[str, Any]) -> Item:
    text = {key: value for key, value in written.items() if key not in ("id", "right", "options")}
    return Item(written["id"], text, written["options"], written["right"])


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
