"""A batch of pads: codes drawn, sheets set, one file."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.db import Database
from app.domain.analyses.queries import Result
from app.domain.pads import actions, queries
from app.domain.programmes import queries as programmes
from app.printing.design import find_design
from app.printing.joining import joined
from app.printing.sheet import sheet_pdfs
from app.web.sheets import pad_sheets

PDF = "application/pdf"
# So many pads get their codes in one transaction, and so many sheets are set at once.
RESERVED_AT_ONCE, SET_AT_ONCE = 100, 25
RESERVED, SET = 0.1, 0.98

Advance = Callable[[float], bool]


class _Stopped(Exception):
    """Someone has stopped the printing."""


def print_pads(
    database: Database,
    programme_id: UUID,
    parameters: Mapping[str, Any],
    advance: Advance,
    now: datetime,
) -> Result | None:
    """The sheets of a batch as PDF: of the pads that are nobody's, in an order of their own.

    Its codes are reserved before there is a sheet. A run that begins again takes those that were reserved before.

    Raises:
        UnknownBatch, BatchStopped.
    """
    batch_id = UUID(str(parameters["batch"]))
    left = None
    while left != 0:
        with database.transaction() as session:
            pads = queries.batch(session, batch_id, programme_id=programme_id).pads
            left = actions.reserve(
                session, batch_id, most=RESERVED_AT_ONCE, programme_id=programme_id, now=now
            )
        if not advance(RESERVED * (1 - left / pads)):
            return None
    with database.snapshot() as session:
        batch = queries.batch(session, batch_id, programme_id=programme_id)
        programme = programmes.programme(session, programme_id)
        site = programmes.site(session, batch.site_id)
        cards = queries.to_print(session, batch_id)
    design = find_design(programme.coupon_design)
    sheets = list(pad_sheets(cards, programme, site, room=design.coupons))

    def blocks() -> Iterator[bytes]:
        for number, block in enumerate(sheet_pdfs(sheets, design, block=SET_AT_ONCE), start=1):
            done = min(number * SET_AT_ONCE / len(sheets), 1)
            if not advance(RESERVED + (SET - RESERVED) * done):
                raise _Stopped
            yield block

    if not sheets:
        return None
    try:
        return Result(PDF, joined(blocks()))
    except _Stopped:
        return None
