"""The picture of all chains: every dot is someone, and the reader chooses what the dots tell apart."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import numpy as np

from analysis import plots
from analysis.arrays import BoolArray
from analysis.sample import Sample
from app.core.i18n import N_
from app.domain.chains.queries import LiveCoupons
from app.web.figures.reach import WOMEN
from app.web.figures.words import gettext_of, writing


class Colour(StrEnum):
    """What the dots are coloured by."""

    SEX = "sex"
    WAVE = "wave"
    ACTIVITY = "activity"


COLOURS: Mapping[Colour, str] = {
    Colour.SEX: N_("By sex"),
    Colour.WAVE: N_("By wave"),
    Colour.ACTIVITY: N_("By live coupons"),
}
ABOUT: Mapping[Colour, str] = {
    Colour.SEX: N_("Women stand out; squares are men and others."),
    Colour.WAVE: N_("The darker a dot, the earlier its wave."),
    Colour.ACTIVITY: N_(
        "Where coupons are still out a chain can grow; in the grey ones nobody holds any more."
    ),
}


def draw_forest(
    sample: Sample,
    coupons: LiveCoupons,
    *,
    colour: Colour = Colour.SEX,
    language: str,
    width: int,
    link: Callable[[int], str] | None = None,
) -> str:
    """All chains; with ``link``, each leads to its page."""
    _ = gettext_of(language)
    return plots.draw_forest(
        sample.forest,
        dots_of(sample, coupons, colour, language),
        link=link,
        words=forest_words(language, _("All recruitment chains")),
        writing=writing(language),
        width=width,
    )


def dots_of(sample: Sample, coupons: LiveCoupons, colour: Colour, language: str) -> plots.Dots:
    """How everyone is drawn."""
    _ = gettext_of(language)
    if colour is Colour.WAVE:
        return plots.by_wave(
            sample.forest.wave,
            one=_("wave {wave}"),
            several=_("waves {first} – {last}"),
            writing=writing(language),
        )
    if colour is Colour.ACTIVITY:
        names = (
            _("still has coupons"),
            _("coupons are out in the same chain"),
            _("no coupon is out in the chain"),
        )
        return plots.by_activity(sample.forest, _holding(sample, coupons), names=names)
    sex = sample.trait("sex")
    women = sex.levels.index(WOMEN) if WOMEN in sex.levels else len(sex.levels)
    return plots.by_level(sex.codes == women, sex.codes < 0, names=sexes(language))


def forest_words(language: str, title: str) -> plots.ForestWords:
    """What every picture of discs says, beside its title."""
    _ = gettext_of(language)
    return plots.ForestWords(
        title=title,
        description=_("Each chain is a disc: its seed in the middle, each wave on the next ring."),
        seed=_("seed"),
        not_drawn=_("smaller chains not drawn: {n}"),
        chain=_("Chain of {size} people, {depth} waves after the seed"),
    )


def sexes(language: str) -> tuple[str, str, str]:
    """Women, others, and those whose sex is not known, as a legend calls them."""
    _ = gettext_of(language)
    return _("women"), _("men and others"), _("not known")


def _holding(sample: Sample, coupons: LiveCoupons) -> BoolArray:
    """(n,) who holds a coupon that can still bring someone."""
    return np.array([person in coupons.of_holder for person in sample.ids], dtype=bool)
