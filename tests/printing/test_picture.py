"""Pictures of analyses as PNG and PDF, with Ukrainian words in them."""

from io import BytesIO

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from app.printing.picture import svg_to_pdf, svg_to_png
from app.printing.typesetting import TypesettingError, fonts

WORDS = "Частка жінок — ґєії 30 %"


def a_picture(words: str = WORDS, *, start: str = 'viewBox="0 0 300 60"', style: str = "") -> str:
    return (
        f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" {start}>'
        f'<style>{style}</style><text x="10" y="40" font-size="20">{words}</text></svg>'
    )


def dots(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.array(Image.open(BytesIO(png)).convert("L"))


@pytest.mark.parametrize("width", [300, 777, 1800])
def test_a_png_has_the_width_asked_for_and_keeps_its_proportions(width: int) -> None:
    image = dots(svg_to_png(a_picture(), width))
    assert image.shape[1] == width
    assert image.shape[0] == pytest.approx(width / 5, abs=1)
    assert image[0, 0] == 255


@pytest.mark.parametrize(
    "style",
    [
        "",
        "text{font-family:system-ui, sans-serif}",
        "text{font:20px Georgia}",
        "svg{font-family:Nowhere}",
    ],
)
def test_words_are_drawn_whatever_font_the_picture_asks_for(style: str) -> None:
    document = pypdfium2.PdfDocument(svg_to_pdf(a_picture(style=style)))
    assert document[0].get_textpage().get_text_range() == WORDS
    document.close()
    assert (dots(svg_to_png(a_picture(style=style), 300)) < 100).any()


def test_a_ukrainian_letter_is_a_letter_and_not_an_empty_box() -> None:
    letters = [svg_to_png(a_picture(letter), 300) for letter in ("ґ", "є", "\U0010fffd")]
    assert len(set(letters)) == 3


def test_bold_words_are_bolder() -> None:
    plain, bold = (
        dots(svg_to_png(a_picture(style=style), 900)) for style in ("", "text{font-weight:700}")
    )
    assert (bold < 128).sum() > 1.2 * (plain < 128).sum()


@pytest.mark.parametrize(
    ("start", "size"),
    [
        ('width="400" height="80"', (400, 80)),
        ('width="400px" height="80px" viewBox="0 0 800 160"', (400, 80)),
        ('viewBox="0,0,300,60"', (300, 60)),
        ("width='120.5' height='60' stroke-width='3'", (120.5, 60)),
    ],
)
def test_a_pdf_page_is_as_large_as_the_picture(start: str, size: tuple[float, float]) -> None:
    document = pypdfium2.PdfDocument(svg_to_pdf(a_picture(start=start)))
    assert document[0].get_size() == pytest.approx(size, abs=0.1)
    document.close()


@pytest.mark.parametrize(
    "svg", ["", "hello", "<svg>", '<svg viewBox="0 0 9 9"><g></svg>', "<svg/>"]
)
def test_what_is_no_picture_is_refused(svg: str) -> None:
    with pytest.raises(TypesettingError):
        svg_to_png(svg, 100)
    with pytest.raises(TypesettingError):
        svg_to_pdf(svg)


def test_a_picture_reads_no_file_and_runs_no_source() -> None:
    link = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><image href="qr.py"/></svg>'
    with pytest.raises(TypesettingError):
        svg_to_png(link, 100)
    assert svg_to_png(a_picture("#panic()"), 100)


def test_fonts_come_from_packages_and_never_from_the_machine() -> None:
    paths = {font.path for font in fonts().fonts()}
    assert paths
    assert all(path and "fontpkg_" in path for path in paths)
