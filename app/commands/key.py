"""``pdi key``: make a key with which a program acts for someone, list keys, end someone's keys."""

import argparse
import sys

from app.commands.choosing import add_programme_argument, the_member, the_programme
from app.commands.opening import add_data_argument, opened, settings_of
from app.core.clock import utc_now
from app.domain.staff.actions import end_api_keys, make_api_key
from app.domain.staff.queries import keys_of, usernames


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", metavar="make | list | end", required=True)
    making = acts.add_parser("make", help="make a key", description="Make a key, shown once.")
    making.add_argument("username", metavar="USERNAME", help="for whom the program acts")
    making.add_argument("--label", required=True, help="what the key is for")
    ending = acts.add_parser("end", help="make every key of someone worthless")
    ending.add_argument("username", metavar="USERNAME")
    listing = acts.add_parser("list", help="list the keys that work")
    add_programme_argument(listing)
    for act in (making, ending, listing):
        add_data_argument(act)


def run(arguments: argparse.Namespace) -> int:
    with opened(settings_of(arguments)) as database:
        if arguments.act == "list":
            with database.snapshot() as session:
                programme = the_programme(session, arguments.programme)
                names = usernames(session, programme.id)
                for key in keys_of(session, programme.id):
                    sys.stdout.write(
                        f"{names[key.staff_id]:20}{key.made_at:%Y-%m-%d}  {key.label}\n"
                    )
            return 0
        with database.transaction() as session:
            _, member = the_member(session, arguments.username)
            if arguments.act == "make":
                said = make_api_key(session, member.id, label=arguments.label, now=utc_now())
            else:
                end_api_keys(session, member.id, by=None, now=utc_now())
                said = f"the keys of {member.username} no longer work"
        sys.stdout.write(f"{said}\n")
    return 0
