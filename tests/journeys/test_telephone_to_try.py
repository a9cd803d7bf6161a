"""The telephone to try, in a real browser: its keys work with scripts and without."""

import pytest
from playwright.sync_api import Browser, expect

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.staff.actions import start_session
from tests.factories import Place, a_place
from tests.serving import Server

PATH = "/messages/simulator"


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


def test_keys_work_with_scripts_and_without(
    server: Server, database: Database, browser: Browser, place: Place
) -> None:
    with database.transaction() as session:
        secret = start_session(session, place.lead, now=utc_now())
    for has_scripts in (True, False):
        context = browser.new_context(java_script_enabled=has_scripts, locale="en")
        context.add_cookies([{"name": "pdi_session", "value": secret, "url": server.url}])
        page = context.new_page()
        page.goto(f"{server.url}{PATH}?speaks=en")
        for key in ("0", "0"):
            page.locator(f".keypad button[value='{key}']").click()
        expect(page.locator("#typed")).to_have_value("00")
        page.fill("#typed", "5")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator(".shown")).to_contain_text("4 Stop messages")
        page.get_by_role("button", name="Hang up").click()
        expect(page.locator("#display")).to_contain_text("You hung up.")
        page.get_by_role("link", name="Dial again").click()
        expect(page.locator(".shown")).to_contain_text("Welcome.")
        context.close()
