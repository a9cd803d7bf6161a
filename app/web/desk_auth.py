"""Who asks when a device does: its key opens the desk of one person at one site, and nothing else."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import IntegrityError

from app.core.db import Database
from app.domain.devices import actions, queries
from app.domain.devices.errors import DeviceRevoked, UnknownDevice
from app.domain.devices.queries import Device
from app.domain.staff.errors import NotLoggedIn
from app.domain.staff.rules import Permission
from app.web.deps import Db, Now


async def shown_device(request: Request, db: Db, now: Now) -> Device:
    """The device whose key stands in ``Authorization``, also when it is locked.

    Raises:
        NotLoggedIn: no key was shown. A log-in's cookie is none.
        UnknownDevice.
    """
    key = key_shown(request)
    if key is None:
        raise NotLoggedIn
    return await run_in_threadpool(_by_key, db, key, now)


def device_that_may(permission: Permission) -> Callable[..., Awaitable[Device]]:
    """A dependency that lets in devices at work whose person may do this. Raises: DeviceRevoked, NotAllowed."""

    async def check(device: Annotated[Device, Depends(shown_device)]) -> Device:
        if device.revoked_at:
            raise DeviceRevoked
        device.actor.require(permission)
        return device

    check.permission = permission  # type: ignore[attr-defined]
    return check


# Also a locked device, which may still say that it was wiped.
AnyDevice = Annotated[Device, Depends(shown_device)]
DeskDevice = Annotated[Device, Depends(device_that_may(Permission.REDEEM))]


def key_shown(request: Request) -> str | None:
    """The key in ``Authorization``; a log-in's cookie is none."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def known_again(db: Database, key: str, now: datetime) -> Device | None:
    """A device that this server has forgotten and whose key proves itself."""
    try:
        with db.transaction() as session:
            return actions.know_again(session, key, now=now)
    except IntegrityError:  # it came twice at once
        with db.snapshot() as session:
            return queries.by_key(session, key)


def _by_key(db: Database, key: str, now: datetime) -> Device:
    with db.snapshot() as session:
        device = queries.by_key(session, key)
        is_ours = device is not None or queries.is_given(session, key)
    if device is None and is_ours:
        device = known_again(db, key, now)
    if device is None:
        raise UnknownDevice
    if device.is_stale(now):
        with db.transaction() as session:
            actions.note_seen(session, device.id, now=now)
    return device
