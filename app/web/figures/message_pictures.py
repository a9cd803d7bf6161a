"""The picture of messages over the last days, in the reader's language."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from analysis import plots
from app.core.i18n import N_
from app.domain.traffic.queries import Counts, DayCounts
from app.web.figures.words import gettext_of, writing

WIDE, NARROW = 900, 320
DAYS = 14
TITLE = N_("Messages of the last two weeks")


def every_day(found: Sequence[DayCounts], today: date) -> list[DayCounts]:
    """The last days, today included, and with those on which nothing happened."""
    known = {each.day: each for each in found}
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    return [known.get(day, DayCounts(day, Counts())) for day in days]


def draw_messages(days: Sequence[DayCounts], language: str, width: int) -> str:
    """What arrived and what did not, one above the other, and a line of what was handed to providers."""
    _ = gettext_of(language)
    counts = [each.counts for each in days]
    return plots.draw_amounts(
        [each.day for each in days],
        np.array(
            [[each.delivered for each in counts], [each.failed + each.refused for each in counts]],
            dtype=float,
        ),
        [_("arrived"), _("refused or did not arrive")],
        standing=np.array([each.accepted for each in counts], dtype=float),
        words=plots.AmountWords(
            title=_(TITLE),
            description=_(
                "A bar for each day: what arrived and what did not. The line is what was handed to the providers."
            ),
            standing=_("handed to the providers"),
        ),
        writing=writing(language),
        by_day=True,
        width=width,
    )
