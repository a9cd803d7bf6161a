"""A whole story in a browser: her card is given, she comes back with it and her PIN, is paid, and keeps a number."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.core.clock import utc_now
from app.domain.claims import queries
from app.domain.payouts.queries import payouts
from app.domain.stipends.rules import ClaimedWith, receipt_text
from tests.factories import a_finished_visit
from tests.journeys.desks import Desk, World
from tests.printing.sheets import look_at

PIN = "407182"


@pytest.fixture
def world(served: Callable[[str], Desk], backend: str) -> World:
    return served(backend).with_new_cards()


def someone_owed(world: World) -> UUID:
    with world.desk.database.transaction() as session:
        return a_finished_visit(
            session, world.desk.place, now=utc_now() - timedelta(hours=1), uic=f"iryna {uuid4()}"
        ).participant_id


def give_card(page: Page) -> str:
    """From the step of the payment: a card with a PIN typed twice, taken away as a sheet; gives its token."""
    page.get_by_role("link", name="A card of their own").click()
    page.locator("#pin").fill(PIN)
    page.locator("#pin-again").fill(PIN)
    page.get_by_role("button", name="Give the card").click()
    expect(page.get_by_text("The card is ready")).to_be_visible()
    link = page.get_by_role("link", name="Print the card").get_attribute("href")
    sheet = page.request.get(f"{page.url.split('/desk')[0]}{link}")
    (printed,) = look_at(sheet.body())
    return printed.symbols[0].text


@pytest.mark.parametrize("scripts", [True, False])
def test_a_card_is_given_and_she_returns_with_it_and_is_paid(
    world: World, profile: Callable[..., BrowserContext], scripts: bool
) -> None:
    person = someone_owed(world)
    context = profile(java_script_enabled=scripts)
    page = world.enter(context, f"/desk/visits/{person}?step=stipend")
    token = give_card(page)

    page.goto(f"{world.url}/desk/rewards")
    if scripts:
        page.keyboard.type(
            f"{token.lower()}"
        )  # a scanner types; the keyboard then waits for the PIN
        expect(page.locator("#pin")).to_be_focused()
        page.keyboard.type(PIN)
        with page.expect_navigation():
            page.wait_for_timeout(450)
            page.keyboard.press("Enter")
    else:
        page.locator("#scanned").fill(token)
        page.locator("#pin").fill(PIN)
        page.get_by_role("button", name="Open the payment").click()
    expect(page.get_by_text("To pay now")).to_be_visible()
    page.get_by_role("button", name="Paid in cash").click()

    with world.desk.database.snapshot() as session:
        mine = [
            each
            for each in payouts(session, world.desk.place.programme.id)
            if each.claimed_with is ClaimedWith.CARD
        ]
    numbers = {receipt_text(each.receipt) for each in mine}
    shown = page.locator(".receipt .own-digits").inner_text()
    assert shown in numbers
    page.get_by_role("link", name="Print or say the number").click()
    assert page.locator(".slip-number").inner_text() == shown
    page.emulate_media(media="print")
    assert page.locator(".slip-number").is_visible()
    assert not page.locator("header").is_visible()
    assert not page.locator(".say").is_visible()


def test_the_desk_knows_her_card_and_leads_to_the_pin(
    world: World, profile: Callable[..., BrowserContext]
) -> None:
    person = someone_owed(world)
    page = world.enter(profile(), f"/desk/visits/{person}?step=stipend")
    give_card(page)
    with world.desk.database.snapshot() as session:
        card = queries.card_of(session, person)
        assert card
        names = queries.names_of(session, card.id, programme_id=world.desk.place.programme.id)

    for scanned in (names.token, names.digits):
        page.goto(f"{world.url}/desk")
        page.locator("#scanned").press_sequentially(scanned)  # without Enter, as scanners may
        expect(page.get_by_role("heading", name="This is a person's own card")).to_be_visible()
        expect(page.locator("#pin")).to_be_focused()
        page.locator("#pin").fill("936251")
        page.get_by_role("button", name="Open the payment").click()
        expect(page.get_by_text("This is not the PIN of the card.")).to_be_visible()
        page.locator("#pin").fill(PIN)
        page.get_by_role("button", name="Open the payment").click()
        expect(page).to_have_url(re.compile(rf"/desk/visits/{person}\?step=stipend"))
