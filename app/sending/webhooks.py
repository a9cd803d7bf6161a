"""Tells other systems what happened: each delivery is taken by one worker, sent with no transaction open, and noted.

Every event is delivered at least once. A worker that dies has told nobody, or somebody twice: the id is the same.
"""

import random
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from app.core.db import Database
from app.domain.webhooks import actions, queries
from app.domain.webhooks.rules import headers_of
from app.sending.posting import Posting

# One system that has much to hear does not keep the others waiting.
IN_A_ROW = 20
MEDIA_TYPE = "application/json"


def deliver_due(
    database: Database,
    clock: Callable[[], datetime],
    posting: Posting,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send what is due; returns how much was tried. Two workers at once share the work."""
    with database.snapshot() as session:  # a look costs no writer its turn
        waiting = queries.endpoints_due(session, now=clock())
    return sum(
        _tell(database, each, clock, posting, is_stopping) for each in waiting if not is_stopping()
    )


def _tell(
    database: Database,
    endpoint_id: UUID,
    clock: Callable[[], datetime],
    posting: Posting,
    is_stopping: Callable[[], bool],
) -> int:
    """Tell one system what waits for it, until it once fails to listen."""
    tried = 0
    while tried < IN_A_ROW and not is_stopping():
        with database.transaction() as session:
            taken = actions.take(session, endpoint_id, now=clock())
        if taken is None:
            break
        tried += 1
        now = clock()
        headers = headers_of(taken.keys, webhook_id=taken.webhook_id, body=taken.body, now=now)
        headers["Content-Type"] = MEDIA_TYPE
        said = posting.post(taken.url, headers, taken.body, now=now)
        with database.transaction() as session:
            was_heard = actions.note(session, taken, said, luck=random.random(), now=clock())
        if not was_heard:
            break
    return tried
