"""What comes back for a batch: looked at, booked as a whole or not at all, and never twice."""

from collections.abc import Callable
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.answers import queries
from app.domain.answers.actions import (
    apply,
    bounce,
    drop,
    hand_over,
    mark_unknown,
    not_collected,
    preview,
    resolve,
)
from app.domain.answers.errors import (
    AnswerFileDropped,
    AnswersRefused,
    EvidenceNeeded,
    FileAlreadyApplied,
    LineSettled,
    NotHandedOut,
    UnknownAnswerFile,
)
from app.domain.answers.queries import Preview
from app.domain.answers.rules import Answer, End, Fault, FaultCode, FileState, Sent, judge
from app.domain.batches import queries as batches
from app.domain.batches.errors import BatchIdReused, BatchMovedOn, FourEyes, UnknownPayoutLine
from app.domain.batches.queries import BatchFacts, LineFacts
from app.domain.batches.rules import BatchState, LineState
from app.domain.payouts.errors import MoreThanOwed
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.stipends.errors import BadAmount, FloatTooLow
from app.domain.stipends.queries import balances, owed_to
from app.domain.stipends.rules import Account, Method
from tests.batches import (
    Office,
    a_batch,
    a_released_batch,
    an_approved_batch,
    an_office,
    someone_owed,
    the_lines,
)
from tests.factories import LATER

PHONE, AIRTIME = Method.MOBILE_MONEY, Method.AIRTIME
PAID, PARTLY, FAILED = LineState.PAID, LineState.PARTLY_PAID, LineState.FAILED
SENT, UNKNOWN = LineState.SENT, LineState.UNKNOWN
NUMBER = "+380501234567"


def by_phone(session: Session, office: Office, *minors: int) -> UUID:
    return someone_owed(session, office.place, *minors, method=PHONE, number=NUMBER)


def stands(session: Session, office: Office, account: Account) -> int:
    found = balances(session, office.programme_id)
    return sum(each.balance.minor for each in found if each.account is account)


def what_is_owed(session: Session, person: UUID) -> int:
    return sum(each.amount.minor for each in owed_to(session, person))


def show(
    session: Session,
    office: Office,
    batch: BatchFacts,
    answers: list[Answer],
    *,
    file_id: UUID | None = None,
    body: bytes | None = None,
    by: Actor | None = None,
    faults: tuple[Fault, ...] = (),
) -> Preview:
    return preview(
        session,
        file_id or uuid4(),
        batch.id,
        answers,
        sha256=sha256(body or uuid4().bytes).digest(),
        profile="generic",
        faults=faults,
        by=by or office.preparer,
        now=LATER,
    )


def book(session: Session, office: Office, batch: BatchFacts, answers: list[Answer]) -> BatchFacts:
    shown = show(session, office, batch, answers)
    assert shown.faults == ()
    apply(session, shown.file_id, by=office.preparer, now=LATER)
    return now(session, batch)


def now(session: Session, batch: BatchFacts) -> BatchFacts:
    return batches.batch(session, batch.id, programme_id=batch.programme_id)


def ends(session: Session, batch: BatchFacts) -> list[tuple[LineState, int | None]]:
    lines = the_lines(session, batch)
    return [(each.state, each.paid.minor if each.paid else None) for each in lines]


def the_line(session: Session, batch: BatchFacts) -> LineFacts:
    (line,) = the_lines(session, batch)
    return line


# What an answer makes of a line


@pytest.mark.parametrize(
    ("status", "paid", "end"),
    [
        (PAID, None, End(PAID, 500)),
        (PAID, 500, End(PAID, 500)),
        (PAID, 300, End(PARTLY, 300)),
        (PARTLY, 300, End(PARTLY, 300)),
        (PARTLY, 500, End(PAID, 500)),
        (FAILED, None, End(FAILED, 0)),
        (FAILED, 0, End(FAILED, 0)),
        (None, 500, End(PAID, 500)),
        (None, 499, End(PARTLY, 499)),
        (None, 0, End(FAILED, 0)),
        (UNKNOWN, None, End(UNKNOWN, None)),
        (SENT, None, End(SENT, None)),
        (PAID, 501, FaultCode.MORE_THAN_OWED),
        (None, 501, FaultCode.MORE_THAN_OWED),
        (PAID, -1, FaultCode.BELOW_ZERO),
        (PAID, 0, FaultCode.CONTRADICTS_ITSELF),
        (PARTLY, 0, FaultCode.CONTRADICTS_ITSELF),
        (FAILED, 1, FaultCode.CONTRADICTS_ITSELF),
        (UNKNOWN, 1, FaultCode.CONTRADICTS_ITSELF),
        (PARTLY, None, FaultCode.AMOUNT_MISSING),
        (None, None, FaultCode.AMOUNT_MISSING),
        (LineState.REMOVED, 500, FaultCode.WRONG_STATUS),
        (LineState.WAITING, None, FaultCode.WRONG_STATUS),
    ],
)
def test_equal_is_paid_less_is_partly_paid_and_nothing_is_failed(
    status: LineState | None, paid: int | None, end: End | FaultCode
) -> None:
    line = Sent(SENT, 500, "UAH")

    assert judge(line, Answer(2, "P", status, paid)) == end


@pytest.mark.parametrize(
    ("state", "paid", "status", "told", "end"),
    [
        (PAID, 500, PAID, 500, End(PAID, 500)),
        (PAID, 500, PAID, None, End(PAID, 500)),
        (PAID, 500, SENT, None, End(PAID, 500)),
        (PAID, 500, UNKNOWN, None, End(PAID, 500)),
        (PAID, 500, PAID, 400, FaultCode.SETTLED_OTHERWISE),
        (PAID, 500, FAILED, None, FaultCode.SETTLED_OTHERWISE),
        (FAILED, 0, PAID, None, FaultCode.SETTLED_OTHERWISE),
        (FAILED, 0, FAILED, None, End(FAILED, 0)),
        (PARTLY, 300, None, 300, End(PARTLY, 300)),
        (PARTLY, 300, None, 301, FaultCode.SETTLED_OTHERWISE),
        (UNKNOWN, None, UNKNOWN, None, End(UNKNOWN, None)),
        (UNKNOWN, None, SENT, None, End(UNKNOWN, None)),
        (UNKNOWN, None, PAID, 500, FaultCode.NEEDS_A_PERSON),
        (UNKNOWN, None, FAILED, None, FaultCode.NEEDS_A_PERSON),
        (LineState.REMOVED, None, PAID, 500, FaultCode.NOT_SENT),
        (LineState.WAITING, None, PAID, 500, FaultCode.NOT_SENT),
    ],
)
def test_what_is_settled_stays_and_what_nobody_knows_needs_a_person(
    state: LineState,
    paid: int | None,
    status: LineState,
    told: int | None,
    end: End | FaultCode,
) -> None:
    line = Sent(state, 500, "UAH", paid)

    assert judge(line, Answer(2, "P", status, told)) == end


# Files


def test_a_file_settles_what_it_says_and_what_failed_is_owed_again(session: Session) -> None:
    office = an_office(session)
    people = [by_phone(session, office, minor) for minor in (100, 200, 400)]
    batch = a_released_batch(session, office)
    lines = {each.amount.minor: each for each in the_lines(session, batch)}

    batch = book(
        session,
        office,
        batch,
        [
            Answer(2, lines[100].payment_ref, PAID, 100, "R-1", "2026-03-05 10:00"),
            Answer(3, lines[200].payment_ref, FAILED, error="no such number"),
            Answer(4, lines[400].payment_ref, PAID, 250),
        ],
    )

    assert (batch.state, batch.closed_at) == (BatchState.CLOSED, LATER)
    assert batch.paid.minor == 350
    assert [what_is_owed(session, each) for each in people] == [0, 200, 150]
    assert stands(session, office, Account.CLEARING) == 0
    assert stands(session, office, Account.BANK) == -350
    after = {each.amount.minor: each for each in the_lines(session, batch)}
    assert (after[100].provider_receipt, after[100].completed_at) == ("R-1", "2026-03-05 10:00")
    assert (after[200].error, after[200].settled_by) == (
        "no such number",
        office.preparer.staff_id,
    )


def test_what_failed_comes_into_the_next_batch_under_another_reference(session: Session) -> None:
    office = an_office(session)
    person = by_phone(session, office, 300)
    first = a_released_batch(session, office)
    sent = the_line(session, first)
    book(session, office, first, [Answer(2, sent.payment_ref, FAILED)])

    second = a_released_batch(session, office)

    again = the_line(session, second)
    assert (again.amount, again.state) == (sent.amount, SENT)
    assert again.payment_ref != sent.payment_ref
    book(session, office, second, [Answer(2, again.payment_ref, PAID)])
    assert what_is_owed(session, person) == 0
    assert stands(session, office, Account.BANK) == -300


def test_a_preview_changes_nothing(session: Session) -> None:
    office = an_office(session)
    person = by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    line = the_line(session, batch)

    shown = show(session, office, batch, [Answer(2, line.payment_ref, PAID, 200)])

    (change,) = shown.changes
    assert (change.before, change.after, change.is_news) == (
        End(SENT, None),
        End(PARTLY, 200),
        True,
    )
    assert now(session, batch) == batch
    assert what_is_owed(session, person) == 0
    assert stands(session, office, Account.CLEARING) == 300


def test_lines_a_file_does_not_name_stay_on_their_way(session: Session) -> None:
    office = an_office(session)
    for minor in (100, 200):
        by_phone(session, office, minor)
    batch = a_released_batch(session, office)
    first, second = the_lines(session, batch)

    shown = show(session, office, batch, [Answer(2, first.payment_ref, PAID)])
    apply(session, shown.file_id, by=office.preparer, now=LATER)

    assert shown.silent == 1
    assert now(session, batch).state is BatchState.RELEASED
    assert the_lines(session, batch)[1].state is SENT
    assert book(session, office, batch, [Answer(2, second.payment_ref, PAID)]).state is (
        BatchState.CLOSED
    )


def test_every_fault_is_told_with_its_line_and_nothing_is_kept(session: Session) -> None:
    office = an_office(session)
    for _ in range(5):
        by_phone(session, office, 300)
    other = an_office(session)
    by_phone(session, other, 300)
    strange = the_line(session, a_released_batch(session, other))
    batch = a_released_batch(session, office)
    refs = [each.payment_ref for each in the_lines(session, batch)]
    read = Fault(7, "amount_not_exact", {"amount": "1,5e2"})

    shown = show(
        session,
        office,
        batch,
        [
            Answer(2, refs[0], PAID, 301),
            Answer(3, "P-nobody", PAID, 300),
            Answer(4, strange.payment_ref, PAID, 300),
            Answer(5, refs[1], PAID, 300, currency="EUR"),
            Answer(6, refs[2], PARTLY),
            Answer(8, refs[3], FAILED, 300),
            Answer(9, refs[4], PAID, 300),
            Answer(10, refs[4], PAID, 300),
            Answer(11, refs[4], PAID, 300, error="x" * 501),
        ],
        faults=(read,),
    )

    assert [(each.line_no, each.code) for each in shown.faults] == [
        (2, FaultCode.MORE_THAN_OWED),
        (3, FaultCode.UNKNOWN_REF),
        (4, FaultCode.OTHER_BATCH),
        (5, FaultCode.WRONG_CURRENCY),
        (6, FaultCode.AMOUNT_MISSING),
        (7, "amount_not_exact"),
        (8, FaultCode.CONTRADICTS_ITSELF),
        (10, FaultCode.TWICE),
        (11, FaultCode.TEXT_TOO_LONG),
        (11, FaultCode.TWICE),
    ]
    assert queries.answer_files(session, batch.id) == []
    with pytest.raises(UnknownAnswerFile):
        apply(session, shown.file_id, by=office.preparer, now=LATER)
    assert {state for state, _ in ends(session, batch)} == {SENT}


def test_the_same_file_is_booked_once(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    answers = [Answer(2, the_line(session, batch).payment_ref, PAID)]
    shown = show(session, office, batch, answers, body=b"the very same")
    other = show(session, office, batch, answers, body=b"the very same")
    apply(session, shown.file_id, by=office.preparer, now=LATER)

    with pytest.raises(FileAlreadyApplied) as refused:
        show(session, office, batch, answers, body=b"the very same")
    with pytest.raises(FileAlreadyApplied):
        apply(session, other.file_id, by=office.payer, now=LATER)

    assert refused.value.facts["batch"] == str(batch.id)
    assert stands(session, office, Account.BANK) == -300


def test_booking_again_gives_the_first_answer(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    answers = [Answer(2, the_line(session, batch).payment_ref, PAID)]
    file_id = uuid4()
    for _ in range(2):
        show(session, office, batch, answers, file_id=file_id, body=b"once")
    first = apply(session, file_id, by=office.preparer, now=LATER)
    again = apply(session, file_id, by=office.preparer, now=LATER)

    assert len(first.news) == 1
    assert (again.news, again.state) == ((), FileState.APPLIED)
    (kept,) = queries.answer_files(session, batch.id)
    assert (kept.state, kept.lines, kept.applied_by) == (
        FileState.APPLIED,
        1,
        office.preparer.staff_id,
    )
    with pytest.raises(BatchIdReused):
        show(session, office, batch, answers, file_id=file_id, body=b"another")


def test_a_file_with_settled_lines_in_it_settles_the_rest(session: Session) -> None:
    office = an_office(session)
    for minor in (100, 200):
        by_phone(session, office, minor)
    batch = a_released_batch(session, office)
    first, second = the_lines(session, batch)
    book(session, office, batch, [Answer(2, first.payment_ref, PAID)])

    shown = show(
        session,
        office,
        batch,
        [Answer(2, first.payment_ref, PAID), Answer(3, second.payment_ref, PAID)],
    )
    apply(session, shown.file_id, by=office.preparer, now=LATER)

    assert [each.line_no for each in shown.news] == [3]
    assert stands(session, office, Account.BANK) == -300


def test_a_file_about_settled_lines_only_changes_nothing(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    answers = [Answer(2, the_line(session, batch).payment_ref, PAID)]
    done = book(session, office, batch, answers)

    assert book(session, office, batch, answers) == done
    assert stands(session, office, Account.BANK) == -300


def test_what_was_settled_since_it_was_looked_at_refuses_all_of_the_file(session: Session) -> None:
    office = an_office(session)
    for minor in (100, 200):
        by_phone(session, office, minor)
    batch = a_released_batch(session, office)
    first, second = the_lines(session, batch)
    late = show(
        session,
        office,
        batch,
        [Answer(2, first.payment_ref, PAID), Answer(3, second.payment_ref, PAID)],
    )
    book(session, office, batch, [Answer(2, second.payment_ref, FAILED)])

    with pytest.raises(AnswersRefused):
        apply(session, late.file_id, by=office.preparer, now=LATER)

    assert the_lines(session, batch)[0].state is SENT
    again = queries.preview_of(session, late.file_id, programme_id=office.programme_id)
    assert [each.code for each in again.faults] == [FaultCode.SETTLED_OTHERWISE]


def test_a_file_that_was_put_aside_is_not_booked(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    answers = [Answer(2, the_line(session, batch).payment_ref, PAID)]
    shown = show(session, office, batch, answers, body=b"aside")

    for _ in range(2):
        drop(session, shown.file_id, by=office.preparer, now=LATER)

    with pytest.raises(AnswerFileDropped):
        apply(session, shown.file_id, by=office.preparer, now=LATER)
    assert queries.answer_files(session, batch.id) == []
    show(session, office, batch, answers, body=b"aside")  # it may come again


def test_a_booked_file_is_not_put_aside(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    answers = [Answer(2, the_line(session, batch).payment_ref, PAID)]
    shown = show(session, office, batch, answers)
    apply(session, shown.file_id, by=office.preparer, now=LATER)

    with pytest.raises(FileAlreadyApplied):
        drop(session, shown.file_id, by=office.preparer, now=LATER)


@pytest.mark.parametrize("make", [a_batch, an_approved_batch])
def test_nothing_is_answered_before_it_was_sent(
    session: Session, make: Callable[[Session, Office], BatchFacts]
) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = make(session, office)
    line = the_line(session, batch)

    with pytest.raises(BatchMovedOn):
        show(session, office, batch, [Answer(2, line.payment_ref, PAID)])
    with pytest.raises(BatchMovedOn):
        hand_over(session, batch.id, by=office.preparer, now=LATER)
    with pytest.raises(BatchMovedOn):
        end(session, office, line, batch)


def test_only_finance_books_what_came_back(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    answers = [Answer(2, the_line(session, batch).payment_ref, PAID)]
    shown = show(session, office, batch, answers)

    for actor in (office.approver, office.second, office.place.intake):
        with pytest.raises(NotAllowed):
            show(session, office, batch, answers, by=actor)
        with pytest.raises(NotAllowed):
            apply(session, shown.file_id, by=actor, now=LATER)


def test_no_reference_and_no_number_of_a_file_stands_in_clear(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    line = the_line(session, batch)
    show(session, office, batch, [Answer(2, line.payment_ref, PAID, error="to Olena")])

    sealed = session.scalar(text("SELECT sealed_answers FROM payout_answer_file"))
    assert line.payment_ref.encode() not in sealed
    assert b"Olena" not in sealed


# Nobody knows


def end(
    session: Session,
    office: Office,
    line: LineFacts,
    batch: BatchFacts,
    *,
    paid: int = 300,
    evidence: str = "the provider's statement of 6 March",
    by: Actor | None = None,
) -> BatchFacts:
    return resolve(
        session,
        batch.id,
        line.id,
        paid_minor=paid,
        evidence=evidence,
        by=by or office.preparer,
        now=LATER,
    )


def test_an_unknown_line_is_not_tried_again_until_someone_has_found_out(session: Session) -> None:
    office = an_office(session)
    person = by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    line = the_line(session, batch)
    batch = book(session, office, batch, [Answer(2, line.payment_ref, UNKNOWN)])

    assert (batch.state, the_line(session, batch).state) == (BatchState.RELEASED, UNKNOWN)
    assert what_is_owed(session, person) == 0
    assert stands(session, office, Account.CLEARING) == 300
    shown = show(session, office, batch, [Answer(2, line.payment_ref, PAID)])
    assert [each.code for each in shown.faults] == [FaultCode.NEEDS_A_PERSON]
    batch = end(session, office, line, batch, paid=0)

    after = the_line(session, batch)
    assert (batch.state, after.state) == (BatchState.CLOSED, FAILED)
    assert (after.resolved_by, after.evidence) == (
        office.preparer.staff_id,
        "the provider's statement of 6 March",
    )
    assert what_is_owed(session, person) == 300


def test_whoever_released_a_batch_does_not_say_how_it_ended(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    line = the_line(session, batch)

    with pytest.raises(FourEyes):
        end(session, office, line, batch, by=office.payer)
    with pytest.raises(NotAllowed):
        end(session, office, line, batch, by=office.place.intake)
    assert end(session, office, line, batch, by=office.approver).state is BatchState.CLOSED


@pytest.mark.parametrize("evidence", ["", "   "])
def test_nothing_is_settled_by_hand_without_evidence(session: Session, evidence: str) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)

    with pytest.raises(EvidenceNeeded):
        end(session, office, the_line(session, batch), batch, evidence=evidence)


def test_resolving_again_changes_nothing_and_otherwise_is_refused(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    line = the_line(session, batch)
    first = end(session, office, line, batch)

    assert end(session, office, line, batch) == first
    with pytest.raises(LineSettled):
        end(session, office, line, batch, paid=100)
    assert stands(session, office, Account.BANK) == -300


@pytest.mark.parametrize(("paid", "error"), [(301, MoreThanOwed), (-1, BadAmount)])
def test_no_more_is_resolved_than_was_owed(
    session: Session, paid: int, error: type[Exception]
) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)

    with pytest.raises(error):
        end(session, office, the_line(session, batch), batch, paid=paid)


def test_a_person_can_say_that_nobody_knows(session: Session) -> None:
    office = an_office(session)
    by_phone(session, office, 300)
    batch = a_released_batch(session, office)
    line = the_line(session, batch)

    for _ in range(2):
        mark_unknown(session, batch.id, [line.id], by=office.payer, now=LATER)

    assert the_line(session, batch).state is UNKNOWN
    end(session, office, line, batch)
    with pytest.raises(LineSettled):
        mark_unknown(session, batch.id, [line.id], by=office.payer, now=LATER)


def test_money_that_comes_back_is_owed_again(session: Session) -> None:
    office = an_office(session)
    person = by_phone(session, office, 300, 150)
    batch = a_released_batch(session, office)
    line = the_line(session, batch)
    come_back = {"evidence": "returned on 9 March", "now": LATER}
    with pytest.raises(LineSettled):
        bounce(session, batch.id, line.id, by=office.preparer, **come_back)  # type: ignore[arg-type]
    batch = book(session, office, batch, [Answer(2, line.payment_ref, PAID)])
    with pytest.raises(FourEyes):
        bounce(session, batch.id, line.id, by=office.payer, **come_back)  # type: ignore[arg-type]

    for _ in range(2):
        bounce(session, batch.id, line.id, by=office.preparer, **come_back)  # type: ignore[arg-type]

    after = the_line(session, batch)
    assert (after.state, after.evidence) == (FAILED, "returned on 9 March")
    assert what_is_owed(session, person) == 450
    assert stands(session, office, Account.BANK) == 0
    assert stands(session, office, Account.CLEARING) == 0


# From hand to hand


def test_cash_is_handed_over_one_by_one_or_all_at_once(session: Session) -> None:
    office = an_office(session)
    people = [someone_owed(session, office.place, minor) for minor in (100, 200, 400)]
    batch = a_released_batch(session, office)
    lines = {each.amount.minor: each for each in the_lines(session, batch)}
    desk = office.place.intake

    for _ in range(2):
        hand_over(session, batch.id, [lines[100].id], by=desk, now=LATER)
    not_collected(session, batch.id, [lines[200].id], by=desk, now=LATER)
    batch = hand_over(session, batch.id, by=desk, now=LATER)

    assert batch.state is BatchState.CLOSED
    assert {each.amount.minor: each.state for each in the_lines(session, batch)} == {
        100: PAID,
        200: FAILED,
        400: PAID,
    }
    assert [what_is_owed(session, each) for each in people] == [0, 200, 0]
    assert stands(session, office, Account.CASH_FLOAT) == -500
    assert stands(session, office, Account.BANK) == 0


def test_vouchers_are_handed_over_and_phones_are_left_alone(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place, 100, method=Method.VOUCHER)
    by_phone(session, office, 200)
    batch = a_released_batch(session, office)
    phone = next(each for each in the_lines(session, batch) if each.method is PHONE)

    batch = hand_over(session, batch.id, by=office.preparer, now=LATER)

    assert batch.state is BatchState.RELEASED
    assert stands(session, office, Account.BANK) == -100
    with pytest.raises(NotHandedOut):
        hand_over(session, batch.id, [phone.id], by=office.preparer, now=LATER)
    with pytest.raises(UnknownPayoutLine):
        hand_over(session, batch.id, [uuid4()], by=office.preparer, now=LATER)


def test_what_was_handed_over_is_not_uncollected(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = a_released_batch(session, office)
    line = the_line(session, batch)
    hand_over(session, batch.id, [line.id], by=office.place.intake, now=LATER)

    with pytest.raises(LineSettled):
        not_collected(session, batch.id, [line.id], by=office.place.intake, now=LATER)
    with pytest.raises(NotAllowed):
        hand_over(session, batch.id, [line.id], by=office.approver, now=LATER)


def test_a_cash_box_that_holds_too_little_hands_nothing_over(session: Session) -> None:
    office = an_office(session, cash=500)
    for minor in (300, 201):
        someone_owed(session, office.place, minor)
    batch = a_released_batch(session, office)

    with pytest.raises(FloatTooLow):
        hand_over(session, batch.id, by=office.place.intake, now=LATER)

    assert {state for state, _ in ends(session, batch)} == {SENT}
