"""A draw that anyone can repeat, in which every ticket has the same chance and nobody wins twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.domain.corrections.actions import take_back
from app.domain.lottery import queries, rules
from app.domain.lottery.actions import draw
from app.domain.lottery.errors import UnknownDraw, WeekDrawn, WeekNotOver
from app.domain.lottery.models import LotteryTicket, LotteryWeek
from app.domain.lottery.queries import DrawFacts, draws_waiting, tickets_of, weeks
from app.domain.participants.rules import Sex
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.rules import LOTTERY, Protocol
from app.domain.staff.errors import NotAllowed
from app.domain.stipends.actions import enter, pay_in_cash
from app.domain.stipends.errors import RewardAlreadyPaid
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import books_of, owed_to
from app.domain.stipends.rules import Account
from app.domain.visits import actions as visits
from tests.factories import (
    LATER,
    NOON,
    Place,
    Visit,
    a_bundle,
    a_finished_visit,
    a_place,
    a_seed,
)

MONDAY = date(2026, 3, 2)
AFTER = NOON + timedelta(days=8)
DRAWN = Protocol(stipends=LOTTERY)
# By the table of chi-squared: with so many degrees of freedom, exceeded once in ten thousand.
UNLIKELY = {4: 23.5, 9: 33.7}


def a_lottery(session: Session) -> Place:
    return a_place(session, protocol=DRAWN)


def prizes(session: Session, person: UUID) -> int:
    owed = owed_to(session, person)
    return sum(each.amount.minor for each in owed if each.expense is Account.EXPENSE_LOTTERY)


def draw_week(
    session: Session, place: Place, *, draw_id: UUID | None = None, now: datetime = AFTER
) -> DrawFacts:
    week = session.scalars(
        select(LotteryWeek.id)
        .where(LotteryWeek.programme_id == place.programme.id)
        .order_by(LotteryWeek.week)
    ).first()
    assert week is not None
    draw_id = draw_id or uuid4()
    draw(session, draw_id, week, by=place.manager, now=now)
    return queries.draw(session, place.programme.id, draw_id)


def count_of(session: Session, place: Place, person: UUID) -> int:
    return tickets_of(session, place.programme.id, person).count


def test_a_right_answer_is_a_ticket_and_no_money(session: Session) -> None:
    place = a_lottery(session)
    visit = a_finished_visit(session, place, correct=5)

    assert count_of(session, place, visit.recruiter_id) == 5
    assert count_of(session, place, visit.participant_id) == 0
    assert owed_to(session, visit.recruiter_id) == []
    assert sum(each.amount.minor for each in owed_to(session, visit.participant_id)) == 750


def test_settling_again_gives_no_more_tickets(session: Session) -> None:
    place = a_lottery(session)
    visit = a_finished_visit(session, place, correct=5)

    for _ in range(2):
        visits.interview(
            session,
            visit.participant_id,
            network_size=3,
            never_reached_before=False,
            answers={},
            by=place.intake,
            now=LATER + timedelta(days=9),
        )

    assert count_of(session, place, visit.recruiter_id) == 5


def test_a_ticket_says_neither_whose_it_is_nor_which_came_with_it(session: Session) -> None:
    place = a_lottery(session)
    seed = a_seed(session, place)
    for coupon in a_bundle(session, place, seed).coupons:
        a_finished_visit(session, place, coupon, recruiter_id=seed, correct=4)

    columns = LotteryTicket.__table__.columns.keys()
    rows = session.execute(select(LotteryTicket.__table__)).all()
    assert len(rows) == 12
    told_apart = {"id", "sealed_earner", "cause_digest"}
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        assert len(set(values)) == (12 if column in told_apart else 1), column


def test_the_commitment_stands_before_the_week_is_over_and_the_seed_keeps_it(
    session: Session,
) -> None:
    place = a_lottery(session)
    a_finished_visit(session, place)
    (before,) = weeks(session, place.programme.id, now=LATER)
    assert (before.week, before.is_over, before.draw) == (MONDAY, False, None)

    drawn = draw_week(session, place)

    assert drawn.commitment == before.commitment == sha256(drawn.seed.encode()).hexdigest()
    assert before.winners == 4


def test_a_draw_is_repeated_with_nothing_but_what_the_page_tells(session: Session) -> None:
    place = a_lottery(session)
    for _ in range(7):
        a_finished_visit(session, place, correct=6)

    drawn = draw_week(session, place)

    # As the page tells how: the numbers in the order of the checksum of the seed with each.
    numbers = [ticket.hex for ticket in queries.tickets_drawn(session, drawn.id)]
    in_order = sorted(numbers, key=lambda each: sha256((drawn.seed + each).encode()).hexdigest())
    assert [place.ticket.hex for place in drawn.places] == in_order[: len(drawn.places)]
    listed = "".join(f"{number}\n" for number in sorted(numbers))
    assert drawn.tickets_checksum == sha256(listed.encode()).hexdigest()
    assert (drawn.tickets, len(numbers), drawn.winners) == (42, 42, 4)


def test_each_winner_is_owed_one_prize_that_can_be_claimed(session: Session) -> None:
    place = a_lottery(session)
    recruiters = [a_finished_visit(session, place, correct=8).recruiter_id for _ in range(6)]

    draw_week(session, place)

    won = [prizes(session, person) for person in recruiters]
    assert sorted(won) == [0, 0, 2000, 2000, 2000, 2000]
    winner = recruiters[won.index(2000)]
    books, _ = books_of(session, place.programme.id, place.site.id, now=AFTER)
    funded(session, place)
    pay_in_cash(
        session, books, payment_id=uuid4(), participant_id=winner, by=place.finance.staff_id
    )
    assert owed_to(session, winner) == []


def funded(session: Session, place: Place) -> None:
    books, _ = books_of(session, place.programme.id, place.site.id, now=AFTER)
    enter(
        session,
        books,
        100_000,
        debit=Account.CASH_FLOAT,
        credit=Account.FUNDING,
        earner=None,
        cause=("funding", uuid4()),
    )


def test_with_fewer_people_than_prizes_each_wins_once(session: Session) -> None:
    place = a_lottery(session)
    seed = a_seed(session, place)
    for coupon in a_bundle(session, place, seed).coupons:
        a_finished_visit(session, place, coupon, recruiter_id=seed)

    assert draw_week(session, place).winners == 1
    assert prizes(session, seed) == 2000


def test_a_week_is_drawn_when_it_is_over_by_the_programmes_clock(session: Session) -> None:
    place = a_lottery(session)  # in Kyiv, two hours before UTC
    a_finished_visit(session, place)
    sunday = datetime.fromisoformat("2026-03-08T21:59:59+00:00")

    with pytest.raises(WeekNotOver):
        draw_week(session, place, now=sunday)
    assert draws_waiting(session, place.programme.id, now=sunday) == 0
    monday = sunday + timedelta(seconds=1)
    assert draws_waiting(session, place.programme.id, now=monday) == 1
    draw_week(session, place, now=monday)
    assert draws_waiting(session, place.programme.id, now=monday) == 0


def test_only_who_may_draw_draws_and_nobody_elses_week(session: Session) -> None:
    place, other = a_lottery(session), a_lottery(session)
    a_finished_visit(session, place)
    week = session.scalars(select(LotteryWeek.id)).one()

    with pytest.raises(NotAllowed):
        draw(session, uuid4(), week, by=place.intake, now=AFTER)
    with pytest.raises(UnknownDraw):
        draw(session, uuid4(), week, by=other.manager, now=AFTER)
    with pytest.raises(UnknownDraw):
        draw(session, uuid4(), uuid4(), by=place.manager, now=AFTER)


def test_the_same_draw_again_is_the_same_and_another_is_refused(session: Session) -> None:
    place, same = a_lottery(session), uuid4()
    a_finished_visit(session, place)

    first, again = (draw_week(session, place, draw_id=same) for _ in range(2))

    assert first == again
    with pytest.raises(WeekDrawn):
        draw_week(session, place)


def test_of_two_who_draw_at_once_one_does(database: Database) -> None:
    with database.transaction() as session:
        place = a_lottery(session)
        people = [a_finished_visit(session, place).recruiter_id for _ in range(6)]

    def attempt(_: int) -> str:
        try:
            with database.transaction() as session:
                return draw_week(session, place).seed
        except WeekDrawn as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as desks:
        answers = Counter(desks.map(attempt, range(4)))

    assert answers["week_drawn"] == 3
    with database.snapshot() as session:
        assert sum(prizes(session, person) for person in people) == 4 * 2000


def test_a_visit_that_finishes_while_its_week_is_drawn_is_in_that_draw_or_the_next(
    database: Database,
) -> None:
    with database.transaction() as session:
        place = a_lottery(session)
        a_finished_visit(session, place)
        coupons = [
            (seed := a_seed(session, place), a_bundle(session, place, seed)) for _ in range(6)
        ]

    def visit(number: int) -> None:
        seed, bundle = coupons[number]
        with database.transaction() as session:
            a_finished_visit(session, place, bundle.coupons[0], recruiter_id=seed, correct=8)

    def work(number: int) -> None:
        if number == 3:
            with database.transaction() as session:
                draw_week(session, place)
        else:
            visit(number if number < 3 else number - 1)

    with ThreadPoolExecutor(7) as desks:
        list(desks.map(work, range(7)))

    with database.snapshot() as session:
        (drawn,) = (
            each.draw for each in weeks(session, place.programme.id, now=AFTER) if each.draw
        )
        assert drawn is not None
        assert drawn.tickets == len(queries.tickets_drawn(session, drawn.id))
        waiting = sum(count_of(session, place, seed) for seed, _ in coupons)
        assert drawn.tickets + waiting == 7 * 8


def test_a_visit_sent_in_after_its_week_was_drawn_is_in_the_next_draw(session: Session) -> None:
    place = a_lottery(session)
    a_finished_visit(session, place)
    draw_week(session, place)

    late = a_finished_visit(session, place, correct=3)

    found = tickets_of(session, place.programme.id, late.recruiter_id)
    assert (found.count, found.first_week) == (3, MONDAY + timedelta(days=7))


def test_prizes_are_those_promised_when_the_week_began(session: Session) -> None:
    place = a_lottery(session)
    visit = a_finished_visit(session, place)
    adopt_protocol(session, place.programme.id, Protocol(), by=None, now=LATER)

    assert draw_week(session, place).prize.minor == 2000
    assert prizes(session, visit.recruiter_id) == 2000
    versions = set(session.scalars(select(LedgerEntry.protocol_id)))
    assert len(versions) == 1


# What is taken back


def withdraw_consent(session: Session, place: Place, visit: Visit) -> None:
    visits.ask_consent(
        session, visit.participant_id, {"participation": False}, by=place.intake, now=LATER
    )


def test_a_visit_that_does_not_count_takes_its_tickets_with_it_and_gives_them_back(
    session: Session,
) -> None:
    place = a_lottery(session)
    seed = a_seed(session, place)
    coupons = a_bundle(session, place, seed).coupons
    first = a_finished_visit(session, place, coupons[0], recruiter_id=seed, correct=5)
    a_finished_visit(session, place, coupons[1], recruiter_id=seed, correct=2)

    withdraw_consent(session, place, first)
    assert count_of(session, place, seed) == 2
    visits.ask_consent(
        session, first.participant_id, {"participation": True}, by=place.intake, now=LATER
    )
    assert count_of(session, place, seed) == 7


def test_a_scan_that_is_taken_back_cancels_tickets(session: Session) -> None:
    place = a_lottery(session)
    visit = a_finished_visit(session, place)

    take_back(session, visit.redemption.id, reason="wrong card", by=place.manager, now=LATER)

    assert count_of(session, place, visit.recruiter_id) == 0


def test_a_prize_won_with_tickets_that_were_cancelled_is_reversed_and_the_draw_stands(
    session: Session,
) -> None:
    place = a_lottery(session)
    visit = a_finished_visit(session, place)
    drawn = draw_week(session, place)
    assert prizes(session, visit.recruiter_id) == 2000

    withdraw_consent(session, place, visit)

    assert prizes(session, visit.recruiter_id) == 0
    after = queries.draw(session, place.programme.id, drawn.id)
    assert after == drawn
    assert rules.checksum_of(queries.tickets_drawn(session, drawn.id)) == after.tickets_checksum


def test_a_prize_in_a_hand_is_not_taken_back(session: Session) -> None:
    place = a_lottery(session)
    visit = a_finished_visit(session, place)
    draw_week(session, place)
    funded(session, place)
    books, _ = books_of(session, place.programme.id, place.site.id, now=AFTER)
    pay_in_cash(
        session,
        books,
        payment_id=uuid4(),
        participant_id=visit.recruiter_id,
        by=place.finance.staff_id,
    )

    with pytest.raises(RewardAlreadyPaid):
        withdraw_consent(session, place, visit)


def test_cancelled_tickets_are_in_no_draw(session: Session) -> None:
    place = a_lottery(session)
    gone, stays = (a_finished_visit(session, place) for _ in range(2))
    withdraw_consent(session, place, gone)

    assert draw_week(session, place).tickets == 8
    assert (prizes(session, gone.recruiter_id), prizes(session, stays.recruiter_id)) == (0, 2000)


# The draw itself

holdings = st.dictionaries(st.uuids(), st.integers(0, 5), max_size=40)


@given(st.text(max_size=8), holdings, st.integers(0, 8))
def test_winners_are_different_people_as_many_as_there_are_prizes(
    seed: str, holders: dict[UUID, int], winners: int
) -> None:
    places = rules.draw(seed, holders, winners=winners)
    won = [holders[place.ticket] for place in places if place.won]

    assert len(won) == len(set(won)) == min(winners, len(set(holders.values())))
    assert [place.ticket for place in places] == rules.in_order(seed, holders)[: len(places)]
    assert rules.draw(seed, dict(reversed(holders.items())), winners=winners) == places


def chi_squared(seen: Counter[Any], expected: dict[Any, float]) -> float:
    return sum((seen[each] - n) ** 2 / n for each, n in expected.items())


def test_every_ticket_comes_first_equally_often() -> None:
    tickets = [UUID(int=n) for n in range(10)]
    first = Counter(rules.in_order(f"seed {n}", tickets)[0] for n in range(20_000))

    assert chi_squared(first, dict.fromkeys(tickets, 2000)) < UNLIKELY[9]


def test_who_has_twice_the_tickets_wins_first_twice_as_often() -> None:
    people = {"A": 1, "B": 2, "C": 4, "D": 8, "E": 5}
    holders = {
        UUID(int=100 * n + ticket): person
        for n, (person, tickets) in enumerate(people.items())
        for ticket in range(tickets)
    }
    first = Counter(
        holders[rules.draw(f"seed {n}", holders, winners=1)[0].ticket] for n in range(20_000)
    )

    expected = {person: 20_000 * tickets / 20 for person, tickets in people.items()}
    assert chi_squared(first, expected) < UNLIKELY[4]
    assert chi_squared(first, dict.fromkeys(people, 4000)) > UNLIKELY[4]  # the control


def test_the_second_prize_goes_by_what_is_left() -> None:
    """As if each winner's tickets were taken out: with A gone, B and C share by their tickets."""
    holders = {UUID(int=n): "AAABBC"[n] for n in range(6)}
    pairs: Counter[tuple[str, str]] = Counter()
    for n in range(20_000):
        won = [holders[p.ticket] for p in rules.draw(f"seed {n}", holders, winners=2) if p.won]
        pairs[won[0], won[1]] += 1

    chance = {"A": 3, "B": 2, "C": 1}
    expected = {
        (a, b): 20_000 * chance[a] / 6 * chance[b] / (6 - chance[a])
        for a in chance
        for b in chance
        if a != b
    }
    assert chi_squared(pairs, expected) < 26.0  # five degrees of freedom, once in ten thousand


def test_men_and_women_earn_the_same_tickets(session: Session) -> None:
    place = a_lottery(session)
    for sex in (Sex.FEMALE, Sex.MALE):
        visit = a_finished_visit(session, place, sex=sex, correct=4)
        assert count_of(session, place, visit.recruiter_id) == 4
