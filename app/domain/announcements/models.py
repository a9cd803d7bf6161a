from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base


class Announcement(Base):
    """That someone will come to a site on a day. ``caller_digest`` only keeps her from being counted twice.

    It is made of the site and the day too, so that one telephone has another digest for every visit.
    """

    __tablename__ = "announcement"
    __table_args__ = (UNORDERED,)

    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    caller_digest: Mapped[bytes] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
