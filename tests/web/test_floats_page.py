"""The cash of all sites: figures are the ledger's, money goes each way once, and two people give missing money up."""

import csv
import re
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.queries import latest
from app.domain.programmes.queries import SiteFacts
from app.domain.stipends.actions import note_fee_paid
from app.domain.stipends.queries import books_of
from tests.factories import LATER, Place, a_finished_visit, a_place, a_site
from tests.web.readers import Reader, reader

NOW = LATER + timedelta(minutes=5)
SUM = """
SELECT debit_side.total - credit_side.total FROM
 (SELECT COALESCE(SUM(amount_minor), 0) AS total FROM ledger_entry WHERE site_id = :site AND debit = :account) debit_side,
 (SELECT COALESCE(SUM(amount_minor), 0) AS total FROM ledger_entry WHERE site_id = :site AND credit = :account) credit_side
"""


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session, cash=60_000)


@pytest.fixture
def other(database: Database, place: Place) -> SiteFacts:
    with database.transaction() as session:
        return a_site(session, place.programme.id, cash=4_000)


@pytest.fixture
def finance(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.finance, now=NOW)


def in_books(database: Database, site_id: UUID, account: str) -> int:
    """In SQL of the test's own."""
    key: Any = site_id.hex if database.is_sqlite else site_id
    with database.engine.connect() as connection:
        return int(connection.execute(text(SUM), {"site": key, "account": account}).scalar_one())


def put(finance: Reader, way: str, site: SiteFacts, amount: str, act: UUID | None = None) -> Any:
    fields = {"way": way, "site": site.code, "amount": amount, "act_id": str(act or uuid4())}
    return finance.send("/stipends/floats/put", fields)


def table(finance: Reader) -> dict[str, dict[str, str]]:
    text = finance.get("/stipends/floats/cash.csv").text.removeprefix("\ufeff")
    return {row["site"]: row for row in csv.DictReader(StringIO(text))}


def test_money_goes_each_way_once_however_often_the_form_is_sent(
    finance: Reader, database: Database, place: Place
) -> None:
    site, acts = place.site, {}
    for way, amount in (
        ("funding", "100"),
        ("bank", "50,5"),
        ("from_bank", "20"),
        ("to_bank", "7.25"),
    ):
        acts[way] = uuid4()
        for _ in range(2):
            answer = put(finance, way, site, amount, acts[way])
            assert answer.headers["location"] == "/stipends/floats", way

    cash, bank = in_books(database, site.id, "cash_float"), in_books(database, site.id, "bank")
    assert cash == 60_000 + 10_000 + 2_000 - 725
    assert bank == 5_050 - 2_000 + 725
    row = table(finance)[site.code]
    assert (row["cash"], row["bank"]) == (f"{cash / 100:.2f}", f"{bank / 100:.2f}")
    assert put(finance, "funding", site, "101", acts["funding"]).status_code == 409


def test_who_put_money_in_is_recorded(finance: Reader, database: Database, place: Place) -> None:
    put(finance, "funding", place.site, "3")
    put(finance, "to_bank", place.site, "2")
    for act, facts in (
        ("float.funded", {"minor": 300, "currency": "UAH", "from": "funding"}),
        ("float.banked", {"minor": 200, "currency": "UAH"}),
    ):
        with database.snapshot() as session:
            (entry,) = latest(session, place.programme.id, action=act)
        assert (entry.staff_id, entry.facts) == (place.finance.staff_id, facts)


def test_cash_is_carried_to_another_site_once(
    finance: Reader, database: Database, place: Place, other: SiteFacts
) -> None:
    fields = {
        "from_site": place.site.code,
        "to_site": other.code,
        "amount": "100",
        "act_id": str(uuid4()),
    }
    for _ in range(2):
        assert finance.send("/stipends/floats/move", fields).status_code == 303
    assert in_books(database, place.site.id, "cash_float") == 50_000
    assert in_books(database, other.id, "cash_float") == 14_000
    there = in_books(database, place.site.id, "between_sites")
    assert there == -in_books(database, other.id, "between_sites") == 10_000

    too_much = finance.send(
        "/stipends/floats/move", {**fields, "amount": "9999", "act_id": str(uuid4())}
    )
    assert too_much.status_code == 409
    assert "UAH\xa09,499.00 are missing" in too_much.text
    assert 'value="9999"' in too_much.text
    same = finance.send(
        "/stipends/floats/move", {**fields, "to_site": place.site.code, "act_id": str(uuid4())}
    )
    assert same.status_code == 422


@pytest.mark.parametrize("amount", ["0", "-5", "1 000", "1.005", "ten", ""])
def test_an_amount_that_is_none_moves_nothing(
    finance: Reader, database: Database, place: Place, amount: str
) -> None:
    for way in ("funding", "from_bank", "to_bank", "bank"):
        assert put(finance, way, place.site, amount).status_code == 422
    assert in_books(database, place.site.id, "cash_float") == 60_000
    assert in_books(database, place.site.id, "bank") == 0


def test_a_site_whose_cash_is_low_is_named(finance: Reader, place: Place, other: SiteFacts) -> None:
    page = finance.get("/stipends/floats").text
    assert "is low: UAH\xa040.00." in page  # the line of a new programme is 50.00
    assert "is low: UAH\xa0600.00." not in page
    assert {site: row["is_low"] for site, row in table(finance).items()} == {
        place.site.code: "no",
        other.code: "yes",
    }
    assert "low below 50" in page


def test_who_only_reads_can_move_nothing(
    database: Database, keyring: Keyring, place: Place
) -> None:
    lead = reader(database, keyring, place.lead, now=NOW)
    page = lead.get("/stipends/floats").text
    assert "/stipends/floats/put" not in page
    assert put(lead, "funding", place.site, "1").status_code == 403
    assert lead.get(f"/stipends/floats/day?site={place.site.code}").status_code == 200
    csv_file = lead.get(f"/stipends/floats/day.csv?site={place.site.code}")
    assert "opening" in csv_file.text
    assert lead.get("/stipends/floats/day?site=NONE").status_code == 404


def a_loss(database: Database, place: Place) -> None:
    with database.transaction() as session:
        person = a_finished_visit(session, place).recruiter_id
        books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
        note_fee_paid(
            session,
            books,
            payment_id=uuid4(),
            participant_id=person,
            minor=4_321,
            by=place.intake.staff_id,
            now=LATER,
        )


def test_a_loss_is_given_up_by_two_people(
    database: Database, keyring: Keyring, place: Place, finance: Reader
) -> None:
    a_loss(database, place)
    lead = reader(database, keyring, place.lead, now=NOW)
    page = lead.get("/stipends/floats/losses").text
    assert place.intake.username in page
    assert "43.21" in page
    asked = {
        "site": place.site.code,
        "account": "cash_loss",
        "amount": "43.21",
        "reason": "The tablet was offline",
        "act_id": str(uuid4()),
    }
    assert finance.send("/stipends/floats/write-offs", {**asked, "reason": ""}).status_code == 422
    assert finance.send("/stipends/floats/write-offs", asked).status_code == 303
    mine = finance.get("/stipends/floats/losses").text
    assert "waits for a second person" in mine
    assert not re.search(r'action="/stipends/floats/write-offs/[0-9a-f-]+"', mine)
    address = f"/stipends/floats/write-offs/{asked['act_id']}"
    assert finance.send(address, {"decision": "approve"}).status_code == 403
    assert address in lead.get("/stipends/floats/losses").text

    for _ in range(2):
        assert lead.send(address, {"decision": "approve", "note": "Agreed"}).status_code == 303

    assert in_books(database, place.site.id, "cash_loss") == 0
    assert in_books(database, place.site.id, "write_off") == 4_321
    assert lead.send(address, {"decision": "refuse"}).status_code == 409
    told = lead.get("/stipends/floats/losses").text
    assert "Nothing is missing." in told
    assert "Agreed" in told


def test_the_table_of_losses_names_whoever_paid(
    database: Database, place: Place, finance: Reader
) -> None:
    a_loss(database, place)
    rows = csv.DictReader(
        StringIO(finance.get("/stipends/floats/losses.csv").text.removeprefix("\ufeff"))
    )
    (row,) = rows
    assert (row["by"], row["amount"], row["site"]) == (
        place.intake.username,
        "43.21",
        place.site.code,
    )
