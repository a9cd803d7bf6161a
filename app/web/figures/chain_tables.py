"""The tables of the chains page to take away, in the reader's language."""

from collections.abc import Iterable, Mapping, Sequence

from app.domain.chains.rules import ChainState
from app.web.figures.chains import ChainLine, Chains, Member, OneChain, SizeClass
from app.web.figures.files import Cell
from app.web.figures.words import WITHHELD, gettext_of, name

Table = list[list[Cell]]


def chains_table(
    every: Chains, sites: Mapping[str, str], *, state: ChainState | None, language: str
) -> Table:
    """Chain by chain, all or those in one state; ``sites`` are names by code."""
    _ = gettext_of(language)
    return [
        [
            _("chain"),
            _("site of the seed"),
            _("people"),
            _("waves after the seed"),
            _("women"),
            _("share of women"),
            _("week somebody last came"),
            _("live coupons"),
            _("state"),
        ],
        *(_cells(line, sites, language) for line in every.of_state(state)),
    ]


def sizes_table(every: Chains, language: str) -> Table:
    """Classes of doubling size."""
    _ = gettext_of(language)
    return [
        [_("people in a chain, from"), _("to"), _("chains"), _("people in all"), _("share of all")],
        *map(_size, every.sizes),
    ]


def waves_table(every: Chains, language: str) -> Table:
    _ = gettext_of(language)
    return [[_("wave"), _("people")], *_numbered(every.waves)]


def recruits_table(every: Chains, language: str) -> Table:
    _ = gettext_of(language)
    return [[_("recruits brought"), _("people")], *_numbered(every.recruits)]


def matrix_table(every: Chains, sexes: Sequence[str], language: str) -> Table | None:
    """Who recruits whom; none while it could pick somebody out."""
    if every.matrix is None:
        return None
    _ = gettext_of(language)
    told: Table = [[_("recruiter"), *sexes]]
    for sex, row in zip(sexes, every.matrix.tolist(), strict=True):
        told.append([sex, *row])
    return told


def members_table(chain: OneChain) -> Table:
    """As ``pdi analyse`` reads a csv file; the week's first day stands for the day."""
    return [
        ["id", "recruiter_id", "enrolled_at", "sex", "wave", "live_coupons"],
        *map(_member, chain.members),
    ]


def _cells(line: ChainLine, sites: Mapping[str, str], language: str) -> list[Cell]:
    return [
        line.label,
        sites.get(line.site, line.site),
        line.size,
        line.max_wave,
        WITHHELD if line.women is None else line.women,
        None if line.share is None else round(line.share, 4),
        line.last_week.isoformat(),
        line.live_coupons,
        name(line.state.value, language),
    ]


def _size(each: SizeClass) -> list[Cell]:
    return [each.low, each.high, each.chains, each.people, round(each.share, 4)]


def _member(each: Member) -> list[Cell]:
    week = each.week.isoformat()
    return [each.number, each.recruiter, week, each.sex, each.wave, each.live_coupons]


def _numbered(counts: Iterable[int | None]) -> Table:
    return [[i, WITHHELD if n is None else n] for i, n in enumerate(counts)]
