from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class Device(Base):
    """A browser at a desk that works without a network, in the hands of one member of staff.

    Of its two secrets only keyed digests are kept: the one that enrols it, once and within minutes, and the key it then
    shows. What it last reported is its own claim. ``known_again_at`` is when a restored server made its row anew.
    """

    __tablename__ = "device"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), index=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    label: Mapped[str]
    begun_by: Mapped[UUID]
    begun_at: Mapped[datetime]
    secret_digest: Mapped[bytes | None] = mapped_column(unique=True)
    secret_until: Mapped[datetime]
    wrong_passwords: Mapped[int] = mapped_column(default=0)
    key_digest: Mapped[bytes | None] = mapped_column(unique=True)
    browser: Mapped[str]
    enrolled_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    listed_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    waiting: Mapped[int]
    last_problem: Mapped[str | None]
    skew_seconds: Mapped[int]
    revoked_at: Mapped[datetime | None]
    wiped_at: Mapped[datetime | None]
    known_again_at: Mapped[datetime | None]
