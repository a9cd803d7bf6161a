"""The worker computes what waits: with no transaction open, telling how far it is, and outliving whatever goes wrong."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from analysis.errors import SampleError
from app import worker
from app.computations import Advance, Computation
from app.core.db import Database, NotCommitted
from app.domain.analyses import actions
from app.domain.analyses.actions import cancel, request
from app.domain.analyses.errors import UnknownAnalysis
from app.domain.analyses.queries import Result, RunFacts, result_of, run
from app.domain.analyses.rules import KEPT, AnalysisKind, Parameter, RunState
from app.worker import PROGRESS_EVERY, BackgroundWorker, compute
from tests.factories import NOON, Place, a_place

ANSWER = Result("application/json", b"{}")


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


def ask(database: Database, place: Place, **parameters: Parameter) -> UUID:
    with database.transaction() as session:
        return request(session, AnalysisKind.ESTIMATE, parameters, by=place.lead, now=NOON)


def facts(database: Database, place: Place, run_id: UUID) -> RunFacts:
    with database.snapshot() as session:
        return run(session, place.programme.id, run_id)


def noon() -> datetime:
    return NOON


class Clock:
    """Goes a step on each time it is read."""

    def __init__(self, step: timedelta) -> None:
        self.now, self.step = NOON, step

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@pytest.fixture
def computing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Computation], None]:
    """Makes a function what computes estimates."""

    def be(computation: Computation) -> None:
        monkeypatch.setattr(worker, "KINDS", {"estimate": computation})

    return be


Be = Callable[[Computation], None]


def test_a_run_is_computed_with_its_parameters_and_kept(
    database: Database, place: Place, computing: Be
) -> None:
    got: list[object] = []

    def computation(
        database: Database,
        programme_id: UUID,
        parameters: Mapping[str, Any],
        advance: Advance,
        now: datetime,
    ) -> Result:
        got.extend([programme_id, dict(parameters), advance(0.5), now])
        with database.transaction() as session:  # would wait for itself if the worker held one
            session.connection()
        return ANSWER

    computing(computation)
    run_id = ask(database, place, trait="sex")

    assert compute(database, noon) == 1
    assert compute(database, noon) == 0
    assert got == [place.programme.id, {"trait": "sex"}, True, NOON]
    assert facts(database, place, run_id).state is RunState.DONE
    with database.snapshot() as session:
        assert result_of(session, place.programme.id, run_id) == ANSWER


def test_progress_can_be_read_while_it_is_computed_and_is_not_written_at_every_word(
    database: Database, place: Place, computing: Be, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = ask(database, place)
    written: list[float] = []
    kept = actions.advance

    def advance(session: Any, taken: Any, share: float, **given: Any) -> bool:
        written.append(share)
        return kept(session, taken, share, **given)

    monkeypatch.setattr(actions, "advance", advance)
    seen: list[float] = []

    def computation(*given: Any) -> Result:
        for hundredth in range(100):
            given[3](hundredth / 100)
        seen.append(facts(database, place, run_id).progress)
        return ANSWER

    computing(computation)
    compute(database, Clock(PROGRESS_EVERY / 10))

    assert written == [each / 100 for each in range(0, 100, 10)]
    assert seen == [0.9]


def test_a_refusal_is_kept_by_its_code_and_the_next_run_is_computed(
    database: Database, place: Place, computing: Be
) -> None:
    def computation(*given: Any) -> Result:
        if given[2]["trait"] == "nothing":
            raise SampleError("unknown_trait", "There is no such trait.")
        return ANSWER

    computing(computation)
    bad, good = ask(database, place, trait="nothing"), ask(database, place, trait="sex")
    assert [compute(database, noon), compute(database, noon)] == [1, 1]

    failed = facts(database, place, bad)
    assert (failed.state, failed.failure) == (RunState.FAILED, "unknown_trait")
    assert facts(database, place, good).state is RunState.DONE


def test_an_error_nobody_expected_fails_its_run_only_and_its_words_stay_out_of_the_log(
    database: Database, place: Place, computing: Be, caplog: pytest.LogCaptureFixture
) -> None:
    def computation(*given: Any) -> Result:
        raise ZeroDivisionError(f"someone of {given[2]['trait']}")

    computing(computation)
    run_id = ask(database, place, trait="380441112233")
    with caplog.at_level(logging.DEBUG):
        assert compute(database, noon) == 1

    assert facts(database, place, run_id).failure == worker.BROKEN
    assert "ZeroDivisionError" in caplog.text
    assert "380441112233" not in caplog.text


def test_a_kind_that_nothing_computes_fails(
    database: Database, place: Place, computing: Be
) -> None:
    def unused(*_: Any) -> Result:
        raise AssertionError

    computing(unused)
    with database.transaction() as session:
        run_id = request(session, AnalysisKind.FORECAST, {}, by=place.lead, now=NOON)
    compute(database, noon)

    assert facts(database, place, run_id).failure == worker.UNKNOWN_KIND


def test_a_computation_is_told_that_its_run_was_cancelled(
    database: Database, place: Place, computing: Be
) -> None:
    run_id = ask(database, place)
    answers: list[bool] = []

    def computation(*given: Any) -> None:
        answers.append(given[3](0.1))
        with database.transaction() as session:
            cancel(session, run_id, by=place.lead, now=NOON)
        answers.append(given[3](0.2))

    computing(computation)
    compute(database, Clock(PROGRESS_EVERY))

    assert answers == [True, False]
    assert facts(database, place, run_id).state is RunState.CANCELLED


def test_a_worker_that_has_to_stop_gives_its_run_back(
    database: Database, place: Place, computing: Be
) -> None:
    run_id = ask(database, place)
    stopping = threading.Event()

    def interrupted(*given: Any) -> None:
        stopping.set()
        assert not given[3](0.5)
        raise SampleError("stopped", "It was told to stop.")

    computing(interrupted)
    compute(database, noon, is_stopping=stopping.is_set)
    assert facts(database, place, run_id).state is RunState.WAITING

    computing(lambda *_: ANSWER)
    compute(database, noon)
    assert facts(database, place, run_id).state is RunState.DONE


def test_minutes_of_work_outlive_a_database_that_is_away_for_a_moment(
    database: Database, place: Place, computing: Be, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> bool:
        raise NotCommitted

    monkeypatch.setattr(actions, "advance", away)
    run_id = ask(database, place)

    def computation(*given: Any) -> Result | None:
        return ANSWER if given[3](0.5) else None

    computing(computation)
    compute(database, noon)

    assert facts(database, place, run_id).state is RunState.DONE


def test_two_workers_compute_each_run_exactly_once(
    database: Database, place: Place, computing: Be
) -> None:
    computed: list[int] = []

    def computation(*given: Any) -> Result:
        computed.append(given[2]["seed"])
        return ANSWER

    computing(computation)
    runs = [ask(database, place, seed=seed) for seed in range(6)]

    def until_nothing_waits(_: int) -> int:
        done = 0
        while compute(database, noon):
            done += 1
        return done

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(until_nothing_waits, range(3)))
    until_nothing_waits(0)

    assert sorted(computed) == list(range(6))
    assert {facts(database, place, each).state for each in runs} == {RunState.DONE}


def test_a_worker_removes_what_ended_long_ago(
    database: Database, place: Place, computing: Be
) -> None:
    computing(lambda *_: ANSWER)
    run_id = ask(database, place)
    compute(database, noon)
    compute(database, lambda: NOON + KEPT + timedelta(seconds=1))

    with database.snapshot() as session, pytest.raises(UnknownAnalysis):
        run(session, place.programme.id, run_id)


def test_events_are_delivered_while_an_analysis_takes_its_time(
    database: Database, place: Place, computing: Be, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, place)
    begun, delivered = threading.Event(), threading.Event()
    ended: list[bool] = []

    def computation(*_: Any) -> Result:
        begun.set()
        ended.append(delivered.wait(timeout=10))
        return ANSWER

    def one_round(_database: Database, *, now: datetime) -> int:
        if begun.is_set():
            delivered.set()
        return 0

    computing(computation)
    monkeypatch.setattr(worker, "run_once", one_round)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    background = BackgroundWorker(database, noon)
    background.start()
    assert delivered.wait(timeout=10)
    background.stop()

    assert ended == [True]
