"""The pictures and tables of the page from coupon to recruiter, in the reader's language."""

from collections.abc import Mapping

import numpy as np

from analysis import plots
from analysis.coupons.survival import Survival
from analysis.reproduction import MaturedReproduction
from app.core.i18n import N_
from app.web.figures.files import Cell
from app.web.figures.flow import Flow, Step, lines_of, told
from app.web.figures.words import WITHHELD, gettext_of, writing

WIDE, NARROW = 760, 320
SQUARES, NARROW_SQUARES = 460, 310

TITLES: Mapping[str, str] = {
    "coupons": N_("Coupons that came back"),
    "people": N_("From the desk to a recruit of one's own"),
    "days": N_("Days until a coupon comes back"),
    "each-brings": N_("How many each recruiter brings"),
}
STEPS: Mapping[str, str] = {
    "issued": N_("coupons given out"),
    "redeemed": N_("coupons redeemed"),
    "came": N_("came with a coupon"),
    "eligible": N_("eligible"),
    "consented": N_("consented"),
    "enrolled": N_("enrolled"),
    "given_a_bundle": N_("given coupons of their own"),
    "recruited": N_("brought somebody"),
}


def draw_steps(
    steps: tuple[Step, ...], title: str, *, others: str, language: str, width: int
) -> str:
    """Two bars for each step."""
    _ = gettext_of(language)
    return plots.draw_cascade(
        [_(STEPS[step.name]) for step in steps],
        [[step.women, step.others] for step in steps],
        [_("women"), others],
        words=plots.CascadeWords(
            title=_(title),
            description=_(
                "A bar for each step: how many took it, and the share of the step before."
            ),
            everyone=_("all"),
            went_on=_("{share} of the step before"),
        ),
        writing=writing(language),
        width=width,
    )


def draw_days(curves: Survival, *, others: str, last_day: int, language: str, width: int) -> str:
    """How soon the coupons of women and of others come back."""
    _, title = gettext_of(language), TITLES["days"]
    ticks = list(range(0, len(curves.days), 7))
    return plots.draw_survival(
        [
            plots.Steps(
                name=name,
                day=curves.days,
                share=curves.redeemed[i],
                low=curves.low[i],
                high=curves.high[i],
                at_risk=[told(int(curves.at_risk[i, day])) for day in ticks],
            )
            for i, name in enumerate([_("women"), others])
        ],
        ticks=ticks,
        last_day=last_day,
        words=plots.SurvivalWords(
            title=_(title),
            description=_(
                "The share of coupons redeemed by each day since they were given out, with its "
                "95 % interval. Coupons that can still come are followed up to today."
            ),
            share=_("Share redeemed by that day, 95 % interval"),
            days=_("Days since the coupon was given out"),
            at_risk=_("Coupons still followed"),
            last_day=_("last day"),
            nothing=_("No coupon has been given out yet."),
        ),
        writing=writing(language),
        width=width,
    )


def draw_reproduction(found: MaturedReproduction, *, others: str, language: str, width: int) -> str:
    """Mean recruits of each sex by a recruiter of each sex."""
    _, title = gettext_of(language), TITLES["each-brings"]
    return plots.draw_means(
        found.matrix,
        [_("women"), others],
        low=found.matrix_low,
        high=found.matrix_high,
        words=plots.MeansWords(
            title=_(title),
            description=_("Rows bring columns: the mean number of recruits of one recruiter."),
            rows=_("recruiter"),
            columns=_("recruit"),
            each=_("together"),
        ),
        writing=writing(language),
        width=width,
    )


def table(flow: Flow, picture: str, *, others: str, language: str) -> list[list[Cell]]:
    """What is behind a picture; its first row is the heading."""
    _ = gettext_of(language)
    if picture in ("coupons", "people"):
        steps = flow.coupons if picture == "coupons" else flow.people
        return [
            [_("step"), _("women"), others],
            *([_(STEPS[step.name]), _cell(step.women), _cell(step.others)] for step in steps),
        ]
    if picture == "days" and flow.survival is not None:
        return [
            [
                _("holder"),
                _("days"),
                _("coupons still followed"),
                _("share redeemed"),
                _("interval from"),
                _("interval to"),
            ],
            *(
                [name, day, _cell(at_risk), *(_rounded(share) for share in shares)]
                for i, name in enumerate([_("women"), others])
                for day, at_risk, *shares in lines_of(flow.survival, i)
            ),
        ]
    if flow.reproduction is None:
        return []
    found, names = flow.reproduction, [_("women"), others]
    return [
        [_("recruiter"), _("recruit"), _("mean number"), _("interval from"), _("interval to")],
        *(
            [
                names[i],
                names[j],
                *(_rounded(m[i, j]) for m in (found.matrix, found.matrix_low, found.matrix_high)),
            ]
            for i in range(2)
            for j in range(2)
        ),
    ]


def _cell(n: int | None) -> Cell:
    return WITHHELD if n is None else n


def _rounded(value: float) -> Cell:
    return round(float(value), 3) if np.isfinite(value) else None
