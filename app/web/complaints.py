"""What is wrong with a field of a form, said beside the field."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core.i18n import N_, translations


@dataclass(frozen=True)
class Complaint:
    """A text to translate, and what to put into it."""

    text: str
    facts: Mapping[str, object] = field(default_factory=dict)


Complaints = dict[str, Complaint]

EMPTY = Complaint(N_("Please fill this in."))
NOT_WHOLE = Complaint(N_("Please enter a whole number, zero or more."))
NOT_AN_AMOUNT = Complaint(
    N_("Please enter an amount in digits, with no more decimals than the currency has.")
)
NOT_A_DAY = Complaint(N_("Please give a day, such as 2026-03-31."))
TOO_LONG = Complaint(N_("Please make this shorter."))


def in_words(complaints: Complaints, language: str) -> dict[str, str]:
    """By field, as the reader sees them."""
    gettext = translations(language).gettext
    return {name: gettext(each.text) % each.facts for name, each in complaints.items()}
