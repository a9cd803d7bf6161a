from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.core.db import Database
from app.core.envelopes import public_key_text
from app.core.installation import epoch
from app.domain.coupons.errors import MistypedCode
from app.domain.coupons.queries import read
from app.domain.devices import actions
from app.domain.devices.queries import Device, awaited_person
from app.domain.intake.rules import Scan
from app.domain.participants.queries import possible_duplicates, uic_digest
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import check_password
from app.domain.staff.errors import WrongLogIn
from app.web.api.fields import LongText, ShortText
from app.web.api.refusals import problems
from app.web.deps import Db, Now, cookie_name, keep_logged_in
from app.web.desk_auth import AnyDevice, DeskDevice
from app.web.desk_card import card_of
from app.web.desk_pack import pack_of
from app.web.scanning import look_at

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])


class EnrolmentIn(BaseModel):
    """What the code on the screen said, the password of the person it is for, and what browser read it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secret: ShortText
    password: Annotated[str, Field(max_length=1000)]
    browser: LongText = ""


class EnrolmentOut(BaseModel):
    """``key`` is shown once. ``server_key`` is what the device seals its events to."""

    device_id: UUID
    key: str
    server_key: str
    label: str
    username: str
    programme: str
    site: str
    epoch: UUID


class LookIn(BaseModel):
    """A card, a person's own code, or both, to look at before anything is redeemed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: UUID
    coupon: LongText | None = None
    uic: ShortText | None = None


class KnownOut(BaseModel):
    """Someone with the same code who came before."""

    participant_id: UUID
    came_on: date
    site: str


class LookOut(BaseModel):
    """``verdict`` is ``good``, or why the card cannot be used; null where no card was given."""

    verdict: str | None
    facts: Annotated[
        dict[str, Any],
        Field(
            description="used_at, usable_from, usable_until, late_until, reason: where they say more"
        ),
    ]
    known: list[KnownOut]


@router.post("/enrol", status_code=201, responses=problems(410))
def enrol(
    enrolment: EnrolmentIn, request: Request, response: Response, db: Db, now: Now
) -> EnrolmentOut:
    """Make a browser a device of the desk: once, within a quarter of an hour of being let.

    Whoever let it knows the secret too; only the person it will act for knows her password.
    """
    _check_person(db, enrolment, now)
    with db.transaction() as session:
        made = actions.enrol(session, enrolment.secret, browser=enrolment.browser, now=now)
        programme = programmes.programme(session, made.device.programme_id)
        life = epoch(session)
    return EnrolmentOut(
        device_id=made.device.id,
        key=made.key,
        server_key=public_key_text(request.app.state.keyring),
        label=made.device.label,
        username=made.device.actor.username,
        programme=programme.code,
        site=made.device.site,
        epoch=life,
    )


def _check_person(db: Database, enrolment: EnrolmentIn, now: datetime) -> None:
    """Raises: EnrolmentOver; WrongLogIn, a few times."""
    with db.snapshot() as session:
        username = awaited_person(session, enrolment.secret, now=now)
    try:
        with db.snapshot() as session:
            check_password(session, username, enrolment.password)
    except WrongLogIn:
        with db.transaction() as session:
            actions.note_wrong_password(session, enrolment.secret, now=now)
        raise


@router.get(
    "/pack",
    responses=problems()
    | {
        200: {"description": "The day's list", "content": {"application/json": {}}},
        304: {"description": "Nothing new"},
    },
    response_class=Response,
)
def pack(request: Request, db: Db, now: Now, device: DeskDevice) -> Response:
    """What a device judges cards by without a network: marks that no code, person or bundle can be read from."""
    with db.snapshot() as session:
        made = pack_of(session, device, now=now)
    with db.transaction() as session:
        actions.note_listed(session, device.id, now=now)
    headers = {"ETag": f'"{made.tag}"'}
    # Compared as text: what stands between may have made it a weak one.
    if made.tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return Response(made.body, media_type="application/json", headers=headers)


@router.post("/look", responses=problems())
def look(asked: LookIn, db: Db, now: Now, device: DeskDevice) -> LookOut:
    """Look before redeeming. Says nothing of whose card it is; a refusal is kept as the answer to this id."""
    verdict, facts = _judge(asked, db, now, device) if asked.coupon else (None, {})
    known = _known(asked.uic, db, device) if asked.uic else []
    return LookOut(verdict=verdict, facts=facts, known=known)


@router.post("/session", status_code=204, responses=problems())
def open_session(request: Request, db: Db, now: Now, device: DeskDevice) -> Response:
    """Log the device's person in, so that the pages that need a network open without a password."""
    with db.transaction() as session:
        secret = actions.open_session(session, device, now=now)
    return keep_logged_in(request, Response(status_code=204), secret)


@router.delete("/session", status_code=204, responses=problems())
def close_session(request: Request, db: Db, now: Now, device: AnyDevice) -> Response:
    """Log the device's person out of this browser: its PIN shuts the pages that need a network, too."""
    secret = request.cookies.get(cookie_name(request), "")
    with db.transaction() as session:
        actions.close_session(session, device, secret, now=now)
    response = Response(status_code=204)
    response.delete_cookie(cookie_name(request), path="/")
    return response


@router.post("/wiped", status_code=204, responses=problems())
def note_wiped(db: Db, now: Now, device: AnyDevice) -> Response:
    """A device that was locked says that what it could read is gone."""
    with db.transaction() as session:
        actions.note_wiped(session, device.id, now=now)
    return Response(status_code=204)


def _judge(asked: LookIn, db: Db, now: Now, device: Device) -> tuple[str, dict[str, Any]]:
    try:
        coupon = read(asked.coupon or "")
    except MistypedCode as slip:
        return slip.code, dict(slip.facts)
    with db.snapshot() as session:
        place = programmes.site_by_code(session, device.programme_id, device.site)
        protocol = programmes.current_protocol(session, device.programme_id)
    scan = Scan(asked.id, coupon, device.site, device.label, now)
    _, refusal = look_at(db, scan, by=device.actor, now=now, timezone=place.timezone)
    card = card_of(scan, refusal, place=place, now=now, grace_days=protocol.rules.grace_days)
    facts = {
        "used_at": card.used_at,
        "usable_from": card.usable_from,
        "usable_until": card.usable_until,
        "late_until": card.late_until,
    }
    return card.verdict, {name: each.isoformat() for name, each in facts.items() if each}


def _known(uic: str, db: Db, device: Device) -> list[KnownOut]:
    with db.snapshot() as session:
        digest = uic_digest(session, device.programme_id, uic)
        matches = possible_duplicates(session, device.programme_id, digest)
        codes = {each.id: each.code for each in programmes.sites(session, device.programme_id)}
    return [
        KnownOut(participant_id=each.participant_id, came_on=each.came_on, site=codes[each.site_id])
        for each in matches
    ]
