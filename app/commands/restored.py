"""``pdi restored``: after a backup was put back, tell devices to send again what was lost with it."""

import argparse

from app.commands.opening import add_data_argument, opened, settings_of
from app.core.clock import utc_now
from app.core.installation import begin_epoch
from app.domain.audit.actions import record
from app.domain.programmes.queries import programmes

WHAT_FOLLOWS = """\
Devices now hear that a backup was put back. Each sends again whatever it has kept of the last 35 days, and nothing is
counted twice. A device that was enrolled after the backup was made is known again by its key: look on the page of devices
for one that had been locked since. What was entered since in a browser that is no device has to be entered again."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    with opened(settings_of(arguments)) as database, database.transaction() as session:
        now = utc_now()
        epoch = begin_epoch(session, now=now)
        for programme in programmes(session):
            record(
                session,
                "server.restored",
                subject=epoch,
                staff_id=None,
                programme_id=programme.id,
                at=now,
            )
    print(WHAT_FOLLOWS)  # noqa: T201
    return 0
