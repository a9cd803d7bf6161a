"""A programme's own words for a message: what is wrong with them, and what a telephone would get."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.core.i18n import N_, translations
from app.domain.programmes.queries import SiteFacts
from app.printing.wording import telling_words
from app.telephone.lengths import Length, is_gsm7, measure
from app.telephone.letters import plain_signs
from app.telephone.screens import MOST_PARTS
from app.telephone.templates import TEMPLATES, BadTemplate, check_template, text_of_template
from app.web.complaints import EMPTY, Complaint

LONGEST = 600

UNKNOWN_FIELD = N_(
    "There is nothing to put in for {%(field)s}. Please use the fields listed above."
)
LONE_BRACE = Complaint(N_("A brace stands alone. Please write a field as {site}, or no brace."))
TELLING = N_(
    "Others may read this on the telephone, and it tells too much: %(words)s. Please choose neutral words."
)
TOO_MANY_PARTS = N_(
    "With the longest names it takes %(parts)s parts, and at most %(most)s are sent. Please shorten it."
)
BAD_SIGN = Complaint(N_("It holds a sign that no telephone can show. Please type it again."))

# What each field becomes, as staff is told.
ABOUT_FIELDS: Mapping[str, str] = {
    "site": N_("the name of the place, in the language of the message"),
    "phone": N_("its telephone number"),
    "until": N_("the last day, such as 30 September"),
    "day": N_("the agreed day, such as 30 September"),
}
SOON = timedelta(days=5)


@dataclass(frozen=True)
class Preview:
    """A text as it would arrive, and how long it is. ``is_latin``: it is sent in Latin letters, for in its own it would not fit."""

    text: str
    length: Length
    is_latin: bool

    @property
    def is_long(self) -> bool:
        return self.length.parts > 1


def usual_words(name: str, language: str) -> str:
    """The program's own words, with their fields."""
    return translations(language).gettext(TEMPLATES[name].text)


def fault_in(name: str, language: str, words: str) -> Complaint | None:
    """Why these words cannot be used."""
    if not words.strip():
        return EMPTY
    if not all(each.isprintable() or each == "\n" for each in words):
        return BAD_SIGN
    try:
        check_template(name, words)
    except BadTemplate as refusal:
        return Complaint(UNKNOWN_FIELD, {"field": refusal.field}) if refusal.field else LONE_BRACE
    if telling := telling_words(words):
        return Complaint(TELLING, {"words": ", ".join(telling)})
    parts = at_worst(name, language, words).length.parts
    if len(words) > LONGEST or parts > MOST_PARTS:
        return Complaint(TOO_MANY_PARTS, {"parts": parts, "most": MOST_PARTS})
    return None


def usually(
    name: str, language: str, words: str | None, site: SiteFacts | None, day: str
) -> Preview:
    """What would arrive from a place of the programme, or from one with a long name where there is none yet."""
    facts: dict[str, Any] = dict(TEMPLATES[name].longest)
    if site and "site" in facts:
        facts |= {"site": site.name, "phone": site.phone}
    facts |= dict.fromkeys(facts.keys() & {"until", "day"}, day)
    return _preview(name, language, words, facts)


def at_worst(name: str, language: str, words: str | None) -> Preview:
    """With the longest names and days there are."""
    return _preview(name, language, words, TEMPLATES[name].longest)


def says_how_to_stop(name: str, words: str) -> bool:
    """Whether someone learns how to stop messages; the staff is not told."""
    folded = words.casefold()
    return name == "staff_alert" or "stop" in folded or "стоп" in folded


def _preview(name: str, language: str, words: str | None, facts: Mapping[str, Any]) -> Preview:
    text = text_of_template(name, language, facts, words)
    written = plain_signs(words or usual_words(name, language))
    return Preview(text, measure(text), is_gsm7(text) and not is_gsm7(written))
