"""Channels of the demonstration: one of every provider, with accounts that are nobody's. Only the console sends."""

import random
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.ids import uuid7
from app.demo.scene import DemoGateway, Scene
from app.domain.attempts.actions import report
from app.domain.channels.actions import open_channel
from app.domain.channels.events import Delivery, DeliveryState, Inbound, Medium, Pressed
from app.domain.channels.queries import ChannelFacts, channels_of
from app.domain.channels.rules import ChannelSettings
from app.domain.messages.models import MessageAttempt
from app.domain.messages.rules import AttemptState
from app.domain.messaging.actions import Here, receive
from app.domain.screens.rules import Setting
from app.gateways.adapter import Option
from app.gateways.console import Console
from app.gateways.registry import PROVIDERS, Provider
from app.sending.messages import client, send_due
from app.upkeep import DUTIES
from app.worker import run_once

GENERIC = "generic"
LINE = "2026"
CODE = "*384*2026#"
# In Kyiv's numbering plan nobody has a number of this range.
CALLERS = tuple(f"+38044000{number:04}" for number in range(30, 42))
WALKS = (("2", "1"), ("2", "2"), ("1", "999999990016"), ("2",), ("6",), ("3",))
DAYS = 12
# So many days ago something was sent; looking for what is due opens everyone's seals.
SENT = (9, 5, 2, 0)
ARRIVES = 0.85
REMINDERS = ("claims.remind", "messages.remind")
TEXTS = ("HOURS", "ГРАФІК", "HELP", "HELLO")


# What providers ask for that has a form of its own; every other word is as good as another.
EXAMPLES: dict[str, str] = {
    "host": "demo.invalid",
    "url": "https://demo.invalid/c/ex",
    "channel": str(UUID(int=6)),
    "account_sid": "AC" + "0" * 32,
}


def open_gateways(session: Session, scene: Scene, *, now: datetime) -> tuple[DemoGateway, ...]:
    return tuple(
        _open(session, scene, provider, now) for provider in PROVIDERS if provider.slug != GENERIC
    )


def let_people_call(database: Database, scene: Scene, *, now: datetime, rng: random.Random) -> None:
    """Some days of questions by telephone, and of messages that the console sends to nobody and reports."""
    with database.snapshot() as session:
        channel = _console(session, scene)
    for number, at in enumerate(_moments(now, rng)):
        caller = rng.choice(CALLERS)
        here = Here(channel, Setting(("uk", "en"), "uk"), True, at)
        if number % 3 == 2:
            _do(database, here, Inbound(uuid7().hex, caller, rng.choice(TEXTS), LINE, at))
            continue
        session_id = uuid7().hex
        for turn, pressed in enumerate(("", *rng.choice(WALKS))):
            later = Here(channel, here.setting, True, at + timedelta(seconds=6 * turn))
            _do(database, later, Pressed(session_id, caller, pressed, turn == 0, turn))
    with client() as http:
        for days in SENT:
            at = min(_noon(scene, now - timedelta(days=days)), now)
            for name in REMINDERS:
                DUTIES[name].do(database, at)
            while run_once(database, now=at):
                pass
            while send_due(database, partial(_same, at), http):
                pass
            _report(database, channel, at, rng)


def _noon(scene: Scene, at: datetime) -> datetime:
    """Midday at the programme's sites on that day: no quiet hour."""
    return at.astimezone(ZoneInfo(scene.sites[0].timezone)).replace(hour=12, minute=5)


def _same(at: datetime) -> datetime:
    return at


def _report(database: Database, channel: ChannelFacts, at: datetime, rng: random.Random) -> None:
    """The network says what became of the day's messages: most arrived."""
    with database.transaction() as session:
        sent = session.scalars(
            select(MessageAttempt.id).where(
                MessageAttempt.channel_id == channel.id,
                MessageAttempt.state == AttemptState.ACCEPTED,
            )
        )
        for attempt_id in sent.all():
            arrived = rng.random() < ARRIVES
            state = DeliveryState.DELIVERED if arrived else DeliveryState.FAILED
            report(session, channel.id, Delivery(uuid7().hex, state, attempt_id), now=at)


def _do(database: Database, here: Here, event: Inbound | Pressed) -> None:
    with database.transaction() as session:
        receive(session, here, event)


def _moments(now: datetime, rng: random.Random) -> Iterator[datetime]:
    for days in range(DAYS, 0, -1):
        for _ in range(rng.randrange(1, 4)):
            yield now - timedelta(days=days, minutes=rng.randrange(0, 600))


def _console(session: Session, scene: Scene) -> ChannelFacts:
    return next(
        each for each in channels_of(session, scene.programme_id) if each.slug == Console.slug
    )


def _open(session: Session, scene: Scene, provider: Provider, now: datetime) -> DemoGateway:
    options = {option.name: _value(option) for option in provider.options}
    is_console = provider.slug == Console.slug
    channel, secret = open_channel(
        session,
        scene.programme_id,
        provider.slug,
        ChannelSettings(
            name=provider.name,
            media=provider.media,
            sender=LINE if Medium.SMS in provider.media else CODE,
            options=options,
            sends=is_console,
            priority=1 if is_console else 10,
            price_minor=45,
            daily_budget_minor=20_000,
        ),
        by=scene.admin,
        now=now,
    )
    path = f"/gw/{provider.slug}/{channel.id}/{secret}"
    return DemoGateway(provider.slug, str(channel.id), secret, path, options)


def _value(option: Option) -> str:
    if option.default or not option.is_required:
        return option.default
    if option.is_secret:
        return secrets.token_urlsafe(12)
    return EXAMPLES.get(option.name, "demo")
