"""A day with the cash of a desk, in a browser: opened, paid from, closed with a note missing, handed to a colleague."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.floats import queries
from app.domain.floats.queries import Drawer
from app.domain.staff.actions import start_session
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.verification import floats, money
from tests.factories import Place, a_finished_visit, a_place, an_actor
from tests.serving import Server

CASH = 20_000  # two hundred


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session, now=utc_now() - timedelta(days=5), cash=CASH)


@pytest.fixture
def earner(database: Database, place: Place) -> UUID:
    with database.transaction() as session:
        visit = a_finished_visit(session, place, now=utc_now() - timedelta(hours=1))
    return visit.participant_id


@pytest.fixture
def colleague(database: Database, place: Place) -> Actor:
    with database.transaction() as session:
        return an_actor(
            session, Role.INTAKE, programme_id=place.programme.id, site_id=place.site.id
        )


@pytest.fixture
def contexts(browser: Browser) -> Iterator[list[BrowserContext]]:
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


def enter(
    contexts: list[BrowserContext],
    browser: Browser,
    database: Database,
    server: Server,
    actor: Actor,
    **given: bool,
) -> Page:
    """Someone's own browser, logged in, in English."""
    context = browser.new_context(locale="en-GB", base_url=server.url, **given)  # type: ignore[arg-type]
    contexts.append(context)
    context.set_default_timeout(15_000)
    with database.transaction() as session:
        secret = start_session(session, actor, now=utc_now())
    context.add_cookies([{"name": "pdi_session", "value": secret, "url": server.url}])
    return context.new_page()


def drawer(database: Database, place: Place) -> Drawer:
    with database.snapshot() as session:
        return queries.drawer(session, place.programme.id, place.site.id)


def count(page: Page, kind: str, pieces: dict[str, int]) -> None:
    page.goto("/desk/cash")
    page.get_by_role("link", name=kind).click()
    for worth, number in pieces.items():
        page.get_by_label(worth, exact=True).fill(str(number))


def test_a_day_with_the_cash_of_a_desk(
    browser: Browser,
    contexts: list[BrowserContext],
    database: Database,
    server: Server,
    place: Place,
    earner: UUID,
    colleague: Actor,
) -> None:
    page = enter(contexts, browser, database, server, place.intake)

    count(page, "Opening", {"100.00": 1, "20.00": 5})
    expect(page.locator("#so-far")).to_have_text("UAH\xa0200.00")
    expect(page.locator("output[for=n10000]")).to_have_text("100.00")
    page.get_by_role("button", name="I have counted").click()
    expect(page.get_by_role("status")).to_contain_text("The count is kept.")
    expect(page.get_by_text(f"{place.intake.username}, since")).to_be_visible()

    page.goto(f"/desk/visits/{earner}?step=stipend")
    page.locator("form[action$='/stipend'] button").first.click()
    page.wait_for_url("**after=stipend**")
    paid = CASH - drawer(database, place).balance.minor
    assert paid > 0

    # What is left, less a note of five that nobody finds.
    left = CASH - paid - 500
    whole, rest = divmod(left, 100)
    count(page, "End of the day", {"100.00": whole // 100, "1.00": whole % 100})
    page.locator("[name=worth0]").fill("0.10")
    page.locator("[name=number0]").fill(str(rest // 10))
    page.get_by_role("button", name="I have counted").click()
    expect(page.get_by_text("UAH\xa05.00 is missing.")).to_be_visible()
    page.get_by_label("What may explain the difference").fill("A note stuck to another")
    page.get_by_role("button", name="Keep the count").click()
    expect(page.get_by_role("status")).to_contain_text("The count is kept.")
    assert drawer(database, place).balance.minor == left

    page.get_by_role("link", name="Report of the day").click()
    expect(page.get_by_text("A note stuck to another")).to_be_visible()
    expect(page.get_by_text("1 payment, together")).to_be_visible()

    count(page, "Handover", {"100.00": whole // 100, "1.00": whole % 100})
    page.locator("[name=worth0]").fill("0.10")
    page.locator("[name=number0]").fill(str(rest // 10))
    page.get_by_label("Who takes over").select_option(label=colleague.username)
    page.get_by_role("button", name="I have counted").click()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    holder = drawer(database, place).holder
    assert holder
    assert holder.staff_id == place.intake.staff_id

    hers = enter(contexts, browser, database, server, colleague)
    hers.goto("/desk")
    hers.get_by_role("link", name="Cash of this desk").click()
    hers.get_by_role("button", name="I have").click()
    expect(hers.get_by_role("status")).to_contain_text("You are responsible for the cash")
    holder = drawer(database, place).holder
    assert holder
    assert holder.staff_id == colleague.staff_id
    with database.snapshot() as session:
        for check in (floats.counts, floats.variances, floats.handovers, money.floats):
            assert list(check(session)) == []


def test_a_payment_while_someone_counts_asks_for_another_count(
    browser: Browser,
    contexts: list[BrowserContext],
    database: Database,
    server: Server,
    place: Place,
    earner: UUID,
    colleague: Actor,
) -> None:
    counter = enter(contexts, browser, database, server, place.intake)
    count(counter, "Spot check", {"100.00": 2})
    payer = enter(contexts, browser, database, server, colleague)
    payer.goto(f"/desk/visits/{earner}?step=stipend")
    payer.locator("form[action$='/stipend'] button").first.click()
    payer.wait_for_url("**after=stipend**")

    counter.get_by_role("button", name="I have counted").click()

    expect(counter.get_by_role("alert")).to_contain_text("Please count again.")
    expect(counter.get_by_label("100.00", exact=True)).to_have_value("2")
    assert drawer(database, place).last is None


def test_without_scripts_the_server_adds_up(
    browser: Browser,
    contexts: list[BrowserContext],
    database: Database,
    server: Server,
    place: Place,
) -> None:
    page = enter(contexts, browser, database, server, place.intake, java_script_enabled=False)
    count(page, "Spot check", {"100.00": 1, "50.00": 2})
    expect(page.locator("#so-far")).to_be_hidden()
    page.get_by_role("button", name="I have counted").click()
    expect(page.get_by_role("status")).to_contain_text("The count is kept.")
    last = drawer(database, place).last
    assert last
    assert last.counted.minor == CASH
