"""Kinds of field that several bodies share."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints

_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


def _written(value: object) -> object:
    """Refuse the bare numbers that pydantic takes for seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO_8601.match(value)):
        return value
    raise ValueError("give the time in ISO 8601 with an offset")


def _on_the_calendar(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("give a time between the years 1 and 9999") from None


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a character that no database keeps")
    return text


Instant = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_on_the_calendar)]
ShortText = Annotated[str, StringConstraints(max_length=64), AfterValidator(_without_nul)]
LongText = Annotated[str, StringConstraints(max_length=512), AfterValidator(_without_nul)]
