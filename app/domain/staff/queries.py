from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.staff.errors import NotAllowed, NotLoggedIn, UnknownStaff
from app.domain.staff.models import ApiKey, StaffMember, StaffSession
from app.domain.staff.rules import PERMISSIONS, Permission, Role

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Actor:
    """The person or program that asks, as every action and page knows it."""

    staff_id: UUID
    programme_id: UUID
    site_id: UUID | None
    username: str
    role: Role

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]

    @property
    def permissions(self) -> frozenset[Permission]:
        return PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises: NotAllowed."""
        if not self.may(permission):
            raise NotAllowed(permission=permission.value)


@dataclass(frozen=True)
class StaffFacts:
    id: UUID
    username: str
    role: Role
    site_id: UUID | None
    left_at: datetime | None


@dataclass(frozen=True)
class KeyFacts:
    """A key of a program, without its secret."""

    staff_id: UUID
    label: str
    made_at: datetime


def by_api_key(session: Session, secret: str) -> Actor:
    """Raises: NotLoggedIn."""
    digest = keyring_of(session).digest("api-key", secret)
    row = session.execute(
        _actor_columns()
        .join(ApiKey, ApiKey.staff_id == StaffMember.id)
        .where(ApiKey.digest == digest, ApiKey.revoked_at.is_(None))
    ).first()
    if row is None:
        raise NotLoggedIn
    return Actor(*row)


def by_session(session: Session, secret: str, *, now: datetime) -> tuple[Actor, bool]:
    """Who a browser's session belongs to, and whether it is time to note that she is still there.

    Raises:
        NotLoggedIn: ended, idle for half an hour, or half a day old.
    """
    digest = keyring_of(session).digest("session", secret)
    row = session.execute(
        _actor_columns()
        .add_columns(StaffSession.seen_at)
        .join(StaffSession, StaffSession.staff_id == StaffMember.id)
        .where(
            StaffSession.digest == digest,
            StaffSession.ended_at.is_(None),
            StaffSession.seen_at > now - IDLE,
            StaffSession.started_at > now - LONGEST,
        )
    ).first()
    if row is None:
        raise NotLoggedIn
    return Actor(*row[:-1]), row[-1] < now - SEEN_EVERY


def staff_of(session: Session, programme_id: UUID) -> list[StaffFacts]:
    """Everyone who has or had a log-in, by user name."""
    found = (
        select(StaffMember)
        .where(StaffMember.programme_id == programme_id)
        .order_by(StaffMember.username)
    )
    return [
        StaffFacts(row.id, row.username, row.role, row.site_id, row.left_at)
        for row in session.scalars(found)
    ]


def usernames(session: Session, programme_id: UUID) -> dict[UUID, str]:
    """What everyone who has ever worked in a programme is called."""
    return {each.id: each.username for each in staff_of(session, programme_id)}


def member(session: Session, programme_id: UUID, staff_id: UUID) -> StaffFacts:
    """Someone on the staff of a programme. Raises: UnknownStaff."""
    row = session.get(StaffMember, staff_id)
    if row is None or row.programme_id != programme_id:
        raise UnknownStaff
    return StaffFacts(row.id, row.username, row.role, row.site_id, row.left_at)


def keys_of(session: Session, programme_id: UUID) -> list[KeyFacts]:
    """The keys that work, oldest first."""
    found = (
        select(ApiKey.staff_id, ApiKey.label, ApiKey.made_at)
        .where(ApiKey.programme_id == programme_id, ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.made_at)
    )
    return [KeyFacts(*row) for row in session.execute(found)]


def _actor_columns() -> Select[UUID, UUID, UUID | None, str, Role]:
    return select(
        StaffMember.id,
        StaffMember.programme_id,
        StaffMember.site_id,
        StaffMember.username,
        StaffMember.role,
    ).where(StaffMember.left_at.is_(None))
