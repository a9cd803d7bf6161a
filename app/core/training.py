"""Names for training cards: well formed, and never a coupon's.

A card's digits are ``9999 9999``, the lesson, two digits that tell cards of a lesson apart, and the check digit.
Its token is ``C0TRAINING``, the same three digits as letters (A is 0) and fifteen times A. The lesson is the part of
a real desk that the card plays; ``static/desk_codes.js`` has the same table.
"""

from app.core.codes import (
    TOKEN_LENGTH,
    TRAINING_DIGITS,
    TRAINING_PREFIX,
    MalformedCode,
    Reason,
    check_digit,
    in_latin,
    name_in,
    normalise,
    read_scanned,
)

LESSONS = ("good", "used_before", "expired", "not_yet", "ended", "mistyped", "unknown")

_WORD = TRAINING_PREFIX + "TRAINING"


def training_digits(lesson: str, number: int = 0) -> str:
    """The digits of a training card; those of the lesson *mistyped* end in a wrong check digit.

    >>> training_digits("good"), training_digits("expired", 12)
    ('999999990006', '999999992122')
    """
    body = f"{TRAINING_DIGITS}{LESSONS.index(lesson)}{number:02}"
    check = int(check_digit(body))
    return f"{body}{(check + 1) % 10 if lesson == 'mistyped' else check}"


def training_token(lesson: str, number: int = 0) -> str:
    """What the QR of a training card holds.

    >>> training_token("expired", 12)
    'C0TRAININGCBCAAAAAAAAAAAAAAA'
    """
    digits = f"{LESSONS.index(lesson)}{number:02}"
    letters = "".join(chr(ord("A") + int(digit)) for digit in digits)
    return (_WORD + letters).ljust(TOKEN_LENGTH, "A")


def lesson_of(text: str) -> str | None:
    """The lesson of a training card that was typed or scanned; None when it is no training card.

    >>> lesson_of("9999 9999 2122"), lesson_of("c0trainingcbcaaaaaaaaaaaaaaa"), lesson_of("000000005724")
    ('expired', 'expired', None)
    """
    reason = _why_refused(text)
    if reason not in ("training", "check_digit"):
        return None
    name = name_in(text)
    digits = normalise(name)
    if reason == "check_digit":
        return "mistyped" if digits.startswith(TRAINING_DIGITS) else None
    if digits.isdigit():
        return _lesson(int(digits[len(TRAINING_DIGITS)]))
    token = in_latin(name)
    return _lesson(ord(token[len(_WORD)]) - ord("A") if token.startswith(_WORD) else -1)


def _why_refused(text: str) -> Reason | None:
    try:
        read_scanned(text)
    except MalformedCode as error:
        return error.reason
    return None


def _lesson(place: int) -> str:
    return LESSONS[place] if 0 <= place < len(LESSONS) else "unknown"
