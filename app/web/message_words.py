"""What the words of messages are called on their pages: one line each, here in English and in every catalogue."""

from collections.abc import Mapping

from app.core.i18n import N_
from app.domain.channels.events import Medium
from app.domain.messages.rules import MessageKind, MessageState, Reason

KINDS: Mapping[MessageKind, str] = {
    MessageKind.REWARD_WAITING: N_("A thank-you payment is ready"),
    MessageKind.REWARD_WAITING_LAST: N_("Last reminder of a payment"),
    MessageKind.COUPONS_EXPIRE: N_("Cards are close to their last day"),
    MessageKind.APPOINTMENT: N_("Reminder of an agreed visit"),
    MessageKind.FOLLOW_UP: N_("Invitation to a second conversation"),
    MessageKind.STAFF_ALERT: N_("Call to the staff"),
    MessageKind.REPLY: N_("Answer to a message"),
}

# Each with its colour.
STATES: Mapping[MessageState, tuple[str, str]] = {
    MessageState.WAITING: (N_("Waits"), "info"),
    MessageState.LEASED: (N_("Is being prepared"), "info"),
    MessageState.SENDING: (N_("Is leaving"), "info"),
    MessageState.UNCERTAIN: (N_("Nobody knows"), "warn"),
    MessageState.SENT: (N_("Handed to the network"), "info"),
    MessageState.DELIVERED: (N_("Arrived"), "good"),
    MessageState.FAILED: (N_("Did not arrive"), "bad"),
    MessageState.DROPPED: (N_("Not needed any more"), ""),
    MessageState.DEAD: (N_("Refused at every try"), "bad"),
}

MEDIA: Mapping[Medium, str] = {
    Medium.SMS: N_("Text messages (SMS)"),
    Medium.USSD: N_("Menu on the telephone (USSD)"),
}

# Why a message waits.
WAITS: Mapping[str, str] = {
    Reason.QUIET_HOURS: N_("It goes out when the quiet hours end."),
    Reason.ENOUGH_TODAY: N_("This person got enough messages today. It goes out another day."),
    Reason.ENOUGH_THIS_WEEK: N_("This person got enough messages this week. It goes out later."),
    Reason.NO_CHANNEL: N_("No channel that sends is switched on. Someone who looks after the channels switches one on."),
    Reason.CHANNEL_RESTS: N_("The provider asked for a pause. It is tried again by itself."),
    Reason.NO_BUDGET: N_("The money for today is used up. It goes out tomorrow, or when the budget is raised."),
    Reason.REFUSED: N_("The provider refused it. It is tried again by itself."),
    Reason.NO_ANSWER: N_("The provider did not answer. We wait for its report before anything is sent twice."),
}  # fmt: skip

# What went wrong, and what someone can do about it.
WENT_WRONG: Mapping[str, tuple[str, str]] = {
    Reason.NO_ANSWER: (
        N_("The provider did not answer when it was sent: it may have arrived or not."),
        N_("Look into the provider's own list. If it is not there, send it again."),
    ),
    Reason.REFUSED: (
        N_("Every channel refused it."),
        N_("Check the settings and the credit of the channels, then send it again."),
    ),
    Reason.NOT_DELIVERED: (
        N_("The network could not bring it to the telephone."),
        N_("Often the telephone is off or the number is out of use. Send it again once, or ask at the next visit."),
    ),
    Reason.NO_CHANNEL: (
        N_("There was no channel to send it through."),
        N_("Switch a channel on, then send it again."),
    ),
    Reason.NO_BUDGET: (
        N_("The money for messages was used up until its time was over."),
        N_("Raise the daily budget of a channel, then send it again."),
    ),
    Reason.CHANNEL_RESTS: (
        N_("The provider asked for a pause that was too long."),
        N_("Send it again later, or switch another channel on."),
    ),
    Reason.CANCELLED: (
        N_("Someone on the staff called it off."),
        N_("Send it after all, if that was a mistake."),
    ),
}  # fmt: skip
PROVIDER_SAID = N_("The provider said: %(word)s")
ASK_PROVIDER = N_(
    "Look the word up with the provider. Then send it again, or ask at the next visit."
)


def why_it_waits(reason: str | None) -> str:
    """In English, to be translated; nothing where there is nothing to say."""
    return WAITS.get(reason or "", "")


def what_went_wrong(reason: str | None) -> tuple[str, str]:
    """In English, to be translated: what happened and what to do. A provider's own word is for ``PROVIDER_SAID``."""
    return WENT_WRONG.get(reason or Reason.REFUSED, (PROVIDER_SAID, ASK_PROVIDER))


# What a telephone was shown, by the name of the screen: never what was typed, or the digits it showed.
SCREENS: Mapping[str, str] = {
    "home": N_("The beginning of the menu"),
    "more": N_("The rest of the menu"),
    "coupon": N_("Asked for the digits of a card"),
    "coupon_usable": N_("A card can be used"),
    "not_usable": N_("Not usable, ask at the desk"),
    "locked": N_("Sent to the desk"),
    "sites": N_("The list of places"),
    "no_sites": N_("No place to tell of"),
    "hours": N_("Opening hours"),
    "way": N_("The way to a place"),
    "own_card": N_("Asked for the digits of the own card"),
    "pin": N_("Asked for the PIN"),
    "card_says": N_("What the own card says"),
    "day": N_("Asked for a day to come"),
    "announced": N_("A visit is announced"),
    "language": N_("The choice of language"),
    "stop": N_("Asked whether messages should stop"),
    "stopped": N_("Messages are stopped"),
    "try_later": N_("Asked to try again later"),
    "test_message": N_("A test message"),
    "sms_help": N_("What can be asked by text message"),
    "sms_unknown": N_("Not understood"),
    "sms_mistyped": N_("Asked to check the digits"),
    "sms_own_card": N_("Sent to the desk with the own card"),
    "sms_sites": N_("The list of places"),
    "sms_no_sites": N_("No place to tell of"),
    "sms_hours": N_("Opening hours and the way"),
    "sms_languages": N_("The choice of language"),
}
UNNAMED = N_("Something else")


def screen_name(name: str) -> str:
    """In English, to be translated."""
    return SCREENS.get(name, UNNAMED)
