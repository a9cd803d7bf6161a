"""The words of every screen: one text a screen, in English here and in every catalogue.

On USSD everything is written in ASCII and fits 160 septets; a text message fits two parts, in Latin letters where its own would
take more. Names of places give way to hours, numbers and amounts, which are never cut.
"""

from collections.abc import Mapping

from app.core.i18n import N_, translations
from app.domain.channels.events import Medium
from app.domain.screens.rules import Option, Screen
from app.telephone.facts import (
    cut,
    day,
    fitted,
    grouped,
    money,
    name_of_language,
    weekdays,
    words_in,
)
from app.telephone.lengths import SCREEN, is_gsm7, measure, septets
from app.telephone.letters import plain_signs, to_ascii

MOST_PARTS = 2
# A name of a place is cut to no less than this: in Latin letters, and before Latin letters are taken.
SHORTEST, SHORTEST_IN_OWN_LETTERS = 8, 24

TEXTS: Mapping[str, str] = {
    "home": N_("Welcome. Please choose:"),
    "more": N_("Please choose:"),
    "coupon": N_("Please type the 12 digits of the card."),
    "coupon_usable": N_("This card can be used until %(until)s. You are welcome."),
    "coupon_usable_later": N_("This card can be used from %(since)s until %(until)s."),
    "not_usable": N_("Not usable. Ask at the desk."),
    "locked": N_("Please ask at the desk. We are glad to help you there."),
    "sites": N_("Which place?"),
    "no_sites": N_("We do not know that yet. Please try again another day."),
    "hours": "%(name)s\n%(hours)s",
    "hours_unknown": N_("%(name)s\nPlease call before you come."),
    "way": N_("%(name)s\n%(address)s\nTel. %(phone)s"),
    "own_card": N_("Please type the 12 digits of your own card."),
    "pin": N_("Please type your PIN."),
    "card_says": N_(
        "Cards that came back: %(returned)s. Thank-you payment: %(due)s. Come with your own card to "
        "get it."
    ),
    "card_says_nothing_due": N_(
        "Cards that came back: %(returned)s. No thank-you payment is waiting at the moment."
    ),
    "day": N_("When would you like to come?"),
    "announced": N_("Thank you. We look forward to seeing you on %(on)s."),
    "announced_hours": N_(
        "Thank you. We look forward to seeing you on %(on)s. We are open %(hours)s."
    ),
    "words": N_("Please write what you would like to tell us. We do not keep your number."),
    "feedback_kept": N_(
        "Thank you. Your number to read our answer here in a few days: %(receipt)s. Please write "
        "it down."
    ),
    "receipt": N_("Please type the number you were given when you wrote to us."),
    "answer": "%(text)s",
    "language": N_("Language"),
    "stop": N_("Should we send no more messages to this number?"),
    "stopped": N_(
        "You will get no more messages from us. If you would like them again, tell us at the desk."
    ),
    # No menu leads there: the database is away, or staff tries a channel.
    "try_later": N_("Please try again in a few minutes."),
    "test_message": N_("This is only to see that messages arrive. There is nothing to do."),
}

# Where a text message is answered in other words.
BY_SMS: Mapping[str, str] = {
    "sms_help": N_(
        "Send us the 12 digits of a card, or HOURS, or SAY and your words, or READ and the number "
        "you were given, or STOP."
    ),
    "sms_unknown": N_("Sorry, we did not understand that. Send HELP to see what you can ask."),
    "sms_mistyped": N_("Please check the digits and send all 12 again."),
    "sms_own_card": N_("Please check the digits. If it is your own card, bring it to the desk."),
    "sms_sites": N_("Which place? Send HOURS and its number:"),
    "sms_no_sites": N_("We do not know that yet. Please try again another day."),
    "sms_hours": N_("%(name)s\n%(hours)s\n%(address)s\nTel. %(phone)s"),
    "sms_hours_unknown": N_("%(name)s\n%(address)s\nPlease call before you come. Tel. %(phone)s"),
    "sms_say_what": N_("Please send SAY and then what you would like to tell us."),
    "sms_read_what": N_("Please send READ and then the number you were given."),
    "sms_no_answer": N_("There is no answer to read yet. Please try again in a few days."),
    "sms_answer": "%(text)s",
    "sms_answer_goes_on": N_("%(text)s\nTo read on, send READ %(receipt)s %(page)s"),
    "sms_languages": N_("Please send LANG and a language:"),
    "feedback_kept": N_(
        "Thank you. To read our answer in a few days, send READ %(receipt)s. We do not keep your "
        "number."
    ),
}

NOTICES: Mapping[str, str] = {
    "again": N_("Please choose a number."),
    "mistyped": N_("Please check the digits and type all 12 again."),
    "own_card": N_("Please check the digits. For your own card, choose My card (00)."),
    "coupon": N_("Please check the digits. Here we need those of your own card."),
    "pin": N_("A PIN has 4 to 6 digits. Please type it again."),
    "not_right": N_("That did not match. Please type your PIN again, or ask at the desk."),
    "closed": N_("We are closed on that day. When would you like to come?"),
    "words": N_("Please write a few words, or choose 0."),
    "receipt": N_("Please check that number and type it again."),
    "no_answer": N_("There is no answer to read yet. Please try again in a few days."),
}

OPTIONS: Mapping[str, str] = {
    "check_card": N_("Check a card"),
    "hours": N_("Opening hours"),
    "my_card": N_("My card"),
    "announce": N_("Tell us you will come"),
    "more": N_("Something else"),
    "say": N_("Write to us"),
    "read": N_("Read our answer"),
    "language": N_("Language"),
    "stop": N_("Stop messages"),
    "today": N_("Today"),
    "tomorrow": N_("Tomorrow"),
    "day_after": N_("The day after tomorrow"),
    "way": N_("The way"),
    "next": N_("More"),
    "yes_stop": N_("Yes, stop"),
}
NAVIGATION = N_("0 Back 00 Home")

# Screens whose text is what was asked for: nothing else is said in its place.
_SAY_IT_AGAIN = frozenset({"hours", "way", "answer", "no_sites"})


def text_of(screen: Screen, language: str, medium: Medium) -> str:
    """What the telephone shows. The same screen always gives the same words."""
    longest = max(map(len, _names(screen, language)), default=0)

    def write(limit: int) -> str:
        return "\n".join((_head(screen, language, medium, limit), *_tail(screen, language, limit)))

    def in_latin(limit: int) -> str:
        return to_ascii(write(limit), language)

    if medium is Medium.USSD:
        text = fitted(in_latin, fits_a_screen, longest, SHORTEST)
        return text if fits_a_screen(text) else _squeezed(text, len(_tail(screen, language, 0)))
    text = plain_signs(write(longest))
    if is_gsm7(text) and fits_a_message(text):
        return text
    text = fitted(write, fits_a_message, longest, min(longest, SHORTEST_IN_OWN_LETTERS))
    if fits_a_message(text):
        return text
    return fitted(in_latin, fits_a_message, longest, SHORTEST)


def fits_a_screen(text: str) -> bool:
    return septets(text) <= SCREEN


def fits_a_message(text: str) -> bool:
    return measure(text).parts <= MOST_PARTS


def _head(screen: Screen, language: str, medium: Medium, limit: int) -> str:
    say = translations(language).gettext
    notice = screen.facts.get("notice")
    if notice and screen.name not in _SAY_IT_AGAIN:
        return say(NOTICES[notice])
    name = _text_name(screen)
    text = BY_SMS.get(name) if medium is Medium.SMS else None
    return say(text or TEXTS[name]) % _facts(screen, language, limit)


def _tail(screen: Screen, language: str, limit: int) -> list[str]:
    """The options, and the keys that always lead away."""
    say = translations(language).gettext
    lines = [f"{each.key} {_label(each, language, limit)}" for each in screen.options]
    return lines if screen.ends or screen.name == "home" else [*lines, say(NAVIGATION)]


def _text_name(screen: Screen) -> str:
    """Which of a screen's texts its facts ask for."""
    facts = screen.facts
    match screen.name:
        case "coupon_usable" if facts.get("since"):
            return "coupon_usable_later"
        case "card_says" if not facts["due_minor"]:
            return "card_says_nothing_due"
        case "announced" if facts.get("hours"):
            return "announced_hours"
        case ("hours" | "sms_hours") as name if not facts["runs"]:
            return f"{name}_unknown"
        case "sms_answer" if facts.get("receipt"):
            return "sms_answer_goes_on"
    return screen.name


def _facts(screen: Screen, language: str, limit: int) -> dict[str, str]:
    written: dict[str, str] = {}
    for name, fact in screen.facts.items():
        match name:
            case "until" | "since" | "on":
                written[name] = day(fact, language) if fact else ""
            case "name" | "address":
                written[name] = cut(words_in(fact, language), limit)
            case "due_minor":
                written["due"] = money(fact, screen.facts["currency"], language)
            case "runs":
                days = [f"{weekdays(first, to, language)} {hours}" for first, to, hours in fact]
                written["hours"] = "\n".join(days)
            case "receipt":
                written[name] = grouped(fact)
            case _:
                written[name] = str(fact)
    return written


def _label(option: Option, language: str, limit: int) -> str:
    match option.name:
        case "site":
            return cut(words_in(option.words or {}, language), limit)
        case "language_of":
            return name_of_language((option.words or {})["code"])
    return translations(language).gettext(OPTIONS[option.name])


def _names(screen: Screen, language: str) -> list[str]:
    """What may be shortened."""
    facts = [screen.facts[name] for name in ("name", "address") if name in screen.facts]
    sites = [each.words or {} for each in screen.options if each.name == "site"]
    return [words_in(each, language) for each in (*facts, *sites)]


def _squeezed(text: str, tail: int) -> str:
    """The last resort, for hours in many words: the keys stay."""
    lines = text.split("\n")
    head, keys = "\n".join(lines[: len(lines) - tail]), lines[len(lines) - tail :]
    while head and not fits_a_screen("\n".join([head, *keys])):
        head = head[:-1]
    return "\n".join([head, *keys])
