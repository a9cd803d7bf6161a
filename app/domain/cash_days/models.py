from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class FloatWarning(Base):
    """A day on which it was told that a site's cash is low: once is enough."""

    __tablename__ = "float_warning"
    __table_args__ = (UniqueConstraint("site_id", "warned_on", name="uq_float_warning_day"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    warned_on: Mapped[date]
