from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.participants.rules import Came, EntryRoute, Likeness, SamePerson, Sex, Standing


class Participant(Base):
    """Someone who came, without a name.

    ``sealed_origin`` holds who recruited her and in which chain; ``wave`` counts people and stands in clear.
    There are days here, never times: two rows of one minute would be joined by it.
    """

    __tablename__ = "participant"
    __table_args__ = (
        Index("ix_participant_uic", "programme_id", "uic_digest"),
        Index("ix_participant_site", "programme_id", "site_id", "came_on"),
        CheckConstraint("(came = 'walk_in') = (wave IS NULL)", name="wave_of_the_chained"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    came: Mapped[Came] = mapped_column(choice(Came))
    standing: Mapped[Standing] = mapped_column(choice(Standing))
    wave: Mapped[int | None]
    sealed_origin: Mapped[bytes | None]
    chain_label: Mapped[str | None]
    entry_route: Mapped[EntryRoute | None] = mapped_column(choice(EntryRoute))
    sex: Mapped[Sex] = mapped_column(choice(Sex), default=Sex.UNKNOWN)
    age: Mapped[int | None]
    network_size: Mapped[int | None]
    never_reached_before: Mapped[bool | None]
    uic_digest: Mapped[bytes | None]
    came_on: Mapped[date]
    trained_on: Mapped[date | None]


class NotSamePerson(Base):
    """Two people whose codes match and whom a person has told apart. The digest names the pair only with the key."""

    __tablename__ = "not_same_person"
    __table_args__ = (UNORDERED,)

    pair_digest: Mapped[bytes] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))


class PossibleDuplicate(Base):
    """Someone who came while her desk had no network, under a code that came before: nobody could ask her.

    Until a person has decided, nothing becomes owed for her. ``sealed_arrival`` is what the desk sent of her arrival;
    in clear, its times would join her row to other rows of the same minute.
    """

    __tablename__ = "possible_duplicate"
    __table_args__ = (Index("ix_possible_duplicate_programme", "programme_id"), UNORDERED)

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    likeness: Mapped[Likeness] = mapped_column(choice(Likeness))
    sealed_arrival: Mapped[bytes]


class DuplicateDecision(Base):
    """Whether a possible duplicate is the same person. Decided once, by a person, with a reason."""

    __tablename__ = "duplicate_decision"
    __table_args__ = (UNORDERED,)

    participant_id: Mapped[UUID] = mapped_column(
        ForeignKey("possible_duplicate.participant_id"), primary_key=True
    )
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    decision: Mapped[SamePerson] = mapped_column(choice(SamePerson))
    reason: Mapped[str]
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]


class Consent(Base):
    """A yes or no for one purpose under one version of the words."""

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("participant_id", "purpose", "version"), UNORDERED)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    purpose: Mapped[str]
    version: Mapped[str]
    given: Mapped[bool]
    given_on: Mapped[date]
    withdrawn_on: Mapped[date | None]
