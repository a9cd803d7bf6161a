"""Rules about money in a real browser: what they come to follows the typing, and a button does it without scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from sqlalchemy import select

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.lottery.models import LotteryWeek
from app.domain.programmes.actions import propose
from app.domain.programmes.rules import LOTTERY, Protocol, StipendSchedule
from app.domain.staff.actions import start_session
from app.domain.staff.queries import Actor
from tests.factories import NOON, Place, a_finished_visit, a_place
from tests.serving import Server

WIDTHS = (360, 1280)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class World:
    """A programme with a draw long ago that waits, and a proposal."""

    url: str
    place: Place
    database: Database
    proposal: UUID
    week: UUID

    def cookies(self, actor: Actor, language: str) -> list[dict[str, str]]:
        with self.database.transaction() as session:
            secret = start_session(session, actor, now=utc_now())
        return [
            {"name": "pdi_session", "value": secret, "url": self.url},
            {"name": "pdi_language", "value": language, "url": self.url},
        ]


@pytest.fixture
def world(database: Database, server: Server) -> World:
    proposal = uuid4()
    with database.transaction() as session:
        place = a_place(session, protocol=Protocol(stipends=LOTTERY), target=400)
        for correct in (8, 7, 3, 6, 5, 8):
            a_finished_visit(session, place, correct=correct)
        propose(
            session,
            proposal,
            Protocol(stipends=StipendSchedule(most_per_bundle=1500)),
            programme_id=place.programme.id,
            note="People told us that a draw feels like luck, not like thanks.",
            committee="We would rather have something sure for everyone.",
            committee_on=NOON.date(),
            by=place.lead.staff_id,
            now=NOON,
        )
        week = session.scalars(select(LotteryWeek.id)).one()
    return World(server.url, place, database, proposal, week)


def visiting(
    world: World, browser: Browser, actor: Actor, **given: object
) -> Iterator[BrowserContext]:
    language = str(given.pop("language", "en"))
    context = browser.new_context(**given)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    context.add_cookies(world.cookies(actor, language))  # type: ignore[arg-type]
    yield context
    context.close()


def test_the_result_follows_the_typing_without_leaving_the_page(
    world: World, browser: Browser
) -> None:
    for context in visiting(world, browser, world.place.lead):
        page = context.new_page()
        page.goto(f"{world.url}/programme/stipends?start=standard")
        result = page.locator("#reckoned")
        expect(result).to_contain_text("UAH 15.20")
        page.evaluate("window.stayed = true")
        page.fill("#recruitment", "10")
        expect(result).to_contain_text("UAH 37.70")
        page.select_option("#recruit_3_sex", "woman")
        expect(result).to_contain_text("UAH 38.70")
        page.fill("#most_per_day", "20")
        expect(result).to_contain_text("UAH 20.00")
        page.fill("#primary", "much")
        expect(result).to_contain_text("cannot be read yet")
        assert page.evaluate("window.stayed")


def test_without_scripts_a_button_recalculates(world: World, browser: Browser) -> None:
    for context in visiting(world, browser, world.place.lead, java_script_enabled=False):
        page = context.new_page()
        page.goto(f"{world.url}/programme/stipends?start=standard")
        page.fill("#recruitment", "10")
        page.get_by_role("button", name="Recalculate").click()
        expect(page.locator("#reckoned")).to_contain_text("UAH 37.70")
        assert page.input_value("#recruitment") == "10"


@pytest.mark.parametrize("language", ["en", "uk"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits(world: World, browser: Browser, language: str, width: int) -> None:
    size = {"width": width, "height": 900}
    for context in visiting(world, browser, world.place.finance, language=language, viewport=size):
        page = context.new_page()
        for path in (
            "/programme/stipends",
            f"/programme/stipends/proposals/{world.proposal}",
            "/stipends/lottery",
        ):
            page.goto(f"{world.url}{path}")
            assert page.evaluate(TOO_WIDE) <= 0, path
        page.locator(f"form[action='/stipends/lottery/{world.week}/draw'] button").click()
        expect(page.locator(".notice.success").last).to_be_visible()
        assert page.evaluate(TOO_WIDE) <= 0
