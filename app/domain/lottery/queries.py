from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import Keyring, keyring_of
from app.core.money import Money
from app.domain.lottery.errors import UnknownDraw
from app.domain.lottery.models import (
    LotteryCancellation,
    LotteryDraw,
    LotteryPlace,
    LotteryTicket,
    LotteryWeek,
)
from app.domain.lottery.rules import Place, is_over
from app.domain.programmes import queries as programmes
from app.domain.stipends.queries import Earner

# No test has more items: so many causes are looked for at once.
MOST_TICKETS = 64


@dataclass(frozen=True)
class DrawFacts:
    """A draw as anyone may check it."""

    id: UUID
    week: date
    commitment: str
    seed: str
    tickets: int
    tickets_checksum: str
    places: tuple[Place, ...]
    prize: Money
    drawn_by: UUID
    drawn_at: datetime

    @property
    def winners(self) -> int:
        return sum(place.won for place in self.places)


@dataclass(frozen=True)
class WeekFacts:
    """A week with tickets; ``draw`` is None until it was drawn. ``winners`` and ``prize`` were promised when it began."""

    id: UUID
    week: date
    commitment: str
    winners: int
    prize: Money
    is_over: bool
    draw: DrawFacts | None


@dataclass(frozen=True)
class Tickets:
    """How many tickets someone has in draws to come."""

    count: int
    first_week: date | None


def today_of(session: Session, programme_id: UUID, now: datetime) -> date:
    """The day by the programme's own clock, by which its weeks begin."""
    return local_date(now, programmes.clock_of(session, programme_id, None))


def weeks(session: Session, programme_id: UUID, *, now: datetime) -> list[WeekFacts]:
    """Every week with tickets, newest first."""
    today = today_of(session, programme_id, now)
    currency = programmes.programme(session, programme_id).currency
    rows = session.execute(
        select(LotteryWeek, LotteryDraw)
        .outerjoin(LotteryDraw, LotteryDraw.week_id == LotteryWeek.id)
        .where(LotteryWeek.programme_id == programme_id)
        .order_by(LotteryWeek.week.desc())
    ).all()
    places = _places(session, [drawn.id for _, drawn in rows if drawn])
    found = []
    for row, drawn in rows:
        rules = programmes.protocol(session, row.protocol_id)
        assert rules is not None
        prize = Money(rules.stipends.lottery_prize, currency)
        found.append(
            WeekFacts(
                row.id,
                row.week,
                row.commitment,
                rules.stipends.lottery_winners,
                prize,
                is_over(row.week, today=today),
                _draw(row, drawn, places.get(drawn.id, [])) if drawn else None,
            )
        )
    return found


def draws_waiting(session: Session, programme_id: UUID, *, now: datetime) -> int:
    """How many weeks are over and not drawn yet."""
    return sum(each.is_over and not each.draw for each in weeks(session, programme_id, now=now))


def draw(session: Session, programme_id: UUID, draw_id: UUID) -> DrawFacts:
    """Raises: UnknownDraw."""
    found = session.execute(
        select(LotteryWeek, LotteryDraw)
        .join(LotteryDraw, LotteryDraw.week_id == LotteryWeek.id)
        .where(LotteryWeek.programme_id == programme_id, LotteryDraw.id == draw_id)
    ).first()
    if found is None:
        raise UnknownDraw
    row, drawn = found
    return _draw(row, drawn, _places(session, [draw_id]).get(draw_id, []))


def tickets_drawn(session: Session, draw_id: UUID) -> list[UUID]:
    """The tickets that were in a draw, in the order of their numbers."""
    week_id = session.scalar(select(LotteryDraw.week_id).where(LotteryDraw.id == draw_id))
    rows = session.scalars(
        select(LotteryTicket.id)
        .outerjoin(LotteryCancellation, LotteryCancellation.ticket_id == LotteryTicket.id)
        .where(
            LotteryTicket.week_id == week_id,
            LotteryCancellation.ticket_id.is_(None) | LotteryCancellation.after_draw,
        )
    )
    return sorted(rows, key=lambda ticket: ticket.hex)


def tickets_of(session: Session, programme_id: UUID, participant_id: UUID) -> Tickets:
    """What someone may be told: how many tickets she has in draws to come, never for whom.

    No column says whose a ticket is, so those of the weeks that are not drawn are opened.
    """
    rows = session.execute(
        select(LotteryTicket.id, LotteryTicket.sealed_earner, LotteryWeek.week)
        .join(LotteryWeek, LotteryWeek.id == LotteryTicket.week_id)
        .outerjoin(LotteryDraw, LotteryDraw.week_id == LotteryWeek.id)
        .outerjoin(LotteryCancellation, LotteryCancellation.ticket_id == LotteryTicket.id)
        .where(
            LotteryWeek.programme_id == programme_id,
            LotteryDraw.id.is_(None),
            LotteryCancellation.ticket_id.is_(None),
        )
    ).all()
    earners = open_earners(keyring_of(session), [(row[0], row[1]) for row in rows])
    hers = [
        row[2]
        for row, earner in zip(rows, earners, strict=True)
        if earner.participant_id == participant_id
    ]
    return Tickets(len(hers), min(hers, default=None))


def standing_tickets(session: Session, week_id: UUID) -> list[LotteryTicket]:
    """The tickets of a week that count."""
    return list(
        session.scalars(
            select(LotteryTicket)
            .outerjoin(LotteryCancellation, LotteryCancellation.ticket_id == LotteryTicket.id)
            .where(LotteryTicket.week_id == week_id, LotteryCancellation.ticket_id.is_(None))
        )
    )


def tickets_for(session: Session, recruit_id: UUID) -> tuple[list[LotteryTicket], int]:
    """The tickets that stand for a recruit, and the number under which the next are given when none do.

    What was cancelled keeps its cause for ever: earned again, it is another time.
    """
    for times in count():
        causes = [cause_digest(session, recruit_id, times, n) for n in range(MOST_TICKETS)]
        rows = session.execute(
            select(LotteryTicket, LotteryCancellation.ticket_id)
            .outerjoin(LotteryCancellation, LotteryCancellation.ticket_id == LotteryTicket.id)
            .where(LotteryTicket.cause_digest.in_(causes))
        ).all()
        standing = [ticket for ticket, cancelled in rows if cancelled is None]
        if standing or not rows:
            return standing, times
    raise AssertionError("unreachable")


def cause_digest(session: Session, recruit_id: UUID, times: int, number: int) -> bytes:
    """What a ticket is for; two for one cause cannot both exist."""
    return keyring_of(session).digest("ticket", recruit_id.hex, str(times), str(number))


def seal_earner(keyring: Keyring, ticket_id: UUID, earner: Earner) -> bytes:
    plain = earner.participant_id.bytes + bytes([earner.coupon or 0])
    return keyring.seal(plain, table="lottery_ticket", column="sealed_earner", row=ticket_id)


def open_earners(keyring: Keyring, rows: Sequence[tuple[UUID, bytes]]) -> list[Earner]:
    plain = keyring.open_all(rows, table="lottery_ticket", column="sealed_earner")
    return [Earner(UUID(bytes=each[:16]), each[16]) for each in plain]


def open_seed(keyring: Keyring, week: LotteryWeek) -> str:
    return keyring.open(
        week.sealed_seed, table="lottery_week", column="sealed_seed", row=week.id
    ).decode()


def is_drawn(session: Session, week_id: UUID) -> bool:
    found = select(func.count()).select_from(LotteryDraw).where(LotteryDraw.week_id == week_id)
    return bool(session.scalar(found))


def _places(session: Session, draw_ids: Sequence[UUID]) -> dict[UUID, list[Place]]:
    found: dict[UUID, list[Place]] = {}
    for row in session.scalars(
        select(LotteryPlace)
        .where(LotteryPlace.draw_id.in_(draw_ids))
        .order_by(LotteryPlace.draw_id, LotteryPlace.place)
    ):
        found.setdefault(row.draw_id, []).append(Place(row.ticket_id, row.place, row.won))
    return found


def _draw(week: LotteryWeek, row: LotteryDraw, places: Sequence[Place]) -> DrawFacts:
    return DrawFacts(
        row.id,
        week.week,
        week.commitment,
        row.seed,
        row.tickets,
        row.tickets_checksum,
        tuple(places),
        Money(row.prize_minor, row.currency),
        row.drawn_by,
        row.drawn_at,
    )
