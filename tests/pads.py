"""Printed pads for tests."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.domain.pads import actions, queries
from app.domain.pads.queries import Name
from tests.factories import NOON, Place


def a_batch(
    session: Session, place: Place, *, pads: int = 1, cards: int = 3, now: datetime = NOON
) -> tuple[UUID, list[tuple[Name, ...]]]:
    """Pads whose sheets were taken away, each as its codes and tokens from the top."""
    batch_id = uuid4()
    actions.order_batch(
        session,
        batch_id,
        site_id=place.site.id,
        pads=pads,
        cards=cards,
        by=place.manager,
        now=now,
    )
    actions.reserve(session, batch_id, most=pads, programme_id=place.programme.id, now=now)
    actions.note_printed(session, batch_id, by=place.manager, now=now)
    return batch_id, queries.to_print(session, batch_id)


def a_pad(session: Session, place: Place, *, cards: int = 3) -> tuple[Name, ...]:
    """One pad."""
    return a_batch(session, place, cards=cards)[1][0]
