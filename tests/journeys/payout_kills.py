"""A server killed while a batch is approved, released or answered, again and again; an operator goes on after each.

Each round prepares a batch, walks it to its end over HTTP and kills the server (SIGKILL, its whole process group) at a random
moment after a step was sent. Whoever comes next finds it where the last committed step left it, and sends the step again.
"""

import random
import re
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.batches.actions import prepare
from app.domain.batches.rules import Selection
from app.domain.contacts.actions import keep_contact
from app.domain.staff.actions import start_session
from app.domain.staff.rules import Role
from app.domain.stipends.rules import Method
from app.verification import CHECKS
from tests.factories import Place, a_bundle, a_finished_visit, a_place, a_seed, an_actor
from tests.serving import serving

PEOPLE = 4
EARLY = ("approve", "release")
LATE = ("answers", "book")
# A step is killed at any moment up to a little after it would have been answered.
FIRST_GUESS, LATEST = 0.2, 1.3
OF_MONEY = [
    check
    for check in CHECKS.values()
    if check.__module__.rpartition(".")[2] in ("money", "batches", "floats")
]


@dataclass
class Tally:
    """What the rounds came to: kills by step, and of those, steps that were kept and steps that were answered.

    ``faults`` are states no step leaves, steps that were answered and not kept, and what the checks of money say.
    """

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finance:
    """A programme whose people are owed money, and the three who send it together, each with a log-in."""

    database: Database
    key_file: Path
    place: Place
    logged_in: dict[str, str]

    def asked(self, query: str, batch: UUID) -> list[tuple[Any, ...]]:
        """What the tables say of a batch, without the program's own queries."""
        given = {"b": batch.hex if self.database.is_sqlite else batch}
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), given)]

    def earn(self) -> None:
        """Someone comes with a card of a new seed: two people more are owed something, and can be sent it."""
        made = utc_now() - timedelta(days=5)
        with self.database.transaction() as session:
            seed = a_seed(session, self.place, now=made)
            card = a_bundle(session, self.place, seed, now=made).coupons[0]
            came = made + timedelta(days=2)
            visit = a_finished_visit(session, self.place, card, recruiter_id=seed, now=came)
            for person in (seed, visit.participant_id):
                keep_contact(
                    session,
                    person,
                    method=Method.MOBILE_MONEY,
                    number="+380501234567",
                    may_remind=False,
                    language="uk",
                    by=self.place.intake,
                    now=came,
                )


@dataclass(frozen=True)
class Batch:
    """A prepared batch, and what each step of it leaves behind."""

    finance: Finance
    id: UUID
    file_id: UUID

    def stands(self) -> tuple[Any, ...]:
        """Everything a step changes: the batch, its lines, its payouts, its file."""
        (state,) = self.finance.asked(
            "SELECT state, approved_by IS NOT NULL, released_by IS NOT NULL, content_hash IS NOT NULL "
            "FROM payout_batch WHERE id = :b",
            self.id,
        )
        lines = self.finance.asked(
            "SELECT state, count(*), coalesce(sum(paid_minor), 0) FROM payout_batch_line "
            "WHERE batch_id = :b GROUP BY state ORDER BY state",
            self.id,
        )
        (payouts,) = self.finance.asked(
            "SELECT count(*), coalesce(sum(amount_minor), 0) FROM payout WHERE id IN "
            "(SELECT id FROM payout_batch_line WHERE batch_id = :b)",
            self.id,
        )
        files = self.finance.asked(
            "SELECT state FROM payout_answer_file WHERE batch_id = :b", self.id
        )
        return (state, tuple(lines), payouts, tuple(files))

    def answers(self) -> bytes:
        """What a provider sends back: the first line arrived, all others failed."""
        lines = self.finance.asked(
            "SELECT payment_ref, amount_minor FROM payout_batch_line WHERE batch_id = :b ORDER BY line_no",
            self.id,
        )
        rows = ["payment_ref,status,provider_receipt,amount_paid,completed_at,error"]
        for number, (ref, minor) in enumerate(lines):
            rows.append(
                f"{ref},paid,R1,{minor // 100}.{minor % 100:02},,"
                if number == 0
                else f"{ref},failed,,,,number not in use"
            )
        return "\n".join(rows).encode()

    def send(self, step: str, url: str) -> httpx.Response:
        """Do a step as its person does: open the page, press the button."""
        who = {"approve": "approver"}.get(step, "payer")
        address = f"{url}/stipends/batches/{self.id}"
        cookies = {"pdi_session": self.finance.logged_in[who]}
        with httpx.Client(cookies=cookies, timeout=20) as browser:
            opened = browser.get(address)
            page = opened.text
            form = {"csrf": _field(page, "csrf")}
            if step == "approve" and 'name="seen"' not in page:
                return opened  # it was approved before the server died: there is nothing to press
            if step == "approve":
                return browser.post(
                    f"{address}/approve", data=form | {"seen": _field(page, "seen")}
                )
            if step == "release":
                return browser.post(f"{address}/release", data=form)
            if step == "book":
                return browser.post(f"{address}/answers/{self.file_id}/book", data=form)
            return browser.post(
                f"{url}/stipends/batches/answers",
                data=form
                | {"batch_id": str(self.id), "file_id": str(self.file_id), "profile": "neutral"},
                files={"file": ("answers.csv", self.answers())},
            )


def some_finance(database: Database, key_file: Path) -> Finance:
    """People who are owed something, and can be sent it by mobile money."""
    made = utc_now() - timedelta(days=6)
    with database.transaction() as session:
        place = a_place(session, now=made)
        other = an_actor(session, Role.FINANCE, programme_id=place.programme.id, now=made)
        people = {"preparer": place.finance, "approver": place.lead, "payer": other}
        logged_in = {
            name: start_session(session, who, now=utc_now()) for name, who in people.items()
        }
    finance = Finance(database, key_file, place, logged_in)
    for _ in range(PEOPLE // 2):
        finance.earn()
    return finance


def drill(finance: Finance, *, rounds: int, rng: random.Random) -> Tally:
    """So many batches, each killed once before its money went and once after, and brought to its end all the same."""
    tally = Tally()
    took = dict.fromkeys((*EARLY, *LATE), FIRST_GUESS)
    with Running(finance) as running:
        for _ in range(rounds):
            finance.earn()
            batch = _prepared(finance)
            fatal = (rng.choice(EARLY), rng.choice(LATE))
            for step in (*EARLY, *LATE):
                if step in fatal:
                    _kill_during(
                        step, batch, running, tally, delay=rng.uniform(0, LATEST * took[step])
                    )
                began = time.perf_counter()
                reply = batch.send(step, running.url)
                if step not in fatal:  # one that was done before is quicker
                    took[step] = time.perf_counter() - began
                if reply.status_code not in (200, 303):
                    tally.faults.append(f"{step} could not go on: {reply.status_code}")
            (state, *_), *_ = batch.stands()
            if state != "closed":
                tally.faults.append(f"a batch ended {state}")
            tally.rounds += 1
    return tally


class Running:
    """The server, started anew whenever it was killed."""

    def __init__(self, finance: Finance) -> None:
        self._finance = finance
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def url(self) -> str:
        return self._server.url

    def start(self) -> None:
        self._server = self._open.enter_context(
            serving(self._finance.database.url, self._finance.key_file)
        )

    def kill(self) -> None:
        self._server.kill()
        with suppress(Exception):
            self._open.close()
        self._open = ExitStack()


def _kill_during(step: str, batch: Batch, running: Running, tally: Tally, *, delay: float) -> None:
    before = batch.stands()
    replies: list[httpx.Response] = []
    url = running.url

    def send() -> None:
        with suppress(httpx.HTTPError):
            replies.append(batch.send(step, url))

    sending = threading.Thread(target=send)
    sending.start()
    time.sleep(delay)
    running.kill()
    sending.join(30)
    tally.kills[step] += 1
    running.start()
    after = batch.stands()
    was_answered = any(reply.status_code in (200, 303) for reply in replies)
    tally.answered[step] += was_answered
    tally.kept[step] += after != before
    if was_answered and after == before:
        tally.faults.append(f"{step} was answered and is not kept")
    if after != before and not _is_whole(step, before, after):
        tally.faults.append(f"{step} is half done: {after}")
    with batch.finance.database.snapshot() as session:
        for check in OF_MONEY:
            tally.faults += check(session)


def _is_whole(step: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    """Whether a step left all that it leaves."""
    (state, approved, released, hashed), lines, payouts, files = after
    everyone = sum(count for _, count, _ in before[1])
    states = {name: count for name, count, _ in lines}
    expected = {
        "approve": (state, approved, hashed, states)
        == ("approved", True, True, {"waiting": everyone}),
        "release": (state, released, states, payouts[0])
        == ("released", True, {"sent": everyone}, everyone),
        "answers": (states, files) == ({"sent": everyone}, (("previewed",),)),
        "book": (state, states, files)
        == ("closed", Counter({"paid": 1, "failed": everyone - 1}) + Counter(), (("applied",),)),
    }
    return bool(expected[step])


def _prepared(finance: Finance) -> Batch:
    batch_id = uuid4()
    with finance.database.transaction() as session:
        prepare(
            session,
            batch_id,
            Selection(methods=frozenset({Method.MOBILE_MONEY})),
            profiles={Method.MOBILE_MONEY: "neutral"},
            by=finance.place.finance,
            now=utc_now(),
        )
    return Batch(finance, batch_id, uuid4())


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    if not found:
        raise LookupError(name)
    return found[1]
