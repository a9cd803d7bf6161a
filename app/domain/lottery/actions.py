import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import apart, put
from app.core.ids import random_id
from app.domain.audit.actions import record
from app.domain.lottery import queries, rules
from app.domain.lottery.errors import UnknownDraw, WeekDrawn, WeekNotOver
from app.domain.lottery.models import (
    LotteryCancellation,
    LotteryDraw,
    LotteryPlace,
    LotteryTicket,
    LotteryWeek,
)
from app.domain.participants import queries as participants
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends import actions as stipend_actions
from app.domain.stipends import queries as stipends
from app.domain.stipends.errors import RewardAlreadyPaid
from app.domain.stipends.queries import Books, Earner
from app.domain.stipends.rules import EXPENSE, Account, Incentive

PRIZE = Incentive.LOTTERY.value


def give_tickets(
    session: Session,
    books: Books,
    *,
    earner: Earner,
    recruit_id: UUID,
    tickets: int,
    now: datetime,
) -> None:
    """Give a recruiter tickets for a recruit's right answers, in the draw of the week. Giving them again changes nothing.

    A visit that was sent in after its week was drawn is in the next draw.
    """
    if not tickets:
        return
    standing, times = queries.tickets_for(session, recruit_id)
    if standing:
        return
    day = queries.today_of(session, books.programme_id, now)
    week = _open_week(session, books, rules.week_of(day))
    keyring = keyring_of(session)
    put(
        session,
        LotteryTicket,
        [
            {
                "id": ticket_id,
                "week_id": week.id,
                "site_id": books.site_id,
                "protocol_id": books.protocol_id,
                "sealed_earner": queries.seal_earner(keyring, ticket_id, earner),
                "cause_digest": queries.cause_digest(session, recruit_id, times, number),
            }
            for number, ticket_id in enumerate(random_id() for _ in range(tickets))
        ],
    )


def cancel_tickets(session: Session, books: Books, *, recruit_id: UUID, reason: str) -> None:
    """Take back the tickets for a recruit; a prize that one of them won is reversed. Doing it again changes nothing.

    The draw itself stands: nobody else wins in her place.

    Raises:
        RewardAlreadyPaid: a prize was handed out.
    """
    standing, _ = queries.tickets_for(session, recruit_id)
    for week_id in {ticket.week_id for ticket in standing}:
        _hold_week(session, week_id, shared=True)
        after_draw = queries.is_drawn(session, week_id)
        for ticket in standing:
            if after_draw:
                _reverse_prize(session, books, ticket, reason)
            put(
                session,
                LotteryCancellation,
                {
                    "ticket_id": ticket.id,
                    "after_draw": after_draw,
                    "cancelled_on": books.on,
                    "reason": reason,
                },
            )


def draw(session: Session, draw_id: UUID, week_id: UUID, *, by: Actor, now: datetime) -> None:
    """Draw a week that is over: its seed is told, and each winner is owed her prize. The same id draws once.

    Raises:
        UnknownDraw, WeekNotOver, NotAllowed.
        WeekDrawn: also for the later of two who draw at once.
    """
    by.require(Permission.DRAW_LOTTERY)
    week = _hold_week(session, week_id, shared=False)
    if week is None or week.programme_id != by.programme_id:
        raise UnknownDraw
    earlier = session.scalar(select(LotteryDraw).where(LotteryDraw.week_id == week_id))
    if earlier is not None:
        if earlier.id == draw_id:
            return
        raise WeekDrawn
    if not rules.is_over(week.week, today=queries.today_of(session, by.programme_id, now)):
        raise WeekNotOver
    protocol = programmes.protocol(session, week.protocol_id)
    assert protocol is not None
    schedule = protocol.stipends
    tickets = {each.id: each for each in queries.standing_tickets(session, week_id)}
    keyring = keyring_of(session)
    earners = dict(
        zip(
            tickets,
            queries.open_earners(
                keyring, [(each.id, each.sealed_earner) for each in tickets.values()]
            ),
            strict=True,
        )
    )
    seed = queries.open_seed(keyring, week)
    holders = {ticket: earner.participant_id for ticket, earner in earners.items()}
    places = rules.draw(seed, holders, winners=schedule.lottery_winners)
    winners = [place.ticket for place in places if place.won]
    put(
        session,
        LotteryDraw,
        {
            "id": draw_id,
            "week_id": week_id,
            "seed": seed,
            "tickets": len(tickets),
            "tickets_checksum": rules.checksum_of(list(tickets)),
            "winners": len(winners),
            "prize_minor": schedule.lottery_prize,
            "currency": programmes.programme(session, by.programme_id).currency,
            "drawn_by": by.staff_id,
            "drawn_at": now,
        },
    )
    if places:
        put(
            session,
            LotteryPlace,
            [
                {
                    "ticket_id": place.ticket,
                    "draw_id": draw_id,
                    "place": place.place,
                    "won": place.won,
                }
                for place in places
            ],
        )
    for ticket_id in winners if schedule.lottery_prize else ():
        books, _ = stipends.books_of(session, by.programme_id, tickets[ticket_id].site_id, now=now)
        stipend_actions.enter(
            session,
            replace(books, protocol_id=week.protocol_id),
            schedule.lottery_prize,
            debit=EXPENSE[Incentive.LOTTERY],
            credit=Account.STIPENDS_PAYABLE,
            earner=earners[ticket_id],
            cause=(PRIZE, ticket_id),
        )
    record(
        session,
        "lottery.drawn",
        subject=draw_id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={"week": week.week.isoformat(), "tickets": len(tickets), "winners": len(winners)},
    )


def _open_week(session: Session, books: Books, monday: date) -> LotteryWeek:
    """The first week from a Monday on that is not drawn, held so that no draw begins before the tickets are there."""
    while True:
        found = select(LotteryWeek).where(
            LotteryWeek.programme_id == books.programme_id, LotteryWeek.week == monday
        )
        held = found.with_for_update(read=True)
        week = session.scalar(held)
        if week is None:
            _begin_week(session, books, monday)
            week = session.scalar(held)
            assert week is not None
        if not queries.is_drawn(session, week.id):
            return week
        monday += timedelta(days=rules.DAYS)


def _begin_week(session: Session, books: Books, monday: date) -> None:
    """Draw a week's seed and commit to it; whoever comes second finds the first one's."""
    seed, week_id = secrets.token_hex(32), random_id()
    try:
        with apart(session) as inner:
            put(
                inner,
                LotteryWeek,
                {
                    "id": week_id,
                    "programme_id": books.programme_id,
                    "week": monday,
                    "protocol_id": books.protocol_id,
                    "commitment": rules.commitment(seed),
                    "sealed_seed": keyring_of(session).seal(
                        seed.encode(), table="lottery_week", column="sealed_seed", row=week_id
                    ),
                },
            )
    except IntegrityError:
        return


def _hold_week(session: Session, week_id: UUID, *, shared: bool) -> LotteryWeek | None:
    found = select(LotteryWeek).where(LotteryWeek.id == week_id)
    return session.scalar(found.with_for_update(read=shared))


def _reverse_prize(session: Session, books: Books, ticket: LotteryTicket, reason: str) -> None:
    prize = stipends.entry_for(session, PRIZE, ticket.id)
    if prize is None:
        return
    (earner,) = queries.open_earners(keyring_of(session), [(ticket.id, ticket.sealed_earner)])
    participants.lock(session, earner.participant_id, programme_id=books.programme_id)
    if stipends.was_paid(session, [prize.id]):
        raise RewardAlreadyPaid
    stipend_actions.reverse(session, prize, on=books.on, reason=reason)
