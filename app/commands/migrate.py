"""``pdi migrate``: bring the schema up to date; a new database gets its key file."""

import argparse
from pathlib import Path

from app.commands.opening import add_data_argument, settings_of
from app.core import schema
from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.installation import ensure_installed
from app.core.settings import Settings

SQLITE = "sqlite:///"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    migrate(settings_of(arguments))
    print("the database is up to date")  # noqa: T201
    return 0


def migrate(settings: Settings) -> None:
    """Apply what is missing and check that the key is this database's.

    Raises:
        KeyProblem: the key file is another database's.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if settings.database_url.startswith(SQLITE):
        # Its owner's alone from the first byte; SQLite gives the files beside it the same mode.
        Path(settings.database_url.removeprefix(SQLITE)).touch(mode=0o600, exist_ok=True)
    schema.upgrade(settings.database_url)
    keyring = (
        Keyring.load(settings.key_file)
        if settings.key_file.exists()
        else Keyring.create(settings.key_file)
    )
    database = Database(settings.database_url, keyring)
    try:
        with database.transaction() as session:
            ensure_installed(session, now=utc_now())
    finally:
        database.close()
