"""The order of a first visit: eligibility, consent, the test before any teaching, interview, training, coupons."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.outbox import OutboxRow
from app.domain.intake.actions import welcome_walk_in
from app.domain.participants.actions import give_consent, withdraw_consent
from app.domain.participants.errors import BadParticipant, UnknownParticipant
from app.domain.participants.models import Participant
from app.domain.participants.queries import consents
from app.domain.participants.rules import Sex, Standing
from app.domain.programmes.rules import Protocol
from app.domain.visits import actions as visits
from app.domain.visits import errors
from app.domain.visits.errors import BadAnswers, NotReadyForBundle, NotReadyForStep
from app.domain.visits.models import BaselineInterview, KnowledgeTest
from app.domain.visits.queries import knowledge_test, progress
from app.domain.visits.rules import Step, next_step
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_place,
    a_redemption,
    a_seed,
    answers,
    go_through_visit,
)


class Desk:
    """The steps of one person's visit, each with what usually happens."""

    def __init__(self, session: Session, place: Place, person: UUID) -> None:
        self.session, self.place, self.person = session, place, person

    def screen(self, **given: Any) -> list[str]:
        usual: dict[str, Any] = {
            "sex": Sex.FEMALE,
            "age": 30,
            "adult_confirmed": True,
            "injected_recently": True,
        }
        return visits.screen(self.session, self.person, **(usual | given), **self.by())

    def consent(self, **given: bool) -> None:
        visits.ask_consent(self.session, self.person, given or {"participation": True}, **self.by())

    def test(self, correct: int = 8) -> int:
        return visits.take_knowledge_test(self.session, self.person, answers(correct), **self.by())

    def interview(self, **given: Any) -> None:
        usual: dict[str, Any] = {"network_size": 5, "never_reached_before": True, "answers": {}}
        visits.interview(self.session, self.person, **(usual | given), **self.by())

    def train(self) -> None:
        visits.train(self.session, self.person, **self.by())

    def bundle(self) -> None:
        visits.give_bundle(self.session, self.person, **self.by())

    def by(self) -> dict[str, Any]:
        return {"by": self.place.intake, "now": LATER}

    def standing(self) -> Standing:
        return self.session.get_one(Participant, self.person).standing

    def next(self) -> Step:
        return next_step(
            progress(self.session, self.person, programme_id=self.place.programme.id),
            after=Step.STIPEND,
        )


@pytest.fixture
def desk(session: Session) -> Desk:
    place = a_place(session)
    return Desk(session, place, a_redemption(session, place).participant_id)


def test_a_visit_goes_through_its_steps_in_order_and_ends_with_coupons(desk: Desk) -> None:
    steps: dict[Step, Callable[[], object]] = {
        Step.ELIGIBILITY: desk.screen,
        Step.CONSENT: desk.consent,
        Step.KNOWLEDGE_TEST: desk.test,
        Step.INTERVIEW: desk.interview,
        Step.TRAINING: desk.train,
        Step.BUNDLE: desk.bundle,
    }
    taken = []
    while (step := desk.next()) is not Step.DONE:
        taken.append(step)
        steps[step]()

    assert taken == list(steps)
    assert desk.standing() is Standing.ENROLLED


@pytest.mark.parametrize("early", ["consent", "test", "interview", "train"])
def test_nothing_comes_before_screening(desk: Desk, early: str) -> None:
    with pytest.raises(NotReadyForStep):
        getattr(desk, early)()


@pytest.mark.parametrize("early", ["test", "interview", "train"])
@pytest.mark.parametrize("answered", [False, None])
def test_nothing_but_services_comes_without_consent(
    desk: Desk, early: str, answered: bool | None
) -> None:
    desk.screen()
    if answered is not None:
        desk.consent(participation=answered)

    with pytest.raises(NotReadyForStep):
        getattr(desk, early)()


@pytest.mark.parametrize("early", ["interview", "train"])
def test_a_recruit_is_tested_before_staff_teach_her_anything(desk: Desk, early: str) -> None:
    desk.screen()
    desk.consent()

    with pytest.raises(NotReadyForStep):
        getattr(desk, early)()


def test_a_test_is_scored_once_and_then_locked(desk: Desk) -> None:
    desk.screen()
    desk.consent()
    assert desk.test(5) == 5

    with pytest.raises(errors.TestAlreadyScored):
        desk.test(8)
    row = desk.session.get_one(KnowledgeTest, desk.person)
    assert (row.correct, row.items, row.version) == (5, 8, knowledge_test()[0])


@pytest.mark.parametrize("change", ["missing", "foreign"])
def test_a_test_with_a_missing_or_foreign_answer_is_refused_whole(desk: Desk, change: str) -> None:
    desk.screen()
    desk.consent()
    given = answers(8)
    given.pop(next(iter(given)))
    if change == "foreign":
        given["of_another_test"] = "a"

    with pytest.raises(BadAnswers):
        visits.take_knowledge_test(desk.session, desk.person, given, **desk.by())
    assert desk.session.get(KnowledgeTest, desk.person) is None


@pytest.mark.parametrize(
    ("given", "reasons"),
    [
        ({"age": 18}, []),
        ({"age": 17}, ["under_age"]),
        ({"age": None}, []),
        ({"age": None, "adult_confirmed": False}, ["under_age"]),
        ({"injected_recently": False}, ["not_recently_injected"]),
        ({"injected_recently": None}, ["not_recently_injected"]),
        ({"age": 12, "injected_recently": False}, ["under_age", "not_recently_injected"]),
    ],
)
def test_who_is_eligible(desk: Desk, given: dict[str, Any], reasons: list[str]) -> None:
    assert desk.screen(**given) == reasons
    assert desk.standing() is (Standing.INELIGIBLE if reasons else Standing.ARRIVED)


def test_the_age_is_the_programmes_to_set(session: Session) -> None:
    place = a_place(session, protocol=Protocol(minimum_age=16))
    desk = Desk(session, place, a_redemption(session, place).participant_id)

    assert desk.screen(age=16) == []


def test_a_slip_in_the_screening_can_be_put_right_until_she_is_enrolled(desk: Desk) -> None:
    assert desk.screen(age=3 * 5) == ["under_age"]
    assert desk.screen(age=51) == []
    desk.consent()
    desk.test()
    desk.interview()

    with pytest.raises(NotReadyForStep):
        desk.screen(age=15)


@pytest.mark.parametrize("age", [9, 111, -1])
def test_an_age_nobody_has_is_refused(desk: Desk, age: int) -> None:
    with pytest.raises(BadParticipant):
        desk.screen(age=age)


@pytest.mark.parametrize("network_size", [-1, 10_001])
def test_a_network_nobody_has_is_refused(desk: Desk, network_size: int) -> None:
    desk.screen()
    desk.consent()
    desk.test()

    with pytest.raises(BadParticipant):
        desk.interview(network_size=network_size)


def test_an_interview_held_again_replaces_the_answers_and_completes_nothing_twice(
    desk: Desk,
) -> None:
    go_through_visit(desk.session, desk.place, desk.person)

    desk.interview(network_size=40, answers={"housing": "shared"})

    assert desk.session.get_one(Participant, desk.person).network_size == 40
    kept = desk.session.get_one(BaselineInterview, desk.person)
    assert kept.answers == {"housing": "shared"}
    completed = select(OutboxRow).where(OutboxRow.kind == "VisitCompleted")
    assert len(desk.session.scalars(completed).all()) == 1


def test_nobody_is_enrolled_before_the_visit_is_complete(desk: Desk) -> None:
    desk.screen()
    desk.consent()
    desk.test()
    assert desk.standing() is Standing.ARRIVED
    desk.interview()
    assert desk.standing() is Standing.ENROLLED


def test_a_walk_in_is_interviewed_without_a_test_and_gets_no_coupons(session: Session) -> None:
    place = a_place(session)
    person = welcome_walk_in(session, site=place.site.code, uic=None, by=place.intake, now=LATER)
    desk = Desk(session, place, person)
    go_through_visit(session, place, person, correct=None)
    desk.train()

    assert desk.standing() is Standing.ENROLLED
    with pytest.raises(NotReadyForBundle):
        desk.bundle()


@pytest.mark.parametrize("other", ["screen", "consent", "test", "interview", "train", "bundle"])
def test_a_desk_of_another_programme_does_not_know_her(desk: Desk, other: str) -> None:
    go_through_visit(desk.session, desk.place, desk.person)
    stranger = Desk(desk.session, a_place(desk.session), desk.person)

    with pytest.raises(UnknownParticipant):
        getattr(stranger, other)()


def test_each_purpose_has_its_own_answer_and_one_that_is_taken_back_is_no(desk: Desk) -> None:
    desk.screen()
    desk.consent(participation=True, follow_up=True)
    withdraw_consent(
        desk.session,
        desk.person,
        "follow_up",
        programme_id=desk.place.programme.id,
        on=LATER.date(),
    )

    assert consents(desk.session, desk.person) == {"participation": True, "follow_up": False}


def test_the_latest_words_count_even_from_the_ninth_version_to_the_tenth(desk: Desk) -> None:
    for version, day, given in (("9", NOON, True), ("10", LATER, False)):
        give_consent(
            desk.session,
            desk.person,
            {"participation": given},
            programme_id=desk.place.programme.id,
            version=version,
            on=day.date(),
        )

    assert consents(desk.session, desk.person) == {"participation": False}


def test_a_seed_is_enrolled_ready_for_coupons_in_wave_zero(session: Session) -> None:
    place = a_place(session)
    seed = session.get_one(Participant, a_seed(session, place))

    assert (seed.standing, seed.wave, seed.came_on) == (Standing.ENROLLED, 0, NOON.date())
    assert consents(session, seed.id) == {"participation": True}
    Desk(session, place, seed.id).bundle()


@pytest.mark.parametrize("age", [17, 5, 200])
def test_a_seed_too_young_or_of_no_age_is_not_enrolled(session: Session, age: int) -> None:
    place = a_place(session)

    with pytest.raises((NotReadyForStep, BadParticipant)):
        a_seed(session, place, age=age)


def test_two_educators_scoring_one_test_at_once_score_it_once(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        desk = Desk(session, place, a_redemption(session, place).participant_id)
        desk.screen()
        desk.consent()

    def attempt(correct: int) -> int | None:
        try:
            with database.transaction() as session:
                return Desk(session, place, desk.person).test(correct)
        except errors.TestAlreadyScored:
            return None

    with ThreadPoolExecutor(4) as educators:
        scores = [score for score in educators.map(attempt, (3, 4, 5, 6)) if score is not None]
    assert len(scores) == 1
