from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from app.core.clock import local_date
from app.domain.chains.queries import coupon_totals, live_coupons, load_sample
from app.domain.chains.rules import ChainState
from app.domain.programmes.queries import clock_of, current_protocol, programme, site_by_code
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.api.refusals import problems
from app.web.deps import Db, Now, allowed
from app.web.figures.chains import ChainLine, chains_of
from app.web.figures.reach import Line, Reach, reach_of_programme, reach_of_site

router = APIRouter(prefix="/api/v1", tags=["chains"])

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
Viewer = Annotated[Actor, Depends(allowed(Permission.SEE_REACH))]
SiteCode = Annotated[str | None, Query(max_length=64, description="one site instead of all")]
GROUPINGS = ("site", "wave", "age_band", "entry_route", "reached_before")


class ChainOut(BaseModel):
    """A recruitment chain by its random label. ``women`` is null where it could pick somebody out."""

    label: str
    site: Annotated[str, Field(description="code of the seed's site")]
    size: Annotated[int, Field(description="people, the seed among them")]
    max_wave: int
    women: int | None
    last_week: Annotated[date, Field(description="Monday of the week in which somebody last came")]
    live_coupons: Annotated[int, Field(description="coupons that can still bring someone")]
    state: Annotated[
        ChainState,
        Field(description="ended: no live coupon; stalled: nobody came for the protocol's days"),
    ]

    @classmethod
    def of(cls, line: ChainLine) -> "ChainOut":
        return cls.model_validate(line, from_attributes=True)


class ChainsOut(BaseModel):
    chains: Annotated[list[ChainOut], Field(description="largest first")]


class ShareOut(BaseModel):
    """People of a sex and their share of those whose sex is known, with Wilson's 95 % interval."""

    n: int | None
    share: float | None
    low: float | None
    high: float | None


class GroupOut(BaseModel):
    """A group by sex. Null is withheld: a count below five, or one that would give it back."""

    group: Annotated[str, Field(description="empty: not known")]
    people: int | None
    women: int | None
    others: int | None
    missing: Annotated[int | None, Field(description="sex not known or not said")]
    share: Annotated[float | None, Field(description="of women, of those whose sex is known")]
    low: float | None
    high: float | None

    @classmethod
    def of(cls, line: Line) -> "GroupOut":
        return cls(
            group=line.group,
            people=line.people,
            women=line.women,
            others=line.others,
            missing=line.not_known,
            share=line.share,
            low=line.low,
            high=line.high,
        )


class CouponsOut(BaseModel):
    """``matured`` coupons are past their last day; ``live`` ones can still be redeemed."""

    issued: int
    redeemed: int
    void: int
    lost: int
    refused: int
    expired: int
    live: int
    matured: int
    matured_redeemed: int


class ReachOut(BaseModel):
    """The composition of those reached, not an estimate of the population.

    Of one site less is told, and the ``by_…`` are empty: the rest would give back what is withheld.
    """

    participants: Annotated[int | None, Field(description="reached through chains, with seeds")]
    seeds: int
    walk_ins: Annotated[
        int | None, Field(description="served without a coupon; not among participants")
    ]
    women_mark: Annotated[float, Field(description="the share of women to be measured against")]
    composition: Annotated[
        dict[str, ShareOut],
        Field(description="by sex: female, and male (male_or_other where there are both)"),
    ]
    composition_without_seeds: dict[str, ShareOut]
    women_without_seeds_between: Annotated[
        tuple[float, float] | None,
        Field(description="instead of a share without seeds that would tell the seeds' sex"),
    ]
    missing: Annotated[int | None, Field(description="sex not known or not said")]
    first_time: Annotated[int | None, Field(description="never reached before")]
    by_site: list[GroupOut]
    by_wave: list[GroupOut]
    by_age_band: list[GroupOut]
    by_entry_route: Annotated[list[GroupOut], Field(description="of the chain's seed")]
    by_reached_before: list[GroupOut]
    over_time: Annotated[
        list[GroupOut],
        Field(
            description="running totals up to the end of the week that begins on the Monday "
            "`group`; only weeks before which five more women and five more others came"
        ),
    ]
    coupons: CouponsOut
    matured_redemption_rate: float | None


@router.get("/chains", responses=problems())
def list_chains(db: Db, now: Now, actor: Lead) -> ChainsOut:
    """How each chain is doing."""
    with db.snapshot() as session:
        today = local_date(now, clock_of(session, actor.programme_id, actor.site_id))
        rules = current_protocol(session, actor.programme_id).rules
        live = load_sample(session, actor.programme_id, today=today)
        coupons = live_coupons(session, actor.programme_id, today=today)
    found = chains_of(live, coupons, today=today, stalled_after_days=rules.stalled_after_days)
    return ChainsOut(chains=[ChainOut.of(line) for line in found.lines])


@router.get("/reach", responses=problems(404), tags=["reach"])
def show_reach(db: Db, now: Now, actor: Viewer, site: SiteCode = None) -> ReachOut:
    """Who was reached, by sex; counts that could pick somebody out are withheld."""
    with db.snapshot() as session:
        place = site_by_code(session, actor.programme_id, site) if site is not None else None
        mark = programme(session, actor.programme_id).women_mark
        zone = clock_of(session, actor.programme_id, place.id if place else actor.site_id)
        today = local_date(now, zone)
        live = load_sample(session, actor.programme_id, today=today)
        if place:
            coupons = coupon_totals(session, actor.programme_id, today=today, site_id=place.id)
            reach = reach_of_site(live, place.code, coupons)
        else:
            reach = reach_of_programme(live)
    return ReachOut(
        participants=reach.participants,
        seeds=reach.seeds,
        walk_ins=reach.walk_ins,
        women_mark=mark,
        composition=_composition(reach, reach.everyone),
        composition_without_seeds=_composition(reach, reach.without_seeds),
        women_without_seeds_between=reach.range_without_seeds,
        missing=reach.everyone.not_known,
        first_time=reach.first_time,
        **{f"by_{key}": _groups(reach, key) for key in GROUPINGS},
        over_time=[GroupOut.of(line) for line in reach.course.lines],
        coupons=CouponsOut.model_validate(reach.coupons, from_attributes=True),
        matured_redemption_rate=reach.coupons.matured_redemption_rate,
    )


def _groups(reach: Reach, key: str) -> list[GroupOut]:
    grouping = reach.groupings.get(key)
    return [GroupOut.of(line) for line in grouping.lines] if grouping else []


def _composition(reach: Reach, line: Line) -> dict[str, ShareOut]:
    women = ShareOut(n=line.women, share=line.share, low=line.low, high=line.high)
    if line.share is None or line.low is None or line.high is None:
        return {"female": women, reach.others_level: women.model_copy(update={"n": line.others})}
    others = ShareOut(n=line.others, share=1 - line.share, low=1 - line.high, high=1 - line.low)
    return {"female": women, reach.others_level: others}
