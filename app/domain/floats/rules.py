"""Steps of cash from one person to another. Pure."""

from enum import StrEnum


class HandoverStep(StrEnum):
    """What became of cash that someone handed to a colleague.

    ``differs`` leaves it open; all others end it. After ``confirmed`` and ``decided`` the receiver is responsible,
    after ``withdrawn`` and ``recounted`` still the giver.
    """

    DIFFERS = "differs"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    RECOUNTED = "recounted"
    DECIDED = "decided"


PASSED_ON = frozenset({HandoverStep.CONFIRMED, HandoverStep.DECIDED})
