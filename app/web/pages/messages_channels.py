"""The channels: providers' accounts, their settings and prices, and the secret addresses at which they call us."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from babel import Locale
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_
from app.domain.channels import actions, queries
from app.domain.channels.errors import UnknownChannel
from app.domain.channels.events import Medium
from app.domain.channels.queries import ChannelFacts
from app.domain.channels.rules import LIVE_SECRETS, path
from app.domain.contacts.errors import BadNumber
from app.domain.contacts.rules import read_msisdn, region_of
from app.domain.messages.actions import queue_reply
from app.domain.programmes import queries as programmes
from app.domain.screens.rules import Screen
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.gateways.adapter import Hook
from app.gateways.registry import ADAPTERS, UnknownGateway, adapter_for, options_of
from app.web import channel_form, message_words
from app.web.channel_health import conditions_of
from app.web.complaints import Complaints, in_words
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.forms import Entered, Fields
from app.web.templating import language_of, render
from app.web.wording import text_of

router = APIRouter(prefix="/messages/channels", include_in_schema=False)
Keeper = Annotated[Actor, Depends(allowed(Permission.EDIT_CHANNELS))]

HOOKS: Mapping[Hook, str] = {
    Hook.INBOUND: N_("For text messages that come in"),
    Hook.STATUS: N_("For reports of what became of a message"),
    Hook.USSD: N_("For the menu on the telephone"),
}
TEST_LASTS = timedelta(hours=1)
TEST_SCREEN = Screen("test_message", ends=True)


@dataclass(frozen=True)
class Address:
    """Where a provider calls us, and how: shown once, for the secret in it is kept by nobody."""

    label: str
    url: str
    methods: tuple[str, ...]


@router.get("")
def show_channels(request: Request, db: Db, now: Now, actor: Keeper) -> Response:
    with db.snapshot() as session:
        conditions = conditions_of(session, actor.programme_id, now=now)
        zone = programmes.clock_of(session, actor.programme_id, actor.site_id)
    context = {"conditions": conditions, "words": message_words, "zone": zone}
    return render(request, "messages_channels.html", context)


@router.get("/new")
def ask_channel(request: Request, db: Db, actor: Keeper, provider: str = "") -> Response:
    """Choose a provider, then say how its account is opened."""
    if provider not in ADAPTERS:
        context = {"providers": sorted(ADAPTERS.values(), key=lambda each: each.name.casefold())}
        return render(request, "messages_channels_choose.html", context)
    return _new(request, db, actor, provider)


@router.post("/new")
def open_channel(request: Request, db: Db, now: Now, actor: Keeper, entered: Fields) -> Response:
    """Open a channel. The answer is the only page that shows its addresses, so it is not redirected."""
    slug, asked_for = entered.get("provider", ""), _form_id(entered)
    if slug not in ADAPTERS:
        raise UnknownGateway(slug=slug)
    with db.transaction() as session:
        programme = programmes.programme(session, actor.programme_id)
        read = channel_form.read_channel(entered, slug, programme)
        if read.settings and entered.get("act") != "read":
            channel, secret = actions.open_channel(
                session,
                actor.programme_id,
                slug,
                read.settings,
                by=actor,
                now=now,
                channel_id=asked_for,
            )
    if not read.settings or entered.get("act") == "read":
        return _new(request, db, actor, slug, entered, read.complaints)
    return _one(request, db, now, actor, channel.id, secret=secret, is_new=True)


@router.get("/{channel_id}")
def show_channel(request: Request, db: Db, now: Now, actor: Keeper, channel_id: UUID) -> Response:
    return _one(request, db, now, actor, channel_id)


@router.post("/{channel_id}")
def change_channel(
    request: Request, db: Db, now: Now, actor: Keeper, channel_id: UUID, entered: Fields
) -> Response:
    with db.transaction() as session:
        channel = _own(session, actor, channel_id)
        programme = programmes.programme(session, actor.programme_id)
        read = channel_form.read_channel(entered, channel.slug, programme, channel)
        if read.settings:
            actions.change_channel(session, channel_id, read.settings, by=actor, now=now)
    if not read.settings:
        return _one(
            request, db, now, actor, channel_id, entered=entered, complaints=read.complaints
        )
    return _done(channel_id, "channel_changed")


@router.post("/{channel_id}/switch")
def switch(db: Db, now: Now, actor: Keeper, channel_id: UUID, entered: Fields) -> Response:
    is_on = entered.get("to") == "on"
    with db.transaction() as session:
        actions.switch(session, channel_id, is_on=is_on, by=actor, now=now)
    return _done(channel_id, "channel_on" if is_on else "channel_off")


@router.post("/{channel_id}/secrets")
def renew_secret(request: Request, db: Db, now: Now, actor: Keeper, channel_id: UUID) -> Response:
    """Make other addresses beside those in use. The answer is the only page that shows them."""
    with db.transaction() as session:
        secret = actions.renew_secret(session, channel_id, by=actor, now=now)
    return _one(request, db, now, actor, channel_id, secret=secret)


@router.post("/{channel_id}/secrets/{secret_id}/end")
def end_secret(db: Db, now: Now, actor: Keeper, channel_id: UUID, secret_id: UUID) -> Response:
    with db.transaction() as session:
        actions.end_secret(session, channel_id, secret_id, by=actor, now=now)
    return _done(channel_id, "channel_secret_ended")


@router.post("/{channel_id}/test")
def send_test(
    request: Request, db: Db, now: Now, actor: Keeper, channel_id: UUID, entered: Fields
) -> Response:
    """Queue one neutral message to a number that is typed in, through this channel. The same form queues it once."""
    try:
        with db.transaction() as session:
            channel = _own(session, actor, channel_id)
            programme = programmes.programme(session, actor.programme_id)
            zone = programmes.clock_of(session, actor.programme_id, actor.site_id)
            queue_reply(
                session,
                programme_id=actor.programme_id,
                channel_id=channel.id,
                to=read_msisdn(entered.get("number", ""), region_of(zone, programme.currency)),
                screen=TEST_SCREEN.to_json(),
                language=channel.language,
                cause=_form_id(entered),
                expires_at=now + TEST_LASTS,
                now=now,
            )
    except BadNumber as refusal:
        return _one(request, db, now, actor, channel_id, entered=entered, bad_number=refusal)
    return _done(channel_id, "channel_tested")


def _new(
    request: Request,
    db: Database,
    actor: Actor,
    slug: str,
    entered: Entered | None = None,
    complaints: Complaints | None = None,
) -> Response:
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
    typed = entered or channel_form.as_typed(None, slug, programme)
    # The profile was read to ask for what it wants; nothing was to be complete yet.
    looks_only = typed.get("act") == "read"
    if looks_only:
        complaints = {
            name: each
            for name, each in (complaints or {}).items()
            if name == channel_form.PREFIX + channel_form.PROFILE
        }
    context = {
        **_form(request, programme, slug, typed, complaints or {}, kept=None),
        "form_id": typed.get("id") or uuid4().hex,
        "looks_only": looks_only,
        "here": f"/messages/channels/new?provider={slug}",
    }
    return render(request, "messages_channels_new.html", context, status=422 if complaints else 200)


def _one(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    channel_id: UUID,
    *,
    secret: str = "",
    is_new: bool = False,
    entered: Entered | None = None,
    complaints: Complaints | None = None,
    bad_number: DomainError | None = None,
) -> Response:
    with db.snapshot() as session:
        channel = _own(session, actor, channel_id)
        programme = programmes.programme(session, actor.programme_id)
        zone = programmes.clock_of(session, actor.programme_id, actor.site_id)
        found = conditions_of(session, actor.programme_id, now=now)
        secrets = queries.secrets_of(session, channel_id)
    typed = dict(entered) if complaints and entered else None
    context = {
        **_form(
            request,
            programme,
            channel.slug,
            typed or channel_form.as_typed(channel, channel.slug, programme),
            complaints or {},
            kept=channel,
        ),
        "channel": channel,
        "health": next(each for each in found if each.channel.id == channel_id),
        "secrets": secrets,
        "most_secrets": LIVE_SECRETS,
        "addresses": _addresses(request, channel, secret) if secret else [],
        "is_new": is_new,
        "number": entered.get("number", "") if entered and bad_number else "",
        "number_error": text_of(bad_number.code, language_of(request)) if bad_number else "",
        "form_id": uuid4().hex,
        "can_test": channel.sends and Medium.SMS in channel.media,
        "zone": zone,
        "here": f"/messages/channels/{channel_id}",
    }
    status = 201 if secret else 422 if complaints or bad_number else 200
    return render(request, "messages_channels_one.html", context, status=status)


def _form(
    request: Request,
    programme: programmes.ProgrammeFacts,
    slug: str,
    typed: Mapping[str, str],
    complaints: Complaints,
    *,
    kept: ChannelFacts | None,
) -> dict[str, Any]:
    language = language_of(request)
    options = {
        each.name: typed.get(channel_form.PREFIX + each.name, "") for each in options_of(slug, {})
    }
    return {
        "provider": ADAPTERS[slug],
        "asked": options_of(slug, options),
        "kept": kept,
        "typed": typed,
        "errors": in_words(complaints, language),
        "language_names": {
            code: Locale(code).get_display_name(language) for code in programme.languages
        },
        "words": message_words,
        "profile": channel_form.PREFIX + channel_form.PROFILE,
    }


def _addresses(request: Request, channel: ChannelFacts, secret: str) -> list[Address]:
    base = (request.app.state.settings.public_url or str(request.base_url)).rstrip("/")
    hooks = adapter_for(channel.slug, channel.options).hooks
    return [
        Address(
            HOOKS[hook],
            base + path(channel.slug, channel.id, secret, hook),
            tuple(sorted(hooks[hook])),
        )
        for hook in Hook
        if hook in hooks
    ]


def _own(session: Session, actor: Actor, channel_id: UUID) -> ChannelFacts:
    """Raises: UnknownChannel."""
    found = queries.channel(session, channel_id)
    if found.programme_id != actor.programme_id:
        raise UnknownChannel
    return found


def _form_id(entered: Entered) -> UUID:
    """What the page put into its form, so that a second press changes nothing."""
    try:
        return UUID(entered.get("id", ""))
    except ValueError:
        return uuid4()


def _done(channel_id: UUID, code: str) -> Response:
    return done(f"/messages/channels/{channel_id}", code)
