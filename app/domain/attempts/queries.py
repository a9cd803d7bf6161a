from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.attempts.rules import Tried
from app.domain.messages.models import MessageAttempt


def tried(session: Session, message_id: UUID, tries: int) -> list[Tried]:
    """The tries of a message since it was queued or sent again, in their order."""
    rows = session.execute(
        select(MessageAttempt.channel_id, MessageAttempt.state)
        .where(MessageAttempt.message_id == message_id)
        .order_by(MessageAttempt.number.desc())
        .limit(tries)
    )
    return [Tried(*row) for row in rows][::-1]


def latest_attempt(session: Session, message_id: UUID) -> MessageAttempt:
    """The one under way, of a message that is leaving."""
    return session.scalars(
        select(MessageAttempt)
        .where(MessageAttempt.message_id == message_id)
        .order_by(MessageAttempt.number.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one()


def attempts_of(session: Session, message_id: UUID) -> int:
    """The number of a message's latest attempt, 0 for none."""
    latest = select(func.max(MessageAttempt.number)).where(MessageAttempt.message_id == message_id)
    return session.scalar(latest) or 0


def seal_number(session: Session, attempt_id: UUID, msisdn: str) -> bytes:
    return keyring_of(session).seal(
        msisdn.encode(), table="message_attempt", column="sealed_number", row=attempt_id
    )


def provider_digest(session: Session, channel_id: UUID, provider_id: str) -> bytes:
    return keyring_of(session).digest("provider-message", channel_id.hex, provider_id)
