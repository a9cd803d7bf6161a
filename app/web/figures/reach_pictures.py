"""The pictures of the reach page, in the reader's language."""

from collections.abc import Mapping

import numpy as np

from analysis import plots
from app.core.i18n import N_
from app.web.figures.reach import Grouping, Reach
from app.web.figures.words import gettext_of, name, writing, writing_of_small

WIDE, NARROW = 520, 320
WIDTHS = {"over-time": 900}

PEOPLE_ONLY = N_("People reached over time")
TITLES: Mapping[str, str] = {
    "over-time": N_("People reached, and the share of women, over time"),
    "site": N_("By site"),
    "wave": N_("By wave"),
    "age_band": N_("By age band"),
    "entry_route": N_("By the way the chain's seed was found"),
    "reached_before": N_("Reached before, or for the first time"),
}


def draw(
    reach: Reach,
    picture: str,
    *,
    mark: float,
    language: str,
    names: Mapping[str, str],
    width: int = WIDE,
) -> str:
    """One of ``TITLES`` as SVG. ``names`` are of groups that have names of their own, such as sites."""
    if picture == "over-time":
        return _over_time(reach, mark, language, width)
    grouping = reach.groupings[picture]
    if picture == "wave":
        return _by_wave(grouping, mark, language, width)
    _, shown, about = gettext_of(language), grouping.splits.is_split, TITLES[picture]
    groups = [
        names.get(line.group) or name(line.group, language, grouping=picture)
        for line in grouping.lines
        if line.share is not None
    ]
    return plots.draw_by_group(
        groups,
        n=grouping.splits.n[shown],
        of=grouping.splits.of[shown],
        people=grouping.splits.people[shown],
        mark=mark,
        words=plots.GroupWords(
            title=_(about),
            description=_("A bar for each group: its length is people, its dark part is women."),
            focus=_("women"),
            others=name(reach.others_level, language),
            unknown=_("not known"),
            mark=_("mark"),
        ),
        writing=writing(language),
        width=width,
    )


def _over_time(reach: Reach, mark: float, language: str, width: int) -> str:
    _, course = gettext_of(language), reach.course
    about = TITLES["over-time"] if course.of.any() else PEOPLE_ONLY
    return plots.draw_over_time(
        course.weeks,
        people=course.people,
        n=course.n,
        of=course.of,
        mark=mark,
        words=plots.TimeWords(
            title=_(about),
            description=_("Week by week: people reached in all.")
            if about == PEOPLE_ONLY
            else _(
                "Week by week: people reached in all, and the share of women among them "
                "with its 95 % interval, against the mark."
            ),
            people=_("People reached in all"),
            share=_("Share of women among them, 95 % interval"),
            mark=_("mark"),
            nobody=_("This picture begins when five people have come."),
        ),
        writing=writing(language),
        width=width,
    )


def _by_wave(grouping: Grouping, mark: float, language: str, width: int) -> str:
    _, splits, about = gettext_of(language), grouping.splits, TITLES["wave"]
    return plots.draw_by_wave(
        np.where(splits.is_split, splits.n, 0),
        np.where(splits.is_split, splits.of, 0),
        mark=mark,
        words=plots.WaveWords(
            title=_(about),
            description=_(
                "The share of women in each wave of recruitment, with its 95 % interval."
            ),
            share=_("Share of women, 95 % interval"),
            wave=_("Wave (0 = seeds)"),
            people=_("people"),
        ),
        writing=writing_of_small(language),
        width=width,
    )
