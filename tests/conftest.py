"""What every test may ask for. Each that takes a database runs on SQLite and on PostgreSQL, never on one only."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session

from app.core import schema
from app.core.crypto import Keyring
from app.core.db import Database
from tests.browser import chromium
from tests.postgres import Postgres, running_postgres
from tests.serving import Server, serving

TEMPLATE = "pdi_test_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server, with a migrated database to clone."""
    with running_postgres() as server:
        server.drop(TEMPLATE)
        schema.upgrade(server.create(TEMPLATE))
        yield server
        server.drop(TEMPLATE)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file to copy."""
    path = tmp_path_factory.mktemp("template") / "pdi.sqlite3"
    schema.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which database this run of the test is on."""
    return str(request.param)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of the test's own, for tests that start servers or open it twice."""
    if backend == "sqlite":
        path = tmp_path / "pdi.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        name = f"pdi_test_{uuid4().hex}"
        yield postgres.create(name, template=TEMPLATE)
        postgres.drop(name)


@pytest.fixture
def unmigrated_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the test's own with nothing in it."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path}/unmigrated.sqlite3"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        name = f"pdi_test_{uuid4().hex}"
        yield postgres.create(name)
        postgres.drop(name)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The file of the test's master key."""
    path = tmp_path / "master.key"
    Keyring.create(path)
    return path


@pytest.fixture
def keyring(key_file: Path) -> Keyring:
    return Keyring.load(key_file)


@pytest.fixture
def database(database_url: str, keyring: Keyring) -> Iterator[Database]:
    """A migrated, empty database of the test's own."""
    database = Database(database_url, keyring)
    yield database
    database.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction around the test."""
    with database.transaction() as session:
        yield session


@pytest.fixture
def server(database_url: str, key_file: Path) -> Iterator[Server]:
    """The program serving the test's database, in a process of its own."""
    with serving(database_url, key_file) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a file: Playwright's event loop must be gone before other files run theirs."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab in a browser profile of the test's own. An error in the page's scripts fails the test."""
    errors: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors
