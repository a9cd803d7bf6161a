"""What a database knows of itself: which key opens it, and which life of the server it is in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.crypto import KeyProblem, keyring_of
from app.core.db import Base
from app.core.ids import random_id


class Installation(Base):
    """One row. ``epoch`` changes when a backup is restored, so that devices send again what was lost."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
    key_fingerprint: Mapped[bytes]
    created_at: Mapped[datetime]


def ensure_installed(session: Session, *, now: datetime) -> Installation:
    """Bind the database to its key the first time, and check the key every other time.

    Raises:
        KeyProblem: the key file belongs to another database.
    """
    fingerprint = keyring_of(session).fingerprint()
    installation = session.scalar(select(Installation))
    if installation is None:
        installation = Installation(
            id=1, epoch=random_id(), key_fingerprint=fingerprint, created_at=now
        )
        session.add(installation)
        session.flush()
    if installation.key_fingerprint != fingerprint:
        raise KeyProblem("this key file belongs to another database")
    return installation


def epoch(session: Session) -> UUID:
    """Which life of the server this is; the nil id on a database that was never bound to its key."""
    return session.scalar(select(Installation.epoch)) or UUID(int=0)


def begin_epoch(session: Session, *, now: datetime) -> UUID:
    """Another life: devices hear of it and send again what they had delivered.

    Raises:
        KeyProblem: the key file belongs to another database.
    """
    installation = ensure_installed(session, now=now)
    installation.epoch = random_id()
    session.flush()
    return installation.epoch
