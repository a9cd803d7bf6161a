"""What a person can decide about two redemptions of one coupon."""

from enum import StrEnum


class Decision(StrEnum):
    FIRST_STANDS = "first_stands"
    SECOND_STANDS = "second_stands"
