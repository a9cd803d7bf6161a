"""How a telephone number is found again without being kept."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.core.crypto import keyring_of


def number_digest(session: Session, programme_id: UUID, msisdn: str) -> bytes:
    """What the database keeps of a number: the same for the same E.164 number of a programme, and nothing without the key."""
    return keyring_of(session).digest("msisdn", programme_id.hex, msisdn)
