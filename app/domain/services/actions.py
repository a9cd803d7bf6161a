from collections.abc import Sequence
from datetime import date
from uuid import UUID

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
) -> None:
    """Note what a participant got: service, state and quantity, one row each.

    Raises:
        BadService: a state the service has not, or a quantity out of range; nothing is noted then.
    """
    for service in services:
        check_service(*service)
    rows = [
        {
            "id": random_id(),
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
    if rows:
        put(session, ServiceRecord, rows)
