"""What the mean recruit costs under the rules in force and under others, as two bars."""

from collections.abc import Sequence

from babel.numbers import format_decimal

from analysis.plots.legend import legend
from analysis.plots.svg import INK, QUIET, document, element, heading, text, text_width
from analysis.plots.words import COLOURS
from app.core.i18n import N_
from app.core.money import Money
from app.web.figures.words import gettext_of
from app.web.reckoning import EARNED_FOR, Projection

WIDE, NARROW = 720, 320
BAR, GAP = 34.0, 30.0
PARTS = tuple(EARNED_FOR)
LIGHT = {"#66CCEE"}
# What the two schedules are called while someone enters one, and on a proposal, which stays after it was decided.
AS_ENTERED = (N_("in force"), N_("as entered"))
AS_PROPOSED = (N_("before"), N_("after"))


def draw_costs_of_a_recruit(
    found: Projection, language: str, width: int, names: tuple[str, str] = AS_ENTERED
) -> str:
    """A bar for the rules in force and one for those proposed, each in its parts. ``names`` of the two are English."""
    _ = gettext_of(language)
    bars = (
        (_(names[0]), [found.parts[each][0] for each in PARTS], found.before),
        (_(names[1]), [found.parts[each][1] for each in PARTS], found.after),
    )
    used = [n for n, each in enumerate(PARTS) if any(money.minor for money in found.parts[each])]
    key = legend(
        (
            (
                element("rect", x=-5, y=-6, width=12, height=12, fill=_colour(n), rx=2),
                _(EARNED_FOR[PARTS[n]]),
            )
            for n in used
        ),
        width,
    )
    title = _("What a recruit costs in the mean")
    top = key.height + 12
    most = max(found.before.minor, found.after.minor, 1)
    body = list(key.parts)
    for name, parts, total in bars:
        room = width - 16 - text_width(_told(total, language), 13) - 12
        body.append(heading(name, 8, top + 12, width - 16))
        body += _bar(parts, 8, top + 20, room / most, language)
        end = 8 + total.minor * room / most
        body.append(
            text(_told(total, language), end + 8, top + 20 + BAR / 2 + 5, fill=INK, weight="600")
        )
        top += 20 + BAR + GAP - 12
    return document(
        width,
        top,
        title=title,
        description="; ".join(f"{name}: {_told(total, language)}" for name, _, total in bars),
        body=body,
    )


def _bar(parts: Sequence[Money], x: float, y: float, scale: float, language: str) -> list[str]:
    found = []
    for n, part in enumerate(parts):
        wide = part.minor * scale
        if wide <= 0:
            continue
        found.append(element("rect", x=x, y=y, width=wide, height=BAR, fill=_colour(n)))
        told = _amount(part, language)
        if text_width(told, 12) + 8 < wide:
            fill = INK if _colour(n) in LIGHT else "#ffffff"
            found.append(
                text(told, x + wide / 2, y + BAR / 2 + 4, size=12, fill=fill, anchor="middle")
            )
        x += wide
    if not found:
        found.append(element("rect", x=x, y=y, width=2, height=BAR, fill=QUIET))
    return found


def _colour(part: int) -> str:
    return (COLOURS[1], COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[4])[part]


def _told(money: Money, language: str) -> str:
    return money.text(language)


def _amount(money: Money, language: str) -> str:
    places = "0" * -int(money.major.as_tuple().exponent)
    return str(format_decimal(money.major, f"#,##0.{places}".rstrip("."), locale=language))
