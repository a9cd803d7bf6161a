"""The picture of a site's cash over the last weeks, in the reader's language."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from babel.numbers import format_decimal

from analysis import plots
from app.core.i18n import N_, with_minus
from app.core.money import Money
from app.web.figures.words import gettext_of, writing

WIDE, NARROW = 520, 320
TITLE = N_("Cash at the end of each day")


def draw_float(
    course: Sequence[tuple[date, int]],
    *,
    place: str,
    currency: str,
    low_minor: int,
    language: str,
    width: int = WIDE,
) -> str:
    """What a site's cash was day by day; ``place`` names the site, ``low_minor`` of 0 draws no line."""
    _ = gettext_of(language)

    def write(amount: float) -> str:
        pattern = "#,##0" if amount == round(amount) else "#,##0.##"
        return with_minus(str(format_decimal(amount, pattern, locale=language)))

    low = Money(low_minor, currency)
    return plots.draw_level(
        [day for day, _minor in course],
        np.array([float(Money(minor, currency).major) for _day, minor in course]),
        low=float(low.major),
        words=plots.LevelWords(
            title=f"{_(TITLE)}: {place}, {currency}",
            description=_("A step for each day, and a dashed line below which cash is low."),
            low=_("low below {amount}").format(amount=write(float(low.major))),
            nothing=_("There was no cash here yet."),
        ),
        writing=writing(language),
        value=write,
        width=width,
    )
