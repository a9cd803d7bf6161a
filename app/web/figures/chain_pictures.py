"""The pictures of the chains page, in the reader's language."""

from collections.abc import Callable

import numpy as np

from analysis import plots
from analysis.arrays import IntArray
from analysis.forest import grow
from analysis.sample import Sample
from app.web.figures.chains import Member, OneChain
from app.web.figures.reach import WOMEN
from app.web.figures.words import gettext_of, name, writing


def draw_forest(
    sample: Sample, *, language: str, width: int, link: Callable[[int], str] | None = None
) -> str:
    """All chains; with ``link``, each leads to its page."""
    _, sex = gettext_of(language), sample.trait("sex")
    women = sex.levels.index(WOMEN) if WOMEN in sex.levels else len(sex.levels)
    return plots.draw_forest(
        sample.forest,
        plots.by_level(sex.codes == women, sex.codes < 0, names=_sexes(language)),
        link=link,
        words=_forest_words(language, _("All recruitment chains")),
        writing=writing(language),
        width=width,
    )


def draw_matrix(matrix: IntArray, *, others_level: str, language: str, width: int) -> str:
    """Who recruits whom, women and others."""
    _ = gettext_of(language)
    return plots.draw_matrix(
        matrix,
        [_("women"), name(others_level, language)],
        words=plots.MatrixWords(
            title=_("Who recruits whom"),
            description=_(
                "Rows recruit columns: the number of recruits, and its share of the row."
            ),
            rows=_("recruiter"),
            columns=_("recruit"),
            each=_("all"),
        ),
        writing=writing(language),
        width=width,
    )


def draw_one(chain: OneChain, *, language: str, width: int) -> str:
    """A chain as a tree with numbers; a very large one as rings, which stay on a page."""
    _ = gettext_of(language)
    title = _("Chain {label}").format(label=chain.line.label)
    women = {each.number for each in chain.members if each.sex == WOMEN}
    unknown = {each.number for each in chain.members if each.sex is None}
    if not chain.is_tree:
        return plots.draw_forest(
            grow(np.array([(each.recruiter or 0) - 1 for each in chain.members])),
            plots.by_level(
                np.array([each.number in women for each in chain.members]),
                np.array([each.number in unknown for each in chain.members]),
                names=_sexes(language),
            ),
            words=_forest_words(language, title),
            writing=writing(language),
            width=width,
        )
    by_number = {each.number: each for each in chain.members}

    def describe(number: int) -> str:
        return _describe(by_number[number], language)

    return plots.draw_chain(
        chain.graph,
        focus=women,
        unknown=unknown,
        active={each.number for each in chain.members if each.live_coupons},
        label=str,
        describe=describe,
        words=plots.ChainWords(
            title=title,
            description=_("Who recruited whom, wave after wave from left to right."),
            focus=_("women"),
            others=_("men and others"),
            unknown=_("not known"),
            active=_("still has coupons"),
            inactive=_("has none left"),
        ),
        writing=writing(language),
        width=width,
    )


def _describe(member: Member, language: str) -> str:
    _ = gettext_of(language)
    sentence = _("Number {number}: {sex}, wave {wave}, recruits: {recruits}, live coupons: {live}")
    return sentence.format(
        number=member.number,
        sex=name(member.sex or "", language),
        wave=member.wave,
        recruits=member.recruits,
        live=member.live_coupons,
    )


def _sexes(language: str) -> tuple[str, str, str]:
    _ = gettext_of(language)
    return _("women"), _("men and others"), _("not known")


def _forest_words(language: str, title: str) -> plots.ForestWords:
    _ = gettext_of(language)
    return plots.ForestWords(
        title=title,
        description=_("Each chain is a disc: its seed in the middle, each wave on the next ring."),
        seed=_("seed"),
        not_drawn=_("smaller chains not drawn: {n}"),
        chain=_("Chain of {size} people, {depth} waves after the seed"),
    )
