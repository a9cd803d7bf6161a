"""Films of printed cards, for a browser's camera: near and far, turned and tilted, in good light and poor.

A film is JPEGs one after another, thirty a second, as Chromium's false camera takes it. Four squares in a corner
of every frame say which scene it belongs to, so that a page can tell when a card came into view.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import cos, radians, sin
from pathlib import Path

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT, A_SECOND = 1280, 720, 30
TABLE = 142  # its grey; a reader sees no colours
MARK, BITS = 24, 4  # each square's side in pixels, and how many there are
TAKES = 2  # different pictures of a scene: a hand trembles, and light is grainy
LENS = 1.1  # its focal length, in widths of the picture

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Shot:
    """How a card is held before the camera, and in what light."""

    name: str
    size: float = 0.9  # the card's width, in widths of the picture, were it not tilted
    turned: float = 0  # degrees in the picture's plane
    tilted: float = 0  # degrees away from the camera, upper edge first
    swung: float = 0  # degrees away from the camera, left edge first
    light: float = 1.0  # of what a good exposure gets
    contrast: float = 1.0
    shade: float = 0  # how much darker the right edge of the picture is than the left
    grain: float = 2.0  # the deviation of noise, of 255
    blur: float = 0.6  # the deviation of a soft focus, in pixels
    smear: int = 0  # pixels a moving hand smears

    def __str__(self) -> str:
        return self.name


SHOTS = (
    Shot("near"),
    Shot("at arm's length", size=0.5),
    Shot("far", size=0.33),
    Shot("turned", turned=40, size=0.7),
    Shot("upside down", turned=180),
    Shot("tilted", tilted=45),
    Shot("swung and tilted", swung=-45, tilted=30, turned=20, size=0.8),
    Shot("dark", light=0.2, grain=6),
    Shot("dark and far", size=0.45, light=0.25, grain=8, blur=1),
    Shot("grainy", light=0.4, grain=25),
    Shot("half in the shade", shade=0.85),
    Shot("faded", contrast=0.2, grain=5),
    Shot("out of focus", blur=3),
)


def cards_on_paper(sheets: bytes) -> list[Image.Image]:
    """Every card of printed sheets of three, at 360 dots an inch, in grey."""
    document = pypdfium2.PdfDocument(sheets)
    try:
        papers = [page.render(scale=5, grayscale=True).to_pil() for page in document]
    finally:
        document.close()
    return [
        paper.crop((0, paper.height * third // 3, paper.width, paper.height * (third + 1) // 3))
        for paper in papers
        for third in range(3)
    ]


def together(cards: Sequence[Image.Image]) -> Image.Image:
    """Cards one under another, as they lie on an uncut sheet."""
    width, height = cards[0].size
    sheet = Image.new("L", (width, height * len(cards)))
    for number, card in enumerate(cards):
        sheet.paste(card, (0, number * height))
    return sheet


def halved(card: Image.Image) -> Image.Image:
    """A card that is torn through the middle of its code."""
    corners = zxingcpp.read_barcodes(card)[0].position
    return card.crop((0, 0, (corners.top_left.x + corners.top_right.x) // 2, card.height))


def film(path: Path, scenes: Sequence[tuple[Image.Image | None, Shot, float]]) -> Path:
    """Write scenes of so many seconds each; one without a card is the empty table."""
    empty = [_jpeg(take, 0) for take in pictures(None, Shot("the table"))]
    marks = count(1)
    with path.open("wb") as file:
        for card, shot, seconds in scenes:
            takes = empty
            if card is not None:
                mark = next(marks)
                takes = [_jpeg(take, mark) for take in pictures(card, shot)]
            for frame in range(round(seconds * A_SECOND)):
                file.write(takes[frame % len(takes)])
    return path


def pictures(card: Image.Image | None, shot: Shot) -> Iterator[Image.Image]:
    """What the camera sees, again and again."""
    random = np.random.default_rng(20)
    for _ in range(TAKES):
        tremble = random.normal(0, 1, 4)
        scene = _table() if card is None else _held(card, shot, tremble)
        yield _lit(scene, shot, random)


def _table() -> Image.Image:
    return Image.new("L", (WIDTH, HEIGHT), TABLE)


def _held(card: Image.Image, shot: Shot, tremble: Numbers) -> Image.Image:
    """The card in space, projected through the lens; drawn larger and reduced, as a sensor averages."""
    fine = 2
    wide, high = 1.0, card.height / card.width
    corners = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    roll, pitch, yaw = (
        radians(angle + shake * 0.4)
        for angle, shake in zip((shot.turned, shot.tilted, shot.swung), tremble, strict=False)
    )
    flat = np.column_stack([corners, np.zeros(4)])
    in_space = flat @ _about_z(roll).T @ _about_x(pitch).T @ _about_y(yaw).T
    far = LENS / shot.size
    seen = LENS * in_space[:, :2] / (in_space[:, 2:] + far)
    centre = np.array([0.5 + tremble[3] * 0.001, 0.5 * HEIGHT / WIDTH])
    places = (seen + centre) * WIDTH * fine
    small = card.reduce(max(1, int(card.width / (shot.size * WIDTH * fine))))
    plan = np.array([[0, 0], [small.width, 0], [small.width, small.height], [0, small.height]])
    size = (WIDTH * fine, HEIGHT * fine)
    how = _homography(places, plan)
    drawn = small.transform(size, Image.Transform.PERSPECTIVE, how, Image.Resampling.BILINEAR)
    there = Image.new("L", size)
    ImageDraw.Draw(there).polygon([(x, y) for x, y in places.tolist()], fill=255)
    table = _table()
    table.paste(drawn.reduce(fine), mask=there.reduce(fine))
    return table


def _lit(scene: Image.Image, shot: Shot, random: np.random.Generator) -> Image.Image:
    if shot.smear:
        moved = [ImageChops.offset(scene, step, step // 3) for step in range(shot.smear)]
        scene = Image.fromarray(np.mean([np.asarray(each) for each in moved], 0).astype(np.uint8))
    scene = scene.filter(ImageFilter.GaussianBlur(shot.blur))
    light = 128 + (np.asarray(scene, dtype=np.float32) - 128) * shot.contrast
    light *= shot.light * (1 - shot.shade * np.linspace(0, 1, WIDTH, dtype=np.float32))
    light += shot.grain * random.standard_normal(light.shape, dtype=np.float32)
    return Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))


def _jpeg(picture: Image.Image, scene: int) -> bytes:
    """With the number of its scene in the lower left corner, the lowest bit first."""
    for bit in range(BITS):
        picture.paste(
            255 if scene >> bit & 1 else 0, (bit * MARK, HEIGHT - MARK, (bit + 1) * MARK, HEIGHT)
        )
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=80)
    return file.getvalue()


def _about_x(angle: float) -> Numbers:
    return np.array([[1, 0, 0], [0, cos(angle), -sin(angle)], [0, sin(angle), cos(angle)]])


def _about_y(angle: float) -> Numbers:
    return np.array([[cos(angle), 0, sin(angle)], [0, 1, 0], [-sin(angle), 0, cos(angle)]])


def _about_z(angle: float) -> Numbers:
    return np.array([[cos(angle), -sin(angle), 0], [sin(angle), cos(angle), 0], [0, 0, 1]])


def _homography(seen: Numbers, plan: Numbers) -> tuple[float, ...]:
    """The eight numbers by which Pillow finds a point of the plan for a point that is seen."""
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, plan, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(np.linalg.solve(np.array(rows), np.array(values)))
