"""Edges in disguise: whoever takes the database without its key cannot tell who recruited whom.

Every value of every row that could name something (ids, digests, instants with their time of day, texts) is
joined with every equal value anywhere else. Values that many rows share, as a staff member's id, tell nothing.
"""

import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.codes import Token
from app.core.crypto import keyring_of
from app.core.db import Database
from app.domain.answers import actions as answers
from app.domain.answers.rules import Answer
from app.domain.arrivals.actions import record_conflict
from app.domain.audit.actions import record
from app.domain.batches.actions import release, take_out, void
from app.domain.batches.models import PayoutBatchLine
from app.domain.batches.queries import open_payees
from app.domain.batches.rules import LineState, Selection
from app.domain.claims.actions import give_card
from app.domain.conflicts.actions import decide_conflict
from app.domain.conflicts.rules import Decision
from app.domain.contacts.actions import keep_contact
from app.domain.contacts.models import ContactNumber
from app.domain.lottery.actions import draw
from app.domain.lottery.models import LotteryTicket, LotteryWeek
from app.domain.lottery.queries import open_earners
from app.domain.participants.models import Participant
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.rules import LOTTERY, PayoutRules, Protocol
from app.domain.staff.rules import Role
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import Earner, accounts_of, books_of
from app.domain.stipends.rules import Account, Method
from app.domain.tables import METADATA
from app.domain.visits.actions import give_bundle
from app.domain.webhooks.models import WebhookDelivery
from app.upkeep import expire, remind
from app.worker import run_once
from tests.batches import Office, a_batch, an_approved_batch, sign, the_lines
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_finished_visit,
    a_place,
    a_scan,
    a_seed,
    an_actor,
)
from tests.pads import a_batch as printed_batch
from tests.webhooks import an_endpoint

# More rows than this share what is common to a crowd: a programme, a site, a desk. One person has fewer.
CROWD = 30
# Shorter texts are of closed lists: kinds of act, currencies, states.
SHORTEST_TEXT = 20
SEEDS = 12  # enough that even the manager, who does least, is a crowd

Row = tuple[str, int]


@dataclass(frozen=True)
class Field:
    """A day in the field: recruiters, their recruits, and the accounts of the recruiters."""

    edges: list[tuple[UUID, UUID]]
    accounts: dict[UUID, list[bytes]]


def a_season(session: Session) -> Field:
    """Seeds, half of them with a printed pad, whose recruits came, were paid and recruited; one coupon handed in twice."""
    place = a_place(session, protocol=Protocol(payouts=PayoutRules(expires_after_days=120)))
    an_endpoint(session, place)
    clock = moments()
    edges: list[tuple[UUID, UUID]] = []
    seeds = [a_seed(session, place, now=next(clock)) for _ in range(SEEDS)]
    pads = printed_pads(session, place, now=next(clock))
    bundles = [
        give_bundle(session, seed, by=place.intake, now=next(clock), pad=pad)
        for seed, pad in zip(seeds, pads, strict=True)
    ]
    for seed, bundle in zip(seeds, bundles, strict=True):
        coupon = bundle.coupons[0]
        later = next(clock) + timedelta(days=2)
        visit = a_finished_visit(
            session, place, coupon, recruiter_id=seed, now=later, with_bundle=True
        )
        edges.append((seed, visit.participant_id))
        for person in (seed, visit.participant_id):
            pay(session, place, person, next(clock) + timedelta(days=2))
        assert visit.bundle is not None
        hers = visit.bundle.coupons[0]
        second = a_finished_visit(
            session,
            place,
            hers,
            recruiter_id=visit.participant_id,
            now=next(clock) + timedelta(days=4),
        )
        edges.append((visit.participant_id, second.participant_id))
        twice = record_conflict(
            session, a_scan(hers, place), by=place.intake, now=next(clock) + timedelta(days=4)
        )
        decide_conflict(
            session,
            twice.id,
            Decision.FIRST_STANDS,
            reason=f"She is the one, number {len(edges)}",
            by=place.manager,
            now=next(clock) + timedelta(days=5),
        )
        claim_ways(session, place, edges[-2:], clock)
    edges += tickets_and_a_draw(session, place, clock)
    batches_and_their_answers(session, place, clock)
    accounts = {person: list(accounts_of(session, person)) for edge in edges for person in edge}
    return Field(edges, accounts)


def claim_ways(
    session: Session, place: Place, edges: list[tuple[UUID, UUID]], clock: Iterator[datetime]
) -> None:
    """Cards of their own, and one telephone that a recruiter shares with whoever came through her."""
    for person in dict.fromkeys(person for edge in edges for person in edge):
        by: dict[str, Any] = {"by": place.intake, "now": next(clock) + timedelta(days=5)}
        give_card(session, person, "407182", card_id=uuid4(), **by)
        number = f"050 100 {int(edges[0][0].hex[:6], 16) % 10000:04}"
        keep_contact(
            session,
            person,
            method=Method.AIRTIME,
            number=number,
            may_remind=True,
            language="uk",
            **by,
        )


def tickets_and_a_draw(
    session: Session, place: Place, clock: Iterator[datetime]
) -> list[tuple[UUID, UUID]]:
    """A week in which recruits earned tickets, and its draw."""
    rules = Protocol(stipends=LOTTERY, payouts=PayoutRules(expires_after_days=120))
    adopt_protocol(session, place.programme.id, rules, by=None, now=next(clock) + timedelta(days=5))
    edges = []
    for seed in [a_seed(session, place, now=next(clock)) for _ in range(SEEDS // 2)]:
        (coupon, *_) = give_bundle(session, seed, by=place.intake, now=next(clock)).coupons
        later = next(clock) + timedelta(days=6)
        visit = a_finished_visit(session, place, coupon, recruiter_id=seed, now=later, correct=5)
        edges.append((seed, visit.participant_id))
    week = session.scalars(select(LotteryWeek.id)).one()
    draw(session, uuid4(), week, by=place.manager, now=next(clock) + timedelta(days=13))
    return edges


def batches_and_their_answers(session: Session, place: Place, clock: Iterator[datetime]) -> None:
    """A batch that was given up, one that was sent and answered line by line, and one that waits."""
    payer = an_actor(session, Role.FINANCE, programme_id=place.programme.id)
    office = Office(place, payer)

    def later() -> datetime:
        return next(clock) + timedelta(days=14)

    given_up = a_batch(session, office, now=later())
    void(session, given_up.id, reason="Prepared too early", by=office.preparer, now=later())
    by_phone = Selection(methods=frozenset({Method.AIRTIME}))
    sent = an_approved_batch(session, office, by_phone, now=later())
    out, *rest = the_lines(session, sent)
    take_out(session, sent.id, [out.id], reason="Comes in person", by=payer, now=later())
    sign(session, sent, office.approver, now=later())
    assert not release(session, sent.id, by=payer, now=later()).changed
    lost, failed, part, *arrived = rest
    said = [
        Answer(2, lost.payment_ref, LineState.UNKNOWN),
        Answer(3, failed.payment_ref, LineState.FAILED, error="The number is not registered"),
        Answer(4, part.payment_ref, LineState.PARTLY_PAID, part.amount.minor - 1),
        *(
            Answer(number, line.payment_ref, LineState.PAID, provider_receipt=f"R{number:024}")
            for number, line in enumerate(arrived, start=5)
        ),
    ]
    file_id, digest = uuid4(), sha256(b"answers").digest()
    shown = answers.preview(
        session, file_id, sent.id, said, sha256=digest, profile="neutral", by=payer, now=later()
    )
    assert not shown.faults
    answers.apply(session, file_id, by=payer, now=later())
    shows = "The provider's list of the day"
    by = office.preparer
    answers.resolve(session, sent.id, lost.id, paid_minor=0, evidence=shows, by=by, now=later())
    came_back = arrived[0].id
    answers.bounce(session, sent.id, came_back, evidence=shows, by=by, now=later())
    a_batch(session, office, Selection(methods=frozenset({Method.CASH})), now=later())


def printed_pads(session: Session, place: Place, *, now: datetime) -> list[Token | None]:
    """A card of a pad for every other of the seeds, the rest get cards of their own."""
    _, printed = printed_batch(session, place, pads=SEEDS // 2, now=now)
    return [pad[0][1] for pad in printed] + [None] * (SEEDS - len(printed))


def moments() -> Iterator[datetime]:
    """Seconds that no two acts share."""
    now = NOON
    while True:
        now += timedelta(seconds=1, microseconds=1)
        yield now


def pay(session: Session, place: Place, person: UUID, now: datetime) -> None:
    books, _ = books_of(session, place.programme.id, place.site.id, now=now)
    by = place.intake.staff_id
    pay_in_cash(session, books, payment_id=uuid4(), participant_id=person, by=by)


class Loot:
    """The whole database as a graph: rows joined by the values they share."""

    def __init__(self, database: Database) -> None:
        self.values: dict[Row, set[str]] = {}
        self.rows: dict[str, set[Row]] = defaultdict(set)
        with database.engine.connect() as connection:
            for name, table in METADATA.tables.items():
                for number, row in enumerate(connection.execute(select(table))):
                    for value in row:
                        for word in telling(value):
                            self.values.setdefault((name, number), set()).add(word)
                            self.rows[word].add((name, number))

    def find(self, *values: Any) -> None:
        """Add what was found together elsewhere."""
        row = ("elsewhere", len(self.values))
        for word in (word for value in values for word in telling(value)):
            self.values.setdefault(row, set()).add(word)
            self.rows[word].add(row)

    def connects(self, one: str, other: str) -> bool:
        """Whether joins lead from a value to another, without passing through a crowd."""
        seen, waiting = {one}, deque([one])
        while waiting:
            rows = self.rows[waiting.popleft()]
            if len(rows) > CROWD:
                continue
            for row in rows:
                for word in self.values[row] - seen:
                    if word == other:
                        return True
                    seen.add(word)
                    waiting.append(word)
        return False


def telling(value: Any) -> Iterator[str]:
    """The parts of a value by which a row could be found again."""
    if isinstance(value, UUID):
        yield value.hex
    elif isinstance(value, bytes):
        yield value.hex()
    elif isinstance(value, datetime):
        yield value.isoformat()
    elif isinstance(value, str):
        if len(value) >= SHORTEST_TEXT:
            yield value
        yield from (
            UUID(found).hex for found in re.findall(r"[0-9a-f-]{32,36}", value) if is_id(found)
        )
    elif isinstance(value, dict):
        for inner in value.values():
            yield from telling(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from telling(inner)


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@pytest.fixture
def field(database: Database) -> Field:
    with database.transaction() as session:
        field = a_season(session)
    run_once(database, now=NOON + timedelta(days=9))
    assert remind(database, NOON + timedelta(days=60))
    assert expire(database, NOON + timedelta(days=200))
    run_once(database, now=NOON + timedelta(days=201))
    return field


def test_no_join_leads_from_a_recruiter_to_her_recruit(database: Database, field: Field) -> None:
    loot = Loot(database)

    assert len(loot.rows[field.edges[0][0].hex]) > 1  # what is not secret is joined, and found
    found = [edge for edge in field.edges if loot.connects(edge[0].hex, edge[1].hex)]
    assert found == []


def test_the_log_of_a_system_that_is_told_everything_joins_nobody_either(
    database: Database, field: Field
) -> None:
    """It holds what came, with the minute it came in, and lies beside the database."""
    loot = Loot(database)
    with database.snapshot() as session:
        came = {row.id: row.sealed_body for row in session.scalars(select(WebhookDelivery))}
        bodies = [
            json.loads(keyring_of(session).open(sealed or b"", **sealed_at(row)))
            for row, sealed in came.items()
        ]
    for number, body in enumerate(bodies):
        loot.find(body, NOON + timedelta(minutes=number))

    told = {body["type"] for body in bodies}
    assert {"coupon.redeemed", "visit.completed", "payout_batch.released"} <= told
    assert [edge for edge in field.edges if loot.connects(edge[0].hex, edge[1].hex)] == []
    # Had it been told that something waits for the recruiter, the minute would have joined them.
    recruiter, recruit = field.edges[0]
    for person in (recruiter, recruit):
        loot.find(person, NOON - timedelta(minutes=1))
    assert loot.connects(recruiter.hex, recruit.hex)


def sealed_at(row: UUID) -> dict[str, Any]:
    return {"table": "webhook_delivery", "column": "sealed_body", "row": row}


def test_people_with_one_telephone_number_are_counted_and_not_joined(
    database: Database, field: Field
) -> None:
    loot = Loot(database)

    with database.snapshot() as session:
        digests = session.scalars(select(ContactNumber.number_digest)).all()
    assert len(digests) > len(set(digests))  # some share one, and that much is seen
    people = {person for edge in field.edges for person in edge}
    for digest in set(digests):
        assert not any(loot.connects(digest.hex(), person.hex) for person in people)


def test_no_join_leads_from_an_account_to_a_person(database: Database, field: Field) -> None:
    loot = Loot(database)

    earned = 0
    for recruiter, recruit in field.edges:
        used = [each.hex() for each in field.accounts[recruiter] if loot.rows[each.hex()]]
        earned += bool(used)  # who has tickets that won nothing has no account
        for account in used:
            assert not loot.connects(account, recruiter.hex)
            assert not loot.connects(account, recruit.hex)
            assert not any(loot.connects(account, other) for other in used if other != account)
    assert earned >= 2 * SEEDS


def test_no_join_leads_from_a_line_of_a_batch_or_a_ticket_to_anyone(
    database: Database, field: Field
) -> None:
    loot = Loot(database)

    with database.snapshot() as session:
        lines = session.scalars(select(PayoutBatchLine)).all()
        payees = open_payees(keyring_of(session), lines)
        paid = {row.id: payee.participant_id for row, payee in zip(lines, payees, strict=True)}
        tickets = session.scalars(select(LotteryTicket)).all()
        sealed = [(each.id, each.sealed_earner) for each in tickets]
        earners = open_earners(keyring_of(session), sealed)
        won = {row.id: who.participant_id for row, who in zip(tickets, earners, strict=True)}
    assert {row.state for row in lines} >= {LineState.PAID, LineState.FAILED, LineState.WAITING}
    assert len(won) > SEEDS
    for each, person in (paid | won).items():
        assert loot.rows[each.hex]
        assert not loot.connects(each.hex, person.hex)
        for account in field.accounts.get(person, []):
            assert not loot.connects(each.hex, account.hex())


def test_the_control_a_line_that_names_its_payee_is_found(database: Database, field: Field) -> None:
    with database.transaction() as session:
        row = session.scalars(select(PayoutBatchLine).limit(1)).one()
        (payee,) = open_payees(keyring_of(session), [row])
        acted(session, payee.participant_id, at=NOON, facts={"line": str(row.id)})

    assert Loot(database).connects(row.id.hex, payee.participant_id.hex)


def rewards_by_account(database: Database) -> dict[bytes, list[Account]]:
    """What each account in the books was paid for, as anyone who has the books can see."""
    found: dict[bytes, list[Account]] = defaultdict(list)
    with database.snapshot() as session:
        for account, debit in session.execute(
            select(LedgerEntry.holder_digest, LedgerEntry.debit).where(
                LedgerEntry.credit == Account.STIPENDS_PAYABLE
            )
        ):
            if account:
                found[account].append(debit)
    return found


def tells(kinds: list[Account]) -> bool:
    """Whether an account joins two people: its owner's own fee with a recruit's reward, or two recruits."""
    own, taught = kinds.count(Account.EXPENSE_PRIMARY), kinds.count(Account.EXPENSE_EDUCATION)
    return own + taught > 1


def test_a_fee_and_a_reward_found_by_their_day_and_amount_lead_no_further(
    database: Database,
) -> None:
    # The score of a recruit's test is the amount of her recruiter's reward, on the same day at the same site,
    # and whoever enrolled alone on a day has that day's fee: both can be found without the key.
    with database.transaction() as session:
        three_recruits_of_one(session)

    assert not [kinds for kinds in rewards_by_account(database).values() if tells(kinds)]


def test_the_control_one_account_for_all_would_join_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = stipends.account_digest
    monkeypatch.setattr(
        stipends,
        "account_digest",
        lambda session, earner: apart(session, Earner(earner.participant_id)),
    )
    with database.transaction() as session:
        three_recruits_of_one(session)

    assert [kinds for kinds in rewards_by_account(database).values() if tells(kinds)]


def three_recruits_of_one(session: Session) -> None:
    place = a_place(session)
    first = a_finished_visit(session, place, with_bundle=True)
    assert first.bundle is not None
    for number, coupon in enumerate(first.bundle.coupons):
        a_finished_visit(
            session,
            place,
            coupon,
            recruiter_id=first.participant_id,
            now=LATER + timedelta(days=2 + number),
            correct=4 + number,
        )
    pay(session, place, first.participant_id, LATER + timedelta(days=9))


def a_clear_column(session: Session, recruiter: UUID, recruit: UUID) -> None:
    session.get_one(Participant, recruit).chain_label = recruiter.hex


def an_id_in_a_text(session: Session, recruiter: UUID, recruit: UUID) -> None:
    facts = {"note": f"came through {recruiter}"}
    acted(session, recruit, at=NOON, facts=facts)


def a_moment_that_two_rows_share(session: Session, recruiter: UUID, recruit: UUID) -> None:
    for person in (recruiter, recruit):
        acted(session, person, at=NOON + timedelta(days=70, microseconds=5))


def acted(
    session: Session, person: UUID, *, at: datetime, facts: dict[str, str] | None = None
) -> None:
    record(
        session,
        "planted",
        subject=person,
        staff_id=None,
        programme_id=None,
        at=at,
        facts=facts,
    )


@pytest.mark.parametrize("plant", [a_clear_column, an_id_in_a_text, a_moment_that_two_rows_share])
def test_the_control_an_edge_that_was_planted_is_found(
    database: Database, field: Field, plant: Callable[[Session, UUID, UUID], None]
) -> None:
    planted = field.edges[3]
    with database.transaction() as session:
        plant(session, *planted)

    loot = Loot(database)

    found = [edge for edge in field.edges if loot.connects(edge[0].hex, edge[1].hex)]
    assert found == [planted]
