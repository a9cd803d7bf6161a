"""A camera films a printed card, and the desk reads it with code of its own origin."""

import io
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import expect

from app.printing.design import find_design
from app.printing.sheet import sheet_pdf
from app.web.sheets import sheet_of
from tests.browser import chromium, with_camera
from tests.journeys.desks import World, served_desk


def test_the_camera_reads_a_printed_card(database_url: str, tmp_path: Path) -> None:
    with served_desk(database_url, tmp_path) as desk:
        world = desk.with_new_cards()
        film = filmed(world, tmp_path / "card.mjpeg")
        with chromium(*with_camera(film)) as browser:
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


def filmed(world: World, path: Path) -> Path:
    """A film in which a camera looks at the first card of the printed sheet."""
    design = find_design(world.desk.place.programme.coupon_design)
    sheet = sheet_pdf(
        [sheet_of(world.bundle, world.desk.place.programme, world.desk.place.site)], design
    )
    document = pypdfium2.PdfDocument(sheet)
    paper = document[0].render(scale=2).to_pil().convert("RGB")
    document.close()
    card = paper.crop((0, 0, paper.width, paper.height // 3))
    card.thumbnail((1240, 700))
    frame = Image.new("RGB", (1280, 720), "#b9b2a6")
    frame.paste(card, ((1280 - card.width) // 2, (720 - card.height) // 2))
    jpeg = io.BytesIO()
    frame.save(jpeg, "JPEG", quality=85)
    path.write_bytes(jpeg.getvalue() * 30)
    return path
