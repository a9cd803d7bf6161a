"""Browsers that became devices of a served programme's desk: enrolled on the real page, opened with a PIN."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import func, select

from app.core.clock import utc_now
from app.core.codes import Code, Token
from app.domain.coupons.queries import PrintedCoupon
from app.domain.devices import actions as devices
from app.domain.participants.models import Participant
from app.domain.staff.queries import Actor
from app.domain.visits.queries import knowledge_test
from tests.factories import PASSWORD, a_bundle
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
        # A tab opened from here on is without a network only a moment after it began.
        self.context.route("**/api/**", lambda route: route.abort("internetdisconnected"))
        self.run("app.real.courier.nudge()")
        expect(self.mode).to_have_text(self.words("mode-away"))

    def restore_network(self) -> None:
        self.context.unroute("**/api/**")
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
        self.run(
            """const waits = () => [...app.real.visits.values()].some((each) => !app.real.isDelivered(each));
            while (waits()) await new Promise((soon) => setTimeout(soon, 20));"""
        )

    def wait_for_draft(self, field: str) -> None:
        """What was typed into a field of the open step is on the disk."""
        self.run(
            """const typed = async () => (await app.work.draft(`${app.place.person}:${app.place.shown}`))?.fields ?? {};
            while (!(given in await typed())) await new Promise((soon) => setTimeout(soon, 20));""",
            field,
        )

    def waits_for(self, number: int) -> None:
        """The bar says that so much waits to be sent."""
        text = self.words("waiting").replace("{number}", str(number))
        expect(self.page.locator("#bar-status")).to_contain_text(text)

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
    desk: Desk,
    context: BrowserContext,
    *,
    by: Actor | None = None,
    password: str = PASSWORD,
    label: str = "Tablet",
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
    page.locator("#password").fill(password)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#enrol-form button").click()
    page.wait_for_url(f"{desk.url}/desk", timeout=30_000)
    return unlocked(desk, context, page)


def unlocked(desk: Desk, context: BrowserContext, page: Page, *, pin: str = PIN) -> Device:
    expect(page.locator("#gate-pin")).to_be_focused(timeout=15_000)
    page.keyboard.type(pin)
    page.keyboard.press("Enter")
    expect(page.locator("#bar")).to_be_visible(timeout=15_000)
    device = Device(desk, context, page)
    device.run("while (!app.work?.pack) await new Promise((soon) => setTimeout(soon, 20));")
    return device


def new_pad(desk: Desk) -> list[tuple[Code, Token]]:
    """A printed pad that nobody has got yet."""
    with desk.database.transaction() as session:
        return list(a_batch(session, desk.place, now=utc_now())[1][0])


def some_cards(desk: Desk, count: int = 3) -> list[PrintedCoupon]:
    """Cards of new seeds that can be used today."""
    made = utc_now() - timedelta(days=5)
    with desk.database.transaction() as session:
        bundles = [a_bundle(session, desk.place, now=made) for _ in range((count + 2) // 3)]
    return [card for bundle in bundles for card in bundle.coupons][:count]


def count(desk: Desk, table: type) -> int:
    with desk.database.snapshot() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def people(desk: Desk, device: Device) -> list[Participant]:
    """Who came to this device, in the order in which they did."""
    ids = device.run(
        "return [...app.real.visits.values()].sort((a, b) => (a.at < b.at ? -1 : 1)).map((each) => each.person);"
    )
    with desk.database.snapshot() as session:
        rows = {str(row.id): row for row in session.scalars(select(Participant)).all()}
        session.expunge_all()
    return [rows[each] for each in ids]


def new_name() -> str:
    """A person's own code that nobody used."""
    return f"olha{uuid4().hex[:8]}"


def at_step(device: Device, name: str, *keys: str) -> None:
    """Wait until a step is drawn and has the keyboard, then press keys."""
    step = device.page.locator(f"main:not([aria-busy]) li[data-step={name}][aria-current=step]")
    expect(step).to_be_visible()
    expect(device.page.locator("main :focus")).to_have_count(1)
    for key in keys:
        device.page.keyboard.press(key)


ELIGIBLE = ("Space", "Tab", "2", "4", "Tab", "Tab", "Space", "Enter")
AGREES = ("Space", "Tab", "Space", "Enter")
TEST = (*(("Space", "Tab") * len(knowledge_test()[1]))[:-1], "Enter")
TELLS = ("9", "Tab", "Space", "Enter")
TAKES_NEEDLES = ("2", "0", "Enter")


def welcome(device: Device, card: str, name: str = "") -> None:
    """Scan a card and give the person's own code, or none."""
    device.scan(card)
    expect(device.page.locator(".verdict:not(.grey)")).to_be_visible()
    expect(device.page.locator("#uic")).to_be_focused()
    if name:
        device.page.keyboard.type(name)
        device.page.keyboard.press("Enter")
    else:
        device.page.locator("[name=no_code]").click()


def hand_over(device: Device, pad: Sequence[tuple[Code, Token]]) -> None:
    """Scan a pad and say that its cards were handed over."""
    at_step(device, "bundle")
    device.scan(pad[-1][1].text)
    expect(device.page.locator("[data-action=handed]")).to_be_focused()
    device.page.wait_for_timeout(450)  # what a scanner's late Enter would press is left alone
    device.page.keyboard.press("Enter")
    expect(
        device.page.locator("main:not([aria-busy]) [data-action=desk][data-focus]")
    ).to_be_focused()


def the_whole_visit(
    device: Device, card: str, pad: Sequence[tuple[Code, Token]], name: str
) -> None:
    """By keyboard and scanner alone, from the scan to the cards handed over."""
    welcome(device, card, name)
    at_step(device, "eligibility", *ELIGIBLE)
    at_step(device, "consent", *AGREES)
    at_step(device, "knowledge_test", *TEST)
    at_step(device, "interview", *TELLS)
    at_step(device, "services", *TAKES_NEEDLES)
    at_step(device, "stipend", "Enter")
    at_step(device, "training", "Enter")
    hand_over(device, pad)
