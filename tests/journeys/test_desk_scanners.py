"""Scanners of every setting, at the desk that the server draws and at the desk's app."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.desks import World, a_database, served_desk
from tests.journeys.offline import Device, enrolled
from tests.journeys.scanners import SCANNERS, Scanner

# What a scanner says of a QR comes before a token only: no QR of ours holds digits.
SCANS = [
    (scanner, name)
    for scanner in SCANNERS
    for name in ("token", "code")
    if name == "token" or not scanner.prefix
]


@pytest.fixture(scope="module")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Looking at a card changes nothing, so the same cards and one database serve all."""
    with (
        a_database("sqlite", request, tmp_path_factory) as url,
        served_desk(url, tmp_path_factory.mktemp("desk")) as desk,
    ):
        yield desk.with_new_cards()


@pytest.fixture(scope="module")
def desk_page(world: World, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    yield world.enter(context)
    context.close()


@pytest.fixture(scope="module")
def device(world: World, browser: Browser) -> Iterator[Device]:
    context = browser.new_context(locale="en-GB")
    yield enrolled(world.desk, context)
    context.close()


@pytest.mark.parametrize(("scanner", "name"), SCANS, ids=str)
def test_the_desk_takes_one_card_from_any_scanner(
    world: World, desk_page: Page, scanner: Scanner, name: str
) -> None:
    text = world.cards[0].token if name == "token" else world.cards[0].code
    sent: list[str] = []
    desk_page.goto(f"{world.url}/desk")
    desk_page.on("request", lambda asked: sent.append(asked.method))
    scanner.scan(desk_page, text)
    expect(desk_page.locator("#desk[data-verdict=good] .verdict.green")).to_be_visible()
    desk_page.wait_for_timeout(150)
    assert sent.count("POST") == 1
    assert desk_page.url == f"{world.url}/desk"
    assert world.redemptions() == 0


@pytest.mark.parametrize(("scanner", "name"), SCANS, ids=str)
def test_the_app_takes_one_card_from_any_scanner(
    world: World, device: Device, scanner: Scanner, name: str
) -> None:
    text = world.cards[1].token if name == "token" else world.cards[1].code
    device.run("await app.go({ screen: 'desk' })")
    expect(device.page.locator("#scanned")).to_be_focused()
    scanner.scan(device.page, text)
    expect(device.page.locator(".verdict.green")).to_be_visible()
    device.page.wait_for_timeout(150)
    assert device.run("return app.place.screen") == "card"
    assert world.redemptions() == 0
