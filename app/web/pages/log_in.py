from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.i18n import languages
from app.domain.staff import actions as staff
from app.domain.staff.errors import WrongLogIn
from app.domain.staff.rules import Role
from app.web.deps import Anyone, Db, Now, check_same_site, cookie_name, keep_logged_in
from app.web.flash import flash
from app.web.templating import LANGUAGE_COOKIE, language_of, render
from app.web.wording import text_of

router = APIRouter(include_in_schema=False)

HOME = {
    Role.INTAKE: "/desk",
    Role.HEALTH_EDUCATOR: "/desk",
    Role.COUPON_MANAGER: "/desk",
    Role.PROGRAMME_LEAD: "/reach",
    Role.FINANCE: "/stipends",
    Role.ADMINISTRATOR: "/staff",
    Role.GATEWAY: "/help",
}
A_YEAR = 365 * 24 * 3600


@router.get("/")
def home(actor: Anyone) -> Response:
    """Everyone begins where her work is."""
    return RedirectResponse(HOME[actor.role], status_code=303)


@router.get("/login")
def ask(request: Request, next: str = "") -> Response:  # noqa: A002 - the form's word
    return render(request, "log_in.html", {"problem": None, "username": "", "next": next})


@router.post("/login")
def log_in(
    request: Request,
    db: Db,
    now: Now,
    username: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form(max_length=200)] = "",  # noqa: A002 - the form's word
) -> Response:
    check_same_site(request)
    try:
        with db.snapshot() as session:
            actor = staff.check_password(session, username, password)
    except WrongLogIn as refusal:
        problem = text_of(refusal.code, language_of(request))
        context = {"problem": problem, "username": username, "next": next}
        return render(request, "log_in.html", context, status=401)
    with db.transaction() as session:
        secret = staff.start_session(session, actor, now=now)
    target = next if next.startswith("/") and not next.startswith(("//", "/\\")) else "/"
    return keep_logged_in(request, RedirectResponse(target, status_code=303), secret)


@router.post("/logout")
def log_out(request: Request, db: Db, now: Now, actor: Anyone) -> Response:
    with db.transaction() as session:
        staff.end_session(session, request.state.session_secret, actor, now=now)
    response = RedirectResponse("/login", status_code=303)
    flash(response, "logged_out")
    response.delete_cookie(cookie_name(request), path="/")
    return response


@router.post("/language")
def choose_language(
    request: Request,
    language: Annotated[str, Form(max_length=10)],
    back: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Remember the reader's language for a year. One there is no catalogue of changes nothing."""
    check_same_site(request)
    target = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
    response = RedirectResponse(target, status_code=303)
    if language in languages():
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=A_YEAR, samesite="lax", path="/")
    return response
