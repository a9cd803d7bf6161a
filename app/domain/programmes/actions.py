from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.db import put
from app.domain.audit.actions import record
from app.domain.audit.errors import ReasonNeeded
from app.domain.programmes import queries
from app.domain.programmes.errors import (
    BadSite,
    NeedsSecondPerson,
    NothingChanges,
    NotYourProposal,
    OwnProposal,
    ProposalDecided,
    ProposalOutdated,
    UnknownProposal,
)
from app.domain.programmes.models import Programme, ProtocolProposal, ProtocolVersion, Site
from app.domain.programmes.rules import (
    ProposalState,
    Protocol,
    money_rules,
    with_money_rules,
)


def open_programme(
    session: Session,
    *,
    code: str,
    name: str,
    currency: str,
    languages: Sequence[str],
    target: int | None,
    protocol: Protocol,
    now: datetime,
    women_mark: int = 30,
    coupon_design: str = "classic",
    by: UUID | None = None,
) -> UUID:
    """Open a programme under the first version of its protocol. ``women_mark`` is a percentage."""
    row = Programme(
        code=code,
        name=name,
        currency=currency,
        languages=list(languages),
        target=target,
        women_mark=women_mark,
        coupon_design=coupon_design,
        coupon_url=None,
        created_at=now,
    )
    session.add(row)
    session.flush()
    adopt_protocol(session, row.id, protocol, by=by, now=now)
    return row.id


def adopt_protocol(
    session: Session, programme_id: UUID, protocol: Protocol, *, by: UUID | None, now: datetime
) -> int:
    """Make the protocol's next version the current one; returns its number."""
    newest = session.scalar(
        select(func.max(ProtocolVersion.version)).where(
            ProtocolVersion.programme_id == programme_id
        )
    )
    version = (newest or 0) + 1
    session.add(
        ProtocolVersion(
            programme_id=programme_id,
            version=version,
            rules=protocol.to_json(),
            made_by=by,
            made_at=now,
        )
    )
    session.flush()
    record(
        session,
        "protocol.adopted",
        subject=programme_id,
        staff_id=by,
        programme_id=programme_id,
        at=now,
        facts={"version": version},
    )
    return version


def change_rules(
    session: Session,
    programme_id: UUID,
    protocol: Protocol,
    *,
    based_on: int,
    by: UUID,
    now: datetime,
) -> int | None:
    """Adopt rules at once that say nothing else about money; None when version ``based_on`` is no longer the newest.

    Raises:
        NeedsSecondPerson: what is paid, or how, would change.
    """
    _hold(session, programme_id)
    current = queries.current_protocol(session, programme_id)
    if current.version != based_on:
        return None
    if money_rules(protocol) != money_rules(current.rules):
        raise NeedsSecondPerson
    return adopt_protocol(session, programme_id, protocol, by=by, now=now)


def propose(
    session: Session,
    proposal_id: UUID,
    protocol: Protocol,
    *,
    programme_id: UUID,
    note: str,
    by: UUID,
    now: datetime,
    committee: str = "",
    committee_on: date | None = None,
) -> None:
    """Propose what the protocol says about money; it applies once someone else approves. The same id proposes once.

    Raises:
        NothingChanges: it is so already.
    """
    if session.get(ProtocolProposal, proposal_id) is not None:
        return
    current = queries.current_protocol(session, programme_id)
    if money_rules(protocol) == money_rules(current.rules):
        raise NothingChanges
    put(
        session,
        ProtocolProposal,
        {
            "id": proposal_id,
            "programme_id": programme_id,
            "based_on": current.id,
            "rules": money_rules(protocol),
            "note": note.strip(),
            "committee": committee.strip() or None,
            "committee_on": committee_on,
            "proposed_by": by,
            "proposed_at": now,
        },
    )
    _record_proposal(session, "proposed", proposal_id, programme_id, by, now)


def approve(
    session: Session,
    proposal_id: UUID,
    *,
    programme_id: UUID,
    by: UUID,
    now: datetime,
    committee: str = "",
    committee_on: date | None = None,
) -> int:
    """Adopt what someone else proposed, with all other rules as they are now; returns the version it became.

    The committee's words can be added when none came with the proposal. Approving again changes nothing.

    Raises:
        UnknownProposal, OwnProposal, ProposalDecided, ProposalOutdated.
    """
    _hold(session, programme_id)
    row, found = _held(session, programme_id, proposal_id)
    if row.proposed_by == by:
        raise OwnProposal
    if found.decision is ProposalState.APPROVED and found.decided_by == by and found.adopted:
        return found.adopted
    if not found.waits:
        raise ProposalDecided
    if found.is_outdated:
        raise ProposalOutdated
    rules = queries.current_protocol(session, programme_id).rules
    version = adopt_protocol(
        session, programme_id, with_money_rules(rules, row.rules), by=by, now=now
    )
    values: dict[str, object] = {"adopted_id": queries.current_protocol(session, programme_id).id}
    if row.committee is None and committee.strip():
        values |= {"committee": committee.strip(), "committee_on": committee_on}
    _decide(session, row, ProposalState.APPROVED, by=by, now=now, **values)
    return version


def reject(
    session: Session,
    proposal_id: UUID,
    *,
    programme_id: UUID,
    reason: str,
    by: UUID,
    now: datetime,
) -> None:
    """Say no to what someone else proposed. Saying it again changes nothing.

    Raises:
        UnknownProposal, OwnProposal, ProposalDecided, ReasonNeeded.
    """
    if not reason.strip():
        raise ReasonNeeded
    row, found = _held(session, programme_id, proposal_id)
    if row.proposed_by == by:
        raise OwnProposal
    if found.decision is ProposalState.REJECTED and found.decided_by == by:
        return
    if not found.waits:
        raise ProposalDecided
    _decide(session, row, ProposalState.REJECTED, by=by, now=now, reason=reason.strip())


def withdraw(
    session: Session, proposal_id: UUID, *, programme_id: UUID, by: UUID, now: datetime
) -> None:
    """Take one's own proposal back. Doing it again changes nothing.

    Raises:
        UnknownProposal, NotYourProposal, ProposalDecided.
    """
    row, found = _held(session, programme_id, proposal_id)
    if row.proposed_by != by:
        raise NotYourProposal
    if found.decision is ProposalState.WITHDRAWN:
        return
    if not found.waits:
        raise ProposalDecided
    _decide(session, row, ProposalState.WITHDRAWN, by=by, now=now)


def _hold(session: Session, programme_id: UUID) -> None:
    """One change of a programme's rules at a time."""
    session.execute(select(Programme.id).where(Programme.id == programme_id).with_for_update())


def _held(
    session: Session, programme_id: UUID, proposal_id: UUID
) -> tuple[ProtocolProposal, queries.Proposal]:
    row = session.scalar(
        select(ProtocolProposal)
        .where(ProtocolProposal.id == proposal_id, ProtocolProposal.programme_id == programme_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownProposal
    return row, queries.proposal(session, programme_id, proposal_id)


def _decide(
    session: Session,
    row: ProtocolProposal,
    decision: ProposalState,
    *,
    by: UUID,
    now: datetime,
    **values: object,
) -> None:
    session.execute(
        update(ProtocolProposal)
        .where(ProtocolProposal.id == row.id)
        .values(decision=decision, decided_by=by, decided_at=now, **values)
        .execution_options(synchronize_session=False)
    )
    session.expire(row)
    _record_proposal(session, decision.value, row.id, row.programme_id, by, now)


def _record_proposal(
    session: Session, act: str, proposal_id: UUID, programme_id: UUID, by: UUID, now: datetime
) -> None:
    record(
        session,
        f"proposal.{act}",
        subject=proposal_id,
        staff_id=by,
        programme_id=programme_id,
        at=now,
    )


def open_site(
    session: Session,
    *,
    programme_id: UUID,
    code: str,
    name: Mapping[str, str],
    address: Mapping[str, str],
    phone: str,
    timezone: str,
    opening_hours: Mapping[str, str],
    women_only_hours: Mapping[str, str],
    target: int | None,
    now: datetime,
    by: UUID | None = None,
) -> UUID:
    """Open a site; name and address are by language, hours by weekday (``mon`` … ``sun``).

    Raises:
        BadSite: a time zone the world does not have; every day at the site would fail on it.
    """
    if timezone not in available_timezones():
        raise BadSite(field="timezone", value=timezone)
    row = Site(
        programme_id=programme_id,
        code=code,
        name=dict(name),
        address=dict(address),
        phone=phone,
        timezone=timezone,
        opening_hours=dict(opening_hours),
        women_only_hours=dict(women_only_hours),
        activation_delay_days=None,
        validity_days=None,
        target=target,
        created_at=now,
    )
    session.add(row)
    session.flush()
    record(
        session,
        "site.opened",
        subject=row.id,
        staff_id=by,
        programme_id=programme_id,
        at=now,
        facts={"code": code},
    )
    return row.id
