"""Browsers that became devices of a served programme's desk: enrolled on the real page, opened with a PIN."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import select

from app.core.clock import utc_now
from app.core.codes import Code, Token
from app.domain.devices import actions as devices
from app.domain.intake.models import Redemption
from app.domain.participants.models import Participant
from app.domain.staff.queries import Actor
from tests.journeys.desks import Desk
from tests.pads import a_batch

PIN = "274951"

# Inside the page: the app itself, as its own script made it.
APP = """const { app } = await import(document.querySelector("script[src*='desk/app.js']").src);"""


@dataclass(frozen=True)
class Device:
    """An enrolled browser, its desk open."""

    desk: Desk
    context: BrowserContext
    page: Page

    def cut_network(self) -> None:
        self.context.set_offline(True)
        self.run("app.real.courier.nudge()")
        expect(self.mode).to_have_text(self.words("mode-away"))

    def restore_network(self) -> None:
        self.context.set_offline(False)

    @property
    def mode(self) -> Locator:
        return self.page.locator("#bar-mode")

    def words(self, name: str) -> str:
        text = self.page.locator("#app-words").get_attribute(f"data-{name}")
        assert text is not None, name
        return text

    def run(self, script: str, argument: Any = None) -> Any:
        """Run something inside the app; ``given`` is the argument."""
        return self.page.evaluate(f"async (given) => {{ {APP} {script} }}", argument)

    def wait_until_sent(self, timeout: int = 15_000) -> None:
        self.run("app.real.courier.nudge()")
        expect(self.page.locator("#bar-status")).to_contain_text(
            self.words("nothing-waits"), timeout=timeout
        )

    def scan(self, text: str) -> None:
        """A scanner that presses keys and no Enter."""
        self.page.keyboard.type(text, delay=1)

    def closed_and_reopened(self, pin: str = PIN) -> "Device":
        """The tab is closed and the address opened again in another."""
        self.page.close()
        page = self.context.new_page()
        page.goto(f"{self.desk.url}/desk")
        return unlocked(self.desk, self.context, page, pin=pin)


def enrolled(
    desk: Desk, context: BrowserContext, *, by: Actor | None = None, label: str = "Tablet"
) -> Device:
    """Make a browser a device, as a coupon manager and whoever works with it do."""
    with desk.database.transaction() as session:
        begun = devices.begin_enrolment(
            session,
            label=label,
            staff_id=(by or desk.place.intake).staff_id,
            site_id=desk.place.site.id,
            by=desk.place.manager,
            now=utc_now(),
        )
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol#{begun.secret}")
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#enrol-form button").click()
    page.wait_for_url(f"{desk.url}/desk", timeout=30_000)
    return unlocked(desk, context, page)


def unlocked(desk: Desk, context: BrowserContext, page: Page, *, pin: str = PIN) -> Device:
    page.locator("#gate-pin").press_sequentially(pin)
    page.keyboard.press("Enter")
    expect(page.locator("#bar")).to_be_visible(timeout=15_000)
    device = Device(desk, context, page)
    device.run("while (!app.work?.pack) await new Promise((soon) => setTimeout(soon, 20));")
    return device


def new_pad(desk: Desk) -> list[tuple[Code, Token]]:
    """A printed pad that nobody has got yet."""
    with desk.database.transaction() as session:
        return list(a_batch(session, desk.place, now=utc_now())[1][0])


def people_since(desk: Desk, known: Sequence[Any] = ()) -> list[Participant]:
    with desk.database.snapshot() as session:
        rows = session.scalars(select(Participant)).all()
        session.expunge_all()
    return [row for row in rows if row.id not in set(known)]


def redemptions_of(desk: Desk, person: Any) -> list[Redemption]:
    with desk.database.snapshot() as session:
        rows = session.scalars(select(Redemption).where(Redemption.participant_id == person)).all()
        session.expunge_all()
    return list(rows)


def new_name() -> str:
    """A person's own code that nobody used."""
    return f"olha{uuid4().hex[:8]}"
