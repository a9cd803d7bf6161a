"""Codes and tokens: what a slip of the finger, a scanner and a keyboard do to them."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.codes import (
    TOKEN_LENGTH,
    Code,
    MalformedCode,
    Token,
    check_digit,
    group,
    is_well_formed,
    new_code,
    new_token,
    normalise,
    read_scanned,
)
from app.core.training import LESSONS, lesson_of, training_digits, training_token

bodies = st.text("0123456789", min_size=11, max_size=11)
codes = bodies.filter(lambda body: not body.startswith("99999999")).map(
    lambda body: body + check_digit(body)
)
places = st.integers(0, 10)
TOKEN = "C1ABCDEFGHIJKLMNOPQRSTUVWXYQ"


def sum_of_digits(body: str) -> str:
    return str(-sum(map(int, body)) % 10)


def wrong_digit_goes_unseen(check: Callable[[str], str], code: str, place: int, digit: str) -> bool:
    slipped = code[:place] + digit + code[place + 1 :]
    return slipped != code and check(slipped[:-1]) == slipped[-1]


def swap_goes_unseen(check: Callable[[str], str], code: str, place: int) -> bool:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    return swapped != code and check(swapped[:-1]) == swapped[-1]


@given(codes, st.integers(0, 11), st.sampled_from("0123456789"))
def test_every_single_wrong_digit_is_seen(code: str, place: int, digit: str) -> None:
    assume(code[place] != digit)
    assert not is_well_formed(code[:place] + digit + code[place + 1 :])
    assert not wrong_digit_goes_unseen(check_digit, code, place, digit)


@given(codes, places)
def test_every_swap_of_two_neighbours_is_seen(code: str, place: int) -> None:
    assume(code[place] != code[place + 1])
    assert not is_well_formed(code[:place] + code[place + 1] + code[place] + code[place + 2 :])
    assert not swap_goes_unseen(check_digit, code, place)


def test_a_sum_of_digits_would_miss_the_swaps() -> None:
    body = "12345678901"
    assert swap_goes_unseen(sum_of_digits, body + sum_of_digits(body), 3)


@given(codes)
def test_a_code_survives_being_printed_and_typed_again(code: str) -> None:
    assert read_scanned(group(code)) == Code(code)


def test_new_codes_are_well_formed_and_differ() -> None:
    drawn = {new_code() for _ in range(500)}
    assert len(drawn) == 500
    assert all(is_well_formed(code.digits) for code in drawn)


def test_new_tokens_are_read_back_and_differ() -> None:
    drawn = {new_token() for _ in range(500)}
    assert len(drawn) == 500
    assert all(read_scanned(token.text) == token for token in drawn)
    assert {len(token.text) for token in drawn} == {TOKEN_LENGTH}


@pytest.mark.parametrize(
    "typed",
    [
        "000000005724",
        "0000 0000 5724",
        "0000-0000-5724\r\n",
        "\t0000–0000—5724 ",
        "0000\N{NO-BREAK SPACE}0000\N{MINUS SIGN}5724",
        "٠٠٠٠ ٠٠٠٠ ٥٧٢٤",
        "۰۰۰۰۰۰۰۰۵۷۲۴",
        "００００００００５７２４",
        "\N{LEFT-TO-RIGHT ISOLATE}000000005724\N{POP DIRECTIONAL ISOLATE}",
        "https://card.example/v/000000005724",
    ],
)
def test_digits_are_read_however_they_are_typed(typed: str) -> None:
    assert read_scanned(typed) == Code("000000005724")


@pytest.mark.parametrize(
    "scanned",
    [
        TOKEN,
        TOKEN + "\n",
        f"  {TOKEN}\r",
        TOKEN.lower(),
        TOKEN.swapcase(),
        f"https://card.example/{TOKEN}",
        f"https://card.example/v/{TOKEN}/?from=print#top",
        f"https://card.example/v?lang=uk&c={TOKEN}",
        f"HTTPS://CARD.EXAMPLE/V?C={TOKEN}",
        f"card.example/{TOKEN}",
        "С1ФИСВУАПРШОЛДЬТЩЗЙКІЕГМЦЧНЙ",
        "с1фисвуапршолдьтщзйкіегмцчнй",
        "с1фисвуапршолдьтщзйкыегмцчнй",
    ],
)
def test_a_token_is_read_however_the_scanner_sends_it(scanned: str) -> None:
    assert read_scanned(scanned) == Token(TOKEN)


@pytest.mark.parametrize(
    ("given_text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("0" * 513, "too_long"),
        ("00000000572", "length"),
        ("0000000057244", "length"),
        ("000000005742", "check_digit"),
        ("00000000572O", "unreadable"),
        (TOKEN[:-1], "unreadable"),
        (TOKEN + "A", "unreadable"),
        (TOKEN[:-1] + "Z", "unreadable"),
        ("D" + TOKEN[1:], "unreadable"),
        ("https://card.example/", "unreadable"),
        ("http://[::1/c", "unreadable"),
        ("²²²²²²²²²²²²", "unreadable"),
    ],
)
def test_what_can_be_no_coupon_is_refused_with_the_reason(given_text: str, reason: str) -> None:
    with pytest.raises(MalformedCode) as refused:
        read_scanned(given_text)
    assert refused.value.reason == reason


@given(st.text(max_size=80))
def test_whatever_is_scanned_is_read_or_refused_and_never_crashes(text: str) -> None:
    with suppress(MalformedCode):
        assert isinstance(read_scanned(text), Code | Token)


def test_a_log_line_shows_only_the_last_four() -> None:
    assert f"{Code('123456789012')} {Token(TOKEN)!r}" == "Code(…9012) Token(…WXYQ)"


@given(codes)
def test_normalising_twice_changes_nothing(code: str) -> None:
    assert normalise(normalise(group(code))) == code


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_training_card_is_read_as_no_coupon_and_as_its_lesson(lesson: str) -> None:
    token, digits = training_token(lesson, 3), training_digits(lesson, 3)
    reasons = {}
    for text in (token, digits):
        with pytest.raises(MalformedCode) as refusal:
            read_scanned(text)
        reasons[text] = refusal.value.reason
        assert lesson_of(text) == lesson
    assert reasons[token] == "training"
    assert reasons[digits] == ("check_digit" if lesson == "mistyped" else "training")


def test_no_coupon_is_drawn_with_a_training_name(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([99999999000, 99999999999, 5724])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(drawn))

    assert new_code().digits == "00000005724" + check_digit("00000005724")
