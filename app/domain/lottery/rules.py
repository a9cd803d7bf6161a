"""A draw that anyone can repeat: with the seed and the tickets' numbers, and nothing but a checksum.

The tickets are put in the order of ``sha256(seed + ticket)``, both as they are written; the first ones win, and whoever
has won is passed over. Before the week begins to count, only the seed's own checksum is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

DAYS = 7


@dataclass(frozen=True)
class Place:
    """A ticket in the order of a draw, counted from 1."""

    ticket: UUID
    place: int
    won: bool


def week_of(day: date) -> date:
    """The Monday of a day's week.

    >>> week_of(date(2026, 3, 8)), week_of(date(2026, 3, 9))
    (datetime.date(2026, 3, 2), datetime.date(2026, 3, 9))
    """
    return day - timedelta(days=day.weekday())


def is_over(week: date, *, today: date) -> bool:
    return today >= week + timedelta(days=DAYS)


def commitment(seed: str) -> str:
    """What is told of a seed beforehand.

    >>> commitment("00")[:16]
    'f1534392279bddbf'
    """
    return checksum(seed)


def in_order(seed: str, tickets: Iterable[UUID]) -> list[UUID]:
    """The tickets as the seed orders them: every order is as likely as any other."""
    return sorted(tickets, key=lambda ticket: checksum(seed + ticket.hex))


def draw(seed: str, holders: Mapping[UUID, object], *, winners: int) -> list[Place]:
    """The places from the first to the last winner's; each person wins once.

    >>> tickets = {UUID(int=1): "A", UUID(int=2): "A", UUID(int=3): "B"}
    >>> [(place.ticket.int, place.won) for place in draw("seed", tickets, winners=2)]
    [(1, True), (2, False), (3, True)]
    """
    places: list[Place] = []
    won: set[object] = set()
    for number, ticket in enumerate(in_order(seed, holders), start=1):
        if len(won) == winners:
            break
        places.append(Place(ticket, number, holders[ticket] not in won))
        won.add(holders[ticket])
    while places and not places[-1].won:
        places.pop()
    return places


def checksum_of(tickets: Sequence[UUID]) -> str:
    """Of the list of tickets as it can be taken away: in order of their numbers, a line each."""
    return checksum(listed(tickets))


def listed(tickets: Iterable[UUID]) -> str:
    return "".join(f"{each}\n" for each in sorted(ticket.hex for ticket in tickets))


def checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()
