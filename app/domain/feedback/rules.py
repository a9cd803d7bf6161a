"""What people say without a name: how long it may be, the number that finds its answer, how long it is kept."""

import secrets
from datetime import date, timedelta
from enum import StrEnum

from app.core.codes import check_digit, normalise

LONGEST_TEXT = 480
LONGEST_ANSWER = 480
# So many may wait at once: more would only bury what was said in earnest.
MOST_WAITING = 1000
KEPT_DAYS = 180
RECEIPT_LENGTH = 10
CUT = "…"


class FeedbackState(StrEnum):
    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"


def new_receipt() -> str:
    """Draw the number by which an answer is found: nine random digits and a check digit."""
    body = f"{secrets.randbelow(10 ** (RECEIPT_LENGTH - 1)):0{RECEIPT_LENGTH - 1}}"
    return body + check_digit(body)


def read_receipt(text: str) -> str | None:
    """The digits of a receipt, however they were spaced; None where it can be none, which needs no look-up.

    >>> read_receipt("000 000-5724"), read_receipt("000 000 5742"), read_receipt("")
    ('0000005724', None, None)
    """
    digits = normalise(text)
    plain = len(digits) == RECEIPT_LENGTH and digits.isascii() and digits.isdigit()
    return digits if plain and check_digit(digits) == "0" else None


def kept_text(text: str) -> str:
    """What is kept of what was said: without the blanks around it, and no more than ``LONGEST_TEXT`` characters.

    >>> kept_text("  The door was locked. "), len(kept_text("a" * 900)), kept_text("a" * 900)[-2:]
    ('The door was locked.', 480, 'a…')
    """
    said = text.strip()
    return said if len(said) <= LONGEST_TEXT else said[: LONGEST_TEXT - len(CUT)].rstrip() + CUT


def last_day_to_forget(today: date) -> date:
    """Whatever was answered or closed on this day, or before it, is forgotten today.

    >>> last_day_to_forget(date(2026, 12, 31))
    datetime.date(2026, 7, 4)
    """
    return today - timedelta(days=KEPT_DAYS)
