from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from babel.dates import format_date
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from markupsafe import Markup

from app.core.clock import local_date
from app.core.db import Database
from app.core.i18n import N_
from app.domain.chains.queries import load_sample
from app.domain.programmes import queries as programmes
from app.domain.spending import queries as spending
from app.domain.spending.rules import COSTS
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.rules import Account
from app.web.deps import Db, Now, allowed
from app.web.figures import files, money_pictures
from app.web.figures.costs import Costs, Line, costs_of
from app.web.figures.files import Form
from app.web.figures.words import WITHHELD, gettext_of, site_name
from app.web.table_files import Cell, Column, Unit, table_file
from app.web.templating import language_of, render
from app.web.wording import ACCOUNTS

router = APIRouter(prefix="/stipends/costs", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))]

EACH = {
    "participants": N_("For each participant"),
    "recruits": N_("For each recruit who came"),
    "women": N_("For each woman"),
    "first_time": N_("For each person reached for the first time"),
}
TITLES = {
    "kinds": N_("Costs by what they were earned for"),
    "months": N_("Costs by month"),
    "sites": N_("Costs by site"),
    "weeks": N_("Costs up to a week"),
}
WITHHELD_NOTE = N_("<5* is a count below five, or a larger one that would give it back.")


@dataclass(frozen=True)
class View:
    """What was read, in which language it is told."""

    costs: Costs
    site_names: dict[str, str]
    language: str

    def name(self, table: str, line: Line) -> str:
        if table == "kinds":
            return gettext_of(self.language)(ACCOUNTS[Account(line.name)])
        if table == "sites":
            return self.site_names[line.name]
        return str(format_date(date.fromisoformat(line.name), "medium", locale=self.language))

    def lines(self, table: str) -> tuple[Line, ...]:
        found: tuple[Line, ...] = getattr(self.costs, table)
        return found

    def kinds_used(self) -> list[Account]:
        return [Account(each.name) for each in self.costs.kinds]

    def draw(self, *, is_narrow: bool = False) -> Markup:
        width = money_pictures.NARROW if is_narrow else money_pictures.WIDE
        kinds = self.kinds_used()
        return Markup(money_pictures.draw_costs(self.costs.months, kinds, self.language, width))


@router.get("")
def show_costs(request: Request, db: Db, now: Now, actor: Reader) -> Response:
    """What each person reached cost, by kind, month and site."""
    view = _view(request, db, now, actor)
    context = {
        "view": view,
        "costs": view.costs,
        "each": EACH,
        "titles": TITLES,
        "account_names": ACCOUNTS,
    }
    return render(request, "costs.html", context)


@router.get("/{table}.{form}")
def take_costs(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    table: Literal["kinds", "months", "sites", "weeks"],
    form: Literal["csv", "xlsx", "pdf", "svg", "png"],
) -> Response:
    """A table of the page, or the picture of the months."""
    view = _view(request, db, now, actor)
    if form in ("svg", "png"):
        if table != "months":
            raise HTTPException(404)
        return files.picture(view.draw(), Form(form), name="costs-by-month")
    _ = gettext_of(view.language)
    columns, rows = (
        _months(view) if table == "months" else _lines(view, table, with_total=form != "csv")
    )
    notes = [] if table == "months" else [_(WITHHELD_NOTE)]
    return table_file(
        form,
        f"costs-{table}",
        _(TITLES[table]),
        columns,
        rows,
        language=view.language,
        notes=notes,
    )


def _months(view: View) -> tuple[list[Column], list[list[Cell]]]:
    _ = gettext_of(view.language)
    columns = [
        Column("month", _("Month"), Unit.TEXT),
        *(Column(kind.value, _(ACCOUNTS[kind]), Unit.MONEY) for kind in COSTS),
        Column("spent", _("Together"), Unit.MONEY),
    ]
    rows: list[list[Cell]] = [
        [each.first.isoformat()[:7], *(each.earned[kind] for kind in COSTS), each.total]
        for each in view.costs.months
    ]
    return columns, rows


def _lines(view: View, table: str, *, with_total: bool) -> tuple[list[Column], list[list[Cell]]]:
    """Files know a site by its code, what was earned for by its account, and a week by its first day."""
    _ = gettext_of(view.language)
    whom = ["participants", "women"] if table == "weeks" else list(EACH)
    is_counted = table != "kinds"
    heads = {"kinds": _("Earned for"), "sites": _("Site"), "weeks": _("Up to the week of")}
    columns = [
        Column(table.removesuffix("s"), heads[table]),
        Column("spent", _("Spent"), Unit.MONEY),
        *([Column("people", _("Participants"), Unit.NUMBER)] if is_counted else []),
        *(Column(f"for_each_of_{one}", _(EACH[one]), Unit.MONEY) for one in whom),
    ]
    rows: list[list[Cell]] = []
    for line in (
        *view.lines(table),
        *([view.costs.whole] if with_total and table != "weeks" else []),
    ):
        people = line.reached.participants
        rows.append(
            [
                line.name or _("All together"),
                line.spent,
                *([WITHHELD if people is None else people] if is_counted else []),
                *(WITHHELD if line.is_withheld(one) else line.each(one) for one in whom),
            ]
        )
    return columns, rows


def _view(request: Request, db: Database, now: datetime, actor: Actor) -> View:
    language = language_of(request)
    with db.snapshot() as session:
        programme_id = actor.programme_id
        today = local_date(now, programmes.clock_of(session, programme_id, actor.site_id))
        sites = programmes.sites(session, programme_id)
        costs = costs_of(
            load_sample(session, programme_id, today=today),
            spending.spent(session, programme_id),
            spending.days(session, programme_id),
            sites={each.id: each.code for each in sites},
            currency=programmes.programme(session, programme_id).currency,
        )
    return View(costs, {each.code: site_name(each, language) for each in sites}, language)
