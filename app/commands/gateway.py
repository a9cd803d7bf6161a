"""``pdi gateway``: connect SMS and USSD providers, give out and end their secret addresses, send a test message."""

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from sqlalchemy.orm import Session

from app.commands.choosing import add_programme_argument, the_programme
from app.commands.opening import add_data_argument, opened, settings_of
from app.core.clock import utc_now
from app.core.db import Database
from app.core.settings import PREFIX, BadSetting, Settings
from app.domain.channels import actions, queries
from app.domain.channels.errors import UnknownChannel
from app.domain.channels.events import Medium
from app.domain.channels.queries import ChannelFacts
from app.domain.channels.rules import ChannelSettings, path
from app.domain.contacts.errors import BadNumber
from app.domain.contacts.rules import read_msisdn
from app.domain.messaging.actions import note_calls_read
from app.domain.messaging.queries import calls_of
from app.domain.programmes.queries import ProgrammeFacts
from app.gateways import generic
from app.gateways.adapter import (
    Accepted,
    Adapter,
    BadOptions,
    Option,
    Rejected,
    Retry,
    Sms,
    Stopped,
    Uncertain,
)
from app.gateways.registry import ADAPTERS, adapter_for, options_of
from app.sending.messages import client

FROM_ENVIRONMENT = PREFIX + "GATEWAY_"
TEST_TEXT = "This is a test. Please ignore it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    listing = acts.add_parser("list", help="list channels and the secrets they have in use")
    kinds = acts.add_parser("kinds", help="list the providers there are, and what each asks for")
    opening = acts.add_parser(
        "open",
        help="open a provider's account here; prints the addresses to give to the provider, once",
        description=f"Opens a channel. Options that are secret are asked for, read as lines, or taken from {FROM_ENVIRONMENT}NAME.",
    )
    _add_settings(opening)
    secret = acts.add_parser("secret", help="make another secret address, or end one")
    secret.add_argument("what", choices=["renew", "end"])
    secret.add_argument("channel", metavar="CHANNEL")
    secret.add_argument("secret_id", metavar="SECRET", nargs="?", help="which to end: see list")
    switching = [acts.add_parser(word, help=f"switch a channel {word}") for word in ("on", "off")]
    testing = acts.add_parser("test", help="send one text message by a channel")
    testing.add_argument("channel", metavar="CHANNEL")
    testing.add_argument("number", metavar="NUMBER", help="with its country code")
    calls = acts.add_parser(
        "calls", help="show what a provider sent in the last days, as it came; this is recorded"
    )
    for act in (*switching, calls):
        act.add_argument("channel", metavar="CHANNEL")
    for act in (listing, opening, secret, *switching, testing, calls):
        add_programme_argument(act)
        add_data_argument(act)
    add_data_argument(kinds)


def run(arguments: argparse.Namespace) -> int:
    if arguments.act == "kinds":
        sys.stdout.write(_kinds())
        return 0
    settings = settings_of(arguments)
    with opened(settings) as database:
        if arguments.act == "open":
            return _open(arguments, settings, database)
        if arguments.act == "list":
            with database.snapshot() as session:
                sys.stdout.write(_listed(session, the_programme(session, arguments.programme)))
            return 0
        with database.snapshot() as session:
            programme = the_programme(session, arguments.programme)
            channel = _channel(session, programme, arguments.channel)
        if arguments.act == "test":
            return _test(database, programme, channel, arguments.number)
        with database.transaction() as session:
            sys.stdout.write(_change(session, settings, channel, arguments))
    return 0


def _add_settings(opening: argparse.ArgumentParser) -> None:
    opening.add_argument("slug", metavar="KIND", help="a provider: see kinds")
    opening.add_argument(
        "options", metavar="KEY=VALUE", nargs="*", help="what the provider asks for, but secrets"
    )
    opening.add_argument("--name", help="what people call it (the provider's name)")
    opening.add_argument(
        "--profile", metavar="FILE", type=Path, help="a provider as data, for the generic kind"
    )
    opening.add_argument("--sender", default="", help="number or name messages are sent from")
    opening.add_argument("--language", metavar="CODE", help="in which it begins to speak")
    opening.add_argument(
        "--allow",
        metavar="ADDRESS",
        action="append",
        default=[],
        help="address or network the provider calls from; may be given several times",
    )
    opening.add_argument("--priority", type=int, default=10, metavar="N", help="lowest sends first")
    opening.add_argument(
        "--price", type=int, default=0, metavar="MINOR", help="of a part, in minor units"
    )
    opening.add_argument("--currency", metavar="CODE", help="of the price")
    opening.add_argument("--daily-budget", type=int, metavar="MINOR", help="most to spend on a day")
    opening.add_argument("--does-not-send", action="store_true", help="it only receives")
    opening.add_argument("--does-not-receive", action="store_true", help="it only sends")


def _open(arguments: argparse.Namespace, settings: Settings, database: Database) -> int:
    with database.snapshot() as session:
        programme = the_programme(session, arguments.programme)
    options, adapter = _adapter(arguments)
    wanted = ChannelSettings(
        name=arguments.name or adapter.name,
        media=adapter.media,
        sender=arguments.sender,
        options=options,
        allowed_addresses=tuple(arguments.allow),
        receives=not arguments.does_not_receive,
        sends=not arguments.does_not_send and Medium.SMS in adapter.media,
        priority=arguments.priority,
        price_minor=arguments.price,
        currency=arguments.currency or programme.currency,
        daily_budget_minor=arguments.daily_budget,
        language=arguments.language or programme.languages[0],
    )
    with database.transaction() as session:
        channel, secret = actions.open_channel(
            session, programme.id, arguments.slug, wanted, by=None, now=utc_now()
        )
    sys.stdout.write(f"{channel.id}  {channel.name}\n" + _addresses(settings, channel, secret))
    return 0


def _adapter(arguments: argparse.Namespace) -> tuple[dict[str, str], Adapter]:
    """The options of a channel, with its secrets, and the adapter they make. Raises: BadSetting, UnknownGateway."""
    options = dict(_pair(each) for each in arguments.options)
    if arguments.profile:
        options[generic.PROFILE.name] = _text_of(arguments.profile)
    try:
        for option in options_of(arguments.slug, options):
            if option.is_secret and option.name in options:
                raise BadSetting(
                    f"{option.name} is a secret: leave it out and it is asked for, or set {FROM_ENVIRONMENT}{option.name.upper()}"
                )
            if option.is_secret:
                options |= _secret(option)
        return options, adapter_for(arguments.slug, options)
    except BadOptions as error:
        raise BadSetting(str(error)) from None


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadSetting(f"{file} cannot be read as a text") from None


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise BadSetting(f"an option is KEY=VALUE, not {text!r}")
    return name, value


def _secret(option: Option) -> dict[str, str]:
    """A secret from the environment, from the terminal, or the next line of what is piped in."""
    given = os.environ.get(FROM_ENVIRONMENT + option.name.upper())
    if given is None and sys.stdin.isatty():
        given = getpass.getpass(f"{option.name}: ")
    elif given is None:
        given = sys.stdin.readline().rstrip("\n")
    return {option.name: given} if given else {}


def _change(
    session: Session, settings: Settings, channel: ChannelFacts, arguments: argparse.Namespace
) -> str:
    now = utc_now()
    if arguments.act in ("on", "off"):
        actions.switch(session, channel.id, is_on=arguments.act == "on", by=None, now=now)
        return f"{channel.name} is {arguments.act}\n"
    if arguments.act == "calls":
        note_calls_read(session, channel, now=now)
        calls = calls_of(session, channel.id)
        return "".join(f"{each.on}  {dict(each.contents)}\n" for each in calls) or "none is kept\n"
    if arguments.what == "renew":
        secret = actions.renew_secret(session, channel.id, by=None, now=now)
        return _addresses(settings, channel, secret)
    wanted = arguments.secret_id or ""
    found = [
        each.id
        for each in queries.secrets_of(session, channel.id)
        if wanted and str(each.id).endswith(wanted)
    ]
    if len(found) != 1:
        raise BadSetting("say which secret to end, by the end of its id; run: pdi gateway list")
    actions.end_secret(session, channel.id, found[0], by=None, now=now)
    return "nobody is let in with that secret any more\n"


def _test(database: Database, programme: ProgrammeFacts, channel: ChannelFacts, number: str) -> int:
    """Send one message outside any transaction, and say what the provider said."""
    try:
        msisdn = read_msisdn(number, "ZZ")
    except BadNumber:
        raise BadSetting("NUMBER is not a telephone number with its country code") from None
    adapter = adapter_for(channel.slug, channel.options)
    sms = Sms(uuid4(), msisdn, TEST_TEXT, channel.sender)
    with client() as http:
        outcome = adapter.send(sms, http)
    match outcome:
        case Accepted():
            sys.stdout.write("the provider took it\n")
            return 0
        case Retry(reason) | Rejected(reason) | Uncertain(reason):
            sys.stdout.write(f"{type(outcome).__name__.lower()}: {reason}\n")
        case Stopped():
            sys.stdout.write("the provider says that this number wants no messages\n")
    return 1


def _channel(session: Session, programme: ProgrammeFacts, wanted: str) -> ChannelFacts:
    """A channel by its name or the end of its id. Raises: UnknownChannel."""
    found = [
        each
        for each in queries.channels_of(session, programme.id)
        if each.name == wanted or str(each.id).endswith(wanted)
    ]
    if len(found) != 1:
        raise UnknownChannel
    return found[0]


def _addresses(settings: Settings, channel: ChannelFacts, secret: str) -> str:
    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    adapter = adapter_for(channel.slug, channel.options)
    return "".join(
        f"  {'/'.join(sorted(methods)):9}{base}{path(channel.slug, channel.id, secret, hook.value)}\n"
        for hook, methods in adapter.hooks.items()
    )


def _listed(session: Session, programme: ProgrammeFacts) -> str:
    lines = []
    for each in queries.channels_of(session, programme.id):
        does = [
            word for word, is_so in (("receives", each.receives), ("sends", each.sends)) if is_so
        ]
        state = "on" if each.is_on else "off"
        lines.append(f"{each.id}  {each.slug:16}{each.name:24}{state:4}{', '.join(does)}")
        lines += [
            f"    secret {secret.id}  since {secret.made_at:%Y-%m-%d}"
            for secret in queries.secrets_of(session, each.id)
        ]
    return "".join(f"{line}\n" for line in lines) or f"{programme.code} has no channel yet\n"


def _kinds() -> str:
    return "".join(
        f"{slug:16}{kind.name:28}{', '.join(sorted(kind.media))}\n{_asked_for(kind.options)}"
        for slug, kind in sorted(ADAPTERS.items())
    )


def _asked_for(options: Sequence[Option]) -> str:
    return "".join(
        f"    {option.name:20}{option.label}"
        f"{' (secret)' if option.is_secret else ''}{'' if option.is_required else ' (if any)'}\n"
        for option in options
    )
