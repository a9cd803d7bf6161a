"""Which programme, site or member of staff a command was told of."""

import argparse
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.settings import BadSetting
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import ProgrammeFacts
from app.domain.staff.errors import UnknownStaff
from app.domain.staff.queries import StaffFacts, staff_of


def add_programme_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--programme", metavar="CODE", help="which programme, where there are several"
    )


def the_programme(session: Session, code: str | None) -> ProgrammeFacts:
    """The programme of a code, or the only one.

    Raises:
        UnknownProgramme.
        BadSetting: there is none, or which one was not said.
    """
    if code:
        return programmes.programme_by_code(session, code)
    known = programmes.programmes(session)
    if not known:
        raise BadSetting("there is no programme yet; run: pdi programme open --help")
    if len(known) > 1:
        codes = ", ".join(each.code for each in known)
        raise BadSetting(f"there are several programmes; say which: --programme CODE ({codes})")
    return known[0]


def the_member(session: Session, username: str) -> tuple[UUID, StaffFacts]:
    """Who has a log-in under a user name, which no two programmes share, and her programme. Raises: UnknownStaff."""
    wanted = username.strip().casefold()
    for programme in programmes.programmes(session):
        for member in staff_of(session, programme.id):
            if member.username == wanted and member.left_at is None:
                return programme.id, member
    raise UnknownStaff(username=wanted)
