"""What a redemption costs the database, counted at the driver's door."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from app.core.crypto import Keyring
from app.core.db import Database
from tests.web.api import an_api

MOST = 8


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements sent meanwhile, but for those that begin or end something."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")):
            sent.append(statement)

    engines: set[Engine] = {database._writer}
    if database.is_sqlite:  # on PostgreSQL the reader is the same engine under another isolation
        engines.add(database._reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def test_a_redemption_over_http_costs_at_most_eight_statements(
    database: Database, keyring: Keyring
) -> None:
    api = an_api(database, keyring)
    api.get("/coupons/000000000109")  # whatever is asked once in the life of a process

    with statements(database) as sent:
        assert api.post("/redemptions", api.scan()).status_code == 201

    assert 5 <= len(sent) <= MOST, "\n".join(sent)


def test_a_repeated_scan_costs_fewer_and_writes_nothing(
    database: Database, keyring: Keyring
) -> None:
    api = an_api(database, keyring)
    scan = api.scan()
    api.post("/redemptions", scan)

    with statements(database) as sent:
        assert api.post("/redemptions", scan).status_code == 201

    assert len(sent) <= 4, "\n".join(sent)
    assert not [each for each in sent if not each.lstrip().upper().startswith("SELECT")]
