from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class PayoutProfile(Base):
    """A programme's own version of how a provider's files look. Append-only; the last number of a slug counts.

    A version without a layout goes back to the one that comes with the program, or takes an own one off the list.
    """

    __tablename__ = "payout_profile"
    __table_args__ = (UniqueConstraint("programme_id", "slug", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    slug: Mapped[str]
    number: Mapped[int]
    layout: Mapped[dict[str, Any]]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]
