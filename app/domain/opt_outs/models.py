from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base


class OptOut(Base):
    """A number that asked for no more messages, through whichever channel. Only its digest is kept."""

    __tablename__ = "opt_out"
    __table_args__ = (UNORDERED,)

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), primary_key=True)
    number_digest: Mapped[bytes] = mapped_column(primary_key=True)
    stopped_on: Mapped[date]
