from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime
from sqlalchemy.orm import Session

from app.core.claim_names import ClaimToken, read_claim
from app.core.clock import local_date
from app.core.codes import MalformedCode
from app.core.db import Database
from app.core.errors import DomainError
from app.core.ids import tag_of
from app.domain.cash_days.queries import alarm_of
from app.domain.claims import queries as claims
from app.domain.corrections.actions import take_back
from app.domain.coupons.errors import (
    CouponRefused,
    DuplicateParticipant,
    MistypedCode,
    SelfRecruitment,
)
from app.domain.coupons.queries import read
from app.domain.intake.actions import welcome_walk_in
from app.domain.intake.queries import open_visits, scans_of
from app.domain.intake.rules import Scan
from app.domain.participants.errors import BadParticipant
from app.domain.participants.queries import possible_duplicates, uic_digest
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.coming import coming_elsewhere, coming_to
from app.web.deps import Db, Now, allowed
from app.web.desk_card import Card, Known, card_of
from app.web.desk_place import (
    DEVICE_COOKIE,
    SITE_COOKIE,
    desk_site,
    device_of,
    midnight,
    remember,
)
from app.web.flash import done, flash
from app.web.problems import STATUS
from app.web.scanning import look_at, take_scan
from app.web.templating import render
from app.web.vocabulary import OUTCOMES
from app.web.wording import ERRORS

router = APIRouter(prefix="/desk", include_in_schema=False)

Looker = Annotated[Actor, Depends(allowed(Permission.LOOK_UP_COUPON))]
Redeemer = Annotated[Actor, Depends(allowed(Permission.REDEEM))]
Text = Annotated[str, Form(max_length=512)]
People = Annotated[list[UUID], Form()]


@router.get("")
def show_desk(request: Request, db: Db, now: Now, actor: Looker) -> Response:
    return _page(request, db, now, actor)


@router.post("/site")
def choose_site(
    request: Request, db: Db, actor: Looker, site: Annotated[str, Form(max_length=64)]
) -> Response:
    """Remember where someone of the whole programme works today."""
    with db.snapshot() as session:
        place = programmes.site_by_code(session, actor.programme_id, site)
    return remember(request, RedirectResponse("/desk", 303), SITE_COOKIE, place.code)


@router.post("")
def look(request: Request, db: Db, now: Now, actor: Looker, scanned: Text = "") -> Response:
    """Read a card without redeeming it."""
    try:
        coupon = read(scanned)
    except MistypedCode as slip:
        if slip.facts.get("reason") == "empty":
            return _page(request, db, now, actor, nothing_read=True)
        card = Card(slip.code, "", uuid4(), now)
        if _is_own_card(db, actor, scanned):
            own = MistypedCode(reason="own_card")
            return _page(request, db, now, actor, card=card, slip=own, own_card=scanned)
        return _page(request, db, now, actor, card=card, typed=scanned[:32], slip=slip)
    with db.snapshot() as session:
        place, grace = _place_and_grace(session, request, actor)
    scan = Scan(uuid4(), coupon, place.code, device_of(request), now)
    _, refusal = look_at(db, scan, by=actor, now=now, timezone=place.timezone)
    card = card_of(scan, refusal, place=place, now=now, grace_days=grace)
    return _page(request, db, now, actor, card=card)


@router.post("/redeem")
def redeem(
    request: Request,
    db: Db,
    now: Now,
    actor: Redeemer,
    scan_id: Annotated[UUID, Form()],
    scanned_at: Annotated[AwareDatetime, Form()],
    name: Text,
    uic: Annotated[str, Form(max_length=64)] = "",
    late_reason: Annotated[str, Form(max_length=500)] = "",
    no_code: Annotated[str, Form()] = "",
    not_the_same: People = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Redeem the card that was read, unless someone with her code came before and nobody has said who she is."""
    with db.snapshot() as session:
        place, grace = _place_and_grace(session, request, actor)
    scan = Scan(
        id=scan_id,
        coupon=read(name),
        site=place.code,
        device_id=device_of(request),
        scanned_at=scanned_at,
        uic=None if no_code else uic.strip() or None,
        not_the_same=tuple(not_the_same),
        late_reason=late_reason.strip() or None,
    )
    card = Card("good", name, scan_id, scanned_at)
    try:
        verdict = take_scan(db, scan, by=actor, now=now)
    except (DuplicateParticipant, SelfRecruitment) as refusal:
        # A refused scan keeps its answer: another decision is another scan.
        again = Card("good", name, uuid4(), scanned_at)
        known = _known(db, actor, scan.uic or "", refusal.code)
        return _page(request, db, now, actor, card=again, known=known, late_reason=late_reason)
    except CouponRefused as refusal:
        card = card_of(scan, refusal, place=place, now=now, grace_days=grace)
        return _page(request, db, now, actor, card=card)
    except BadParticipant as problem:
        return _page(request, db, now, actor, card=card, problem=problem, late_reason=late_reason)
    response = RedirectResponse(f"/desk/visits/{verdict.participant_id}", 303)
    flash(response, "card_redeemed")
    return remember(request, response, DEVICE_COOKIE, scan.device_id)


@router.post("/undo")
def undo(
    request: Request, db: Db, now: Now, actor: Redeemer, scan_id: Annotated[UUID, Form()]
) -> Response:
    """Take one's own scan back while that is easy: nothing was paid and no cards were given."""
    try:
        with db.transaction() as session:
            take_back(session, scan_id, reason=None, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem, status=STATUS[problem.kind])
    return done("/desk", "scan_taken_back")


@router.get("/walk-in")
def ask_walk_in(request: Request, db: Db, now: Now, actor: Redeemer) -> Response:
    """Someone without a usable card is served like anyone."""
    return _walk_in_page(request, db, actor)


@router.post("/walk-in")
def walk_in(
    request: Request,
    db: Db,
    now: Now,
    actor: Redeemer,
    arrival_id: Annotated[UUID, Form()],
    uic: Annotated[str, Form(max_length=64)] = "",
    no_code: Annotated[str, Form()] = "",
    not_the_same: People = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    code = "" if no_code else uic.strip()
    try:
        with db.transaction() as session:
            participant_id = welcome_walk_in(
                session,
                site=desk_site(session, request, actor).code,
                uic=code or None,
                by=actor,
                now=now,
                arrival_id=arrival_id,
                not_the_same=tuple(not_the_same),
            )
    except DuplicateParticipant as refusal:
        known = _known(db, actor, code, refusal.code)
        return _walk_in_page(request, db, actor, known=known)
    except BadParticipant as problem:
        return _walk_in_page(request, db, actor, problem=problem)
    return RedirectResponse(f"/desk/visits/{participant_id}", 303)


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    *,
    card: Card | None = None,
    typed: str = "",
    slip: MistypedCode | None = None,
    own_card: str = "",
    nothing_read: bool = False,
    known: Known | None = None,
    problem: DomainError | None = None,
    late_reason: str = "",
    status: int = 200,
) -> Response:
    with db.snapshot() as session:
        place = desk_site(session, request, actor)
        since = midnight(now, place.timezone)
        scans = scans_of(
            session, actor.staff_id, programme_id=actor.programme_id, since=since, now=now
        )
        today = open_visits(
            session, place.id, programme_id=actor.programme_id, on=local_date(now, place.timezone)
        )
        places = _places(session, actor)
        cash = alarm_of(session, actor.programme_id, place.id)
        coming = coming_to(session, place, now=now)
        others = () if actor.site_id else [each for each in places.values() if each != place]
        elsewhere = coming_elsewhere(session, others, now=now)
    context = {
        "cash_alarm": cash,
        "coming": coming,
        "elsewhere": elsewhere,
        "card": card,
        "typed": typed,
        "slip": slip.facts.get("reason") if slip else None,
        "own_card": own_card,
        "nothing_read": nothing_read,
        "known": known,
        "problem": problem.code if problem else None,
        "problem_text": ERRORS[problem.code] if problem else "",
        "late_reason": late_reason,
        "place": place,
        "places": places,
        "scans": scans,
        "outcomes": OUTCOMES,
        "visits": [(visit, tag_of(visit.participant_id)) for visit in today],
        "can_redeem": actor.may(Permission.REDEEM),
        "can_take_in": actor.may(Permission.TAKE_IN),
        "can_pay": actor.may(Permission.PAY_STIPEND),
        "can_accept_late": actor.may(Permission.ACCEPT_LATE),
        "tag_of": tag_of,
    }
    response = render(request, "desk.html", context, status=status)
    return remember(request, response, DEVICE_COOKIE, device_of(request))


def _walk_in_page(
    request: Request,
    db: Database,
    actor: Actor,
    *,
    known: Known | None = None,
    problem: DomainError | None = None,
) -> Response:
    with db.snapshot() as session:
        places = _places(session, actor)
    context = {
        "arrival_id": uuid4(),
        "known": known,
        "problem": problem.code if problem else None,
        "places": places,
        "tag_of": tag_of,
    }
    return render(request, "desk_walk_in.html", context)


def _is_own_card(db: Database, actor: Actor, scanned: str) -> bool:
    """Whether it is someone's own card: a token tells by itself, digits only where they are known."""
    try:
        name = read_claim(scanned)
    except MalformedCode:
        return False
    with db.snapshot() as session:
        known = claims.is_known(session, name, programme_id=actor.programme_id)
    return known or isinstance(name, ClaimToken)


def _place_and_grace(session: Session, request: Request, actor: Actor) -> tuple[SiteFacts, int]:
    protocol = programmes.current_protocol(session, actor.programme_id)
    return desk_site(session, request, actor), protocol.rules.grace_days


def _known(db: Database, actor: Actor, uic: str, code: str) -> Known:
    with db.snapshot() as session:
        digest = uic_digest(session, actor.programme_id, uic)
        return Known(possible_duplicates(session, actor.programme_id, digest), code, uic)


def _places(session: Session, actor: Actor) -> dict[UUID, SiteFacts]:
    return {place.id: place for place in programmes.sites(session, actor.programme_id)}
