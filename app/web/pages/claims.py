"""Someone comes back for what is owed to her: with her card and PIN, or with her own code."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.claim_names import read_claim
from app.core.clock import local_date
from app.core.codes import MalformedCode
from app.core.errors import DomainError
from app.domain.claims.actions import try_card
from app.domain.claims.errors import NotAClaimCard
from app.domain.participants.errors import BadParticipant
from app.domain.participants.queries import Match, possible_duplicates, uic_digest
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.rules import ClaimedWith
from app.web.claimed import payment_page
from app.web.deps import Db, Now, allowed
from app.web.desk_place import desk_site
from app.web.problems import STATUS
from app.web.templating import render
from app.web.wording import words_of

router = APIRouter(prefix="/desk/rewards", include_in_schema=False)
Payer = Annotated[Actor, Depends(allowed(Permission.PAY_STIPEND))]


@router.get("")
def ask_for_rewards(request: Request, actor: Payer) -> Response:
    return _page(request)


@router.post("")
def find_by_code(
    request: Request,
    db: Db,
    now: Now,
    actor: Payer,
    uic: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Who gave this code; the desk asks which of them she is."""
    try:
        with db.snapshot() as session:
            place = desk_site(session, request, actor)
            on = local_date(now, place.timezone)
            digest = uic_digest(session, actor.programme_id, uic)
            matches = possible_duplicates(session, actor.programme_id, digest)
            found = [
                (match, payment_page(session, match.participant_id, ClaimedWith.CODE, actor, on=on))
                for match in matches
            ]
            places = {each.id: each for each in programmes.sites(session, actor.programme_id)}
    except BadParticipant:
        return _page(request, is_bad_code=True)
    return _page(request, found=found, places=places)


@router.post("/card")
def try_with_card(
    request: Request,
    db: Db,
    now: Now,
    actor: Payer,
    scanned: Annotated[str, Form(max_length=512)] = "",
    pin: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Her card and her PIN. A wrong PIN is kept though the request is refused."""
    try:
        name = read_claim(scanned)
    except MalformedCode as slip:
        return _page(request, problem=NotAClaimCard(reason=slip.reason))
    try:
        with db.transaction() as session:
            place = desk_site(session, request, actor)
            answer = try_card(session, name, pin, site_id=place.id, by=actor, now=now)
            on = local_date(now, place.timezone)
            if isinstance(answer, UUID):
                address = payment_page(session, answer, ClaimedWith.CARD, actor, on=on)
    except DomainError as problem:
        return _page(request, problem=problem, scanned=scanned)
    if isinstance(answer, DomainError):
        return _page(request, problem=answer, scanned=scanned)
    return RedirectResponse(address, 303)


def _page(
    request: Request,
    *,
    found: Sequence[tuple[Match, str]] | None = None,
    places: Mapping[UUID, SiteFacts] | None = None,
    is_bad_code: bool = False,
    problem: DomainError | None = None,
    scanned: str = "",
) -> Response:
    context = {
        "found": found,
        "places": places or {},
        "is_bad_code": is_bad_code,
        "problem": problem,
        "problem_text": words_of(problem) if problem else "",
        "tries_left": problem.facts.get("left") if problem else None,
        "scanned": scanned,
    }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "desk_rewards.html", context, status=status)
