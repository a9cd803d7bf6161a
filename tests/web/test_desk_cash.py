"""The desk's cash page: counted blind, with or without scripts, and the report of a day as page and file."""

import csv
import re
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.counts.queries import CountFacts, counts_of
from app.domain.counts.rules import CountKind
from app.domain.floats import queries
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from tests.factories import LATER, Place, a_place, a_site, an_actor
from tests.web.readers import Reader, reader

CASH = 123_450
NOW = LATER + timedelta(minutes=5)


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session, cash=CASH)


@pytest.fixture
def intake(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.intake, now=NOW)


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the form of a count."""
    form = page[page.index("data-counts") :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def opened(desk: Reader, kind: str = "spot_check") -> dict[str, str]:
    fields = form_of(desk.get(f"/desk/cash/count?kind={kind}").text)
    fields.pop("csrf")
    return fields


def kept(database: Database, place: Place) -> list[CountFacts]:
    with database.snapshot() as session:
        return counts_of(session, place.programme.id, place.site.id)


FITTING = {"n100000": "1", "n20000": "1", "n1000": "3", "n200": "2", "n50": "1"}  # 1,234.50


def test_what_should_be_there_is_not_told_before_it_is_counted(
    intake: Reader, database: Database, place: Place
) -> None:
    for path in ("/desk/cash", "/desk/cash/count", "/desk/cash/day"):
        assert "1,234.50" not in intake.get(path).text, path
    assert "1,234.50" in intake.get("/desk/cash?shown=yes").text
    assert "1,234.50" in intake.get("/desk/cash/day?shown=yes").text

    answer = intake.send("/desk/cash/count", {**opened(intake), **FITTING})

    assert answer.headers["location"] == "/desk/cash"
    assert "The count is kept." in intake.get("/desk/cash").text
    (count,) = kept(database, place)
    assert (count.counted.minor, count.is_blind) == (CASH, True)
    assert count.pieces == {100_000: 1, 20_000: 1, 1_000: 3, 200: 2, 50: 1}


def test_a_count_of_a_known_amount_says_so(
    intake: Reader, database: Database, place: Place
) -> None:
    page = intake.get("/desk/cash/count?kind=spot_check&shown=yes").text
    assert "1,234.50" in page
    fields = form_of(page) | FITTING
    intake.send("/desk/cash/count", {**fields, "csrf": intake.token})
    assert [each.is_blind for each in kept(database, place)] == [False]


def test_a_count_that_differs_asks_why_and_keeps_what_was_typed(
    intake: Reader, database: Database, place: Place
) -> None:
    fields = {**opened(intake, "end_of_day"), **FITTING, "n1000": "2"}
    first = intake.send("/desk/cash/count", fields)
    assert first.status_code == 422
    assert "UAH\xa010.00 is missing." in first.text
    assert 'id="n1000" name="n1000" value="2"' in first.text
    assert kept(database, place) == []

    again = form_of(first.text)
    assert again["count_id"] == fields["count_id"]
    for _ in range(2):
        intake.send("/desk/cash/count", {**fields, "reason": "A note too few"})

    (count,) = kept(database, place)
    assert (count.difference.minor, count.reason) == (-1_000, "A note too few")
    assert [each.minor for each in count.tries] == [CASH - 1_000]
    report = intake.get("/desk/cash/day").text
    assert "A note too few" in report
    assert "1,224.50" in report  # the day is closed: its books are told


@pytest.mark.parametrize(
    ("tens", "said"), [("2", "UAH\xa010.00 is missing."), ("5", "UAH\xa020.00 is too much.")]
)
def test_finance_reads_which_way_the_last_count_differed(
    intake: Reader, database: Database, keyring: Keyring, place: Place, tens: str, said: str
) -> None:
    fields = {**opened(intake), **FITTING, "n1000": tens, "reason": "Counted twice"}
    for _ in range(2):
        intake.send("/desk/cash/count", fields)
    finance = reader(database, keyring, place.finance, now=NOW)
    assert said in finance.get("/stipends/floats").text


def test_coins_that_are_not_in_the_list_count_too(
    intake: Reader, database: Database, place: Place
) -> None:
    fields = {**opened(intake), **FITTING, "n50": "", "worth0": "0,25", "number0": "2"}
    assert intake.send("/desk/cash/count", fields).status_code == 303
    assert kept(database, place)[0].pieces[25] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"n100": "1.5"},
        {"n100": "-1"},
        {"n100": "١"},
        {"worth0": "1.005", "number0": "1"},
        {"worth0": "5", "number0": ""},
        {"worth0": "", "number0": "5"},
        {"n0": "5"},
    ],
)
def test_what_is_no_number_of_coins_is_refused_and_kept_in_the_form(
    intake: Reader, database: Database, place: Place, wrong: dict[str, str]
) -> None:
    answer = intake.send("/desk/cash/count", {**opened(intake), **FITTING, **wrong})
    assert answer.status_code == 422
    assert "how many of each in digits" in answer.text
    assert 'id="n1000" name="n1000" value="3"' in answer.text
    assert kept(database, place) == []


def test_a_currency_whose_coins_nobody_listed_is_counted_by_typing_values(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session, cash=1_250, currency="BMD")
    desk = reader(database, keyring, place.intake, now=NOW)
    page = desk.get("/desk/cash/count").text
    assert "are not known here" in page
    fields = {**opened(desk), "worth0": "5", "number0": "2", "worth1": "2.50", "number1": "1"}
    assert desk.send("/desk/cash/count", fields).status_code == 303
    assert kept(database, place)[0].pieces == {500: 2, 250: 1}


def a_colleague(database: Database, place: Place) -> Actor:
    with database.transaction() as session:
        return an_actor(
            session, Role.INTAKE, programme_id=place.programme.id, site_id=place.site.id, now=NOW
        )


def test_a_colleague_confirms_with_a_log_in_of_her_own(
    intake: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    colleague = a_colleague(database, place)
    her = reader(database, keyring, colleague, now=NOW)
    fields = {**opened(intake, "handover"), **FITTING, "receiver": str(colleague.staff_id)}
    assert intake.send("/desk/cash/count", fields).status_code == 303
    mine, hers = intake.get("/desk/cash").text, her.get("/desk/cash").text
    assert "/withdraw" in mine
    assert "/confirm" not in mine
    found = re.search(r'action="(/desk/cash/handovers/[^"]+/confirm)"', hers)
    seen = re.search(r'name="seen" value="(\w+)"', hers)
    assert found
    assert seen

    refused = intake.send(found[1], {"seen": seen[1]})
    assert refused.status_code == 403
    for _ in range(2):
        assert her.send(found[1], {"seen": seen[1]}).status_code == 303

    assert "You are responsible for the cash from now on." in her.get("/desk/cash").text
    with database.snapshot() as session:
        drawer = queries.drawer(session, place.programme.id, place.site.id)
    assert drawer.holder
    assert drawer.holder.staff_id == colleague.staff_id


def test_who_may_go_anywhere_is_shown_first_the_cash_that_is_handed_to_her(
    intake: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        a_site(session, place.programme.id, code="ANOTHER")  # before the other in the list
        manager = an_actor(
            session, Role.COUPON_MANAGER, programme_id=place.programme.id, site_id=None, now=NOW
        )
    hers = reader(database, keyring, manager, now=NOW)
    first = hers.get("/desk/cash").text
    fields = {**opened(intake, "handover"), **FITTING, "receiver": str(manager.staff_id)}
    assert intake.send("/desk/cash/count", fields).status_code == 303

    assert re.search(r'<option value="ANOTHER"[^>]* selected', first)
    assert re.search(r'action="/desk/cash/handovers/[^"]+/confirm"', hers.get("/desk/cash").text)
    assert "/confirm" not in hers.get("/desk/cash?site=ANOTHER").text


def test_nobody_sees_or_counts_the_cash_of_another_site(
    intake: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        other = a_site(session, place.programme.id, cash=5)
    for path in ("/desk/cash", "/desk/cash/count", "/desk/cash/day", "/desk/cash/day.csv"):
        assert intake.get(f"{path}?site={other.code}").status_code == 403, path
    fields = {**opened(intake), "n5": "1", "site": other.code}
    assert intake.send("/desk/cash/count", fields).status_code == 403


def test_the_file_of_a_day_adds_up(intake: Reader, database: Database, place: Place) -> None:
    fields = {**opened(intake, "end_of_day"), **FITTING, "n50": "3", "reason": "Found"}
    intake.send("/desk/cash/count", fields)
    text = intake.get("/desk/cash/day.csv").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(StringIO(text)))
    told = {row["line"]: row["amount"] for row in rows}
    assert told == {
        "opening": "1234.50",
        "counted": "1235.50",
        "closing": "1235.50",
        "difference": "1.00",
    }
    assert {row["currency"] for row in rows} == {"UAH"}
    for form, magic in (("xlsx", b"PK"), ("pdf", b"%PDF")):
        assert intake.get(f"/desk/cash/day.{form}").content.startswith(magic)


def test_a_manager_lets_a_drawer_go_below_nothing_and_every_page_says_so(
    database: Database, keyring: Keyring, place: Place, intake: Reader
) -> None:
    manager = reader(database, keyring, place.manager, now=NOW)
    form = {"amount": "300", "reason": "The courier is late"}
    assert intake.send("/desk/cash/overdraft", form).status_code == 403
    without = manager.send("/desk/cash/overdraft", {"amount": "300"})
    assert without.status_code == 422
    assert manager.send("/desk/cash/overdraft", form).status_code == 303
    assert "up to UAH\xa0300.00 below nothing" in intake.get("/desk/cash").text
    assert "may be overdrawn" in intake.get("/desk").text
    finance = reader(database, keyring, place.finance, now=NOW)
    assert "may pay out up to UAH\xa0300.00 more" in finance.get("/stipends/floats").text

    put = {"way": "funding", "site": place.site.code, "amount": "1", "act_id": str(uuid4())}
    finance.send("/stipends/floats/put", put)

    assert "below nothing, until" not in intake.get("/desk/cash").text
    assert "may be overdrawn" not in intake.get("/desk").text


def test_kinds_of_counts_that_do_not_exist_are_refused(intake: Reader) -> None:
    assert intake.get("/desk/cash/count?kind=guess").status_code == 422
    for kind in CountKind:
        assert intake.get(f"/desk/cash/count?kind={kind.value}").status_code == 200
