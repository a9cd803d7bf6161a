"""The way from a coupon to a recruiter: how many took each step, and the share who went on."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.plots.legend import legend
from analysis.plots.svg import INK, QUIET, document, element, heading, text, text_width
from analysis.plots.words import COLOURS, FOCUS, WITHHELD, WRITING, Writing

_PALE = "#e8edf3"
_EVERYONE = "#5d6b7a"
_BAR, _GAP, _HEAD, _AFTER = 18.0, 3.0, 20.0, 14.0


@dataclass(frozen=True)
class CascadeWords:
    """What the picture says, in the reader's language."""

    title: str = "From a coupon to a recruiter"
    description: str = (
        "A bar for each step and group: how many took the step, and the share of the step before."
    )
    everyone: str = "all"
    went_on: str = "{share} of the step before"


def draw_cascade(
    steps: Sequence[str],
    counts: Sequence[Sequence[int | None]],
    groups: Sequence[str],
    *,
    words: CascadeWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """Bars for the groups at each step, and the share of the same group's step before.

    Args:
        steps: (s,) names of the steps, first to last.
        counts: for each step one count a group, or a single count of everyone where the groups are
            not known yet; None is withheld.
        groups: (g,) names of the groups, the one to be followed first.

    >>> svg = draw_cascade(["redeemed", "enrolled"], [[10, 30], [8, None]], ["women", "others"])
    >>> "80" in svg, "&lt;5*" in svg
    (True, True)
    """
    words = words or CascadeWords()
    colours = (FOCUS, COLOURS[1], COLOURS[2])
    together = any(len(row) == 1 < len(groups) for row in counts)
    entries = [*zip(groups, colours, strict=False)]
    if together:
        entries.append((words.everyone, _EVERYONE))
    key = legend(
        [
            (element("rect", x=-6, y=-6, width=12, height=12, fill=colour), name)
            for name, colour in entries
        ],
        width,
    )
    longest = max([1, *(count for row in counts for count in row if count is not None)])
    y, body, before = key.height + 8, list(key.parts), tuple[int | None, ...]()
    for name, row in zip(steps, counts, strict=True):
        y += _HEAD
        body.append(heading(name, 4, y - 6, width - 8))
        looks = colours if len(row) == len(groups) else (_EVERYONE,)
        for i, (count, colour) in enumerate(zip(row, looks, strict=False)):
            was = before[i] if len(before) == len(row) else None
            went_on = f"{writing.percent(count / was)}" if count is not None and was else None
            body += _bar(count, went_on, y, longest, width, colour, writing, words)
            y += _BAR + _GAP
        before = tuple(row)
        y += _AFTER
    return document(width, y, title=words.title, description=words.description, body=body)


def _bar(
    count: int | None,
    share: str | None,
    y: float,
    longest: int,
    width: float,
    colour: str,
    writing: Writing,
    words: CascadeWords,
) -> list[str]:
    """The bar on its pale track, its count, and the share that went on."""
    went_on = words.went_on.format(share=share) if share else ""
    label = WITHHELD if count is None else writing.number(count)
    room = width - 8.0
    parts = [element("rect", x=4, y=y, width=room, height=_BAR, fill=_PALE, rx=2)]
    long = room * (count or 0) / longest
    if long:
        parts.append(element("rect", x=4, y=y, width=long, height=_BAR, fill=colour, rx=2))
    wide = text_width(label)
    inside = long > wide + 12
    x, ink = (10.0, "#fff") if inside else (long + 10, INK)
    parts.append(text(label, x, y + 13.5, fill=ink, weight="600"))
    if went_on:
        parts.append(_share(went_on, long, (0 if inside else wide + 12), y, room))
    return parts


def _share(label: str, long: float, taken: float, y: float, room: float) -> str:
    """Right of the bar where there is room, else at the end of it."""
    wide = text_width(label, 12)
    if long + taken + wide + 20 < room:
        return text(label, long + taken + 12, y + 13, size=12, fill=QUIET)
    return text(label, long - 4, y + 13, size=12, fill="#fff", anchor="end")
