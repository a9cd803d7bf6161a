from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core import device_keys as keys
from app.core.crypto import keyring_of
from app.core.ids import short_label
from app.domain.audit.actions import record
from app.domain.devices import queries, rules
from app.domain.devices.errors import BadDevice, DeviceNotFound, EnrolmentOver
from app.domain.devices.models import Device
from app.domain.programmes import queries as programmes
from app.domain.programmes.models import Site
from app.domain.staff import actions as staff_actions
from app.domain.staff import queries as staff
from app.domain.staff.actions import record_act
from app.domain.staff.errors import NotLoggedIn
from app.domain.staff.models import StaffMember
from app.domain.staff.queries import Actor

LONGEST_REPORT = 120


@dataclass(frozen=True)
class Begun:
    """A device that waits to be enrolled; this is the only time its secret is known."""

    device_id: UUID
    secret: str
    until: datetime


@dataclass(frozen=True)
class Enrolled:
    """A device with its key, which is known to it alone from here on."""

    device: queries.Device
    key: str


def begin_enrolment(
    session: Session,
    *,
    label: str,
    staff_id: UUID,
    site_id: UUID | None = None,
    by: Actor,
    now: datetime,
) -> Begun:
    """Let one browser enrol itself within a quarter of an hour, at its person's site if none is named.

    Raises:
        BadDevice: no label or too long a one; someone who has left, does not redeem, or works at another site; no site,
            one of another programme, or one that ``by`` does not look after.
    """
    words = rules.check_label(label)
    person = staff.member(session, by.programme_id, staff_id)
    if person.left_at or not rules.may_have_device(person.role):
        raise BadDevice(field="person", reason="cannot_redeem")
    where = site_id or person.site_id
    if where is None:
        raise BadDevice(field="site", reason="missing_site")
    site = programmes.site(session, where)
    theirs = queries.site_looked_after(by)
    if site.programme_id != by.programme_id or theirs not in (None, site.id):
        raise BadDevice(field="site", reason="not_yours")
    if person.site_id not in (None, site.id):
        raise BadDevice(field="site", reason="other_site")
    row = Device(
        programme_id=by.programme_id,
        site_id=site.id,
        staff_id=person.id,
        label=words,
        begun_by=by.staff_id,
        begun_at=now,
        secret_until=now,
        browser="",
        waiting=0,
        skew_seconds=0,
    )
    session.add(row)
    session.flush()
    return _with_secret(session, row, by, now)


def begin_again(session: Session, device_id: UUID, *, by: Actor, now: datetime) -> Begun:
    """Another quarter of an hour and another secret for a device that nobody has enrolled; the earlier one ends.

    Raises:
        DeviceNotFound.
        EnrolmentOver: it is enrolled, or called off.
    """
    row = _lock(session, device_id, by)
    if row.enrolled_at or row.revoked_at:
        raise EnrolmentOver
    return _with_secret(session, row, by, now)


def note_wrong_password(session: Session, secret: str, *, now: datetime) -> None:
    """Count a password that was not hers; after a few the secret is worth nothing."""
    waiting = queries.awaited(queries.secret_digest(session, secret), now)
    row = session.scalar(select(Device).where(waiting).with_for_update())
    if row is None:
        return
    row.wrong_passwords += 1
    if row.wrong_passwords >= rules.MOST_WRONG_PASSWORDS:
        row.secret_digest, row.secret_until = None, now
    session.flush()


def enrol(session: Session, secret: str, *, browser: str, now: datetime) -> Enrolled:
    """Give a browser that knows the secret its key. The secret is used up by it.

    Whether it is in the hands of the person it will act for is the door's to ask: she gives her password.

    Raises:
        EnrolmentOver.
    """
    awaited = queries.awaited(queries.secret_digest(session, secret), now)
    row = session.scalar(select(Device).where(awaited).with_for_update())
    if row is None:
        raise EnrolmentOver
    key = keys.key_of(
        keyring_of(session), keys.Claim(row.id, row.site_id, row.staff_id, now, row.label)
    )
    hers = (
        update(Device)
        .where(Device.id == row.id, awaited)
        .values(
            secret_digest=None,
            key_digest=queries.key_digest(session, key),
            enrolled_at=now,
            seen_at=now,
            browser=_short(browser),
        )
    )
    session.execute(hers)
    device = queries.by_key(session, key)
    if device is None or device.revoked_at:  # she left the staff since
        raise EnrolmentOver
    record_act(session, "device.enrolled", device.id, device.actor, now)
    return Enrolled(device, key)


def know_again(session: Session, key: str, *, now: datetime) -> queries.Device | None:
    """Make the row of a device anew that was enrolled after the backup this server was restored from.

    Its key proves what it says. None when it does not, when the device has another key here, or when its person or its
    site came after that backup too: then it is enrolled again by people.
    """
    claim = keys.claim_of(keyring_of(session), key)
    if claim is None:
        return None
    person = session.get(StaffMember, claim.staff_id)
    site = session.get(Site, claim.site_id)
    if person is None or site is None or person.programme_id != site.programme_id:
        return None
    row = session.scalar(select(Device).where(Device.id == claim.device_id).with_for_update())
    if row is None:
        row = Device(
            id=claim.device_id,
            programme_id=site.programme_id,
            site_id=site.id,
            staff_id=person.id,
            label=claim.label,
            begun_by=person.id,
            begun_at=claim.enrolled_at,
            secret_until=claim.enrolled_at,
            browser="",
            waiting=0,
            skew_seconds=0,
        )
        session.add(row)
    elif row.key_digest:  # it was known again a moment ago, or was enrolled with another key
        return queries.by_key(session, key)
    row.secret_digest, row.key_digest = None, queries.key_digest(session, key)
    row.enrolled_at, row.seen_at, row.known_again_at = claim.enrolled_at, now, now
    session.flush()
    device = queries.by_key(session, key)
    if device:
        record_act(session, "device.known_again", device.id, device.actor, now)
    return device


def rename(session: Session, device_id: UUID, label: str, *, by: Actor, now: datetime) -> None:
    """Raises: DeviceNotFound, BadDevice."""
    row = _lock(session, device_id, by)
    row.label = rules.check_label(label)
    record_act(session, "device.renamed", row.id, by, now)


def revoke(
    session: Session, device_id: UUID, *, by: Actor, now: datetime, besides: str | None = None
) -> None:
    """Lock a device from afar, or call an enrolment off. Doing it twice is harmless.

    It is refused from now on and wipes what it can read as soon as it hears so; what it has done and not yet sent stays
    sealed on it and is still taken in. Every log-in of its person ends with it, since the browser may hold one, but the
    one whose secret is ``besides``: that is the page on which someone locks a device of her own.

    Raises:
        DeviceNotFound.
    """
    row = _lock(session, device_id, by)
    if row.revoked_at:
        return
    row.revoked_at, row.secret_digest = now, None
    if row.enrolled_at:
        staff_actions.end_sessions(session, row.staff_id, besides=besides, now=now)
    act = "device.revoked" if row.enrolled_at else "device.called_off"
    record_act(session, act, row.id, by, now)


def open_session(session: Session, device: queries.Device, *, now: datetime) -> str:
    """Log in the person of a device whose key was checked; returns the secret her browser keeps."""
    return staff_actions.start_session(session, device.actor, now=now, device_id=device.id)


def close_session(session: Session, device: queries.Device, secret: str, *, now: datetime) -> None:
    """Log the person of a device out, if the log-in is hers and has not ended."""
    try:
        actor, _ = staff.by_session(session, secret, now=now)
    except NotLoggedIn:
        return
    if actor.staff_id == device.actor.staff_id:
        staff_actions.end_session(session, secret, actor, now=now)


def note_seen(session: Session, device_id: UUID, *, now: datetime) -> None:
    _note(session, device_id, seen_at=now)


def note_listed(session: Session, device_id: UUID, *, now: datetime) -> None:
    """It has today's list of cards."""
    _note(session, device_id, seen_at=now, listed_at=now)


def note_heard(
    session: Session,
    device_id: UUID,
    *,
    waiting: int,
    last_problem: str | None,
    skew: timedelta,
    now: datetime,
) -> None:
    """Keep what a device says of itself. ``skew`` is the server's time less its own: above zero it is behind."""
    _note(
        session,
        device_id,
        seen_at=now,
        reported_at=now,
        waiting=min(max(waiting, 0), 2**31 - 1),
        last_problem=_short(last_problem) if last_problem else None,
        skew_seconds=max(min(int(skew.total_seconds()), 2**31 - 1), 1 - 2**31),
    )


def note_wiped(session: Session, device_id: UUID, *, now: datetime) -> None:
    """A locked device says that what it could read is gone."""
    row = session.get(Device, device_id)
    if row is None or row.wiped_at:
        return
    row.seen_at = row.wiped_at = now
    record(
        session,
        "device.wiped",
        subject=row.id,
        staff_id=row.staff_id,
        programme_id=row.programme_id,
        at=now,
    )


def _with_secret(session: Session, row: Device, by: Actor, now: datetime) -> Begun:
    secret = short_label(rules.SECRET_LENGTH)
    row.secret_digest = queries.secret_digest(session, secret)
    row.secret_until, row.wrong_passwords = now + rules.ENROLMENT, 0
    session.flush()
    record_act(session, "device.enrolment_begun", row.id, by, now)
    return Begun(row.id, rules.grouped_secret(secret), row.secret_until)


def _lock(session: Session, device_id: UUID, by: Actor) -> Device:
    row = session.scalar(select(Device).where(Device.id == device_id).with_for_update())
    if row is None or not queries.looks_after(by, row):
        raise DeviceNotFound
    return row


def _note(session: Session, device_id: UUID, **values: object) -> None:
    session.execute(update(Device).where(Device.id == device_id).values(**values))


def _short(text: str) -> str:
    """One line without a character that no database keeps."""
    return " ".join(text.replace("\0", "").split())[:LONGEST_REPORT]
