"""How long money has waited to be claimed, by site: the table and its picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from babel.numbers import format_decimal
from markupsafe import Markup

from analysis import plots
from app.core.money import Money
from app.domain.unclaimed.queries import Waiting
from app.domain.unclaimed.rules import AGES, WARNING_DAYS, band_of
from app.web.figures.money_pictures import NARROW, WIDE
from app.web.figures.words import gettext_of, writing


@dataclass(frozen=True)
class Ages:
    """What waits, by the first day of each age. Amounts are whole programmes' or sites', never people's."""

    waiting: Sequence[Waiting]
    currency: str
    today: date

    @property
    def bands(self) -> tuple[int, ...]:
        return AGES

    def amount(self, band: int | None = None, site_id: UUID | None = None) -> Money:
        """What has waited for so long, or all of it; at all sites, or at one."""
        minor = sum(each.amount.minor for each in self._of(band, site_id))
        return Money(minor, self.currency)

    def rewards(self, band: int | None = None, site_id: UUID | None = None) -> int:
        return len(self._of(band, site_id))

    def expiring(self) -> tuple[int, Money]:
        """What expires within the days for which it is announced."""
        soon = [
            each.amount.minor
            for each in self.waiting
            if each.expires_on and (each.expires_on - self.today).days <= WARNING_DAYS
        ]
        return len(soon), Money(sum(soon), self.currency)

    def draw(self, language: str, *, is_narrow: bool = False) -> Markup:
        _ = gettext_of(language)
        words = plots.AgeWords(
            title=f"{_('How long it has waited')}, {self.currency}",
            description=_("A bar for each age: its length is the amount that has waited so long."),
            ages=tuple(age_name(band, language) for band in AGES),
        )

        def told(amount: float) -> str:
            return str(format_decimal(amount, "#,##0.##", locale=language))

        amounts = [float(self.amount(band).major) for band in AGES]
        return Markup(
            plots.draw_ages(
                amounts,
                words=words,
                writing=writing(language),
                value=told,
                width=NARROW if is_narrow else WIDE,
            )
        )

    def _of(self, band: int | None, site_id: UUID | None) -> list[Waiting]:
        return [
            each
            for each in self.waiting
            if site_id in (None, each.site_id)
            and (band is None or band_of(each.days(self.today)) == band)
        ]


def age_name(band: int, language: str) -> str:
    """What an age is called, by the first of its days.

    >>> [age_name(band, "en") for band in (0, 30, 365)]
    ['Less than 30 days', '30 to 59 days', '365 days and more']
    """
    _ = gettext_of(language)
    later = [age for age in AGES if age > band]
    if not later:
        return _("%(days)s days and more") % {"days": band}
    if band == 0:
        return _("Less than %(days)s days") % {"days": later[0]}
    return _("%(first)s to %(last)s days") % {"first": band, "last": later[0] - 1}
