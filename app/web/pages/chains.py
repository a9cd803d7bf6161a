from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

import networkx as nx
import numpy as np
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from markupsafe import Markup

from app.core.clock import local_date
from app.core.db import Database
from app.domain.chains.actions import ALL, note_exported, note_viewed
from app.domain.chains.queries import LiveCoupons, LiveSample, live_coupons, load_sample
from app.domain.chains.rules import ChainState
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.csv_file import csv_file
from app.web.deps import Db, Now, allowed
from app.web.figures import chain_pictures, files
from app.web.figures import chain_tables as tables
from app.web.figures.chains import Chains, chains_of, one_chain
from app.web.figures.files import Form
from app.web.figures.forest_pictures import ABOUT, COLOURS, Colour, draw_forest
from app.web.figures.reach import others_level
from app.web.figures.words import name, site_name
from app.web.templating import language_of, render

router = APIRouter(include_in_schema=False)

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
FOREST, NARROW_FOREST, MATRIX, NARROW_MATRIX, TREE = 1100, 330, 460, 310, 900
SIZES, NARROW_SIZES = 520, 310

MOST_STALLED = 6

Whole = Literal["forest", "chains", "sizes", "who-recruits-whom", "waves", "recruits"]
Coloured = Annotated[Colour, Query()]
InState = Annotated[ChainState | None, Query()]


@dataclass(frozen=True)
class Chosen:
    """What the address says: how the forest is coloured, and of which chains the list is."""

    colour: Colour
    state: ChainState | None

    def address(
        self, *, colour: Colour | None = None, state: ChainState | None, part: str = ""
    ) -> str:
        """The page with another colour or list."""
        words = {"colour": colour or self.colour, "state": state}
        usual = {"colour": Colour.SEX, "state": None}
        query = urlencode({key: each for key, each in words.items() if each != usual[key]})
        return "/chains" + (f"?{query}" if query else "") + (f"#{part}" if part else "")


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

    def forest(
        self, width: int = FOREST, *, colour: Colour = Colour.SEX, is_linked: bool = False
    ) -> str:
        labels = self.live.labels
        return draw_forest(
            self.live.sample,
            self.coupons,
            colour=colour,
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

    def sizes(self, width: int = SIZES) -> str:
        size = np.array([line.size for line in self.every.lines], dtype=np.int64)
        return chain_pictures.draw_sizes(size, language=self.language, width=width)

    def sexes(self) -> list[str]:
        return [name("female", self.language), name(self.others, self.language)]


@router.get("/chains")
def show_chains(
    request: Request,
    db: Db,
    now: Now,
    actor: Lead,
    colour: Coloured = Colour.SEX,
    state: InState = None,
) -> Response:
    view = _view(request, db, now, actor)
    wide, narrow = view.matrix(), view.matrix(NARROW_MATRIX)
    return render(
        request,
        "chains.html",
        {
            "view": view,
            "every": view.every,
            "chosen": Chosen(colour, state),
            "matrix": [Markup(wide), Markup(narrow)] if wide and narrow else None,
            "sizes": [Markup(view.sizes()), Markup(view.sizes(NARROW_SIZES))],
            "forest": Markup(view.forest(colour=colour, is_linked=True)),
            "narrow_forest": NARROW_FOREST,
            "colourings": COLOURS,
            "about": ABOUT,
            "most_stalled": MOST_STALLED,
            "name": lambda word: name(word, view.language),
        },
    )


@router.get("/chains/all/narrow-forest.svg")
def narrow_forest(
    request: Request, db: Db, now: Now, actor: Lead, colour: Coloured = Colour.SEX
) -> Response:
    """The forest of the page as a narrow screen shows it."""
    view = _view(request, db, now, actor)
    return Response(view.forest(NARROW_FOREST, colour=colour), media_type=files.MEDIA[Form.SVG])


@router.get("/chains/all/{picture}.{form}")
def take_all_away(
    request: Request,
    db: Db,
    now: Now,
    actor: Lead,
    picture: Whole,
    form: Form,
    colour: Coloured = Colour.SEX,
    state: InState = None,
) -> Response:
    """A picture of all chains, or a table."""
    view = _view(request, db, now, actor)
    if form is Form.CSV and (table := _table(view, picture, state)):
        columns, *rows = table
        response = csv_file(picture, [str(each) for each in columns], rows)
    elif form in (Form.SVG, Form.PNG) and (svg := _picture(view, picture, colour)):
        response = files.picture(svg, form, name=_file_name(picture, colour))
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
        members = files.plain_csv(tables.members_table(chain))
        response = files.download(members, form, name=file_name)
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


def _file_name(picture: Whole, colour: Colour) -> str:
    """Pictures of the same chains in several colours can lie in one folder."""
    is_plain = picture != "forest" or colour is Colour.SEX
    return picture if is_plain else f"{picture}-by-{colour.value}"


def _table(view: View, picture: Whole, state: ChainState | None) -> tables.Table | None:
    """A table of the page in the reader's language."""
    if picture == "chains":
        return tables.chains_table(view.every, view.names, state=state, language=view.language)
    if picture == "who-recruits-whom":
        return tables.matrix_table(view.every, view.sexes(), view.language)
    told = {
        "sizes": tables.sizes_table,
        "waves": tables.waves_table,
        "recruits": tables.recruits_table,
    }
    return told[picture](view.every, view.language) if picture in told else None


def _picture(view: View, picture: Whole, colour: Colour) -> str | None:
    if picture == "forest":
        return view.forest(colour=colour)
    if picture == "sizes":
        return view.sizes() if view.every.lines else None
    return view.matrix() if picture == "who-recruits-whom" else None
