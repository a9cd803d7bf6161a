from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base


class RewardTerms(Base):
    """The rules someone came under, where nothing was held for her that would keep them."""

    __tablename__ = "reward_terms"
    __table_args__ = (UNORDERED,)

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    protocol_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
