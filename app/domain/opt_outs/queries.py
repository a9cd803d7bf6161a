from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.telephone_numbers import number_digest
from app.domain.opt_outs.models import OptOut


def has_opted_out(session: Session, programme_id: UUID, msisdn: str) -> bool:
    """Whether a number asked for no more messages."""
    found = select(OptOut.stopped_on).where(
        OptOut.programme_id == programme_id,
        OptOut.number_digest == number_digest(session, programme_id, msisdn),
    )
    return session.scalar(found) is not None
