"""A device of the desk, played in Python: it numbers what it does, seals it, and sends it when there is a network.

``work`` does something and keeps it; ``upload`` sends what waits, as a courier does, and believes the answers. A test that
wants disorder takes ``sealed`` events and sends them itself with ``send``.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.envelopes import public_key_text, seal_envelope, to_text
from app.domain.devices import actions as devices
from app.domain.staff.queries import Actor
from app.domain.visits.queries import knowledge_test
from tests.factories import LATER, NOON, Place, answers

AT_ONCE = 50


@dataclass
class DeskDevice:
    """An enrolled device. ``skew`` is how far its clock is ahead of the true time."""

    id: UUID
    key: str
    server_key: str
    site: str
    skew: timedelta = timedelta(0)
    sealed: list[dict[str, Any]] = field(default_factory=list)
    verdicts: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    epoch: str | None = None

    def work(
        self,
        kind: str,
        person: UUID,
        entered: Mapping[str, str] = MappingProxyType({}),
        *,
        at: datetime = LATER,
        event_id: UUID | None = None,
    ) -> UUID:
        """Do something at a true moment and keep it sealed; returns the event's id."""
        event_id, seq = event_id or uuid4(), len(self.sealed) + 1
        body = {
            "v": 1,
            "key": self.key,
            "at": (at + self.skew).isoformat(),
            "previous": self._previous(),
            "kind": kind,
            "person": str(person),
            "site": self.site,
            "fields": dict(entered),
        }
        self.sealed.append(self.seal(body, event_id=event_id, seq=seq))
        return event_id

    def seal(self, body: object, *, event_id: UUID, seq: int) -> dict[str, Any]:
        """Anything at all, sealed as an event of this device."""
        text = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        raw = seal_envelope(self.server_key, text, device_id=self.id, event_id=event_id, seq=seq)
        return {
            "id": str(event_id),
            "seq": seq,
            "sealed": to_text(raw),
            "_hash": hashlib.sha256(raw).hexdigest(),
        }

    def arrive(self, coupon: str | None = None, *, at: datetime = LATER, **fields: str) -> UUID:
        """Someone comes, with this card or with none; returns who she will be."""
        person = uuid4()
        given = {"coupon": coupon} if coupon else {}
        self.work("arrival", person, {"judged": "good"} | given | fields, at=at)
        return person

    def go_through_visit(
        self, person: UUID, *, at: datetime = LATER, correct: int = 8, network_size: int = 8
    ) -> None:
        """All the steps of a recruit's visit, half a minute each."""
        chosen = {f"item_{item}": option for item, option in answers(correct).items()}
        steps: Sequence[tuple[str, dict[str, str]]] = (
            ("eligibility", {"sex": "female", "age": "22", "injected": "yes"}),
            ("consent", {"consent_participation": "yes", "consent_follow_up": "no"}),
            ("knowledge_test", chosen),
            ("interview", {"network_size": str(network_size), "never_reached": "yes"}),
            ("services", {"request_id": str(uuid4()), "needles_and_syringes": "20"}),
            ("training", {}),
        )
        for number, (kind, fields) in enumerate(steps, 1):
            self.work(kind, person, fields, at=at + number * timedelta(seconds=30))

    @property
    def waiting(self) -> list[dict[str, Any]]:
        return [each for each in self.sealed if UUID(each["id"]) not in self.verdicts]

    @property
    def known_to(self) -> int:
        known = [each["seq"] for each in self.sealed if UUID(each["id"]) in self.verdicts]
        return max(known, default=0)

    def request(
        self, events: Iterable[dict[str, Any]], *, now: datetime = LATER, **given: Any
    ) -> dict[str, Any]:
        """The body of an upload of these events."""
        usual = {
            "device_id": str(self.id),
            "clock": (now + self.skew).isoformat(),
            "epoch": self.epoch,
            "known_to": self.known_to,
            "waiting": len(self.waiting),
            "last_problem": None,
            "events": [{name: each[name] for name in ("id", "seq", "sealed")} for each in events],
        }
        return usual | given

    def send(
        self,
        http: httpx.Client,
        events: Iterable[dict[str, Any]],
        *,
        now: datetime = LATER,
        **given: Any,
    ) -> dict[str, Any]:
        """Send these events and believe what is said of them."""
        reply = http.post("/api/v1/desk/events", json=self.request(events, now=now, **given))
        assert reply.status_code == 200, reply.text
        said: dict[str, Any] = reply.json()
        self.believe(said)
        return said

    def believe(self, said: dict[str, Any]) -> None:
        """Keep the verdicts of an answer, and forget those that must be sent again."""
        again = said["resend_from"]
        if self.epoch and said["epoch"] != self.epoch and again is None:
            again = 1
        self.epoch = said["epoch"]
        if again is not None:
            for each in self.sealed:
                if each["seq"] >= again:
                    self.verdicts.pop(UUID(each["id"]), None)
        for verdict in said["verdicts"]:
            self.verdicts[UUID(verdict["id"])] = verdict

    def upload(self, http: httpx.Client, *, now: datetime = LATER, rounds: int = 100) -> None:
        """Send what waits, oldest first, until nothing does."""
        for _ in range(rounds):
            if not self.waiting:
                return
            self.send(http, self.waiting[:AT_ONCE], now=now)
        raise AssertionError(f"{len(self.waiting)} events still wait")

    def outcome(self, event_id: UUID) -> tuple[str, str | None]:
        verdict = self.verdicts[event_id]
        return verdict["outcome"], verdict["code"]

    def _previous(self) -> str:
        return self.sealed[-1]["_hash"] if self.sealed else ""


def a_device(
    session: Session,
    place: Place,
    keyring: Keyring,
    *,
    by: Actor | None = None,
    label: str = "Tablet 1",
    now: datetime = NOON,
) -> DeskDevice:
    """A device at a place, enrolled by the coupon manager for someone of the intake."""
    person = by or place.intake
    begun = devices.begin_enrolment(
        session,
        label=label,
        staff_id=person.staff_id,
        site_id=place.site.id,
        by=place.manager,
        now=now,
    )
    enrolled = devices.enrol(session, begun.secret, browser="a test", now=now)
    return DeskDevice(
        enrolled.device.id, enrolled.key, public_key_text(keyring), enrolled.device.site
    )


def right_answers() -> dict[str, str]:
    """The knowledge test's form, all right."""
    _, items = knowledge_test()
    return {f"item_{item.id}": item.right for item in items}
