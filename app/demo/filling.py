"""Filling a new database with a simulated programme."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from app.core.db import Database
from app.demo.gateways import let_people_call, open_gateways
from app.demo.printed import print_pads
from app.demo.scene import Scene, set_up
from app.demo.season import DAYS, Season
from app.demo.telephone import agree_on_days, announce_visits, ask_to_be_called, say_things
from app.domain.programmes.models import Programme, Site
from app.upkeep import DUTIES
from app.worker import run_once

SEED = 20
DAYS_AT_ONCE = 7

Progress = Callable[[int, int], None]


def fill(database: Database, *, participants: int, now: datetime, tell: Progress) -> Scene:
    """Let a programme of six months that ends now happen. The same every time but for ids, codes and passwords.

    ``tell`` hears how many of the people have come.
    """
    opened = now - timedelta(days=DAYS + 7)
    with database.transaction() as session:
        scene = set_up(session, participants=participants, now=opened)
    season = Season(scene, participants=participants, now=now, rng=random.Random(SEED))
    days = list(season.days())
    for start in range(0, len(days), DAYS_AT_ONCE):
        with database.transaction() as session:
            kept = [*session.scalars(select(Site)), *session.scalars(select(Programme))]
            for day in days[start : start + DAYS_AT_ONCE]:
                season.live(session, day)
            del kept  # until here the session need not read them again for every step of a visit
        tell(season.came, participants)
    print_pads(database, scene, now=now)
    with database.transaction() as session:
        gateways = open_gateways(session, scene, now=opened)
        say_things(session, scene, now=now)
        announce_visits(session, scene, now=now, rng=random.Random(SEED))
        agree_on_days(session, scene, now=now)
        ask_to_be_called(session, scene, now=now)
    let_people_call(database, scene, now=now, rng=random.Random(SEED))
    for duty in DUTIES.values():
        duty.do(database, now)
    while run_once(database, now=now):
        pass
    with database.transaction() as session:
        cards = season.finance.cards_worth_showing(session, now)
    return replace(scene, claim_cards=tuple(cards), gateways=gateways)
