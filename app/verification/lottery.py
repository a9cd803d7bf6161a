"""Draws and proposals: each draw can be repeated, and no rule about money was one person's alone."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.core.crypto import KeyProblem, keyring_of
from app.domain.lottery import queries, rules
from app.domain.lottery.models import (
    LotteryCancellation,
    LotteryDraw,
    LotteryPlace,
    LotteryTicket,
    LotteryWeek,
)
from app.domain.programmes.models import ProtocolProposal, ProtocolVersion
from app.domain.programmes.rules import Protocol, money_rules
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import account_digest, cause_digest
from app.domain.stipends.rules import Account


def draws(session: Session) -> Iterator[str]:
    """Repeats each draw: the seed that was promised, the tickets that were in it, the winners that follow."""
    keyring = keyring_of(session)
    for week, drawn in session.execute(
        select(LotteryWeek, LotteryDraw).outerjoin(
            LotteryDraw, LotteryDraw.week_id == LotteryWeek.id
        )
    ).all():
        try:
            seed = queries.open_seed(keyring, week)
        except KeyProblem:
            continue  # the check of the seals tells
        if rules.commitment(seed) != week.commitment:
            yield f"week {week.week} is committed to another seed"
        if drawn is None:
            continue
        if drawn.seed != seed:
            yield f"draw {drawn.id} used another seed than the one that was promised"
        tickets = queries.tickets_drawn(session, drawn.id)
        if len(tickets) != drawn.tickets or rules.checksum_of(tickets) != drawn.tickets_checksum:
            yield f"draw {drawn.id} had other tickets"
            continue
        yield from _places(session, drawn, seed)


def _places(session: Session, drawn: LotteryDraw, seed: str) -> Iterator[str]:
    rows = session.execute(
        select(LotteryTicket.id, LotteryTicket.sealed_earner)
        .outerjoin(LotteryCancellation, LotteryCancellation.ticket_id == LotteryTicket.id)
        .where(
            LotteryTicket.week_id == drawn.week_id,
            LotteryCancellation.ticket_id.is_(None) | LotteryCancellation.after_draw,
        )
    ).all()
    try:
        earners = queries.open_earners(keyring_of(session), [(row[0], row[1]) for row in rows])
    except KeyProblem:
        return
    holders = {row[0]: who.participant_id for row, who in zip(rows, earners, strict=True)}
    kept = [
        rules.Place(row.ticket_id, row.place, row.won)
        for row in session.scalars(
            select(LotteryPlace)
            .where(LotteryPlace.draw_id == drawn.id)
            .order_by(LotteryPlace.place)
        )
    ]
    if rules.draw(seed, holders, winners=drawn.winners) != kept:
        yield f"draw {drawn.id} has other winners than its seed and tickets"
    if sum(place.won for place in kept) != drawn.winners:
        yield f"draw {drawn.id} has another number of winners than it says"


def prizes(session: Session) -> Iterator[str]:
    """Each winning ticket stands in the ledger once, for its holder; a prize that no ticket won stands nowhere."""
    undone = aliased(LedgerEntry)
    booked = {
        entry.cause_digest: (entry.holder_digest, entry.amount_minor, is_undone)
        for entry, is_undone in session.execute(
            select(LedgerEntry, undone.id)
            .outerjoin(undone, undone.reverses == LedgerEntry.id)
            .where(
                LedgerEntry.debit == Account.EXPENSE_LOTTERY,
                LedgerEntry.reverses.is_(None),
            )
        )
    }
    won = session.execute(
        select(LotteryTicket, LotteryDraw.prize_minor, LotteryCancellation.ticket_id)
        .join(LotteryPlace, LotteryPlace.ticket_id == LotteryTicket.id)
        .join(LotteryDraw, LotteryDraw.id == LotteryPlace.draw_id)
        .outerjoin(LotteryCancellation, LotteryCancellation.ticket_id == LotteryTicket.id)
        .where(LotteryPlace.won, LotteryDraw.prize_minor > 0)
    ).all()
    for ticket, minor, cancelled in won:
        try:
            (earner,) = queries.open_earners(
                keyring_of(session), [(ticket.id, ticket.sealed_earner)]
            )
        except KeyProblem:
            continue
        entry = booked.pop(cause_digest(session, "lottery", ticket.id), None)
        if entry is None or entry[:2] != (account_digest(session, earner), minor):
            yield f"the prize of ticket {ticket.id} does not stand in the ledger as it was won"
        elif (entry[2] is not None) != (cancelled is not None):
            yield f"the prize of ticket {ticket.id} does not stand as its ticket does"
    if booked:
        yield f"{len(booked)} prizes were entered that no ticket has won"


def proposals(session: Session) -> Iterator[str]:
    """What was approved is what was proposed, and by two people."""
    adopted = aliased(ProtocolVersion)
    rows = session.execute(
        select(ProtocolProposal, adopted).outerjoin(
            adopted, adopted.id == ProtocolProposal.adopted_id
        )
    ).all()
    for row, version in rows:
        if row.decision is None:
            continue
        if (row.decision.value == "withdrawn") != (row.decided_by == row.proposed_by):
            yield f"proposal {row.id} was decided by whoever must not decide it"
        if row.decision.value != "approved":
            continue
        if version is None or version.programme_id != row.programme_id:
            yield f"proposal {row.id} was approved and never adopted"
        elif money_rules(Protocol.stored(version.rules)) != row.rules:
            yield f"proposal {row.id} was adopted with other rules"
