from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.services.models import ServiceRecord
from app.domain.services.rules import Service, State


def given_to(session: Session, participant_id: UUID) -> list[tuple[Service, State, int]]:
    """What a participant got so far: service, state, quantity."""
    rows = session.execute(
        select(ServiceRecord.service, ServiceRecord.state, func.sum(ServiceRecord.quantity))
        .where(ServiceRecord.participant_id == participant_id)
        .group_by(ServiceRecord.service, ServiceRecord.state)
        .order_by(ServiceRecord.service)
    )
    return [(service, state, int(quantity)) for service, state, quantity in rows]
