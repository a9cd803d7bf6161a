"""A crowd to be written to, a provider on loopback that takes every message, and worker processes of the real command."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from sqlalchemy import func, select

from app.core.clock import local_date, utc_now
from app.core.db import Database, put
from app.core.ids import random_id
from app.domain.appointments.models import Appointment
from app.domain.appointments.rules import AppointmentKind, AppointmentState, PartOfDay
from app.domain.attempts.actions import report
from app.domain.channels.events import Delivery, DeliveryState, Medium
from app.domain.contacts.models import ParticipantContact
from app.domain.contacts.queries import COLUMN, TABLE
from app.domain.messages.models import Message
from app.domain.messages.rules import MessageState
from app.domain.notices.actions import remind_of_appointments
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, Sex, Standing
from app.domain.programmes.rules import Protocol
from app.domain.stipends.rules import Method
from app.sending.messages import client, send_due
from tests.factories import a_place
from tests.messages import ANY_TIME
from tests.telephones import a_channel

SECONDS_TO_STOP = 30
SECONDS = 300
PUBLIC_URL = "https://pdi.example.org"


@dataclass
class Provider:
    """Takes every message, and says later what became of it: twice, out of order, and some before it has answered."""

    database: Database
    delay: float = 0.003
    taken: list[tuple[UUID, str, str]] = field(default_factory=list)
    reports: "Queue[UUID | None]" = field(default_factory=Queue)
    channel_id: UUID | None = None
    url: str = ""

    @contextmanager
    def open(self) -> Iterator["Provider"]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                query = parse_qs(urlsplit(self.headers["X-Kannel-DLR-Url"]).query)
                ours = UUID(query["ours"][0])
                provider.taken.append((ours, self.headers["X-Kannel-To"], text))
                provider.reports.put(ours)
                threading.Event().wait(provider.delay * random.random() * 2)
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}/cgi-bin/sendsms"
        threads = [threading.Thread(target=server.serve_forever)]
        threads += [threading.Thread(target=self._report) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            for _ in range(2):
                self.reports.put(None)
            for thread in threads:
                thread.join()
            server.server_close()

    def _report(self) -> None:
        while (ours := self.reports.get()) is not None:
            said = [DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.SENT]
            for state in said[random.randrange(2) :] if random.random() < 0.2 else said[1:2]:
                with self.database.transaction() as session:
                    assert self.channel_id
                    delivery = Delivery(str(uuid4()), state, our_id=ours)
                    report(session, self.channel_id, delivery, now=utc_now())
            self.reports.task_done()

    @property
    def twice(self) -> list[str]:
        """The numbers that got more than one message: in this crowd everyone gets one."""
        counted = Counter(to for _, to, _ in self.taken)
        return [to for to, times in counted.items() if times > 1]


def a_crowd(database: Database, provider: Provider, people: int) -> UUID:
    """So many people with a number each who come tomorrow, reminded now; gives the programme."""
    now = utc_now()
    with database.transaction() as session:
        keyring = session.info["keyring"]
        place = a_place(session, protocol=Protocol(messages=ANY_TIME), now=now)
        tomorrow = local_date(now, place.site.timezone) + timedelta(days=1)
        common = {"programme_id": place.programme.id}
        here = common | {"site_id": place.site.id}
        ids = [random_id() for _ in range(people)]
        came = {"came": Came.WALK_IN, "standing": Standing.ENROLLED, "came_on": tomorrow}
        put(session, Participant, [here | came | {"id": each, "sex": Sex.FEMALE} for each in ids])
        contact = {"method": Method.CASH, "may_remind": True, "language": "uk", "kept_on": tomorrow}
        numbers = [f"+38050{number:07}".encode() for number in range(people)]
        put(
            session,
            ParticipantContact,
            [
                common
                | contact
                | {
                    "participant_id": each,
                    "sealed_msisdn": keyring.seal(number, table=TABLE, column=COLUMN, row=each),
                }
                for each, number in zip(ids, numbers, strict=True)
            ],
        )
        agreed = {
            "kind": AppointmentKind.VISIT,
            "day": tomorrow,
            "part_of_day": PartOfDay.ANY,
            "state": AppointmentState.AGREED,
            "agreed_on": tomorrow,
        }
        put(
            session,
            Appointment,
            [here | agreed | {"id": random_id(), "participant_id": each} for each in ids],
        )
        options = {"sendsms_url": provider.url, "username": "u", "password": "p"}
        channel, _ = a_channel(
            session,
            place,
            "kannel",
            options=options,
            media=frozenset({Medium.SMS}),
            sends=True,
            price_minor=1,
        )
        provider.channel_id = channel.id
        assert remind_of_appointments(session, place.programme.id, now=now) == people
    return place.programme.id


def states(database: Database) -> dict[MessageState, int]:
    """How many messages are in each state that any is in."""
    with database.snapshot() as session:
        found = select(Message.state, func.count()).group_by(Message.state)
        return {row[0]: row[1] for row in session.execute(found)}


@contextmanager
def workers(
    database_url: str, key_file: Path, number: int
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many ``pdi worker``, each a process group of its own, ended with the block."""
    environment = {
        **os.environ,
        "PDI_DATABASE_URL": database_url,
        "PDI_KEY_FILE": str(key_file),
        "PDI_DATA_DIR": str(key_file.parent),
        "PDI_PUBLIC_URL": PUBLIC_URL,
        "PDI_POOL_SIZE": "8",
    }
    with (key_file.parent / "workers.log").open("ab") as log:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "app.cli", "worker"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            for _ in range(number)
        ]
    try:
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                kill(process)
                raise


def one_is_killed(database: Database, started: list[subprocess.Popen[bytes]]) -> None:
    """Kill the first worker at a moment in which every one of them is in the middle of a batch."""
    deadline = time.monotonic() + SECONDS
    while True:
        for process in started:
            os.killpg(process.pid, signal.SIGSTOP)
        try:
            is_now = batches(database) >= len(started)
            if is_now:
                kill(started[0])
                return
        finally:
            for process in started:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGCONT)
        assert time.monotonic() < deadline, "the workers never worked all at once"
        time.sleep(0.02)


def batches(database: Database) -> int:
    """How many workers have taken something that has not left yet."""
    with database.snapshot() as session:
        taken = select(func.count(Message.lease.distinct()))
        return session.scalar(taken.where(Message.state == MessageState.LEASED)) or 0


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "the workers took too long"
        time.sleep(0.1)


def send_to_a_crowd(database: Database, key_file: Path, people: int) -> Provider:
    """Everyone gets a message by six workers, of whom one is killed; what it left is sent by another, hours later."""
    with Provider(database).open() as provider:
        a_crowd(database, provider, people)
        with workers(database.url, key_file, 6) as started:
            wait_until(lambda: len(provider.taken) > people // 8)
            one_is_killed(database, started)
            wait_until(lambda: MessageState.WAITING not in states(database))
        with client() as http:
            for moment in (later(), later(minutes=3), later(hours=2), later(hours=4)):
                provider.reports.join()
                while send_due(database, partial(_at, moment), http, public_url=PUBLIC_URL):
                    pass
        provider.reports.join()
    return provider


def _at(moment: datetime) -> datetime:
    return moment


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and whatever it started at once, as a power cut does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def later(**by: float) -> datetime:
    return datetime.now(UTC) + timedelta(**by)
