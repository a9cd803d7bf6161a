from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import put
from app.core.ids import uuid7
from app.core.outbox import emit
from app.domain.cash_days import queries
from app.domain.cash_days.events import FloatLow
from app.domain.cash_days.models import FloatWarning
from app.domain.cash_days.rules import is_low
from app.domain.programmes import queries as programmes
from app.domain.stipends.models import CashFloat


def warn_of_low_floats(session: Session, *, now: datetime) -> int:
    """Tell of every site whose cash is below its protocol's line, once a day of the site; returns how many were told."""
    told = 0
    in_use = select(CashFloat).where(queries.IN_USE).order_by(CashFloat.site_id)
    for row in session.scalars(in_use.execution_options(populate_existing=True)).all():
        rules = programmes.current_protocol(session, row.programme_id).rules
        line = rules.payouts.float_low
        if not is_low(row.balance_minor, line):
            continue
        on = local_date(now, programmes.site(session, row.site_id).timezone)
        if not _warn(session, row, on):
            continue
        event = FloatLow(
            site_id=str(row.site_id),
            on=on.isoformat(),
            balance_minor=row.balance_minor,
            low_minor=line,
            currency=programmes.programme(session, row.programme_id).currency,
        )
        emit(session, event, programme_id=row.programme_id, at=now)
        told += 1
    return told


def _warn(session: Session, row: CashFloat, on: date) -> bool:
    """Note that a day's warning goes out; not when it did already."""
    known = select(FloatWarning.id).where(
        FloatWarning.site_id == row.site_id, FloatWarning.warned_on == on
    )
    if session.scalar(known) is not None:
        return False
    values = {
        "id": uuid7(),
        "programme_id": row.programme_id,
        "site_id": row.site_id,
        "warned_on": on,
    }
    try:
        with session.begin_nested():
            put(session, FloatWarning, values)
    except IntegrityError:  # another worker was telling it in the same moment
        return False
    return True
