"""How a command opens the database it was told of."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core import schema
from app.core.crypto import KeyProblem, Keyring
from app.core.db import Database
from app.core.settings import BadSetting, Settings


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the embedded database")


def settings_of(arguments: argparse.Namespace, **overrides: object) -> Settings:
    """Settings from the environment, and from the options that a command shares. Raises: BadSetting."""
    return Settings.from_env(os.environ, data_dir=getattr(arguments, "data", None), **overrides)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """A migrated database with its keys.

    Raises:
        BadSetting: it is not there or not migrated; says what to run.
        KeyProblem: the key file is missing.
    """
    try:
        keyring = Keyring.load(settings.key_file)
    except KeyProblem as problem:
        raise BadSetting(f"{problem}; run: pdi migrate") from problem
    database = Database(settings.database_url, keyring, pool_size=settings.pool_size)
    try:
        if not schema.is_current(database):
            raise BadSetting("the database is not up to date; run: pdi migrate")
        yield database
    finally:
        database.close()
