"""How fast the desk's app opens without a network: ``python -m benchmarks.desk_app [--rounds N]``.

Serves a programme on SQLite, makes a Chromium a device, cuts the network, and opens the desk anew in each round: until
the PIN can be typed, and from the last digit until cards can be scanned (PBKDF2 with 600,000 rounds lies between).
Beside it, in the same rounds, how long the server's page to log in takes over loopback. Says also what the first load weighs,
gzipped and without the scanner's WebAssembly. Exits with 1 where a target is missed.
"""

import argparse
import gzip
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from playwright.sync_api import BrowserContext, Page, expect

from app.core import schema
from app.core.i18n import languages
from app.web import desk_files
from tests.browser import chromium
from tests.journeys.desks import Desk, served_desk
from tests.journeys.offline import PIN, enrolled

MOST_BYTES = 300_000
MOST_SECONDS = 1.0


def main() -> int:
    """Measure, print a line a figure, and tell whether every target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/pdi.sqlite3"
        schema.upgrade(address)
        with served_desk(address, Path(folder)) as desk, chromium() as browser:
            context = browser.new_context(viewport={"width": 360, "height": 740})
            page = enrolled(desk, context).page
            weight = _weight(page)
            page.close()
            opened, unlocked, online = [], [], []
            for _ in range(rounds):
                context.set_offline(True)
                to_pin, to_desk = _open(desk, context)
                context.set_offline(False)
                opened.append(to_pin)
                unlocked.append(to_desk)
                online.append(_open_online(desk, context))
    met = [
        _say("first load, gzipped", f"{weight:,} bytes", f"≤ {MOST_BYTES:,}", weight <= MOST_BYTES),
        _say_times("offline, until the PIN can be typed", opened),
        _say_times("offline, from the PIN until a card can be scanned", unlocked),
    ]
    print(f"{'  the page to log in, over loopback':52} {median(online):6.3f} s")  # noqa: T201
    return 0 if all(met) else 1


def _open(desk: Desk, context: BrowserContext) -> tuple[float, float]:
    page = context.new_page()
    began = perf_counter()
    page.goto(f"{desk.url}/desk", wait_until="commit")
    expect(page.locator("#gate-pin")).to_be_focused()
    to_pin = perf_counter() - began
    page.keyboard.type(PIN)
    began = perf_counter()
    page.keyboard.press("Enter")
    expect(page.locator("#scanned")).to_be_focused()
    to_desk = perf_counter() - began
    page.close()
    return to_pin, to_desk


def _open_online(desk: Desk, context: BrowserContext) -> float:
    page = context.new_page()
    began = perf_counter()
    page.goto(f"{desk.url}/login", wait_until="commit")
    expect(page.locator("#username")).to_be_focused()
    took = perf_counter() - began
    page.close()
    return took


def _weight(page: Page) -> int:
    """The app's page in every language and the files that are kept before it opens."""
    shells: list[str] = page.evaluate(
        "(names) => Promise.all(names.map(async (each) => (await caches.match(`/desk/app/${each}`)).text()))",
        list(languages()),
    )
    files = [
        (desk_files.STATIC / address.removeprefix("/static/")).read_bytes()
        for address in desk_files.first_files()
    ]
    return sum(len(gzip.compress(each)) for each in (*files, *(text.encode() for text in shells)))


def _say_times(name: str, seconds: list[float]) -> bool:
    worst = max(seconds)
    told = f"{median(seconds):6.3f} s, slowest {worst:.3f} s"
    return _say(name, told, f"< {MOST_SECONDS:.0f} s", median(seconds) < MOST_SECONDS)


def _say(name: str, value: str, target: str, met: bool) -> bool:
    print(f"{name:52} {value:32} {target:14} {'met' if met else 'MISSED'}")  # noqa: T201
    return met


if __name__ == "__main__":
    sys.exit(main())
