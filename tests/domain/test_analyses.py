"""What is computed in the background: asked for once, taken by one worker, kept sealed, and seen by its programme only."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import KeyProblem, Keyring
from app.core.db import Database
from app.domain.analyses import queries
from app.domain.analyses.actions import (
    WORKERS_LOST,
    TakenRun,
    advance,
    cancel,
    fail,
    finish,
    give_back,
    note_read,
    remove_old,
    request,
    take,
)
from app.domain.analyses.errors import BadAnalysis, TooManyAnalyses, UnknownAnalysis
from app.domain.analyses.models import AnalysisRun
from app.domain.analyses.queries import Result, latest, result_of, run, runs_of, wants_worker
from app.domain.analyses.rules import (
    KEPT,
    LEASE,
    MOST_ATTEMPTS,
    MOST_UNDER_WAY,
    AnalysisKind,
    Parameter,
    RunState,
)
from app.domain.audit.models import AuditEvent
from tests.factories import NOON, Place, a_place, a_seed

QUESTION: dict[str, Parameter] = {
    "trait": "sex",
    "estimator": "rds_ii",
    "replicates": 500,
    "seed": 1,
}
ANSWER = Result("application/json", b'{"share": 0.31}')
SOON = NOON + timedelta(minutes=1)


def a_run(session: Session, place: Place, **parameters: Parameter) -> UUID:
    return request(session, AnalysisKind.ESTIMATE, QUESTION | parameters, by=place.lead, now=NOON)


def taken(session: Session) -> TakenRun:
    found = take(session, now=NOON)
    assert found is not None
    return found


def state(session: Session, place: Place, run_id: UUID) -> RunState:
    return run(session, place.programme.id, run_id).state


def test_a_run_waits_until_a_worker_takes_it_and_is_done_with_its_result(session: Session) -> None:
    place = a_place(session)
    run_id = a_run(session, place)
    assert run(session, place.programme.id, run_id).is_under_way
    assert result_of(session, place.programme.id, run_id) is None

    mine = taken(session)
    assert (mine.id, mine.kind, dict(mine.parameters)) == (run_id, "estimate", QUESTION)
    assert advance(session, mine, 0.4, now=SOON)
    assert run(session, place.programme.id, run_id).progress == 0.4
    assert finish(session, mine, ANSWER, now=SOON)

    facts = run(session, place.programme.id, run_id)
    assert (facts.state, facts.progress, facts.is_under_way) == (RunState.DONE, 1.0, False)
    assert (facts.started_at, facts.finished_at) == (NOON, SOON)
    assert result_of(session, place.programme.id, run_id) == ANSWER
    assert take(session, now=NOON) is None


def test_asking_again_while_the_same_is_under_way_gives_the_same_run(session: Session) -> None:
    place = a_place(session)
    first = a_run(session, place)
    mixed = dict(reversed(QUESTION.items()))
    again = request(session, AnalysisKind.ESTIMATE, mixed, by=place.lead, now=SOON)
    taken(session)
    while_computed = a_run(session, place)

    assert first == again == while_computed
    assert len(runs_of(session, place.programme.id)) == 1


def test_another_question_or_newer_figures_are_another_run(session: Session) -> None:
    place = a_place(session)
    first = a_run(session, place)
    other_kind = request(session, AnalysisKind.FORECAST, QUESTION, by=place.lead, now=NOON)
    other_seed = a_run(session, place, seed=2)
    a_seed(session, place)
    newer = a_run(session, place)
    tomorrow = request(
        session, AnalysisKind.ESTIMATE, QUESTION, by=place.lead, now=NOON + timedelta(days=1)
    )

    assert len({first, other_kind, other_seed, newer, tomorrow}) == 5


def test_what_was_done_or_cancelled_can_be_asked_again(session: Session) -> None:
    place = a_place(session)
    done = a_run(session, place)
    finish(session, taken(session), ANSWER, now=SOON)
    second = a_run(session, place)
    cancel(session, second, by=place.lead, now=SOON)
    third = a_run(session, place)

    assert len({done, second, third}) == 3


def test_two_programmes_ask_the_same_each_for_itself(session: Session) -> None:
    assert a_run(session, a_place(session)) != a_run(session, a_place(session))


def test_the_run_of_another_programme_is_not_found(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    run_id = a_run(session, place)
    finish(session, taken(session), ANSWER, now=SOON)

    for ask in (
        lambda: run(session, other.programme.id, run_id),
        lambda: result_of(session, other.programme.id, run_id),
        lambda: cancel(session, run_id, by=other.lead, now=SOON),
        lambda: note_read(session, run_id, by=other.lead, now=SOON),
    ):
        with pytest.raises(UnknownAnalysis):
            ask()
    assert runs_of(session, other.programme.id) == []
    assert latest(session, other.programme.id, AnalysisKind.ESTIMATE, QUESTION) is None


def test_a_result_is_sealed_in_the_table_for_its_own_row(
    session: Session, keyring: Keyring
) -> None:
    place = a_place(session)
    run_id = a_run(session, place)
    finish(session, taken(session), ANSWER, now=SOON)

    sealed = session.scalars(select(AnalysisRun.sealed_result)).one()
    assert sealed is not None
    assert ANSWER.content not in sealed
    where = {"table": "analysis_run", "column": "sealed_result"}
    assert keyring.open(sealed, **where, row=run_id) == ANSWER.content
    with pytest.raises(KeyProblem):
        keyring.open(sealed, **where, row=place.programme.id)


def test_the_latest_run_of_a_question_is_found_by_its_state(session: Session) -> None:
    place = a_place(session)
    done = a_run(session, place)
    finish(session, taken(session), ANSWER, now=SOON)
    waiting = request(session, AnalysisKind.ESTIMATE, QUESTION, by=place.lead, now=SOON)
    a_run(session, place, seed=7)

    def newest(*states: RunState) -> UUID | None:
        chosen = {"states": states} if states else {}
        found = latest(session, place.programme.id, AnalysisKind.ESTIMATE, QUESTION, **chosen)
        return found.id if found else None

    assert newest() == waiting
    assert newest(RunState.DONE) == done
    assert newest(RunState.FAILED) is None


def test_a_result_is_of_now_until_someone_comes_or_the_day_ends(session: Session) -> None:
    place = a_place(session)
    a_seed(session, place)
    run_id = a_run(session, place)
    today = local_date(NOON, place.site.timezone)

    def is_of_now(days: int = 0) -> bool:
        day = today + timedelta(days=days)
        return queries.is_of_now(session, place.programme.id, run_id, today=day)

    assert is_of_now()
    assert not is_of_now(days=1)
    a_seed(session, place)
    assert not is_of_now()


def test_a_cancelled_run_stops_its_worker_and_keeps_nothing(session: Session) -> None:
    place = a_place(session)
    run_id = a_run(session, place)
    mine = taken(session)
    cancel(session, run_id, by=place.lead, now=SOON)

    assert not advance(session, mine, 0.5, now=SOON)
    assert not finish(session, mine, ANSWER, now=SOON)
    assert not give_back(session, mine)
    assert not fail(session, mine, "late", now=SOON)
    assert state(session, place, run_id) is RunState.CANCELLED
    assert take(session, now=NOON + 2 * LEASE) is None


def test_what_is_done_cannot_be_cancelled(session: Session) -> None:
    place = a_place(session)
    run_id = a_run(session, place)
    finish(session, taken(session), ANSWER, now=SOON)
    cancel(session, run_id, by=place.lead, now=SOON)

    assert state(session, place, run_id) is RunState.DONE
    assert result_of(session, place.programme.id, run_id) == ANSWER


def test_a_run_that_cannot_be_computed_says_why_by_a_code(session: Session) -> None:
    place = a_place(session)
    run_id = a_run(session, place)
    assert fail(session, taken(session), "unknown_trait", now=SOON)

    facts = run(session, place.programme.id, run_id)
    assert (facts.state, facts.failure, facts.finished_at) == (
        RunState.FAILED,
        "unknown_trait",
        SOON,
    )
    assert result_of(session, place.programme.id, run_id) is None


def test_a_run_whose_worker_was_lost_is_anothers_and_the_first_can_no_longer_end_it(
    session: Session,
) -> None:
    place = a_place(session)
    run_id = a_run(session, place)
    lost = taken(session)
    assert take(session, now=NOON + LEASE) is None
    after = NOON + LEASE + timedelta(seconds=1)
    second = take(session, now=after)

    assert second is not None
    assert (second.id, second.attempt) == (run_id, 2)
    assert not advance(session, lost, 0.9, now=after)
    assert not finish(session, lost, ANSWER, now=after)
    assert finish(session, second, ANSWER, now=after)


def test_telling_of_progress_keeps_the_lease(session: Session) -> None:
    a_run(session, a_place(session))
    mine = taken(session)
    advance(session, mine, 0.5, now=NOON + LEASE)

    assert take(session, now=NOON + LEASE + LEASE) is None


def test_a_run_is_given_up_when_three_workers_were_lost_over_it(session: Session) -> None:
    place = a_place(session)
    run_id, behind = a_run(session, place), a_run(session, place, seed=2)
    now = NOON
    for attempt in range(1, MOST_ATTEMPTS + 1):
        mine = take(session, now=now)
        assert mine is not None
        assert (mine.id, mine.attempt) == (run_id, attempt)
        now += LEASE + timedelta(seconds=1)

    following = take(session, now=now)
    assert following is not None
    assert following.id == behind
    facts = run(session, place.programme.id, run_id)
    assert (facts.state, facts.failure) == (RunState.FAILED, WORKERS_LOST)


def test_a_run_that_was_given_back_waits_and_loses_no_attempt(session: Session) -> None:
    place = a_place(session)
    run_id = a_run(session, place)
    for _ in range(MOST_ATTEMPTS + 1):
        mine = taken(session)
        advance(session, mine, 0.5, now=SOON)
        assert give_back(session, mine)
        facts = run(session, place.programme.id, run_id)
        assert (facts.state, facts.progress, facts.started_at) == (RunState.WAITING, 0.0, None)

    assert taken(session).attempt == 1


def test_runs_are_taken_in_the_order_they_were_asked_for(session: Session) -> None:
    place = a_place(session)
    later = request(session, AnalysisKind.ESTIMATE, QUESTION, by=place.lead, now=SOON)
    earlier = a_run(session, place, seed=2)

    assert [taken(session).id, taken(session).id] == [earlier, later]


def test_workers_at_once_take_each_run_exactly_once(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        runs = {a_run(session, place, seed=seed) for seed in range(5)}
    together = Barrier(8)

    def try_to_take(_: int) -> UUID | None:
        together.wait()
        with database.transaction() as session:
            mine = take(session, now=NOON)
            return mine.id if mine else None

    with ThreadPoolExecutor(8) as workers:
        got = list(workers.map(try_to_take, range(8)))
    with database.transaction() as session:  # whom a lock sent away empty-handed comes again
        while mine := take(session, now=NOON):
            got.append(mine.id)

    found = [each for each in got if each]
    assert set(found) == runs
    assert len(found) == len(runs)


def test_two_who_ask_the_same_in_one_moment_follow_one_run(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
    together = Barrier(6)

    def ask(_: int) -> UUID:
        together.wait()
        with database.transaction() as session:
            return a_run(session, place)

    with ThreadPoolExecutor(6) as leads:
        asked = set(leads.map(ask, range(6)))

    assert len(asked) == 1
    with database.snapshot() as session:
        assert [each.id for each in runs_of(session, place.programme.id)] == list(asked)


def test_a_programme_has_only_so_many_under_way(session: Session) -> None:
    place = a_place(session)
    first, *_ = [a_run(session, place, seed=seed) for seed in range(MOST_UNDER_WAY)]
    with pytest.raises(TooManyAnalyses):
        a_run(session, place, seed=99)

    assert a_run(session, place, seed=0) == first
    a_run(session, a_place(session))
    cancel(session, first, by=place.lead, now=SOON)
    a_run(session, place, seed=99)


@pytest.mark.parametrize(
    "parameters",
    [
        {"note": "x" * 61},
        {"x" * 61: 1},
        {"share": float("nan")},
        {"people": ["a"]},
        {f"p{number}": number for number in range(21)},
    ],
)
def test_parameters_are_a_few_short_words_and_numbers(
    session: Session, parameters: dict[str, Parameter]
) -> None:
    place = a_place(session)
    with pytest.raises(BadAnalysis):
        request(session, AnalysisKind.ESTIMATE, parameters, by=place.lead, now=NOON)

    assert runs_of(session, place.programme.id) == []


def test_what_ended_long_ago_is_removed_with_its_result(session: Session) -> None:
    place = a_place(session)
    done, waiting = a_run(session, place), a_run(session, place, seed=2)
    finish(session, taken(session), ANSWER, now=NOON)
    much_later = NOON + KEPT + timedelta(seconds=1)

    assert remove_old(session, now=NOON + KEPT) == 0
    assert remove_old(session, now=much_later) == 1
    with pytest.raises(UnknownAnalysis):
        run(session, place.programme.id, done)
    assert state(session, place, waiting) is RunState.WAITING


def test_a_worker_is_wanted_while_something_waits_was_lost_or_is_old(session: Session) -> None:
    assert not wants_worker(session, now=NOON)
    a_run(session, a_place(session))
    assert wants_worker(session, now=NOON)
    mine = taken(session)
    assert not wants_worker(session, now=NOON + LEASE)
    assert wants_worker(session, now=NOON + LEASE + timedelta(seconds=1))
    finish(session, mine, ANSWER, now=NOON)
    assert not wants_worker(session, now=NOON + KEPT)
    assert wants_worker(session, now=NOON + KEPT + timedelta(seconds=1))


def test_asking_cancelling_and_reading_are_recorded_and_asking_twice_once(
    session: Session,
) -> None:
    place = a_place(session)
    run_id = a_run(session, place)
    a_run(session, place)
    note_read(session, run_id, by=place.lead, now=SOON)
    cancel(session, run_id, by=place.lead, now=SOON)
    cancel(session, run_id, by=place.lead, now=SOON)

    events = session.scalars(
        select(AuditEvent).where(AuditEvent.subject == str(run_id)).order_by(AuditEvent.id)
    ).all()
    assert [each.action for each in events] == [
        "analysis.requested",
        "analysis.read",
        "analysis.cancelled",
    ]
    assert {(each.staff_id, each.programme_id) for each in events} == {
        (place.lead.staff_id, place.programme.id)
    }
