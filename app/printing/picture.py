"""An SVG picture becomes a PNG or a PDF, its words in the same fonts as the sheets."""

import re
from typing import Literal

from app.printing.typesetting import FONT, TypesettingError, typeset

_SVG_START = re.compile(r"<svg\b[^>]*(?<!/)>", re.DOTALL)
_VIEW_BOX = re.compile(r"""\bviewBox\s*=\s*["']\s*(?P<numbers>[^"']*)["']""")
_SIDE = r"""\s{}\s*=\s*["']\s*([0-9.]+)\s*(?:px)?\s*["']"""

# A picture may ask for any font; without this, words in one that is not installed would be left out.
_OUR_FONT = f'<style>text,tspan,textPath{{font-family:"{FONT}" !important}}</style>'

_SOURCE = b"""
#set page(width: auto, height: auto, margin: 0pt, fill: white)
#set document(date: none)
#set block(spacing: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: float(sys.inputs.width) * 1pt)
"""


def svg_to_png(svg: str, width_px: int) -> bytes:
    """Draw an SVG on white as a PNG ``width_px`` pixels wide, the height in proportion.

    Raises:
        TypesettingError: it is no picture that can be drawn.
    """
    return _draw(svg, width=width_px, form="png")


def svg_to_pdf(svg: str) -> bytes:
    """Draw an SVG as a PDF of one page of its own size, one pixel a point; lines and words stay lines and words.

    Raises:
        TypesettingError: it is no picture that can be drawn.
    """
    return _draw(svg, width=_width_of(svg), form="pdf")


def in_our_font(svg: str) -> str:
    """The same picture, its words in the font of the sheets whatever it asks for.

    Raises:
        TypesettingError: it is no picture.
    """
    start = _start_of(svg)
    return svg[: start.end()] + _OUR_FONT + svg[start.end() :]


def _draw(svg: str, *, width: float, form: Literal["png", "pdf"]) -> bytes:
    return typeset(_SOURCE, inputs={"svg": in_our_font(svg), "width": str(width)}, form=form)


def _start_of(svg: str) -> re.Match[str]:
    start = _SVG_START.search(svg)
    if not start:
        raise TypesettingError("this is no SVG, or an empty one")
    return start


def _width_of(svg: str) -> float:
    tag = _start_of(svg)[0]
    if width := re.search(_SIDE.format("width"), tag):
        return float(width[1])
    view_box = _VIEW_BOX.search(tag)
    numbers = re.split(r"[\s,]+", view_box["numbers"].strip()) if view_box else []
    if len(numbers) != 4:
        raise TypesettingError("the SVG has neither a width nor a viewBox")
    return float(numbers[2])
