"""The one base class of everything a person can be refused.

A domain error says *what kind* of thing went wrong, carries a stable ``code`` and facts that are safe to
show. It knows nothing of HTTP or of any language: the doors translate.
"""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    UNAUTHENTICATED = "unauthenticated"
    INVALID = "invalid"
    TOO_MANY = "too-many"
    UNAVAILABLE = "unavailable"


class DomainError(Exception):
    """An expected refusal, safe to show to the person who caused it."""

    kind: ClassVar[Kind]
    code: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code)
        self.facts = facts


def every_error() -> list[type[DomainError]]:
    """Every concrete error there is, by code: what the documents and the translations must cover."""
    found, waiting = {}, list(DomainError.__subclasses__())
    while waiting:
        error = waiting.pop()
        waiting.extend(error.__subclasses__())
        if "code" in vars(error):
            found[error.code] = error
    return [found[code] for code in sorted(found)]
