"""Reading what a provider sent, whatever bytes those are: each function gives what it names or raises Unreadable."""

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from app.gateways.adapter import Call, Unreadable

MOST_FIELDS = 100
FORM = "application/x-www-form-urlencoded"
# E.164 has up to 15 digits. Fewer than 7 are a short code, on which nobody can be reached.
NUMBER = re.compile(r"(?:tel:)?(?:\+|00)?([1-9][0-9]{6,14})")
PUNCTUATION = str.maketrans("", "", " -.()\u00a0")


def form_of(call: Call) -> dict[str, str]:
    """The fields of the address and, under the same names, of a form in the body. The first of a name counts."""
    pairs = list(call.query)
    if call.body and call.headers.get("content-type", FORM).split(";")[0].strip().lower() == FORM:
        try:
            body = call.body.decode()
            pairs += parse_qsl(
                body, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
            )
        except ValueError:
            raise Unreadable("the form cannot be decoded") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, cleaned(value))
    return fields


def json_of(call: Call) -> object:
    """The body as JSON. Numbers of any length and names that repeat are a provider's affair; NaN is nobody's."""
    try:
        return json.loads(call.body.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON") from None


def word(fields: Mapping[str, object], name: str) -> str:
    """A field that must be there, as text: JSON's numbers and truth values as JSON writes them."""
    text = text_of(fields.get(name))
    if text is None:
        raise Unreadable(f"no {name}")
    return text


def text_of(value: object) -> str | None:
    """A single value as text, or None for what is none.

    >>> text_of(True), text_of(7), text_of("7"), text_of(None), text_of([7])
    ('true', '7', '7', None, None)
    """
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return None


def cleaned(text: str) -> str:
    """Without what no database keeps: NUL is left out, halves of letters are refused."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable("half a letter") from None
    return text.replace("\0", "")


def e164(text: str) -> str:
    """A telephone's number in the one way we write it; empty for a sender that is none: a short code, an operator's name.

    >>> e164("254711000001"), e164("+380 50 123-45-67"), e164("00254711000001"), e164("20880"), e164("Info")
    ('+254711000001', '+380501234567', '+254711000001', '', '')
    """
    found = NUMBER.fullmatch(text.translate(PUNCTUATION))
    return f"+{found[1]}" if found and text.isascii() else ""


def _refuse(constant: str) -> object:
    raise ValueError(constant)
