"""Someone goes through the general pages in a real browser: phone and desk, two languages, keyboard, no scripts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.staff.actions import start_session
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from tests.factories import Place, a_finished_visit, a_place, an_actor
from tests.serving import Server

PASSWORD = "a long enough password"
WIDTHS = (360, 1280)
PAGES = {
    Role.PROGRAMME_LEAD: (
        "/signals",
        "/programme",
        "/programme/protocol",
        "/programme/site",
        "/audit",
        "/audit/chain",
        "/stipends",
        "/help",
    ),
    Role.FINANCE: ("/stipends",),
    Role.ADMINISTRATOR: ("/staff",),
}
TARGETS = "button, .button, nav a, summary, select, input:not([type=hidden], [type=checkbox], [type=radio])"
SMALL = """targets => targets
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 47.5)
    .map(each => each.outerHTML.slice(0, 120))"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class World:
    """A served programme in which something has happened."""

    url: str
    place: Place
    database: Database
    with_password: Actor

    def cookie(self, actor: Actor) -> dict[str, str]:
        with self.database.transaction() as session:
            secret = start_session(session, actor, now=utc_now())
        return {"name": "pdi_session", "value": secret, "url": self.url}


@pytest.fixture
def world(database: Database, server: Server) -> World:
    now = utc_now()
    with database.transaction() as session:
        place = a_place(session, now=now - timedelta(days=9))
        for days in (5, 4):
            a_finished_visit(session, place, now=now - timedelta(days=days))
        lead = an_actor(
            session, Role.PROGRAMME_LEAD, programme_id=place.programme.id, password=PASSWORD
        )
    return World(server.url, place, database, lead)


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complained of, refused scripts and styles among it; there must be nothing."""
    heard: list[str] = []
    page.on(
        "console",
        lambda message: (
            heard.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    yield heard
    assert heard == []


def test_every_page_fits_and_speaks_each_language(
    page: Page, world: World, complaints: list[str]
) -> None:
    for role, paths in PAGES.items():
        page.context.add_cookies([world.cookie(world.place.staff[role])])  # type: ignore[list-item]
        for language in ("en", "uk"):
            page.context.add_cookies(
                [{"name": "pdi_language", "value": language, "url": world.url}]
            )
            for path in paths:
                answer = page.goto(world.url + path)
                assert answer is not None
                assert answer.ok, path
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 800})
                    assert page.evaluate(TOO_WIDE) <= 0, (path, language, width)
                assert page.locator("html").get_attribute("lang") == language
                assert page.locator("h1").count() == 1, path


def test_targets_are_large_enough_for_a_finger(
    page: Page, world: World, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{world.url}/login")
    assert page.locator(TARGETS).evaluate_all(SMALL) == []
    for role, paths in PAGES.items():
        page.context.add_cookies([world.cookie(world.place.staff[role])])  # type: ignore[list-item]
        for path in paths:
            page.goto(world.url + path)
            page.locator(".top-menu > summary").click()
            assert page.locator(TARGETS).evaluate_all(SMALL) == [], path


def test_she_logs_in_and_out_with_the_keyboard_alone(
    page: Page, world: World, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{world.url}/login?next=/programme")
    page.keyboard.type(world.with_password.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{world.url}/programme")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Change the rules")
    page.get_by_role("button", name="Log out").press("Enter")
    expect(page.get_by_text("You have logged out.")).to_be_visible()


def test_wrong_words_leave_her_at_the_password_with_her_name_kept(page: Page, world: World) -> None:
    page.goto(f"{world.url}/login")
    page.get_by_label("User name").fill("someone")
    page.get_by_label("Password").fill("something")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("User name or password is wrong.")
    expect(page.get_by_label("User name")).to_have_value("someone")
    expect(page.get_by_label("Password")).to_be_focused()


def test_the_record_is_checked_while_the_page_is_read(
    page: Page, world: World, complaints: list[str]
) -> None:
    page.context.add_cookies([world.cookie(world.place.lead)])  # type: ignore[list-item]
    page.goto(f"{world.url}/audit")
    expect(page.get_by_role("status")).to_contain_text("The record is whole.")


def test_without_scripts_everything_still_works(browser: Browser, world: World) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    context.add_cookies([world.cookie(world.place.lead)])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{world.url}/programme")
    expect(page.get_by_role("link", name="Record")).to_be_hidden()
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("link", name="Record").click()
    page.get_by_role("link", name="Check that the record is whole").click()
    expect(page.get_by_text("The record is whole.")).to_be_visible()
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("button", name="Українська").click()
    expect(page.get_by_text("Журнал цілий.")).to_be_visible()
    context.close()


def test_new_rules_are_adopted_after_a_mistake_is_put_right(
    page: Page, world: World, complaints: list[str]
) -> None:
    page.context.add_cookies([world.cookie(world.place.lead)])  # type: ignore[list-item]
    page.goto(f"{world.url}/programme/protocol")
    page.get_by_label("Last day, days after issue").fill("28.5")
    page.get_by_role("button", name="Adopt these rules").click()
    field = page.get_by_label("Last day, days after issue")
    expect(field).to_have_attribute("aria-invalid", "true")
    complaints.clear()  # the browser notes that the form was refused
    expect(field).to_have_accessible_description(
        re.compile(r"Please enter a whole number, zero or more\.$")
    )
    field.fill("28")
    page.get_by_role("button", name="Adopt these rules").click()
    expect(page.get_by_text("The new rules apply from now on.")).to_be_visible()
    expect(page.get_by_text("version 2")).to_be_visible()
