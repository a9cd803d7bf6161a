"""Who was reached: the figures, pictures and tables of the reach page, on paper."""

from collections.abc import Callable
from datetime import date

from app.domain.chains.rules import ChainState
from app.printing.report import Block, KeyFigure, KeyFigures, Paragraph, Picture, Section
from app.web.figures.reach import Line
from app.web.figures.reach_pictures import PEOPLE_ONLY, TITLES, draw
from app.web.figures.report.facts import Facts
from app.web.figures.report.voice import Voice
from app.web.figures.words import name, writing

WIDE = 640


def in_short(facts: Facts, voice: Voice) -> Section:
    """The numbers to be seen first."""
    _, reach, every = voice.gettext, facts.reach, facts.chains
    everyone, states = reach.everyone, {state: every.in_state(state) for state in ChainState}
    figures = (
        KeyFigure(
            _("People reached"),
            voice.count(reach.participants),
            _("seeds among them: {n}").format(n=voice.number(reach.seeds)),
        ),
        KeyFigure(
            _("Women"),
            voice.count(everyone.women),
            _("shown from five women and five others on") if everyone.women is None else "",
        ),
        KeyFigure(_("Share of women"), voice.percent(everyone.share), _range(everyone, voice)),
        KeyFigure(
            _("Chains"),
            voice.number(len(every.lines)),
            _("growing: {growing}, stalled: {stalled}, ended: {ended}").format(
                **{state.value: voice.number(n) for state, n in states.items()}
            ),
        ),
        KeyFigure(
            _("Most waves"),
            voice.number(max(len(every.waves) - 1, 0)),
            _("after the seed, in the longest chain"),
        ),
        KeyFigure(
            _("Matured redemption rate"),
            voice.percent(reach.coupons.matured_redemption_rate),
            _("of the coupons whose last day is past"),
        ),
    )
    remark = _("Composition of those reached, not an estimate of the population.")
    return Section(_("In short"), (KeyFigures(figures), Paragraph(remark, is_soft=True)))


def who_was_reached(facts: Facts, voice: Voice) -> Section:
    """The composition of those reached, over time and by each grouping."""
    _, reach = voice.gettext, facts.reach
    blocks = (
        Paragraph(_("Composition of those reached, not an estimate of the population.")),
        KeyFigures(
            (
                _women_without_seeds(facts, voice),
                KeyFigure(
                    _("Reached for the first time"),
                    voice.count(reach.first_time),
                    _("had not been reached by any service before"),
                ),
                KeyFigure(
                    _("Sex not known or not said"),
                    voice.count(reach.everyone.not_known),
                    _("counted among the people reached, not in the shares"),
                ),
                KeyFigure(
                    _("Walk-ins"),
                    voice.count(reach.walk_ins),
                    _("served without a coupon, not among the people reached"),
                ),
            )
        ),
    )
    if not reach.participants:
        return Section(_("Who was reached"), blocks)
    parts = (_over_time(facts, voice), *(_by(facts, voice, by) for by in reach.groupings))
    return Section(_("Who was reached"), blocks, parts)


def _women_without_seeds(facts: Facts, voice: Voice) -> KeyFigure:
    _, reach = voice.gettext, facts.reach
    title, line, bounds = _("Share of women without seeds"), reach.without_seeds, None
    if line.share is not None:
        return KeyFigure(title, voice.percent(line.share), _range(line, voice))
    bounds = reach.range_without_seeds
    if bounds is None:
        return KeyFigure(title, voice.percent(None))
    remark = _("The exact share would tell who the few seeds are.")
    return KeyFigure(title, voice.interval(*bounds), remark)


def _over_time(facts: Facts, voice: Voice) -> Section:
    _, course = voice.gettext, facts.reach.course
    is_split = bool(course.of.any())
    about = TITLES["over-time"] if is_split else PEOPLE_ONLY
    title = _(about)
    shown = (
        _(
            "Running totals up to the end of the week. A week is shown only when at least five "
            "women and five others have come since the week before it in this table."
        )
        if is_split
        else _(
            "Running totals up to the end of the week. A week is shown only when at least five "
            "people have come since the week before it in this table."
        )
    )
    uncertain = _(
        "Intervals are Wilson's 95 %% intervals; people of one chain resemble each other, so the "
        "truth is less certain than they say."
    )
    mark = _(
        "Mark: %(mark)s women. The peer-driven intervention in Ukraine reached 30 %% in 2007–2013 "
        "(UNODC, practical guide on services for women who inject drugs, §3.4)."
    )
    whole = writing(voice.language).percent(facts.programme.women_mark)
    blocks: list[Block] = [
        _picture(facts, "over-time", title, voice),
        Paragraph(mark % {"mark": whole}, is_soft=True),
        _table(facts, voice, _("week of"), course.lines, lambda line: _week(line, voice)),
        Paragraph(shown, is_soft=True),
        Paragraph(uncertain % (), is_soft=True),
    ]
    return Section(title, tuple(blocks))


def _by(facts: Facts, voice: Voice, by: str) -> Section:
    _, grouping = voice.gettext, facts.reach.groupings[by]
    title = _(TITLES[by])

    def named(line: Line) -> str:
        return facts.names.get(line.group) or name(line.group, voice.language, grouping=by)

    blocks: list[Block] = [
        _picture(facts, by, title, voice),
        _table(facts, voice, _("group"), grouping.lines, named),
    ]
    if grouping.has_gaps:
        left_out = _("Groups with small counts are left out of the picture.")
        blocks.append(Paragraph(left_out, is_soft=True))
    return Section(title, tuple(blocks))


def _picture(facts: Facts, picture: str, title: str, voice: Voice) -> Picture:
    svg = draw(
        facts.reach,
        picture,
        mark=facts.programme.women_mark,
        language=voice.language,
        names=facts.names,
        width=WIDE,
    )
    told = voice.gettext("The figures of this picture are in the table below it.")
    return Picture(svg, "", f"{title}. {told}")


def _table(
    facts: Facts, voice: Voice, first: str, lines: tuple[Line, ...], named: Callable[[Line], str]
) -> Block:
    caption = voice.gettext("Table behind this picture")
    return voice.lines(caption, first, lines, others=facts.others, name=named)


def _week(line: Line, voice: Voice) -> str:
    return voice.day(date.fromisoformat(line.group), "medium")


def _range(line: Line, voice: Voice) -> str:
    if line.low is None or line.high is None:
        return ""
    sentence = voice.gettext("95 %% interval: %(low)s to %(high)s")
    return sentence % {"low": voice.percent(line.low), "high": voice.percent(line.high)}
