"""Telephone numbers as providers write them: with a plus, without, or with the national zero."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

NUMBER = re.compile(r"\+?[0-9]{7,15}")
PUNCTUATION = str.maketrans("", "", " -.()\u00a0")


def msisdn(text: str, region: str | None = None) -> str | None:
    """A number as E.164, None for what nobody can be reached at: a name, a short code, nothing.

    ``region`` is the country whose numbers may come without its code. *Possible* is enough: the operator has just used the
    number, and ranges are opened faster than tables of valid ones are.

    >>> msisdn("254711000111"), msisdn(" +380 50 123-45-67 "), msisdn("00254711000111")
    ('+254711000111', '+380501234567', '+254711000111')
    >>> msisdn("0711000111", "KE"), msisdn("0711000111"), msisdn("INFO"), msisdn("40404")
    ('+254711000111', None, None, None)
    """
    number = text.translate(PUNCTUATION).removeprefix("tel:")
    if number.startswith("00"):
        number = number.replace("00", "+", 1)
    if not NUMBER.fullmatch(number):
        return None
    if number.startswith("0"):
        return _possible(number, region) if region else None
    return _possible("+" + number.removeprefix("+"), None)


def bare(number: str) -> str:
    """A number for providers that want no plus.

    >>> bare("+254711000111")
    '254711000111'
    """
    return number.removeprefix("+")


def _possible(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    # With its country's code, that is: what only neighbours can dial would be possible too.
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
