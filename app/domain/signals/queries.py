"""What the desks wrote down, read into arrays for ``analysis.integrity``; and the patterns in it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Row, String, TypeCoerce, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from analysis.arrays import BoolArray, IntArray
from analysis.integrity import (
    KnowledgeTests,
    People,
    Records,
    Redemptions,
    Signal,
    find_signals,
    not_compared,
)
from app.core.crypto import keyring_of
from app.core.ids import hex_of
from app.domain.audit.models import AuditEvent
from app.domain.chains.queries import told_apart
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import OriginColumns, open_origins
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.rules import Flag, Outcome, happened_at
from app.domain.participants.models import Participant
from app.domain.participants.rules import NOBODY, Came, Standing
from app.domain.programmes.queries import SiteFacts, sites
from app.domain.signals.models import SignalReview
from app.domain.signals.rules import is_grown, open_minutes
from app.domain.staff.queries import StaffFacts, staff_of
from app.domain.staff.rules import Role
from app.domain.visits.models import BaselineInterview, EligibilityScreening, KnowledgeTest
from app.domain.visits.queries import knowledge_test

Rows = Sequence[Row[*tuple[Any, ...]]]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Review:
    """The last look at a pattern."""

    is_aside: bool
    excess: int
    note: str
    by: UUID
    at: datetime


@dataclass(frozen=True)
class LiveSignal:
    """A pattern by the words of a programme. ``key`` finds it again, and tells nothing by itself."""

    key: str
    signal: Signal
    site: SiteFacts | None
    staff: StaffFacts | None
    chains: tuple[str, ...]
    review: Review | None

    @property
    def is_aside(self) -> bool:
        """Whether someone has looked at it, and it has not grown since."""
        review = self.review
        if review is None or not review.is_aside:
            return False
        return not is_grown(review.excess, self.signal.excess)


@dataclass(frozen=True)
class Alone:
    """A member of staff with too few colleagues at a site to be compared with."""

    staff: StaffFacts
    site: SiteFacts
    colleagues: int


@dataclass(frozen=True)
class LiveSignals:
    """The patterns of a programme, and how much they were looked for in."""

    signals: tuple[LiveSignal, ...]
    alone: tuple[Alone, ...]
    redemptions: int
    tests: int


@dataclass(frozen=True)
class Desks:
    """A programme's records as arrays, and what their indices stand for; people by the hex of their ids."""

    records: Records
    sites: Sequence[SiteFacts]
    staff: Sequence[StaffFacts]
    people: Sequence[str]
    chains: Sequence[int]
    labels: Sequence[str]


@dataclass(frozen=True)
class _Places:
    """Where each id, as hex, stands among the sites, staff and people."""

    site: Mapping[str, int]
    staff: Mapping[str, int]
    people: Mapping[str, int]


def signals_of(session: Session, programme_id: UUID, *, now: datetime) -> LiveSignals:
    """Every pattern there is now, with what was said of it before; those set aside are among them."""
    desks = load_desks(session, programme_id, now=now)
    reviews = _reviews(session, programme_id)
    found = []
    for signal in find_signals(desks.records):
        digest = _digest(session, programme_id, signal, desks)
        found.append(
            LiveSignal(
                key=digest.hex(),
                signal=signal,
                site=None if signal.subject.site is None else desks.sites[signal.subject.site],
                staff=None if signal.subject.staff is None else desks.staff[signal.subject.staff],
                chains=tuple(desks.labels[chain] for chain in signal.subject.chains),
                review=reviews.get(digest),
            )
        )
    alone = tuple(
        Alone(desks.staff[each.staff], desks.sites[each.site], each.colleagues)
        for each in not_compared(desks.records)
    )
    records = desks.records
    return LiveSignals(tuple(found), alone, len(records.redemptions), len(records.tests))


def load_desks(session: Session, programme_id: UUID, *, now: datetime) -> Desks:
    """Everything the signals look at: five short reads, and the seals of the coupons that came back."""
    at, staff = sites(session, programme_id), staff_of(session, programme_id)
    people = session.execute(
        select(
            _plain(Participant.id),
            Participant.came,
            Participant.standing,
            Participant.chain_label,
            _plain(Participant.site_id),
            Participant.uic_digest,
        )
        .where(
            Participant.programme_id == programme_id,
            Participant.standing != Standing.MISTAKEN,
        )
        .order_by(Participant.came_on, Participant.id)
    ).all()
    place = _Places(
        {each.id.hex: i for i, each in enumerate(at)},
        {each.id.hex: i for i, each in enumerate(staff)},
        {hex_of(row.id): i for i, row in enumerate(people)},
    )
    rows = _redemptions(session, programme_id)
    keyring = keyring_of(session)
    origins = open_origins(keyring, [(row.coupon_id, row.sealed_origin) for row in rows])
    seeds = [i for i, row in enumerate(people) if row.came is Came.SEED]
    refused = _refused(session, programme_id)
    walked = _walked_in(session, programme_id, people, place)
    records = Records(
        sites=len(at),
        chains=len(seeds),
        role=np.array([list(Role).index(each.role) for each in staff], dtype=np.int64),
        people=_people(people, rows, origins, place, seeds),
        redemptions=_accepted(rows, origins, place, at, now),
        tests=_tests(rows, place),
        refused_at=_numbers(place.site[hex_of(row.site_id)] for row in refused),
        refused_by=_numbers(place.staff[hex_of(row.staff_id)] for row in refused),
        refused_own=_yes(row.code == "self_recruitment" for row in refused),
        walked_in_at=_numbers(site for site, _ in walked),
        walked_in_by=_numbers(staff for _, staff in walked),
    )
    labels = told_apart({i: people[i].chain_label or "" for i in seeds})
    return Desks(records, at, staff, list(place.people), seeds, [labels[i] for i in seeds])


def _redemptions(session: Session, programme_id: UUID) -> Rows:
    return session.execute(
        select(
            _plain(Redemption.coupon_id),
            _plain(Redemption.participant_id),
            _plain(Redemption.site_id),
            _plain(Redemption.staff_id),
            Redemption.scanned_at,
            Redemption.received_at,
            Redemption.flags,
            Coupon.sealed_origin,
            _plain(Coupon.site_id).label("issued_at"),
            Coupon.usable_from,
            Coupon.usable_until,
            Participant.standing,
            EligibilityScreening.eligible,
            BaselineInterview.answers.label("told"),
            KnowledgeTest.version,
            KnowledgeTest.answers,
            _plain(KnowledgeTest.taken_with),
        )
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(Participant, Participant.id == Redemption.participant_id)
        .outerjoin(EligibilityScreening, EligibilityScreening.participant_id == Participant.id)
        .outerjoin(BaselineInterview, BaselineInterview.participant_id == Participant.id)
        .outerjoin(KnowledgeTest, KnowledgeTest.participant_id == Participant.id)
        .where(Redemption.programme_id == programme_id, Redemption.outcome == Outcome.ACCEPTED)
        .order_by(Redemption.received_at, Redemption.id)
    ).all()


def _refused(session: Session, programme_id: UUID) -> Rows:
    return session.execute(
        select(_plain(RefusedScan.site_id), _plain(RefusedScan.staff_id), RefusedScan.code).where(
            RefusedScan.programme_id == programme_id
        )
    ).all()


def _walked_in(
    session: Session, programme_id: UUID, people: Rows, place: _Places
) -> list[tuple[int, int]]:
    """Site and staff for each who came without a coupon; who welcomed her stands only in the record."""
    welcomed = session.execute(
        select(AuditEvent.subject, _plain(AuditEvent.staff_id)).where(
            AuditEvent.programme_id == programme_id, AuditEvent.action == "walk_in.welcomed"
        )
    )
    by = {subject.replace("-", ""): hex_of(staff) for subject, staff in welcomed if staff}
    return [
        (place.site[hex_of(row.site_id)], place.staff[by[hex_of(row.id)]])
        for row in people
        if row.came is Came.WALK_IN and hex_of(row.id) in by
    ]


def _people(
    people: Rows,
    rows: Rows,
    origins: OriginColumns,
    place: _Places,
    seeds: Sequence[int],
) -> People:
    recruiter, chain = np.full(len(people), -1), np.full(len(people), -1)
    chain[seeds] = np.arange(len(seeds))
    came = _numbers(place.people[hex_of(row.participant_id)] for row in rows)
    recruiter[came] = _numbers(place.people[each] for each in origins.recruiter)
    chain[came] = chain[_numbers(place.people[each] for each in origins.chain)]
    coded = [row.uic_digest is not None and row.standing not in NOBODY for row in people]
    alike: dict[bytes, list[int]] = defaultdict(list)
    for i, row in enumerate(people):
        if coded[i]:
            alike[row.uic_digest].append(i)
    pairs = [pair for each in alike.values() for pair in combinations(each, 2)]
    return People(recruiter, chain, _yes(coded), np.array(pairs, dtype=np.int64).reshape(-1, 2))


def _accepted(
    rows: Rows,
    origins: OriginColumns,
    place: _Places,
    at: Sequence[SiteFacts],
    now: datetime,
) -> Redemptions:
    zones = [ZoneInfo(site.timezone) for site in at]
    site = [place.site[hex_of(row.site_id)] for row in rows]
    clock = [
        _when(row).astimezone(zones[s]).replace(tzinfo=None)
        for row, s in zip(rows, site, strict=True)
    ]
    today = now.date()
    return Redemptions(
        at=np.array(clock, dtype="datetime64[m]"),
        site=_numbers(site),
        issued_at=_numbers(place.site[hex_of(row.issued_at)] for row in rows),
        staff=_numbers(place.staff[hex_of(row.staff_id)] for row in rows),
        person=_numbers(place.people[hex_of(row.participant_id)] for row in rows),
        holder=_numbers(place.people[each] for each in origins.recruiter),
        first_day=np.array([row.usable_from for row in rows], dtype="datetime64[D]"),
        last_day=np.array([row.usable_until for row in rows], dtype="datetime64[D]"),
        is_late=_yes(Flag.ACCEPTED_LATE.value in row.flags for row in rows),
        is_outside_hours=_outside_hours(clock, site, at),
        is_complete=_yes(
            row.standing is not Standing.ARRIVED or when.date() >= today
            for row, when in zip(rows, clock, strict=True)
        ),
        eligible=_numbers(-1 if row.eligible is None else row.eligible for row in rows),
        from_stranger=_numbers(_is_stranger(row.told) for row in rows),
    )


def _when(row: Row[*tuple[Any, ...]]) -> datetime:
    return happened_at(scanned_at=row.scanned_at, received_at=row.received_at, flags=row.flags)


def _outside_hours(
    clock: Sequence[datetime], site: Sequence[int], at: Sequence[SiteFacts]
) -> BoolArray:
    """Days without hours are closed; hours that are written in words, or not at all, are not judged."""
    hours = [
        [
            open_minutes(each.opening_hours[day]) if day in each.opening_hours else ()
            for day in WEEKDAYS
        ]
        for each in at
    ]

    def is_outside(when: datetime, place: int) -> bool:
        spans, minute = hours[place][when.weekday()], when.hour * 60 + when.minute
        if spans is None or not at[place].opening_hours:
            return False
        return not any(opens <= minute <= closes for opens, closes in spans)

    return _yes(is_outside(when, place) for when, place in zip(clock, site, strict=True))


def _is_stranger(told: Mapping[str, object] | None) -> int:
    known = (told or {}).get("relationship")
    return -1 if known in (None, "", "prefer_not_to_say") else known == "stranger"


def _tests(rows: Rows, place: _Places) -> KnowledgeTests:
    """Tests of the version in use; others ask other questions."""
    version, items = knowledge_test()
    kept = [i for i, row in enumerate(rows) if row.version == version]
    numbers = [{option: n for n, option in enumerate(sorted(item.options))} for item in items]
    right = [number[item.right] for number, item in zip(numbers, items, strict=True)]
    given = [
        [
            number.get(rows[i].answers.get(item.id), -1)
            for number, item in zip(numbers, items, strict=True)
        ]
        for i in kept
    ]
    answers = np.array(given, dtype=np.int64).reshape(len(kept), len(items))
    return KnowledgeTests(
        redemption=_numbers(kept),
        staff=_numbers(place.staff[hex_of(rows[i].taken_with)] for i in kept),
        answers=answers,
        is_right=answers == np.array(right),
    )


def _digest(session: Session, programme_id: UUID, signal: Signal, desks: Desks) -> bytes:
    """What a pattern is about, in ids that stay: the same when more of it comes."""
    subject = signal.subject
    chains = sorted(desks.people[desks.chains[chain]] for chain in subject.chains)
    words = [
        "" if subject.site is None else desks.sites[subject.site].id.hex,
        "" if subject.staff is None else desks.staff[subject.staff].id.hex,
        "" if subject.start is None else subject.start.date().isoformat(),
        *chains,
        *sorted(desks.people[holder] for holder in subject.holders),
    ]
    return keyring_of(session).digest("signal", programme_id.hex, signal.kind, *words)


def _reviews(session: Session, programme_id: UUID) -> dict[bytes, Review]:
    rows = session.scalars(
        select(SignalReview)
        .where(SignalReview.programme_id == programme_id)
        .order_by(SignalReview.id)
    )
    return {
        row.signal_digest: Review(
            row.is_aside, row.excess, row.note, row.reviewed_by, row.reviewed_at
        )
        for row in rows
    }


def _plain(column: InstrumentedAttribute[Any]) -> TypeCoerce[Any]:
    """An id as the database hands it over: see ``hex_of``."""
    return type_coerce(column, String)


def _numbers(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, dtype=np.int64)


def _yes(values: Iterable[bool]) -> BoolArray:
    return np.fromiter(values, dtype=np.bool_)
