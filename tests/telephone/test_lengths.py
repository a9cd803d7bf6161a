"""Septets and parts, as the networks count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephone.lengths import is_gsm7, measure, septets


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "gsm7", 0, 1),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 81, "gsm7", 162, 2),
        ("[]{}^~|\\€", "gsm7", 18, 1),
        ("@£$¥èéùìòÇØøÅå_ÆæßÉ¡ÄÖÑÜ§¿äöñüàΔΦΓΛΩΠΨΣΘΞ\n\r", "gsm7", 43, 1),
        ("я" * 70, "ucs2", 70, 1),
        ("я" * 71, "ucs2", 71, 2),
        ("я" * 134, "ucs2", 134, 2),
        ("я" * 135, "ucs2", 135, 3),
        ("a" * 69 + "’", "ucs2", 70, 1),
        ("a" * 70 + "’", "ucs2", 71, 2),
        ("👍" * 35, "ucs2", 70, 1),
        ("👍" * 36, "ucs2", 72, 2),
        ("`", "ucs2", 1, 1),
        ("\x1b", "ucs2", 1, 1),
        ("ç", "ucs2", 1, 1),
    ],
)
def test_a_text_is_measured_as_it_is_sent(text: str, encoding: str, units: int, parts: int) -> None:
    length = measure(text)

    assert (length.encoding, length.units, length.parts) == (encoding, units, parts)


def test_a_character_of_two_units_is_never_torn_between_parts() -> None:
    # 152 septets and a euro sign would end in the middle of it.
    assert measure("a" * 152 + "€" + "a" * 151).parts == 2
    assert measure("a" * 152 + "€" + "a" * 152).parts == 3
    # So would 66 units and a picture.
    assert measure("я" * 66 + "👍" + "я" * 65).parts == 2
    assert measure("я" * 66 + "👍" + "я" * 66).parts == 3


@given(st.text(max_size=400))
def test_parts_hold_what_is_put_into_them(text: str) -> None:
    length = measure(text)

    assert length.units <= length.room
    assert length.units == (septets(text) if is_gsm7(text) else len(text.encode("utf-16-be")) // 2)


def test_septets_of_a_text_that_telephones_lack_letters_for_are_refused() -> None:
    with pytest.raises(ValueError, match="GSM-7"):
        septets("Київ")
