"""The form that opens a site: text in, a site or a complaint for each field out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from app.core.i18n import N_
from app.domain.programmes.queries import ProgrammeFacts
from app.printing.wording import telling_words
from app.web.complaints import EMPTY, NOT_WHOLE, TOO_LONG, Complaint, Complaints
from app.web.sheets import WEEKDAYS

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}")
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,28}")
LONGEST_LINE = 80
LONGEST_HOURS = 40

BAD_CODE = Complaint(N_("Please use up to twelve Latin capital letters, digits and hyphens."))
CODE_TAKEN = Complaint(N_("Another site has this code."))
BAD_PHONE = Complaint(N_("Please enter a telephone number in digits."))
BAD_ZONE = Complaint(N_("Please choose a time zone from the list, for example Europe/Kyiv."))
TELLING = N_(
    "This would stand on every card and tells too much: %(words)s. Please choose neutral words."
)


@dataclass(frozen=True)
class NewSite:
    """What ``open_site`` needs to know."""

    code: str
    name: dict[str, str]
    address: dict[str, str]
    phone: str
    timezone: str
    opening_hours: dict[str, str]
    women_only_hours: dict[str, str]
    target: int | None


@cache
def time_zones() -> tuple[str, ...]:
    """The zones of the world by place, without the abbreviations."""
    return tuple(sorted(zone for zone in available_timezones() if _is_place(zone)))


def read_site(
    entered: Mapping[str, str], programme: ProgrammeFacts, *, codes_taken: Sequence[str]
) -> tuple[NewSite | None, Complaints]:
    """The site that was entered, or what is wrong with which field."""
    site = NewSite(
        code=entered.get("code", "").strip().upper(),
        name={each: _text(entered, f"name_{each}") for each in programme.languages},
        address={each: _text(entered, f"address_{each}") for each in programme.languages},
        phone=_text(entered, "phone"),
        timezone=_text(entered, "timezone"),
        opening_hours=_hours(entered, "open"),
        women_only_hours=_hours(entered, "women"),
        target=_target(_text(entered, "target")),
    )
    complaints = {**_of_lines(site, programme), **_of_hours(entered)}
    if not CODE.fullmatch(site.code):
        complaints["code"] = BAD_CODE
    elif site.code in codes_taken:
        complaints["code"] = CODE_TAKEN
    if not PHONE.fullmatch(site.phone):
        complaints["phone"] = BAD_PHONE
    if site.timezone not in time_zones():
        complaints["timezone"] = BAD_ZONE
    if _text(entered, "target") and site.target is None:
        complaints["target"] = NOT_WHOLE
    return (None, complaints) if complaints else (site, {})


def _of_lines(site: NewSite, programme: ProgrammeFacts) -> Complaints:
    complaints: Complaints = {}
    for language in programme.languages:
        for field, words in (("name", site.name), ("address", site.address)):
            line = words[language]
            if not line:
                complaints[f"{field}_{language}"] = EMPTY
            elif len(line) > LONGEST_LINE:
                complaints[f"{field}_{language}"] = TOO_LONG
            elif telling := telling_words(line):
                facts = {"words": ", ".join(telling)}
                complaints[f"{field}_{language}"] = Complaint(TELLING, facts)
    return complaints


def _of_hours(entered: Mapping[str, str]) -> Complaints:
    names = (f"{kind}_{day}" for kind in ("open", "women") for day in WEEKDAYS)
    return {name: TOO_LONG for name in names if len(_text(entered, name)) > LONGEST_HOURS}


def _hours(entered: Mapping[str, str], kind: str) -> dict[str, str]:
    found = {day: _text(entered, f"{kind}_{day}") for day in WEEKDAYS}
    return {day: hours for day, hours in found.items() if hours}


def _target(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _text(entered: Mapping[str, str], name: str) -> str:
    return " ".join(entered.get(name, "").split())


def _is_place(zone: str) -> bool:
    return "/" in zone and not zone.startswith(("Etc/", "SystemV/", "posix/", "right/", "US/"))
