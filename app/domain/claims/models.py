from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id, uuid7
from app.domain.claims.rules import CardState, RequestState


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


class ClaimReminder(Base):
    """That someone was reminded, and how often while the same was owed. Who is told by the key only."""

    __tablename__ = "claim_reminder"
    __table_args__ = (CheckConstraint("number >= 0", name="number_counted"), UNORDERED)

    person_digest: Mapped[bytes] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    sent_on: Mapped[date]


class WriteOffRequest(Base):
    """That a site's expired money, all that expired until a day, is given up. Asked by one person, decided by another."""

    __tablename__ = "write_off_request"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="two_people"),
        CheckConstraint("(state = 'waiting') = (decided_by IS NULL)", name="decided_by_someone"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_write_off_request_programme", "programme_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    expired_until: Mapped[date]
    rewards: Mapped[int]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason: Mapped[str]
    state: Mapped[RequestState] = mapped_column(choice(RequestState))
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    requested_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime | None]
