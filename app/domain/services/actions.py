from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import put
from app.core.ids import random_id
from app.domain.services.models import ServiceRecord
from app.domain.services.rules import Service, State, check_service

Given = tuple[Service, State, int]


def give(
    session: Session,
    participant_id: UUID,
    services: Sequence[Given],
    *,
    programme_id: UUID,
    site_id: UUID,
    by: UUID,
    on: date,
    request_id: UUID | None = None,
) -> None:
    """Note what a participant got: service, state and quantity, one row each.

    Asking again under the same ``request_id`` notes nothing twice.

    Raises:
        BadService: a state the service has not, or a quantity out of range; nothing is noted then.
    """
    for service in services:
        check_service(*service)
    rows = [
        {
            "id": uuid5(request_id, f"{service}/{state}") if request_id else random_id(),
            "programme_id": programme_id,
            "site_id": site_id,
            "participant_id": participant_id,
            "service": service,
            "state": state,
            "quantity": quantity,
            "given_on": on,
            "given_by": by,
        }
        for service, state, quantity in services
    ]
    if request_id:
        ids = [row["id"] for row in rows]
        noted = set(session.scalars(select(ServiceRecord.id).where(ServiceRecord.id.in_(ids))))
        rows = [row for row in rows if row["id"] not in noted]
    if rows:
        put(session, ServiceRecord, rows)
