"""The stipends page: the books by site, what nobody has claimed, and money put in once."""

import csv
from datetime import timedelta
from io import StringIO

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.stipends.queries import balances, unclaimed
from app.domain.stipends.rules import Account
from app.web.csv_file import csv_file, safe
from tests.factories import LATER, Place, a_finished_visit, a_place, a_site
from tests.web.readers import Reader, reader


@pytest.fixture
def place(database: Database) -> Place:
    """Two sites; a visit at the first has earned something."""
    with database.transaction() as session:
        place = a_place(session)
        a_site(session, place.programme.id, code="SECOND")
        a_finished_visit(session, place)
    return place


@pytest.fixture
def finance(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.finance, now=LATER + timedelta(minutes=5))


def in_float(database: Database, place: Place) -> dict[str, int]:
    with database.snapshot() as session:
        return {
            str(each.site_id): each.balance.minor
            for each in balances(session, place.programme.id)
            if each.account is Account.CASH_FLOAT
        }


def rows(answer_text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(answer_text.removeprefix("\ufeff"))))


def test_the_page_and_the_file_tell_the_ledgers_own_figures(
    finance: Reader, database: Database, place: Place
) -> None:
    with database.snapshot() as session:
        booked = {
            (str(each.site_id), each.account.value): str(each.balance.major)
            for each in balances(session, place.programme.id)
        }
    taken = rows(finance.get("/stipends/balances.csv").text)
    assert {(str(place.site.id), row["account"]): row["balance"] for row in taken} == booked
    assert "13.40" in finance.get("/stipends").text  # 7.50, 2.50, 8 × 0.30 and 1.00


def test_the_unclaimed_are_a_liability_with_an_age(
    database: Database, keyring: Keyring, place: Place
) -> None:
    later = reader(database, keyring, place.finance, now=LATER + timedelta(days=100))
    taken = rows(later.get("/stipends/unclaimed.csv").text)
    with database.snapshot() as session:
        owed = unclaimed(session, place.programme.id)
    assert sorted(row["amount"] for row in taken) == sorted(str(each.amount.major) for each in owed)
    assert {row["days"] for row in taken} == {"100"}
    page = later.get("/stipends").text
    assert "90 days and more" in page
    assert all(row["account"] in page for row in taken)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|cmd", "%0"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    (row,) = rows(bytes(csv_file("x", ["name"], [[text]]).body).decode("utf-8-sig"))
    assert row["name"].startswith("'")


def test_a_page_far_beyond_the_list_is_the_last_one(finance: Reader) -> None:
    assert finance.get("/stipends?page=999").status_code == 200
    assert finance.get("/stipends?page=-3").status_code == 200
