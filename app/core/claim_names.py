"""The two names of a claim card, a participant's own card: twelve digits, and a token a camera reads.

They look like a coupon's and never are one. The digits are eleven random ones and a check digit by the same table,
which brings a coupon's twelve to ``0`` and these to another figure: no twelve digits are both, and one wrong digit is found
in either. A token is ``P1`` where a coupon's is ``C1``.
"""

import re
import secrets
from base64 import b32encode
from dataclasses import dataclass

from app.core.codes import (
    CODE_LENGTH,
    LETTERS,
    OWN_PREFIX,
    TRAINING_DIGITS,
    MalformedCode,
    check_digit,
    in_latin,
    is_well_formed,
    name_in,
    normalise,
    read_scanned,
)

# What the check digit of a claim card brings the whole to.
RESIDUE = "5"

_TOKEN = re.compile(OWN_PREFIX + LETTERS)


@dataclass(frozen=True, slots=True, repr=False)
class ClaimCode:
    """The printed digits, check digit last."""

    digits: str

    def __repr__(self) -> str:
        return f"ClaimCode(…{self.digits[-4:]})"


@dataclass(frozen=True, slots=True, repr=False)
class ClaimToken:
    """What the QR holds."""

    text: str

    def __repr__(self) -> str:
        return f"ClaimToken(…{self.text[-4:]})"


def new_claim_code() -> ClaimCode:
    """Draw a code: one of 10¹¹, so the database must be asked whether it is another's."""
    while True:
        body = f"{secrets.randbelow(10 ** (CODE_LENGTH - 1)):0{CODE_LENGTH - 1}}"
        if not body.startswith(TRAINING_DIGITS):
            return ClaimCode(body + own_check_digit(body))


def new_claim_token() -> ClaimToken:
    return ClaimToken(OWN_PREFIX + b32encode(secrets.token_bytes(16)).decode().rstrip("="))


def own_check_digit(digits: str) -> str:
    """The digit that brings these to ``RESIDUE``.

    >>> own_check_digit("00000000572"), is_own("000000005726"), is_own("000000005724")
    ('6', True, False)
    """
    return next(last for last in "0123456789" if check_digit(digits + last) == RESIDUE)


def is_own(digits: str) -> bool:
    """Whether these are twelve plain digits that a claim card may have."""
    plain = len(digits) == CODE_LENGTH and digits.isascii() and digits.isdigit()
    return plain and check_digit(digits) == RESIDUE and not digits.startswith(TRAINING_DIGITS)


def read_claim(text: str) -> ClaimCode | ClaimToken:
    """Tell what was scanned or typed as someone's own card, spaced and spelt as ``codes.read_scanned`` takes it.

    Raises:
        MalformedCode: it can be no claim card; its reason is ``coupon`` where it is a well-formed coupon's name.
    """
    name = name_in(text)
    digits = normalise(name)
    if digits.isascii() and digits.isdigit():
        if is_own(digits):
            return ClaimCode(digits)
        if is_well_formed(digits):
            raise MalformedCode("coupon")
        raise MalformedCode("check_digit" if len(digits) == CODE_LENGTH else "length")
    token = in_latin(name)
    if _TOKEN.fullmatch(token):
        return ClaimToken(token)
    try:
        read_scanned(text)
    except MalformedCode as other:
        raise MalformedCode(other.reason) from None
    raise MalformedCode("coupon")
