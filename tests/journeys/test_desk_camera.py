"""A camera films printed cards, near and far, tilted and in poor light, and the desk reads them with code of its own origin."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.printing.design import find_design
from app.printing.sheet import sheet_pdf
from app.web.sheets import sheet_of
from tests.browser import chromium, until, with_camera
from tests.journeys.desks import Desk, World, a_database, served_desk
from tests.journeys.films import SHOTS, Shot, cards_on_paper, film, halved, together
from tests.journeys.looking import Watched, watch

# A look takes some 30 ms here and the next begins 60 ms later: a second holds ten. One look may have begun just
# before the card came, and every other look is a softened one.
LOOKS = 4
CAREFUL = Shot("held with care", size=0.6)
TORN = len(SHOTS)  # the scene after them
TABLE = (None, Shot("the table"), 0.4)
READY = (None, Shot("the table"), 2.0)
NATIVE = """
    window.BarcodeDetector = class {
        static async getSupportedFormats() { return ["aztec", "qr_code"]; }
        async detect(source) { return source.videoWidth ? [{ rawValue: "TOKEN" }] : []; }
    };
"""
TORCH = """
    const able = MediaStreamTrack.prototype.getCapabilities;
    MediaStreamTrack.prototype.getCapabilities = function () { return { ...able.call(this), torch: true }; };
    window.lights = [];
    MediaStreamTrack.prototype.applyConstraints = async (asked) => { window.lights.push(asked.advanced[0].torch); };
"""


@dataclass(frozen=True)
class Studio:
    """A desk, a film of its cards with a scene for each shot, and a browser whose camera shows it."""

    desk: Desk
    tokens: tuple[str, ...]
    browser: Browser

    @contextmanager
    def page(self, *before: str) -> Iterator[Page]:
        """The desk, opened by someone of the intake; scripts run before the page's own."""
        context = self.browser.new_context(locale="en-GB")
        for script in before:
            context.add_init_script(script)
        yield self.desk.with_new_cards().enter(context)
        context.close()


@pytest.fixture(scope="module")
def studio(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    """Reading a picture touches no data, so one database serves."""
    folder = tmp_path_factory.mktemp("studio")
    with (
        a_database("sqlite", request, tmp_path_factory) as url,
        served_desk(url, folder) as desk,
    ):
        worlds = [desk.with_new_cards() for _ in range(-(-(len(SHOTS) + 3) // 3))]
        tokens = tuple(card.token for world in worlds for card in world.cards)
        cards = pictures_of(worlds)
        scenes: list[tuple[Image.Image | None, Shot, float]] = [READY]
        for card, shot in zip(cards, SHOTS, strict=False):
            scenes += [(card, shot, 1.2), TABLE]
        scenes += [(halved(cards[TORN]), CAREFUL, 1.2), TABLE]
        scenes += [(together(cards[-2:]), CAREFUL, 1.2), TABLE]
        path = film(folder / "cards.mjpeg", scenes)
        with chromium(*with_camera(path)) as browser:
            yield Studio(desk, tokens, browser)


@pytest.fixture(scope="module")
def watched(studio: Studio) -> Watched:
    with studio.page() as page:
        return watch(page, scenes=len(SHOTS) + 2)


def pictures_of(worlds: list[World]) -> list[Image.Image]:
    design = find_design(worlds[0].desk.place.programme.coupon_design)
    place = worlds[0].desk.place
    sheets = [sheet_of(world.bundle, place.programme, place.site) for world in worlds]
    return cards_on_paper(sheet_pdf(sheets, design))


@pytest.mark.parametrize("shot", SHOTS, ids=str)
def test_a_card_is_read_in_the_first_looks_after_it_came_into_view(
    studio: Studio, watched: Watched, shot: Shot
) -> None:
    number = SHOTS.index(shot)
    sight = watched.sights[number]
    assert sight is not None, "it was never read"
    assert sight.texts == (studio.tokens[number],)
    assert sight.looks <= LOOKS


def test_a_code_is_read_whole_and_right_or_not_at_all(studio: Studio, watched: Watched) -> None:
    assert set(watched.read) <= set(studio.tokens)
    assert watched.sights[TORN] is None


def test_of_two_cards_in_view_neither_is_taken(studio: Studio, watched: Watched) -> None:
    sight = watched.sights[-1]
    assert sight is not None
    assert set(sight.texts) == set(studio.tokens[-2:])
    assert not set(sight.texts) & set(watched.read)


def test_the_reader_that_the_browser_has_is_preferred(studio: Studio) -> None:
    with studio.page(NATIVE) as page:
        fetched: list[str] = []
        page.on("request", lambda request: fetched.append(request.url))
        page.evaluate(
            """async () => {
                const { openCamera } = await import("/static/desk_camera.js");
                const video = document.createElement("video");
                window.read = new Promise(async (done) => {
                    const camera = await openCamera(video, (text) => { camera?.stop(); done(text); });
                });
            }"""
        )
        assert page.evaluate("window.read") == "TOKEN"
        assert not any("zxing" in address for address in fetched)


def test_the_light_is_offered_only_where_the_camera_has_one(studio: Studio) -> None:
    with studio.page() as page:
        page.locator("#camera").click()
        until(page, "document.getElementById('film').srcObject")
        expect(page.locator("#camera-off")).to_be_visible()
        expect(page.locator("#light")).to_be_hidden()
    with studio.page(TORCH) as page:
        page.locator("#camera").click()
        page.get_by_role("button", name="Light on").click()
        page.get_by_role("button", name="Light off").click()
        until(page, "window.lights.length === 2")
        assert page.evaluate("window.lights") == [True, False]
