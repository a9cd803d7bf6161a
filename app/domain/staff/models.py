from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.core.ids import uuid7
from app.domain.staff.rules import Role


class StaffMember(Base):
    """Someone, or for a gateway something, that logs in. A user name need not be a person's name."""

    __tablename__ = "staff_member"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("site.id"))
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[Role] = mapped_column(choice(Role))
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


class StaffSession(Base):
    """A log-in. Its id is the digest of the secret that only the browser holds."""

    __tablename__ = "staff_session"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), index=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiKey(Base):
    """A key for a program; the secret itself is shown once and kept nowhere."""

    __tablename__ = "api_key"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), index=True)
    label: Mapped[str]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
