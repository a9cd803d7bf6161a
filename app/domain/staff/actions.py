import secrets
import threading
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import put
from app.domain.audit.actions import record
from app.domain.staff.errors import OwnLogIn, UnknownStaff, UsernameTaken, WeakPassword, WrongLogIn
from app.domain.staff.models import ApiKey, StaffMember, StaffSession
from app.domain.staff.queries import Actor
from app.domain.staff.rules import SHORTEST_PASSWORD, Role

_hasher = PasswordHasher()
# A hash takes 64 MiB for a quarter of a second: a crowd at the log-in must not take the machine.
_hashing = threading.Semaphore(2)


def add_member(
    session: Session,
    *,
    username: str,
    password: str,
    role: Role,
    programme_id: UUID,
    site_id: UUID | None,
    now: datetime,
    by: UUID | None = None,
) -> UUID:
    """Give someone a log-in.

    Raises:
        WeakPassword: shorter than twelve characters.
        UsernameTaken: in any programme.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPassword(shortest=SHORTEST_PASSWORD)
    username = username.strip().casefold()
    if session.scalar(select(StaffMember.id).where(StaffMember.username == username)):
        raise UsernameTaken(username=username)
    row = StaffMember(
        programme_id=programme_id,
        site_id=site_id,
        username=username,
        password_hash=_hash(password),
        role=role,
        created_at=now,
    )
    session.add(row)
    session.flush()
    record(
        session,
        "staff.added",
        subject=row.id,
        staff_id=by,
        programme_id=programme_id,
        at=now,
        facts={"role": role.value},
    )
    return row.id


def check_password(session: Session, username: str, password: str) -> Actor:
    """Who these words belong to. A wrong name takes as long as a wrong password.

    Raises:
        WrongLogIn.
    """
    row = session.scalar(
        select(StaffMember).where(
            StaffMember.username == username.strip().casefold(), StaffMember.left_at.is_(None)
        )
    )
    if not _verify(row.password_hash if row else _decoy(), password) or row is None:
        raise WrongLogIn
    return Actor(row.id, row.programme_id, row.site_id, row.username, row.role)


def start_session(
    session: Session, actor: Actor, *, now: datetime, device_id: UUID | None = None
) -> str:
    """Log in someone whose password, or device, was checked; returns the secret her browser keeps."""
    secret = secrets.token_urlsafe(32)
    put(
        session,
        StaffSession,
        {
            "digest": keyring_of(session).digest("session", secret),
            "programme_id": actor.programme_id,
            "staff_id": actor.staff_id,
            "started_at": now,
            "seen_at": now,
        },
    )
    facts = {"device": str(device_id)} if device_id else None
    _record(session, "staff.logged_in", actor, now, facts)
    return secret


def note_seen(session: Session, secret: str, *, now: datetime) -> None:
    """Keep a session from going idle."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.digest == keyring_of(session).digest("session", secret))
        .values(seen_at=now)
    )


def end_session(session: Session, secret: str, actor: Actor, *, now: datetime) -> None:
    """Log out. Doing it twice is harmless."""
    session.execute(
        update(StaffSession)
        .where(
            StaffSession.digest == keyring_of(session).digest("session", secret),
            StaffSession.ended_at.is_(None),
        )
        .values(ended_at=now)
    )
    _record(session, "staff.logged_out", actor, now)


def end_sessions(
    session: Session, staff_id: UUID, *, now: datetime, besides: str | None = None
) -> None:
    """End every log-in of someone, but the one whose secret is ``besides``."""
    theirs = update(StaffSession).where(
        StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None)
    )
    if besides:
        kept = keyring_of(session).digest("session", besides)
        theirs = theirs.where(StaffSession.digest != kept)
    session.execute(theirs.values(ended_at=now))


def make_api_key(
    session: Session, staff_id: UUID, *, label: str, now: datetime, by: UUID | None = None
) -> str:
    """A new key; this is the only time its secret is known. Without ``by`` she makes it herself.

    Raises:
        UnknownStaff.
    """
    member = session.get(StaffMember, staff_id)
    if member is None:
        raise UnknownStaff
    secret = "pdi_" + secrets.token_urlsafe(32)
    session.add(
        ApiKey(
            digest=keyring_of(session).digest("api-key", secret),
            programme_id=member.programme_id,
            staff_id=staff_id,
            label=label,
            made_at=now,
        )
    )
    session.flush()
    record(
        session,
        "api_key.made",
        subject=staff_id,
        staff_id=by or staff_id,
        programme_id=member.programme_id,
        at=now,
        facts={"label": label},
    )
    return secret


def remove_member(session: Session, staff_id: UUID, *, by: UUID | None, now: datetime) -> None:
    """Take someone's log-in away: sessions and keys end with it, what she did stays recorded.

    Raises:
        UnknownStaff, OwnLogIn.
    """
    if staff_id == by:
        raise OwnLogIn
    member = session.get(StaffMember, staff_id)
    if member is None:
        raise UnknownStaff
    member.left_at = member.left_at or now
    end_sessions(session, staff_id, now=now)
    session.execute(
        update(ApiKey)
        .where(ApiKey.staff_id == staff_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    record(
        session,
        "staff.removed",
        subject=staff_id,
        staff_id=by,
        programme_id=member.programme_id,
        at=now,
    )


def end_api_keys(session: Session, staff_id: UUID, *, by: UUID | None, now: datetime) -> None:
    """Make every key of someone worthless; her log-in stays.

    Raises:
        UnknownStaff.
    """
    member = session.get(StaffMember, staff_id)
    if member is None:
        raise UnknownStaff
    session.execute(
        update(ApiKey)
        .where(ApiKey.staff_id == staff_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    record(
        session,
        "api_key.ended",
        subject=staff_id,
        staff_id=by,
        programme_id=member.programme_id,
        at=now,
    )


def record_act(
    session: Session, act: str, subject: UUID, by: Actor, now: datetime, **facts: object
) -> None:
    """Note in the record what someone did in her programme."""
    record(
        session,
        act,
        subject=subject,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts=facts,
    )


def _record(
    session: Session,
    action: str,
    actor: Actor,
    now: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    record(
        session,
        action,
        subject=actor.staff_id,
        staff_id=actor.staff_id,
        programme_id=actor.programme_id,
        at=now,
        facts=facts,
    )


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _verify(stored: str, password: str) -> bool:
    with _hashing:
        try:
            return _hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


_decoys: list[str] = []


def _decoy() -> str:
    if not _decoys:
        _decoys.append(_hash(secrets.token_urlsafe(16)))
    return _decoys[0]
