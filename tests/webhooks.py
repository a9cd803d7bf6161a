"""Another system that is told what happens: its row, and a receiver on this machine that answers as a test wants."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.core.addresses import read_networks
from app.core.db import Database
from app.core.ids import uuid7
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.webhooks.actions import Wanted, add_endpoint, tell
from app.domain.webhooks.rules import TYPES
from tests.factories import NOON, Place
from tests.serving import free_port

LOOPBACK = "127.0.0.0/8"
ADDRESS = "https://hooks.example.org/in?token=canary-of-an-address"


def administrator(place: Place) -> Actor:
    return place.staff[Role.ADMINISTRATOR]


def an_endpoint(
    session: Session,
    place: Place,
    url: str = ADDRESS,
    *,
    name: str = "Dashboard",
    types: Sequence[str] = tuple(TYPES),
    now: datetime = NOON,
) -> tuple[UUID, str]:
    """An endpoint and its key; it is told everything, unless a test says what."""
    endpoint_id = uuid4()
    key = add_endpoint(
        session,
        endpoint_id,
        Wanted(name, url, types),
        networks=read_networks(LOOPBACK),
        by=administrator(place),
        now=now,
    )
    assert key
    return endpoint_id, key


def a_release(session: Session, place: Place, *, at: datetime = NOON, now: datetime = NOON) -> UUID:
    """A released batch is told of; returns the batch's id."""
    batch_id = uuid4()
    tell(
        session,
        place.programme.id,
        uuid7(),
        "BatchReleased",
        {"batch_id": str(batch_id)},
        at=at,
        now=now,
    )
    return batch_id


def released(database: Database, place: Place, number: int = 1) -> list[UUID]:
    with database.transaction() as session:
        return [a_release(session, place) for _ in range(number)]


@dataclass(frozen=True)
class Came:
    """A request as a receiver got it."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[BaseHTTPRequestHandler, int], None]


@dataclass
class Receiver:
    """What came to a receiver, and how it answers: a status code, or a function that does it by hand."""

    url: str
    answer: int | Answer = 204
    extra: Mapping[str, str] = field(default_factory=dict)
    came: list[Came] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [each.webhook_id for each in self.came]


@contextmanager
def receiving(wrap: Callable[[Any], Any] | None = None) -> Iterator[Receiver]:
    """A receiver on this machine until the block ends; ``wrap`` makes its socket a safe one."""
    told = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.came.append(Came(self.path, headers, body))
            if callable(told.answer):
                told.answer(self, len(told.came))
                return
            self.send_response(told.answer)
            for name, value in told.extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if wrap:
        server.socket = wrap(server.socket)
    told.url = f"{'https' if wrap else 'http'}://127.0.0.1:{server.server_port}/in"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()
