"""What a person entered in a form whose fields are not known beforehand."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.domain.participants.errors import BadParticipant

Entered = dict[str, str]


async def _entered(request: Request) -> Entered:
    form = await request.form()
    return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


Fields = Annotated[Entered, Depends(_entered)]


def refill(entered: Entered | None) -> Entered:
    """What a form shows again after a refusal; a field that was not sent is empty."""
    return defaultdict(str, entered or {})


def whole_number(entered: Entered, name: str) -> int | None:
    """Raises: BadParticipant, when it is something else than digits."""
    text = entered.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise BadParticipant(field=name, reason="not_a_number")
    return int(text)


def identifier(entered: Entered, name: str) -> UUID | None:
    """An id that the page put into its form. Raises: BadParticipant, when it was tampered with."""
    try:
        return UUID(entered[name]) if entered.get(name) else None
    except ValueError:
        raise BadParticipant(field=name, reason="unknown") from None


def yes_or_no(entered: Entered, name: str) -> bool | None:
    """None when it was left open, or she would rather not say."""
    return {"yes": True, "no": False}.get(entered.get(name, ""))


def one_of(entered: Entered, name: str, words: Iterable[str]) -> str | None:
    """A word of a list; None when nothing was chosen. Raises: BadParticipant, for any other word."""
    word = entered.get(name, "")
    if word and word not in set(words):
        raise BadParticipant(field=name, reason="unknown")
    return word or None
