"""Plain functions that make a valid thing and let a test say only what it cares about.

A test begins with ``a_place``: a programme, one site of it, and someone of each role. Coupons made at ``NOON``
can be used from the next day on; ``LATER`` is such a moment.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.core.codes import Code, Token
from app.core.crypto import Keyring
from app.core.db import Database, put
from app.core.ids import uuid7
from app.core.settings import Settings
from app.domain.coupons.queries import Bundle, PrintedCoupon, read
from app.domain.intake.actions import redeem
from app.domain.intake.rules import Scan, Verdict
from app.domain.participants.rules import EntryRoute, Sex
from app.domain.programmes import queries as programmes
from app.domain.programmes.actions import open_programme, open_site
from app.domain.programmes.queries import ProgrammeFacts, SiteFacts
from app.domain.programmes.rules import Protocol
from app.domain.staff.actions import add_member, make_api_key
from app.domain.staff.models import StaffMember
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.stipends.actions import enter
from app.domain.stipends.models import CashFloat
from app.domain.stipends.queries import books_of
from app.domain.stipends.rules import Account
from app.domain.visits import actions as visits
from app.domain.visits.queries import knowledge_test
from app.main import create_app

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=2)
ENDLESS = 10**9
# Of everyone who was given no other; the hash is made once, for making one takes a quarter of a second.
PASSWORD = "a word for every desk"
PASSWORD_HASH = "$argon2id$v=19$m=65536,t=3,p=4$oZZAQowkotFm+6eJlxmEfg$iuqeZhXTIGu1MyezHxSwOLIY2TS5gNHhK80985BH2G0"

_numbers = count(1)


@dataclass(frozen=True)
class Place:
    """A programme, one of its sites, and its staff by role."""

    programme: ProgrammeFacts
    site: SiteFacts
    staff: Mapping[Role, Actor]

    @property
    def intake(self) -> Actor:
        return self.staff[Role.INTAKE]

    @property
    def manager(self) -> Actor:
        return self.staff[Role.COUPON_MANAGER]

    @property
    def finance(self) -> Actor:
        return self.staff[Role.FINANCE]

    @property
    def lead(self) -> Actor:
        return self.staff[Role.PROGRAMME_LEAD]

    def at(self, site: SiteFacts) -> "Place":
        """The same programme and people at another of its sites."""
        return replace(self, site=site)


@dataclass(frozen=True)
class Visit:
    """A recruit's whole first visit."""

    participant_id: UUID
    recruiter_id: UUID
    redemption: Verdict
    bundle: Bundle | None


def a_place(
    session: Session, *, now: datetime = NOON, cash: int | None = None, **given: Any
) -> Place:
    """A programme (``given`` is its own), a site in Kyiv and someone of each role.

    Its cash box can be paid from without end, unless a test says how much ``cash`` is in it.
    """
    programme = a_programme(session, now=now, **given)
    site = a_site(session, programme.id, now=now, cash=cash)
    staff = {
        role: an_actor(session, role, programme_id=programme.id, site_id=site.id, now=now)
        for role in Role
    }
    return Place(programme, site, staff)


def a_programme(session: Session, *, now: datetime = NOON, **given: Any) -> ProgrammeFacts:
    defaults: dict[str, Any] = {
        "code": f"P{next(_numbers)}",
        "name": "Neighbours",
        "currency": "UAH",
        "languages": ["uk", "en"],
        "target": None,
        "protocol": Protocol(),
    }
    return programmes.programme(session, open_programme(session, now=now, **(defaults | given)))


def a_site(
    session: Session,
    programme_id: UUID,
    *,
    now: datetime = NOON,
    cash: int | None = None,
    **given: Any,
) -> SiteFacts:
    defaults: dict[str, Any] = {
        "code": f"S{next(_numbers):04}",
        "name": {"en": "Health centre", "uk": "Центр здоров'я"},
        "address": {"en": "1 Sadova St", "uk": "вул. Садова, 1"},
        "phone": "+380 44 000 00 00",
        "timezone": "Europe/Kyiv",
        "opening_hours": {"mon": "9:00–18:00"},
        "women_only_hours": {"mon": "9:00–12:00"},
        "target": None,
    }
    site_id = open_site(session, programme_id=programme_id, now=now, **(defaults | given))
    put(
        session,
        CashFloat,
        {
            "site_id": site_id,
            "programme_id": programme_id,
            "overdraft_minor": ENDLESS if cash is None else 0,
        },
    )
    if cash:
        books, _ = books_of(session, programme_id, site_id, now=now)
        enter(
            session,
            books,
            cash,
            debit=Account.CASH_FLOAT,
            credit=Account.FUNDING,
            earner=None,
            cause=("funding", uuid4()),
        )
    return programmes.site(session, site_id)


def an_actor(
    session: Session,
    role: Role = Role.INTAKE,
    *,
    programme_id: UUID,
    site_id: UUID | None = None,
    password: str | None = None,
    now: datetime = NOON,
) -> Actor:
    """Someone on the staff. Without a password of her own she has ``PASSWORD``, and is made in no time."""
    username = f"{role.value}-{next(_numbers)}"
    if password is not None:
        staff_id = add_member(
            session,
            username=username,
            password=password,
            role=role,
            programme_id=programme_id,
            site_id=site_id,
            now=now,
        )
        return Actor(staff_id, programme_id, site_id, username, role)
    staff_id = uuid7()
    session.execute(
        insert(StaffMember).values(
            id=staff_id,
            programme_id=programme_id,
            site_id=site_id,
            username=username,
            password_hash=PASSWORD_HASH,
            role=role,
            created_at=now,
        )
    )
    return Actor(staff_id, programme_id, site_id, username, role)


def a_seed(session: Session, place: Place, *, now: datetime = NOON, **given: Any) -> UUID:
    defaults: dict[str, Any] = {
        "site": place.site,
        "sex": Sex.FEMALE,
        "age": 31,
        "network_size": 12,
        "entry_route": EntryRoute.MALE_PARTNER,
    }
    return visits.enrol_seed(session, by=place.manager, now=now, **(defaults | given))


def a_bundle(
    session: Session, place: Place, holder_id: UUID | None = None, *, now: datetime = NOON
) -> Bundle:
    """The coupons of a participant, or of a new seed."""
    holder_id = holder_id or a_seed(session, place, now=now)
    return visits.give_bundle(session, holder_id, by=place.intake, now=now)


def a_coupon(session: Session, place: Place, *, now: datetime = NOON) -> PrintedCoupon:
    """One coupon of a new seed's bundle."""
    return a_bundle(session, place, now=now).coupons[0]


def a_scan(coupon: PrintedCoupon | Code | Token | str, place: Place, **given: Any) -> Scan:
    """A scan of a coupon, or of what was typed, two days after ``NOON``."""
    written = coupon.code if isinstance(coupon, PrintedCoupon) else coupon
    defaults: dict[str, Any] = {
        "id": uuid4(),
        "coupon": read(written) if isinstance(written, str) else written,
        "site": place.site.code,
        "device_id": "desk-1",
        "scanned_at": LATER,
    }
    return Scan(**(defaults | given))


def a_redemption(
    session: Session,
    place: Place,
    coupon: PrintedCoupon | None = None,
    *,
    now: datetime = LATER,
    **given: Any,
) -> Verdict:
    """A coupon redeemed: this one, or one of a new seed's made two days before."""
    coupon = coupon or a_coupon(session, place, now=now - timedelta(days=2))
    scan = a_scan(coupon, place, **({"scanned_at": now} | given))
    return redeem(session, scan, by=place.intake, now=now)


def a_rush(session: Session, place: Place, *, begins: datetime = NOON) -> None:
    """Some come on each of three days, and nine within half an hour on the 28th."""
    seeds = [a_seed(session, place, now=begins) for _ in range(10)]
    coupons = [c for seed in seeds for c in a_bundle(session, place, seed, now=begins).coupons]
    moments = [
        begins + timedelta(days=days, hours=-5, minutes=80 * number)
        for days in (7, 14, 21)
        for number in range(6)
    ]
    moments += [begins + timedelta(days=28, minutes=2 * number) for number in range(9)]
    for moment in moments:
        a_redemption(session, place, coupons.pop(), now=moment)


def a_finished_visit(
    session: Session,
    place: Place,
    coupon: PrintedCoupon | None = None,
    *,
    now: datetime = LATER,
    recruiter_id: UUID | None = None,
    sex: Sex = Sex.FEMALE,
    age: int | None = 22,
    correct: int = 8,
    with_bundle: bool = False,
    **scan: Any,
) -> Visit:
    """A recruit through all steps of domain order, ``correct`` of her test's answers right.

    Give the recruiter with the coupon, or neither: then a new seed is hers.
    """
    if coupon is None:
        made = now - timedelta(days=2)
        recruiter_id = recruiter_id or a_seed(session, place, now=made)
        coupon = a_bundle(session, place, recruiter_id, now=made).coupons[0]
    assert recruiter_id is not None
    redemption = a_redemption(session, place, coupon, now=now, **scan)
    person = redemption.participant_id
    go_through_visit(session, place, person, now=now, sex=sex, age=age, correct=correct)
    bundle = None
    if with_bundle:
        visits.train(session, person, by=place.intake, now=now)
        bundle = a_bundle(session, place, person, now=now)
    return Visit(person, recruiter_id, redemption, bundle)


def go_through_visit(
    session: Session,
    place: Place,
    participant_id: UUID,
    *,
    now: datetime = LATER,
    sex: Sex = Sex.FEMALE,
    age: int | None = 22,
    correct: int | None = 8,
) -> None:
    """Screening, consent, test (none when ``correct`` is None) and interview of someone who is here."""
    by: dict[str, Any] = {"by": place.intake, "now": now}
    visits.screen(
        session,
        participant_id,
        sex=sex,
        age=age,
        adult_confirmed=True,
        injected_recently=True,
        **by,
    )
    consent = {"participation": True, "follow_up": False}
    visits.ask_consent(session, participant_id, consent, **by)
    if correct is not None:
        visits.take_knowledge_test(session, participant_id, answers(correct), **by)
    visits.interview(
        session,
        participant_id,
        network_size=8,
        never_reached_before=True,
        answers={"housing": "own"},
        **by,
    )


def answers(correct: int) -> dict[str, str]:
    """Answers to the knowledge test, so many of them right."""
    _, items = knowledge_test()
    return {
        item.id: item.right
        if number < correct
        else next(o for o in item.options if o != item.right)
        for number, item in enumerate(items)
    }


def key_for(session: Session, place: Place, role: Role, *, now: datetime = NOON) -> str:
    """An API key of the place's member of a role."""
    return make_api_key(session, place.staff[role].staff_id, label="test", now=now)


def client(
    database: Database,
    keyring: Keyring,
    *,
    now: datetime | Callable[[], datetime] = NOON,
    key: str | None = None,
    **settings: Any,
) -> httpx.Client:
    """The application in this process, asked without a network; an answer of 500 fails the test.

    ``key`` is sent in ``Authorization``. The clock stands at ``now``, or is read from it.
    """
    clock = now if callable(now) else lambda: now
    app = create_app(Settings(**settings), database=database, keyring=keyring, clock=clock)
    return httpx.Client(
        transport=InProcess(app),
        base_url="http://desk",
        headers={"Authorization": f"Bearer {key}"} if key else {},
    )


class InProcess(httpx.BaseTransport):
    """Lets the plain client talk to an application that is not served."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._transport = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        body = await response.aread()
        assert response.status_code != 500, "the application met an error it did not expect"
        return httpx.Response(response.status_code, headers=response.headers, content=body)
