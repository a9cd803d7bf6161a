"""The page of payments: by day, site, way and payer, by receipt, and never by payee."""

import csv
from datetime import timedelta
from io import StringIO
from uuid import UUID, uuid4

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.queries import Payment, books_of
from app.domain.stipends.rules import receipt_text
from tests.factories import LATER, Place, Visit, a_finished_visit, a_place
from tests.web.readers import Reader, reader


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def visit(database: Database, place: Place) -> Visit:
    with database.transaction() as session:
        return a_finished_visit(session, place)


@pytest.fixture
def paid(database: Database, place: Place, visit: Visit) -> tuple[UUID, Payment]:
    payment_id = uuid4()
    with database.transaction() as session:
        books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
        payment = pay_in_cash(
            session,
            books,
            payment_id=payment_id,
            participant_id=visit.participant_id,
            by=place.intake.staff_id,
        )
    return payment_id, payment


@pytest.fixture
def finance(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.finance, now=LATER + timedelta(days=1))


def test_a_receipt_leads_to_its_payment_however_it_is_spaced(
    finance: Reader, paid: tuple[UUID, Payment]
) -> None:
    payment_id, payment = paid
    for typed in (payment.receipt, receipt_text(payment.receipt), f" {payment.receipt} "):
        answer = finance.get("/stipends/payouts", params={"receipt": typed})
        assert answer.headers["location"] == f"/stipends/payouts/{payment_id}"
    page = finance.get(f"/stipends/payouts/{payment_id}").text
    assert receipt_text(payment.receipt) in page
    assert "7.50" in page


def test_a_slip_of_the_finger_is_told_apart_from_an_unknown_number(
    finance: Reader, paid: tuple[UUID, Payment]
) -> None:
    receipt = paid[1].receipt
    slip = receipt[:-1] + str((int(receipt[-1]) + 1) % 10)
    assert "A digit was mistyped" in finance.get(f"/stipends/payouts?receipt={slip}").text
    unknown = "0000005724"
    assert unknown != receipt
    assert "There is no payment" in finance.get(f"/stipends/payouts?receipt={unknown}").text


def test_payments_are_found_by_site_way_payer_and_day(
    finance: Reader, place: Place, paid: tuple[UUID, Payment]
) -> None:
    def found(query: str) -> int:
        text = finance.get(f"/stipends/payouts/all.csv?{query}").text
        return len(list(csv.DictReader(StringIO(text.removeprefix("\ufeff")))))

    assert found("") == found(f"site={place.site.code}") == found("method=cash") == 1
    assert (
        found(f"by={place.intake.staff_id.hex}") == found("since=2026-03-04&until=2026-03-04") == 1
    )
    assert found("method=airtime") == found(f"by={place.finance.staff_id.hex}") == 0
    assert found("until=2026-03-03") == found("since=2026-03-05") == 0


def test_nothing_says_who_was_paid(
    finance: Reader, visit: Visit, paid: tuple[UUID, Payment]
) -> None:
    for path in ("", "/all.csv", f"/{paid[0]}"):
        text = finance.get(f"/stipends/payouts{path}").text
        for person in (visit.participant_id, visit.recruiter_id):
            assert str(person) not in text
            assert person.hex not in text


def test_another_programmes_payments_are_not_there(
    database: Database, keyring: Keyring, paid: tuple[UUID, Payment]
) -> None:
    with database.transaction() as session:
        elsewhere = a_place(session)
    stranger = reader(database, keyring, elsewhere.finance)
    payment_id, payment = paid
    assert stranger.get(f"/stipends/payouts/{payment_id}").status_code == 404
    answer = stranger.get(f"/stipends/payouts?receipt={payment.receipt}")
    assert answer.status_code == 404
    assert "There is no payment" in answer.text
