"""What a route may ask for: the database, the time, and who is asking."""

import base64
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.core.crypto import Keyring
from app.core.db import Database
from app.core.errors import DomainError, Kind
from app.core.settings import Settings
from app.domain.staff import actions as staff_actions
from app.domain.staff import queries as staff
from app.domain.staff.errors import NotLoggedIn
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class WrongOrigin(DomainError):
    """A form that did not come from a page of ours."""

    kind, code = Kind.FORBIDDEN, "wrong_origin"


async def _database(request: Request) -> Database:
    return cast(Database, request.app.state.database)


async def _now(request: Request) -> datetime:
    return cast(Callable[[], datetime], request.app.state.clock)()


Db = Annotated[Database, Depends(_database)]
Now = Annotated[datetime, Depends(_now)]


async def current_actor(request: Request, db: Db, now: Now) -> Actor:
    """Who asks: by a key in ``Authorization``, or by the cookie of a log-in. Raises: NotLoggedIn, WrongOrigin."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        actor = await run_in_threadpool(_by_key, db, secret.strip())
    else:
        secret = request.cookies.get(cookie_name(request), "")
        if not secret:
            raise NotLoggedIn
        request.state.csrf = csrf_token(request, secret)
        if request.method not in SAFE:
            await _check_form(request)
        actor = await run_in_threadpool(_by_cookie, db, secret, now)
        request.state.session_secret = secret
    request.state.actor = actor
    return actor


Anyone = Annotated[Actor, Depends(current_actor)]


def allowed(permission: Permission, *others: Permission) -> Callable[..., Awaitable[Actor]]:
    """A dependency that lets in whoever has one of these permissions. Raises: NotAllowed."""

    async def check(actor: Anyone) -> Actor:
        if not any(map(actor.may, others)):
            actor.require(permission)
        return actor

    check.permission = permission  # type: ignore[attr-defined]
    return check


def cookie_name(request: Request) -> str:
    """The cookie of a log-in; the browser ties ``__Host-`` to this host and to https."""
    return "__Host-pdi" if is_secure(request) else "pdi_session"


def keep_logged_in(request: Request, response: Response, secret: str) -> Response:
    """Let the browser keep the secret of a log-in until it is closed."""
    response.set_cookie(
        cookie_name(request),
        secret,
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
        path="/",
    )
    return response


def is_secure(request: Request) -> bool:
    settings = cast(Settings, request.app.state.settings)
    return settings.public_url.startswith("https://") or request.url.scheme == "https"


def csrf_token(request: Request, secret: str) -> str:
    keyring = cast(Keyring, request.app.state.keyring)
    return base64.urlsafe_b64encode(keyring.digest("csrf", secret)).decode()


def check_same_site(request: Request) -> None:
    """Refuse a form that a browser says came from elsewhere. Raises: WrongOrigin.

    Behind a proxy that puts its own name in ``Host``, the public address is ours too.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise WrongOrigin
    origin = request.headers.get("Origin")
    public = cast(Settings, request.app.state.settings).public_url
    ours = {request.headers.get("Host", ""), urlsplit(public).netloc} - {""}
    if origin and origin != "null" and urlsplit(origin).netloc not in ours:
        raise WrongOrigin


async def _check_form(request: Request) -> None:
    check_same_site(request)
    given = request.headers.get("X-CSRF-Token", "")
    if not given and "form" in request.headers.get("Content-Type", ""):
        given = str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(given.encode(), request.state.csrf.encode()):
        raise WrongOrigin


def _by_key(db: Database, secret: str) -> Actor:
    with db.snapshot() as session:
        return staff.by_api_key(session, secret)


def _by_cookie(db: Database, secret: str, now: datetime) -> Actor:
    with db.snapshot() as session:
        actor, is_stale = staff.by_session(session, secret, now=now)
    if is_stale:
        with db.transaction() as session:
            staff_actions.note_seen(session, secret, now=now)
    return actor
