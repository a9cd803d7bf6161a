"""What came by telephone, and what was agreed at the desks, in the days before the demonstration's end."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.demo.scene import Scene
from app.domain.alerts.actions import keep_number
from app.domain.alerts.rules import AlertKind
from app.domain.announcements.actions import announce
from app.domain.appointments.actions import agree, keep
from app.domain.appointments.rules import AppointmentKind, PartOfDay
from app.domain.feedback import actions as feedback
from app.domain.feedback import queries as feedbacks
from app.domain.feedback.rules import FeedbackState
from app.domain.participants.models import Participant
from app.domain.participants.queries import consents
from app.domain.participants.rules import Standing


@dataclass(frozen=True)
class Said:
    """What someone said so many days ago, and what was answered."""

    ago: int
    language: str
    text: str
    answer: str = ""
    is_read: bool = False
    is_urgent: bool = False
    is_closed: bool = False


SAID = (
    Said(
        41,
        "uk",
        "Дякую, що чекали на мене, хоч я запізнилася.",
        is_closed=True,
    ),
    Said(
        23,
        "uk",
        "У суботу двері були зачинені о десятій.",
        "Вибачте, ми відчинили запізно. Тепер у суботу працюємо з 10:00 до 15:00.",
        is_read=True,
    ),
    Said(
        9,
        "en",
        "Could there be a bench outside? Waiting is hard in the cold.",
        "Thank you. From next week you can wait inside, where it is warm.",
    ),
    Said(3, "uk", "Людина за столом говорила надто голосно, усі чули.", is_urgent=True),
    Said(1, "uk", "Чи можна прийти з дитиною?"),
    Said(0, "en", "The new card is easier to read. Thank you."),
)
# In how many days some are expected, and what for.
AGREED = (
    (-12, AppointmentKind.VISIT),
    (-2, AppointmentKind.VISIT),
    (0, AppointmentKind.VISIT),
    (0, AppointmentKind.FOLLOW_UP),
    (0, AppointmentKind.VISIT),
    (1, AppointmentKind.VISIT),
    (2, AppointmentKind.FOLLOW_UP),
    (9, AppointmentKind.VISIT),
    (30, AppointmentKind.FOLLOW_UP),
    (84, AppointmentKind.FOLLOW_UP),
)
ANNOUNCED = (3, 2, 1)
AGREED_BEFORE = timedelta(days=14)
ALERT_NUMBER = "+380500009998"


def say_things(session: Session, scene: Scene, *, now: datetime) -> list[str]:
    """Feedback, some of it answered; gives the receipts of what was answered and not read."""
    unread = []
    for each in SAID:
        at = now - timedelta(days=each.ago)
        on = local_date(at, scene.sites[0].timezone)
        receipt = feedback.say(
            session, scene.programme_id, each.text, language=each.language, on=on
        )
        waiting = feedbacks.said(session, scene.programme_id, FeedbackState.WAITING, most=100)
        said = next(one for one in waiting if one.text == each.text)
        by, later = scene.manager, min(at + timedelta(days=1), now)
        if each.is_urgent:
            feedback.mark_urgent(session, said.id, True, by=by, now=later)
        if each.is_closed:
            feedback.close(session, said.id, seen=said.version, by=by, now=later)
        if each.answer:
            feedback.answer(session, said.id, each.answer, seen=said.version, by=by, now=later)
            if each.is_read:
                feedback.read_answer(
                    session, scene.programme_id, receipt, on=on + timedelta(days=3)
                )
            else:
                unread.append(receipt)
    return unread


def announce_visits(session: Session, scene: Scene, *, now: datetime, rng: random.Random) -> None:
    """Some will come today and tomorrow."""
    for site in scene.sites:
        today = local_date(now, site.timezone)
        for offset, visits in enumerate(ANNOUNCED):
            for _ in range(visits):
                day = today + timedelta(days=offset)
                announce(session, site.id, day, rng.randbytes(32), now=now)


def agree_on_days(session: Session, scene: Scene, *, now: datetime) -> None:
    """Some of those who came agreed on a day to come again; one came, one did not, most are still to come."""
    for site in scene.sites:
        people = _some(session, scene, site.id)
        at = now - AGREED_BEFORE
        for days, kind in AGREED:
            person = next(people, None)
            if person is None:
                break
            invited = consents(session, person.id).get("follow_up")
            by = scene.desks[site.id]
            agree(
                session,
                uuid4(),
                person.id,
                site_id=site.id,
                kind=kind if invited else AppointmentKind.VISIT,
                day=local_date(now, site.timezone) + timedelta(days=days),
                part_of_day=PartOfDay.MORNING if days % 2 else PartOfDay.ANY,
                by=by,
                now=at,
            )
            if days == AGREED[0][0]:
                keep(session, person.id, by=by, now=now + timedelta(days=days))


def ask_to_be_called(session: Session, scene: Scene, *, now: datetime) -> None:
    """The lead wants to be called when a batch or feedback waits."""
    keep_number(
        session,
        number=ALERT_NUMBER,
        kinds=[AlertKind.BATCH_WAITS, AlertKind.FEEDBACK_WAITS],
        language="uk",
        by=scene.lead,
        now=now,
    )


def _some(session: Session, scene: Scene, site_id: UUID) -> Iterator[Participant]:
    """Those who came to a site last."""
    rows = session.scalars(
        select(Participant)
        .where(
            Participant.programme_id == scene.programme_id,
            Participant.site_id == site_id,
            Participant.standing == Standing.ENROLLED,
        )
        .order_by(
            Participant.came_on.desc(), Participant.age, Participant.network_size, Participant.sex
        )
        .limit(len(AGREED))
    )
    return iter(rows.all())
