"""``pdi staff``: give people a log-in, list them, take a log-in away."""

import argparse
import getpass
import re
import secrets
import sys

from sqlalchemy.orm import Session

from app.commands.choosing import add_programme_argument, the_member, the_programme
from app.commands.opening import add_data_argument, opened, settings_of
from app.core.clock import utc_now
from app.core.settings import BadSetting
from app.domain.alerts.actions import forget_number
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import add_member, remove_member
from app.domain.staff.queries import staff_of
from app.domain.staff.rules import SHORTEST_PASSWORD, Role

USERNAME = re.compile(r"[\w.@-]{1,60}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", metavar="add | list | remove", required=True)
    adding = acts.add_parser("add", help="give someone a log-in", description="Give a log-in.")
    adding.add_argument("username", metavar="USERNAME", help="need not be a person's name")
    adding.add_argument("--role", required=True, choices=[role.value for role in Role])
    adding.add_argument("--site", metavar="CODE", help="where she works")
    adding.add_argument(
        "--ask-password",
        action="store_true",
        help="ask for a password, or read it as a line; otherwise one is made and shown once",
    )
    removing = acts.add_parser("remove", help="take a log-in away, with its sessions and keys")
    removing.add_argument("username", metavar="USERNAME")
    listing = acts.add_parser("list", help="list who has a log-in")
    for act in (adding, listing):
        add_programme_argument(act)
    for act in (adding, removing, listing):
        add_data_argument(act)


def run(arguments: argparse.Namespace) -> int:
    with opened(settings_of(arguments)) as database:
        if arguments.act == "list":
            with database.snapshot() as session:
                sys.stdout.write(_listed(session, arguments.programme))
        elif arguments.act == "remove":
            with database.transaction() as session:
                _, member = the_member(session, arguments.username)
                remove_member(session, member.id, by=None, now=utc_now())
                forget_number(session, member.id)
            sys.stdout.write(f"{member.username} can log in no more\n")
        else:
            password = _password(arguments)
            with database.transaction() as session:
                _add(session, arguments, password)
            shown = "" if arguments.ask_password else f"  password: {password}"
            sys.stdout.write(f"{arguments.username.strip().casefold()}{shown}\n")
    return 0


def _add(session: Session, arguments: argparse.Namespace, password: str) -> None:
    programme = the_programme(session, arguments.programme)
    site = arguments.site and programmes.site_by_code(session, programme.id, arguments.site)
    add_member(
        session,
        username=arguments.username,
        password=password,
        role=Role(arguments.role),
        programme_id=programme.id,
        site_id=site.id if site else None,
        now=utc_now(),
    )


def _listed(session: Session, code: str | None) -> str:
    programme = the_programme(session, code)
    sites = {site.id: site.code for site in programmes.sites(session, programme.id)}
    return "".join(
        f"{member.username:20}{member.role.value:18}"
        f"{sites[member.site_id] if member.site_id else '':14}"
        f"{'left' if member.left_at else ''}".rstrip()
        + "\n"
        for member in staff_of(session, programme.id)
    )


def _password(arguments: argparse.Namespace) -> str:
    if not USERNAME.fullmatch(arguments.username.strip()):
        raise BadSetting("USERNAME: letters, digits, dots, hyphens and @, without spaces")
    if not arguments.ask_password:
        return secrets.token_urlsafe(SHORTEST_PASSWORD)
    if sys.stdin.isatty():
        return getpass.getpass(f"password, {SHORTEST_PASSWORD} characters or more: ")
    return sys.stdin.readline().rstrip("\n")
