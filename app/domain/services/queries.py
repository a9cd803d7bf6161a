from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.services.models import ServiceRecord
from app.domain.services.rules import Service, State


def given_to(
    session: Session, participant_id: UUID, *, on: date | None = None
) -> list[tuple[Service, State, int]]:
    """What a participant got so far, or on one day: service, state, quantity."""
    of_her = ServiceRecord.participant_id == participant_id
    rows = session.execute(
        select(ServiceRecord.service, ServiceRecord.state, func.sum(ServiceRecord.quantity))
        .where(of_her if on is None else of_her & (ServiceRecord.given_on == on))
        .group_by(ServiceRecord.service, ServiceRecord.state)
        .order_by(ServiceRecord.service)
    )
    return [(service, state, int(quantity)) for service, state, quantity in rows]
