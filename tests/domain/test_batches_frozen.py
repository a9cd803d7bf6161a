"""What the database itself refuses of batches, their lines and what came back, whoever writes to it."""

from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import Database
from app.domain.answers import actions as answers
from app.domain.answers.rules import Answer
from app.domain.batches import queries
from app.domain.batches.actions import ask_self_release, release, void
from app.domain.batches.models import PayoutBatch, PayoutBatchLine
from app.domain.batches.queries import BatchFacts
from app.domain.batches.rules import BatchState, LineState, Payee
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.staff.actions import remove_member
from app.domain.stipends.rules import Account, Method
from tests.batches import (
    Office,
    a_batch,
    a_released_batch,
    an_approved_batch,
    an_office,
    sign,
    someone_owed,
    the_lines,
)
from tests.domain.test_batches import stands
from tests.factories import LATER

NOW = "prepared_at"
NO_WAIT = f"self_release_reason = 'x', self_release_asked_at = {NOW}, not_before = {NOW}"

# What is written to an approved batch, and the check that refuses it.
ONE_PERSON_TWICE = [
    ("approved_by = prepared_by", "approver_is_another"),
    (
        f"second_approved_by = prepared_by, second_approved_at = {NOW}",
        "second_approver_is_another",
    ),
    (
        f"second_approved_by = approved_by, second_approved_at = {NOW}",
        "second_approver_is_another",
    ),
    (f"state = 'released', released_by = prepared_by, released_at = {NOW}", "payer_is_another"),
    (f"state = 'released', released_by = approved_by, released_at = {NOW}", "payer_is_another"),
]
UNFINISHED = [
    ("state = 'released'", "state_has_what_it_needs"),
    ("content_hash = NULL", "state_has_what_it_needs"),
    ("approved_by = NULL, approved_at = NULL", "state_has_what_it_needs"),
    ("needs_second = TRUE", "state_has_what_it_needs"),
    ("state = 'closed'", "state_has_what_it_needs"),
    (f"closed_at = {NOW}", "state_has_what_it_needs"),
    ("state = 'void'", "state_has_what_it_needs"),
    (f"state = 'void', voided_by = prepared_by, voided_at = {NOW}", "state_has_what_it_needs"),
    ("approved_at = NULL", "every_step_has_its_time"),
    (f"released_at = {NOW}", "every_step_has_its_time"),
    ("is_self_release = TRUE", "self_release_is_delayed"),
    (
        f"is_self_release = TRUE, {NO_WAIT}",
        "self_release_is_delayed",
    ),
    (
        f"reviewed_by = approved_by, reviewed_at = {NOW}, review_note = 'x'",
        "reviewer_is_another",
    ),
]


def refused(session: Session, statement: str, words: str, **given: object) -> None:
    with pytest.raises(DatabaseError, match=words), session.begin_nested():
        session.execute(text(statement), given)


def test_no_statement_signs_twice_or_leaves_a_step_out(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    an_approved_batch(session, office)

    for change, check in (*ONE_PERSON_TWICE, *UNFINISHED):
        refused(session, f"UPDATE payout_batch SET {change}", check)


def test_no_statement_lets_the_second_approver_pay(session: Session) -> None:
    office = an_office(session)
    adopt_protocol(
        session,
        office.programme_id,
        Protocol(payouts=PayoutRules(second_approval_from=1)),
        by=None,
        now=LATER,
    )
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)
    refused(session, "UPDATE payout_batch SET state = 'approved'", "state_has_what_it_needs")
    sign(session, batch, office.second)

    paid = f"state = 'released', released_by = second_approved_by, released_at = {NOW}"
    refused(session, f"UPDATE payout_batch SET {paid}", "payer_is_another")


def test_no_statement_shortens_the_wait_of_someone_alone_or_lets_her_review(
    session: Session,
) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    for actor in (office.approver, office.second, office.payer):
        remove_member(session, actor.staff_id, by=None, now=LATER)
    batch = a_batch(session, office)
    seen = queries.seen(session, batch.id, programme_id=office.programme_id)
    ask_self_release(session, batch.id, seen=seen, reason="alone", by=office.preparer, now=LATER)

    early = f"state = 'released', released_by = prepared_by, released_at = {NOW}"
    refused(session, f"UPDATE payout_batch SET {early}", "self_release_is_delayed")
    own = "state = 'released', released_by = prepared_by, released_at = not_before"
    reviewed = f"reviewed_by = prepared_by, reviewed_at = {NOW}, review_note = 'fine'"
    refused(session, f"UPDATE payout_batch SET {own}, {reviewed}", "reviewer_is_another")
    session.execute(text(f"UPDATE payout_batch SET {own}"))  # the control: only the wait was short


FIXED = {
    "id": "(SELECT id FROM participant LIMIT 1)",
    "batch_id": "(SELECT id FROM participant LIMIT 1)",
    "line_no": "line_no + 1",
    "payment_ref": "'P' || payment_ref",
    "method": "'voucher'",
    "site_id": "(SELECT id FROM participant LIMIT 1)",
    "sealed_payee": ":sealed",
    "amount_minor": "amount_minor + 1",
    "currency": "'EUR'",
}


@pytest.mark.parametrize("state", list(BatchState))
def test_nobody_changes_whom_a_line_pays_or_how_much(session: Session, state: BatchState) -> None:
    office = an_office(session)
    in_state(session, office, state)

    for column, value in FIXED.items():
        given = {"sealed": b"\x01" * 60} if column == "sealed_payee" else {}
        change = f"UPDATE payout_batch_line SET {column} = {value}"
        refused(session, change, "is frozen", **given)


@pytest.mark.parametrize("state", list(BatchState))
def test_a_batch_and_its_lines_are_there_for_good(
    session: Session, backend: str, state: BatchState
) -> None:
    office = an_office(session)
    in_state(session, office, state)

    for table in ("payout_batch_line", "payout_batch"):
        refused(session, f"DELETE FROM {table}", "is frozen")
        if backend == "sqlite":
            for verb in ("INSERT OR REPLACE", "REPLACE"):
                again = f"{verb} INTO {table} SELECT * FROM {table}"
                refused(session, again, "is frozen")
        else:
            refused(session, f"TRUNCATE {table} CASCADE", "is frozen")


@pytest.mark.parametrize("state", [each for each in BatchState if each is not BatchState.DRAFT])
def test_no_line_is_added_to_or_taken_out_of_what_was_signed(
    session: Session, state: BatchState
) -> None:
    office = an_office(session)
    batch = in_state(session, office, state)
    (line,) = the_lines(session, batch)
    columns = [each.name for each in PayoutBatchLine.__table__.columns]
    values = {"id": ":id", "line_no": "2", "payment_ref": "'P2'"}
    listed = ", ".join(values.get(each, each) for each in columns)
    new_id = uuid4()

    refused(
        session,
        f"INSERT INTO payout_batch_line ({', '.join(columns)})"
        f" SELECT {listed} FROM payout_batch_line",
        "is frozen",
        id=new_id if session.connection().dialect.name == "postgresql" else new_id.hex,
    )
    taken = "UPDATE payout_batch_line SET state = 'removed', paid_minor = NULL"
    refused(session, taken, "is frozen")
    assert [each.id for each in the_lines(session, batch)] == [line.id]


@pytest.mark.parametrize("state", [BatchState.DRAFT, BatchState.APPROVED, BatchState.VOID])
def test_no_line_is_sent_before_its_batch(session: Session, state: BatchState) -> None:
    office = an_office(session)
    in_state(session, office, state)

    refused(session, "UPDATE payout_batch_line SET state = 'sent'", "is frozen")


ENDS = [
    (BatchState.RELEASED, "state = 'approved', released_by = NULL, released_at = NULL"),
    (BatchState.RELEASED, "content_hash = NULL"),
    (BatchState.RELEASED, "approved_by = released_by"),
    (BatchState.CLOSED, "state = 'released', closed_at = NULL"),
    (BatchState.VOID, "state = 'draft', voided_by = NULL, voided_at = NULL"),
    (
        BatchState.DRAFT,
        "prepared_by = (SELECT id FROM staff_member WHERE id <> prepared_by LIMIT 1)",
    ),
    (BatchState.DRAFT, "currency = 'EUR'"),
]


@pytest.mark.parametrize(("state", "change"), ENDS)
def test_a_batch_goes_forward_only(session: Session, state: BatchState, change: str) -> None:
    office = an_office(session)
    in_state(session, office, state)

    refused(session, f"UPDATE payout_batch SET {change}", "is frozen")


LINE_ENDS = [
    "state = 'paid', paid_minor = amount_minor + 1",
    "state = 'paid', paid_minor = amount_minor - 1",
    "state = 'partly_paid', paid_minor = amount_minor",
    "state = 'partly_paid', paid_minor = 0",
    "state = 'failed', paid_minor = 1",
    "state = 'paid', paid_minor = -1",
    "state = 'sent', paid_minor = 1",
    "resolved_by = (SELECT id FROM staff_member LIMIT 1)",
    "state = 'lost'",
]


def test_a_line_ends_as_its_amount_says(session: Session) -> None:
    office = an_office(session)
    in_state(session, office, BatchState.RELEASED)

    for change in LINE_ENDS:
        refused(session, f"UPDATE payout_batch_line SET {change}", "ck_payout_batch_line|linestate")


def test_a_reference_is_nobody_elses(session: Session) -> None:
    office = an_office(session)
    for _ in range(2):
        someone_owed(session, office.place)
    one, two = the_lines(session, a_batch(session, office))
    thaw(session)
    change = text("UPDATE payout_batch_line SET payment_ref = :ref")

    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(change, {"ref": one.payment_ref})
    assert one.payment_ref != two.payment_ref


def test_a_file_is_booked_once_and_stays_as_it_came(session: Session) -> None:
    office = an_office(session)
    files = []
    for _ in range(2):
        someone_owed(session, office.place, method=Method.VOUCHER)
        batch = a_released_batch(session, office)
        (line,) = the_lines(session, batch)
        files.append((uuid4(), batch, line.payment_ref))
    for file_id, batch, ref in files:
        answers.preview(
            session,
            file_id,
            batch.id,
            [Answer(2, ref, LineState.PAID)],
            sha256=sha256(b"the same bytes").digest(),
            profile="generic",
            by=office.preparer,
            now=LATER,
        )
    answers.apply(session, files[0][0], by=office.preparer, now=LATER)

    booked = "state = 'applied', applied_by = uploaded_by, applied_at = uploaded_at"
    refused(
        session,
        f"UPDATE payout_answer_file SET {booked} WHERE state = 'previewed'",
        "uq_payout_answer_file_applied|UNIQUE constraint",
    )
    for change in ("state = 'previewed'", "lines = 7", "sha256 = sealed_answers"):
        refused(session, f"UPDATE payout_answer_file SET {change}", "is frozen")
    refused(session, "DELETE FROM payout_answer_file", "is frozen")
    refused(
        session,
        "UPDATE payout_answer_file SET state = 'applied' WHERE state = 'previewed'",
        "applied_by_someone",
    )


# What someone with the key and the database could do between the approval and the release


@pytest.mark.parametrize("with_the_key", [True, False])
def test_a_number_changed_after_the_approval_stops_the_release(
    session: Session, with_the_key: bool
) -> None:
    office = an_office(session)
    someone_owed(session, office.place, method=Method.MOBILE_MONEY, number="+380501234567")
    batch = an_approved_batch(session, office)
    row = session.query(PayoutBatchLine).one()
    payee = queries.open_payees(keyring_of(session), [row])[0]
    thief = Payee(payee.participant_id, "+380509999999", payee.accruals)
    sealed = (
        queries.seal_payee(keyring_of(session), row.id, thief) if with_the_key else b"\x01" * 90
    )
    thaw(session)
    session.execute(text("UPDATE payout_batch_line SET sealed_payee = :sealed"), {"sealed": sealed})
    session.expire_all()

    signed = release(session, batch.id, by=office.payer, now=LATER)

    assert signed.changed
    assert signed.batch.state is BatchState.DRAFT
    assert stands(session, office, Account.CLEARING) == 0
    why = queries.history(session, batch.id, programme_id=office.programme_id)[-1]
    assert (why.action, why.facts["why"]) == ("batch.approvals_voided", "content")


@pytest.mark.parametrize("change", ["amount_minor = 1", "method = 'voucher'", "payment_ref = 'P1'"])
def test_nothing_else_of_a_line_changes_unnoticed(session: Session, change: str) -> None:
    office = an_office(session)
    someone_owed(session, office.place, method=Method.MOBILE_MONEY, number="+380501234567")
    batch = an_approved_batch(session, office)
    thaw(session)
    session.execute(text(f"UPDATE payout_batch_line SET {change}"))
    session.expire_all()

    assert release(session, batch.id, by=office.payer, now=LATER).changed


def test_the_second_approver_finds_it_too(session: Session) -> None:
    office = an_office(session)
    adopt_protocol(
        session,
        office.programme_id,
        Protocol(payouts=PayoutRules(second_approval_from=1)),
        by=None,
        now=LATER,
    )
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)
    thaw(session)
    session.execute(text("UPDATE payout_batch_line SET amount_minor = 9"))
    session.expire_all()

    assert sign(session, batch, office.second).content is None


def test_approvals_that_became_void_stay_void_after_the_refusal(database: Database) -> None:
    with database.transaction() as session:
        office = an_office(session)
        someone_owed(session, office.place)
        batch = an_approved_batch(session, office)
        thaw(session)
        session.execute(text("UPDATE payout_batch_line SET amount_minor = 9"))

    with database.transaction() as session:
        assert release(session, batch.id, by=office.payer, now=LATER).changed
    with database.transaction() as session:
        row = session.get_one(PayoutBatch, batch.id)
        assert (row.state, row.approved_by, row.content_hash) == (BatchState.DRAFT, None, None)


def in_state(session: Session, office: Office, state: BatchState) -> BatchFacts:
    someone_owed(session, office.place)
    if state is BatchState.DRAFT:
        return a_batch(session, office)
    if state is BatchState.VOID:
        batch = a_batch(session, office)
        return void(session, batch.id, reason="x", by=office.preparer, now=LATER)
    if state is BatchState.APPROVED:
        return an_approved_batch(session, office)
    batch = a_released_batch(session, office)
    if state is BatchState.CLOSED:
        return answers.hand_over(session, batch.id, by=office.place.intake, now=LATER)
    return batch


def thaw(session: Session) -> None:
    """Take the guard away that keeps lines as they were signed."""
    is_sqlite = session.connection().dialect.name == "sqlite"
    guard = "payout_batch_line_frozen" if is_sqlite else "frozen ON payout_batch_line"
    session.execute(text(f"DROP TRIGGER {guard}"))
