"""The pictures of the chains page besides the forest, in the reader's language."""

import numpy as np

from analysis import plots
from analysis.arrays import IntArray
from analysis.forest import grow
from app.web.figures.chains import Member, OneChain
from app.web.figures.forest_pictures import forest_words, sexes
from app.web.figures.reach import WOMEN
from app.web.figures.words import gettext_of, name, writing


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


def draw_sizes(size: IntArray, *, language: str, width: int) -> str:
    """How chains differ in size."""
    _ = gettext_of(language)
    return plots.draw_chain_sizes(
        size,
        words=plots.SizeWords(
            title=_("Sizes of chains"),
            description=_(
                "A bar for each size of chain: its length is the people in chains of that size."
            ),
            one=_("only the seed"),
            sizes=_("{low} – {high} people"),
            figure=_("chains: {chains} · {share} of people"),
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
                names=sexes(language),
            ),
            words=forest_words(language, title),
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
