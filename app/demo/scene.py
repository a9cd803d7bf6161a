"""Where the simulated programme happens and who works in it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.ids import short_label
from app.domain.programmes import queries as programmes
from app.domain.programmes.actions import open_programme, open_site
from app.domain.programmes.queries import SiteFacts
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.staff.actions import add_member, make_api_key
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role

CODE = "DEMO"
EXPIRES_AFTER = 150
WEEK = {**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00–18:00"), "sat": "10:00–15:00"}

# Real cities, invented streets and numbers that nobody can have.
SITES = (
    {
        "code": "KYIV",
        "name": {"uk": "Центр «Світанок»", "en": "Svitanok Centre"},
        "address": {"uk": "м. Київ, вул. Вигадана, 12", "en": "12 Vyhadana Street, Kyiv"},
        "phone": "+380 44 000 00 12",
        "opening_hours": WEEK,
        "women_only_hours": {"wed": "15:00–18:00", "sat": "10:00–12:00"},
    },
    {
        "code": "DNIPRO",
        "name": {"uk": "Простір «Берег»", "en": "Bereh Space"},
        "address": {"uk": "м. Дніпро, просп. Казковий, 5", "en": "5 Kazkovyi Avenue, Dnipro"},
        "phone": "+380 56 000 00 05",
        "opening_hours": {**WEEK, "sat": "10:00–16:00"},
        "women_only_hours": {"tue": "09:00–12:00"},
    },
    {
        "code": "ODESA",
        "name": {"uk": "Клуб «Маяк»", "en": "Maiak Club"},
        "address": {"uk": "м. Одеса, пров. Уявний, 3", "en": "3 Uiavnyi Lane, Odesa"},
        "phone": "+380 48 000 00 03",
        "opening_hours": {**WEEK, "fri": "09:00–19:00"},
        "women_only_hours": {"fri": "14:00–17:00"},
    },
)

LOG_INS = {
    "intake": Role.INTAKE,
    "coupon_manager": Role.COUPON_MANAGER,
    "lead": Role.PROGRAMME_LEAD,
    "finance": Role.FINANCE,
    "finance2": Role.FINANCE,
    "admin": Role.ADMINISTRATOR,
}


@dataclass(frozen=True)
class LogIn:
    username: str
    password: str
    api_key: str


@dataclass(frozen=True)
class DemoGateway:
    """Where a provider would call the demonstration, and the account that its calls are signed for."""

    slug: str
    channel_id: str
    secret: str
    path: str
    options: dict[str, str]


@dataclass(frozen=True)
class Scene:
    """The programme, its sites, who sits at each desk, and what to tell: log-ins, gateways, people's own cards with their PINs."""

    programme_id: UUID
    sites: tuple[SiteFacts, ...]
    desks: dict[UUID, Actor]
    manager: Actor
    lead: Actor
    finance: Actor
    finance2: Actor
    admin: Actor
    log_ins: dict[str, LogIn]
    claim_cards: tuple[tuple[str, str], ...] = ()
    gateways: tuple[DemoGateway, ...] = ()


def set_up(session: Session, *, participants: int, now: datetime) -> Scene:
    """Open the programme with room to grow past its target's first marks, its three sites, and staff."""
    programme_id = open_programme(
        session,
        code=CODE,
        name="Three cities (demonstration)",
        currency="UAH",
        languages=["uk", "en"],
        target=-(-participants * 17 // 500) * 50,
        protocol=Protocol(payouts=PayoutRules(expires_after_days=EXPIRES_AFTER)),
        now=now,
    )
    for described in SITES:
        open_site(
            session,
            programme_id=programme_id,
            timezone="Europe/Kyiv",
            target=None,
            now=now,
            **described,  # type: ignore[arg-type]
        )
    known = {site.code: site for site in programmes.sites(session, programme_id)}
    sites = tuple(known[str(each["code"])] for each in SITES)
    log_ins, actors = {}, {}
    for name, role in LOG_INS.items():
        site_id = sites[0].id if role is Role.INTAKE else None
        log_ins[name], actors[name] = _member(session, name, role, programme_id, site_id, now)
    desks = {sites[0].id: actors["intake"]}
    for site in sites[1:]:
        _, desks[site.id] = _member(
            session, f"desk.{site.code.lower()}", Role.INTAKE, programme_id, site.id, now
        )
    return Scene(
        programme_id,
        sites,
        desks,
        manager=actors["coupon_manager"],
        lead=actors["lead"],
        finance=actors["finance"],
        finance2=actors["finance2"],
        admin=actors["admin"],
        log_ins=log_ins,
    )


def _member(
    session: Session, name: str, role: Role, programme_id: UUID, site_id: UUID | None, now: datetime
) -> tuple[LogIn, Actor]:
    password = new_password()
    member = add_member(
        session,
        username=name,
        password=password,
        role=role,
        programme_id=programme_id,
        site_id=site_id,
        now=now,
    )
    key = make_api_key(session, member, label="demonstration", now=now)
    return LogIn(name, password, key), Actor(member, programme_id, site_id, name, role)


def new_password() -> str:
    """Sixteen characters that can be read aloud and typed."""
    return "-".join(short_label(4).lower() for _ in range(4))
