"""The way from a coupon to a recruiter: how many took each step, and the share who went on."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.plots.legend import Legend, legend
from analysis.plots.svg import INK, QUIET, document, element, heading, text, text_width
from analysis.plots.words import COLOURS, FOCUS, WITHHELD, WRITING, Writing

_COLOURS = (FOCUS, COLOURS[1], COLOURS[2])
_PALE = "#e8edf3"
_EVERYONE = "#5d6b7a"
_BAR, _GAP, _HEAD, _AFTER = 18.0, 3.0, 20.0, 14.0


@dataclass(frozen=True)
class CascadeWords:
    """What the picture says, in the reader's language.

    >>> words = CascadeWords(went_on="{share} went on")
    >>> "went on" in draw_cascade(["redeemed", "enrolled"], [[10], [8]], ["women"], words=words)
    True
    """

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
    longest = max([1, *(count for row in counts for count in row if count is not None)])
    unit = (width - 8.0) / longest
    table = _bars(counts, len(groups), unit, writing, words)
    is_tight = any(not bar.has_room(width) for row in table for bar in row)
    key = _legend(counts, groups, words, width, is_tight=is_tight)
    y, body = key.height + 8, list(key.parts)
    for name, row in zip(steps, table, strict=True):
        y += _HEAD
        body.append(heading(name, 4, y - 6, width - 8))
        for bar in row:
            body += bar.drawn(y, width, is_tight=is_tight)
            y += _BAR + _GAP
        y += _AFTER
    return document(width, y, title=words.title, description=words.description, body=body)


@dataclass(frozen=True)
class _Bar:
    """A bar ``long`` units long: its count, the share that went on, and the same in words."""

    long: float
    colour: str
    count: str
    share: str
    in_words: str

    @property
    def is_count_inside(self) -> bool:
        return self.long > text_width(self.count) + 12

    @property
    def taken(self) -> float:
        """What the bar takes from the left, its count beside it included."""
        return self.long + (0 if self.is_count_inside else text_width(self.count) + 12)

    def has_room(self, width: float) -> bool:
        """Whether the share can be told in words, right of the bar or at its end."""
        wide = text_width(self.in_words, 12)
        beside = self.taken + wide + 20 < width
        return beside or self.long > wide + text_width(self.count) + 24

    def drawn(self, y: float, width: float, *, is_tight: bool) -> list[str]:
        parts = [element("rect", x=4, y=y, width=width - 8, height=_BAR, fill=_PALE, rx=2)]
        if self.long:
            bar = element("rect", x=4, y=y, width=self.long, height=_BAR, fill=self.colour, rx=2)
            parts.append(bar)
        x, ink = (10.0, "#fff") if self.is_count_inside else (self.long + 10, INK)
        parts.append(text(self.count, x, y + 13.5, fill=ink, weight="600"))
        label = self.share if is_tight else self.in_words
        if not label:
            return parts
        if self.taken + text_width(label, 12) + 16 < width:
            return [*parts, text(label, self.taken + 12, y + 13, size=12, fill=QUIET)]
        return [*parts, text(label, self.long - 4, y + 13, size=12, fill="#fff", anchor="end")]


def _bars(
    counts: Sequence[Sequence[int | None]],
    groups: int,
    unit: float,
    writing: Writing,
    words: CascadeWords,
) -> list[list[_Bar]]:
    table, before = list[list[_Bar]](), tuple[int | None, ...]()
    for row in counts:
        looks = _COLOURS if len(row) == groups else (_EVERYONE,)
        was = before if len(before) == len(row) else (None,) * len(row)
        table.append(
            [
                _bar(count, earlier, colour, unit, writing, words)
                for count, earlier, colour in zip(row, was, looks, strict=False)
            ]
        )
        before = tuple(row)
    return table


def _bar(
    count: int | None,
    before: int | None,
    colour: str,
    unit: float,
    writing: Writing,
    words: CascadeWords,
) -> _Bar:
    if count is None:
        return _Bar(0.0, colour, WITHHELD, "", "")
    share = writing.percent(count / before) if before else ""
    in_words = words.went_on.format(share=share) if share else ""
    return _Bar(unit * count, colour, writing.number(count), share, in_words)


def _legend(
    counts: Sequence[Sequence[int | None]],
    groups: Sequence[str],
    words: CascadeWords,
    width: float,
    *,
    is_tight: bool,
) -> Legend:
    named = [*zip(groups, _COLOURS, strict=False)]
    if any(len(row) == 1 < len(groups) for row in counts):
        named.append((words.everyone, _EVERYONE))
    entries = [
        (element("rect", x=-6, y=-6, width=12, height=12, fill=colour), name)
        for name, colour in named
    ]
    if is_tight:
        entries.append(("", words.went_on.format(share="%")))
    return legend(entries, width)
