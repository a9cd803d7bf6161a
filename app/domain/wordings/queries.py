from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.wordings.models import MessageTemplate


@dataclass(frozen=True)
class TemplateFacts:
    """A programme's own words for a template in a language; an empty text means the program's words."""

    name: str
    language: str
    number: int
    text: str
    written_by: UUID
    written_at: datetime


def override(session: Session, programme_id: UUID, name: str, language: str) -> str | None:
    """A programme's own words for a template in a language, if it has any."""
    found = templates_of(session, programme_id).get((name, language))
    return found.text or None if found else None


def templates_of(session: Session, programme_id: UUID) -> dict[tuple[str, str], TemplateFacts]:
    """The newest words of a programme, by template and language."""
    rows = session.scalars(
        select(MessageTemplate)
        .where(MessageTemplate.programme_id == programme_id)
        .order_by(MessageTemplate.number)
    )
    return {(row.name, row.language): _template(row) for row in rows}


def versions_of(
    session: Session, programme_id: UUID, name: str, language: str
) -> list[TemplateFacts]:
    """All that a programme's words for a template in a language have been, the newest first."""
    rows = session.scalars(
        select(MessageTemplate)
        .where(
            MessageTemplate.programme_id == programme_id,
            MessageTemplate.name == name,
            MessageTemplate.language == language,
        )
        .order_by(MessageTemplate.number.desc())
    )
    return [_template(row) for row in rows]


def _template(row: MessageTemplate) -> TemplateFacts:
    return TemplateFacts(
        row.name, row.language, row.number, row.text, row.written_by, row.written_at
    )
