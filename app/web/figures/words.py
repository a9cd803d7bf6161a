"""How pictures and tables speak a reader's language."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from analysis.plots import Writing
from app.core.i18n import N_, translations
from app.domain.chains.rules import ChainState
from app.domain.participants.rules import EntryRoute, Sex
from app.domain.programmes.queries import SiteFacts

# The same for a small count and for one withheld with it: telling them apart would tell too much.
WITHHELD = "<5*"

NAMES: Mapping[str, str] = {
    Sex.FEMALE.value: N_("women"),
    Sex.MALE.value: N_("men"),
    Sex.OTHER.value: N_("another sex"),
    "male_or_other": N_("men and others"),
    "under 18": N_("under 18"),
    "45 and over": N_("45 and over"),
    "no": N_("reached for the first time"),
    "yes": N_("reached before"),
    "": N_("not known"),
    EntryRoute.OUTREACH.value: N_("outreach"),
    EntryRoute.MALE_PARTNER.value: N_("a male partner"),
    EntryRoute.FRIEND.value: N_("a friend"),
    EntryRoute.SERVICE_CLIENT.value: N_("was a client of services before"),
    EntryRoute.SELF.value: N_("came unasked"),
    ChainState.GROWING.value: N_("growing"),
    ChainState.STALLED.value: N_("stalled"),
    ChainState.ENDED.value: N_("ended"),
}
# "other" is a sex and a route; a grouping says which it means.
ROUTE_NAMES = {**NAMES, EntryRoute.OTHER.value: N_("another way")}


@cache
def gettext_of(language: str) -> Callable[[str], str]:
    return translations(language).gettext


def name(word: str, language: str, *, grouping: str = "") -> str:
    """A group, sex or state as people call it; what has no name of its own stays as it is."""
    names = ROUTE_NAMES if grouping == "entry_route" else NAMES
    return gettext_of(language)(names[word]) if word in names else word


def site_name(site: SiteFacts, language: str) -> str:
    """A site in the reader's language, else in any it has."""
    return site.name.get(language) or next(iter(site.name.values()), site.code)


@cache
def writing(language: str) -> Writing:
    """Numbers, shares and months as the language writes them."""

    def month(day: date) -> str:
        return format_date(day, "LLL yyyy", locale=language)

    def percent(share: float) -> str:
        """Never nothing of what is there: a share below one percent is said to be so."""
        is_small = 0 < share < 0.01
        told = format_percent(0.01 if is_small else share, "#,##0 %", locale=language)
        return f"<{told}" if is_small else str(told)

    return Writing(
        number=lambda value: str(format_decimal(value, locale=language)),
        percent=percent,
        month=month,
        decimal=lambda value: str(format_decimal(value, "#,##0.00", locale=language)),
        day=lambda day: str(format_date(day, "medium", locale=language)),
    )


@cache
def writing_of_small(language: str) -> Writing:
    """The same, where a count of nobody stands for one that is withheld."""
    usual = writing(language)
    return replace(usual, number=lambda value: usual.number(value) if value else WITHHELD)
