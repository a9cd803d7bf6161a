"""Webhooks on the wire: a receiver on this machine, workers that share and die, and addresses that lead nowhere they should."""

import json
import logging
import re
import runpy
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook

from app.core.addresses import is_public, split_url
from app.core.clock import utc_now
from app.core.db import Database
from app.domain.webhooks import queries
from app.domain.webhooks.actions import Said
from app.domain.webhooks.rules import LEASE, TYPES, Problem, State, headers_of
from app.sending import posting
from app.sending.posting import Posting
from app.sending.webhooks import deliver_due
from tests.factories import NOON, Place, a_place
from tests.webhooks import LOOPBACK, Receiver, an_endpoint, receiving, released

README = (Path(posting.__file__).parent / "README.md").read_text("utf-8")
OURS = Posting(LOOPBACK)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


def told(database: Database, place: Place, url: str, number: int = 1) -> tuple[UUID, str]:
    """An endpoint that so many events wait for."""
    with database.transaction() as session:
        found = an_endpoint(session, place, url)
    released(database, place, number)
    return found


def log_of(database: Database, place: Place, endpoint_id: UUID) -> list[queries.DeliveryFacts]:
    with database.snapshot() as session:
        return queries.deliveries(session, endpoint_id, programme_id=place.programme.id)


def deliver(database: Database, now: datetime = NOON, **given: Any) -> int:
    return deliver_due(database, lambda: now, given.pop("by", OURS), **given)


def test_what_arrives_is_what_the_library_of_receivers_takes(
    database: Database, place: Place, receiver: Receiver
) -> None:
    endpoint_id, key = told(database, place, receiver.url + "?from=us")

    assert deliver_due(database, utc_now, OURS) == 1
    assert deliver_due(database, utc_now, OURS) == 0

    (came,) = receiver.came
    assert Webhook(key).verify(came.body, dict(came.headers)) == json.loads(came.body)
    assert (came.path, came.headers["content-type"]) == ("/in?from=us", "application/json")
    (line,) = log_of(database, place, endpoint_id)
    assert (line.state, line.last_code, str(line.webhook_id)) == (
        State.DELIVERED,
        204,
        came.webhook_id,
    )


def test_the_lines_of_the_documents_verify_what_arrives_and_take_it_once(tmp_path: Path) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    key = "whsec_" + "QUJD" * 8
    world: dict[str, Any] = {"key": key, "seen": set(), "work": []}
    (tmp_path / "receiver.py").write_text(lines, "utf-8")
    world |= runpy.run_path(str(tmp_path / "receiver.py"), world)
    body = b'{"type":"webhook.test","timestamp":"2026-03-02T12:00:00Z","data":{}}'
    headers = headers_of([key], webhook_id=uuid4(), body=body, now=datetime.now(UTC))

    assert [world["receive"](headers, body) for _ in range(2)] == [204, 204]
    assert len(world["work"]) == 1
    assert world["receive"](headers, body.replace(b"test", b"lost")) == 400


@pytest.mark.parametrize("name", sorted(TYPES))
def test_the_documents_say_what_each_type_tells(name: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith("|") and f"`{name}`" in line)
    assert all(f"`{each}`" in row for each in TYPES[name].ids)
    assert ("`state`" in row) == bool(TYPES[name].state)
    assert ("the day" in row) == TYPES[name].is_by_day


def test_a_failure_is_tried_again_later_under_the_same_id_and_a_new_time(
    database: Database, place: Place, receiver: Receiver
) -> None:
    endpoint_id, _ = told(database, place, receiver.url)
    receiver.answer = 500
    deliver(database)
    (line,) = log_of(database, place, endpoint_id)
    assert (line.state, line.last_code) == (State.WAITING, 500)
    assert deliver(database) == 0
    receiver.answer = 200
    later = line.next_try_at + timedelta(minutes=10)

    assert deliver(database, later) == 1

    first, second = receiver.came
    assert (first.webhook_id, first.body) == (second.webhook_id, second.body)
    times = [int(each.headers["webhook-timestamp"]) for each in receiver.came]
    assert times == [int(NOON.timestamp()), int(later.timestamp())]
    assert log_of(database, place, endpoint_id)[0].state is State.DELIVERED


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("7200", timedelta(hours=2)),
        (format_datetime(NOON + timedelta(hours=3), usegmt=True), timedelta(hours=3)),
        ("99999999999999999999", timedelta(days=1)),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_what_a_receiver_asks_for_is_honoured_if_it_can_be_read(
    database: Database, place: Place, receiver: Receiver, asked: str, wait: timedelta | None
) -> None:
    endpoint_id, _ = told(database, place, receiver.url)
    receiver.answer, receiver.extra = 503, {"Retry-After": asked}

    deliver(database)

    waits = log_of(database, place, endpoint_id)[0].next_try_at - NOON
    assert waits == wait if wait else waits < timedelta(seconds=10)


def test_a_redirect_is_a_failure_and_not_followed(
    database: Database, place: Place, receiver: Receiver
) -> None:
    with receiving() as elsewhere:
        endpoint_id, _ = told(database, place, receiver.url)
        receiver.answer, receiver.extra = 307, {"Location": elsewhere.url}

        deliver(database)

        assert elsewhere.came == []
    (line,) = log_of(database, place, endpoint_id)
    assert (line.state, line.last_code) == (State.WAITING, 307)


def test_no_proxy_of_the_environment_is_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert OURS.post(receiver.url, {}, b"{}", now=NOON).code == 204


def test_no_transaction_is_open_while_a_receiver_answers(
    database: Database, place: Place, receiver: Receiver
) -> None:
    endpoint_id, _ = told(database, place, receiver.url)

    def write_and_answer(request: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            released(database, place)  # another writer's turn; it would wait for ever
        request.send_response(204)
        request.end_headers()

    receiver.answer = write_and_answer
    assert deliver(database) == 2
    assert {each.state for each in log_of(database, place, endpoint_id)} == {State.DELIVERED}


def test_one_that_fails_is_not_asked_on_and_on_while_others_wait(
    database: Database, place: Place, receiver: Receiver
) -> None:
    with receiving() as broken:
        broken.answer = 500
        told(database, place, broken.url, number=3)
        told(database, place, receiver.url, number=3)  # of which the broken one hears too

        deliver(database)

    assert (len(broken.came), len(receiver.came)) == (1, 3)


def test_a_worker_that_is_told_to_stop_begins_nothing_more(
    database: Database, place: Place, receiver: Receiver
) -> None:
    told(database, place, receiver.url, number=3)

    assert deliver(database, is_stopping=lambda: len(receiver.came) >= 1) == 1
    assert deliver(database) == 2


def test_two_workers_at_once_share_the_deliveries(
    database: Database, place: Place, receiver: Receiver
) -> None:
    told(database, place, receiver.url, number=20)

    with ThreadPoolExecutor(4) as workers:
        done = sum(workers.map(lambda _: deliver(database), range(8)))

    assert done == 20
    assert len(receiver.ids) == len(set(receiver.ids)) == 20


WORKER = """
import sys
from datetime import datetime
from pathlib import Path
from app.core.crypto import Keyring
from app.core.db import Database
from app.sending.posting import Posting
from app.sending.webhooks import deliver_due
url, key, now = sys.argv[1:]
deliver_due(Database(url, Keyring.load(Path(key))), lambda: datetime.fromisoformat(now), Posting("127.0.0.0/8"))
"""


def test_a_worker_killed_in_the_middle_has_its_delivery_made_by_another(
    database: Database, database_url: str, key_file: Path, place: Place, receiver: Receiver
) -> None:
    endpoint_id, _ = told(database, place, receiver.url, number=3)
    came, may_answer = threading.Event(), threading.Event()

    def hold(request: BaseHTTPRequestHandler, number: int) -> None:
        came.set()
        may_answer.wait(30)

    receiver.answer = hold
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, database_url, str(key_file), NOON.isoformat()],
        cwd=Path(__file__).parents[1],
    )
    assert came.wait(60)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    may_answer.set()
    receiver.answer = 204

    assert deliver(database) == 2  # the third is leased to whoever died
    assert deliver(database, NOON + LEASE + timedelta(seconds=1)) == 1

    assert {each.state for each in log_of(database, place, endpoint_id)} == {State.DELIVERED}
    assert len(receiver.ids) == 4
    assert len(set(receiver.ids)) == 3
    assert receiver.ids[0] == receiver.ids[3]


def test_neither_address_nor_key_nor_body_is_in_the_log(
    database: Database, place: Place, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    _, key = told(database, place, receiver.url + "/canary")
    batch_id = released(database, place)[0]
    receiver.answer = nonsense
    with caplog.at_level(logging.DEBUG):
        deliver(database)
        logging.getLogger("pdi.test").info("something is in the log")

    assert receiver.came
    assert "something is in the log" in caplog.text
    assert "canary" not in caplog.text
    assert key not in caplog.text
    assert str(batch_id) not in caplog.text


def endless(request: BaseHTTPRequestHandler, _: int) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"x" * 65536)


def dripping(request: BaseHTTPRequestHandler, _: int) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        request.wfile.write(b"X")
        request.wfile.flush()
        time.sleep(0.05)


def silent(_request: BaseHTTPRequestHandler, _: int) -> None:
    time.sleep(2)


def nonsense(request: BaseHTTPRequestHandler, _: int) -> None:
    request.wfile.write(b"220 canary.example.org ESMTP\r\n")


def hanging_up(request: BaseHTTPRequestHandler, _: int) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (endless, Said(200)),
        (dripping, Said(problem=Problem.TIMEOUT)),
        (silent, Said(problem=Problem.TIMEOUT)),
        (nonsense, Said(problem=Problem.GARBLED)),
        (hanging_up, Said(problem=Problem.UNREACHABLE)),
    ],
)
def test_whatever_a_receiver_does_it_neither_holds_nor_breaks_the_worker(
    receiver: Receiver, answer: Any, said: Said
) -> None:
    receiver.answer = answer
    seconds = 0.5 if said.problem is Problem.TIMEOUT else 10.0

    assert Posting(LOOPBACK, seconds=seconds).post(receiver.url, {}, b"{}", now=NOON) == said


def test_a_port_where_nobody_listens_is_not_reached() -> None:
    said = OURS.post("http://127.0.0.1:9/in", {}, b"{}", now=NOON)

    assert said == Said(problem=Problem.UNREACHABLE)


def test_a_name_that_nobody_knows_has_no_address() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    said = Posting(resolve=unknown).post("https://hooks.example.org/", {}, b"{}", now=NOON)

    assert said == Said(problem=Problem.NO_ADDRESS)


@pytest.fixture
def tried_to_reach(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that anyone tried to connect to; nobody gets through."""
    tried: list[str] = []

    def refuse(address: tuple[str, int], **_: object) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


INWARD = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.7",
    "172.16.3.4",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.7",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:7",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
]
OUTWARD = ["93.184.215.14", "2606:4700:4700::1111", "::ffff:5db8:d70e", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INWARD)
@pytest.mark.parametrize("beside", [[], OUTWARD[:2]])
def test_a_name_with_an_address_within_is_not_called(
    tried_to_reach: list[str], address: str, beside: list[str]
) -> None:
    outside = Posting(resolve=lambda _host, _port: [*beside, address])

    said = outside.post("https://hooks.example.org/in", {}, b"{}", now=NOON)

    assert said == Said(problem=Problem.NOT_PUBLIC)
    assert tried_to_reach == []


@pytest.mark.parametrize("address", OUTWARD)
def test_a_name_with_public_addresses_is_called_there(
    tried_to_reach: list[str], address: str
) -> None:
    assert is_public(ip_address(address))
    outside = Posting(resolve=lambda _host, _port: [address])

    outside.post("https://hooks.example.org/in", {}, b"{}", now=NOON)

    assert tried_to_reach == [address]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "localhost.",
        "printer.local",
        "hooks.localhost",
        "metadata",
        "hooks.example.org%00.evil",
        "127.0.0.1#@hooks.example.org",
        "127。0。0。1",
    ],
)
def test_an_address_that_leads_within_is_refused_as_it_is_typed_and_as_it_is_sent(
    tried_to_reach: list[str], host: str
) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        split_url(f"https://{host}/in")

    said = Posting().post(f"https://{host}/in", {}, b"{}", now=NOON)

    assert said == Said(problem=Problem.NOT_PUBLIC)
    assert tried_to_reach == []


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org",
        "https://hooks.example.org:8443/in?a=b",
        "https://93.184.215.14/in",
        "https://[2606:4700:4700::1111]/in",
        "https://xn--80ak6aa92e.example/",
        "HTTPS://Hooks.Example.org/",
    ],
)
def test_an_ordinary_address_is_taken(url: str) -> None:
    assert split_url(url).hostname


def test_a_name_is_looked_up_once_so_that_a_second_answer_cannot_lead_within(
    tried_to_reach: list[str],
) -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    outside = Posting(resolve=lambda _host, _port: next(answers))

    outside.post("https://hooks.example.org/in", {}, b"{}", now=NOON)

    assert tried_to_reach == ["93.184.215.14"]
    assert next(answers) == ["127.0.0.1"]


def test_plain_http_and_other_ports_lead_only_into_named_networks(
    tried_to_reach: list[str],
) -> None:
    outside = Posting(LOOPBACK, resolve=lambda _host, _port: ["93.184.215.14"])
    within = Posting(LOOPBACK, resolve=lambda _host, _port: ["127.0.0.7"])
    for url in ("http://hooks.example.org/", "https://hooks.example.org:22/"):
        assert outside.post(url, {}, b"", now=NOON) == Said(problem=Problem.NOT_PUBLIC)
        assert within.post(url, {}, b"", now=NOON) == Said(problem=Problem.UNREACHABLE)
    assert tried_to_reach == ["127.0.0.7", "127.0.0.7"]


def test_without_the_setting_the_same_receiver_is_not_reached(
    database: Database, place: Place, receiver: Receiver
) -> None:
    endpoint_id, _ = told(database, place, receiver.url)

    deliver(database, by=Posting())
    (line,) = log_of(database, place, endpoint_id)
    assert (line.last_problem, receiver.came) == (Problem.NOT_PUBLIC, [])
    deliver(database, line.next_try_at)

    assert len(receiver.came) == 1


def a_certificate(folder: Path, name: str) -> Path:
    """A certificate of its own authority for a name, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "receiver.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return path


@pytest.mark.parametrize(
    ("name", "is_trusted", "said"),
    [
        ("hooks.example.org", True, Said(204)),
        ("hooks.example.org", False, Said(problem=Problem.CERTIFICATE)),
        ("someone.example.org", True, Said(problem=Problem.CERTIFICATE)),
    ],
)
def test_the_certificate_must_be_of_the_name_though_the_connection_goes_to_an_address(
    tmp_path: Path, name: str, is_trusted: bool, said: Said
) -> None:
    path = a_certificate(tmp_path, name)
    safe = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    safe.load_cert_chain(path)
    trust = ssl.create_default_context(cafile=str(path)) if is_trusted else None
    with receiving(lambda plain: safe.wrap_socket(plain, server_side=True)) as receiver:
        port = urlsplit(receiver.url).port
        ours = Posting(LOOPBACK, trust=trust, resolve=lambda _host, _port: ["127.0.0.1"])

        heard = ours.post(f"https://hooks.example.org:{port}/in", {}, b"{}", now=NOON)

    assert heard == said
    assert [each.headers["host"] for each in receiver.came] == (
        [f"hooks.example.org:{port}"] if said.code else []
    )
