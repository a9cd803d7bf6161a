"""Sheets to print in tests, and what a reader and a scanner find on the paper."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import zxingcpp
from numpy.typing import NDArray

from app.core.codes import new_code, new_token
from app.printing.sheet import CouponFace, Sheet

Grey = NDArray[np.uint8]


def a_coupon(**given: object) -> CouponFace:
    facts: dict[str, Any] = {
        "qr_text": new_token().text,
        "digits": new_code().digits,
        "usable_from": date(2026, 3, 12),
        "usable_until": date(2026, 4, 10),
    }
    return CouponFace(**(facts | given))


def a_sheet(*, coupons: int | tuple[CouponFace, ...] = 3, **given: object) -> Sheet:
    facts: dict[str, Any] = {
        "organisation": "Центр «Затишок»",
        "address": "м. Полтава, вул. Соборності, буд. 24",
        "hours": ("Пн–Пт 9:00–18:00", "Сб 10:00–15:00"),
        "phone": "+380 53 200 00 00",
        "languages": ("uk", "en"),
        "coupons": (
            tuple(a_coupon() for _ in range(coupons)) if isinstance(coupons, int) else coupons
        ),
    }
    return Sheet(**(facts | given))


@dataclass(frozen=True)
class Symbol:
    """A token's QR found on a page: its text, its top and its side in millimetres, and whether it is left alone.

    ``quiet`` tells that three modules' width of paper is white all round it.
    """

    text: str
    top: float
    side: float
    quiet: bool


@dataclass(frozen=True)
class Page:
    """A printed page as a person and a scanner see it."""

    text: str
    symbols: tuple[Symbol, ...]
    size: tuple[float, float]


def look_at(pdf: bytes, *, dots_an_inch: int = 120) -> list[Page]:
    """Rasterise each page in grey and decode every QR on it, as another maker's decoder does."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_look_at(page, dots_an_inch) for page in document]
    finally:
        document.close()


def rasterised(pdf: bytes, *, dots_an_inch: int) -> Grey:
    """Give the only page as grey dots, row by row."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        (page,) = document
        return _dots(page, dots_an_inch)
    finally:
        document.close()


def folded(text: str) -> str:
    """Drop blanks, and the breaks of lines that the paper adds, for comparing texts."""
    return "".join(text.replace("\N{SOFT HYPHEN}", "").split()).replace("\ufffe", "")


def _look_at(page: pypdfium2.PdfPage, dots_an_inch: int) -> Page:
    image = _dots(page, dots_an_inch)
    millimetre = dots_an_inch / 25.4
    found = zxingcpp.read_barcodes(image)
    symbols = tuple(
        Symbol(
            text=symbol.text,
            top=symbol.position.top_left.y / millimetre,
            side=(symbol.position.top_right.x - symbol.position.top_left.x) / millimetre,
            quiet=_is_quiet(image, symbol.position),
        )
        for symbol in found
    )
    width, height = page.get_size()
    return Page(
        text=page.get_textpage().get_text_range(),
        symbols=tuple(sorted(symbols, key=lambda symbol: symbol.top)),
        size=(width / 72 * 25.4, height / 72 * 25.4),
    )


def _dots(page: pypdfium2.PdfPage, dots_an_inch: int) -> Grey:
    dots: Grey = page.render(scale=dots_an_inch / 72, grayscale=True).to_numpy()
    return dots.reshape(dots.shape[:2]).copy()


def _is_quiet(image: Grey, position: zxingcpp.Position) -> bool:
    left, top = position.top_left.x, position.top_left.y
    right, bottom = position.bottom_right.x, position.bottom_right.y
    width = 3 * (right - left) // 25
    around = image[top - width : bottom + width, left - width : right + width].copy()
    around[width - 2 : 2 - width, width - 2 : 2 - width] = 255
    return bool((around > 250).all())
