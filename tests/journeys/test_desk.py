"""The intake desk in a real browser: keyboard only, scanners, the camera, no scripts, two languages, a phone."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.core.clock import utc_now
from app.domain.visits.queries import knowledge_test
from tests.journeys.desks import Desk, World
from tests.printing.sheets import look_at

UKRAINIAN = dict(zip("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФІВАПРОЛДЯЧСМИТЬ", strict=True))
SMALL = """targets => targets
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 47.5)
    .map(each => each.outerHTML.slice(0, 120))"""
TARGETS = "main :is(button, .button, .choice, select, input:not([type=hidden], [type=checkbox], [type=radio]))"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def world(served: Callable[[str], Desk], backend: str) -> World:
    """New cards at a desk that may have seen others."""
    return served(backend).with_new_cards()


@pytest.fixture
def contexts(browser: Browser) -> Iterator[list[BrowserContext]]:
    """Browser profiles to close; an error in a page's scripts fails the test."""
    opened: list[BrowserContext] = []
    errors: list[str] = []
    browser.on("context", lambda context: context.on("weberror", lambda e: errors.append(str(e))))
    yield opened
    for context in opened:
        context.close()
    assert errors == []


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def send_step(page: Page, *keys: str) -> None:
    """Press keys, the last of which sends the form, and wait for the next page."""
    press(page, *keys[:-1])
    with page.expect_navigation():
        press(page, keys[-1])


WORDS = {
    "en-GB": ("This card is good", "Used before: ", "Continue without a card", "Desk"),
    "uk-UA": ("Картка дійсна", "Уже використано: ", "Продовжити без картки", "Прийом"),
}


@pytest.mark.parametrize("language", WORDS)
def test_a_whole_visit_by_keyboard_from_the_scan_to_the_printed_sheet(
    world: World, browser: Browser, contexts: list[BrowserContext], language: str
) -> None:
    good, _, _, desk = WORDS[language]
    contexts.append(context := browser.new_context(locale=language))
    page = world.enter(context)
    expect(page.locator("#scanned")).to_be_focused()
    page.keyboard.type(world.cards[0].code)
    expect(page.locator(".verdict.green")).to_contain_text(good)
    expect(page.locator("#uic")).to_be_focused()
    page.keyboard.type(f"maria {world.number}")
    send_step(page, "Enter")
    assert "/desk/visits/" in page.url
    send_step(page, "Space", "Tab", "2", "4", "Tab", "Tab", "Space", "Enter")  # eligibility
    send_step(page, "Space", "Tab", "Space", "Enter")  # consent
    items = len(knowledge_test()[1])
    send_step(page, *(["Space", "Tab"] * items)[:-1], "Enter")
    expect(page.locator("#network_size")).to_be_focused()
    send_step(page, "9", "Tab", "Space", "Enter")  # interview
    expect(page.locator("#needles_and_syringes")).to_be_focused()
    send_step(page, "2", "0", "Enter")  # services
    send_step(page, "Enter")  # paid in cash
    expect(page.locator(".receipt strong")).to_contain_text("7" if language == "en-GB" else "7,50")
    send_step(page, "Enter")  # trained
    send_step(page, "Enter")  # cards made
    expect(page.locator("#sheet")).to_be_focused()
    with context.expect_page():
        press(page, "Enter")
    sheet = context.request.get(f"{world.url}{page.locator('#sheet').get_attribute('href')}")
    assert sum(len(paper.symbols) for paper in look_at(sheet.body())) == 3
    page.bring_to_front()
    send_step(page, "Tab", "Enter")
    expect(page).to_have_title(f"{desk} · PDI{'-трекер' if language == 'uk-UA' else ' tracker'}")
    expect(page.locator("#scanned")).to_be_focused()
    expect(page.locator("#scanned")).to_have_value("")
    assert world.redemptions() == 1


@pytest.mark.parametrize("language", WORDS)
def test_a_used_card_says_when_and_leads_on_without_a_card(
    world: World, browser: Browser, contexts: list[BrowserContext], language: str
) -> None:
    _, used, go_on, _ = WORDS[language]
    contexts.append(context := browser.new_context(locale=language))
    page = world.enter(context)
    page.keyboard.type(world.used.code)
    verdict = page.locator(".verdict.red")
    expect(verdict).to_contain_text(used)
    expect(verdict).to_contain_text(str((utc_now() - timedelta(days=1)).year))
    expect(page.get_by_role("link", name=go_on)).to_be_focused()
    page.wait_for_timeout(450)  # the desk ignores an Enter that a scanner sends late
    send_step(page, "Enter")
    assert page.url.endswith("/desk/walk-in")
    page.keyboard.type(f"OLENA-{world.number}")
    send_step(page, "Enter")
    expect(page.locator(".desk-known .button")).to_be_focused()
    send_step(page, "Tab", "Enter")  # not the same person
    assert "/desk/visits/" in page.url
    assert world.redemptions() == 0


def test_a_scanner_is_understood_with_and_without_enter_and_under_another_layout(
    world: World, browser: Browser, contexts: list[BrowserContext]
) -> None:
    contexts.append(context := browser.new_context(locale="en-GB"))
    page = world.enter(context)
    first, second, third = world.cards
    verdict = page.locator("#desk[data-verdict=good] .verdict.green")

    page.keyboard.type(first.token + "\n", delay=1)
    expect(verdict).to_be_visible()
    expect(page.locator("#uic")).to_be_focused()
    page.wait_for_timeout(100)
    assert "/desk" in page.url
    assert world.redemptions() == 0, "the Enter of a scanner pressed something"

    redeeming = "form[action='/desk/redeem'] input[name=scan_id]"
    scan = page.locator(redeeming).get_attribute("value") or ""
    page.keyboard.type(second.token, delay=1)  # the next card, while the keyboard is elsewhere
    expect(page.locator(f"{redeeming}[value='{scan}']")).to_have_count(0)
    expect(verdict).to_be_visible()

    page.goto(f"{world.url}/desk")
    keyboard = context.new_cdp_session(page)
    for letter in third.token:
        typed = UKRAINIAN.get(letter, letter)
        code = f"Key{letter}" if letter.isalpha() else f"Digit{letter}"
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": typed, "code": code}
            keyboard.send(
                "Input.dispatchKeyEvent", event | ({"text": typed} if kind == "keyDown" else {})
            )
    expect(verdict).to_be_visible()


def test_an_enter_that_comes_late_neither_sends_an_empty_scan_nor_takes_the_verdict_away(
    world: World, browser: Browser, contexts: list[BrowserContext]
) -> None:
    contexts.append(context := browser.new_context(locale="en-GB"))
    page = world.enter(context)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.method) if asked.method == "POST" else None)

    def is_good(scans: int) -> None:
        expect(page.locator("#desk[data-verdict=good] .verdict.green")).to_be_visible()
        expect(page.locator("#uic")).to_be_focused()
        page.wait_for_timeout(100)
        assert len(sent) == scans
        assert world.redemptions() == 0
        page.goto(f"{world.url}/desk")

    delays = (5, 10, 20, 30, 45, 60, 80, 100, 140, 200)
    for scans, delay in enumerate(delays, start=1):
        page.keyboard.type(world.cards[scans % 3].code)
        page.wait_for_timeout(delay)
        press(page, "Enter")
        is_good(scans)

    page.evaluate(
        """document.addEventListener("htmx:before:settle", () => scan.requestSubmit())"""
    )  # the very moment between the swap and what settles it
    page.keyboard.type(world.cards[0].code)
    is_good(len(delays) + 1)


def test_an_empty_field_is_never_sent_and_the_desk_asks_for_a_card(
    world: World, browser: Browser, contexts: list[BrowserContext]
) -> None:
    contexts.append(context := browser.new_context(locale="en-GB"))
    page = world.enter(context)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.method))
    page.get_by_role("button", name="Look at the card").click()

    expect(page.locator("#slip")).to_contain_text("Please scan the card")
    expect(page.locator("#scanned")).to_be_focused()
    assert "POST" not in sent


def test_a_slip_is_told_without_asking_the_server_and_digits_are_grouped(
    world: World, browser: Browser, contexts: list[BrowserContext]
) -> None:
    contexts.append(context := browser.new_context(locale="en-GB"))
    page = world.enter(context)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    code = world.cards[0].code
    page.keyboard.type(code[:10])
    expect(page.locator("#scanned")).to_have_value(f"{code[:4]} {code[4:8]} {code[8:10]}")
    page.keyboard.type(f"{code[10]}{(int(code[11]) + 1) % 10}")
    expect(page.locator("#slip")).to_be_visible()
    assert "POST" not in asked
    page.keyboard.type(code)  # what was wrong is selected, so typing again replaces it
    expect(page.locator(".verdict.green")).to_be_visible()


def test_a_scan_is_taken_wherever_the_keyboard_was_and_said_when_the_records_are_away(
    world: World, browser: Browser, contexts: list[BrowserContext]
) -> None:
    contexts.append(context := browser.new_context(locale="en-GB"))
    page = world.enter(context)
    expect(page.locator("#sounds")).to_be_visible()
    page.locator("h1").click()
    page.route("**/desk", lambda route: route.fulfill(status=503, body="<html></html>"))
    page.keyboard.type(world.cards[0].code)
    expect(page.locator("#slip")).to_contain_text("Nothing was lost")
    page.unroute("**/desk")
    page.route("**/desk", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.keyboard.type(world.cards[0].code)
    expect(page.locator("#slip")).to_contain_text("Nothing was lost")
    page.unroute("**/desk")
    page.keyboard.type(world.cards[0].code)
    expect(page.locator(".verdict.green")).to_be_visible()


def test_sounds_tell_verdicts_apart_and_being_silent_is_remembered(
    world: World, browser: Browser, contexts: list[BrowserContext]
) -> None:
    contexts.append(context := browser.new_context(locale="en-GB"))
    page = world.enter(context)
    page.evaluate(
        "window.heard = []; document.addEventListener('desk:sound', e => heard.push(e.detail))"
    )
    page.keyboard.type(world.used.code)
    expect(page.locator(".verdict.red")).to_be_visible()
    page.fill("#scanned", "")
    page.locator("#scanned").press_sequentially(world.cards[0].code)
    expect(page.locator(".verdict.green")).to_be_visible()
    assert page.evaluate("heard") == ["read", "refused", "read", "accepted"]
    page.get_by_role("button", name="Sounds are on").click()
    page.reload()
    expect(page.get_by_role("button", name="Sounds are off")).to_be_visible()


def test_a_whole_visit_without_a_script(
    world: World, browser: Browser, contexts: list[BrowserContext]
) -> None:
    contexts.append(context := browser.new_context(locale="en-GB", java_script_enabled=False))
    page = world.enter(context)
    page.fill("#scanned", world.cards[0].code)
    press(page, "Enter")
    expect(page.locator(".verdict.green")).to_be_visible()
    page.get_by_role("button", name="No code given").click()
    page.check("[name=sex][value=prefer_not_to_say]")
    page.check("[name=adult]")
    page.check("[name=injected][value=yes]")
    page.get_by_role("button", name="Continue").click()
    page.check("[name=consent_participation][value=yes]")
    page.check("[name=consent_follow_up][value=no]")
    page.get_by_role("button", name="Continue").click()
    _, items = knowledge_test()
    for item in items:
        page.check(f"[name=item_{item.id}][value={item.right}]")
    page.get_by_role("button", name="Send the answers").click()
    page.get_by_role("button", name="Continue").click()
    page.check("[name='hiv_test.offered']")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_role("link", name="Later").click()
    page.get_by_role("button", name="The training is done").click()
    page.get_by_role("button", name="Make the cards").click()
    expect(page.get_by_role("link", name="Print the sheet")).to_be_visible()


def test_a_phone_shows_every_step_without_scrolling_sideways(
    world: World, browser: Browser, contexts: list[BrowserContext]
) -> None:
    contexts.append(
        context := browser.new_context(locale="uk-UA", viewport={"width": 360, "height": 740})
    )
    page = world.enter(context)
    page.locator("#scanned").press_sequentially(world.cards[0].code)
    expect(page.locator(".verdict.green")).to_be_visible()

    def fits() -> None:
        assert page.evaluate(TOO_WIDE) <= 0, page.url
        assert page.locator(TARGETS).evaluate_all(SMALL) == [], page.url

    fits()
    page.locator("[name=no_code]").click()
    page.wait_for_url("**/desk/visits/*")
    visit = page.url
    for chosen in (("sex", "female"), ("injected", "yes")):
        page.check(f"[name={chosen[0]}][value={chosen[1]}]")
    page.fill("#age", "33")
    fits()
    page.locator("main form.card button").click()
    page.check("[name=consent_participation][value=yes]")
    page.check("[name=consent_follow_up][value=yes]")
    fits()
    page.locator("main form.card button").click()
    for item in knowledge_test()[1]:
        page.check(f"[name=item_{item.id}][value={item.right}]")
    fits()
    page.locator("main form.card button").click()
    page.locator("#network_size").wait_for()
    fits()
    page.locator("main form.card button").click()
    page.locator("#male_condoms").wait_for()
    for step in ("services", "stipend", "training", "done"):
        page.goto(f"{visit}?step={step}")
        fits()
