"""How soon the desk's camera reads a card that comes into view, in every light, beside another reader of the same film.

    python -m benchmarks.camera [--rounds R] [--against FILE.js] [--throttle N] [--damaged N]

Each round shows one film to Chromium's false camera: an empty table, a card, the table, the next card … The time is from
the frame in which a page first shows the card to the end of the look that read it. ``--against`` names another
``desk_camera.js``, say of an earlier commit, which takes turns with ours. ``--throttle`` slows Chromium's processor
down as an old phone's. ``--damaged`` counts wrong reads among so many half-covered, scratched and blurred codes:
it decides whether one read is enough.
"""

import argparse
import functools
import http.server
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from app.core.codes import new_token
from app.printing.design import find_design
from app.printing.qr import qr_modules
from app.printing.sheet import sheet_pdf
from tests.browser import chromium, with_camera
from tests.journeys.films import SHOTS, Shot, cards_on_paper, film
from tests.journeys.looking import Watched, watch
from tests.printing.sheets import a_sheet

WEB = Path(__file__).parent.parent / "app" / "web"
OURS, OTHER = "/static/desk_camera.js", "/static/other_camera.js"
SECONDS, EMPTY = 1.2, 0.4


def beside(rounds: int, other: Path | None, throttle: float) -> None:
    """Each reader before the same film in turns; the median over rounds."""
    sheets = [a_sheet() for _ in range(-(-len(SHOTS) // 3))]
    cards = cards_on_paper(sheet_pdf(sheets, find_design("classic")))
    scenes: list[tuple[Image.Image | None, Shot, float]] = [(None, SHOTS[0], 2)]
    for card, shot in zip(cards, SHOTS, strict=False):
        scenes += [(card, shot, SECONDS), (None, shot, EMPTY)]
    readers = [OURS, OTHER] if other else [OURS]
    seen: dict[str, list[Watched]] = {reader: [] for reader in readers}
    with tempfile.TemporaryDirectory() as folder, served(other) as url:
        path = film(Path(folder) / "film.mjpeg", scenes)
        with chromium(*with_camera(path)) as browser:
            for _ in range(rounds):
                for reader in readers:
                    page = browser.new_page()
                    page.goto(url)
                    page.context.new_cdp_session(page).send(
                        "Emulation.setCPUThrottlingRate", {"rate": throttle}
                    )
                    seen[reader].append(watch(page, scenes=len(SHOTS), module=reader))
                    page.close()
    names = {OURS: "ours", OTHER: "the other"}
    say(f"milliseconds from the first picture to the read, processor slowed {throttle:g} times")
    say(f"{'':20}" + "".join(f"{names[reader]:>24}" for reader in readers))
    for number, shot in enumerate(SHOTS):
        told = [told_of([each.milliseconds_to_read[number] for each in seen[r]]) for r in readers]
        say(f"{shot.name:20}" + "".join(f"{each:>24}" for each in told))
    took = [each.milliseconds_a_look for each in seen[OURS] if each.milliseconds_a_look]
    say(f"a look of ours takes {median(took):.0f} ms")


def told_of(times: list[float | None]) -> str:
    """The median and the worst, and how often it was read if not always."""
    read = [time for time in times if time is not None]
    if not read:
        return "never"
    often = "" if len(read) == len(times) else f", {len(read)} of {len(times)}"
    return f"{median(read):.0f}, worst {max(read):.0f}{often}"


def damaged(number: int) -> None:
    """Read codes that are spoilt in random ways: what matters is that none is read wrong."""
    random = np.random.default_rng(20)
    right = wrong = 0
    for _ in range(number):
        token = new_token().text
        found = zxingcpp.read_barcodes(spoilt(token, random))
        right += [each.text for each in found] == [token]
        wrong += any(each.text != token for each in found)
    say(
        f"of {number:,} spoilt codes {right:,} were read right, {wrong:,} wrong, the others not at all"
    )


def spoilt(token: str, random: np.random.Generator) -> np.ndarray:
    """A code with a part of it covered, modules turned over, grain and a soft focus."""
    modules = np.pad(~np.array(qr_modules(token)), 4, constant_values=True)
    turned = random.random(modules.shape) < random.choice([0, 0.02, 0.05])
    picture = Image.fromarray(((modules ^ turned) * 215 + 20).astype(np.uint8))
    picture = picture.resize((picture.width * 6, picture.height * 6), Image.Resampling.NEAREST)
    side = picture.width
    corner, size = random.integers(0, side, 2), random.integers(0, side // 2, 2)
    box = [int(value) for value in (*corner, *(corner + size))]
    ImageDraw.Draw(picture).rectangle(box, fill=int(random.integers(0, 256)))
    picture = picture.rotate(float(random.uniform(-20, 20)), fillcolor=235, expand=True)
    picture = picture.filter(ImageFilter.GaussianBlur(float(random.uniform(0, 3))))
    grain = random.normal(0, random.uniform(0, 40), (picture.height, picture.width))
    return np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)


@contextmanager
def served(other: Path | None) -> Iterator[str]:
    """The static files, the other reader among them, and a page with nothing on it."""
    made = {"/": ("text/html", b"<body></body>")}
    if other:
        made[OTHER] = ("text/javascript", other.read_bytes())

    class Files(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path in made:
                kind, content = made[path]
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(content)
            else:
                super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    files = functools.partial(Files, directory=str(WEB))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--throttle", type=float, default=1)
    parser.add_argument("--damaged", type=int, default=5_000)
    asked = parser.parse_args()
    damaged(asked.damaged)
    beside(asked.rounds, asked.against, asked.throttle)
