"""``pdi verify`` finds whatever is wrong with batches, each fault by the check whose it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, create_engine, insert, select, update
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import Database
from app.core.installation import ensure_installed
from app.domain.answers import actions as answers
from app.domain.answers.models import PayoutAnswerFile
from app.domain.answers.rules import Answer, FileState
from app.domain.batches import queries
from app.domain.batches.actions import ask_self_release, prepare, release, review, take_out, void
from app.domain.batches.models import PayoutBatch, PayoutBatchLine
from app.domain.batches.rules import BatchState, LineState, Payee, Selection
from app.domain.payouts.queries import reservations, seal_line
from app.domain.staff.rules import Role
from app.domain.stipends.models import LedgerEntry, PayoutLine, PayoutReservation
from app.domain.stipends.rules import Account, Method
from app.verification import CHECKS
from tests.batches import (
    Office,
    a_batch,
    a_released_batch,
    an_approved_batch,
    an_office,
    someone_owed,
    the_lines,
)
from tests.commands.test_verify import guarded_again, unguarded
from tests.factories import LATER, NOON, a_site, an_actor

VOUCHER = Selection(methods=frozenset({Method.VOUCHER}))


@dataclass(frozen=True)
class World:
    """A batch in each state, with lines that came to every end."""

    draft: UUID
    approved: UUID
    released: UUID
    closed: UUID
    alone: UUID


@pytest.fixture
def world(database: Database) -> World:
    with database.transaction() as session:
        ensure_installed(session, now=NOON)
        office = an_office(session)

        def owed(*minors: int) -> None:
            for minor in minors:
                someone_owed(session, office.place, minor, 40, method=Method.VOUCHER)

        owed(100, 200)
        closed = a_released_batch(session, office)
        one, two = the_lines(session, closed)
        an_answer(session, office, closed.id, one.payment_ref, LineState.FAILED)
        an_answer(session, office, closed.id, two.payment_ref, LineState.PAID)
        answers.bounce(
            session, closed.id, two.id, evidence="returned", by=office.preparer, now=LATER
        )
        gone = a_batch(session, office)
        void(session, gone.id, reason="wrong", by=office.preparer, now=LATER)
        owed(300, 400)
        released = a_released_batch(session, office)
        first, second, *_ = the_lines(session, released)
        an_answer(session, office, released.id, first.payment_ref, LineState.UNKNOWN)
        an_answer(session, office, released.id, second.payment_ref, None, paid=60)
        owed(500, 600)
        draft = a_batch(session, office)
        out = the_lines(session, draft)[0].id
        take_out(session, draft.id, [out], reason="asked", by=office.preparer, now=LATER)
        owed(700)
        approved = an_approved_batch(session, office)
        alone = a_self_released_batch(session, office)
        owed(900)
    return World(draft.id, approved.id, released.id, closed.id, alone.id)


def an_answer(
    session: Session,
    office: Office,
    batch_id: UUID,
    ref: str,
    status: LineState | None,
    *,
    paid: int | None = None,
) -> None:
    file_id = uuid4()
    answers.preview(
        session,
        file_id,
        batch_id,
        [Answer(2, ref, status, paid)],
        sha256=sha256(file_id.bytes).digest(),
        profile="generic",
        by=office.preparer,
        now=LATER,
    )
    answers.apply(session, file_id, by=office.preparer, now=LATER)


def a_self_released_batch(session: Session, office: Office) -> queries.BatchFacts:
    """At a site where one person works."""
    there = a_site(session, office.programme_id)
    only = an_actor(session, Role.FINANCE, programme_id=office.programme_id, site_id=there.id)
    someone_owed(session, office.place, 800, site=there)
    here = Selection(sites=frozenset({there.id}))
    batch = prepare(session, uuid4(), here, by=only, now=LATER)
    seen = queries.seen(session, batch.id, programme_id=office.programme_id)
    ask_self_release(session, batch.id, seen=seen, reason="alone", by=only, now=LATER)
    released = release(session, batch.id, by=only, now=LATER + timedelta(days=2)).batch
    return review(session, released.id, note="seen", by=office.approver, now=LATER)


Breaking = Callable[[Connection, World, Keyring], object]


def unchecked(connection: Connection, check: str) -> None:
    """Take a constraint away where triggers that are off leave it standing."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"ALTER TABLE payout_batch DROP CONSTRAINT ck_payout_batch_{check}"
        )


def a_line_of_more(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(PayoutBatchLine)
        .where(PayoutBatchLine.batch_id == world.draft)
        .values(amount_minor=PayoutBatchLine.amount_minor + 1)
    )


def a_line_in_another_currency(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(PayoutBatchLine)
        .where(PayoutBatchLine.batch_id == world.draft)
        .values(currency="EUR")
    )


def a_payee_swapped(connection: Connection, world: World, keyring: Keyring) -> None:
    """With the key at hand, whoever can write could put in another number."""
    row = connection.execute(
        select(PayoutBatchLine.id, PayoutBatchLine.sealed_payee).where(
            PayoutBatchLine.batch_id == world.approved
        )
    ).first()
    assert row is not None
    place = {"table": queries.TABLE, "column": "sealed_payee"}
    payee = Payee.from_bytes(keyring.open(row.sealed_payee, row=row.id, **place))
    thief = Payee(payee.participant_id, "+380509999999", payee.accruals)
    connection.execute(
        update(PayoutBatchLine)
        .where(PayoutBatchLine.id == row.id)
        .values(sealed_payee=keyring.seal(thief.to_bytes(), row=row.id, **place))
    )


def a_line_said_to_be_paid(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(PayoutBatchLine)
        .where(PayoutBatchLine.state == LineState.SENT)
        .values(state=LineState.PAID, paid_minor=PayoutBatchLine.amount_minor)
    )


def a_failed_line_on_its_way_again(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(PayoutBatchLine)
        .where(PayoutBatchLine.batch_id == world.released)
        .where(PayoutBatchLine.state == LineState.PARTLY_PAID)
        .values(state=LineState.SENT, paid_minor=None)
    )


def a_batch_closed_too_early(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(PayoutBatch)
        .where(PayoutBatch.id == world.released)
        .values(state=BatchState.CLOSED, closed_at=PayoutBatch.released_at)
    )


def a_line_sent_without_a_payout(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.execute(
        update(PayoutBatchLine)
        .where(PayoutBatchLine.batch_id == world.draft)
        .where(PayoutBatchLine.state == LineState.WAITING)
        .values(state=LineState.SENT)
    )


def an_approval_by_the_preparer(connection: Connection, world: World, keyring: Keyring) -> None:
    unchecked(connection, "approver_is_another")
    connection.execute(
        update(PayoutBatch)
        .where(PayoutBatch.id == world.approved)
        .values(approved_by=PayoutBatch.prepared_by)
    )


def an_approval_nobody_recorded(connection: Connection, world: World, keyring: Keyring) -> None:
    paid_by = select(PayoutBatch.reviewed_by).where(PayoutBatch.id == world.alone)
    other = select(PayoutBatch.prepared_by).where(PayoutBatch.id == world.alone)
    assert connection.scalar(paid_by)
    connection.execute(
        update(PayoutBatch)
        .where(PayoutBatch.id == world.approved)
        .values(approved_by=other.scalar_subquery())
    )


def an_approval_too_few(connection: Connection, world: World, keyring: Keyring) -> None:
    unchecked(connection, "state_has_what_it_needs")
    connection.execute(
        update(PayoutBatch).where(PayoutBatch.id == world.closed).values(needs_second=True)
    )


def a_review_by_whoever_released(connection: Connection, world: World, keyring: Keyring) -> None:
    unchecked(connection, "reviewer_is_another")
    connection.execute(
        update(PayoutBatch)
        .where(PayoutBatch.id == world.alone)
        .values(reviewed_by=PayoutBatch.released_by)
    )


def money_kept_aside_for_a_void_batch(
    connection: Connection, world: World, keyring: Keyring
) -> None:
    free = connection.scalar(
        select(LedgerEntry.id)
        .outerjoin(PayoutLine, PayoutLine.accrual_id == LedgerEntry.id)
        .outerjoin(PayoutReservation, PayoutReservation.accrual_id == LedgerEntry.id)
        .where(
            LedgerEntry.credit == Account.STIPENDS_PAYABLE,
            PayoutLine.accrual_id.is_(None),
            PayoutReservation.accrual_id.is_(None),
        )
        .limit(1)
    )
    assert free is not None
    sealed = seal_line(Session(connection, info={"keyring": keyring}), free, world.draft, uuid4())
    connection.execute(insert(PayoutReservation).values(accrual_id=free, sealed_line=sealed))


def a_file_booked_twice(connection: Connection, world: World, keyring: Keyring) -> None:
    connection.exec_driver_sql("DROP INDEX uq_payout_answer_file_applied")
    row = connection.execute(
        select(PayoutAnswerFile).where(PayoutAnswerFile.state == FileState.APPLIED).limit(1)
    ).one()
    again = uuid4()
    place = {"table": "payout_answer_file", "column": "sealed_answers"}
    plain = keyring.open(row.sealed_answers, row=row.id, **place)
    sealed = keyring.seal(plain, row=again, **place)
    kept = {**row._mapping, "id": again, "sealed_answers": sealed}
    connection.execute(insert(PayoutAnswerFile).values(kept))


AGAINST_A_CHECK = (
    an_approval_by_the_preparer,
    an_approval_too_few,
    a_review_by_whoever_released,
)


@pytest.mark.parametrize(
    ("breaking", "checks"),
    [
        (a_line_of_more, {"lines of batches"}),
        (a_line_in_another_currency, {"lines of batches"}),
        (a_payee_swapped, {"frozen batches"}),
        (a_line_said_to_be_paid, {"ends of batches"}),
        (a_failed_line_on_its_way_again, {"ends of batches"}),
        (a_batch_closed_too_early, {"ends of batches"}),
        (a_line_sent_without_a_payout, {"ends of batches", "kept aside"}),
        (an_approval_by_the_preparer, {"batches"}),
        (an_approval_nobody_recorded, {"batches"}),
        (an_approval_too_few, {"batches"}),
        (a_review_by_whoever_released, {"batches"}),
        (money_kept_aside_for_a_void_batch, {"kept aside"}),
        (a_file_booked_twice, {"files that came back"}),
    ],
)
def test_each_fault_is_found_by_the_check_whose_it_is(
    database: Database, world: World, keyring: Keyring, breaking: Breaking, checks: set[str]
) -> None:
    engine = create_engine(database.engine.url)
    with engine.connect() as connection, unguarded(connection):
        breaking(connection, world, keyring)
        with guarded_again(connection):
            found = failing(Session(connection, info={"keyring": keyring}))
    engine.dispose()

    if database.is_sqlite and breaking in AGAINST_A_CHECK:
        checks = checks | {"tables"}  # which inspects constraints, too
    assert found == checks


def test_nothing_is_found_where_nothing_is_wrong(database: Database, world: World) -> None:
    with database.snapshot() as session:
        assert failing(session) == set()
        assert len(list(reservations(session))) > 2


def failing(session: Session) -> set[str]:
    return {name.split(":")[0] for name, check in CHECKS.items() if list(check(session))}


@pytest.mark.parametrize("table", ["payout_batch", "payout_batch_line", "payout_answer_file"])
def test_a_guard_that_was_taken_away_is_missed(database: Database, table: str) -> None:
    guard = f"{table}_frozen" if database.is_sqlite else f"frozen ON {table}"
    with database.transaction() as session:
        session.connection().exec_driver_sql(f"DROP TRIGGER {guard}")
        assert any(table in fault for fault in guards(session))


def guards(session: Session) -> list[str]:
    return list(next(check for name, check in CHECKS.items() if name.startswith("guards"))(session))
