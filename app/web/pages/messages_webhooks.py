"""Other systems that are told what happens: their addresses and keys, what they are told, and whether they take it."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.addresses import LONGEST_URL, Network, read_networks
from app.core.clock import local_date
from app.core.db import Database
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.webhooks import actions, queries
from app.domain.webhooks.actions import Wanted
from app.domain.webhooks.errors import BadWebhook
from app.domain.webhooks.rules import LONGEST_NAME, TYPES, State
from app.web import webhook_words
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.templating import language_of, render
from app.web.wording import text_of

PATH = "/messages/webhooks"
SINCE = timedelta(days=7)

router = APIRouter(prefix=PATH, include_in_schema=False)
Keeper = Annotated[Actor, Depends(allowed(Permission.EDIT_WEBHOOKS))]
Text = Annotated[str, Form(max_length=1000)]
FormId = Annotated[UUID, Form()]


async def _wanted(
    name: Text = "",
    url: Text = "",
    types: Annotated[list[str] | None, Form(max_length=50)] = None,
) -> Wanted:
    return Wanted(name, url, types or [])


Entered = Annotated[Wanted, Depends(_wanted)]


@router.get("")
def show_endpoints(request: Request, db: Db, now: Now, actor: Keeper) -> Response:
    return _list(request, db, actor)


@router.post("")
def add_endpoint(
    request: Request, db: Db, now: Now, actor: Keeper, wanted: Entered, form_id: FormId
) -> Response:
    """Add a system. The answer is the only page that shows its key, so it is not redirected."""
    try:
        with db.transaction() as session:
            key = actions.add_endpoint(
                session, form_id, wanted, networks=_networks(request), by=actor, now=now
            )
    except BadWebhook as problem:
        return _list(request, db, actor, form_id, wanted, _errors(request, problem))
    return _one(request, db, now, actor, form_id, key=key)


@router.get("/{endpoint_id}")
def show_endpoint(
    request: Request,
    db: Db,
    now: Now,
    actor: Keeper,
    endpoint_id: UUID,
    state: State | None = None,
) -> Response:
    return _one(request, db, now, actor, endpoint_id, state=state)


@router.post("/{endpoint_id}")
def change_endpoint(
    request: Request, db: Db, now: Now, actor: Keeper, endpoint_id: UUID, wanted: Entered
) -> Response:
    try:
        with db.transaction() as session:
            actions.change_endpoint(
                session, endpoint_id, wanted, networks=_networks(request), by=actor, now=now
            )
    except BadWebhook as problem:
        errors = _errors(request, problem)
        return _one(request, db, now, actor, endpoint_id, wanted=wanted, errors=errors)
    return _done(endpoint_id, "webhook_changed")


@router.post("/{endpoint_id}/switch")
def switch(
    db: Db, now: Now, actor: Keeper, endpoint_id: UUID, is_on: Annotated[bool, Form()]
) -> Response:
    with db.transaction() as session:
        actions.switch(session, endpoint_id, is_on=is_on, by=actor, now=now)
    return _done(endpoint_id, "webhook_on" if is_on else "webhook_off")


@router.post("/{endpoint_id}/key")
def renew_key(
    request: Request, db: Db, now: Now, actor: Keeper, endpoint_id: UUID, form_id: FormId
) -> Response:
    """Make a new key, shown once as the first was."""
    with db.transaction() as session:
        key = actions.renew_key(session, endpoint_id, form_id, by=actor, now=now)
    return _one(request, db, now, actor, endpoint_id, key=key)


@router.post("/{endpoint_id}/key/end")
def end_old_key(db: Db, now: Now, actor: Keeper, endpoint_id: UUID) -> Response:
    with db.transaction() as session:
        actions.end_old_key(session, endpoint_id, by=actor, now=now)
    return _done(endpoint_id, "webhook_key_ended")


@router.post("/{endpoint_id}/test")
def send_test(db: Db, now: Now, actor: Keeper, endpoint_id: UUID, form_id: FormId) -> Response:
    with db.transaction() as session:
        actions.send_test(session, endpoint_id, form_id, by=actor, now=now)
    return _done(endpoint_id, "webhook_tested")


@router.post("/{endpoint_id}/repeat")
def repeat(
    db: Db,
    now: Now,
    actor: Keeper,
    endpoint_id: UUID,
    delivery: FormId,
    seen: Annotated[int, Form()],
) -> Response:
    """Send a line of the log again. ``seen`` keeps a second press from sending it a third time."""
    with db.transaction() as session:
        actions.repeat(session, endpoint_id, delivery, seen=seen, by=actor, now=now)
    return _done(endpoint_id, "webhook_repeated")


@router.post("/{endpoint_id}/repeat-failed")
def repeat_failed(
    db: Db, now: Now, actor: Keeper, endpoint_id: UUID, since: Annotated[date, Form()]
) -> Response:
    with db.transaction() as session:
        number = actions.repeat_failed(session, endpoint_id, since=since, by=actor, now=now)
    return _done(endpoint_id, "webhooks_repeated" if number else "webhooks_none_to_repeat")


@router.post("/{endpoint_id}/remove")
def remove(db: Db, now: Now, actor: Keeper, endpoint_id: UUID) -> Response:
    with db.transaction() as session:
        actions.remove(session, endpoint_id, by=actor, now=now)
    return done(PATH, "webhook_removed")


def _list(
    request: Request,
    db: Database,
    actor: Actor,
    form_id: UUID | None = None,
    wanted: Wanted | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.snapshot() as session:
        found = queries.endpoints(session, actor.programme_id)
        zone = programmes.clock_of(session, actor.programme_id, actor.site_id)
    context = {
        "endpoints": found,
        "wanted": wanted or Wanted("", "", []),
        "form_id": form_id or uuid4(),
        "errors": errors or {},
        "here": PATH,
        **_words(request, zone),
    }
    return render(request, "messages_webhooks.html", context, status=422 if errors else 200)


def _one(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    endpoint_id: UUID,
    *,
    key: str | None = None,
    state: State | None = None,
    wanted: Wanted | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.snapshot() as session:
        programme_id = actor.programme_id
        found = queries.endpoint(session, endpoint_id, programme_id=programme_id)
        log = queries.deliveries(session, endpoint_id, programme_id=programme_id, state=state)
        zone = programmes.clock_of(session, programme_id, actor.site_id)
    context = {
        "endpoint": found,
        "log": log,
        "state": state,
        "key": key,
        "wanted": wanted or Wanted(found.name, found.url, found.event_types),
        "form_id": uuid4(),
        "since": local_date(now, zone) - SINCE,
        "today": local_date(now, zone),
        "errors": errors or {},
        "here": f"{PATH}/{endpoint_id}",
        **_words(request, zone),
    }
    status = 422 if errors else 201 if key else 200
    return render(request, "messages_webhook.html", context, status=status)


def _words(request: Request, zone: str) -> dict[str, Any]:
    return {
        "words": webhook_words,
        "types": TYPES,
        "zone": zone,
        "longest": (LONGEST_NAME, LONGEST_URL),
        "most": queries.LONGEST_LOG,
        "networks": [str(each) for each in _networks(request)],
    }


def _networks(request: Request) -> tuple[Network, ...]:
    return read_networks(request.app.state.settings.webhook_networks)


def _errors(request: Request, problem: BadWebhook) -> dict[str, str]:
    text = text_of(problem.code, language_of(request), reason=problem.facts["reason"])
    return {str(problem.facts["field"]): text}


def _done(endpoint_id: UUID, code: str) -> Response:
    return done(f"{PATH}/{endpoint_id}", code)
