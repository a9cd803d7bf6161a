from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.participants.errors import BadParticipant
from app.domain.participants.queries import recent_seeds
from app.domain.participants.rules import EntryRoute, Sex
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.visits.actions import enrol_seed
from app.web import vocabulary
from app.web.deps import Db, Now, allowed
from app.web.desk_place import desk_site
from app.web.forms import Entered, Fields, one_of, refill, whole_number, yes_or_no
from app.web.problems import STATUS
from app.web.templating import render

router = APIRouter(prefix="/seeds", include_in_schema=False)

Enroller = Annotated[Actor, Depends(allowed(Permission.ENROL_SEED))]


@router.get("")
def show_seeds(request: Request, db: Db, actor: Enroller) -> Response:
    return _page(request, db, actor)


@router.post("")
def enrol(request: Request, db: Db, now: Now, actor: Enroller, entered: Fields) -> Response:
    """Enrol someone whom staff chose, and go on to her cards."""
    try:
        age = whole_number(entered, "age")
        sex = one_of(entered, "sex", [each.value for each in Sex])
        route = one_of(entered, "entry_route", [each.value for each in EntryRoute])
        if age is None or sex is None or route is None:
            raise BadParticipant(field="age", reason="missing")
        with db.transaction() as session:
            place = (
                programmes.site_by_code(session, actor.programme_id, entered["site"])
                if entered.get("site")
                else desk_site(session, request, actor)
            )
            seed_id = enrol_seed(
                session,
                site=place,
                sex=Sex(sex),
                age=age,
                network_size=whole_number(entered, "network_size"),
                entry_route=EntryRoute(route),
                never_reached_before=yes_or_no(entered, "never_reached"),
                uic=entered.get("uic") or None,
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, actor, problem=problem, entered=entered)
    return RedirectResponse(f"/desk/visits/{seed_id}?step=bundle", 303)


def _page(
    request: Request,
    db: Database,
    actor: Actor,
    *,
    problem: DomainError | None = None,
    entered: Entered | None = None,
) -> Response:
    with db.snapshot() as session:
        places = {place.id: place for place in programmes.sites(session, actor.programme_id)}
        context = {
            "seeds": recent_seeds(session, actor.programme_id),
            "places": places,
            "here_site": desk_site(session, request, actor).code,
            "minimum_age": programmes.current_protocol(
                session, actor.programme_id
            ).rules.minimum_age,
            "problem": problem,
            "entered": refill(entered),
            "words": vocabulary,
        }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "seeds.html", context, status=status)
