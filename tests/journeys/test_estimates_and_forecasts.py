"""A programme lead asks for what takes a while to compute, watches how far it is, and sees what came of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.staff.actions import start_session
from app.worker import BackgroundWorker
from tests import forests
from tests.factories import a_place, a_site
from tests.forests import hand_in, plant, simulated
from tests.serving import Server

PATIENCE = 60_000  # milliseconds; a slow machine computes slowly


@pytest.fixture
def worker(database: Database) -> Iterator[None]:
    """What computes; with an embedded database it is in the server."""
    if database.is_sqlite:
        yield
        return
    worker = BackgroundWorker(database, utc_now)
    worker.start()
    yield
    worker.stop()


@pytest.fixture
def lead(page: Page, server: Server, database: Database, worker: None) -> Iterator[Page]:
    """A browser in which a lead of a programme with 200 people is logged in; nothing may be refused in it."""
    now = utc_now()
    forest = simulated(200)
    # The server goes by the real clock, so the forest ends yesterday.
    late = now.date() - timedelta(days=1) - forests.TODAY
    for person in forest:
        person.came_on += late
        person.live_coupons, person.usable_until = 3, person.came_on + timedelta(days=30)
    with database.transaction() as session:
        place = a_place(session, now=now)
        more = [a_site(session, place.programme.id, now=now) for _ in range(2)]
        plant(session, place, forest, *more)
        session.flush()
        hand_in(session, place, forest)
        secret = start_session(session, place.lead, now=now)
    page.context.add_cookies([{"name": "pdi_session", "value": secret, "url": server.url}])
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on(
        "response", lambda answer: troubles.append(answer.url) if answer.status >= 400 else None
    )
    yield page
    assert troubles == []


def check_that_it_fits(page: Page) -> None:
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window


def test_a_lead_asks_for_intervals_and_for_a_forecast_of_a_change(
    lead: Page, server: Server
) -> None:
    lead.goto(f"{server.url}/reach/estimates")
    row = lead.get_by_role("row", name="RDS-II (Volz–Heckathorn)")
    expect(lead.get_by_text("Intervals appear when they have been computed.")).to_be_visible()
    expect(row.get_by_role("cell").nth(1)).to_have_text("–")
    lead.get_by_label("Replicates").select_option("5000")
    lead.get_by_role("button", name="Show").click()
    lead.get_by_role("button", name="Compute the intervals").click()
    bar = lead.get_by_role("progressbar")
    expect(bar).to_be_visible()
    expect(bar).to_have_count(0, timeout=PATIENCE)  # the page loads itself anew
    expect(row.get_by_role("cell").nth(1)).to_contain_text("% – ")
    expect(row).to_contain_text("forest bootstrap, 5,000 replicates")
    check_that_it_fits(lead)

    lead.get_by_role("link", name="What comes next").click()
    expect(lead.get_by_text("No forecast yet")).to_be_visible()
    lead.get_by_label("How far to look").select_option("13")
    lead.get_by_text("What if …").click()
    lead.get_by_label("New seeds each week: women").fill("5")
    lead.get_by_label("Odds that a recruit is a woman").select_option("2")
    lead.get_by_role("button", name="Make the forecast").click()
    expect(bar).to_be_visible()
    expect(bar).to_have_count(0, timeout=PATIENCE)
    expect(lead.get_by_role("heading", name="If it goes on as now")).to_be_visible()
    expect(lead.get_by_role("heading", name="If it is changed so")).to_be_visible()
    expect(lead.get_by_label("New seeds each week: women")).to_have_value("5")
    check_that_it_fits(lead)
    people = lead.locator("#people .wide-only svg")
    expect(people).to_be_visible()
    expect(people).to_contain_text("if changed")
    assert people.locator("path[stroke-dasharray]").count() == 1  # the middle of the second fan
