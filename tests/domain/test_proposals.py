"""What is paid, and how, changes only when a second person approves; and nobody can write it otherwise."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.audit.errors import ReasonNeeded
from app.domain.audit.models import AuditEvent
from app.domain.programmes.actions import (
    approve,
    change_rules,
    propose,
    reject,
    withdraw,
)
from app.domain.programmes.errors import (
    NeedsSecondPerson,
    NothingChanges,
    NotYourProposal,
    OwnProposal,
    ProposalDecided,
    ProposalOutdated,
    UnknownProposal,
)
from app.domain.programmes.models import ProtocolProposal
from app.domain.programmes.queries import (
    current_protocol,
    proposal,
    proposals,
    waiting_proposals,
)
from app.domain.programmes.rules import (
    LOTTERY,
    SIMPLIFIED,
    PayoutRules,
    ProposalState,
    Protocol,
    StipendSchedule,
)
from tests.factories import LATER, NOON, Place, a_place

OTHER = Protocol(stipends=StipendSchedule(primary=900))
WORDS = "The committee wants more for a first visit."


def a_proposal(session: Session, place: Place, rules: Protocol = OTHER, **given: object) -> UUID:
    proposal_id = uuid4()
    defaults = {"note": "Prices rose.", "by": place.lead.staff_id, "now": NOON}
    propose(
        session,
        proposal_id,
        rules,
        programme_id=place.programme.id,
        **(defaults | given),  # type: ignore[arg-type]
    )
    return proposal_id


def approve_it(session: Session, place: Place, proposal_id: UUID, **given: object) -> int:
    defaults = {"by": place.finance.staff_id, "now": LATER}
    return approve(
        session,
        proposal_id,
        programme_id=place.programme.id,
        **(defaults | given),  # type: ignore[arg-type]
    )


def rules_of(session: Session, place: Place) -> Protocol:
    return current_protocol(session, place.programme.id).rules


def test_a_proposal_changes_nothing_until_someone_else_approves(session: Session) -> None:
    place = a_place(session)
    waiting = a_proposal(session, place)
    assert rules_of(session, place) == Protocol()
    assert waiting_proposals(session, place.programme.id) == 1
    assert waiting_proposals(session, place.programme.id, besides=place.lead.staff_id) == 0
    assert waiting_proposals(session, place.programme.id, besides=place.finance.staff_id) == 1

    with pytest.raises(OwnProposal):
        approve_it(session, place, waiting, by=place.lead.staff_id)
    version = approve_it(session, place, waiting)

    assert (version, rules_of(session, place)) == (2, OTHER)
    found = proposal(session, place.programme.id, waiting)
    assert (found.decision, found.decided_by) == (ProposalState.APPROVED, place.finance.staff_id)
    assert (found.adopted, found.proposed_by) == (2, place.lead.staff_id)
    assert waiting_proposals(session, place.programme.id) == 0
    acts = set(session.scalars(select(AuditEvent.action)))
    assert {"proposal.proposed", "proposal.approved", "protocol.adopted"} <= acts


@pytest.mark.parametrize(
    "rules",
    [
        Protocol(stipends=SIMPLIFIED),
        Protocol(stipends=LOTTERY),
        Protocol(payouts=PayoutRules(second_approval_from=5)),
    ],
)
def test_rules_about_money_are_not_changed_by_one_person(session: Session, rules: Protocol) -> None:
    place = a_place(session)

    with pytest.raises(NeedsSecondPerson):
        change_rules(
            session, place.programme.id, rules, based_on=1, by=place.lead.staff_id, now=LATER
        )
    assert current_protocol(session, place.programme.id).version == 1


def test_other_rules_change_at_once_and_stay_when_a_proposal_is_approved(session: Session) -> None:
    place = a_place(session)
    waiting = a_proposal(session, place)
    shorter = Protocol(validity_days=14)
    by = {"by": place.lead.staff_id, "now": LATER}

    assert change_rules(session, place.programme.id, shorter, based_on=1, **by) == 2  # type: ignore[arg-type]
    assert change_rules(session, place.programme.id, shorter, based_on=1, **by) is None  # type: ignore[arg-type]
    approve_it(session, place, waiting)

    assert rules_of(session, place) == replace(OTHER, validity_days=14)


def test_a_proposal_made_before_another_was_adopted_is_outdated(session: Session) -> None:
    place = a_place(session)
    first, second = (
        a_proposal(session, place),
        a_proposal(session, place, Protocol(stipends=LOTTERY)),
    )
    approve_it(session, place, first)

    assert proposal(session, place.programme.id, second).is_outdated
    with pytest.raises(ProposalOutdated):
        approve_it(session, place, second)
    reject(
        session,
        second,
        programme_id=place.programme.id,
        reason="The other one was chosen.",
        by=place.finance.staff_id,
        now=LATER,
    )
    assert not proposal(session, place.programme.id, second).is_outdated
    assert rules_of(session, place) == OTHER


def test_doing_it_again_changes_nothing(session: Session) -> None:
    place, same = a_place(session), uuid4()
    for _ in range(2):
        propose(
            session,
            same,
            OTHER,
            programme_id=place.programme.id,
            note="",
            by=place.lead.staff_id,
            now=NOON,
        )
    assert len(proposals(session, place.programme.id)) == 1
    assert approve_it(session, place, same) == approve_it(session, place, same) == 2
    with pytest.raises(ProposalDecided):
        withdraw(session, same, programme_id=place.programme.id, by=place.lead.staff_id, now=LATER)


def test_only_whoever_proposed_it_takes_it_back(session: Session) -> None:
    place = a_place(session)
    waiting = a_proposal(session, place)
    here = {"programme_id": place.programme.id, "now": LATER}

    with pytest.raises(NotYourProposal):
        withdraw(session, waiting, by=place.finance.staff_id, **here)  # type: ignore[arg-type]
    with pytest.raises(OwnProposal):
        reject(session, waiting, reason="no", by=place.lead.staff_id, **here)  # type: ignore[arg-type]
    with pytest.raises(ReasonNeeded):
        reject(session, waiting, reason=" ", by=place.finance.staff_id, **here)  # type: ignore[arg-type]
    for _ in range(2):
        withdraw(session, waiting, by=place.lead.staff_id, **here)  # type: ignore[arg-type]
    with pytest.raises(ProposalDecided):
        approve_it(session, place, waiting)


def test_a_proposal_of_nothing_and_one_of_another_programme_are_refused(session: Session) -> None:
    place, other = a_place(session), a_place(session)

    with pytest.raises(NothingChanges):
        a_proposal(session, place, Protocol(validity_days=3))
    with pytest.raises(UnknownProposal):
        approve_it(session, other, a_proposal(session, place))


@pytest.mark.parametrize("when", ["proposed", "approved", "both"])
def test_the_words_of_the_committee_are_kept_with_the_decision(session: Session, when: str) -> None:
    place = a_place(session)
    said: dict[str, Any] = {"committee": WORDS, "committee_on": date(2026, 3, 1)}
    later: dict[str, Any] = {"committee": "Other words", "committee_on": date(2026, 3, 3)}
    waiting = a_proposal(session, place, **(said if when != "approved" else {}))
    approve_it(session, place, waiting, **{"approved": said, "both": later}.get(when, {}))

    found = proposal(session, place.programme.id, waiting)
    assert (found.committee, found.committee_on) == (WORDS, date(2026, 3, 1))


def test_of_several_who_decide_at_once_one_does(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        waiting = a_proposal(session, place)
    deciders = [place.finance.staff_id, place.manager.staff_id, place.intake.staff_id]

    def attempt(number: int) -> str:
        by = deciders[number % 3]
        try:
            with database.transaction() as session:
                if number % 2:
                    approve_it(session, place, waiting, by=by)
                    return "approved"
                reject(
                    session,
                    waiting,
                    programme_id=place.programme.id,
                    reason="no",
                    by=by,
                    now=LATER,
                )
                return "rejected"
        except DomainError as refusal:
            return refusal.code

    with ThreadPoolExecutor(6) as desks:
        answers = Counter(desks.map(attempt, range(6)))

    with database.snapshot() as session:
        found = proposal(session, place.programme.id, waiting)
        versions = current_protocol(session, place.programme.id).version
    assert found.decision
    assert answers == {found.decision.value: 1, "proposal_decided": 5}
    assert versions == (2 if found.decision is ProposalState.APPROVED else 1)


@pytest.mark.parametrize(
    "change",
    [
        "decision = 'approved', decided_by = proposed_by, decided_at = proposed_at",
        "decision = 'rejected', decided_by = proposed_by, decided_at = proposed_at",
        "decision = 'approved'",
        "note = 'another'",
        "decision = 'withdrawn', decided_by = proposed_by, decided_at = proposed_at, note = 'x'",
        "decision = 'withdrawn', decided_by = proposed_by, decided_at = proposed_at, rules = '{}'",
    ],
)
def test_the_database_itself_refuses_one_person_alone_and_other_words(
    database: Database, change: str
) -> None:
    with database.transaction() as session:
        a_proposal(session, a_place(session))

    with pytest.raises(DatabaseError), database.engine.begin() as connection:
        connection.execute(text(f"UPDATE protocol_proposal SET {change}"))


def test_what_was_decided_stays(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        approve_it(session, place, a_proposal(session, place))

    for values in ({"reason": "x"}, {"decision": ProposalState.REJECTED}, {"committee": "x"}):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            database.engine.begin() as connection,
        ):
            connection.execute(update(ProtocolProposal).values(**values))
