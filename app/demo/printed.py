"""Cards printed in advance: some pads to give away, and sheets that nobody has taken away yet."""

from datetime import datetime
from uuid import UUID

from app.core.db import Database
from app.core.ids import random_id
from app.demo.scene import Scene
from app.domain.analyses.actions import request
from app.domain.analyses.rules import AnalysisKind
from app.domain.pads import actions as pads
from app.domain.programmes.queries import SiteFacts, current_protocol
from app.worker import compute

TO_GIVE, TO_TAKE_AWAY = 12, 20


def print_pads(database: Database, scene: Scene, *, now: datetime) -> None:
    """A batch for the first site whose sheets were taken away, and one for the second that waits for that."""
    first, second = scene.sites[:2]
    taken = _print(database, scene, first, TO_GIVE, now)
    with database.transaction() as session:
        pads.note_printed(session, taken, by=scene.manager, now=now)
    _print(database, scene, second, TO_TAKE_AWAY, now)


def _print(database: Database, scene: Scene, place: SiteFacts, count: int, now: datetime) -> UUID:
    batch_id, manager = random_id(), scene.manager
    with database.transaction() as session:
        cards = current_protocol(session, scene.programme_id).rules.coupons_per_bundle
        pads.order_batch(
            session, batch_id, site_id=place.id, pads=count, cards=cards, by=manager, now=now
        )
        asked = {"batch": batch_id.hex}
        run_id = request(session, AnalysisKind.PADS, asked, by=manager, now=now)
        pads.note_run(session, batch_id, run_id, by=manager)
    compute(database, lambda: now)
    return batch_id
