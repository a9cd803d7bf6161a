from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base


class WriteOff(Base):
    """Who gave up what nobody claimed: never one person alone."""

    __tablename__ = "write_off"
    __table_args__ = (CheckConstraint("proposed_by <> decided_by", name="two_people"), UNORDERED)

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
