"""No page shuts anyone out, as far as a machine can tell: axe, fingers, large print, high contrast, right to left.

axe is asked for WCAG 2.2 A and AA and its best practices, on every screen of the tour in every language, on a phone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, Page

from tests.web.tour import LANGUAGES, NO_SCREENS, SCREENS, Tour, routes_of_pages, touring

AXE = (Path(axe_playwright_python.__file__ or "").parent / "axe.min.js").read_text("utf-8")
# Off in axe unless asked for, as few rules are of WCAG 2.2 yet.
USUAL = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
HIGH_CONTRAST = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "color-contrast-enhanced"]}
}
OPEN_ALL = """() => {
    for (const each of document.querySelectorAll("details:not(.app-menu)")) each.open = true;
}"""
COMPLAINTS = """async options => (await axe.run(document, options)).violations
    .map(each => [each.id, each.nodes.map(node => node.html.slice(0, 160))])"""
# How far the page goes beyond the screen, on either side; what scrolls by itself does so.
TOO_WIDE = """() => {
    const wide = document.documentElement.clientWidth;
    const beyond = [...document.querySelectorAll("h1, h2, p, button, .button, input, select, textarea, summary, label")]
        .filter((each) => each.checkVisibility() && !each.closest(".table, .picture, .visually-hidden, .skip"))
        .map((each) => each.getBoundingClientRect())
        .map((box) => Math.max(-box.left, box.right - wide));
    return Math.round(Math.max(document.documentElement.scrollWidth - wide, 0, ...beyond));
}"""
TARGETS = """button, .button, .choice, summary, select, textarea, nav a, .top a, .desk-list a, .visit-head > a,
    .visit-steps a, input:not([type=hidden], [type=checkbox], [type=radio])"""
SMALL = """targets => targets
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 47.5)
    .map(each => each.outerHTML.slice(0, 120))"""
# Gives what the Tab key has to stop at a name each; of radio buttons one name a group.
STOPS = """() => {
    const found = new Set();
    const able = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
    for (const each of document.querySelectorAll(able)) {
        if (each.disabled || each.tabIndex < 0 || !each.checkVisibility({ visibilityProperty: true })) continue;
        const name = each.type === "radio" ? `radio ${each.name}` : `${found.size} ${each.outerHTML.slice(0, 100)}`;
        each.stop = name;
        found.add(name);
    }
    document.querySelector(".skip, #gate button").focus();
    return [...found];
}"""
STOP = """() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    return [document.activeElement.stop ?? "", outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
}"""
SET = "([name, value]) => document.documentElement.setAttribute(name, value)"
# Where the parts of the page begin, as seen from the side where the lines begin.
EDGES = """() => {
    const rtl = document.documentElement.dir === "rtl", wide = document.documentElement.clientWidth;
    return [...document.querySelectorAll("main > *, main .card, .desk > *, .verdict > *, .field > *")]
        .filter(each => each.checkVisibility() && getComputedStyle(each).display !== "inline")
        .map(each => each.getBoundingClientRect())
        .map(box => Math.round(rtl ? wide - box.right : box.left));
}"""


@dataclass(frozen=True)
class Seen:
    """What is wrong with a screen; all of it is empty or zero where nothing is."""

    axe: list[Any]
    out_of_reach: set[str]
    without_ring: set[str]
    small: list[str]
    too_wide: int
    small_in_large_print: list[str]
    too_wide_in_large_print: int
    pale_in_high_contrast: list[Any]
    too_wide_right_to_left: int
    not_mirrored: list[tuple[int, int]]


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    with touring(tmp_path_factory.mktemp("tour")) as tour:
        yield tour


@pytest.fixture(scope="module", params=LANGUAGES)
def seen(request: pytest.FixtureRequest, browser: Browser, tour: Tour) -> dict[str, Seen]:
    """Every screen in a language, looked at in every way while it is open."""
    found: dict[str, Seen] = {}
    for who in dict.fromkeys(screen.who for screen in SCREENS):
        with tour.visiting(browser, who, request.param) as visitor:
            for screen in SCREENS:
                if screen.who == who:
                    screen.go(visitor)
                    found[screen.name] = look_at(
                        visitor.page, thoroughly=request.param == LANGUAGES[0]
                    )
    return found


def look_at(page: Page, *, thoroughly: bool) -> Seen:
    """Colours and the keyboard are the same in every language: one thorough look is enough."""
    page.evaluate(OPEN_ALL)
    out_of_reach, without_ring = by_keyboard(page) if thoroughly else (set(), set())
    page.evaluate(AXE)
    axe, small, too_wide = (
        page.evaluate(COMPLAINTS, USUAL),
        small_targets(page),
        page.evaluate(TOO_WIDE),
    )
    page.evaluate(SET, ["data-print", "large"])
    small_in_large, too_wide_in_large = small_targets(page), page.evaluate(TOO_WIDE)
    page.evaluate(SET, ["data-print", "usual"])
    page.evaluate(SET, ["data-contrast", "high"])
    pale = page.evaluate(COMPLAINTS, HIGH_CONTRAST) if thoroughly else []
    page.evaluate(SET, ["data-contrast", "usual"])
    before = page.evaluate(EDGES)
    page.evaluate(SET, ["dir", "rtl"])
    mirrored = page.evaluate(EDGES)
    too_wide_turned_round = page.evaluate(TOO_WIDE)
    page.evaluate(SET, ["dir", "ltr"])
    return Seen(
        axe,
        out_of_reach,
        without_ring,
        small,
        too_wide,
        small_in_large,
        too_wide_in_large,
        pale,
        too_wide_turned_round,
        [pair for pair in zip(before, mirrored, strict=True) if abs(pair[0] - pair[1]) > 2],
    )


def by_keyboard(page: Page) -> tuple[set[str], set[str]]:
    """Tab from the first control to the last: which were not met, and which do not show that they are."""
    to_meet = set(page.evaluate(STOPS))
    page.keyboard.press("Tab")  # a browser shows where the keyboard is only once a key was pressed
    page.keyboard.press("Shift+Tab")
    unmet, without_ring = set(to_meet), set()
    for _ in range(2 * len(to_meet) + 10):  # Chromium stops at scrolling boxes too
        name, has_ring = page.evaluate(STOP)
        unmet.discard(name)
        if name and not has_ring:
            without_ring.add(name)
        if not unmet:
            break
        page.keyboard.press("Tab")
    return unmet, without_ring


def small_targets(page: Page) -> list[str]:
    found: list[str] = page.locator(TARGETS).evaluate_all(SMALL)
    return found


def wrong(seen: dict[str, Seen], aspect: str) -> dict[str, Any]:
    return {
        name: getattr(screen, aspect) for name, screen in seen.items() if getattr(screen, aspect)
    }


def test_the_tour_misses_no_page() -> None:
    shown = {route for screen in SCREENS for route in screen.routes}
    assert shown | NO_SCREENS == routes_of_pages()
    assert not shown & NO_SCREENS


def test_axe_finds_nothing_to_complain_of(seen: dict[str, Seen]) -> None:
    assert wrong(seen, "axe") == {}


def test_nothing_is_wider_than_a_phone(seen: dict[str, Seen]) -> None:
    assert wrong(seen, "too_wide") == {}


def test_targets_are_large_enough_for_a_finger(seen: dict[str, Seen]) -> None:
    assert wrong(seen, "small") == {}


def test_large_print_fits_a_phone_and_keeps_targets_large(seen: dict[str, Seen]) -> None:
    assert wrong(seen, "too_wide_in_large_print") == {}
    assert wrong(seen, "small_in_large_print") == {}


def test_in_high_contrast_every_text_meets_the_highest_level(seen: dict[str, Seen]) -> None:
    assert wrong(seen, "pale_in_high_contrast") == {}


def test_every_control_is_reached_by_keyboard_and_shows_it(seen: dict[str, Seen]) -> None:
    assert wrong(seen, "out_of_reach") == {}
    assert wrong(seen, "without_ring") == {}


def test_pages_can_be_read_from_right_to_left(seen: dict[str, Seen]) -> None:
    assert wrong(seen, "too_wide_right_to_left") == {}
    assert wrong(seen, "not_mirrored") == {}
