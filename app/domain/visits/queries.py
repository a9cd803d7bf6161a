import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.coupons import queries as coupons
from app.domain.participants import queries as participants
from app.domain.services import queries as services
from app.domain.stipends import queries as stipends
from app.domain.visits.models import BaselineInterview, EligibilityScreening, KnowledgeTest
from app.domain.visits.rules import Progress


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
    person = participants.participant(session, participant_id, programme_id=programme_id)
    consents = participants.consents(session, participant_id)
    return Progress(
        came=person.came,
        standing=person.standing,
        screened=_exists(session, EligibilityScreening, participant_id),
        consented=consents.get("participation"),
        tested=_exists(session, KnowledgeTest, participant_id),
        interviewed=_exists(session, BaselineInterview, participant_id),
        served=bool(services.given_to(session, participant_id)),
        owed_minor=sum(a.amount.minor for a in stipends.owed_to(session, participant_id)),
        trained=person.trained_on is not None,
        has_bundle=coupons.bundle_of(session, participant_id) is not None,
    )


def correct_answers(session: Session, participant_id: UUID) -> int | None:
    return session.scalar(
        select(KnowledgeTest.correct).where(KnowledgeTest.participant_id == participant_id)
    )


def _exists(session: Session, table: type[Any], participant_id: UUID) -> bool:
    count = select(func.count()).where(table.participant_id == participant_id)
    return bool(session.scalar(count))


def _item(written: dict[str, Any]) -> Item:
    text = {key: value for key, value in written.items() if key not in ("id", "right", "options")}
    return Item(written["id"], text, written["options"], written["right"])
