"""The pictures of money over time, in the reader's language."""

from collections.abc import Callable, Sequence

import numpy as np
from babel.numbers import format_decimal

from analysis import plots
from app.core.money import Money
from app.domain.spending.queries import Week
from app.domain.stipends.rules import Account
from app.web.figures.costs import Month
from app.web.figures.words import gettext_of, writing
from app.web.wording import ACCOUNTS

WIDE, NARROW = 900, 320
MOST_WEEKS = 52


def draw_costs(months: Sequence[Month], kinds: Sequence[Account], language: str, width: int) -> str:
    """What was earned in each month, by kind."""
    _ = gettext_of(language)
    amounts = np.array(
        [[float(month.earned[kind].major) for month in months] for kind in kinds], dtype=float
    ).reshape(len(kinds), len(months))
    currency = months[0].total.currency if months else ""
    return plots.draw_amounts(
        [month.first for month in months],
        amounts,
        [_(ACCOUNTS[kind]) for kind in kinds],
        words=plots.AmountWords(
            title=f"{_('Costs by month')}, {currency}",
            description=_(
                "A bar for each month: what was earned for each thing, one above the other."
            ),
            nothing=_("Nothing has been earned yet."),
        ),
        writing=writing(language),
        value=_whole(language),
        width=width,
    )


def draw_weeks(weeks: Sequence[Week], currency: str, language: str, width: int) -> str:
    """What was paid in each week, and what was owed at its end; of long programmes the last year."""
    _, told = gettext_of(language), weeks[-MOST_WEEKS:]

    def major(minor: int) -> float:
        return float(Money(minor, currency).major)

    return plots.draw_amounts(
        [week.monday for week in told],
        np.array([[major(week.paid) for week in told]]),
        [_("paid in the week")],
        standing=np.array([major(week.owed) for week in told]),
        words=plots.AmountWords(
            title=f"{_('Owed and paid by week')}, {currency}",
            description=_(
                "A bar for each week: what was paid. The line is what was owed at its end."
            ),
            standing=_("owed at its end"),
            nothing=_("Nothing has been earned yet."),
        ),
        writing=writing(language),
        value=_whole(language),
        width=width,
    )


def _whole(language: str) -> Callable[[float], str]:
    def write(amount: float) -> str:
        pattern = "#,##0" if amount == round(amount) else "#,##0.##"
        return str(format_decimal(amount, pattern, locale=language))

    return write
