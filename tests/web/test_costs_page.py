"""The page of costs: what each person reached cost, told no more exactly than reach tells who was reached."""

import csv
from datetime import timedelta
from io import StringIO

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.participants.rules import Sex
from tests.factories import LATER, Place, a_finished_visit, a_place, a_site
from tests.web.page_figures import stats
from tests.web.readers import Reader, reader

NOW = LATER + timedelta(days=1)


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def finance(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.finance, now=NOW)


def visits(database: Database, place: Place, *, women: int, men: int, days: int = 0) -> None:
    """Recruits of women who are seeds; each recruit brings a seed with her."""
    with database.transaction() as session:
        for number in range(women + men):
            sex = Sex.FEMALE if number < women else Sex.MALE
            a_finished_visit(session, place, sex=sex, now=LATER - timedelta(days=days))


def rows(reader: Reader, table: str) -> list[dict[str, str]]:
    text = reader.get(f"/stipends/costs/{table}.csv").text
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))


def test_before_anything_is_earned_the_page_says_when_costs_begin(finance: Reader) -> None:
    page = finance.get("/stipends/costs")
    assert page.status_code == 200
    assert "Costs appear here with the first finished visit." in page.text
    assert rows(finance, "kinds") == rows(finance, "months") == rows(finance, "weeks") == []


def test_a_cost_is_everything_spent_over_those_who_were_reached(
    database: Database, finance: Reader, place: Place
) -> None:
    visits(database, place, women=3, men=6)
    shown = stats(finance.get("/stipends/costs").text)
    # a woman of 22 with 8 right answers: 7.50 + 2.50 + 2.40 + 1.00; a man: steering 0.50
    spent = 3 * 1340 + 6 * 1290
    assert shown["Spent so far"][0].replace(",", "") == f"UAH {spent / 100:.2f}"
    people = {"participant": 18, "recruit who came": 9, "woman": 12}
    for whom, number in people.items():
        assert (
            shown[f"For each {whom}"][0] == f"UAH {(2 * spent + number) // (2 * number) / 100:.2f}"
        )


def test_what_a_woman_cost_is_withheld_while_few_women_came(
    database: Database, finance: Reader, place: Place
) -> None:
    visits(database, place, women=2, men=0)
    page = finance.get("/stipends/costs").text
    value, note = stats(page)["For each woman"]
    assert value == "<5*"
    assert note == "shown from five women and five others on"
    assert {row["for_each_of_women"] for row in rows(finance, "kinds")} == {"<5*"}
    assert "<5* is a count below five" in page


def test_a_site_has_no_cost_of_those_whom_reach_withholds_there(
    database: Database, keyring: Keyring, finance: Reader, place: Place
) -> None:
    """A site's women follow from the programme's less those of the others, so a second site's are withheld too."""
    with database.transaction() as session:
        few, many = (
            a_site(session, place.programme.id, code=name.upper(), name={"en": name})
            for name in ("Few", "Many")
        )
    visits(database, place, women=6, men=6)
    visits(database, place.at(few), women=6, men=2)
    visits(database, place.at(many), women=9, men=9)

    reach = {row["group"]: row for row in reach_rows(database, keyring, place, "site")}
    costs = {row["site"]: row for row in rows(finance, "sites")}
    names = {place.site.code: "Health centre", "FEW": "Few", "MANY": "Many"}
    assert set(costs) == set(names)
    for code, row in costs.items():
        assert row["people"] == reach[names[code]]["people"]
        is_withheld = reach[names[code]]["women"] == "<5*"
        assert (row["for_each_of_women"] == "<5*") is is_withheld
    assert [row["for_each_of_women"] == "<5*" for row in costs.values()].count(True) == 2


def test_running_costs_are_told_only_of_weeks_that_reach_tells(
    database: Database, keyring: Keyring, finance: Reader, place: Place
) -> None:
    for days in (63, 35, 0):
        visits(database, place, women=3, men=6, days=days)
    reach = {row["week of"]: row for row in reach_rows(database, keyring, place, "over-time")}
    weeks = rows(finance, "weeks")
    assert len(weeks) == 3
    for row in weeks:
        told, spent = reach[row["week"]], int(row["spent"].replace(".", ""))
        assert row["people"] == told["people"]
        women = int(told["women"])
        assert int(row["for_each_of_women"].replace(".", "")) == (2 * spent + women) // (2 * women)


def reach_rows(
    database: Database, keyring: Keyring, place: Place, picture: str
) -> list[dict[str, str]]:
    """What the page of reach tells of a picture."""
    lead = reader(database, keyring, place.lead, now=NOW)
    text = lead.get(f"/reach/{picture}.csv").text.removeprefix("\ufeff")
    return [row for row in csv.DictReader(StringIO(text)) if row["people"]]


def test_every_table_and_picture_can_be_taken_away(
    database: Database, finance: Reader, place: Place
) -> None:
    visits(database, place, women=1, men=0)
    for table in ("kinds", "months", "sites", "weeks"):
        for form in ("csv", "xlsx", "pdf"):
            assert finance.get(f"/stipends/costs/{table}.{form}").status_code == 200
    for form in ("svg", "png"):
        assert finance.get(f"/stipends/costs/months.{form}").status_code == 200
        assert finance.get(f"/stipends/costs/sites.{form}").status_code == 404
    assert finance.get("/stipends/costs/people.csv").status_code == 422
