"""From coupon to recruiter: the figures of the page of that name, on paper."""

from app.core.i18n import N_
from app.printing.report import Block, KeyFigure, KeyFigures, Paragraph, Picture, Section
from app.web.figures import flow_pictures as drawing
from app.web.figures.flow import Rate
from app.web.figures.report.facts import Facts
from app.web.figures.report.reached import WIDE
from app.web.figures.report.voice import Voice

REMARKS = {
    "coupons": N_(
        "By the sex of the person who holds the coupon. Coupons given out lately have not had time "
        "to come back."
    ),
    "people": N_(
        "By one's own sex; seeds are not among them, because no coupon brought them. People who "
        "came lately have not had time to bring others."
    ),
    "days": N_(
        "Of all coupons given out: the height in the end is the share that ever comes back."
    ),
    "each-brings": N_(
        "The mean number of people that each brings, of those whose time to bring others is over. "
        "Rows bring columns."
    ),
}


def from_coupon_to_recruiter(facts: Facts, voice: Voice) -> Section:
    """The cascade, how soon coupons come back, and whether recruitment keeps itself going."""
    _, flow = voice.gettext, facts.flow
    title = _("From coupon to recruiter")
    if flow.is_empty:
        return Section(title, (Paragraph(_("No coupon has been given out yet")),))
    words = _(
        "Coupons that came back: of those past their last day. People brought in the end: coupons "
        "that are still out are allowed for, by how many came of earlier ones after as many days."
    )
    key = KeyFigures(
        (
            _share(_("Women's coupons that came back"), flow.matured[0], voice),
            _share(_("Others' coupons that came back"), flow.matured[1], voice),
            _mean(_("People a woman brings in the end"), flow.effective[0], voice),
            _mean(_("People someone else brings in the end"), flow.effective[1], voice),
        )
    )
    parts = [_steps(facts, voice, "coupons"), _steps(facts, voice, "people")]
    if flow.survival is not None:
        parts.append(_days(facts, voice))
    if flow.reproduction is not None:
        parts.append(_each_brings(facts, voice))
    return Section(title, (key, Paragraph(words, is_soft=True)), tuple(parts))


def _share(title: str, rate: Rate, voice: Voice) -> KeyFigure:
    return KeyFigure(title, voice.percent(rate.value), voice.interval(rate.low, rate.high))


def _mean(title: str, rate: Rate, voice: Voice) -> KeyFigure:
    bounds = (voice.decimal(rate.low), voice.decimal(rate.high))
    return KeyFigure(title, voice.decimal(rate.value), " – ".join(bounds))


def _steps(facts: Facts, voice: Voice, picture: str) -> Section:
    flow = facts.flow
    svg = drawing.draw_steps(
        flow.coupons if picture == "coupons" else flow.people,
        drawing.TITLES[picture],
        others=facts.others,
        language=voice.language,
        width=WIDE,
    )
    return _part(facts, voice, picture, svg)


def _days(facts: Facts, voice: Voice) -> Section:
    assert facts.flow.survival is not None, "only told where there is a curve"
    svg = drawing.draw_days(
        facts.flow.survival,
        others=facts.others,
        last_day=facts.protocol.validity_days,
        language=voice.language,
        width=WIDE,
    )
    return _part(facts, voice, "days", svg, shares=(3, 4, 5))


def _each_brings(facts: Facts, voice: Voice) -> Section:
    """Who brings how many of whom, and what follows from it."""
    _, found = voice.gettext, facts.flow.reproduction
    assert found is not None, "only told where there is one"
    svg = drawing.draw_reproduction(
        found, others=facts.others, language=voice.language, width=drawing.SQUARES
    )
    figures = [
        KeyFigure(
            _("Reproduction number"),
            voice.decimal(found.number),
            " – ".join(map(voice.decimal, (found.number_low, found.number_high))),
        )
    ]
    if not found.obstacle:
        low, high = found.composition_low[0], found.composition_high[0]
        figures.append(
            KeyFigure(
                _("Share of women in late waves"),
                voice.percent(float(found.composition[0])),
                voice.interval(float(low), float(high)),
            )
        )
    return _part(
        facts, voice, "each-brings", svg, KeyFigures(tuple(figures)), numbers_from=2, share=0.7
    )


def _part(
    facts: Facts,
    voice: Voice,
    picture: str,
    svg: str,
    *more: Block,
    shares: tuple[int, ...] = (),
    numbers_from: int = 1,
    share: float = 0.85,
) -> Section:
    """A picture, its remark, the table behind it, and what else belongs to it."""
    _, title = voice.gettext, drawing.TITLES[picture]
    rows = drawing.table(facts.flow, picture, others=facts.others, language=voice.language)
    caption = _("Table behind this picture")
    blocks = (
        Picture(svg, "", _(title), share=share),
        Paragraph(_(REMARKS[picture]), is_soft=True),
        voice.table(caption, rows, shares=shares, numbers_from=numbers_from),
        *more,
    )
    return Section(_(title), blocks)
