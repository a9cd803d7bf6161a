"""What calls someone on the staff to the pages, and who may be called for what."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.staff.rules import Permission


class AlertKind(StrEnum):
    FLOAT_LOW = "float_low"
    BATCH_WAITS = "batch_waits"
    FEEDBACK_WAITS = "feedback_waits"
    MESSAGES_FAIL = "messages_fail"


# A call leads to a page: only those are called who may open it. Any one of these will do.
NEEDED: Mapping[AlertKind, frozenset[Permission]] = {
    AlertKind.FLOAT_LOW: frozenset({Permission.COUNT_FLOAT, Permission.FUND_FLOAT}),
    AlertKind.BATCH_WAITS: frozenset({Permission.APPROVE_PAYOUT}),
    AlertKind.FEEDBACK_WAITS: frozenset({Permission.ANSWER_FEEDBACK}),
    AlertKind.MESSAGES_FAIL: frozenset({Permission.SEND_AGAIN}),
}


def kinds_for(permissions: frozenset[Permission]) -> tuple[AlertKind, ...]:
    """What someone with these permissions can be called for.

    >>> [kind.value for kind in kinds_for(frozenset({Permission.APPROVE_PAYOUT}))]
    ['batch_waits']
    """
    return tuple(kind for kind in AlertKind if permissions & NEEDED[kind])
