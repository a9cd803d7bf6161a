"""Every provider by its slug, which is part of the addresses it calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self

from app.core.errors import DomainError, Kind
from app.domain.channels.events import Medium
from app.gateways import generic
from app.gateways.adapter import Adapter, BadOptions, Hook, Option, Options
from app.gateways.africastalking import AfricasTalking
from app.gateways.console import Console
from app.gateways.hubtel import Hubtel
from app.gateways.infobip import Infobip
from app.gateways.kannel import Kannel
from app.gateways.profile import read_profile
from app.gateways.rapidpro import RapidPro
from app.gateways.twilio import Twilio
from app.gateways.vonage import Vonage


class UnknownGateway(DomainError):
    """No provider of this name is connected."""

    kind, code = Kind.NOT_FOUND, "unknown_gateway"


@dataclass(frozen=True)
class Provider:
    """What is known before a channel's options are: what to ask for, and what makes the adapter of them."""

    slug: str
    name: str
    media: frozenset[Medium]
    hooks: Mapping[Hook, frozenset[str]]
    options: Sequence[Option]
    from_options: Callable[[Options], Adapter] = field(repr=False)
    """Raises: BadOptions."""


class WrittenOut(Adapter, Protocol):
    """An adapter that is a class of its own."""

    slug: ClassVar[str]
    name: ClassVar[str]
    media: ClassVar[frozenset[Medium]]
    hooks: ClassVar[Mapping[Hook, frozenset[str]]]
    options: ClassVar[Sequence[Option]]
    replies_inline: ClassVar[bool]

    @classmethod
    def from_options(cls, options: Options) -> Self: ...


def written_out(kind: type[WrittenOut]) -> Provider:
    return Provider(kind.slug, kind.name, kind.media, kind.hooks, kind.options, kind.from_options)


def by_profile(slug: str) -> Provider:
    """One of the profiles in ``profiles/``."""
    profile = generic.shipped_profile(slug)
    return Provider(
        slug,
        profile.name,
        profile.media,
        profile.hooks,
        profile.asked_for,
        generic.shipped(slug),
    )


# What it can do is in the profile that a channel brings along, and so are its other options.
GENERIC = Provider(
    generic.SLUG,
    generic.NAME,
    frozenset(Medium),
    dict.fromkeys(Hook, frozenset({"GET", "POST"})),
    (generic.PROFILE,),
    generic.from_options,
)

PROVIDERS: Sequence[Provider] = (
    written_out(AfricasTalking),
    written_out(Hubtel),
    written_out(Infobip),
    written_out(Kannel),
    written_out(RapidPro),
    written_out(Twilio),
    written_out(Vonage),
    *map(by_profile, generic.SHIPPED),
    GENERIC,
    written_out(Console),
)

ADAPTERS: Mapping[str, Provider] = {provider.slug: provider for provider in PROVIDERS}


def adapter_for(slug: str, options: Options) -> Adapter:
    """The adapter of a channel. Raises: UnknownGateway, BadOptions."""
    if slug not in ADAPTERS:
        raise UnknownGateway(slug=slug)
    return ADAPTERS[slug].from_options(options)


def options_of(slug: str, options: Options) -> Sequence[Option]:
    """What a channel is to be asked for, now that these options are known; of a bad profile nothing is. Raises: UnknownGateway."""
    if slug not in ADAPTERS:
        raise UnknownGateway(slug=slug)
    declared = ADAPTERS[slug].options
    if slug != generic.SLUG:
        return declared
    try:
        return (*declared, *read_profile(options.get(generic.PROFILE.name, "")).asked_for)
    except BadOptions:
        return declared
