import tomllib
from dataclasses import dataclass
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
from app.domain.visits.models import (
    BaselineInterview,
    EligibilityScreening,
    KnowledgeTest,
)
from app.domain.visits.rules import Progress, Readiness

_KEPT = select(
    *(
        select(table.participant_id).where(table.participant_id == bindparam("who")).exists()
        for table in (EligibilityScreening, KnowledgeTest, BaselineInterview)
    )
)


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
