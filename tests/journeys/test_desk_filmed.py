"""From the button to the verdict with a real camera's stream, and with code of the desk's own origin only.

Apart from the other films: each of these has a browser of its own, and Playwright drives one at a time in a thread.
"""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser import chromium, with_camera
from tests.journeys.desks import served_desk
from tests.journeys.films import Shot, film
from tests.journeys.test_desk_camera import READY, pictures_of


def test_the_camera_reads_a_printed_card(database_url: str, tmp_path: Path) -> None:
    with served_desk(database_url, tmp_path) as desk:
        world = desk.with_new_cards()
        card = pictures_of([world])[0]
        path = film(tmp_path / "card.mjpeg", [READY, (card, Shot("a card"), 4)])
        with chromium(*with_camera(path)) as browser:
            context = browser.new_context(locale="en-GB")
            page = world.enter(context)
            fetched: list[str] = []
            page.on("request", lambda request: fetched.append(request.url))
            assert not any("zxing" in address for address in fetched)
            page.locator("#camera").click()
            expect(page.locator(".verdict.green")).to_be_visible(timeout=30_000)
            assert all(address.startswith((world.url, "blob:")) for address in fetched)
            assert any(address.endswith("zxing_reader.wasm") for address in fetched)
            assert page.evaluate("document.getElementById('film').srcObject") is None
            context.close()
