"""The desk as an app: set up from a code, opened with a PIN and without a network, locked when nobody is there."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python  # type: ignore[import-untyped]
import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.core.clock import utc_now
from app.core.i18n import languages
from app.web import desk_files
from tests.browser import chromium, kill, profile, until
from tests.factories import PASSWORD
from tests.journeys.desks import Desk
from tests.journeys.offline import PIN, Device, enrolled, new_name, unlocked
from tests.web.vaults import let

AXE = (Path(axe_playwright_python.__file__ or "").parent / "axe.min.js").read_text("utf-8")
COMPLAINTS = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
    .map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 160))])"""
SMALL = """() => [...document.querySelectorAll("button, .button, summary, input:not([type=hidden])")]
    .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 47.5)
    .map((each) => each.outerHTML.slice(0, 120))"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TELLING = ("HIV", "ВІЛ", "drug", "coupon", "health", "PDI", "tracker", "sex")
MOST_BYTES = 300_000


@pytest.fixture
def desk(served: Callable[[str], Desk], backend: str) -> Desk:
    return served(backend)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A phone's browser; an error in a page's scripts fails the test."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


# Setting up


def test_setting_up_asks_for_a_good_pin_twice_and_opens_the_desk(
    desk: Desk, context: BrowserContext
) -> None:
    page = context.new_page()
    secret = let(desk)
    page.goto(f"{desk.url}/desk/enrol#{secret}")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type("a word of nobody")
    page.locator("#pin").focus()
    assert secret not in page.evaluate("location.href + document.documentElement.outerHTML")

    page.keyboard.type("123456")
    page.keyboard.press("Enter")
    page.locator("#again").fill("123456")
    page.keyboard.press("Enter")
    expect(page.locator("#pin-error")).to_contain_text("in a row")
    page.locator("#pin").fill(PIN)
    page.keyboard.press("Enter")
    expect(page.locator("#again-error")).to_contain_text("differ")
    page.locator("#again").fill(PIN)
    page.keyboard.press("Enter")
    expect(page.locator("#password-error")).to_contain_text("not the password")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url(f"{desk.url}/desk")
    unlocked(desk, context, page)


def test_a_code_that_was_used_says_so_kindly(desk: Desk, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol#used-long-ago")
    page.locator("#password").fill(PASSWORD)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#enrol-form button").click()

    expect(page.locator("[data-part=over]")).to_contain_text("ask the colleague")


def test_without_a_network_the_code_stays_good(desk: Desk, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol#{let(desk)}")
    until(page, "navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)
    page.locator("#password").fill(PASSWORD)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#enrol-form button").click()
    expect(page.locator("#enrol-away")).to_be_visible()

    context.set_offline(False)
    page.locator("#password").fill(PASSWORD)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#enrol-form button").click()
    page.wait_for_url(f"{desk.url}/desk")


def test_another_language_does_not_lose_the_code(desk: Desk, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol#{let(desk)}")
    page.get_by_role("button", name="Українська").click()
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    page.locator("#password").fill(PASSWORD)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#enrol-form button").click()

    page.wait_for_url(f"{desk.url}/desk")
    expect(page.locator("html")).to_have_attribute("lang", "uk")


def test_a_browser_that_was_closed_before_its_pages_came_fetches_them(
    desk: Desk, context: BrowserContext
) -> None:
    page = context.new_page()
    page.route("**/desk/app?*", lambda route: route.abort())
    page.goto(f"{desk.url}/desk/enrol#{let(desk)}")
    page.locator("#password").fill(PASSWORD)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#enrol-form button").click()
    expect(page.locator("[data-slow]")).to_be_visible()
    page.close()

    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol")
    page.locator("#known").fill(PIN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk.url}/desk")
    unlocked(desk, context, page)


def test_an_address_that_is_not_secure_says_what_is_needed(desk: Desk) -> None:
    address = f"http://desk.example:{urlsplit(desk.url).port}"
    # A thread of its own: Playwright allows one of its kind in each.
    from concurrent.futures import ThreadPoolExecutor

    def said() -> str:
        with chromium("--host-resolver-rules=MAP desk.example 127.0.0.1") as browser:
            page = browser.new_page(locale="en-GB")
            page.goto(f"{address}/desk/enrol#anything")
            part = page.locator("[data-part=insecure]")
            part.wait_for()
            return part.inner_text()

    with ThreadPoolExecutor(1) as thread:
        assert "HTTPS" in thread.submit(said).result()


# Opening


def test_the_desk_opens_without_a_network_in_both_languages(
    desk: Desk, context: BrowserContext
) -> None:
    device = enrolled(desk, context)
    device.page.close()
    context.set_offline(True)

    page = context.new_page()
    page.goto(f"{desk.url}/desk")
    expect(page.get_by_role("heading", name="Please enter your PIN")).to_be_visible()
    page.get_by_role("button", name="Українська").click()
    expect(page.get_by_role("heading", name="Введіть, будь ласка, свій PIN-код")).to_be_visible()
    unlocked(desk, context, page)
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    # An address of the online desk shows the app instead of the browser's own complaint.
    page.goto(f"{desk.url}/desk/walk-in")
    expect(page.locator("#gate-pin")).to_be_visible()


def test_an_unlocked_desk_changes_its_language_and_stays_open(
    desk: Desk, context: BrowserContext
) -> None:
    device = enrolled(desk, context)
    context.set_offline(True)
    device.page.evaluate(
        "async () => (await import('/static/desk/shell.js')).swapTo('uk')",
    )

    expect(device.page.locator("html")).to_have_attribute("lang", "uk")
    expect(device.page.locator("#bar")).to_be_visible()
    expect(device.page.locator("#gate")).to_be_hidden()
    assert device.run("return app.work.vault.isLocked") is False


def test_the_first_load_is_small_and_all_of_it_is_kept(desk: Desk, context: BrowserContext) -> None:
    enrolled(desk, context).page.close()
    context.set_offline(True)
    page = context.new_page()
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(urlsplit(request.url).path))
    page.goto(f"{desk.url}/desk")
    unlocked(desk, context, page)
    # As text, for scripts and pages are; the decoder comes afterwards.
    kept: dict[str, list[int]] = page.evaluate(
        """async () => {
            const found = {};
            for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const { url } of await cache.keys()) {
                    const { pathname } = new URL(url);
                    found[pathname] = [...new Uint8Array(await (await cache.match(url)).arrayBuffer())];
                }
            }
            return found;
        }"""
    )
    decoder = kept.pop("/static/vendor/zxing-wasm/zxing_reader.wasm", [])
    shells = {path for path in kept if path.startswith("/desk/app/")}
    first = {path: len(gzip.compress(bytes(each))) for path, each in kept.items()}

    # Without a network only what needs one may fail: what is sent, and newer pages.
    assert [path for path in failed if not path.startswith(("/api/", "/desk/app"))] == []
    assert set(desk_files.first_files()) <= set(first)
    assert shells == {f"/desk/app/{each}" for each in languages()}
    assert sum(first.values()) <= MOST_BYTES
    assert len(gzip.compress(bytes(decoder))) + sum(first.values()) > MOST_BYTES  # it is counted


def test_what_a_browser_keeps_in_clear_names_nobody(desk: Desk, context: BrowserContext) -> None:
    device = enrolled(desk, context)
    name = new_name()
    walk_in(device, name)
    texts: list[str] = device.page.evaluate(
        """async () => {
            const texts = [];
            for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const request of await cache.keys()) {
                    texts.push(request.url, await (await cache.match(request)).text());
                }
            }
            return [...texts, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
        }"""
    )

    said = "\n".join(texts)
    assert "gate-pin" in said
    for canary in (name, desk.place.intake.username, PIN):
        assert canary not in said


def test_a_new_version_is_used_from_the_next_opening_on(
    desk: Desk, context: BrowserContext
) -> None:
    device = enrolled(desk, context)
    device.page.evaluate(
        """async () => {
            const state = await caches.open("pdi-desk-state");
            const version = await (await state.match("/desk/version-in-use")).text();
            for (const kind of ["files", "shells"]) {
                const [now, old] = [version, "old"].map((each) => caches.open(`pdi-desk-${kind}-${each}`));
                for (const request of await (await now).keys()) {
                    await (await old).put(request, await (await now).match(request));
                }
            }
            const page = await (await caches.match("/desk")).text();
            const shells = await caches.open("pdi-desk-shells-old");
            for (const kept of ["/desk", "/desk/app/en"]) await shells.put(kept, new Response(page.replace("<title>", "<title>Yesterday's "),
                { headers: { "Content-Type": "text/html" } }));
            await state.put("/desk/version-in-use", new Response("old"));
        }"""
    )
    second = context.new_page()
    second.goto(f"{desk.url}/desk")
    assert second.title().startswith("Yesterday's")  # the first is still open
    second.close()
    device.page.close()

    page = context.new_page()
    page.goto(f"{desk.url}/desk")

    assert not page.title().startswith("Yesterday's")
    expect(page.locator("#gate-pin")).to_be_visible()
    assert "pdi-desk-files-old" not in page.evaluate("caches.keys()")


def test_a_browser_that_is_no_device_gets_the_servers_desk(
    desk: Desk, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol")
    until(page, "navigator.serviceWorker.ready.then(() => true)")
    page.goto(f"{desk.url}/desk")

    assert urlsplit(page.url).path == "/login"


def test_one_tab_works_and_the_other_waits_for_it(desk: Desk, context: BrowserContext) -> None:
    device = enrolled(desk, context)
    second = context.new_page()
    second.goto(f"{desk.url}/desk")
    expect(second.get_by_role("heading", name="open in another window")).to_be_visible()
    device.page.close()

    unlocked(desk, context, second)


# The PIN screen


def test_the_keypad_opens_the_desk_and_a_wrong_pin_is_answered_kindly(
    desk: Desk, context: BrowserContext
) -> None:
    page = enrolled(desk, context).page
    page.reload()
    for digit in PIN[:-1] + "0":
        page.locator(f"[data-gate-digit='{digit}']").click()
    page.get_by_role("button", name="Unlock").click()
    expect(page.locator("#gate-said")).to_contain_text("There are 4 more tries")
    page.get_by_role("button", name="Delete the last digit").click()
    for digit in PIN[:-1] + "00":
        page.locator(f"[data-gate-digit='{digit}']").click()
    page.get_by_role("button", name="Delete the last digit").click()
    page.get_by_role("button", name="Delete the last digit").click()
    page.locator(f"[data-gate-digit='{PIN[-1]}']").click()
    page.get_by_role("button", name="Unlock").click()

    expect(page.locator("#bar")).to_be_visible()


def test_digits_are_taken_wherever_the_keyboard_stands(desk: Desk, context: BrowserContext) -> None:
    page = enrolled(desk, context).page
    page.reload()
    expect(page.locator("#gate-pin")).to_be_visible()
    page.locator("[data-gate-do=forgotten]").focus()
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")

    expect(page.locator("#bar")).to_be_visible()


def test_no_digit_is_lost_that_was_typed_while_the_screen_opened(
    desk: Desk, context: BrowserContext
) -> None:
    page = enrolled(desk, context).page
    # It takes long to learn whether another tab works.
    page.add_init_script(
        """const opening = new Promise((open) => { window.goOn = open; });
        const { request } = LockManager.prototype;
        LockManager.prototype.request = function (...given) { return opening.then(() => request.apply(this, given)); };"""
    )
    page.reload()
    until(
        page,
        "window.goOn && performance.getEntriesByName(location.origin + '/static/desk/lock.js').length",
    )
    page.wait_for_timeout(300)
    expect(page.locator("#gate-pin")).to_be_hidden()
    page.keyboard.type(PIN[:2])
    page.evaluate("goOn()")
    expect(page.locator("#gate-pin")).to_be_focused()
    page.keyboard.type(PIN[2:])
    page.keyboard.press("Enter")

    expect(page.locator("#bar")).to_be_visible()


def test_five_wrong_pins_say_what_happened_and_how_much_waits(
    desk: Desk, context: BrowserContext
) -> None:
    device = enrolled(desk, context)
    device.cut_network()
    walk_in(device, new_name())
    page = device.page
    page.reload()
    for left in (4, 3, 2, 1, 0):
        page.locator("#gate-pin").press_sequentially("998877")
        page.keyboard.press("Enter")
        if left:
            expect(page.locator("#gate-said")).to_contain_text(f"{left} more tr")
    expect(page.get_by_role("heading", name="locked for safety")).to_be_visible()
    expect(page.locator("[data-gate=wiped] [data-slot=waiting]")).to_have_text(
        "Waiting to be sent: 1"
    )
    device.restore_network()

    expect(page.get_by_text("Everything was sent.")).to_be_visible(timeout=70_000)


def test_a_forgotten_pin_clears_only_after_it_was_explained(
    desk: Desk, context: BrowserContext
) -> None:
    page = enrolled(desk, context).page
    page.reload()
    page.get_by_role("button", name="I forgot my PIN").click()
    page.get_by_role("button", name="Try the PIN again").click()
    expect(page.locator("#gate-pin")).to_be_focused()
    page.get_by_role("button", name="I forgot my PIN").click()
    page.get_by_role("button", name="Clear what can be read here").click()

    expect(page.get_by_role("heading", name="was cleared")).to_be_visible()


def test_a_page_whose_scripts_do_not_come_says_so_by_itself(
    desk: Desk, context: BrowserContext
) -> None:
    device = enrolled(desk, context)
    slow = device.page.get_by_text("The desk takes longer than usual to open.")
    expect(slow).to_be_hidden()
    html = device.page.context.request.get(
        f"{desk.url}/desk/app?language=en",
        headers={"Authorization": f"Bearer {device.run('return app.real.vault.facts.key;')}"},
    ).text()
    page = context.new_page()
    page.route("**/nowhere", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route("**/desk/app.js*", lambda route: route.abort())
    page.goto(f"{desk.url}/nowhere")
    slow = page.get_by_text("The desk takes longer than usual to open.")

    expect(slow).to_be_hidden()
    expect(slow).to_be_visible(timeout=10_000)
    page.evaluate("document.getElementById('gate').hidden = false")
    expect(slow).to_be_hidden()


def test_several_people_say_who_they_are_first(desk: Desk, context: BrowserContext) -> None:
    enrolled(desk, context, label="Tablet").page.close()
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol#{let(desk, desk.place.manager, 'Second')}")
    page.locator("#password").fill(PASSWORD)
    page.locator("#pin").fill("161803")
    page.locator("#again").fill("161803")
    page.locator("#enrol-form button").click()
    page.wait_for_url(f"{desk.url}/desk")
    page.get_by_role("button", name=desk.place.intake.username).click()
    page.get_by_role("button", name="Someone else").click()
    page.get_by_role("button", name=desk.place.manager.username).click()
    page.locator("#gate-pin").press_sequentially("161803")
    page.keyboard.press("Enter")

    expect(page.locator("#bar")).to_be_visible()
    assert page.locator("#bar-who").text_content() == desk.place.manager.username


def test_whose_device_was_cleared_hears_it_before_the_others_go_on(
    desk: Desk, context: BrowserContext
) -> None:
    enrolled(desk, context, label="Tablet").page.close()
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol#{let(desk, desk.place.manager, 'Second')}")
    page.locator("#password").fill(PASSWORD)
    page.locator("#pin").fill("161803")
    page.locator("#again").fill("161803")
    page.locator("#enrol-form button").click()
    page.wait_for_url(f"{desk.url}/desk")
    page.get_by_role("button", name=desk.place.manager.username).click()
    page.get_by_role("button", name="I forgot my PIN").click()
    page.get_by_role("button", name="Clear what can be read here").click()
    expect(page.get_by_role("heading", name="was cleared")).to_be_visible()
    page.get_by_role("button", name="Someone else").click()

    device = unlocked(desk, context, page)
    assert page.locator("#bar-who").text_content() == desk.place.intake.username

    device.run("app.real.vault.lock();")
    for _ in range(5):
        expect(page.locator("#gate:not([aria-busy]) #gate-pin")).to_be_visible()
        page.locator("#gate-pin").fill("111222")
        page.keyboard.press("Enter")
        expect(page.locator("#gate-pin")).to_have_value("")
    expect(page.get_by_role("heading", name="locked for safety")).to_be_visible()


def test_nobody_at_the_screen_locks_it_after_a_warning(desk: Desk, context: BrowserContext) -> None:
    context.clock.install(time=utc_now())
    device = enrolled(desk, context)
    page = device.page
    context.clock.fast_forward("04:30")
    expect(page.locator("#gate-warning")).to_be_visible()
    page.mouse.move(100, 100)
    page.mouse.move(120, 120)
    expect(page.locator("#gate-warning")).to_be_hidden()
    context.clock.fast_forward("04:30")
    expect(page.locator("#gate-warning")).to_be_visible()
    context.clock.fast_forward("00:35")

    expect(page.locator("#gate-pin")).to_be_visible()
    assert page.locator("main").inner_html() == ""
    assert device.run("return app.work") is None


def test_a_screen_that_slept_too_long_is_locked_before_it_is_touched(
    desk: Desk, context: BrowserContext
) -> None:
    context.clock.install(time=utc_now())
    page = enrolled(desk, context).page
    # The clock went on and no timer did.
    context.clock.set_system_time(utc_now().timestamp() + 3600)
    page.mouse.click(180, 400)

    expect(page.locator("#gate-pin")).to_be_visible()


# For everyone


@pytest.mark.parametrize("language", languages())
def test_nothing_shuts_anyone_out(desk: Desk, context: BrowserContext, language: str) -> None:
    context.add_cookies([{"name": "pdi_language", "value": language, "url": desk.url}])
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol")
    expect(page.locator("#enrol [data-part]:not([hidden])")).to_be_visible()
    parts = page.evaluate(
        "[...document.querySelectorAll('[data-part]')].map((e) => e.dataset.part)"
    )
    seen: dict[str, Any] = {}
    for part in parts:
        page.evaluate(
            "(name) => document.querySelectorAll('[data-part]').forEach((e) => { e.hidden = e.dataset.part !== name; })",
            part,
        )
        seen[f"enrol {part}"] = complaints(page)
    page.goto(f"{desk.url}/desk/enrol#{let(desk)}")
    page.locator("#password").fill(PASSWORD)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#enrol-form button").click()
    page.wait_for_url(f"{desk.url}/desk")
    expect(page.locator("#gate-pin")).to_be_visible()
    for part in ("pin", "who", "forgotten", "wiped", "tab", "none"):
        page.evaluate(
            "(name) => document.querySelectorAll('[data-gate]').forEach((e) => { e.hidden = e.dataset.gate !== name; })",
            part,
        )
        if part == "wiped":
            page.evaluate(
                "document.querySelectorAll('[data-why]').forEach((e) => { e.hidden = e.dataset.why !== 'pin'; })"
            )
        seen[f"gate {part}"] = complaints(page)

    assert {name: found for name, found in seen.items() if found} == {}


def complaints(page: Page) -> list[Any]:
    page.evaluate(AXE)
    found: list[Any] = page.evaluate(COMPLAINTS) + page.evaluate(SMALL)
    return found + ([] if page.evaluate(TOO_WIDE) <= 0 else ["too wide"])


# What the server says


def test_the_home_screen_gets_a_word_that_tells_nothing(desk: Desk) -> None:
    for language in languages():
        told = httpx.get(f"{desk.url}/desk/manifest.webmanifest", params={"language": language})
        manifest = told.json()

        assert manifest["lang"] == language
        assert (manifest["start_url"], manifest["display"]) == ("/desk", "standalone")
        text = json.dumps(manifest, ensure_ascii=False).lower()
        assert [word for word in TELLING if word.lower() in text] == []
        for icon in manifest["icons"]:
            picture = httpx.get(f"{desk.url}{icon['src']}")
            assert picture.headers["content-type"] == "image/png"
            assert picture.content[:8] == b"\x89PNG\r\n\x1a\n"
            width = int.from_bytes(picture.content[16:20])
            assert f"{width}x{width}" == icon["sizes"]
    assert httpx.get(f"{desk.url}/desk/icons/31.png").status_code == 422


def test_the_worker_may_serve_the_desk_and_names_files_that_are_there(desk: Desk) -> None:
    told = httpx.get(f"{desk.url}/desk/worker.js")
    build = json.loads(told.text.split("\n")[0].removeprefix("const BUILD = ").rstrip(";"))

    assert told.headers["service-worker-allowed"] == "/desk"
    assert told.headers["cache-control"] == "no-store"
    assert build["version"] == desk_files.version()
    assert len(build["files"]) > 15
    for path in (*build["files"], *build["later"]):
        assert httpx.get(f"{desk.url}{path}").status_code == 200, path


def test_the_apps_page_is_only_for_devices(desk: Desk) -> None:
    for headers in ({}, {"Authorization": "Bearer nobody"}):
        told = httpx.get(f"{desk.url}/desk/app", params={"language": "en"}, headers=headers)
        assert told.status_code in (303, 401)
        assert "gate-pin" not in told.text


# What is left on the disk


def test_what_was_typed_is_not_left_in_the_browsers_own_files(
    desk: Desk, browser: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "profile"
    name = f"canary{new_name()}"
    with profile(browser, folder) as context:
        device = enrolled(desk, context)
        device.cut_network()
        walk_in(device, name)
        device.page.wait_for_timeout(1000)
        # Ended as it stands: what it would restore after a crash is on the disk.
        kill(folder)
    dump = b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())

    assert len(dump) > 100_000
    for canary in (name, PIN):
        assert canary.encode() not in dump
        assert canary.encode("utf-16-le") not in dump


def walk_in(device: Device, name: str) -> None:
    """Someone without a card is taken in."""
    page = device.page
    page.locator("[data-action=walk_in], [data-action='walk-in']").first.click()
    page.locator("main input[name=uic]").fill(name)
    page.locator("main form button:not([type=button])").first.click()
    expect(page.locator(".visit-head")).to_be_visible()
