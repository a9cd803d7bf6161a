"""A device of the desk in a real browser, asked through its own modules and without the app around them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from app.core.clock import utc_now
from app.domain.deliveries.models import DeskEvent
from app.domain.devices.actions import begin_enrolment
from app.domain.staff.queries import Actor
from tests.factories import PASSWORD
from tests.journeys.desks import Desk

PIN = "271828182845"
MODULES = ("envelope", "outbox", "server", "shell", "store", "vault")

# Vaults and couriers live as long as their page.
_AROUND = """async (given) => {
    const [MODULES] = await Promise.all("MODULES".split(", ").map((name) => import(`/static/desk/${name}.js`)));
    window.kept ??= {};
    const { kept } = window;
    BODY
}"""

_KNOCK = """
    const wrong = await vault.unlock(given.id, given.pin).then((opened) => { kept.vault = opened; return null; }, (e) => e);
    return wrong && [wrong.name, wrong.left ?? null];
"""

# What a courier says and hears until nothing waits, or for as long as it is let.
_CARRY = """
    const courier = new outbox.Courier(given.id, kept.vault ?? null);
    const heard = [];
    for (const name of ["verdict", "revoked", "pack"]) {
        courier.addEventListener(name, ({ detail }) => heard.push([name, name === "verdict" ? detail : null]));
    }
    await courier.start();
    const end = performance.now() + given.ms;
    while (performance.now() < end && !(courier.state.online && !courier.state.waiting)) {
        await new Promise((soon) => setTimeout(soon, 20));
    }
    await new Promise((soon) => setTimeout(soon, 100));
    courier.stop();
    return { heard, state: courier.state };
"""


@dataclass(frozen=True)
class Tablet:
    """A browser that was made a device. On its page nothing runs by itself."""

    desk: Desk
    page: Page
    id: str

    def run(self, body: str, given: Any = None) -> Any:
        """Evaluate with the desk's modules by their names; ``kept`` outlives the call."""
        return run(self.page, body, given)

    def knock(self, pin: str = PIN) -> list[Any] | None:
        """Try a PIN; None when it opened."""
        found: list[Any] | None = self.run(_KNOCK, {"id": self.id, "pin": pin})
        return found

    def keep(self, uic: str = "olena 7", records: list[dict[str, Any]] | None = None) -> str:
        """Take someone in without a card. The id of the event."""
        event = {
            "id": str(uuid4()),
            "kind": "arrival",
            "person": str(uuid4()),
            "fields": {"uic": uic},
        }
        self.run(
            "await kept.vault.keep(given.records, [given.event]);",
            {"records": records or [], "event": event},
        )
        return str(event["id"])

    def carry(self, ms: int = 10_000) -> Any:
        return self.run(_CARRY, {"id": self.id, "ms": ms})

    def keepers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.run("return vault.keepers();")
        return found

    def delivered(self) -> list[str]:
        """The events the server has of this device, oldest first."""
        with self.desk.database.snapshot() as session:
            found = select(DeskEvent.id).where(DeskEvent.device_id == UUID(self.id))
            return [str(each) for each in session.scalars(found.order_by(DeskEvent.seq))]


def run(page: Page, body: str, given: Any = None) -> Any:
    source = _AROUND.replace("MODULES", ", ".join(MODULES)).replace("BODY", body)
    return page.evaluate(source, given)


def let(desk: Desk, person: Actor | None = None, label: str = "Tablet 1") -> str:
    """The secret with which a browser becomes a device."""
    with desk.database.transaction() as session:
        return begin_enrolment(
            session,
            label=label,
            staff_id=(person or desk.place.intake).staff_id,
            site_id=desk.place.site.id,
            by=desk.place.manager,
            now=utc_now(),
        ).secret


def blank_page(desk: Desk, context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(f"{desk.url}/desk/enrol")
    return page


def enrolled(
    desk: Desk, page: Page, *, pin: str = PIN, person: Actor | None = None, label: str = "Tablet 1"
) -> Tablet:
    """A device whose vault is open."""
    given = {"secret": let(desk, person, label), "pin": pin, "password": PASSWORD}
    body = "kept.vault = await vault.enrol(given.secret, given.pin, given.password); return kept.vault.id;"
    return Tablet(desk, page, run(page, body, given))
