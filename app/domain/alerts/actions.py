from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import put
from app.domain.alerts import queries
from app.domain.alerts.errors import NotForYou
from app.domain.alerts.models import StaffNumber, WantedAlert
from app.domain.alerts.rules import AlertKind, kinds_for
from app.domain.contacts.errors import NumberNeeded, UnknownLanguage
from app.domain.contacts.rules import read_msisdn, region_of
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor


def keep_number(
    session: Session,
    *,
    number: str | None,
    kinds: Collection[AlertKind],
    language: str,
    by: Actor,
    now: datetime,
) -> None:
    """Keep someone's own telephone and what she wants to be called for. ``number`` is as it was typed; None leaves the one kept.

    Raises: BadNumber, NumberNeeded, UnknownLanguage, NotForYou.
    """
    programme = programmes.programme(session, by.programme_id)
    if language not in programme.languages:
        raise UnknownLanguage
    if not set(kinds) <= set(kinds_for(by.permissions)):
        raise NotForYou
    known = queries.number_of(session, by.staff_id)
    if number:
        zone = programmes.clock_of(session, by.programme_id, by.site_id)
        msisdn = read_msisdn(number, region_of(zone, programme.currency))
    elif known:
        msisdn = known.msisdn
    else:
        raise NumberNeeded
    _forget(session, by.staff_id)
    sealed = keyring_of(session).seal(
        msisdn.encode(), table=queries.TABLE, column=queries.COLUMN, row=by.staff_id
    )
    own = {"staff_id": by.staff_id, "programme_id": by.programme_id}
    put(session, StaffNumber, own | {"sealed_msisdn": sealed, "language": language})
    if kinds:
        put(session, WantedAlert, [own | {"kind": kind} for kind in sorted(set(kinds))])
    words = sorted(kind.value for kind in set(kinds))
    record_act(session, "alert_number.kept", by.staff_id, by, now, kinds=words)


def remove_number(session: Session, *, by: Actor, now: datetime) -> bool:
    """Forget someone's own telephone; tells whether there was one."""
    if not _forget(session, by.staff_id):
        return False
    record_act(session, "alert_number.removed", by.staff_id, by, now)
    return True


def forget_number(session: Session, staff_id: UUID) -> bool:
    """Forget the telephone of someone who leaves; tells whether there was one."""
    return _forget(session, staff_id)


def _forget(session: Session, staff_id: UUID) -> bool:
    session.execute(delete(WantedAlert).where(WantedAlert.staff_id == staff_id))
    gone = delete(StaffNumber).where(StaffNumber.staff_id == staff_id)
    return bool(session.scalars(gone.returning(StaffNumber.staff_id)).all())
