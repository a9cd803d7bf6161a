"""What was done, said once on the next page. Only texts of ``wording.DONE`` can be said: the cookie holds a code."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.web.wording import DONE

COOKIE = "pdi_said"
SECONDS = 60


def flash(response: Response, code: str) -> None:
    """Have the next page say that something was done: ``flash(RedirectResponse("/staff", 303), "staff_added")``."""
    if code not in DONE:
        raise KeyError(code)
    response.set_cookie(COOKIE, code, max_age=SECONDS, httponly=True, samesite="lax", path="/")


def done(address: str, code: str) -> Response:
    """Go on to a page that says what was done."""
    response = RedirectResponse(address, status_code=303)
    flash(response, code)
    return response


def said(request: Request) -> str:
    """The text to say now, untranslated, or nothing."""
    return DONE.get(request.cookies.get(COOKIE, ""), "")


def forget(request: Request, response: Response) -> None:
    """Say it once."""
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE, path="/")
