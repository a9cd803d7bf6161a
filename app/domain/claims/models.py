from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.claims.rules import CardState


class ClaimCard(Base):
    """A participant's own card. Its names are keyed digests; sealed, for printing, only while it is in use.

    ``wrong_pins`` counts those since the last right one; at five the PIN is locked.
    """

    __tablename__ = "claim_card"
    __table_args__ = (
        CheckConstraint("wrong_pins BETWEEN 0 AND 5", name="wrong_pins_counted"),
        CheckConstraint(
            "(state = 'active') = (sealed_names IS NOT NULL AND pin_digest IS NOT NULL)",
            name="nothing_left_of_an_ended_card",
        ),
        Index(
            "uq_claim_card_in_use",
            "participant_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    code_digest: Mapped[bytes] = mapped_column(unique=True)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    sealed_names: Mapped[bytes | None]
    pin_digest: Mapped[bytes | None]
    wrong_pins: Mapped[int] = mapped_column(default=0)
    state: Mapped[CardState] = mapped_column(choice(CardState))
    given_on: Mapped[date]
    ended_on: Mapped[date | None]


class ClaimMiss(Base):
    """How many wrong cards and PINs a site had in an hour."""

    __tablename__ = "claim_miss"
    __table_args__ = (CheckConstraint("misses > 0", name="misses_positive"),)

    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    misses: Mapped[int]
