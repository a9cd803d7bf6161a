from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.audit.actions import record
from app.domain.programmes.errors import BadSite
from app.domain.programmes.models import Programme, ProtocolVersion, Site
from app.domain.programmes.rules import Protocol


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
