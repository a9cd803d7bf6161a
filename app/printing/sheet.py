"""A bundle's coupons and a design become a printable sheet."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from app.core.codes import group
from app.printing.dates import period_in_words
from app.printing.design import Design
from app.printing.qr import qr_svg
from app.printing.typesetting import forget

BLOCK = 100
LONGEST_TEXT = 400
MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class CouponFace:
    """What is printed on one coupon and on no other: both days are the first and last it can be used.

    A card that is printed before anyone holds it has no days yet, but a place to write the last one by hand.
    ``lesson`` stands beside the mark of a card for training.
    """

    qr_text: str
    digits: str
    usable_from: date | None
    usable_until: date | None
    training: bool = False
    lesson: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: a bundle's coupons, and the neutral name, place and times printed on each of them.

    ``hours`` are the opening hours for everyone, a line each. Hours kept for women have no place here: a card
    must not tell whom the programme is for. ``languages`` are codes of the design's texts, the first printed largest.
    Letters shrink to fit; of a text longer than ``LONGEST_TEXT`` the end is left out.

    Raises:
        ValueError: there is no coupon or no language on it.
    """

    organisation: str
    address: str
    hours: tuple[str, ...]
    phone: str
    languages: tuple[str, ...]
    coupons: tuple[CouponFace, ...]

    def __post_init__(self) -> None:
        if not self.coupons or not self.languages:
            raise ValueError("a sheet needs at least one coupon and one language")


def sheet_pdf(sheets: Sequence[Sheet], design: Design, *, strict: bool = False) -> bytes:
    """Set sheets as one PDF, a page each, in their order.

    All of them are held in memory: for more than a few hundred use :func:`sheet_pdfs`.

    Raises:
        DesignError: the design lacks a language of a sheet, has room for fewer coupons, or its layout is wrong.
        ValueError: there is no sheet.
    """
    if not sheets:
        raise ValueError("nothing to print")
    data = {
        "design": dict(design.settings),
        "texts": {language: dict(words) for language, words in design.texts.items()},
        "sheets": [_sheet_data(sheet, design) for sheet in sheets],
    }
    return design.set_pages(json.dumps(data, ensure_ascii=False), strict=strict)


def sheet_pdfs(sheets: Iterable[Sheet], design: Design, *, block: int = BLOCK) -> Iterator[bytes]:
    """Set any number of sheets as PDFs of ``block`` pages, which keeps memory down."""
    remaining = iter(sheets)
    while some := list(islice(remaining, block)):
        yield sheet_pdf(some, design)
        forget()


def _sheet_data(sheet: Sheet, design: Design) -> dict[str, Any]:
    design.check_room(len(sheet.coupons))
    return {
        "organisation": _shortened(sheet.organisation),
        "address": _shortened(sheet.address),
        "hours": [_shortened(line) for line in sheet.hours[:MOST_LINES]],
        "phone": _shortened(sheet.phone),
        "languages": list(sheet.languages),
        "coupons": [_coupon_data(coupon, sheet.languages, design) for coupon in sheet.coupons],
    }


def _shortened(text: str) -> str:
    """Bound the work of fitting a text that no card could hold."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _coupon_data(coupon: CouponFace, languages: tuple[str, ...], design: Design) -> dict[str, Any]:
    return {
        "qr": qr_svg(coupon.qr_text),
        "digits": group(coupon.digits),
        "training": coupon.training,
        "lesson": _shortened(coupon.lesson),
        "valid": {language: _valid(coupon, design, language) for language in languages},
        "undated": coupon.usable_until is None,
    }


def _valid(coupon: CouponFace, design: Design, language: str) -> str:
    words = design.words(language)
    if coupon.usable_from is None or coupon.usable_until is None:
        return design.text(language, "last_day")
    return period_in_words(
        words["valid"],
        usable_from=coupon.usable_from,
        usable_until=coupon.usable_until,
        locale=words["locale"],
    )
