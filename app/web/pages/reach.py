from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from markupsafe import Markup

from app.core.clock import local_date
from app.domain.chains.queries import coupon_totals, load_sample
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.csv_file import csv_file
from app.web.deps import Db, Now, allowed
from app.web.figures import files
from app.web.figures.files import Cell, Form
from app.web.figures.reach import Line, Reach, reach_of_programme, reach_of_site
from app.web.figures.reach_pictures import NARROW, PEOPLE_ONLY, TITLES, WIDE, WIDTHS, draw
from app.web.figures.words import WITHHELD, gettext_of, name, site_name, writing
from app.web.templating import language_of, render

router = APIRouter(include_in_schema=False)

Viewer = Annotated[Actor, Depends(allowed(Permission.SEE_REACH))]
SiteCode = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True)
class View:
    """What was read, and for whom: the programme, or the one ``site`` that was asked for."""

    reach: Reach
    sites: tuple[SiteFacts, ...]
    site: SiteFacts | None
    mark: float
    language: str

    @property
    def names(self) -> Mapping[str, str]:
        return {site.code: site_name(site, self.language) for site in self.sites}

    @property
    def pictures(self) -> tuple[str, ...]:
        return ("over-time", *self.reach.groupings)

    def title(self, picture: str) -> str:
        if picture == "over-time" and not self.reach.course.of.any():
            return PEOPLE_ONLY
        return TITLES[picture]

    def lines(self, picture: str) -> tuple[Line, ...]:
        if picture == "over-time":
            return self.reach.course.lines
        return self.reach.groupings[picture].lines

    def name(self, picture: str, line: Line) -> str:
        return self.names.get(line.group) or name(line.group, self.language, grouping=picture)

    def draw(self, picture: str, width: int = 0) -> Markup:
        svg = draw(
            self.reach,
            picture,
            mark=self.mark,
            language=self.language,
            names=self.names,
            width=width or WIDTHS.get(picture, WIDE),
        )
        return Markup(svg)


@router.get("/reach")
def show_reach(request: Request, db: Db, now: Now, actor: Viewer, site: SiteCode = "") -> Response:
    view = _view(request, db, now, actor, site)
    return render(
        request,
        "reach.html",
        {
            "view": view,
            "reach": view.reach,
            "narrow": NARROW,
            "week_of": date.fromisoformat,
            "whole": writing(view.language).percent,
        },
    )


@router.get("/reach/{picture}.{form}")
def take_away(
    request: Request,
    db: Db,
    now: Now,
    actor: Viewer,
    picture: str,
    form: Form,
    site: SiteCode = "",
) -> Response:
    """A picture, or the table behind it."""
    view = _view(request, db, now, actor, site)
    if picture not in view.pictures or form is Form.GRAPHML:
        raise HTTPException(404)
    file_name = f"reach-{picture}" + (f"-{view.site.code}" if view.site else "")
    if form is Form.CSV:
        return csv_file(file_name, _columns(view, picture), _rows(view, picture))
    return files.picture(view.draw(picture), form, name=file_name)


def _view(request: Request, db: Db, now: Now, actor: Actor, site_code: str) -> View:
    with db.snapshot() as session:
        facts = programmes.programme(session, actor.programme_id)
        sites = tuple(programmes.sites(session, actor.programme_id))
        site = (
            programmes.site_by_code(session, actor.programme_id, site_code) if site_code else None
        )
        zone = programmes.clock_of(session, actor.programme_id, site.id if site else actor.site_id)
        today = local_date(now, zone)
        live = load_sample(session, actor.programme_id, today=today)
        coupons = live.coupons
        if site:
            coupons = coupon_totals(session, actor.programme_id, today=today, site_id=site.id)
    reach = reach_of_site(live, site.code, coupons) if site else reach_of_programme(live)
    return View(reach, sites, site, facts.women_mark, language_of(request))


def _columns(view: View, picture: str) -> list[str]:
    _ = gettext_of(view.language)
    return [
        _("week of") if picture == "over-time" else _("group"),
        _("people"),
        _("women"),
        name(view.reach.others_level, view.language),
        _("not known"),
        _("share of women"),
        _("interval from"),
        _("interval to"),
    ]


def _rows(view: View, picture: str) -> list[list[Cell]]:
    _, rows = gettext_of(view.language), list[list[Cell]]()
    for line in view.lines(picture):
        counts = (line.people, line.women, line.others, line.not_known)
        shares = (line.share, line.low, line.high)
        rows.append(
            [
                view.name(picture, line),
                *(WITHHELD if count is None else count for count in counts),
                *(None if share is None else round(share, 4) for share in shares),
            ]
        )
    rows.append([_("Composition of those reached, not an estimate of the population.")])
    rows.append([_("<5* is a count below five, or a larger one that would give it back.")])
    return rows
