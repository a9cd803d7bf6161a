"""What comes next: the forecast of the page of that name, if nothing is changed, on paper."""

from collections.abc import Sequence
from datetime import date

from app.core.money import Money
from app.printing.report import Block, KeyFigure, KeyFigures, Paragraph, Picture, Section, Table
from app.web.figures import forecast_pictures as drawing
from app.web.figures.files import Cell
from app.web.figures.forecasts import Future, Outlook
from app.web.figures.report.facts import Facts
from app.web.figures.report.reached import WIDE
from app.web.figures.report.voice import Voice

EVERY = 4  # weeks between the rows of a table


def what_comes_next(facts: Facts, voice: Voice) -> Section:
    """How many people, what share of women and what cost, if it goes on as it does."""
    _, outlook = voice.gettext, facts.outlook
    title = _("What comes next")
    if outlook is None:
        words = _("Too little is known yet to tell.")
        return Section(title, (Paragraph(words),))
    words = _(
        "How many people, and what share of women, if recruitment goes on as it does. It is drawn "
        "from what has been seen so far: it knows nothing of holidays, of bad weeks, or of a town "
        "where everyone has been reached."
    )
    key = KeyFigures(tuple(_key(outlook.future, voice)))
    parts = tuple(_part(facts, outlook, voice, figure) for figure in drawing.TITLES)
    return Section(title, (Paragraph(words), key), parts)


def _key(future: Future, voice: Voice) -> list[KeyFigure]:
    _, people, share = voice.gettext, future.people_at_end, future.share_at_end
    last = voice.day(future.days[-1].astype(object))
    figures = [
        KeyFigure(
            _("People reached on {day}").format(day=last),
            _whole(people.median, voice),
            _in_9_of_10(_whole(people.low, voice), _whole(people.high, voice), voice),
        )
    ]
    if share.median is not None:
        between = _in_9_of_10(voice.percent(share.low), voice.percent(share.high), voice)
        figures.append(KeyFigure(_("Share of women then"), voice.percent(share.median), between))
    if future.target:
        figures += _target(future, voice)
    if cost := future.cost_per_woman:
        low, middle, high = (each.text(voice.language) for each in cost)
        figures.append(
            KeyFigure(_("Cost for each woman reached"), middle, _in_9_of_10(low, high, voice))
        )
    ends = _("no coupon is out any more, and no seeds are planned")
    title = _("Chance that recruitment ends by itself")
    return [*figures, KeyFigure(title, voice.percent(future.dies_out), ends)]


def _target(future: Future, voice: Voice) -> list[KeyFigure]:
    _, met = voice.gettext, future.met_on
    title = _("Target of %(n)s people met") % {"n": _whole(future.target, voice)}
    chance = KeyFigure(_("Chance of meeting it in this time"), voice.percent(future.meets_within))
    if met is None:
        return [KeyFigure(title, _("not within this time")), chance]
    low, middle, high = map(voice.day, met)
    sentence = _("between %(low)s and %(high)s in 9 of 10 futures that meet it")
    told = middle if future.is_likely_to_meet else _("probably not within this time")
    return [KeyFigure(title, told, sentence % {"low": low, "high": high}), chance]


def _part(facts: Facts, outlook: Outlook, voice: Voice, figure: str) -> Section:
    _, title = voice.gettext, voice.gettext(drawing.TITLES[figure])
    svg = drawing.draw(
        outlook,
        facts.reach,
        figure,
        mark=facts.programme.women_mark,
        language=voice.language,
        width=WIDE,
    )
    told = _("The past as a line, and what is to come as a fan of intervals.")
    blocks: list[Block] = [
        Picture(svg, "", f"{title}. {told}", share=0.85),
        _table(outlook, voice, figure),
    ]
    if figure == "cost":
        words = _("What people earn by the rules of now: nothing for rooms or staff.")
        return Section(title, (*blocks, Paragraph(words, is_soft=True)))
    return Section(title, tuple(blocks))


def _table(outlook: Outlook, voice: Voice, figure: str) -> Table:
    """Every few weeks of the table behind the picture."""
    columns, *rows = drawing.table(outlook, figure, voice.language)
    told = tuple(_row(row, outlook.future.currency, voice, figure) for row in rows[::EVERY])
    caption = voice.gettext("Every fourth week of this picture")
    return Table(caption, tuple(map(str, columns)), told)


def _row(row: Sequence[Cell], currency: str, voice: Voice, figure: str) -> tuple[str, ...]:
    day, *values = row
    if figure == "cost":
        told = [Money(int(value or 0), currency).text(voice.language) for value in values]
    else:
        told = [voice.cell(value, is_share=figure == "share") for value in values]
    return (voice.day(date.fromisoformat(str(day)), "medium"), *told)


def _in_9_of_10(low: str, high: str, voice: Voice) -> str:
    sentence = voice.gettext("in 9 of 10 futures from %(low)s to %(high)s")
    return sentence % {"low": low, "high": high}


def _whole(value: float | None, voice: Voice) -> str:
    return voice.cell(None if value is None else round(value))
