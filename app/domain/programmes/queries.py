from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.programmes.errors import UnknownProgramme, UnknownSite
from app.domain.programmes.models import Programme, ProtocolVersion, Site
from app.domain.programmes.rules import Protocol

Words = dict[str, str]

_NEWEST_RULES = (
    select(ProtocolVersion)
    .where(ProtocolVersion.programme_id == bindparam("programme"))
    .order_by(ProtocolVersion.version.desc())
    .limit(1)
)


@dataclass(frozen=True)
class ProgrammeFacts:
    id: UUID
    code: str
    name: str
    currency: str
    languages: tuple[str, ...]
    target: int | None
    women_mark: float
    coupon_design: str
    coupon_url: str | None


@dataclass(frozen=True)
class SiteFacts:
    """A site as doors show it. Words are by language; hours by weekday (``mon`` … ``sun``)."""

    id: UUID
    programme_id: UUID
    code: str
    name: Words
    address: Words
    phone: str
    timezone: str
    opening_hours: dict[str, str]
    women_only_hours: dict[str, str]
    activation_delay_days: int | None
    validity_days: int | None
    target: int | None


@dataclass(frozen=True)
class CurrentProtocol:
    id: UUID
    version: int
    rules: Protocol


@dataclass(frozen=True)
class AdoptedProtocol:
    """A version of the rules in a programme's history."""

    version: int
    rules: Protocol
    made_by: UUID | None
    made_at: datetime


def programme(session: Session, programme_id: UUID) -> ProgrammeFacts:
    """Raises: UnknownProgramme."""
    row = session.get(Programme, programme_id)
    if row is None:
        raise UnknownProgramme
    return _programme(row)


def programme_by_code(session: Session, code: str) -> ProgrammeFacts:
    """Raises: UnknownProgramme."""
    row = session.scalar(select(Programme).where(Programme.code == code))
    if row is None:
        raise UnknownProgramme(programme=code)
    return _programme(row)


def programmes(session: Session) -> list[ProgrammeFacts]:
    return [_programme(row) for row in session.scalars(select(Programme).order_by(Programme.code))]


def sites(session: Session, programme_id: UUID) -> list[SiteFacts]:
    """The sites of a programme by code."""
    found = select(Site).where(Site.programme_id == programme_id).order_by(Site.code)
    return [site_facts(row) for row in session.scalars(found)]


def site(session: Session, site_id: UUID) -> SiteFacts:
    """Raises: UnknownSite."""
    row = session.get(Site, site_id)
    if row is None:
        raise UnknownSite
    return site_facts(row)


def clock_of(session: Session, programme_id: UUID, site_id: UUID | None) -> str:
    """The time zone someone reads times in: her site's, else that of the programme's first site."""
    if site_id:
        return site(session, site_id).timezone
    return next((each.timezone for each in sites(session, programme_id)), "UTC")


def site_by_code(session: Session, programme_id: UUID, code: str) -> SiteFacts:
    """Raises: UnknownSite."""
    row = session.scalar(select(Site).where(Site.programme_id == programme_id, Site.code == code))
    if row is None:
        raise UnknownSite(site=code)
    return site_facts(row)


def current_protocol(session: Session, programme_id: UUID) -> CurrentProtocol:
    """The newest rules of a programme. Raises: UnknownProgramme."""
    row = session.scalar(_NEWEST_RULES, {"programme": programme_id})
    if row is None:
        raise UnknownProgramme
    return CurrentProtocol(row.id, row.version, Protocol.stored(row.rules))


def protocol_versions(session: Session, programme_id: UUID) -> list[AdoptedProtocol]:
    """Every version of a programme's rules, newest first."""
    found = (
        select(ProtocolVersion)
        .where(ProtocolVersion.programme_id == programme_id)
        .order_by(ProtocolVersion.version.desc())
    )
    return [
        AdoptedProtocol(row.version, Protocol.stored(row.rules), row.made_by, row.made_at)
        for row in session.scalars(found)
    ]


def protocol(session: Session, protocol_id: UUID) -> Protocol | None:
    """The rules of one version."""
    row = session.get(ProtocolVersion, protocol_id)
    return Protocol.stored(row.rules) if row else None


def _programme(row: Programme) -> ProgrammeFacts:
    return ProgrammeFacts(
        row.id,
        row.code,
        row.name,
        row.currency,
        tuple(row.languages),
        row.target,
        row.women_mark / 100,
        row.coupon_design,
        row.coupon_url,
    )


def site_facts(row: Site) -> SiteFacts:
    return SiteFacts(
        row.id,
        row.programme_id,
        row.code,
        row.name,
        row.address,
        row.phone,
        row.timezone,
        row.opening_hours,
        row.women_only_hours,
        row.activation_delay_days,
        row.validity_days,
        row.target,
    )
