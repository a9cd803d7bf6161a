"""Refusals become RFC 9457 problem documents, or pages, here and only here."""

import logging
import traceback
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from analysis.errors import SampleError
from app.core.crypto import KeyProblem
from app.core.db import NotCommitted
from app.core.errors import DomainError, Kind
from app.web.templating import language_of, render
from app.web.wording import ERRORS, text_of

STATUS = {
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
    Kind.GONE: HTTPStatus.GONE,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
RETRY_AFTER_SECONDS = "5"
# What is raised while the database or its keys are away.
AWAY = (OperationalError, InterfaceError, PoolTimeout, NotCommitted, KeyProblem)

log = logging.getLogger("pdi.web")


def answer(request: Request, status: int, code: str, facts: dict[str, Any]) -> Response:
    """A refusal in the form its door speaks: a page for people, a problem document for programs."""
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status in (429, 503) else {}
    title = text_of(code, language_of(request), reason=facts.get("reason"))
    if _wants_page(request):
        if status == HTTPStatus.UNAUTHORIZED:
            return _to_log_in(request)
        context = {"code": code, "title": title, "facts": facts, "back": _came_from(request)}
        return render(request, "problem.html", context, status=status, headers=headers)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        {**facts, "type": f"/help#{code}", "title": title, "status": status, "code": code},
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Teach an application to refuse."""

    @app.exception_handler(DomainError)
    def refused(request: Request, error: DomainError) -> Response:
        return answer(request, STATUS[error.kind], error.code, dict(error.facts))

    @app.exception_handler(SampleError)
    def refused_by_analysis(request: Request, error: SampleError) -> Response:
        # What has a text is wrong with the question. Records that contradict each other are our fault.
        if error.code not in ERRORS:
            raise error
        return answer(request, 422, error.code, dict(error.facts))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        # What was sent is not repeated: it may hold a code.
        errors = [
            {"field": ".".join(map(str, each["loc"][1:])), "reason": each["msg"]}
            for each in error.errors()
        ]
        return answer(request, 422, "invalid_request", {"errors": errors})

    @app.exception_handler(HTTPException)
    def refused_by_http(request: Request, error: HTTPException) -> Response:
        code = HTTP_CODES.get(error.status_code, "invalid_request")
        response = answer(request, error.status_code, code, {})
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(IntegrityError)
    def beaten(request: Request, _error: IntegrityError) -> Response:
        # A constraint chose between two requests; the other one won.
        return answer(request, HTTPStatus.CONFLICT, "try_again", {})

    @app.exception_handler(DataError)
    def not_kept(request: Request, _error: DataError) -> Response:
        # No column can hold it, a text with a NUL for one.
        return answer(request, 422, "invalid_request", {})

    for away in AWAY:
        app.add_exception_handler(away, _unavailable)


def broken(request: Request, error: Exception) -> Response:
    """The answer to an error nobody expected. The log gets its place and kind: its message may hold a code."""
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s in %s\n%s", type(error).__name__, route_of(request), place)
    return answer(request, 500, "internal_error", {})


def route_of(request: Request) -> str:
    """The template of the route, which holds no code, instead of the path, which may."""
    return getattr(request.scope.get("route"), "path", "unknown")


def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("unavailable: %s in %s", type(error).__name__, route_of(request))
    return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", {})


def _came_from(request: Request) -> str:
    """The page of ours with the form that was refused, or nothing."""
    referrer = urlsplit(request.headers.get("Referer", ""))
    if referrer.netloc != request.headers.get("Host") or referrer.path == request.url.path:
        return ""
    return referrer.path + (f"?{referrer.query}" if referrer.query else "")


def _wants_page(request: Request) -> bool:
    path = request.url.path
    return not path.startswith(("/api/", "/gw/", "/static/", "/healthz", "/readyz", "/metrics"))


def _to_log_in(request: Request) -> Response:
    if request.headers.get("HX-Request"):
        return Response(status_code=204, headers={"HX-Redirect": "/login"})
    if request.method == "GET" and request.url.path != "/login":
        return RedirectResponse(f"/login?next={quote(request.url.path)}", status_code=303)
    return RedirectResponse("/login", status_code=303)
