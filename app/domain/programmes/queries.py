from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.programmes.errors import UnknownProgramme, UnknownProposal, UnknownSite
from app.domain.programmes.models import Programme, ProtocolProposal, ProtocolVersion, Site
from app.domain.programmes.rules import (
    ProposalState,
    Protocol,
    money_rules,
    with_money_rules,
)

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

    id: UUID
    version: int
    rules: Protocol
    made_by: UUID | None
    made_at: datetime


@dataclass(frozen=True)
class Proposal:
    """Other rules for what is paid and how. ``before`` and ``after`` are whole protocols that differ in those parts only.

    While it waits, ``is_outdated`` tells that those parts have changed since it was made.
    """

    id: UUID
    before: Protocol
    after: Protocol
    based_on: int
    note: str
    committee: str | None
    committee_on: date | None
    proposed_by: UUID
    proposed_at: datetime
    decision: ProposalState | None
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None
    adopted: int | None
    is_outdated: bool

    @property
    def waits(self) -> bool:
        return self.decision is None


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
        AdoptedProtocol(row.id, row.version, Protocol.stored(row.rules), row.made_by, row.made_at)
        for row in session.scalars(found)
    ]


def protocol(session: Session, protocol_id: UUID) -> Protocol | None:
    """The rules of one version."""
    row = session.get(ProtocolVersion, protocol_id)
    return Protocol.stored(row.rules) if row else None


def proposals(session: Session, programme_id: UUID) -> list[Proposal]:
    """Every proposal of a programme, newest first."""
    rows = session.scalars(
        select(ProtocolProposal)
        .where(ProtocolProposal.programme_id == programme_id)
        .order_by(ProtocolProposal.proposed_at.desc(), ProtocolProposal.id.desc())
    ).all()
    versions = {
        row.id: row
        for row in session.scalars(
            select(ProtocolVersion).where(ProtocolVersion.programme_id == programme_id)
        )
    }
    return [_proposal(row, versions) for row in rows]


def proposal(session: Session, programme_id: UUID, proposal_id: UUID) -> Proposal:
    """Raises: UnknownProposal."""
    found = (each for each in proposals(session, programme_id) if each.id == proposal_id)
    one = next(found, None)
    if one is None:
        raise UnknownProposal
    return one


def waiting_proposals(session: Session, programme_id: UUID, *, besides: UUID | None = None) -> int:
    """How many proposals nobody has decided, besides those that someone made and so cannot decide."""
    waiting = (
        select(func.count())
        .select_from(ProtocolProposal)
        .where(ProtocolProposal.programme_id == programme_id, ProtocolProposal.decision.is_(None))
    )
    if besides:
        waiting = waiting.where(ProtocolProposal.proposed_by != besides)
    return session.scalar(waiting) or 0


def _proposal(row: ProtocolProposal, versions: Mapping[UUID, ProtocolVersion]) -> Proposal:
    base = versions[row.based_on]
    before = Protocol.stored(base.rules)
    newest = max(versions.values(), key=lambda each: each.version)
    return Proposal(
        row.id,
        before,
        with_money_rules(before, row.rules),
        base.version,
        row.note,
        row.committee,
        row.committee_on,
        row.proposed_by,
        row.proposed_at,
        row.decision,
        row.decided_by,
        row.decided_at,
        row.reason,
        versions[row.adopted_id].version if row.adopted_id else None,
        row.decision is None and money_rules(Protocol.stored(newest.rules)) != money_rules(before),
    )


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
