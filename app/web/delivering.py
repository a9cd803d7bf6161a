"""An upload of a device: opened, put in order, played, and one answer kept for each event in the transaction that played it.

Several events share a transaction, each in a savepoint of its own: a flush to disk costs more than booking an event. Where
such a transaction fails as a whole its events go one by one, and find their answers there if it had not failed after all.
"""

import hashlib
import json
import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from app.core import installation
from app.core.crypto import keyring_of
from app.core.db import Database, NotCommitted, apart
from app.core.envelopes import UnreadableEnvelope, from_text, open_envelope
from app.core.errors import DomainError
from app.domain.deliveries import actions as deliveries
from app.domain.deliveries import queries, rules
from app.domain.deliveries.actions import Delivered
from app.domain.deliveries.errors import UnknownEvent, UnreadableEvent
from app.domain.deliveries.queries import Answer
from app.domain.deliveries.rules import Event, Flag, Left, Outcome, read_event
from app.domain.devices import actions as device_actions
from app.domain.devices import queries as devices
from app.domain.devices.errors import DeviceRevoked
from app.domain.devices.queries import Device
from app.domain.intake.errors import ScanIdReused
from app.domain.programmes import queries as programmes
from app.domain.programmes.errors import UnknownSite
from app.domain.programmes.queries import SiteFacts
from app.web.desk_auth import known_again
from app.web.desk_events import Booking, Played, play

# How many events share a transaction, and so SQLite's one writer: a desk with a network waits that long.
GROUP = 10

log = logging.getLogger("pdi.web")


@dataclass(frozen=True)
class Sealed:
    """An event as it is sent."""

    id: UUID
    seq: int
    text: str


@dataclass(frozen=True)
class Upload:
    """What a device sends at once, and what it says of itself. An unlocked one shows its ``key`` besides."""

    device_id: UUID
    clock: datetime
    known_to: int
    waiting: int
    last_problem: str | None
    events: Sequence[Sealed]
    key: str | None = None


@dataclass(frozen=True)
class NotYet:
    """An event without an answer, and why."""

    id: UUID
    seq: int
    why: Left


@dataclass
class Delivery:
    """What an upload is told."""

    epoch: UUID
    device: Device | None
    resend_from: int | None = None
    answers: list[Answer] = field(default_factory=list)
    left: list[NotYet] = field(default_factory=list)


@dataclass(frozen=True)
class Opened:
    """An event that its device has proved to be its own. ``event`` is None where what it wrote is none."""

    id: UUID
    seq: int
    delivered: Delivered
    written: Mapping[str, Any]
    event: Event | None
    received_at: datetime


def deliver(db: Database, upload: Upload, *, now: datetime) -> Delivery:
    """Answer every event that can be answered, each once and for ever; the same again when it comes again.

    Raises:
        OperationalError, InterfaceError, NotCommitted: the database is away; what was answered until then stays so.
    """
    device, life = _device(db, upload, now)
    delivery = Delivery(life, device)
    if device is None:
        delivery.left = [NotYet(e.id, e.seq, Left.UNKNOWN_DEVICE) for e in upload.events]
        return delivery
    with db.snapshot() as session:
        is_its_own = upload.key is not None and devices.is_given(session, upload.key, device.id)
        opened = list(_open(session, upload, device, delivery, now))
        kept = queries.digests(session, [sealed.id for sealed in upload.events])
        turn = rules.turn(
            [sealed.seq for sealed in upload.events],
            top=queries.top(session, device.id),
            known_to=upload.known_to,
            elsewhere=upload.waiting - sum(sealed.id not in kept for sealed in upload.events),
        )
    delivery.resend_from = turn.resend_from
    skew = now - upload.clock
    delivery.left = [NotYet(e.id, e.seq, Left.NOT_ITS_TURN) for e in opened if e.seq in turn.left]
    played = sorted((e for e in opened if e.seq not in turn.left), key=lambda e: (e.seq, e.id))
    player = _Player(db, device, delivery, skew, turn.after_gap)
    for start in range(0, len(played), GROUP):
        player.play(played[start : start + GROUP])
    if opened or is_its_own:  # else nobody knows whose words these are
        _note_heard(db, upload, device, skew, now)
    return delivery


def brought(
    session: Session, device: Device, arrivals: Sequence[Sealed], *, now: datetime
) -> dict[UUID, UUID]:
    """Who came with each of these arrivals, when this very device sent them before and they were taken in."""
    upload = Upload(device.id, now, 0, 0, None, arrivals)
    kept = queries.digests(session, [sealed.id for sealed in arrivals])
    return {
        opened.id: opened.event.person
        for opened in _open(session, upload, device, Delivery(UUID(int=0), device), now)
        if opened.event
        and opened.event.kind == "arrival"
        and opened.id in kept
        and kept[opened.id][0] == opened.delivered.digest
    }


def _device(db: Database, upload: Upload, now: datetime) -> tuple[Device | None, UUID]:
    """Whose upload it is, and the life of the server; also of a device that a restored server had forgotten."""
    with db.snapshot() as session:
        device, life = devices.by_id(session, upload.device_id), installation.epoch(session)
        proof = None if device else _proof(session, upload)
    if proof:
        device = known_again(db, proof, now)
    return device, life


def _proof(session: Session, upload: Upload) -> str | None:
    """A key that this server once gave the device that sends: shown with the upload, or in one of its events."""
    keyring = keyring_of(session)
    if upload.key and devices.is_given(session, upload.key, upload.device_id):
        return upload.key
    for sealed in upload.events:
        try:
            raw = from_text(sealed.text)
            written = _json(
                open_envelope(
                    keyring, raw, device_id=upload.device_id, event_id=sealed.id, seq=sealed.seq
                )
            )
        except UnreadableEnvelope:
            continue
        key = written.get("key")
        if isinstance(key, str) and devices.is_given(session, key, upload.device_id):
            return key
    return None


def _open(
    session: Session, upload: Upload, device: Device, delivery: Delivery, now: datetime
) -> Iterator[Opened]:
    """The events that open and hold the device's key; each other one is answered, and nothing of it kept."""
    keyring, is_key = keyring_of(session), dict[str, bool]()
    for place, sealed in enumerate(upload.events):
        try:
            raw = from_text(sealed.text)
            plaintext = open_envelope(
                keyring, raw, device_id=device.id, event_id=sealed.id, seq=sealed.seq
            )
            written = _json(plaintext)
            key = written.pop("key", None)
            if not isinstance(key, str):
                raise UnreadableEnvelope
            if key not in is_key:
                is_key[key] = devices.is_given(session, key, device.id)
            if not is_key[key]:
                raise UnreadableEnvelope
        except UnreadableEnvelope:
            delivery.answers.append(_unreadable(sealed))
            continue
        same = json.dumps(written, sort_keys=True, ensure_ascii=False).encode()
        yield Opened(
            sealed.id,
            sealed.seq,
            Delivered(
                device_id=device.id,
                programme_id=device.programme_id,
                digest=queries.digest_of(session, sealed.id, same),
                envelope_hash=hashlib.sha256(raw).digest(),
            ),
            written,
            _event(written),
            # No two rows share a moment: that would join the people of one upload.
            now + timedelta(microseconds=place),
        )


@dataclass
class _Player:
    """Plays the events of one upload in their order."""

    db: Database
    device: Device
    delivery: Delivery
    skew: timedelta
    after_gap: frozenset[int]
    stuck: set[UUID] = field(default_factory=set)
    last: tuple[int, bytes] | None = None
    places: dict[str, SiteFacts] = field(default_factory=dict)

    def play(self, events: Sequence[Opened]) -> None:
        """Play a few in one transaction, or each in its own where that fails."""
        try:
            self._together(events, is_last_try=False)
        except (OperationalError, InterfaceError, NotCommitted, IntegrityError) as error:
            log.warning("events of a device go one by one: %s", type(error).__name__)
            for event in events:
                self._alone(event)

    def _alone(self, event: Opened) -> None:
        try:
            self._together([event], is_last_try=False)
        except (OperationalError, InterfaceError, NotCommitted, IntegrityError):
            # Another desk's work stood in the way, and has ended by now; or the database is away.
            self._together([event], is_last_try=True)

    def _together(self, events: Sequence[Opened], *, is_last_try: bool) -> None:
        answers: list[Answer] = []
        left: list[NotYet] = []
        stuck, last = set(self.stuck), self.last
        with self.db.transaction() as outer:
            deliveries.take_turn(outer, self.device.id)
            kept = queries.digests(outer, [event.id for event in events])
            for event in events:
                if event.id in kept:
                    answer = _again(event, *kept[event.id])
                elif event.event and event.event.person in stuck:
                    left.append(NotYet(event.id, event.seq, Left.NOT_ITS_TURN))
                    continue
                else:
                    found = self._answer(outer, event, last, is_last_try=is_last_try)
                    if found is None:
                        left.append(NotYet(event.id, event.seq, Left.INTERNAL_ERROR))
                        if event.event:
                            stuck.add(event.event.person)
                        continue
                    answer = found
                    kept[event.id] = event.delivered.digest, answer
                answers.append(answer)
                last = event.seq, event.delivered.envelope_hash
        self.delivery.answers += answers
        self.delivery.left += left
        self.stuck, self.last = stuck, last

    def _answer(
        self,
        outer: Session,
        event: Opened,
        last: tuple[int, bytes] | None,
        *,
        is_last_try: bool,
    ) -> Answer | None:
        """Book an event or refuse it, and keep which; None where neither could be done."""
        at, flags = self._when(event)
        if self._is_after_gap(outer, event, last):
            flags = (*flags, Flag.GAP)
        if self.device.revoked_at:
            flags = (*flags, Flag.DEVICE_REVOKED)
        try:
            with apart(outer) as session:
                played = self._book(session, event, at, flags)
                known = tuple(dict.fromkeys((*flags, *played.flags)))
                answer = Answer(event.id, event.seq, played.outcome, played.code, known)
                deliveries.keep(session, event.delivered, answer, now=event.received_at)
            return answer
        except DomainError as refusal:
            code = refusal.code
        except DataError:  # a text that no column holds
            code = UnknownEvent.code
        except (OperationalError, InterfaceError, IntegrityError) as error:
            if is_last_try and isinstance(error, IntegrityError):
                _note_bug(error)
                return None
            raise
        except Exception as error:  # noqa: BLE001 - one event must not keep back the others
            _note_bug(error)
            return None
        answer = Answer(event.id, event.seq, Outcome.REFUSED, code, flags)
        with apart(outer) as session:
            deliveries.keep(
                session,
                event.delivered,
                answer,
                now=event.received_at,
                unbooked={**event.written, "happened_at": at.isoformat()},
            )
        return answer

    def _book(
        self, session: Session, event: Opened, at: datetime, flags: tuple[str, ...]
    ) -> Played:
        said = event.event
        if said is None:
            raise UnknownEvent
        if self.device.revoked_at and at >= self.device.revoked_at:
            raise DeviceRevoked
        if said.site != self.device.site:  # nobody's drawer is another site's to open
            raise UnknownSite
        return play(
            Booking(
                session=session,
                id=event.id,
                kind=said.kind,
                person=said.person,
                entered=dict(said.fields),
                place=self._place(session, said.site),
                device=self.device,
                at=at,
                now=event.received_at,
                flags=flags,
            )
        )

    def _place(self, session: Session, code: str) -> SiteFacts:
        if code not in self.places:
            self.places[code] = programmes.site_by_code(session, self.device.programme_id, code)
        return self.places[code]

    def _when(self, event: Opened) -> tuple[datetime, tuple[str, ...]]:
        if event.event is None:
            return event.received_at, ()
        return rules.happened_at(
            event.event.at,
            skew=self.skew,
            now=event.received_at,
            since=self.device.enrolled_at,
        )

    def _is_after_gap(
        self, session: Session, event: Opened, last: tuple[int, bytes] | None
    ) -> bool:
        """Whether something is missing before it, or something else stands there than it names."""
        if event.seq in self.after_gap or event.event is None:
            return event.seq in self.after_gap
        if last and last[0] == event.seq - 1:
            before: bytes | None = last[1]
        else:
            before = queries.hash_of(session, self.device.id, event.seq - 1)
        return not rules.is_unbroken(event.event.previous, before)


def _json(plaintext: bytes) -> dict[str, Any]:
    try:
        written = json.loads(plaintext)
    except (ValueError, RecursionError):
        raise UnreadableEnvelope from None
    if not isinstance(written, dict):
        raise UnreadableEnvelope
    return written


def _event(written: Mapping[str, Any]) -> Event | None:
    try:
        return read_event(written)
    except UnknownEvent:
        return None


def _unreadable(sealed: Sealed) -> Answer:
    return Answer(sealed.id, sealed.seq, Outcome.REFUSED, UnreadableEvent.code, ())


def _again(event: Opened, digest: bytes, answer: Answer) -> Answer:
    """What was answered before, unless this is another event under its id."""
    if digest == event.delivered.digest:
        return answer
    return Answer(event.id, event.seq, Outcome.REFUSED, ScanIdReused.code, ())


def _note_bug(error: Exception) -> None:
    """Log where it happened, without its message, which may hold what was entered."""
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s while an event was played\n%s", type(error).__name__, place)


def _note_heard(
    db: Database, upload: Upload, device: Device, skew: timedelta, now: datetime
) -> None:
    with db.transaction() as session:
        device_actions.note_heard(
            session,
            device.id,
            waiting=upload.waiting,
            last_problem=upload.last_problem,
            skew=skew,
            now=now,
        )
