"""Several people at one batch, or a batch and a desk at one person, at the very same time."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.answers import actions as answers
from app.domain.answers.rules import Answer
from app.domain.batches import queries
from app.domain.batches.actions import approve, prepare, release, void
from app.domain.batches.queries import BatchFacts
from app.domain.batches.rules import BatchState, LineState, Selection
from app.domain.payouts.queries import reservations
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.stipends.queries import Payment, balances, owed_to
from app.domain.stipends.rules import Account, Method
from tests.batches import (
    Office,
    a_batch,
    a_released_batch,
    an_approved_batch,
    an_office,
    pay_at_the_desk,
    someone_owed,
    the_lines,
)
from tests.factories import LATER, Place, an_actor

MANY = 6
BY_PHONE = Selection(methods=frozenset({Method.AIRTIME}))


@dataclass(frozen=True)
class Scene:
    database: Database
    office: Office
    people: tuple[UUID, ...]

    def at_once(self, acts: Sequence[Callable[[Session], Any]]) -> list[Any]:
        """What each of these acts came to, all begun together: its answer, or the code of its refusal."""

        def done(act: Callable[[Session], Any]) -> Any:
            try:
                with self.database.transaction() as session:
                    return act(session)
            except DomainError as error:
                return error.code

        with ThreadPoolExecutor(len(acts)) as everyone:
            return list(everyone.map(done, acts))

    def stands(self, account: Account) -> int:
        with self.database.transaction() as session:
            found = balances(session, self.office.programme_id)
            return sum(each.balance.minor for each in found if each.account is account)


@pytest.fixture
def scene(database: Database) -> Scene:
    with database.transaction() as session:
        office = an_office(session)
        people = tuple(someone_owed(session, office.place, 100) for _ in range(8))
    return Scene(database, office, people)


def approves(batch: BatchFacts, seen: str, by: Actor, session: Session) -> BatchState:
    return approve(session, batch.id, seen=seen, by=by, now=LATER).batch.state


def releases(batch: BatchFacts, by: Actor, session: Session) -> BatchState:
    return release(session, batch.id, by=by, now=LATER).batch.state


def books(scene: Scene, file_id: UUID, session: Session) -> UUID:
    return answers.apply(session, file_id, by=scene.office.preparer, now=LATER).file_id


def comes(place: Place, who: UUID, session: Session) -> Payment:
    return pay_at_the_desk(session, place, who)


def test_of_many_batches_for_the_same_people_one_is_made(scene: Scene) -> None:
    by = scene.office.preparer
    found = scene.at_once(
        [lambda s: prepare(s, uuid4(), Selection(), by=by, now=LATER) for _ in range(MANY)]
    )

    made = [each for each in found if isinstance(each, BatchFacts)]
    assert [each.total.count for each in made] == [len(scene.people)]
    assert found.count("nothing_to_prepare") == MANY - 1
    with scene.database.transaction() as session:
        assert len(list(reservations(session))) == len(scene.people)
        assert len(queries.batches(session, scene.office.programme_id)) == 1


def test_a_request_sent_many_times_at_once_makes_one_batch(scene: Scene) -> None:
    by, batch_id = scene.office.preparer, uuid4()
    found = scene.at_once(
        [lambda s: prepare(s, batch_id, Selection(), by=by, now=LATER) for _ in range(MANY)]
    )

    assert {each.id for each in found} == {batch_id}
    assert {each.total.count for each in found} == {len(scene.people)}


def test_whoever_comes_to_the_desk_while_a_batch_is_prepared_is_in_one_of_both(
    scene: Scene,
) -> None:
    by, place = scene.office.preparer, scene.office.place
    found = scene.at_once(
        [
            *(partial(comes, place, who) for who in scene.people[:4]),
            lambda s: prepare(s, uuid4(), Selection(), by=by, now=LATER),
            *(partial(comes, place, who) for who in scene.people[4:]),
        ]
    )

    refused = found.count("nothing_to_pay")
    batch = next((each for each in found if isinstance(each, BatchFacts)), None)
    assert refused == (batch.total.count if batch else 0)
    assert scene.stands(Account.CASH_FLOAT) == -100 * (len(scene.people) - refused)
    if batch:
        with scene.database.transaction() as session:
            approve(
                session,
                batch.id,
                seen=queries.seen(session, batch.id, programme_id=batch.programme_id),
                by=scene.office.approver,
                now=LATER,
            )
            assert not release(session, batch.id, by=scene.office.payer, now=LATER).changed


def test_of_two_who_approve_at_once_one_approves(scene: Scene) -> None:
    with scene.database.transaction() as session:
        batch = a_batch(session, scene.office)
        seen = queries.seen(session, batch.id, programme_id=batch.programme_id)

    found = scene.at_once(
        [
            partial(approves, batch, seen, by)
            for by in [scene.office.approver, scene.office.second, scene.office.payer] * 2
        ]
    )

    # each asked twice, and the one who approved heard the same both times
    assert Counter(found) == {BatchState.APPROVED: 2, "batch_moved_on": 4}


def payers(scene: Scene) -> list[Any]:
    with scene.database.transaction() as session:
        return [
            an_actor(
                session,
                Role.FINANCE,
                programme_id=scene.office.programme_id,
                site_id=scene.office.place.site.id,
            )
            for _ in range(3)
        ]


def test_of_many_who_release_at_once_one_does_and_the_money_goes_once(scene: Scene) -> None:
    with scene.database.transaction() as session:
        batch = an_approved_batch(session, scene.office)

    found = scene.at_once([partial(releases, batch, by) for by in payers(scene) * 2])

    assert Counter(found) == {BatchState.RELEASED: 2, "batch_moved_on": 4}
    assert scene.stands(Account.CLEARING) == 100 * len(scene.people)


def test_a_batch_is_released_or_void_and_never_both(scene: Scene) -> None:
    with scene.database.transaction() as session:
        batch = an_approved_batch(session, scene.office)
    preparer, payer = scene.office.preparer, scene.office.payer

    found = scene.at_once(
        [
            partial(releases, batch, payer),
            lambda s: void(s, batch.id, reason="wrong", by=preparer, now=LATER).state,
        ]
        * 2
    )

    with scene.database.transaction() as session:
        state = queries.batch(session, batch.id, programme_id=batch.programme_id).state
        owed = sum(bool(owed_to(session, each)) for each in scene.people)
    assert Counter(found) == {state: 2, "batch_moved_on": 2}
    assert owed == (len(scene.people) if state is BatchState.VOID else 0)
    assert scene.stands(Account.CLEARING) == 100 * (len(scene.people) - owed)


def test_a_file_that_many_book_at_once_is_booked_once(scene: Scene) -> None:
    batch, refs = sent_by_phone(scene)
    files = [uuid4() for _ in range(3)]
    with scene.database.transaction() as session:
        for file_id in files:
            answers.preview(
                session,
                file_id,
                batch.id,
                [Answer(n, ref, LineState.PAID) for n, ref in enumerate(refs, start=2)],
                sha256=sha256(b"the same").digest(),
                profile="generic",
                by=scene.office.preparer,
                now=LATER,
            )

    found = scene.at_once([partial(books, scene, file_id) for file_id in files * 2])

    booked = [each for each in found if isinstance(each, UUID)]
    assert len(booked) == 2
    assert len(set(booked)) == 1
    assert found.count("file_already_applied") == 4
    assert scene.stands(Account.BANK) == -100 * len(refs)
    assert scene.stands(Account.CLEARING) == 0


def test_of_two_files_that_contradict_each_other_one_is_booked_as_a_whole(scene: Scene) -> None:
    batch, refs = sent_by_phone(scene)
    ends = {uuid4(): LineState.PAID, uuid4(): LineState.FAILED}
    with scene.database.transaction() as session:
        for file_id, state in ends.items():
            answers.preview(
                session,
                file_id,
                batch.id,
                [Answer(n, ref, state) for n, ref in enumerate(refs, start=2)],
                sha256=sha256(state.encode()).digest(),
                profile="generic",
                by=scene.office.preparer,
                now=LATER,
            )

    found = scene.at_once([partial(books, scene, file_id) for file_id in ends])

    (booked,) = [each for each in found if isinstance(each, UUID)]
    stands = ends[booked]
    assert found.count("answers_refused") == 1
    with scene.database.transaction() as session:
        assert {each.state for each in the_lines(session, batch)} == {stands}
        owed = len(queries.candidates(session, batch.programme_id, BY_PHONE)[0])
    assert owed == (len(refs) if stands is LineState.FAILED else 0)


def test_what_several_desks_hand_over_at_once_leaves_the_box_once(scene: Scene) -> None:
    with scene.database.transaction() as session:
        batch = a_released_batch(session, scene.office)
    desk = scene.office.place.intake

    found = scene.at_once(
        [lambda s: answers.hand_over(s, batch.id, by=desk, now=LATER).state for _ in range(MANY)]
    )

    assert found == [BatchState.CLOSED] * MANY
    assert scene.stands(Account.CASH_FLOAT) == -100 * len(scene.people)


def sent_by_phone(scene: Scene) -> tuple[BatchFacts, list[str]]:
    with scene.database.transaction() as session:
        for _ in range(4):
            someone_owed(
                session, scene.office.place, 100, method=Method.AIRTIME, number="+380501234567"
            )
        batch = a_released_batch(session, scene.office, BY_PHONE)
        return batch, [each.payment_ref for each in the_lines(session, batch)]
