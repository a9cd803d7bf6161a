"""The entries of the books on their page: found by site, account and day, and taken back with a reason, once."""

import csv
from datetime import timedelta
from io import StringIO
from uuid import UUID, uuid4

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.stipends.queries import balances, books_of
from app.domain.stipends.rules import Account
from app.domain.treasury.actions import fund_float
from app.domain.treasury.queries import entries
from tests.factories import LATER, Place, a_finished_visit, a_place, a_site
from tests.web.readers import Reader, errors, reader


@pytest.fixture
def place(database: Database) -> Place:
    """A visit at the first of two sites has earned something, and there is money at the second."""
    with database.transaction() as session:
        place = a_place(session)
        second = a_site(session, place.programme.id, code="SECOND")
        a_finished_visit(session, place)
        books, _ = books_of(session, place.programme.id, second.id, now=LATER)
        by = place.finance.staff_id
        fund_float(session, books, 5000, funding_id=uuid4(), by=by, now=LATER)
    return place


@pytest.fixture
def finance(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.finance, now=LATER + timedelta(days=1))


def the_funding(database: Database, place: Place) -> UUID:
    with database.snapshot() as session:
        found = entries(session, place.programme.id, account=Account.FUNDING)
    return next(each.id for each in found if each.reverses is None)


def taken(answer_text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(answer_text.removeprefix("\ufeff"))))


def test_entries_are_found_by_site_account_and_day(finance: Reader) -> None:
    def found(query: str) -> list[str]:
        rows = taken(finance.get(f"/stipends/entries/all.csv?{query}").text)
        return sorted(row["amount"] for row in rows)

    everything = ["1.00", "2.40", "2.50", "2.50", "50.00", "7.50"]
    assert found("") == everything
    assert found("site=SECOND") == ["50.00"]
    assert found("account=expense_education") == ["2.40"]
    assert found("account=stipends_held") == ["2.50", "2.50"]
    assert found("since=2026-03-04&until=2026-03-04") == everything
    assert found("until=2026-03-03") == []
    assert found("since=2026-03-05") == []


def test_a_row_names_its_accounts_in_words_and_the_rules_it_was_made_under(finance: Reader) -> None:
    page = finance.get("/stipends/entries?site=SECOND").text
    assert "Put in by the programme" in page
    assert "Money the programme has put into its cash floats and its bank account." in page
    (row,) = taken(finance.get("/stipends/entries/all.csv?site=SECOND").text)
    assert (row["credit"], row["debit"], row["rules"]) == ("funding", "cash_float", "1")


def test_a_list_goes_on_over_pages(database: Database, finance: Reader, place: Place) -> None:
    with database.transaction() as session:
        books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
        for _ in range(55):
            fund_float(session, books, 1, funding_id=uuid4(), by=place.finance.staff_id, now=LATER)
    first = finance.get("/stipends/entries").text
    second = finance.get("/stipends/entries?page=2").text
    assert first.count("<tr>") - 1 == 50
    assert second.count("<tr>") - 1 == 61 - 50
    assert 'href="/stipends/entries?page=2"' in first
    assert len(taken(finance.get("/stipends/entries/all.csv").text)) == 61


def test_a_correction_takes_an_entry_back_and_both_are_shown(
    database: Database, finance: Reader, place: Place
) -> None:
    entry_id = the_funding(database, place)
    form = {"reason": "counted twice"}
    for _ in range(2):  # a second press changes nothing
        answer = finance.send(f"/stipends/entries/{entry_id}/reverse", form)
        assert answer.headers["location"] == f"/stipends/entries/{entry_id}"
    page = finance.get(f"/stipends/entries/{entry_id}").text
    assert "Taken back by" in page
    assert "counted twice" in page
    assert "/reverse" not in page
    with database.snapshot() as session:
        in_float = [
            each.balance.minor
            for each in balances(session, place.programme.id)
            if each.account is Account.CASH_FLOAT
        ]
    assert in_float == [0]


def test_a_correction_needs_a_reason(database: Database, finance: Reader, place: Place) -> None:
    entry_id = the_funding(database, place)
    answer = finance.send(f"/stipends/entries/{entry_id}/reverse", {"reason": "  "})
    assert answer.status_code == 422
    assert "reason" in errors(answer.text)
    assert "Taken back by" not in finance.get(f"/stipends/entries/{entry_id}").text


def test_what_follows_from_something_else_is_not_corrected_by_hand(
    database: Database, finance: Reader, place: Place
) -> None:
    with database.snapshot() as session:
        held = entries(session, place.programme.id, account=Account.STIPENDS_HELD)
    entry_id = next(each.id for each in held if each.credit is Account.STIPENDS_HELD)
    assert "/reverse" not in finance.get(f"/stipends/entries/{entry_id}").text
    answer = finance.send(f"/stipends/entries/{entry_id}/reverse", {"reason": "no"})
    assert answer.status_code == 422


def test_a_lead_reads_and_does_not_correct(
    database: Database, keyring: Keyring, place: Place
) -> None:
    lead = reader(database, keyring, place.lead)
    entry_id = the_funding(database, place)
    assert "/reverse" not in lead.get(f"/stipends/entries/{entry_id}").text
    answer = lead.send(f"/stipends/entries/{entry_id}/reverse", {"reason": "mine"})
    assert answer.status_code == 403


def test_another_programmes_entries_are_not_there(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        elsewhere = a_place(session)
    stranger = reader(database, keyring, elsewhere.finance)
    entry_id = the_funding(database, place)
    assert stranger.get(f"/stipends/entries/{entry_id}").status_code == 404
    answer = stranger.send(f"/stipends/entries/{entry_id}/reverse", {"reason": "theirs"})
    assert answer.status_code == 404
    assert taken(stranger.get("/stipends/entries/all.csv").text) == []
    assert stranger.get("/stipends/entries").status_code == 200
