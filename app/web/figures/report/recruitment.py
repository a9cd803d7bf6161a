"""How people were recruited: the rules in force, seeds, coupons, chains, and who recruits whom."""

from collections import Counter

import numpy as np

from analysis.disclosure import THRESHOLD, withhold
from app.core.money import Money
from app.printing.report import (
    Block,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Picture,
    Section,
    Table,
)
from app.web.figures.chain_pictures import draw_matrix, draw_sizes
from app.web.figures.chains import ChainLine
from app.web.figures.report.facts import Facts
from app.web.figures.report.reached import WIDE
from app.web.figures.report.voice import Voice
from app.web.figures.words import name, writing

MOST_CHAINS = 40


def rules_in_force(facts: Facts, voice: Voice) -> Section:
    """What the protocol says today: what a reader needs to judge the rest."""
    _, rules, schedule = voice.gettext, facts.protocol, facts.protocol.stipends
    target = facts.programme.target

    def money(minor: int) -> str:
        return Money(minor, facts.programme.currency).text(voice.language)

    rows = (
        (_("Sites"), ", ".join(facts.names.values())),
        (_("People the programme means to reach"), voice.number(target) if target else "–"),
        (_("Coupons in a bundle, at most"), voice.number(rules.coupons_per_bundle)),
        (_("Days before a coupon can be used"), voice.number(rules.activation_delay_days)),
        (_("Days on which a coupon can be used"), voice.number(rules.validity_days)),
        (_("Least age"), voice.number(rules.minimum_age)),
        (_("For taking part"), money(schedule.primary)),
        (_("For each recruit"), money(schedule.recruitment)),
        (_("More for a woman as recruit"), money(schedule.steering_woman)),
    )
    table = Table(_("Rules in force today"), (_("rule"), _("value")), rows)
    words = _("A site may have other days; earlier coupons followed the rules of their own day.")
    return Section(_("Rules of recruitment"), (table, Paragraph(words, is_soft=True)))


def seeds(facts: Facts, voice: Voice) -> Section:
    """How many seeds, how they were found, when they began, and where."""
    _, sample = voice.gettext, facts.live.sample
    route, places = sample.trait("entry_route"), Counter(line.site for line in facts.chains.lines)
    chosen = np.flatnonzero(sample.recruiter < 0)
    routes = Counter(
        route.levels[code] if code >= 0 else "" for code in route.codes[chosen].tolist()
    )
    months = Counter(str(day)[:7] for day in sample.enrolled_on[chosen].tolist())
    started = _withheld(months, sorted(months))
    found = _withheld(routes, sorted(routes, key=lambda each: (each == "", each)))
    there = _withheld(places, list(places))
    words = _(
        "A seed begins a chain; everyone else came with a coupon. The composition is told with "
        "the seeds, and the share of women without them as well."
    )
    count, way = _("seeds"), _("the way they were found")
    blocks = (
        Paragraph(words),
        KeyFigures((KeyFigure(_("Seeds"), voice.number(len(chosen))),)),
        Table(
            _("Seeds by the way they were found"),
            (way, count),
            tuple(
                (name(each, voice.language, grouping="entry_route"), voice.count(n))
                for each, n in found
            ),
        ),
        Table(
            _("Seeds by the month they began"),
            (_("month"), count),
            tuple((_month(each, voice), voice.count(n)) for each, n in started),
        ),
        Table(
            _("Seeds by site"),
            (_("site"), count),
            tuple((facts.names.get(code, code), voice.count(n)) for code, n in there),
        ),
    )
    return Section(_("Seeds"), blocks)


def _withheld(counts: Counter[str], order: list[str]) -> list[tuple[str, int | None]]:
    """Counts whose sum everybody knows."""
    shown = withhold([[counts[each] for each in order]], total_is_public=True).cells[0]
    return [*zip(order, shown, strict=True)]


def _month(month: str, voice: Voice) -> str:
    return writing(voice.language).month(np.datetime64(month, "D").astype(object))


def coupons(facts: Facts, voice: Voice) -> Section:
    """What became of the coupons that were given out."""
    _, totals = voice.gettext, facts.reach.coupons
    rows = (
        (_("Issued"), totals.issued),
        (_("Redeemed"), totals.redeemed),
        (_("Live"), totals.live),
        (_("Expired"), totals.expired),
        (_("Void"), totals.void),
        (_("Lost"), totals.lost),
        (_("Refused at the desk"), totals.refused),
    )
    matured = _(
        "%(redeemed)s of the %(matured)s coupons whose last day is past were redeemed. Coupons that "
        "can still come are left out."
    ) % {
        "redeemed": voice.number(totals.matured_redeemed),
        "matured": voice.number(totals.matured),
    }
    rate = KeyFigure(
        _("Matured redemption rate"),
        voice.percent(totals.matured_redemption_rate),
        matured if totals.matured else _("No coupon is past its last day yet."),
    )
    table = Table(
        _("What became of the coupons"),
        (_("coupons"), _("how many")),
        tuple((label, voice.number(n)) for label, n in rows),
    )
    return Section(_("Coupons"), (KeyFigures((rate,)), table))


def chains(facts: Facts, voice: Voice) -> Section:
    """How long and how alive the chains are, and how many each person brought."""
    _, every = voice.gettext, facts.chains
    if not every.lines:
        return Section(_("Recruitment chains"), (Paragraph(_("No chain has begun yet")),))
    blocks: list[Block] = [
        Paragraph(
            _(
                "A chain is a seed and everyone who came through that person, from coupon to "
                "coupon. Its four letters and digits are drawn at random and say nothing about its "
                "people."
            )
        ),
        _sizes(facts, voice),
        _chain_by_chain(facts, voice),
    ]
    if more := len(every.lines) - len(_told(facts)):
        words = _("Smaller chains that are not in the table: {n}").format(n=voice.number(more))
        blocks.append(Paragraph(words, is_soft=True))
    waves = voice.numbered(_("People in each wave"), (_("wave"), _("people")), every.waves)
    brought = _("How many each person brought")
    recruits = voice.numbered(brought, (_("recruits brought"), _("people")), every.recruits)
    live = Paragraph(_("Those whose coupons are still live may bring more."), is_soft=True)
    return Section(_("Recruitment chains"), (*blocks, waves, recruits, live))


def _sizes(facts: Facts, voice: Voice) -> Picture:
    _, size = voice.gettext, np.array([line.size for line in facts.chains.lines])
    svg = draw_sizes(size, language=voice.language, width=WIDE)
    told = _("A bar for each size of chain: its length is the people in chains of that size.")
    return Picture(svg, _("Sizes of chains"), told, share=0.85)


def _told(facts: Facts) -> list[ChainLine]:
    """The largest chains; paper goes round, and of a chain of a few people the days would tell of them."""
    return [line for line in facts.chains.lines if line.size >= THRESHOLD][:MOST_CHAINS]


def _chain_by_chain(facts: Facts, voice: Voice) -> Table:
    _ = voice.gettext
    columns = (
        _("chain"),
        _("state"),
        _("people"),
        _("waves after the seed"),
        _("women"),
        _("share of women"),
        _("live coupons"),
        _("week somebody last came"),
    )
    rows = tuple(
        (
            line.label,
            name(line.state.value, voice.language),
            voice.number(line.size),
            voice.number(line.max_wave),
            voice.count(line.women),
            voice.percent(line.share),
            voice.number(line.live_coupons),
            voice.day(line.last_week, "medium"),
        )
        for line in _told(facts)
    )
    return Table(_("Chain by chain"), columns, rows, numbers_from=2)


def who_recruits_whom(facts: Facts, voice: Voice) -> Section:
    """The matrix of the chains page."""
    _, matrix = voice.gettext, facts.chains.matrix
    title = _("Who recruits whom")
    if matrix is None:
        words = _(
            "Shown when each of its four counts is five or more, so that nobody can be picked out."
        )
        return Section(title, (Paragraph(words),))
    svg = draw_matrix(
        matrix, others_level=facts.reach.others_level, language=voice.language, width=460
    )
    told = _("Rows recruit columns: the number of recruits, and its share of the row.")
    sexes = (_("women"), facts.others)
    rows = tuple(
        (sex, *(f"{voice.number(n)} ({voice.percent(n / sum(row))})" for n in row))
        for sex, row in zip(sexes, matrix.tolist(), strict=True)
    )
    left_out = _("Pairs in which the sex of either is not known are left out.")
    blocks = (
        Picture(svg, "", told, share=0.7),
        Table(_("Table behind this picture"), (_("recruiter"), *sexes), rows),
        Paragraph(left_out, is_soft=True),
    )
    return Section(title, blocks)
