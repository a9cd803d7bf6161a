"""The overview of money: what waits for whom, where cash is low, and the books at the end of any day.

Its figures are held to the ledger in ``test_figures_of_money``.
"""

import csv
import re
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.answers.actions import mark_unknown
from app.domain.programmes.actions import propose
from app.domain.programmes.rules import Protocol, StipendSchedule
from app.domain.staff.queries import Actor
from app.domain.stipends.queries import balances, books_of
from app.domain.treasury.actions import fund_float
from app.web.csv_file import csv_file, safe
from tests.batches import (
    Office,
    a_batch,
    a_released_batch,
    an_office,
    someone_owed,
    the_lines,
)
from tests.factories import LATER, NOON, Place, a_finished_visit, a_place, a_site
from tests.web.page_figures import page, stats, tables
from tests.web.readers import Reader, reader

SOON = LATER + timedelta(minutes=5)


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
    return reader(database, keyring, place.finance, now=SOON)


@pytest.fixture
def office(database: Database) -> Office:
    """Someone's payment waits in a batch that finance has prepared."""
    with database.transaction() as session:
        office = an_office(session)
        someone_owed(session, office.place, 750)
        a_batch(session, office)
    return office


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
    assert stats(finance.get("/stipends").text)["Owed now"][0] == "UAH 13.40"


def test_before_anything_happened_the_page_says_when_books_begin(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session)
    page = reader(database, keyring, place.finance).get("/stipends").text
    assert "The books were empty then." in page
    assert stats(page)["Owed now"][0] == "UAH 0.00"


def test_the_books_of_a_past_day_leave_out_what_came_later(finance: Reader) -> None:
    before = (LATER - timedelta(days=1)).date()
    assert "The books were empty then." in finance.get(f"/stipends?on={before}").text
    assert rows(finance.get(f"/stipends/balances.csv?on={before}").text) == []
    assert "Books by site" in tables(finance.get(f"/stipends?on={LATER.date()}").text)


@pytest.mark.parametrize("typed", ["", "yesterday", "2026-02-30", "2999-01-01"])
def test_a_day_that_is_none_or_to_come_is_today(finance: Reader, typed: str) -> None:
    page = finance.get(f"/stipends?on={typed}").text
    assert f'value="{SOON.date()}" max="{SOON.date()}"' in page


def test_a_trial_balance_comes_to_the_same_in_both_columns(finance: Reader, place: Place) -> None:
    for site in ("", place.site.code):
        *_, (name, debit, credit) = tables(finance.get(f"/stipends?site={site}").text)[
            "Trial balance"
        ]
        assert (name, debit) == ("All together", credit)
        assert debit == "13.40"


def test_each_figure_leads_to_what_is_behind_it(finance: Reader) -> None:
    html = finance.get("/stipends").text
    links = [each.attributes["href"] for each in page(html).all("a", "stat-value")]
    assert len(links) == 6
    for link in links:
        assert finance.get(link).status_code == 200, link


def test_a_site_with_little_cash_is_marked(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        books, _ = books_of(session, place.programme.id, place.site.id, now=NOON)
        by = place.finance.staff_id
        fund_float(session, books, 300, funding_id=uuid4(), by=by, now=NOON)
    html = reader(database, keyring, place.finance, now=SOON).get("/stipends").text
    low = re.findall(r'UAH\xa0([\d.]+) <span class="badge warn">low', html)
    assert low == ["3.00"]
    assert "1 site that is short of cash" in html


def test_what_waits_is_told_to_whoever_can_do_it(
    database: Database, keyring: Keyring, office: Office
) -> None:
    def told(who: str) -> str:
        actor = {"preparer": office.preparer, "approver": office.approver}[who]
        return reader(database, keyring, actor, now=SOON).get("/stipends").text

    assert "1 batch to look at and approve" in told("approver")
    assert "1 batch to look at and approve" not in told("preparer")


def test_what_someone_cannot_decide_herself_does_not_wait_for_her(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        office = an_office(session)
        someone_owed(session, office.place, 750)
        batch = a_released_batch(session, office)
        line = the_lines(session, batch)[0]
        mark_unknown(session, batch.id, [line.id], by=office.preparer, now=LATER)
        propose(
            session,
            uuid4(),
            Protocol(stipends=StipendSchedule(primary=900)),
            programme_id=office.programme_id,
            note="Prices rose.",
            by=office.preparer.staff_id,
            now=LATER,
        )

    def told(actor: Actor) -> str:
        return reader(database, keyring, actor, now=SOON).get("/stipends").text

    unknown, proposal = "1 payout of which nobody knows", "1 proposal for new rates"
    preparer, payer = told(office.preparer), told(office.payer)
    assert (unknown in preparer, proposal in preparer) == (True, False)
    assert (unknown in payer, proposal in payer) == (False, True)


def test_every_table_and_picture_can_be_taken_away(finance: Reader) -> None:
    for name in ("balances", "trial-balance", "weeks"):
        for form in ("csv", "xlsx", "pdf"):
            assert finance.get(f"/stipends/{name}.{form}").status_code == 200
    for form in ("svg", "png"):
        assert finance.get(f"/stipends/weeks.{form}").status_code == 200


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|cmd", "%0"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    (row,) = rows(bytes(csv_file("x", ["name"], [[text]]).body).decode("utf-8-sig"))
    assert row["name"].startswith("'")
