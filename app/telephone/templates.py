"""The messages we send of our own accord: our words for them, and a programme's own, checked and filled in.

They say as little as they can, since others read what lies on a telephone: no amount, and nothing of what a visit is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from app.core.i18n import N_, translations
from app.telephone.facts import cut, day, fitted, words_in
from app.telephone.lengths import is_gsm7
from app.telephone.letters import plain_signs, to_ascii
from app.telephone.screens import SHORTEST, SHORTEST_IN_OWN_LETTERS, fits_a_message


class BadTemplate(ValueError):
    """What someone wrote cannot be filled in: ``field`` is what it asks for and there is not, empty for a lone brace."""

    def __init__(self, field: str = "") -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class Template:
    """``text`` has its ``{fields}``; ``about`` tells staff when it is sent."""

    text: str
    about: str
    fields: tuple[str, ...] = ()

    @property
    def longest(self) -> Mapping[str, Any]:
        """Facts that nobody's are longer than, to see that a text still fits."""
        return {name: LONGEST[name] for name in self.fields}


# No site has a longer name or number; no day a longer name, in any language.
LONGEST: Mapping[str, Any] = {
    "site": {
        "en": "Community Centre of the Central District, Second Floor, Entrance from Courtyard",
        "uk": "Громадський центр Центрального району, другий поверх, вхід щоразу з подвір’я",
    },
    "phone": "+380 (44) 000-00-12, 00-13-14",
    "until": "2026-09-30",
    "day": "2026-09-30",
}
_DAYS = frozenset({"until", "day"})

TEMPLATES: Mapping[str, Template] = {
    "reward_waiting": Template(
        N_(
            "Hello! A thank-you payment is waiting for you. {site}, tel. {phone}. "
            "No more messages: STOP"
        ),
        N_("A thank-you payment has waited for some time."),
        ("site", "phone"),
    ),
    "reward_waiting_last": Template(
        N_(
            "Hello! A thank-you payment waits for you until {until}. {site}, tel. {phone}. "
            "No more messages: STOP"
        ),
        N_("A thank-you payment will soon no longer be kept. This is the last reminder."),
        ("until", "site", "phone"),
    ),
    "coupons_expire": Template(
        N_(
            "Hello! Your cards can be used until {until}. {site}, tel. {phone}. "
            "No more messages: STOP"
        ),
        N_("Cards that someone still has will soon be out of date."),
        ("until", "site", "phone"),
    ),
    "appointment": Template(
        N_(
            "Hello! We look forward to seeing you on {day}. {site}, tel. {phone}. "
            "No more messages: STOP"
        ),
        N_("Someone agreed to come on a day that is near."),
        ("day", "site", "phone"),
    ),
    "follow_up": Template(
        N_(
            "Hello! We would be glad to see you again on {day}. {site}, tel. {phone}. "
            "No more messages: STOP"
        ),
        N_("The day of a second visit is near."),
        ("day", "site", "phone"),
    ),
    "staff_alert": Template(
        N_("There is something new for you to look at. Please log in when you can."),
        N_("Something waits for a member of staff. The message never says what."),
    ),
}


def text_of_template(
    name: str, language: str, facts: Mapping[str, Any], override: str | None = None
) -> str:
    """A message in a language: a programme's own words where it has some that can be filled in, else ours.

    ``site`` may be by language and days are ISO dates. A site's name is cut where the message would take a third part.
    """
    template = TEMPLATES[name]
    words = translations(language).gettext(template.text)
    if override and _is_good(name, override):
        words = override
    site = words_in(facts.get("site", ""), language)

    def write(limit: int) -> str:
        return words.format_map(_written(facts, language, cut(site, limit)))

    text = plain_signs(write(len(site)))
    if is_gsm7(text):
        return fitted(lambda limit: plain_signs(write(limit)), fits_a_message, len(site), SHORTEST)
    text = fitted(write, fits_a_message, len(site), min(len(site), SHORTEST_IN_OWN_LETTERS))
    if fits_a_message(text):
        return text
    return fitted(
        lambda limit: to_ascii(write(limit), language), fits_a_message, len(site), SHORTEST
    )


def check_template(name: str, words: str) -> None:
    """Raises: BadTemplate, where words ask for what this message has not, or have a brace that is none of a field."""
    try:
        asked = [(field, spec, how) for _, field, spec, how in Formatter().parse(words)]
    except ValueError:
        raise BadTemplate from None
    for field, spec, how in asked:
        if field is not None and (field not in TEMPLATES[name].fields or spec or how):
            raise BadTemplate(field)


def _is_good(name: str, words: str) -> bool:
    try:
        check_template(name, words)
    except BadTemplate:
        return False
    return True


def _written(facts: Mapping[str, Any], language: str, site: str) -> dict[str, str]:
    days = {each: day(facts[each], language) for each in _DAYS & facts.keys()}
    return {"site": site, "phone": str(facts.get("phone", "")), **days}
