"""What messages are about, where each of them is, and for how long what it said is kept."""

from datetime import timedelta
from enum import StrEnum


class MessageKind(StrEnum):
    """What a message is about: also the name of its template. ``REPLY`` answers what someone just sent, and has none."""

    REWARD_WAITING = "reward_waiting"
    REWARD_WAITING_LAST = "reward_waiting_last"
    COUPONS_EXPIRE = "coupons_expire"
    APPOINTMENT = "appointment"
    FOLLOW_UP = "follow_up"
    STAFF_ALERT = "staff_alert"
    REPLY = "reply"


class MessageState(StrEnum):
    """``LEASED``: a worker has it and nothing has left. ``SENDING``: it may be leaving at this moment.

    ``UNCERTAIN``: it may have left, and nobody knows. ``DROPPED``: it should not leave any more, and did not.
    ``DEAD``: every try was surely refused.
    """

    WAITING = "waiting"
    LEASED = "leased"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"
    DEAD = "dead"


ENDED = frozenset(
    {MessageState.DELIVERED, MessageState.FAILED, MessageState.DROPPED, MessageState.DEAD}
)


# What a person may have sent again.
AGAIN = frozenset({MessageState.FAILED, MessageState.DEAD, MessageState.UNCERTAIN})


class AttemptState(StrEnum):
    """One call of a provider. ``REFUSED``: surely not taken, for now; ``REJECTED``: never by this provider; ``ACCEPTED``: taken;
    ``SENT``: handed to the network."""

    SENDING = "sending"
    REFUSED = "refused"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a message was dropped, waits longer, or could not be sent."""

    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    EXPIRED = "expired"
    NOT_TRUE = "not_true"
    CANCELLED = "cancelled"
    QUIET_HOURS = "quiet_hours"
    ENOUGH_TODAY = "enough_today"
    ENOUGH_THIS_WEEK = "enough_this_week"
    NO_CHANNEL = "no_channel"
    CHANNEL_RESTS = "channel_rests"
    NO_BUDGET = "no_budget"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    NOT_DELIVERED = "not_delivered"


def is_stuck(state: MessageState, reason: str | None) -> bool:
    """Whether only a person moves a message on: it went wrong, or someone called it off and may think better of it."""
    return state in AGAIN or (state is MessageState.DROPPED and reason == Reason.CANCELLED)


# A second copy of these does no harm; of the others it might promise the same money twice.
HARMLESS_TWICE = frozenset(
    {
        MessageKind.COUPONS_EXPIRE,
        MessageKind.APPOINTMENT,
        MessageKind.FOLLOW_UP,
        MessageKind.STAFF_ALERT,
        MessageKind.REPLY,
    }
)


# What was said and to whom is forgotten before that it was said.
WORDS_KEPT = timedelta(days=14)


ROWS_KEPT = timedelta(days=90)


UNKNOWN_KEPT = timedelta(days=3)
