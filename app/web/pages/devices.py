from base64 import b64encode
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from babel.dates import format_timedelta
from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.i18n import N_
from app.domain.deliveries.queries import count_unbooked
from app.domain.devices import actions, queries
from app.domain.devices.actions import Begun
from app.domain.devices.errors import BadDevice
from app.domain.devices.queries import DeviceFacts
from app.domain.devices.rules import (
    LARGE_SKEW,
    LONGEST_LABEL,
    NEWS,
    OLD_LIST,
    State,
    may_have_device,
)
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff import queries as staff
from app.domain.staff.queries import Actor, StaffFacts
from app.domain.staff.rules import Permission
from app.printing.qr import qr_svg
from app.web.deps import Db, Now, allowed
from app.web.flash import done, flash
from app.web.templating import language_of, render
from app.web.wording import ERRORS, text_of

router = APIRouter(prefix="/devices", include_in_schema=False)

Keeper = Annotated[Actor, Depends(allowed(Permission.EDIT_DEVICES))]
Label = Annotated[str, Form(max_length=200)]

STATES: dict[State, tuple[str, str]] = {
    State.WAITING: (N_("Waits to be enrolled"), "info"),
    State.LAPSED: (N_("Not enrolled in time"), "warn"),
    State.ACTIVE: (N_("In use"), "good"),
    State.LOCKED: (N_("Locked"), ""),
}
# What a device gives as the cause of its last failure to send; anything else is a refusal's code.
CAUSES = {
    "away": N_("no network"),
    "slow": N_("the network was too slow"),
    "server": N_("the server could not answer"),
    "garbled": N_("an answer came that could not be read"),
    "full": N_("the device has no room left"),
    "device": N_("the browser could not keep or read its records"),
    # Said of events that have no answer yet (rules.Left).
    "not_its_turn": N_("something that was done before is missing and is being sent again"),
    "internal_error": N_("the server failed at an entry; it is sent again"),
    "unknown_device": N_("the server does not know the device"),
    "device_revoked": N_("the device is locked"),
}
# These pass by themselves.
USUAL = {"away", "slow"}


@router.get("")
def show_devices(request: Request, db: Db, now: Now, actor: Keeper) -> Response:
    return _list(request, db, now, actor)


@router.post("")
def begin_enrolment(
    request: Request,
    db: Db,
    now: Now,
    actor: Keeper,
    label: Label = "",
    person: Annotated[UUID | None, Form()] = None,
    site: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Let a device be enrolled. The answer is the only page that shows the code, so it is not redirected."""
    typed = {"label": label, "person": str(person or ""), "site": site}
    try:
        if person is None:
            raise BadDevice(field="person", reason="cannot_redeem")
        with db.transaction() as session:
            place = site and programmes.site_by_code(session, actor.programme_id, site).id
            begun = actions.begin_enrolment(
                session,
                label=label,
                staff_id=person,
                site_id=place or None,
                by=actor,
                now=now,
            )
    except BadDevice as problem:
        return _list(request, db, now, actor, typed=typed, errors=_errors(request, problem))
    return _code(request, db, now, actor, begun)


@router.get("/{device_id}")
def show_device(request: Request, db: Db, now: Now, actor: Keeper, device_id: UUID) -> Response:
    return _device(request, db, now, actor, device_id)


@router.post("/{device_id}/code")
def begin_again(request: Request, db: Db, now: Now, actor: Keeper, device_id: UUID) -> Response:
    """Another code for a device nobody has enrolled yet, shown once as the first was."""
    with db.transaction() as session:
        begun = actions.begin_again(session, device_id, by=actor, now=now)
    return _code(request, db, now, actor, begun)


@router.get("/{device_id}/waiting")
def show_waiting(request: Request, db: Db, now: Now, actor: Keeper, device_id: UUID) -> Response:
    """How long the code is good, asked again and again; when that changes, the device's page."""
    with db.snapshot() as session:
        device = queries.device(session, device_id, actor, now=now)
    if device.state is State.WAITING:
        context = {"device": device, "minutes": _minutes(device.secret_until, now)}
        return render(request, "devices_waiting.html", context)
    response = Response(headers={"HX-Redirect": f"/devices/{device_id}"})
    if device.state is State.ACTIVE:
        flash(response, "device_enrolled")
    return response


@router.post("/{device_id}/rename")
def rename(
    request: Request, db: Db, now: Now, actor: Keeper, device_id: UUID, label: Label = ""
) -> Response:
    try:
        with db.transaction() as session:
            actions.rename(session, device_id, label, by=actor, now=now)
    except BadDevice as problem:
        errors = _errors(request, problem)
        return _device(request, db, now, actor, device_id, label=label, errors=errors)
    return done(f"/devices/{device_id}", "device_renamed")


@router.post("/{device_id}/lock")
def lock(request: Request, db: Db, now: Now, actor: Keeper, device_id: UUID) -> Response:
    """Lock a device from afar, or call an enrolment off."""
    with db.transaction() as session:
        device = queries.device(session, device_id, actor, now=now)
        kept = request.state.session_secret if device.staff_id == actor.staff_id else None
        actions.revoke(session, device_id, by=actor, now=now, besides=kept)
    if device.enrolled_at:
        return done(f"/devices/{device_id}", "device_locked")
    return done("/devices", "enrolment_called_off")


def _list(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.snapshot() as session:
        known = queries.devices_of(session, actor, now=now)
        places = _places(session, actor)
        people = _people(session, actor)
        sites = {each.id: each for each in programmes.sites(session, actor.programme_id)}
        unbooked = count_unbooked(
            session, actor.programme_id, site_id=queries.site_looked_after(actor)
        )
    # What was called off before anyone enrolled it has no story to tell.
    shown = [each for each in known if each.enrolled_at or each.state is not State.LOCKED]
    order = {State.LOCKED: 1}
    context = {
        "devices": sorted(shown, key=lambda each: order.get(each.state, 0)),
        "people": people,
        "places": places,
        "sites": sites,
        "typed": typed or {},
        "errors": errors or {},
        "longest": LONGEST_LABEL,
        "unbooked": unbooked if actor.may(Permission.DECIDE_CONFLICT) else None,
        **_words(request, now),
    }
    return render(request, "devices.html", context, status=422 if errors else 200)


def _device(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    device_id: UUID,
    *,
    label: str | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.snapshot() as session:
        device = queries.device(session, device_id, actor, now=now)
        place = programmes.site(session, device.site_id)
    context = {
        "device": device,
        "place": place,
        "label": device.label if label is None else label,
        "errors": errors or {},
        "minutes": _minutes(device.secret_until, now),
        "longest": LONGEST_LABEL,
        "here": f"/devices/{device_id}",
        **_words(request, now),
    }
    return render(request, "devices_one.html", context, status=422 if errors else 200)


def _code(request: Request, db: Database, now: datetime, actor: Actor, begun: Begun) -> Response:
    with db.snapshot() as session:
        device = queries.device(session, begun.device_id, actor, now=now)
        place = programmes.site(session, device.site_id)
    base = (request.app.state.settings.public_url or str(request.base_url)).rstrip("/")
    address = f"{base}/desk/enrol#{begun.secret}"
    context = {
        "device": device,
        "place": place,
        "address": address,
        "base": f"{base}/desk/enrol",
        "secret": begun.secret,
        "picture": _picture(address),
        "minutes": _minutes(begun.until, now),
        "is_safe": _is_safe(base),
        "here": "/devices",
    }
    return render(request, "devices_code.html", context, status=201)


def _words(request: Request, now: datetime) -> dict[str, Any]:
    """How a page says what a device told of itself."""
    language = language_of(request)

    def ago(moment: datetime) -> str:
        time = moment - now
        return str(format_timedelta(time, threshold=1, add_direction=True, locale=language))

    def lasting(time: timedelta) -> str:
        return str(format_timedelta(abs(time), threshold=1, locale=language))

    def cause(device: DeviceFacts) -> str:
        given = device.last_problem or ""
        return CAUSES.get(given) or ERRORS.get(given) or (N_("something else") if given else "")

    return {
        "now": now,
        "ago": ago,
        "lasting": lasting,
        "cause": cause,
        "states": STATES,
        "usual": USUAL,
        "is_skewed": lambda device: abs(device.skew) > LARGE_SKEW,
        "is_news": lambda device: device.known_again_at and now - device.known_again_at < NEWS,
        "is_old": lambda device: device.listed_at is None or now - device.listed_at > OLD_LIST,
    }


def _places(session: Session, actor: Actor) -> list[SiteFacts]:
    """The sites whose devices someone looks after."""
    only = queries.site_looked_after(actor)
    found = programmes.sites(session, actor.programme_id)
    return [each for each in found if only in (None, each.id)]


def _people(session: Session, actor: Actor) -> list[StaffFacts]:
    """Who may be given a device by someone."""
    only = queries.site_looked_after(actor)
    return [
        each
        for each in staff.staff_of(session, actor.programme_id)
        if each.left_at is None
        and may_have_device(each.role)
        and (only is None or each.site_id in (None, only))
    ]


def _errors(request: Request, problem: BadDevice) -> dict[str, str]:
    text = text_of(problem.code, language_of(request), reason=problem.facts["reason"])
    return {str(problem.facts["field"]): text}


def _picture(text: str) -> str:
    """A code black on white, also where the page is dark."""
    drawn = qr_svg(text).replace("<path", '<rect width="100%" height="100%" fill="#fff"/><path', 1)
    return "data:image/svg+xml;base64," + b64encode(drawn.encode()).decode()


def _minutes(until: datetime, now: datetime) -> int:
    """Whole minutes left, a begun one counting."""
    return max(0, -int((now - until).total_seconds() // 60))


def _is_safe(address: str) -> bool:
    """Whether browsers let a page at this address keep working without a network."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")
