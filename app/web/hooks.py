"""Where providers call us: verified, read, done once, committed, and only then put into words.

Nothing here goes wrong aloud: whatever is not right about a call is the same empty answer, and no log has its path, its query,
a number or a text.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import IntegrityError
from starlette.requests import ClientDisconnect

from app.core.db import Database
from app.core.settings import Settings
from app.domain.channels.events import GatewayEvent, Medium, Pressed
from app.domain.channels.rules import is_allowed
from app.domain.messaging.actions import Here, receive
from app.domain.messaging.rules import Reply
from app.domain.screens.rules import last
from app.gateways.adapter import Call, Forged, Hook, Unreadable
from app.telephone.screens import text_of
from app.web.channel_doors import ChannelDoor, ChannelDoors
from app.web.deps import Db, Now
from app.web.problems import AWAY

router = APIRouter(include_in_schema=False)

MOST_FIELDS = 200
TRIES = 3

log = logging.getLogger("pdi.web")


@router.api_route("/gw/{slug}/{channel_id}/{secret}/{hook}", methods=["GET", "POST"])
async def hear(
    slug: str, channel_id: str, secret: str, hook: str, request: Request, db: Db, now: Now
) -> Response:
    """A provider's call."""
    try:
        body = await request.body()
    except ClientDisconnect:  # nobody is left to be answered
        return Response(status_code=400)
    return await run_in_threadpool(_hear, request, db, now, (slug, channel_id, secret), hook, body)


@router.api_route("/gw/{anything:path}", methods=["GET", "POST"])
async def nowhere() -> Response:
    """An address that is none answers as one with a wrong secret does."""
    return _nowhere()


def address_of(request: Request, proxies: int) -> str:
    """Who called. Behind ``proxies`` of them each has written down who called it: what stands before that, anyone can have written."""
    if proxies == 0:
        return request.client.host if request.client else ""
    written = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    return written[-proxies].strip() if len(written) >= proxies else ""


def _hear(
    request: Request,
    database: Database,
    now: datetime,
    address: tuple[str, str, str],
    hook_name: str,
    body: bytes,
) -> Response:
    settings = cast(Settings, request.app.state.settings)
    doors = cast(ChannelDoors, request.app.state.channel_doors)
    hook = next((each for each in Hook if each.value == hook_name), None)
    is_away = False
    try:
        door = doors.let_in(*address)
    except AWAY:
        door, is_away = doors.let_in_before(*address), True
        if door is None or hook is not Hook.USSD:
            raise
    caller = address_of(request, settings.proxy_count)
    if door is None or hook is None or not _is_taken(door, hook, request.method, caller):
        return _nowhere()
    call = call_of(request, body, settings.public_url)
    try:
        door.adapter.verify(call, hook, now=now)
        events = door.adapter.parse(call, hook)
    except Forged:
        return _nowhere()
    except Unreadable as error:
        log.warning("a call of %s cannot be read: %s", door.channel.slug, error.reason)
        return Response(status_code=400)
    # Kannel calls one address for both.
    is_ussd = any(isinstance(event, Pressed) for event in events)
    medium = Medium.USSD if is_ussd else Medium.SMS
    if is_away:
        return _answered(door, call, hook, medium, _later(door))
    raw = _raw(call, hook) if len(events) == 1 else None
    here = Here(door.channel, door.setting, door.adapter.replies_inline, now, raw)
    try:
        replies = [_received(database, here, event) for event in events]
    except AWAY:
        # A provider sends a text message again, and a person presses again.
        if medium is not Medium.USSD:
            raise
        return _answered(door, call, hook, medium, _later(door))
    return _answered(door, call, hook, medium, next(filter(None, reversed(replies)), None))


def call_of(request: Request, body: bytes, public_url: str) -> Call:
    """A request as adapters read it. What is no query has none; ``url`` is the address the provider knows."""
    query = request.scope["query_string"].decode("latin-1")
    base = public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1").split("?")[0]
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        pairs = []
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    url = f"{base}{path}?{query}" if query else f"{base}{path}"
    return Call(request.method, url, headers, pairs, body)


def _is_taken(door: ChannelDoor, hook: Hook, method: str, caller: str) -> bool:
    is_ours = door.channel.receives or hook is Hook.STATUS
    knows = method in door.adapter.hooks.get(hook, frozenset())
    return is_ours and knows and is_allowed(caller, door.channel.allowed_addresses)


def _received(database: Database, here: Here, event: GatewayEvent) -> Reply | None:
    """What an event is answered. Of two that came at once the second begins again and finds what the first has left."""
    for tries_left in reversed(range(TRIES)):
        try:
            with database.transaction() as session:
                return receive(session, here, event)
        except IntegrityError:
            if not tries_left:
                raise
    raise AssertionError


def _answered(
    door: ChannelDoor, call: Call, hook: Hook, medium: Medium, reply: Reply | None
) -> Response:
    text = text_of(reply.screen, reply.language, medium) if reply else None
    try:
        answer = door.adapter.render(call, hook, text=text, ends=reply is None or reply.ends)
    except Unreadable as error:
        log.warning("a call of %s cannot be answered: %s", door.channel.slug, error.reason)
        return Response(status_code=400)
    headers = {**answer.headers, "Content-Type": answer.media_type}
    return Response(answer.body, status_code=answer.status, headers=headers)


def _later(door: ChannelDoor) -> Reply:
    return Reply(last("try_later"), door.setting.default_language)


def _raw(call: Call, hook: Hook) -> Mapping[str, Any]:
    """A call as it came, without its address and its headers, which hold secrets."""
    return {
        "hook": hook.value,
        "method": call.method,
        "type": call.headers.get("content-type", ""),
        "query": call.query,
        "body": call.body.decode("utf-8", "replace"),
    }


def _nowhere() -> Response:
    return Response(status_code=404)
