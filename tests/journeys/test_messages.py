"""Messages in a real browser: a channel is set up and tried, words are seen as they arrive while they are written, and a slip is undone."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.messages.queries import message
from app.domain.messages.rules import MessageState
from app.domain.staff.actions import start_session
from app.domain.staff.rules import Role
from app.domain.wordings.queries import override
from tests.browser import PATIENCE_MS
from tests.factories import Place, a_place
from tests.kannel import wait_for
from tests.serving import Server, working
from tests.web.message_scene import a_channel, a_message

WIDTHS = (360, 1280)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
HER = "+380501112233"


@dataclass(frozen=True)
class World:
    """A programme that is served, and browsers of whoever works in it."""

    server: Server
    database: Database
    place: Place
    browser: Browser

    def context(self, role: Role, **given: object) -> BrowserContext:
        with self.database.transaction() as session:
            secret = start_session(session, self.place.staff[role], now=utc_now())
        context = self.browser.new_context(**given)  # type: ignore[arg-type]
        context.add_cookies([{"name": "pdi_session", "value": secret, "url": self.server.url}])
        context.set_default_timeout(PATIENCE_MS)
        return context

    def open(self, context: BrowserContext, path: str) -> Page:
        page = context.new_page()
        page.goto(f"{self.server.url}{path}")
        return page


@pytest.fixture
def world(database: Database, server: Server, browser: Browser) -> World:
    with database.transaction() as session:
        place = a_place(session, now=utc_now())
    return World(server, database, place, browser)


@pytest.fixture
def worker(backend: str, database_url: str, key_file: Path) -> Iterator[None]:
    """An embedded database has its worker within the server."""
    with nullcontext() if backend == "sqlite" else working(database_url, key_file):
        yield


@pytest.mark.usefixtures("worker")
def test_an_administrator_sets_a_channel_up_copies_its_address_and_tries_it(
    world: World, tmp_path: Path
) -> None:
    outbox = tmp_path / "telephone.outbox.jsonl"
    outbox.touch()
    context = world.context(Role.ADMINISTRATOR)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = world.open(context, "/messages")
    page.get_by_role("link", name="Set up a channel").click()
    page.get_by_role("link", name="Console (for development)").click()
    page.get_by_label("File that gets").fill(str(outbox))
    page.get_by_role("button", name="Set up the channel").click()
    expect(page.locator("#name-error")).to_be_visible()  # it has no name yet
    page.get_by_label("Name of the channel").fill("A line to try")
    page.get_by_role("button", name="Set up the channel").click()

    inbound = page.locator("#address-1").inner_text()
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == inbound
    assert inbound.endswith("/inbound")

    answer = httpx.post(inbound, data={"from": HER, "text": "HELP", "id": "1"})
    assert answer.status_code == 200
    assert answer.text

    page.get_by_label("Telephone number").fill(HER)
    page.get_by_role("button", name="Send a test message").click()
    expect(page.get_by_text("The test message waits to be sent.")).to_be_visible()
    expect(page.locator("#address-1")).to_have_count(0)
    wait_for(outbox.read_text, "a message")
    (told,) = [json.loads(line) for line in outbox.read_text().splitlines()]
    assert told["to"] == HER
    assert "повідомлення" in told["text"]

    page.goto(f"{world.server.url}/messages/conversations")
    expect(page.get_by_text("What can be asked by text message")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(HER[-9:])
    context.close()


def test_words_are_shown_as_they_arrive_while_someone_writes_them(world: World) -> None:
    context = world.context(Role.PROGRAMME_LEAD)
    page = world.open(context, "/messages/templates/appointment")
    preview = page.locator("#preview-en")
    expect(preview).to_contain_text("1 part")
    page.locator("#words-en").fill(
        "See you on {day}, please come to {site}. STOP. " + "Welcome! " * 14
    )
    expect(preview).to_contain_text("It usually takes more than one part")
    page.locator("#words-en").fill("See you at {place}")
    expect(preview).to_contain_text("There is nothing to put in for {place}.")
    page.locator("#words-en").fill("See you on {day} at {site}. STOP")
    expect(preview.locator(".telephone").first).to_contain_text("See you on")
    expect(preview.locator(".error")).to_have_count(0)
    page.locator("#write-en").get_by_role("button", name="Use these words").click()
    expect(page.get_by_text("The words are used from now on.")).to_be_visible()
    page.locator("#reset-en").get_by_role("button").click()
    expect(page.get_by_text("The usual words are used from now on.")).to_be_visible()
    context.close()


def test_without_scripts_a_button_shows_how_words_arrive(world: World) -> None:
    context = world.context(Role.PROGRAMME_LEAD, java_script_enabled=False)
    page = world.open(context, "/messages/templates/appointment")
    page.locator("#words-en").fill("See you on {day} at {site}. STOP")
    page.locator("#write-en").get_by_role("button", name="Look at it first").click()
    expect(page.locator("#preview-en .telephone").first).to_contain_text("See you on")
    expect(page.get_by_text("Nothing was changed yet.")).to_be_visible()
    with world.database.snapshot() as session:
        assert override(session, world.place.programme.id, "appointment", "en") is None
    context.close()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_message_is_sent_again_called_off_and_sent_after_all(world: World) -> None:
    """Where no worker runs, so that it waits for whoever thinks better of it."""
    with world.database.transaction() as session:
        channel, _ = a_channel(session, world.place, sends=False, now=utc_now())
        failed = a_message(
            session, world.place, MessageState.FAILED, channel_id=channel.id, now=utc_now()
        )

    def state() -> MessageState:
        with world.database.snapshot() as session:
            return message(session, world.place.programme.id, failed).state

    context = world.context(Role.COUPON_MANAGER)
    page = world.open(context, "/messages")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("waits to be sent again")).to_be_visible()
    page.get_by_role("button", name="Call off").click()
    expect(page.get_by_text("The message is called off.")).to_be_visible()
    assert state() is MessageState.DROPPED
    page.get_by_role("button", name="Send it after all").click()
    expect(page.get_by_text("waits to be sent again")).to_be_visible()
    assert state() is not MessageState.DROPPED
    context.close()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["en", "uk"])
def test_no_page_of_messages_is_wider_than_its_screen(world: World, language: str) -> None:
    with world.database.transaction() as session:
        channel, _ = a_channel(session, world.place, daily_budget_minor=10_000, now=utc_now())
        for state in MessageState:
            a_message(session, world.place, state, channel_id=channel.id, now=utc_now())
    pages = {
        Role.COUPON_MANAGER: ["/messages", "/messages/conversations"],
        Role.PROGRAMME_LEAD: ["/messages/templates", "/messages/templates/reward_waiting"],
        Role.ADMINISTRATOR: [
            "/messages/channels",
            "/messages/channels/new?provider=generic",
            f"/messages/channels/{channel.id}",
        ],
    }
    for role, paths in pages.items():
        context = world.context(role)
        context.add_cookies([{"name": "pdi_language", "value": language, "url": world.server.url}])
        for path in paths:
            page = world.open(context, path)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate(TOO_WIDE) <= 0, (path, width)
        context.close()
