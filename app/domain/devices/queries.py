from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.device_keys import claim_of
from app.domain.devices import models
from app.domain.devices.errors import DeviceNotFound, DeviceRevoked, EnrolmentOver, UnknownDevice
from app.domain.devices.rules import Life, State, normalise_secret, state_of
from app.domain.programmes.models import Site
from app.domain.staff.models import StaffMember
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission

SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Device:
    """A device that shows its key, and the person it acts as: at the device's site, wherever else she may work.

    ``revoked_at`` is also when its person left the staff.
    """

    id: UUID
    programme_id: UUID
    site: str
    label: str
    actor: Actor
    seen_at: datetime | None
    revoked_at: datetime | None
    enrolled_at: datetime | None = None

    def is_stale(self, now: datetime) -> bool:
        """Whether it is time to note that it is still there."""
        return self.seen_at is None or self.seen_at < now - SEEN_EVERY


@dataclass(frozen=True)
class DeviceFacts:
    """A device as those who look after it see it."""

    id: UUID
    label: str
    site_id: UUID
    staff_id: UUID
    username: str
    state: State
    begun_at: datetime
    secret_until: datetime
    browser: str
    enrolled_at: datetime | None
    seen_at: datetime | None
    listed_at: datetime | None
    reported_at: datetime | None
    waiting: int
    last_problem: str | None
    skew: timedelta
    locked_at: datetime | None
    left_at: datetime | None
    wiped_at: datetime | None
    known_again_at: datetime | None


def by_key(session: Session, secret: str) -> Device | None:
    """The device of a key, also when it is locked; None when no device has it."""
    digest = key_digest(session, secret)
    return _device(session.execute(_DEVICE.where(models.Device.key_digest == digest)).first())


def key_digest(session: Session, key: str) -> bytes:
    return keyring_of(session).digest("device-key", key)


def is_given(session: Session, key: str, device_id: UUID | None = None) -> bool:
    """Whether this server once gave a device (this one) this key, whatever it remembers of it."""
    claim = claim_of(keyring_of(session), key)
    return claim is not None and device_id in (None, claim.device_id)


def awaited_person(session: Session, secret: str, *, now: datetime) -> str:
    """The user name of whoever may enrol a browser with a secret. Raises: EnrolmentOver."""
    found = session.scalar(
        select(StaffMember.username)
        .join(models.Device, models.Device.staff_id == StaffMember.id)
        .where(awaited(secret_digest(session, secret), now), StaffMember.left_at.is_(None))
    )
    if found is None:
        raise EnrolmentOver
    return found


def awaited(digest: bytes, now: datetime) -> ColumnElement[bool]:
    """Whether a device waits to be enrolled with the secret of this digest."""
    return and_(
        models.Device.secret_digest == digest,
        models.Device.secret_until > now,
        models.Device.enrolled_at.is_(None),
        models.Device.revoked_at.is_(None),
    )


def secret_digest(session: Session, secret: str) -> bytes:
    return keyring_of(session).digest("device-enrolment", normalise_secret(secret))


def by_id(session: Session, device_id: UUID) -> Device | None:
    """An enrolled device, also when it is locked."""
    enrolled = models.Device.enrolled_at.is_not(None)
    return _device(session.execute(_DEVICE.where(models.Device.id == device_id, enrolled)).first())


def require_key(session: Session, secret: str) -> Device:
    """Raises: UnknownDevice, DeviceRevoked."""
    device = by_key(session, secret)
    if device is None:
        raise UnknownDevice
    if device.revoked_at:
        raise DeviceRevoked
    return device


def devices_of(session: Session, actor: Actor, *, now: datetime) -> list[DeviceFacts]:
    """The devices someone looks after, by label."""
    found = _FACTS.where(models.Device.programme_id == actor.programme_id).order_by(
        models.Device.label, models.Device.id
    )
    place = site_looked_after(actor)
    if place:
        found = found.where(models.Device.site_id == place)
    return [_facts(*row, now=now) for row in session.execute(found)]


def device(session: Session, device_id: UUID, actor: Actor, *, now: datetime) -> DeviceFacts:
    """A device among those someone looks after. Raises: DeviceNotFound."""
    row = session.execute(_FACTS.where(models.Device.id == device_id)).first()
    if row is None or not looks_after(actor, row[0]):
        raise DeviceNotFound
    return _facts(*row, now=now)


def site_looked_after(actor: Actor) -> UUID | None:
    """The only site whose devices someone may see and change; None for those of every site.

    Whoever gives log-ins locks a lost device anywhere; a coupon manager of one site has only that site's.
    """
    return None if actor.may(Permission.EDIT_STAFF) else actor.site_id


def looks_after(actor: Actor, row: models.Device) -> bool:
    return row.programme_id == actor.programme_id and site_looked_after(actor) in (
        None,
        row.site_id,
    )


_DEVICE = (
    select(models.Device, Site.code, StaffMember)
    .join(Site, Site.id == models.Device.site_id)
    .join(StaffMember, StaffMember.id == models.Device.staff_id)
)
_FACTS = select(models.Device, StaffMember.username, StaffMember.left_at).join(
    StaffMember, StaffMember.id == models.Device.staff_id
)


def _device(row: Row[models.Device, str, StaffMember] | None) -> Device | None:
    if row is None:
        return None
    device, site, person = row
    actor = Actor(person.id, device.programme_id, device.site_id, person.username, person.role)
    ends = [moment for moment in (device.revoked_at, person.left_at) if moment]
    return Device(
        device.id,
        device.programme_id,
        site,
        device.label,
        actor,
        device.seen_at,
        min(ends, default=None),
        device.enrolled_at,
    )


def _facts(
    row: models.Device, username: str, left_at: datetime | None, *, now: datetime
) -> DeviceFacts:
    life = Life(row.secret_until, row.enrolled_at, row.revoked_at, left_at)
    return DeviceFacts(
        id=row.id,
        label=row.label,
        site_id=row.site_id,
        staff_id=row.staff_id,
        username=username,
        state=state_of(life, now=now),
        begun_at=row.begun_at,
        secret_until=row.secret_until,
        browser=row.browser,
        enrolled_at=row.enrolled_at,
        seen_at=row.seen_at,
        listed_at=row.listed_at,
        reported_at=row.reported_at,
        waiting=row.waiting,
        last_problem=row.last_problem,
        skew=timedelta(seconds=row.skew_seconds),
        locked_at=life.ended_at,
        left_at=left_at,
        wiped_at=row.wiped_at,
        known_again_at=row.known_again_at,
    )
