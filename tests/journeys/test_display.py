"""Large print and high contrast: chosen once, kept in the browser, there before the page is."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving import Server

# Noted by the browser for each picture of a page: how large its letters and of what kind its colours are.
WATCH = """
    window.seen = new Set();
    const note = () => {
        const { print, contrast } = document.documentElement.dataset;
        window.seen.add(`${print} ${contrast}`);
        requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
"""


def switch(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_what_was_chosen_is_kept_and_there_before_the_first_picture(
    page: Page, server: Server
) -> None:
    page.add_init_script(WATCH)
    page.goto(f"{server.url}/login")
    usual = page.evaluate("getComputedStyle(document.documentElement).fontSize")
    switch(page, "Large print")
    switch(page, "High contrast")
    expect(page.get_by_role("button", name="Large print")).to_have_attribute("aria-pressed", "true")
    large = page.evaluate("getComputedStyle(document.documentElement).fontSize")
    assert float(large[:-2]) >= 1.3 * float(usual[:-2])

    page.goto(f"{server.url}/help")
    page.get_by_role("heading", level=1).wait_for()
    assert page.evaluate("[...window.seen]") == ["large high"]

    switch(page, "Large print")
    switch(page, "High contrast")
    page.goto(f"{server.url}/login")
    assert page.locator("html").get_attribute("data-print") == "usual"
    assert page.locator("html").get_attribute("data-contrast") == "usual"


def test_every_open_page_follows(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/login")
    other = page.context.new_page()
    other.goto(f"{server.url}/help")
    switch(page, "Large print")
    expect(other.locator("html")).to_have_attribute("data-print", "large")
    expect(other.get_by_role("button", name="Large print")).to_have_attribute(
        "aria-pressed", "true"
    )


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_who_asks_her_system_for_contrast_gets_it_until_she_says_otherwise(
    browser: Browser, server: Server, colours: str
) -> None:
    context = browser.new_context(
        contrast="more", color_scheme="light" if colours == "light" else "dark"
    )
    page = context.new_page()
    page.goto(f"{server.url}/login")
    expect(page.locator("html")).to_have_attribute("data-contrast", "high")
    expected = {"light": "rgb(255, 255, 255)", "dark": "rgb(0, 0, 0)"}[colours]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == expected
    switch(page, "High contrast")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-contrast", "usual")
    context.close()


def test_nothing_moves_for_who_wants_no_motion_and_forced_colours_keep_edges(
    browser: Browser, server: Server
) -> None:
    context = browser.new_context(reduced_motion="reduce", forced_colors="active")
    page = context.new_page()
    page.goto(f"{server.url}/login")
    moving = "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).animationName !== 'none').length"
    assert page.evaluate(moving) == 0
    edge = "getComputedStyle(document.querySelector('main button')).borderTopWidth"
    assert page.evaluate(edge) == "2px"
    context.close()


def test_without_scripts_no_dead_switch_is_shown(browser: Browser, server: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/login")
    expect(page.get_by_text("Large print")).to_be_hidden()
    context.close()
