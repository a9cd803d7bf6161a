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

LARGEST_TREE = 400


def draw_forest(
    sample: Sample, *, language: str, width: int, link: Callable[[int], str] | None = None
) -> str:
    """All chains; with ``link``, each leads to its page."""
    t, sex = gettext_of(language), sample.trait("sex")
    women = sex.levels.index(WOMEN) if WOMEN in sex.levels else len(sex.levels)
    return plots.draw_forest(
        sample.forest,
        focus=sex.codes == women,
        unknown=sex.codes < 0,
        link=link,
        words=_forest_words(language, t("All recruitment chains")),
        writing=writing(language),
        width=width,
    )


def draw_matrix(matrix: IntArray, *, others_level: str, language: str, width: int) -> str:
    """Who recruits whom, women and others."""
    t = gettext_of(language)
    return plots.draw_matrix(
        matrix,
        [t("women"), name(others_level, language)],
        words=plots.MatrixWords(
            title=t("Who recruits whom"),
            description=t(
                "Rows recruit columns: the number of recruits, and its share of the row."
            ),
            rows=t("recruiter"),
            columns=t("recruit"),
            each=t("all"),
        ),
        writing=writing(language),
        width=width,
    )


def draw_one(chain: OneChain, *, language: str, width: int) -> str:
    """A chain as a tree with numbers; a very large one as rings, which stay on a page."""
    t = gettext_of(language)
    title = t("Chain {label}").format(label=chain.line.label)
    women = {each.number for each in chain.members if each.sex == WOMEN}
    unknown = {each.number for each in chain.members if each.sex is None}
    if len(chain.members) > LARGEST_TREE:
        return plots.draw_forest(
            grow(np.array([(each.recruiter or 0) - 1 for each in chain.members])),
            focus=np.array([each.number in women for each in chain.members]),
            unknown=np.array([each.number in unknown for each in chain.members]),
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
            description=t("Who recruited whom, wave after wave from left to right."),
            focus=t("women"),
            others=t("men and others"),
            unknown=t("not known"),
            active=t("still has coupons"),
            inactive=t("has none left"),
        ),
        writing=writing(language),
        width=width,
    )


def _describe(member: Member, language: str) -> str:
    t = gettext_of(language)
    sentence = t("Number {number}: {sex}, wave {wave}, recruits: {recruits}, live coupons: {live}")
    return sentence.format(
        number=member.number,
        sex=name(member.sex or "", language),
        wave=member.wave,
        recruits=member.recruits,
        live=member.live_coupons,
    )


def _forest_words(language: str, title: str) -> plots.ForestWords:
    t = gettext_of(language)
    return plots.ForestWords(
        title=title,
        description=t("Each chain is a disc: its seed in the middle, each wave on the next ring."),
        focus=t("women"),
        others=t("men and others"),
        unknown=t("not known"),
        seed=t("seed"),
        not_drawn=t("smaller chains not drawn: {n}"),
        chain=t("Chain of {size} people, {depth} waves after the seed"),
    )
