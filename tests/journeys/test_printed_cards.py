"""Cards in advance, in a real browser: printed with a bar that moves, taken away, stopped, given by a scanner."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.pads import queries
from app.domain.pads.rules import PadStatus
from app.domain.staff.actions import start_session
from app.worker import BackgroundWorker
from tests.factories import Place, a_place, a_seed
from tests.printing.sheets import look_at
from tests.serving import Server


@pytest.fixture
def place(database: Database, server: Server, page: Page) -> Iterator[Place]:
    """A programme whose coupon manager has logged in, and a worker where the server has none inside."""
    now = utc_now()
    with database.transaction() as session:
        place = a_place(session, now=now)
        secret = start_session(session, place.manager, now=now)
    page.context.add_cookies([{"name": "pdi_session", "value": secret, "url": server.url}])
    worker = None if database.is_sqlite else BackgroundWorker(database, utc_now)
    if worker:
        worker.start()
    yield place
    if worker:
        worker.stop()


def test_from_the_order_to_the_hand_of_a_person(
    place: Place, database: Database, server: Server, page: Page
) -> None:
    page.goto(f"{server.url}/pads")
    page.get_by_label("How many pads").fill("60")
    page.get_by_role("button", name="Make the sheets", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    take_away = page.get_by_role("link", name="Take away (PDF)")
    expect(take_away).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        take_away.click()
    pages = look_at(download.value.path().read_bytes(), dots_an_inch=100)
    assert [len(each.symbols) for each in pages] == [3] * 60

    now = utc_now()
    with database.transaction() as session:
        person = a_seed(session, place, now=now)
    page.goto(f"{server.url}/desk/visits/{person}?step=bundle")
    expect(page.get_by_label("Scan any card of a pad")).to_be_focused()
    page.keyboard.type(pages[7].symbols[1].text)
    expect(page.get_by_text("3 printed cards are this person's now.")).to_be_visible()
    assert len(page.locator(".tail").all()) == 3

    page.goto(f"{server.url}/pads")
    assert page.locator(".printing-counts dd").all_inner_texts() == ["59", "1", "0"]


def test_a_printing_is_stopped_from_the_page_and_nothing_is_left(
    place: Place, database: Database, server: Server, page: Page
) -> None:
    page.goto(f"{server.url}/pads")
    page.get_by_label("How many pads").fill("1000")
    page.get_by_role("button", name="Make the sheets", exact=True).click()
    page.get_by_role("button", name="Stop").click()

    expect(page.get_by_text("Its cards count nowhere.")).to_be_visible()
    with database.snapshot() as session:
        (batch,) = queries.batches(session, place.programme.id)
    assert batch.stopped_at is not None
    assert batch.count(PadStatus.BLANK) == 0
