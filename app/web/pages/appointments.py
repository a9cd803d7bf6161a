"""Agreeing with someone on a day to come again, at the end of a visit or whenever she is at the desk."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.ids import tag_of
from app.domain.appointments import actions, queries
from app.domain.appointments.errors import BadAppointmentDay
from app.domain.appointments.rules import LONGEST_AHEAD, AppointmentKind, PartOfDay, is_missed
from app.domain.participants import queries as participants
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web import vocabulary
from app.web.days import day_in
from app.web.deps import Db, Now, allowed
from app.web.desk_place import desk_site
from app.web.flash import done
from app.web.forms import Entered, Fields, identifier, one_of, refill
from app.web.problems import STATUS
from app.web.templating import render
from app.web.wording import words_of

router = APIRouter(prefix="/desk/visits/{participant_id}/appointment", include_in_schema=False)
Taker = Annotated[Actor, Depends(allowed(Permission.TAKE_IN))]


@router.get("")
def show_appointment(
    request: Request, db: Db, now: Now, actor: Taker, participant_id: UUID
) -> Response:
    return _page(request, db, now, actor, participant_id)


@router.post("")
def agree(
    request: Request, db: Db, now: Now, actor: Taker, participant_id: UUID, entered: Fields
) -> Response:
    """Agree on a day at this desk's site, or on another one than before."""
    try:
        with db.transaction() as session:
            place = desk_site(session, request, actor)
            day = day_in(entered.get("day", ""))
            if day is None:
                raise BadAppointmentDay
            kind = one_of(entered, "kind", [each.value for each in AppointmentKind])
            part = one_of(entered, "part_of_day", [each.value for each in PartOfDay])
            actions.agree(
                session,
                identifier(entered, "appointment_id") or uuid4(),
                participant_id,
                site_id=place.id,
                kind=AppointmentKind(kind or AppointmentKind.VISIT),
                day=day,
                part_of_day=PartOfDay(part or PartOfDay.ANY),
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, now, actor, participant_id, problem=problem, entered=entered)
    return done(f"/desk/visits/{participant_id}/appointment", "appointment_agreed")


@router.post("/cancel")
def cancel(db: Db, now: Now, actor: Taker, participant_id: UUID) -> Response:
    with db.transaction() as session:
        actions.cancel(session, participant_id, by=actor, now=now)
    return done(f"/desk/visits/{participant_id}/appointment", "appointment_cancelled")


@router.post("/came")
def came(db: Db, now: Now, actor: Taker, participant_id: UUID) -> Response:
    """Note that she is here as agreed."""
    with db.transaction() as session:
        actions.keep(session, participant_id, by=actor, now=now)
    return done(f"/desk/visits/{participant_id}", "appointment_kept")


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    participant_id: UUID,
    *,
    problem: DomainError | None = None,
    entered: Entered | None = None,
) -> Response:
    with db.snapshot() as session:
        person = participants.participant(session, participant_id, programme_id=actor.programme_id)
        known = queries.appointments_of(session, participant_id)
        standing = queries.standing(session, participant_id)
        invited = participants.consents(session, participant_id).get("follow_up", False)
        place = desk_site(session, request, actor)
        sites = {each.id: each for each in programmes.sites(session, actor.programme_id)}
    today = local_date(now, place.timezone)
    missed = standing is not None and is_missed(standing.state, standing.day, today=today)
    context = {
        "person": person,
        "tag": tag_of(participant_id),
        "place": place,
        "sites": sites,
        "standing": None if missed else standing,
        "missed": standing if missed else None,
        "earlier": [each for each in known if each != standing or missed],
        "is_missed": lambda each: is_missed(each.state, each.day, today=today),
        "invited": invited,
        "today": today,
        "latest": today + LONGEST_AHEAD,
        "appointment_id": standing.id if standing and not missed else uuid4(),
        "kinds": vocabulary.APPOINTMENTS,
        "parts": vocabulary.PARTS_OF_DAY,
        "states": vocabulary.APPOINTMENT_STATES,
        "problem": problem,
        "problem_text": words_of(problem) if problem else "",
        "entered": refill(entered),
    }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "appointment.html", context, status=status)
