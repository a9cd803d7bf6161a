"""Who is let in, what is too large, what is said when the database is away, and what never reaches a log."""

import asyncio
import logging
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.staff.actions import remove_member
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from app.web.static_files import PublicFiles
from tests.factories import LATER, InProcess, a_seed
from tests.serving import Server
from tests.web.api import Api, an_api, is_problem


@pytest.fixture
def api(database: Database, keyring: Keyring) -> Api:
    return an_api(database, keyring)


def test_without_a_key_or_with_a_wrong_one_nobody_is_let_in(api: Api) -> None:
    key = api.keys[Role.INTAKE]
    for headers in (
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {key}x"},
        {"Authorization": f"Bearer {key[:-1]}"},
        {"Authorization": f"Basic {key}"},
        {"Authorization": key},
        {"Authorization": "Bearer " + "x" * 20_000},
        {"Authorization": "Bearer \xe9\xff"},
        {"Cookie": f"pdi_session={key}"},
        {"X-Api-Key": key},
    ):
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        reply = api.http.get(f"/api/v1/coupons/{api.code}", headers=raw)
        assert is_problem(reply, 401, "not_logged_in"), headers
        assert reply.headers["www-authenticate"] == "Bearer"


def test_a_key_works_however_its_scheme_is_written(api: Api) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {api.keys[Role.INTAKE]}"}
        assert api.http.get(f"/api/v1/coupons/{api.code}", headers=headers).status_code == 200


def test_a_key_ends_with_the_person_it_was_made_for(api: Api, database: Database) -> None:
    with database.transaction() as session:
        remove_member(session, api.place.intake.staff_id, by=None, now=LATER)

    assert is_problem(api.get(f"/coupons/{api.code}"), 401, "not_logged_in")


def test_each_role_is_let_in_where_its_permission_says_and_nowhere_else(api: Api) -> None:
    doors: list[tuple[Permission, str, str, dict[str, Any] | None]] = [
        (Permission.LOOK_UP_COUPON, "GET", f"/coupons/{api.code}", None),
        (Permission.REDEEM, "POST", "/redemptions", {}),
        (Permission.REDEEM, "POST", "/desk/sync", {}),
        (Permission.ISSUE_BUNDLE, "POST", "/bundles", {}),
        (Permission.ISSUE_BUNDLE, "GET", f"/bundles/{api.bundle.id}/sheet.pdf", None),
        (Permission.ENROL_SEED, "POST", "/seeds", {}),
        (Permission.SEE_LEDGER, "GET", "/ledger/balances", None),
        (Permission.SEE_CHAINS, "GET", "/chains/summary", None),
        (Permission.SEE_CHAINS, "GET", "/chains", None),
        (Permission.SEE_CHAINS, "GET", "/reach/estimates", None),
        (Permission.SEE_CHAINS, "GET", "/reach/flow", None),
        (Permission.SEE_CHAINS, "POST", "/analyses", {}),
        (Permission.SEE_REACH, "GET", "/reach", None),
    ]
    for role in Role:
        for permission, method, path, body in doors:
            reply = api.http.request(method, f"/api/v1{path}", json=body, headers=api.headers(role))
            if permission in PERMISSIONS[role]:
                assert reply.status_code in (200, 422), (role, path)
            else:
                assert is_problem(reply, 403, "not_allowed"), (role, path)


def test_an_address_or_a_method_nobody_serves_is_a_problem_too(api: Api) -> None:
    assert is_problem(api.get("/nothing"), 404, "not_found")
    assert is_problem(api.get("/redemptions"), 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path", ["/", "/login", "/desk", "/help", "/healthz", "/readyz", "/static/app.css", "/nowhere"]
)
def test_head_is_answered_as_get_is_without_the_body(api: Api, path: str) -> None:
    got, asked = (
        api.http.request(method, path, headers=api.headers(Role.INTAKE))
        for method in ("GET", "HEAD")
    )
    assert asked.status_code == got.status_code
    assert asked.content == b""
    for name in ("content-type", "content-length", "location", "x-content-type-options"):
        assert asked.headers.get(name) == got.headers.get(name), name


@pytest.mark.parametrize("backend", ["sqlite"])
def test_head_is_answered_by_a_server_too(server: Server) -> None:
    with httpx.Client(base_url=server.url) as http:
        for path, status in {"/healthz": 200, "/login": 200, "/desk": 303, "/nowhere": 404}.items():
            reply = http.head(path)
            assert (reply.status_code, reply.content) == (status, b"")
        assert http.get("/healthz").json() == {"status": "alive"}


def test_a_static_file_whose_name_begins_with_a_dot_is_not_public(tmp_path: Path) -> None:
    for name in ("shown/plain.js", "shown/.stamp", ".kept/plain.js"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = PublicFiles(directory=tmp_path)

    assert files.lookup_path("shown/plain.js")[1]
    for hidden in ("shown/.stamp", ".kept/plain.js", "shown/../.kept/plain.js"):
        assert files.lookup_path(hidden) == ("", None)


def test_a_static_file_that_is_not_there_is_a_problem_that_nobody_keeps(api: Api) -> None:
    for name in ("vendor/.stamp", "vendor/%2Estamp", "none.js", "vendor", "app.css/x"):
        reply = api.http.get(f"/static/{name}")
        assert is_problem(reply, 404, "not_found"), name
        assert reply.headers["cache-control"] == "no-store"
    kept = api.http.get("/static/app.css")
    assert (kept.status_code, kept.headers.get("cache-control")) == (200, None)


def test_every_answer_carries_the_headers_that_protect_it(api: Api) -> None:
    replies = [
        api.get(f"/coupons/{api.code}"),
        api.post("/redemptions", {}),
        api.http.get("/api/v1/openapi.json"),
        api.http.get("/healthz"),
        api.http.get("/login"),
        api.http.get("/nowhere"),
        api.post("/redemptions", {"x": "x" * 70_000}),
    ]
    for reply in replies:
        headers = reply.headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "camera=()" in headers["permissions-policy"]
        assert "server" not in headers


def test_an_error_nobody_expected_is_a_problem_with_headers_and_no_words_in_the_log(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise RuntimeError(f"cannot read {api.code}")

    monkeypatch.setattr("app.web.api.coupons.look_up", fail)
    transport = httpx.ASGITransport(in_process(api).app)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            return await client.get(f"/api/v1/coupons/{api.code}", headers=api.headers(Role.INTAKE))

    with caplog.at_level(logging.INFO):
        reply = asyncio.run(ask())

    assert is_problem(reply, 500, "internal_error")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "unexpected RuntimeError in /api/v1/coupons/{code}" in caplog.text
    assert not [each for each in ours(caplog) if api.code in str(vars(each))]


def test_no_code_key_or_code_of_a_person_reaches_a_log(
    api: Api, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "Zlatoslava1987"
    with database.transaction() as session:
        a_seed(session, api.place, uic=canary)
    coupon = api.bundle.coupons[0]

    with caplog.at_level(logging.DEBUG):
        api.get(f"/coupons/{coupon.code}")
        api.get(f"/coupons/{coupon.token}")
        api.get(f"/coupons/{coupon.code}?code={coupon.code}")
        api.post("/redemptions", api.scan(uic=canary))
        api.post("/redemptions", api.scan(uic=f"{canary}2"))
        api.post("/redemptions", api.scan(uic=f"{canary}3"))
        api.post("/redemptions", api.scan(scanned_at=canary))
        api.post("/desk/sync", {"device_id": "d", "scans": [api.scan(late_reason=canary)]})
        api.http.get(f"/{coupon.code}/{canary}")

    assert "POST /api/v1/redemptions 201" in "\n".join(each.getMessage() for each in ours(caplog))
    for secret in (coupon.code, coupon.token, canary, canary.lower(), *api.keys.values()):
        assert not [each for each in ours(caplog) if secret in str(vars(each))]


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_of_10_mb_is_refused_as_too_large_and_the_server_goes_on(
    server: Server, database: Database, keyring: Keyring, declared: bool
) -> None:
    api = an_api(database, keyring)
    piece = b"x" * 65_536

    def body() -> Iterator[bytes]:
        for _ in range(160):
            yield piece

    head = (
        "POST /api/v1/redemptions HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {api.keys[Role.INTAKE]}\r\n"
    )
    length = f"Content-Length: {160 * len(piece)}\r\n\r\n"
    chunked = "Transfer-Encoding: chunked\r\n\r\n"
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall((head + (length if declared else chunked)).encode())
        try:
            for each in body():
                connection.sendall(each if declared else b"10000\r\n" + each + b"\r\n")
        except OSError:
            pass  # the server has said what it had to say, and hung up
        answer = everything_from(connection)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"body_too_large" in answer
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_body_that_grows_past_the_limit_is_a_problem(api: Api) -> None:
    reply = asyncio.run(
        pieces(
            in_process(api).app,
            [b"x" * 40_000, b"x" * 40_000],
            [(b"authorization", f"Bearer {api.keys[Role.INTAKE]}".encode())],
        )
    )

    assert reply[0]["status"] == 413
    assert b"body_too_large" in reply[1]["body"]


def test_the_database_away_is_a_503_with_a_time_to_try_again(
    database_url: str, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.db.SQLITE_PRAGMAS", ("journal_mode=WAL", "busy_timeout=50"))
    with closing(Database(database_url, keyring)) as database:
        api = an_api(database, keyring)
        scan = api.scan()
        with away(database):
            for reply in (
                api.post("/redemptions", scan),
                api.post("/desk/sync", {"device_id": "d", "scans": [scan]}),
                api.post("/seeds", SEED | {"site": api.place.site.code}, Role.COUPON_MANAGER),
            ):
                assert is_problem(reply, 503, "unavailable")
                assert int(reply.headers["retry-after"]) > 0
            assert api.http.get("/healthz").status_code == 200
            ready = api.http.get("/readyz")
            if not database.is_sqlite:
                assert (ready.status_code, ready.headers["retry-after"]) == (503, "5")

        assert api.post("/redemptions", scan).status_code == 201
        assert api.http.get("/readyz").status_code == 200


SEED = {"sex": "female", "age": 30, "entry_route": "friend"}


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_connection_that_died_in_the_pool_is_at_worst_a_503(database: Database, api: Api) -> None:
    scan = api.scan()
    for _ in range(2):
        api.get(f"/coupons/{api.code}")
    close_connections(database)

    replies = [api.post("/redemptions", scan) for _ in range(3)]

    assert {reply.status_code for reply in replies} <= {503, 201}
    assert replies[-1].status_code == 201


class away:
    """The database, meanwhile: a file that another program has locked, a server that lets nobody in."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __enter__(self) -> None:
        if self.database.is_sqlite:
            path = Path(self.database.url.removeprefix("sqlite:///"))
            self.other = sqlite3.connect(path, isolation_level=None)
            self.other.execute("BEGIN EXCLUSIVE")
            return
        allow_connections(self.database, False)
        close_connections(self.database)

    def __exit__(self, *_: object) -> None:
        if self.database.is_sqlite:
            self.other.close()
        else:
            allow_connections(self.database, True)


def ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the application logged; the client that asks it logs the addresses it asks for."""
    return [each for each in caplog.records if each.name != "httpx"]


def close_connections(database: Database) -> None:
    administer(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
        (make_url(database.url).database,),
    )


def allow_connections(database: Database, allowed: bool) -> None:
    name = make_url(database.url).database
    administer(database, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}', ())


def administer(database: Database, statement: str, values: tuple[object, ...]) -> None:
    url = make_url(database.url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(statement, values or None)


def everything_from(connection: socket.socket) -> bytes:
    answer = b""
    try:
        while piece := connection.recv(65_536):
            answer += piece
    except OSError:
        pass
    return answer


def in_process(api: Api) -> InProcess:
    transport = api.http._transport
    assert isinstance(transport, InProcess)
    return transport


async def pieces(
    app: Any, body: list[bytes], headers: list[tuple[bytes, bytes]]
) -> list[dict[str, Any]]:
    """What an application answers to a body that comes in pieces and never says how long it is."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/redemptions",
        "raw_path": b"/api/v1/redemptions",
        "query_string": b"",
        "headers": [(b"host", b"desk"), (b"content-type", b"application/json"), *headers],
        "scheme": "http",
        "server": ("desk", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
        "root_path": "",
    }
    coming = [{"type": "http.request", "body": each, "more_body": True} for each in body]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent
