from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_, translations
from app.core.ids import tag_of
from app.domain.deliveries import actions, queries
from app.domain.deliveries.errors import UnknownDelivery, UnknownEvent
from app.domain.deliveries.queries import Unbooked
from app.domain.deliveries.rules import Event, Flag, Settled, read_event
from app.domain.devices import queries as devices
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web import vocabulary
from app.web.deps import Db, Now, allowed
from app.web.desk_events import Booking, play
from app.web.entered_words import KINDS, in_words
from app.web.flash import done
from app.web.problems import STATUS
from app.web.templating import language_of, render
from app.web.wording import ERRORS

router = APIRouter(prefix="/devices/unbooked", include_in_schema=False)

# A form that is sent waits for all of them.
MOST_AT_ONCE = 100

Decider = Annotated[Actor, Depends(allowed(Permission.DECIDE_CONFLICT))]

# Why something could not be booked, told to those who look at it later; else as the desk was told.
WHY: dict[str, str] = {
    "device_revoked": N_("It was entered after the device had been locked."),
    "not_ready_for_step": N_(
        "An earlier step of this visit is missing, or the visit had gone on elsewhere by then."
    ),
    "unknown_participant": N_("The person is not known here: that they came was not booked."),
}
FLAGS: dict[str, str] = {
    **{flag.value: text for flag, text in vocabulary.FLAGS.items()},
    Flag.GAP.value: N_("Something the device did before this is missing."),
    Flag.DEVICE_REVOKED.value: N_("The device had been locked when this was sent."),
}


@router.get("")
def show_unbooked(request: Request, db: Db, actor: Decider) -> Response:
    """What was done on devices and could not be booked. What was entered is opened one by one."""
    with db.snapshot() as session:
        context = {
            "waiting": queries.unbooked(session, actor.programme_id, site_id=_site(actor)),
            "places": _places(session, actor),
            **WORDS,
        }
    return render(request, "deliveries.html", context)


@router.post("/again")
def try_all_again(request: Request, db: Db, now: Now, actor: Decider) -> Response:
    """Try everything that someone sees once more, in the order in which it was done; each by itself."""
    with db.snapshot() as session:
        waiting = queries.unbooked(session, actor.programme_id, site_id=_site(actor))
    booked = sum(_book(db, each.id, actor, now) is None for each in waiting[:MOST_AT_ONCE])
    return _done("deliveries_booked" if booked else "deliveries_not_booked")


@router.get("/{event_id}")
def show_one(request: Request, db: Db, now: Now, actor: Decider, event_id: UUID) -> Response:
    """What was entered. Looking at it is written to the record."""
    with db.transaction() as session:
        _one(session, actor, event_id)
        actions.note_viewed(session, event_id, by=actor, now=now)
    return _page(request, db, actor, event_id)


@router.post("/{event_id}/again")
def try_again(request: Request, db: Db, now: Now, actor: Decider, event_id: UUID) -> Response:
    """Book it after all, in the name of whoever entered it and as of then."""
    problem = _book(db, event_id, actor, now)
    if problem:
        return _page(request, db, actor, event_id, problem=problem)
    return _done("delivery_booked")


@router.post("/{event_id}/noted")
def note(
    request: Request,
    db: Db,
    now: Now,
    actor: Decider,
    event_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Someone has dealt with it in another way, and says how."""
    try:
        with db.transaction() as session:
            _settle(session, event_id, Settled.NOTED, reason, actor, now)
    except UnknownDelivery:
        raise
    except DomainError as problem:
        return _page(request, db, actor, event_id, problem=problem)
    return _done("delivery_noted")


def _page(
    request: Request,
    db: Database,
    actor: Actor,
    event_id: UUID,
    *,
    problem: DomainError | None = None,
) -> Response:
    with db.snapshot() as session:
        one = _one(session, actor, event_id)
        body = queries.body_of(session, event_id)
        places = _places(session, actor)
    event = _event(body)
    translate = translations(language_of(request)).gettext
    context = {
        "one": one,
        "place": places[one.site_id],
        "kind": KINDS.get(event.kind) if event else None,
        "happened_at": datetime.fromisoformat(body["happened_at"]),
        "person": tag_of(event.person) if event else "",
        "lines": list(in_words(event.fields, translate)) if event else [],
        "problem": problem.code if problem else None,
        **WORDS,
    }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "deliveries_one.html", context, status=status)


def _book(db: Database, event_id: UUID, actor: Actor, now: datetime) -> DomainError | None:
    """Book one, in a transaction of its own; what it is refused with, if it still is. Raises: UnknownDelivery."""
    try:
        with db.transaction() as session:
            play(_booking(session, _one(session, actor, event_id), now))
            _settle(session, event_id, Settled.BOOKED, "", actor, now)
    except UnknownDelivery:
        raise
    except DomainError as problem:
        return problem
    return None


def _booking(session: Session, waiting: Unbooked, now: datetime) -> Booking:
    body = queries.body_of(session, waiting.id)
    event = read_event(body)
    device = devices.by_id(session, waiting.device_id)
    if device is None:
        raise UnknownDelivery
    return Booking(
        session=session,
        id=waiting.id,
        kind=event.kind,
        person=event.person,
        entered=dict(event.fields),
        place=programmes.site_by_code(session, device.programme_id, event.site),
        device=device,
        at=datetime.fromisoformat(body["happened_at"]),
        now=now,
        flags=waiting.flags,
    )


def _event(body: Mapping[str, Any]) -> Event | None:
    try:
        return read_event(body)
    except UnknownEvent:
        return None


def _settle(
    session: Session, event_id: UUID, settled_as: Settled, reason: str, by: Actor, now: datetime
) -> None:
    actions.settle(session, event_id, settled_as, reason=reason, site_id=_site(by), by=by, now=now)


def _one(session: Session, actor: Actor, event_id: UUID) -> Unbooked:
    return queries.one_unbooked(
        session, event_id, programme_id=actor.programme_id, site_id=_site(actor)
    )


def _site(actor: Actor) -> UUID | None:
    """A coupon manager of one site looks after that site's devices."""
    return devices.site_looked_after(actor)


def _places(session: Session, actor: Actor) -> dict[UUID, programmes.SiteFacts]:
    return {place.id: place for place in programmes.sites(session, actor.programme_id)}


def _why(code: str | None) -> str:
    return WHY.get(code or "") or ERRORS.get(code or "", N_("Please check what was entered."))


def _done(code: str) -> Response:
    return done("/devices/unbooked", code)


WORDS: dict[str, Any] = {"why": _why, "flag_words": FLAGS}
