"""A programme lead looks at reach and chains in a browser, wide and narrow, in both languages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.core.db import Database
from app.domain.staff.rules import Role
from tests import forests
from tests.factories import a_place, a_site, an_actor
from tests.forests import plant, simulated
from tests.serving import Server

PASSWORD = "a long enough password"


@pytest.fixture
def lead(page: Page, server: Server, database: Database) -> Iterator[Page]:
    """A browser in which a lead of a programme with 300 people has logged in; nothing may be refused in it."""
    now = datetime.now(UTC)
    forest = simulated(300)
    # The server goes by the real clock, so the forest ends yesterday.
    late = now.date() - timedelta(days=1) - forests.TODAY
    for person in forest:
        person.came_on += late
    with database.transaction() as session:
        place = a_place(session, now=now)
        more = [a_site(session, place.programme.id, now=now) for _ in range(2)]
        plant(session, place, forest, *more)
        someone = an_actor(
            session,
            Role.PROGRAMME_LEAD,
            programme_id=place.programme.id,
            site_id=place.site.id,
            password=PASSWORD,
            now=now,
        )
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on(
        "response", lambda answer: troubles.append(answer.url) if answer.status >= 400 else None
    )
    page.goto(f"{server.url}/login")
    page.fill("[name=username]", someone.username)
    page.fill("[name=password]", PASSWORD)
    page.locator("form[action='/login'] button").click()
    page.wait_for_url(f"{server.url}/reach")
    yield page
    assert troubles == []


def in_language(page: Page, server: Server, language: str) -> None:
    page.context.add_cookies([{"name": "pdi_language", "value": language, "url": server.url}])


def check_that_it_fits_and_is_drawn(page: Page) -> None:
    """No sideways scrolling, and every picture that is on the screen has something in it."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window
    pictures = page.locator(".picture > svg:visible")
    for i in range(pictures.count()):
        box = pictures.nth(i).bounding_box()
        assert box
        assert box["width"] > 200
        assert box["height"] > 50
        assert pictures.nth(i).locator("path, rect, circle").count() > 0
    images = page.locator(".picture > img:visible")
    for i in range(images.count()):
        images.nth(i).scroll_into_view_if_needed()
        images.nth(i).evaluate("image => image.decode()")
        assert images.nth(i).evaluate("image => image.naturalWidth") > 0
    assert pictures.count() + images.count() > 0


def test_a_lead_looks_at_reach_and_chains_and_takes_them_away(
    lead: Page, server: Server, tmp_path: Path
) -> None:
    for language, title in (("en", "Who we have reached"), ("uk", "Кого ми охопили")):
        in_language(lead, server, language)
        for width in (360, 1280):
            lead.set_viewport_size({"width": width, "height": 900})
            for path in ("/reach", "/chains"):
                lead.goto(f"{server.url}{path}")
                lead.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
                check_that_it_fits_and_is_drawn(lead)
            lead.goto(f"{server.url}/reach")
            assert lead.locator("h1").inner_text() == title
            lead.goto(f"{server.url}/chains")
            label = lead.locator("#list ~ .table tbody th a").first.inner_text()
            lead.locator("#list ~ .table tbody th a").first.click()
            lead.wait_for_url(f"{server.url}/chains/{label}")
            assert label in lead.locator("h1").inner_text()
            check_that_it_fits_and_is_drawn(lead)

    for ending in ("csv", "graphml", "svg", "png"):
        with lead.expect_download() as waiting:
            lead.locator(f".downloads a[href$='.{ending}']").click()
        file = tmp_path / f"chain.{ending}"
        waiting.value.save_as(file)
        assert waiting.value.suggested_filename == f"chain-{label}.{ending}"
        assert file.stat().st_size > 100


def test_a_lead_chooses_a_site_and_a_disc_of_the_forest_and_the_record_says_so(
    lead: Page, server: Server
) -> None:
    lead.locator(".tabs a[href*='site=']").first.click()
    lead.wait_for_url("**/reach?site=*")
    assert lead.locator(".tabs a[href*='site='][aria-current]").count() == 1
    check_that_it_fits_and_is_drawn(lead)

    lead.set_viewport_size({"width": 1280, "height": 900})
    lead.goto(f"{server.url}/chains")
    lead.get_by_role("link", name="By wave").click()
    lead.wait_for_url("**/chains?colour=wave#forest")
    assert lead.locator("#forest .wide-only svg").get_by_text("wave 0", exact=True).is_visible()
    disc = lead.locator("#forest .wide-only svg a").first
    address = disc.get_attribute("href")
    disc.locator("circle").first.click(force=True)
    lead.wait_for_url(f"{server.url}{address}")
    assert lead.locator("#tree .picture > svg").is_visible()

    lead.goto(f"{server.url}/audit")
    assert "Opened a chain" in lead.locator("main").inner_text()
