from datetime import date
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import apart, put
from app.core.telephone_numbers import number_digest
from app.domain.opt_outs.models import OptOut
from app.domain.opt_outs.queries import has_opted_out


def opt_out(session: Session, programme_id: UUID, msisdn: str, on: date) -> None:
    """Send a number nothing from now on, through no channel. Asking twice is harmless."""
    if has_opted_out(session, programme_id, msisdn):
        return
    row = {
        "programme_id": programme_id,
        "number_digest": number_digest(session, programme_id, msisdn),
        "stopped_on": on,
    }
    try:
        with apart(session) as alone:
            put(alone, OptOut, row)
    except IntegrityError:  # two channels said so at the same moment
        return


def opt_in(session: Session, programme_id: UUID, msisdn: str) -> bool:
    """Let a number be written to again, as its owner says at the desk; tells whether she had stopped."""
    ended = session.execute(
        delete(OptOut).where(
            OptOut.programme_id == programme_id,
            OptOut.number_digest == number_digest(session, programme_id, msisdn),
        )
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]
