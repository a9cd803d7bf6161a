"""Any aggregator that speaks plain HTTP, known by its profile alone: ``README.md`` beside tells how to write one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path as File

import httpx

from app.core.i18n import N_
from app.domain.channels.events import GatewayEvent, Medium
from app.gateways import profile_calls, profile_sending
from app.gateways.adapter import (
    Answer,
    BadOptions,
    Call,
    Hook,
    Option,
    Options,
    Outcome,
    Rejected,
    Sms,
    Unreadable,
)
from app.gateways.choosing import read_options
from app.gateways.profile import Hooked, Profile, Reply, read_profile
from app.gateways.reading import Json, at, plain

SLUG = "generic"
NAME = N_("Other (by a profile)")
PROFILE = Option("profile", N_("Profile of the provider (TOML)"), is_long=True)
SHIPPED = ("advanta", "arkesel", "beem", "hollatags", "moolre", "nalo")
# What the shipped profiles ask for, where the translators look.
LABELS = (N_("API key"), N_("API secret"), N_("Address of the API"), N_("Partner id"))
FOLDER = File(__file__).with_name("profiles")


@dataclass(frozen=True)
class Generic:
    """A provider by its profile, with a channel's own settings."""

    slug: str
    profile: Profile = field(repr=False)
    settings: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def media(self) -> frozenset[Medium]:
        return self.profile.media

    @property
    def hooks(self) -> Mapping[Hook, frozenset[str]]:
        return self.profile.hooks

    @property
    def options(self) -> Sequence[Option]:
        return self.profile.asked_for

    @property
    def replies_inline(self) -> bool:
        return self.profile.inbound is not None and self.profile.inbound.reply.body is not None

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        """Aggregators of this kind sign nothing: the secret address and the list of allowed addresses prove a call."""

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        read: Callable[[Profile, Json], Sequence[GatewayEvent]] = {
            Hook.USSD: profile_calls.pressed,
            Hook.INBOUND: profile_calls.received,
            Hook.STATUS: profile_calls.reported,
        }[hook]
        found = profile_calls.sources(self._part(hook), call)
        return [event for source in found for event in read(self.profile, source)]

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        reply, body = self._reply(hook, is_text=bool(text), ends=ends)
        if body is None:
            return Answer()
        source = profile_calls.source(self._part(hook), call)

        def values(place: str) -> Json:
            return text if place == "text" else _echoed(source, place.removeprefix("call."))

        return Answer(reply.write(body, values), reply.media_type)

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        if self.profile.send is None:
            return Rejected("the profile has no [send]", is_channel=True)
        return profile_sending.send(self.profile.send, self.settings, sms, http)

    def _part(self, hook: Hook) -> Hooked:
        profile = self.profile
        parts: Mapping[Hook, Hooked | None] = {
            Hook.USSD: profile.ussd,
            Hook.INBOUND: profile.inbound,
            Hook.STATUS: profile.status,
        }
        part = parts[hook]
        if part is None:
            raise Unreadable(f"the profile has no {hook.value}")
        return part

    def _reply(self, hook: Hook, *, is_text: bool, ends: bool) -> tuple[Reply, Json]:
        profile = self.profile
        if hook is Hook.USSD and profile.ussd:
            reply = profile.ussd.reply
            return reply, (reply.ends if ends else reply.goes_on) if is_text else None
        part = profile.inbound if hook is Hook.INBOUND else profile.status
        answer = part.reply if part else Reply()
        return answer, getattr(answer, "body" if is_text else "nothing", None)


def from_options(options: Options) -> Generic:
    """The adapter of a channel that brings its profile along. Raises: BadOptions."""
    text = options.get(PROFILE.name, "")
    if not text.strip():
        raise BadOptions(PROFILE.name, "is missing")
    others = {name: value for name, value in options.items() if name != PROFILE.name}
    return _made(SLUG, read_profile(text), others)


def shipped(slug: str) -> Callable[[Options], Generic]:
    """What makes the adapter of one of our own profiles."""
    profile = shipped_profile(slug)
    return lambda options: _made(slug, profile, options)


def shipped_profile(slug: str) -> Profile:
    return read_profile((FOLDER / f"{slug}.toml").read_text())


def _made(slug: str, profile: Profile, options: Options) -> Generic:
    return Generic(slug, profile, read_options(profile.asked_for, options))


def _echoed(source: Json, dotted: str) -> Json:
    path = [int(step) if step.isdigit() else step for step in dotted.split(".")]
    found = at(source, *path)
    return found if isinstance(found, bool | int) else plain(source, *path)
