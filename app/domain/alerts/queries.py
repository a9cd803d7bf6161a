from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.alerts.models import StaffNumber, WantedAlert
from app.domain.alerts.rules import NEEDED, AlertKind
from app.domain.staff.models import StaffMember
from app.domain.staff.rules import PERMISSIONS

TABLE, COLUMN = "staff_number", "sealed_msisdn"


@dataclass(frozen=True)
class OwnNumber:
    """Someone's own telephone and what she wants to be called for. The number is in no ``repr``."""

    msisdn: str = field(repr=False)
    language: str
    kinds: frozenset[AlertKind]


@dataclass(frozen=True)
class ToCall:
    """Someone on the staff to be called to the pages."""

    staff_id: UUID
    site_id: UUID | None
    msisdn: str = field(repr=False)
    language: str


def number_of(session: Session, staff_id: UUID) -> OwnNumber | None:
    row = session.get(StaffNumber, staff_id, populate_existing=True)
    if row is None:
        return None
    kinds = session.scalars(select(WantedAlert.kind).where(WantedAlert.staff_id == staff_id))
    return OwnNumber(_open(session, row), row.language, frozenset(kinds))


def to_call(
    session: Session,
    programme_id: UUID,
    kind: AlertKind,
    *,
    site_id: UUID | None = None,
    besides: UUID | None = None,
) -> list[ToCall]:
    """Whoever wants to be called for something, is still there, and may open the page it leads to.

    ``site_id`` leaves out those who work at another site only; ``besides`` leaves out one person, who caused it, say.
    """
    rows = session.execute(
        select(StaffNumber, StaffMember.site_id, StaffMember.role)
        .join(WantedAlert, WantedAlert.staff_id == StaffNumber.staff_id)
        .join(StaffMember, StaffMember.id == StaffNumber.staff_id)
        .where(
            StaffNumber.programme_id == programme_id,
            WantedAlert.kind == kind,
            StaffMember.left_at.is_(None),
        )
        .order_by(StaffNumber.staff_id)
    )
    return [
        ToCall(row.staff_id, place, _open(session, row), row.language)
        for row, place, role in rows
        if row.staff_id != besides
        and PERMISSIONS[role] & NEEDED[kind]
        and (site_id is None or place in (None, site_id))
    ]


def _open(session: Session, row: StaffNumber) -> str:
    return (
        keyring_of(session)
        .open(row.sealed_msisdn, table=TABLE, column=COLUMN, row=row.staff_id)
        .decode()
    )
