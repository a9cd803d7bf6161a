from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base
from app.core.ids import random_id


class LotteryWeek(Base):
    """A week in which tickets were earned, by its Monday.

    Its seed is drawn and sealed before the first ticket; the commitment, the seed's checksum, stands in clear from
    then on, so that nobody can choose another seed once the tickets are known. Prizes are those of its version.
    """

    __tablename__ = "lottery_week"
    __table_args__ = (UniqueConstraint("programme_id", "week"), UNORDERED)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    week: Mapped[date]
    protocol_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    commitment: Mapped[str]
    sealed_seed: Mapped[bytes]


class LotteryTicket(Base):
    """One ticket. How many came from one test nobody sees: each has a row, a random id and a sealed holder of its own."""

    __tablename__ = "lottery_ticket"
    __table_args__ = (Index("ix_lottery_ticket_week", "week_id"), UNORDERED)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    week_id: Mapped[UUID] = mapped_column(ForeignKey("lottery_week.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    protocol_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    sealed_earner: Mapped[bytes]
    cause_digest: Mapped[bytes] = mapped_column(unique=True)


class LotteryCancellation(Base):
    """A ticket that no longer counts, and whether it had been in the draw by then."""

    __tablename__ = "lottery_cancellation"
    __table_args__ = (UNORDERED,)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("lottery_ticket.id"), primary_key=True)
    after_draw: Mapped[bool]
    cancelled_on: Mapped[date]
    reason: Mapped[str]


class LotteryDraw(Base):
    """The draw of a week, once: the seed as it was committed to, and the checksum of the tickets that were in it."""

    __tablename__ = "lottery_draw"
    __table_args__ = (
        CheckConstraint("tickets >= 0 AND winners >= 0 AND prize_minor >= 0", name="counts"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    week_id: Mapped[UUID] = mapped_column(ForeignKey("lottery_week.id"), unique=True)
    seed: Mapped[str]
    tickets: Mapped[int]
    tickets_checksum: Mapped[str]
    winners: Mapped[int]
    prize_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    drawn_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    drawn_at: Mapped[datetime]


class LotteryPlace(Base):
    """Where a ticket stood in the order of a draw: it won, or was passed over since its holder had won already."""

    __tablename__ = "lottery_place"
    __table_args__ = (UniqueConstraint("draw_id", "place"), UNORDERED)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("lottery_ticket.id"), primary_key=True)
    draw_id: Mapped[UUID] = mapped_column(ForeignKey("lottery_draw.id"))
    place: Mapped[int]
    won: Mapped[bool]
