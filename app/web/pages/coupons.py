from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.corrections.actions import take_back
from app.domain.corrections.queries import redemption_of
from app.domain.coupons.actions import end_coupon
from app.domain.coupons.queries import read
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.queries import look_up
from app.domain.intake.rules import Scan
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web import vocabulary
from app.web.deps import Db, Now, allowed
from app.web.desk_card import Card, card_of
from app.web.desk_place import desk_site, device_of
from app.web.flash import done
from app.web.problems import STATUS
from app.web.templating import render
from app.web.wording import ERRORS

router = APIRouter(prefix="/coupons", include_in_schema=False)

Ender = Annotated[Actor, Depends(allowed(Permission.END_COUPON))]
Text = Annotated[str, Form(max_length=512)]


@router.get("")
def show_coupons(request: Request, actor: Ender) -> Response:
    return _page(request)


@router.post("")
def look(request: Request, db: Db, now: Now, actor: Ender, scanned: Text = "") -> Response:
    """How a coupon stands."""
    try:
        card, status = _look(request, db, now, actor, scanned)
    except DomainError as problem:
        return _page(request, problem=problem, typed=scanned[:32])
    return _page(request, card=card, status=status)


@router.post("/end")
def end(
    request: Request,
    db: Db,
    now: Now,
    actor: Ender,
    name: Text,
    ending: Annotated[CouponStatus | None, Form()] = None,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Take a coupon out of use for good, with the reason."""
    chosen = ending if ending in vocabulary.ENDINGS else CouponStatus.VOID
    try:
        with db.transaction() as session:
            end_coupon(session, read(name), chosen, reason=reason, by=actor, now=now)
    except DomainError as problem:
        card, status = _look(request, db, now, actor, name)
        return _page(request, card=card, status=status, problem=problem)
    return done("/coupons", "coupon_ended")


@router.post("/take-back")
def take_back_redemption(
    request: Request,
    db: Db,
    now: Now,
    actor: Ender,
    name: Text,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Undo the redemption of a coupon that was a mistake, with the reason."""
    try:
        with db.transaction() as session:
            scan_id = redemption_of(session, read(name), programme_id=actor.programme_id)
            take_back(session, scan_id, reason=reason, by=actor, now=now)
    except DomainError as problem:
        card, status = _look(request, db, now, actor, name)
        return _page(request, card=card, status=status, problem=problem)
    return done("/coupons", "scan_taken_back")


def _look(
    request: Request, db: Database, now: Now, actor: Actor, text: str
) -> tuple[Card, CouponStatus]:
    coupon = read(text)
    with db.snapshot() as session:
        place = desk_site(session, request, actor)
        seen = look_up(
            session, coupon, programme_id=actor.programme_id, now=now, timezone=place.timezone
        )
    scan = Scan(uuid4(), coupon, place.code, device_of(request), now)
    return card_of(scan, seen.refusal, place=place, now=now, grace_days=0), seen.status


def _page(
    request: Request,
    *,
    card: Card | None = None,
    status: CouponStatus | None = None,
    problem: DomainError | None = None,
    typed: str = "",
) -> Response:
    context = {
        "card": card,
        "status": status,
        "can_end": status is CouponStatus.ISSUED,
        "can_take_back": status is CouponStatus.REDEEMED,
        "problem": problem.code if problem else None,
        "problem_text": ERRORS[problem.code] if problem else "",
        "typed": typed,
        "words": vocabulary,
    }
    return render(request, "coupons.html", context, status=STATUS[problem.kind] if problem else 200)
