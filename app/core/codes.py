"""The two names a coupon goes by: twelve digits a person types, and a token a camera reads.

A *code* is eleven random digits and one Damm check digit, shown 4-4-4, so that a slip of the finger is told
apart from an unknown coupon without looking anything up. A *token* is ``C1`` and 128 random bits in base32.
Both are secrets of the holder: their ``repr`` shows only the last four characters, so a log line gives neither away.
Names that begin with ``9999 9999`` or ``C0`` are for training (see ``core/training.py``): no coupon ever has one.
"""

import re
import secrets
import unicodedata
from base64 import b32encode
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

CODE_LENGTH = 12
TOKEN_PREFIX = "C1"
TOKEN_LENGTH = 28
TRAINING_DIGITS = "99999999"
TRAINING_PREFIX = "C0"
OWN_PREFIX = "P1"  # of a participant's own card: see core/claim_names.py
LONGEST_SCAN = 512

Reason = Literal[
    "empty", "too_long", "length", "check_digit", "unreadable", "training", "own_card", "coupon"
]

# The last of 26 characters carries three bits of the 128: only every fourth letter can stand there.
LETTERS = r"[A-Z2-7]{25}[AEIMQUY4]"
_TOKEN = re.compile(TOKEN_PREFIX + LETTERS)
_TRAINING_TOKEN = re.compile(TRAINING_PREFIX + LETTERS)
_OWN_TOKEN = re.compile(OWN_PREFIX + LETTERS)

# A totally anti-symmetric quasigroup of order 10, from H. M. Damm's thesis (Marburg, 2004).
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)

# A scanner types keys, not letters: under a Ukrainian or Russian layout the same keys give these.
_CYRILLIC_KEYS = str.maketrans(
    "ЙЦУКЕНГШЩЗФІЫВАПРОЛДЯЧСМИТЬ",
    "QWERTYUIOPASSDFGHJKLZXCVBNM",
)

# Some scanners say first what kind of symbol they read; the bracket's key gives other letters too.
_KIND_OF_SYMBOL = re.compile(r"\A[\]ЇЪ]Q[0-6]")


class MalformedCode(ValueError):
    """What was typed or scanned can be no coupon's name; ``reason`` says what is wrong with it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True, repr=False)
class Code:
    """The printed digits, check digit last.

    >>> Code("000000000109")
    Code(…0109)
    """

    digits: str

    def __repr__(self) -> str:
        return f"Code(…{self.digits[-4:]})"


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What the QR holds."""

    text: str

    def __repr__(self) -> str:
        return f"Token(…{self.text[-4:]})"


def new_code() -> Code:
    """Draw a code: one of 10¹¹, so two of them may be equal and the database must be asked."""
    while True:
        body = f"{secrets.randbelow(10 ** (CODE_LENGTH - 1)):0{CODE_LENGTH - 1}}"
        if not body.startswith(TRAINING_DIGITS):
            return Code(body + check_digit(body))


def new_token() -> Token:
    """Draw a token of 128 random bits.

    >>> len(new_token().text)
    28
    """
    return Token(TOKEN_PREFIX + b32encode(secrets.token_bytes(16)).decode().rstrip("="))


def check_digit(digits: str) -> str:
    """Give the Damm check digit, which finds every wrong digit and every two neighbours swapped.

    Appended, it makes the check digit of the whole ``0``.

    >>> check_digit("572"), check_digit("5724")
    ('4', '0')
    """
    interim = "0"
    for digit in digits:
        interim = _DAMM[int(interim)][int(digit)]
    return interim


def is_well_formed(digits: str) -> bool:
    """Tell whether these are twelve plain digits whose last fits the others.

    >>> is_well_formed("000000005724"), is_well_formed("000000005742")
    (True, False)
    """
    plain = len(digits) == CODE_LENGTH and digits.isascii() and digits.isdigit()
    return plain and check_digit(digits) == "0"


def normalise(text: str) -> str:
    """Fold what people type into plain digits: no spaces or dashes, digits of any script.

    Anything else stays, for :func:`is_well_formed` to refuse.

    >>> normalise(" 0000 0000-5724 "), normalise("۰۰۰۰ ٠٠٠٠ ５７２４")
    ('000000005724', '000000005724')
    """
    return "".join(_fold(character) for character in text)


def group(digits: str) -> str:
    """Show a code as it is printed.

    >>> group("000000005724")
    '0000 0000 5724'
    """
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def read_scanned(text: str) -> Code | Token:
    """Tell what a scanner, a camera or a keyboard gave.

    Accepts a code however it is spaced; a token in either case, or typed by a scanner under a Ukrainian
    keyboard layout; either of them as the last part of an address's path or as its ``c`` parameter; and
    the blanks, the Enter and the invisible marks that come along.

    >>> read_scanned("0000-0000-5724\\n")
    Code(…5724)
    >>> read_scanned("C1AAAA")
    Traceback (most recent call last):
    app.core.codes.MalformedCode: unreadable
    >>> read_scanned("https://card.example/?c=c1aaaaaaaaaaaaaaaaaaaaaaaaae")
    Token(…AAAE)

    Raises:
        MalformedCode: it is neither, but a name for training or someone's own card, say; the message repeats
            nothing of what was given.
    """
    name = name_in(text)
    digits = normalise(name)
    if digits.isascii() and digits.isdigit():
        return _code(digits)
    token = in_latin(name)
    if _TOKEN.fullmatch(token):
        return Token(token)
    if _OWN_TOKEN.fullmatch(token):
        raise MalformedCode("own_card")
    raise MalformedCode("training" if _TRAINING_TOKEN.fullmatch(token) else "unreadable")


def name_in(text: str) -> str:
    """What stands in a scan for a coupon's name, out of its address and without marks.

    Raises:
        MalformedCode: there is nothing, or too much to be one.
    """
    if len(text) > LONGEST_SCAN:
        raise MalformedCode("too_long")
    seen = "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cf"}).strip()
    if not seen:
        raise MalformedCode("empty")
    return _inside_address(seen) if "/" in seen or "?" in seen else seen


def in_latin(name: str) -> str:
    """A token in upper case, whatever layout its keys were pressed under, without the scanner's own mark.

    >>> in_latin("]q1c1aaaa")
    'C1AAAA'
    """
    return _KIND_OF_SYMBOL.sub("", name.upper().translate(_CYRILLIC_KEYS))


def _code(digits: str) -> Code:
    if len(digits) != CODE_LENGTH:
        raise MalformedCode("length")
    if not is_well_formed(digits):
        raise MalformedCode("check_digit")
    if digits.startswith(TRAINING_DIGITS):
        raise MalformedCode("training")
    return Code(digits)


def _inside_address(address: str) -> str:
    try:
        parts = urlsplit(address)
        parameters = {name.lower(): value for name, value in parse_qsl(parts.query)}
    except ValueError:
        raise MalformedCode("unreadable") from None
    return parameters.get("c") or parts.path.rstrip("/").rpartition("/")[2]


def _fold(character: str) -> str:
    decimal = unicodedata.decimal(character, None)
    if decimal is not None:
        return str(decimal)
    dropped = character.isspace() or unicodedata.category(character) in {"Pd", "Cc", "Cf"}
    return "" if dropped or character == "\N{MINUS SIGN}" else character
