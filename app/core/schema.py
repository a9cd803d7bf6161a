"""The database schema: alembic, driven from Python."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.core.db import Database

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def upgrade(database_url: str, revision: str = "head") -> None:
    command.upgrade(config(database_url), revision)


def downgrade(database_url: str, revision: str = "base") -> None:
    command.downgrade(config(database_url), revision)


def is_current(database: Database) -> bool:
    """Whether every migration has been applied."""
    with database.snapshot() as session:
        found = MigrationContext.configure(session.connection()).get_current_revision()
    return found == _head()


@cache
def _head() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def config(database_url: str) -> Config:
    """Alembic's settings for a database."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["database_url"] = database_url
    return settings
