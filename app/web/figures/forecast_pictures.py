"""The pictures and tables of the forecast page, in the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import isnan

from babel.dates import format_date
from babel.numbers import format_decimal

from analysis import plots
from app.core.i18n import N_
from app.core.money import Money
from app.web.figures.files import Cell
from app.web.figures.forecasts import Outlook, past
from app.web.figures.reach import Reach
from app.web.figures.words import gettext_of, writing

WIDE, NARROW = 760, 320

TITLES: Mapping[str, str] = {
    "people": N_("People reached, so far and to come"),
    "share": N_("Share of women, so far and to come"),
    "cost": N_("What it costs in all"),
}
VALUES: Mapping[str, str] = {
    "people": N_("People reached in all"),
    "share": N_("Share of women among those reached"),
    "cost": N_("Earned by people in all, in {currency}"),
}

VALUES_OF_WEEK = (
    N_("expected"),
    N_("1 in 20 is below"),
    N_("1 in 4 is below"),
    N_("1 in 4 is above"),
    N_("1 in 20 is above"),
)


def draw(
    outlook: Outlook, reach: Reach, figure: str, *, mark: float, language: str, width: int
) -> str:
    """The past as a line, the weeks to come as a fan, and a second fan for what is changed."""
    _, title, value = gettext_of(language), TITLES[figure], VALUES[figure]
    future, changed = outlook.future, outlook.changed
    weeks, so_far = past(reach, figure)
    met = _days_to_tell(outlook) if figure == "people" else None
    return plots.draw_forecast(
        weeks,
        so_far,
        future.fan(figure),
        what_if=changed.fan(figure) if changed else None,
        target={"people": future.target, "share": mark}.get(figure),
        met=met[::2] if met else None,
        is_share=figure == "share",
        value=_money(future.currency, language) if figure == "cost" else None,
        words=plots.ForecastWords(
            title=_(title),
            description=_("The past as a line, and what is to come as a fan of intervals."),
            value=_(value).format(currency=future.currency),
            past=_("so far"),
            expected=_("expected"),
            what_if=_("if changed"),
            interval=_("in {share} of futures"),
            target=_("mark") if figure == "share" else _("target"),
            met=_met(outlook, language) if figure == "people" else "",
            today=_("today"),
        ),
        writing=writing(language),
        width=width,
    )


def table(outlook: Outlook, figure: str, language: str) -> list[list[Cell]]:
    """The weeks to come; its first row is the heading. Costs are in minor units."""
    _ = gettext_of(language)
    heading: list[Cell] = [_("week"), *map(_, VALUES_OF_WEEK)]
    ways = (
        [(outlook.future, [])]
        if outlook.changed is None
        else [
            (outlook.future, [_("as now")]),
            (outlook.changed, [_("if changed")]),
        ]
    )
    rows: list[list[Cell]] = [[*([_("way")] if outlook.changed else []), *heading]]
    for future, way in ways:
        told = zip(future.days, future.quantiles(figure).T.tolist(), strict=True)
        for day, (low, quarter, middle, three, high) in told:
            values = (middle, low, quarter, three, high)
            rows.append([*way, str(day), *(_rounded(value, figure) for value in values)])
    return rows


def file_table(outlook: Outlook, figure: str, language: str) -> list[Sequence[Cell | Decimal]]:
    """The same for a spreadsheet: money in whole units of the currency, which the headings name."""
    columns, *rows = table(outlook, figure, language)
    if figure != "cost":
        return [columns, *rows]
    currency, texts = outlook.future.currency, len(columns) - len(VALUES_OF_WEEK)
    heading = [*columns[:texts], *(f"{each}, {currency}" for each in columns[texts:])]
    money = ([*row[:texts], *(_major(each, currency) for each in row[texts:])] for row in rows)
    return [heading, *money]


def _major(minor: Cell, currency: str) -> Decimal | None:
    return Money(int(minor), currency).major if minor is not None else None


def _rounded(value: float, figure: str) -> Cell:
    if isnan(value):
        return None
    return round(value, 3) if figure == "share" else round(value)


def _days_to_tell(outlook: Outlook) -> tuple[date, date, date] | None:
    return outlook.future.met_on if outlook.future.is_likely_to_meet else None


def _met(outlook: Outlook, language: str) -> str:
    days = _days_to_tell(outlook)
    if days is None:
        return ""
    _ = gettext_of(language)
    low, _middle, high = (_day(day, language) for day in days)
    return _("The target is met between {low} and {high} in 9 of 10 futures that meet it.").format(
        low=low, high=high
    )


def _day(day: date, language: str) -> str:
    return str(format_date(day, "long", locale=language))


def _money(currency: str, language: str) -> Callable[[float], str]:
    """Whole units of the currency: its axis has no room for more."""

    def write(minor: float) -> str:
        whole = Money(round(minor), currency).major
        return str(format_decimal(round(whole), locale=language))

    return write
