"""The form of a channel: text in, its settings or a complaint for each field out. Secrets are typed in and never shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.i18n import N_
from app.core.money import Money, NotAnAmount
from app.domain.channels.errors import BadChannel
from app.domain.channels.events import Medium
from app.domain.channels.queries import ChannelFacts
from app.domain.channels.rules import ChannelSettings, check
from app.domain.programmes.queries import ProgrammeFacts
from app.gateways.adapter import Adapter, BadOptions, Option
from app.gateways.registry import ADAPTERS, adapter_for, options_of
from app.web.complaints import EMPTY, NOT_AN_AMOUNT, NOT_WHOLE, Complaint, Complaints
from app.web.wording import words_of

YES = "yes"
PREFIX = "option_"
PROFILE = "profile"
CURRENCY_LETTERS = 3
USUAL_PRIORITY = "10"

# What an adapter says of its options, where it says it in a word of its own.
REFUSED = N_("The provider's settings do not take this: %(reason)s")
BAD_CURRENCY = Complaint(N_("Please enter the three letters of a currency, for example UAH."))
NO_MEDIUM = Complaint(N_("Please tick at least one."))


@dataclass(frozen=True)
class Read:
    """What was entered: the settings, or what is wrong with which field. ``asked`` are the options there are fields for."""

    settings: ChannelSettings | None
    complaints: Complaints
    asked: Sequence[Option]
    adapter: Adapter | None


def as_typed(channel: ChannelFacts | None, slug: str, programme: ProgrammeFacts) -> dict[str, str]:
    """What stands in the fields to begin with; of a secret, nothing."""
    if channel is None:
        media = ADAPTERS[slug].media
        return {
            **{f"media_{each}": YES for each in media},
            **{PREFIX + each.name: each.default for each in options_of(slug, {})},
            "receives": YES,
            "sends": YES if Medium.SMS in media else "",
            "priority": USUAL_PRIORITY,
            "price": "0",
            "currency": programme.currency,
            "language": programme.languages[0],
        }
    asked = options_of(channel.slug, channel.options)
    return {
        "name": channel.name,
        "sender": channel.sender,
        **{f"media_{each}": YES for each in channel.media},
        **{PREFIX + o.name: channel.options.get(o.name, "") for o in asked if not o.is_secret},
        "receives": YES if channel.receives else "",
        "sends": YES if channel.sends else "",
        "priority": str(channel.priority),
        "price": str(Money(channel.price_minor, channel.currency).major),
        "currency": channel.currency,
        "daily_budget": ""
        if channel.daily_budget_minor is None
        else str(Money(channel.daily_budget_minor, channel.currency).major),
        "allowed_addresses": "\n".join(channel.allowed_addresses),
        "language": channel.language,
    }


def read_channel(
    entered: Mapping[str, str],
    slug: str,
    programme: ProgrammeFacts,
    kept: ChannelFacts | None = None,
) -> Read:
    """``kept`` is the channel that is changed: a secret that is not typed again stays."""
    complaints: Complaints = {}
    given = _given(entered, options_of(slug, {}))
    asked = options_of(slug, given)
    options = _options(entered, asked, kept, complaints)
    adapter = _adapter(slug, options, complaints)
    currency = entered.get("currency", "").strip().upper()
    if not (len(currency) == CURRENCY_LETTERS and currency.isascii() and currency.isalpha()):
        complaints["currency"], currency = BAD_CURRENCY, programme.currency
    settings = ChannelSettings(
        name=entered.get("name", "").strip(),
        media=_media(entered, adapter, slug),
        sender=entered.get("sender", "").strip(),
        options=options,
        allowed_addresses=tuple(entered.get("allowed_addresses", "").replace(",", " ").split()),
        receives=entered.get("receives") == YES,
        sends=entered.get("sends") == YES,
        priority=_whole(entered, "priority", complaints),
        price_minor=_amount(entered, "price", currency, complaints) or 0,
        currency=currency,
        daily_budget_minor=_amount(entered, "daily_budget", currency, complaints),
        language=entered.get("language", ""),
    )
    try:
        check(settings, languages=programme.languages)
    except BadChannel as refusal:
        field = str(refusal.facts["field"])
        said = {"name": EMPTY, "media": NO_MEDIUM} if refusal.facts["reason"] == "missing" else {}
        complaints.setdefault(field, said.get(field, Complaint(words_of(refusal))))
    return Read(None if complaints else settings, complaints, asked, adapter)


def _given(entered: Mapping[str, str], asked: Sequence[Option]) -> dict[str, str]:
    return {each.name: entered.get(PREFIX + each.name, "").strip() for each in asked}


def _options(
    entered: Mapping[str, str],
    asked: Sequence[Option],
    kept: ChannelFacts | None,
    complaints: Complaints,
) -> dict[str, str]:
    options = _given(entered, asked)
    for each in asked:
        if each.is_secret and not options[each.name] and kept:
            options[each.name] = kept.options.get(each.name, "")
        if each.is_required and not options[each.name] and not each.default:
            complaints[PREFIX + each.name] = EMPTY
    return {name: value for name, value in options.items() if value}


def _adapter(slug: str, options: Mapping[str, str], complaints: Complaints) -> Adapter | None:
    if complaints:
        return None
    try:
        return adapter_for(slug, options)
    except BadOptions as refusal:
        complaints[PREFIX + refusal.option] = Complaint(REFUSED, {"reason": refusal.reason})
        return None


def _media(entered: Mapping[str, str], adapter: Adapter | None, slug: str) -> frozenset[Medium]:
    """Of a provider that carries one medium, that one; else what is ticked."""
    can = adapter.media if adapter else ADAPTERS[slug].media
    ticked = frozenset(each for each in can if entered.get(f"media_{each}") == YES)
    return can if len(can) == 1 else ticked


def _whole(entered: Mapping[str, str], name: str, complaints: Complaints) -> int:
    text = entered.get(name, "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 6:
        return int(text)
    complaints[name] = NOT_WHOLE
    return 0


def _amount(
    entered: Mapping[str, str], name: str, currency: str, complaints: Complaints
) -> int | None:
    text = entered.get(name, "").strip()
    if not text:
        return None
    try:
        return Money.parse(text, currency).minor
    except NotAnAmount:
        complaints[name] = NOT_AN_AMOUNT
        return None
