"""Where a desk stands: its site and its device, as the browser remembers them."""

import re
import secrets
from datetime import datetime, time
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor
from app.web.deps import is_secure

DEVICE_COOKIE = "pdi_device"
SITE_COOKIE = "pdi_site"
TEN_YEARS = 10 * 365 * 24 * 3600
_DEVICE = re.compile(r"[0-9a-f]{32}")


def desk_site(session: Session, request: Request, actor: Actor) -> SiteFacts:
    """Her own site; for someone of the whole programme the one she chose last, or the first."""
    if actor.site_id:
        return programmes.site(session, actor.site_id)
    places = programmes.sites(session, actor.programme_id)
    chosen = request.cookies.get(SITE_COOKIE, "")
    return next((place for place in places if place.code == chosen), places[0])


def device_of(request: Request) -> str:
    """The name this browser gave itself when it first was a desk; a new one if it has none yet."""
    known = request.cookies.get(DEVICE_COOKIE, "")
    return known if _DEVICE.fullmatch(known) else secrets.token_hex(16)


def remember(request: Request, response: Response, cookie: str, value: str) -> Response:
    """Let the browser keep something for years."""
    response.set_cookie(
        cookie,
        value,
        max_age=TEN_YEARS,
        httponly=True,
        samesite="strict",
        secure=is_secure(request),
        path="/",
    )
    return response


def midnight(now: datetime, timezone: str) -> datetime:
    """When the day of a site began."""
    return datetime.combine(local_date(now, timezone), time.min, tzinfo=ZoneInfo(timezone))
