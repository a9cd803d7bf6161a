"""The migrations and the models are two accounts of one schema, and every step can be taken back."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from app.core import schema
from app.core.db import Database
from app.domain.tables import METADATA
from tests.rows import fill

REVISIONS = [
    (each.down_revision or "base", each.revision)
    for each in ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()
]


def test_autogenerate_finds_no_difference(database: Database) -> None:
    with database.engine.connect() as connection:
        assert _differences(connection) == []


def test_checks_and_options_are_those_of_the_models(
    database: Database, unmigrated_url: str
) -> None:
    # Autogenerate looks at neither.
    modelled = create_engine(unmigrated_url)
    with modelled.begin() as connection:
        METADATA.create_all(connection)
        expected = _checks_and_options(connection)
    modelled.dispose()

    with database.engine.connect() as connection:
        assert _checks_and_options(connection) == expected


@pytest.mark.parametrize(("below", "revision"), REVISIONS)
def test_a_migration_goes_down_and_up_with_a_row_in_every_table(
    database: Database, below: str, revision: str
) -> None:
    with database.engine.begin() as connection:
        fill(connection, METADATA.sorted_tables)
    database.close()

    schema.downgrade(database.url, revision)
    above = _rows(database)
    schema.downgrade(database.url, below)
    kept = _rows(database)
    schema.upgrade(database.url, revision)
    again = _rows(database)
    schema.upgrade(database.url)

    assert again.keys() == above.keys()
    assert {table: again[table] for table in kept} == kept
    assert schema.is_current(database)
    with database.engine.connect() as connection:
        assert _differences(connection) == []


def _differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, METADATA))


def _checks_and_options(connection: Connection) -> dict[str, object]:
    inspector = inspect(connection)
    return {
        table: (
            {(each["name"], each["sqltext"]) for each in inspector.get_check_constraints(table)},
            inspector.get_table_options(table),
        )
        for table in METADATA.tables
    }


def _rows(database: Database) -> dict[str, int]:
    with database.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
        counts = {
            table: connection.scalar(text(f'SELECT count(*) FROM "{table}"')) for table in tables
        }
    database.close()
    return counts
