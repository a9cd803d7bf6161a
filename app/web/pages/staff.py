import secrets
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.errors import DomainError
from app.domain.alerts.actions import forget_number
from app.domain.programmes import queries as programmes
from app.domain.staff import actions
from app.domain.staff import queries as staff
from app.domain.staff.errors import UsernameTaken, WeakPassword
from app.domain.staff.queries import Actor
from app.domain.staff.rules import SHORTEST_PASSWORD, Permission, Role
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.templating import language_of, render
from app.web.wording import text_of

router = APIRouter(prefix="/staff", include_in_schema=False)
Editor = Annotated[Actor, Depends(allowed(Permission.EDIT_STAFF))]
Name = Annotated[str, Form(min_length=1, max_length=60, pattern=r"^\s*[\w.@-]+\s*$")]
FIELD_OF: dict[type[DomainError], str] = {UsernameTaken: "username", WeakPassword: "password"}


@router.get("")
def show_staff(request: Request, db: Db, actor: Editor) -> Response:
    return _staff_page(request, db, actor)


@router.post("")
def add_member(
    request: Request,
    db: Db,
    now: Now,
    actor: Editor,
    username: Name,
    role: Annotated[Role, Form()],
    site: Annotated[str, Form(max_length=20)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Give someone a log-in. The answer is the only page that shows the password, so it is not redirected."""
    chosen = password or secrets.token_urlsafe(SHORTEST_PASSWORD)
    try:
        with db.transaction() as session:
            place = site and programmes.site_by_code(session, actor.programme_id, site).id
            actions.add_member(
                session,
                username=username,
                password=chosen,
                role=role,
                programme_id=actor.programme_id,
                site_id=place or None,
                now=now,
                by=actor.staff_id,
            )
    except (UsernameTaken, WeakPassword) as refusal:
        errors = {FIELD_OF[type(refusal)]: text_of(refusal.code, language_of(request))}
        typed = {"username": username, "role": role.value, "site": site}
        return _staff_page(request, db, actor, typed=typed, errors=errors, status=422)
    shown = {"username": username.strip().casefold(), "secret": chosen}
    return _staff_page(request, db, actor, shown=shown, status=201)


@router.get("/{staff_id}")
def show_member(request: Request, db: Db, actor: Editor, staff_id: UUID) -> Response:
    return _member_page(request, db, actor, staff_id)


@router.post("/{staff_id}/remove")
def remove_member(db: Db, now: Now, actor: Editor, staff_id: UUID) -> Response:
    with db.transaction() as session:
        member = staff.member(session, actor.programme_id, staff_id)
        actions.remove_member(session, member.id, by=actor.staff_id, now=now)
        forget_number(session, member.id)
    return _done("staff_removed")


@router.post("/{staff_id}/keys")
def make_key(
    request: Request,
    db: Db,
    now: Now,
    actor: Editor,
    staff_id: UUID,
    label: Annotated[str, Form(min_length=1, max_length=60)],
) -> Response:
    """Make a key for a program. The answer is the only page that shows it, so it is not redirected."""
    with db.transaction() as session:
        member = staff.member(session, actor.programme_id, staff_id)
        secret = actions.make_api_key(session, member.id, label=label, now=now, by=actor.staff_id)
    return _member_page(request, db, actor, staff_id, secret=secret)


@router.post("/{staff_id}/keys/end")
def end_keys(db: Db, now: Now, actor: Editor, staff_id: UUID) -> Response:
    with db.transaction() as session:
        member = staff.member(session, actor.programme_id, staff_id)
        actions.end_api_keys(session, member.id, by=actor.staff_id, now=now)
    return _done("keys_ended")


def _staff_page(
    request: Request, db: Db, actor: Actor, *, status: int = 200, **given: Any
) -> Response:
    with db.snapshot() as session:
        people = staff.staff_of(session, actor.programme_id)
        keys = staff.keys_of(session, actor.programme_id)
        sites = programmes.sites(session, actor.programme_id)
        clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
    context = {
        "people": sorted(people, key=lambda each: (each.left_at is not None, each.username)),
        "keys": {each.id: [key for key in keys if key.staff_id == each.id] for each in people},
        "sites": {site.id: site for site in sites},
        "roles": list(Role),
        "shortest": SHORTEST_PASSWORD,
        "clock": clock,
        "shown": None,
        "typed": {},
        "errors": {},
        "here": "/staff",
    }
    return render(request, "staff.html", context | given, status=status)


def _member_page(
    request: Request, db: Db, actor: Actor, staff_id: UUID, *, secret: str = ""
) -> Response:
    with db.snapshot() as session:
        member = staff.member(session, actor.programme_id, staff_id)
        keys = staff.keys_of(session, actor.programme_id)
        context = {
            "member": member,
            "site": member.site_id and programmes.site(session, member.site_id),
            "keys": [key for key in keys if key.staff_id == staff_id],
            "clock": programmes.clock_of(session, actor.programme_id, actor.site_id),
            "secret": secret,
            "here": f"/staff/{staff_id}",
        }
    return render(request, "staff_member.html", context, status=201 if secret else 200)


def _done(code: str) -> Response:
    return done("/staff", code)
