from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import networkx as nx
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from markupsafe import Markup

from app.core.clock import local_date
from app.core.db import Database
from app.domain.chains.actions import ALL, note_exported, note_viewed
from app.domain.chains.queries import LiveCoupons, LiveSample, live_coupons, load_sample
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.csv_file import csv_file
from app.web.deps import Db, Now, allowed
from app.web.figures import chain_pictures, files
from app.web.figures.chains import ChainLine, Chains, OneChain, chains_of, one_chain
from app.web.figures.files import Cell, Form
from app.web.figures.reach import others_level
from app.web.figures.words import WITHHELD, gettext_of, name, site_name
from app.web.templating import language_of, render

router = APIRouter(include_in_schema=False)

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
FOREST, NARROW_FOREST, MATRIX, NARROW_MATRIX, TREE = 1100, 330, 460, 310, 900

Whole = Literal["forest", "chains", "who-recruits-whom", "waves", "recruits"]


@dataclass(frozen=True)
class View:
    """What was read, and in which language it is told."""

    live: LiveSample
    coupons: LiveCoupons
    every: Chains
    names: dict[str, str]
    others: str
    stalled_after_days: int
    language: str

    def forest(self, width: int = FOREST, *, is_linked: bool = False) -> str:
        labels = self.live.labels
        return chain_pictures.draw_forest(
            self.live.sample,
            language=self.language,
            width=width,
            link=(lambda seed: f"/chains/{labels[seed]}") if is_linked else None,
        )

    def matrix(self, width: int = MATRIX) -> str | None:
        if self.every.matrix is None:
            return None
        return chain_pictures.draw_matrix(
            self.every.matrix, others_level=self.others, language=self.language, width=width
        )

    def sexes(self) -> list[str]:
        return [name("female", self.language), name(self.others, self.language)]


@router.get("/chains")
def show_chains(request: Request, db: Db, now: Now, actor: Lead) -> Response:
    view = _view(request, db, now, actor)
    wide, narrow = view.matrix(), view.matrix(NARROW_MATRIX)
    return render(
        request,
        "chains.html",
        {
            "view": view,
            "every": view.every,
            "matrix": [Markup(wide), Markup(narrow)] if wide and narrow else None,
            "forest": Markup(view.forest(is_linked=True)),
            "narrow_forest": NARROW_FOREST,
            "name": lambda word: name(word, view.language),
        },
    )


@router.get("/chains/all/narrow-forest.svg")
def narrow_forest(request: Request, db: Db, now: Now, actor: Lead) -> Response:
    """The forest of the page as a narrow screen shows it."""
    view = _view(request, db, now, actor)
    return Response(view.forest(NARROW_FOREST), media_type=files.MEDIA[Form.SVG])


@router.get("/chains/all/{picture}.{form}")
def take_all_away(
    request: Request, db: Db, now: Now, actor: Lead, picture: Whole, form: Form
) -> Response:
    """A picture of all chains, or a table."""
    view = _view(request, db, now, actor)
    if form is Form.CSV and picture in (tables := _tables(view)):
        columns, *rows = tables[picture]
        response = csv_file(picture, [str(each) for each in columns], rows)
    elif form in (Form.SVG, Form.PNG) and picture == "forest":
        response = files.picture(view.forest(), form, name=picture)
    elif form in (Form.SVG, Form.PNG) and picture == "who-recruits-whom" and (svg := view.matrix()):
        response = files.picture(svg, form, name=picture)
    else:
        raise HTTPException(404)
    with db.transaction() as session:
        note_exported(session, ALL, form=f"{picture}.{form.value}", by=actor, now=now)
    return response


@router.get("/chains/{label}")
def show_chain(request: Request, db: Db, now: Now, actor: Lead, label: str) -> Response:
    view = _view(request, db, now, actor)
    chain = one_chain(view.live, view.coupons, view.every, label)
    with db.transaction() as session:
        note_viewed(session, label, by=actor, now=now)
    return render(
        request,
        "chain.html",
        {
            "view": view,
            "chain": chain,
            "picture": Markup(chain_pictures.draw_one(chain, language=view.language, width=TREE)),
            "name": lambda word: name(word, view.language),
        },
    )


@router.get("/chains/{label}/chain.{form}")
def take_chain_away(
    request: Request, db: Db, now: Now, actor: Lead, label: str, form: Form
) -> Response:
    """One chain by the numbers of its picture, never by what the records call its people."""
    view = _view(request, db, now, actor)
    chain = one_chain(view.live, view.coupons, view.every, label)
    file_name = f"chain-{label}"
    if form is Form.CSV:
        response = files.download(files.plain_csv(_members(chain)), form, name=file_name)
    elif form is Form.GRAPHML:
        graphml = "\n".join(nx.generate_graphml(chain.graph))
        response = files.download(graphml, form, name=file_name)
    else:
        svg = chain_pictures.draw_one(chain, language=view.language, width=TREE)
        response = files.picture(svg, form, name=file_name)
    with db.transaction() as session:
        note_exported(session, label, form=form.value, by=actor, now=now)
    return response


def _view(request: Request, db: Database, now: datetime, actor: Actor) -> View:
    with db.snapshot() as session:
        sites = programmes.sites(session, actor.programme_id)
        rules = programmes.current_protocol(session, actor.programme_id).rules
        zone = programmes.clock_of(session, actor.programme_id, actor.site_id)
        today = local_date(now, zone)
        live = load_sample(session, actor.programme_id, today=today)
        coupons = live_coupons(session, actor.programme_id, today=today)
    language, days = language_of(request), rules.stalled_after_days
    return View(
        live=live,
        coupons=coupons,
        every=chains_of(live, coupons, today=today, stalled_after_days=days),
        names={site.code: site_name(site, language) for site in sites},
        others=others_level(live.sample.trait("sex")),
        stalled_after_days=days,
        language=language,
    )


def _tables(view: View) -> dict[str, list[list[Cell]]]:
    """The tables of the page in the reader's language."""
    _, every = gettext_of(view.language), view.every
    tables: dict[str, list[list[Cell]]] = {
        "chains": [
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
            *(_cells(line, view) for line in every.lines),
        ],
        "waves": [[_("wave"), _("people")], *_numbered(every.waves)],
        "recruits": [[_("recruits brought"), _("people")], *_numbered(every.recruits)],
    }
    if every.matrix is not None:
        women, others = view.sexes()
        rows: list[list[int]] = every.matrix.tolist()
        tables["who-recruits-whom"] = [
            [_("recruiter"), women, others],
            [women, *rows[0]],
            [others, *rows[1]],
        ]
    return tables


def _cells(line: ChainLine, view: View) -> list[Cell]:
    return [
        line.label,
        view.names.get(line.site, line.site),
        line.size,
        line.max_wave,
        WITHHELD if line.women is None else line.women,
        None if line.share is None else round(line.share, 4),
        line.last_week.isoformat(),
        line.live_coupons,
        name(line.state.value, view.language),
    ]


def _numbered(counts: Iterable[int | None]) -> list[list[Cell]]:
    return [[i, WITHHELD if n is None else n] for i, n in enumerate(counts)]


def _members(chain: OneChain) -> Iterable[Sequence[Cell]]:
    """As ``pdi analyse`` reads a csv file; the week's first day stands for the day."""
    yield ["id", "recruiter_id", "enrolled_at", "sex", "wave", "live_coupons"]
    for each in chain.members:
        yield [
            each.number,
            each.recruiter,
            each.week.isoformat(),
            each.sex,
            each.wave,
            each.live_coupons,
        ]
