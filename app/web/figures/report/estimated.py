"""What share women may have in the population: the figures of the page of estimates, on paper."""

from collections.abc import Mapping

from app.core.i18n import N_
from app.printing.report import Block, Caution, Definitions, Paragraph, Picture, Section, Table
from app.web.figures import estimate_pictures as drawing
from app.web.figures.cautions import cautions_in_words
from app.web.figures.estimate_words import ABOUT, BOOTSTRAPS, HOMOPHILY, NAMES
from app.web.figures.estimates import Question, Row
from app.web.figures.report.facts import Estimated, Facts
from app.web.figures.report.reached import WIDE
from app.web.figures.report.voice import NOTHING, Voice

MIXING: Mapping[str, str] = {
    "recruitment_homophily": N_("Recruitment homophily (as in R's RDS): 1 is none"),
    "differential_activity": N_(
        "Differential activity: how many people women know on average, divided by how many others "
        "know"
    ),
    "equilibrium": N_(
        "Equilibrium: the share of women that waves tend to, if everyone brings equally many"
    ),
    "waves_to_equilibrium": N_("Waves until the composition is within 2 points of it"),
}


def estimates(facts: Facts, voice: Voice) -> Section:
    """Every estimator that is offered, with its interval, and how well its assumptions hold."""
    _, found = voice.gettext, facts.estimated
    title = _("Estimates of the population")
    if found is None:
        words = _(
            "Estimates begin with five women and five others whose sex is known: with fewer, the "
            "figures would be of single people."
        )
        return Section(title, (Paragraph(words),))
    words = _(
        "What share women may have among all people the programme is for, not only among those who "
        "came. Each way of estimating rests on assumptions that cannot be checked in full: where "
        "they differ much, trust none of them alone."
    )
    svg = drawing.draw_estimates(
        found.rows, mark=facts.programme.women_mark, language=voice.language, width=WIDE
    )
    about = _(
        "Points and 95 %% intervals. The square is the composition of those reached: no estimate."
    )
    left_out = _(
        "People whose sex is not known; for the estimates also those whose network size is not."
    )
    blocks = (
        Paragraph(words),
        Picture(svg, _("Share of women, by each way of estimating"), about % (), share=0.85),
        _table(found, voice),
        Paragraph(_intervals(found, voice), is_soft=True),
        Paragraph(f"{_('Left out')}: {left_out}", is_soft=True),
        _about(found, voice),
    )
    parts = (
        _cautions(facts, voice),
        _settling(found, facts, voice),
        _mixing(found, facts, voice),
    )
    return Section(title, blocks, parts)


def _cautions(facts: Facts, voice: Voice) -> Section:
    """What the assumptions look like in this sample, gravest first."""
    _, title = voice.gettext, voice.gettext("What to bear in mind")
    cautions = cautions_in_words(
        facts.live.sample,
        Question(),
        others_level=facts.reach.others_level,
        language=voice.language,
    )
    if not cautions:
        words = _("Nothing speaks against the assumptions, as far as they can be checked.")
        return Section(title, (Paragraph(words),))
    return Section(title, tuple(Caution(each) for each in cautions))


def _table(found: Estimated, voice: Voice) -> Table:
    _ = voice.gettext
    columns = (
        _("way of estimating"),
        _("share of women"),
        _("95 %% interval") % (),
        _("standard error"),
        _("design effect"),
        _("people counted"),
        _("left out"),
    )
    rows = tuple(_row(row, voice) for row in found.rows)
    return Table(_("Table behind this picture"), columns, rows)


def _row(row: Row, voice: Voice) -> tuple[str, ...]:
    _ = voice.gettext
    counts = (row.used, row.left_out)
    return (
        _(NAMES[row.estimator]),
        voice.percent(row.share),
        voice.interval(row.low, row.high),
        voice.percent(row.se),
        voice.decimal(row.design_effect),
        *(NOTHING if row.share is None else voice.count(n) for n in counts),
    )


def _intervals(found: Estimated, voice: Voice) -> str:
    """How each interval was made."""
    _ = voice.gettext
    made = [
        f"{_(NAMES[row.estimator])}: {_(BOOTSTRAPS[row.bootstrap])}, {voice.number(row.replicates)}"
        for row in found.rows
        if row.bootstrap and row.replicates
    ]
    if not made:
        return _("There are too few people for intervals yet.")
    return _("Intervals by, and how many replicates: {ways}").format(ways="; ".join(made))


def _about(found: Estimated, voice: Voice) -> Definitions:
    """What each says, and why it has no figure where it has none."""
    _ = voice.gettext
    lacking = {
        row.estimator: _("The size of the population was not given.")
        if row.estimator == "gile_ss"
        else _(
            "It cannot be computed from these chains: recruitment does not mix enough, or network "
            "sizes are missing."
        )
        for row in found.rows
        if row.share is None
    }
    return Definitions(
        tuple(
            (_(NAMES[each]), " ".join(filter(None, (_(ABOUT[each]), lacking.get(each)))))
            for each in (row.estimator for row in found.rows)
        )
    )


def _settling(found: Estimated, facts: Facts, voice: Voice) -> Section:
    """How the estimate came to rest, in all and within each large chain."""
    _, courses, language = voice.gettext, found.courses, voice.language
    title = _("How the estimate settled")
    moved = _(
        "The estimate has moved by more than 2 points since half of the people had come: it may not "
        "have settled yet."
    )
    rested = _(
        "Since half of the people had come, the estimate has stayed within 2 points of what it is "
        "now."
    )
    svg = drawing.draw_convergence(courses, language=language, width=WIDE)
    blocks: list[Block] = [Picture(svg, "", title, share=0.85)]
    if courses.settling.is_settled is not None:
        settled = courses.settling.is_settled
        blocks.append(Paragraph(rested) if settled else Caution(moved))
    if len(courses.chains) > 1:
        svg = drawing.draw_chains(courses, facts.live.labels, language=language, width=WIDE)
        words = _(
            "Lines that end far apart say that people of one chain hardly know people of another."
        )
        apart = _("The estimate within each large chain")
        blocks += [Picture(svg, apart, words, share=0.85), Paragraph(words, is_soft=True)]
    return Section(title, tuple(blocks))


def _mixing(found: Estimated, facts: Facts, voice: Voice) -> Section:
    """Homophily and the other figures under the estimates."""
    _, its = voice.gettext, found.mixing
    both = tuple(
        (_(name), *(voice.decimal(value) for value in its.homophily[each]))
        for each, name in HOMOPHILY.items()
    )
    waves = its.waves_to_equilibrium
    single = {
        "recruitment_homophily": voice.decimal(its.recruitment_homophily),
        "differential_activity": voice.decimal(its.differential_activity),
        "equilibrium": voice.percent(its.equilibrium),
        "waves_to_equilibrium": NOTHING if waves is None else voice.number(waves),
    }
    title = _("Who recruits whom, in figures")
    figure, value = _("figure"), _("value")
    blocks = (
        Table(title, (figure, _("women"), facts.others), both),
        Table("", (figure, value), tuple((_(MIXING[each]), told) for each, told in single.items())),
    )
    return Section(title, blocks)
