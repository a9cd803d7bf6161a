"""Visits announced by telephone are counted; who announced them cannot be told, nor followed from day to day."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.telephone_numbers import number_digest
from app.domain.announcements import actions, queries
from app.domain.announcements.errors import BadDay
from app.domain.announcements.models import Announcement
from tests.factories import NOON, Place, a_place, a_site

TODAY = NOON.date()
HER, ANOTHER = "+380501234567", "+380677654321"


def announce(session: Session, place: Place, msisdn: str = HER, *, day: date = TODAY) -> None:
    caller = number_digest(session, place.programme.id, msisdn)
    actions.announce(session, place.site.id, day, caller, now=NOON)


def rows(session: Session) -> list[Announcement]:
    return list(session.scalars(select(Announcement)))


def test_a_telephone_counts_once_for_a_site_and_day(session: Session) -> None:
    place = a_place(session)
    announce(session, place)
    announce(session, place)
    announce(session, place, ANOTHER)

    assert queries.expected(session, place.site.id, TODAY) == 2
    assert queries.expected(session, place.site.id, TODAY + timedelta(days=1)) == 0
    assert queries.expected_at_sites(session, place.programme.id, TODAY) == {place.site.id: 2}


def test_one_telephone_has_another_digest_for_every_day_and_site(session: Session) -> None:
    place = a_place(session)
    other = a_site(session, place.programme.id)
    caller = number_digest(session, place.programme.id, HER)
    for days in range(3):
        announce(session, place, day=TODAY + timedelta(days=days))
    actions.announce(session, other.id, TODAY, caller, now=NOON)

    digests = {row.caller_digest for row in rows(session)}
    assert len(digests) == 4
    assert caller not in digests


@pytest.mark.parametrize("days", [-1, 3])
def test_a_visit_is_announced_for_today_or_two_days_more(session: Session, days: int) -> None:
    with pytest.raises(BadDay):
        announce(session, a_place(session), day=TODAY + timedelta(days=days))


def test_two_days_after_a_visit_nothing_is_left_of_it(session: Session) -> None:
    place = a_place(session)
    announce(session, place)
    announce(session, place, day=TODAY + timedelta(days=1))

    assert actions.forget_old(session, now=NOON + timedelta(days=1)) == 0
    assert actions.forget_old(session, now=NOON + timedelta(days=2)) == 1
    assert [row.day for row in rows(session)] == [TODAY + timedelta(days=1)]
