"""QR symbols, read back by a decoder of another maker."""

from io import BytesIO

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from app.core.codes import new_token
from app.printing.picture import svg_to_png
from app.printing.qr import QUIET_ZONE, qr_modules, qr_svg
from tests.printing.sheets import Grey


def decoded(image: Grey) -> list[str]:
    return [symbol.text for symbol in zxingcpp.read_barcodes(image)]


def drawn(text: str) -> Grey:
    png = svg_to_png(qr_svg(text), width_px=8 * (len(qr_modules(text)) + 2 * QUIET_ZONE))
    return np.array(Image.open(BytesIO(png)).convert("L"))


@pytest.mark.parametrize(
    "text",
    [
        "123456789012",
        "HTTPS://CARD.EXAMPLE/V/C1ABCDEFGHIJKLMNOPQRSTUVWXYQ",
        "https://card.example/v/C1ABCDEFGHIJKLMNOPQRSTUVWXYQ?lang=uk",
        "Картка",
    ],
)
def test_whatever_the_text_the_symbol_gives_it_back(text: str) -> None:
    assert decoded(drawn(text)) == [text]


def test_two_hundred_tokens_are_all_read() -> None:
    tokens = [new_token().text for _ in range(200)]
    assert [decoded(drawn(token)) for token in tokens] == [[token] for token in tokens]


def test_a_token_takes_the_small_symbol_of_25_modules_and_lower_case_a_larger_one() -> None:
    token = new_token().text
    assert len(qr_modules(token)) == 25
    assert len(qr_modules(token.lower())) > 25


def test_a_smudge_is_forgiven_and_half_a_symbol_is_not() -> None:
    token = new_token().text
    smudged, ruined = drawn(token), drawn(token)
    middle = len(smudged) // 2
    smudged[middle - 24 : middle + 24, middle - 24 : middle + 24] = 255
    ruined[middle:] = 255
    assert decoded(smudged) == [token]
    assert decoded(ruined) == []


def test_the_quiet_zone_is_white() -> None:
    image = drawn(new_token().text)
    width = 8 * QUIET_ZONE
    edges = [image[:width], image[-width:], image[:, :width], image[:, -width:]]
    assert all((edge == 255).all() for edge in edges)
