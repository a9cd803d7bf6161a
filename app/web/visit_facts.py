"""What the page of each step of a visit shows: one function a step, one line in the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.core.codes import Code
from app.core.money import Money
from app.domain.answers import queries as answers
from app.domain.claims import queries as claims
from app.domain.contacts import queries as contacts
from app.domain.coupons import queries as coupons
from app.domain.expiry import queries as expiry
from app.domain.lottery import queries as lottery
from app.domain.pads import queries as pads
from app.domain.participants import queries as participants
from app.domain.participants.queries import ParticipantFacts
from app.domain.participants.rules import Standing
from app.domain.programmes import queries as programmes
from app.domain.services import queries as services
from app.domain.services.rules import STATES
from app.domain.stipends import queries as stipends
from app.domain.stipends.rules import Account
from app.domain.visits.queries import knowledge_test
from app.domain.visits.rules import Step

Facts = Callable[[Session, ParticipantFacts, date], dict[str, Any]]


def facts_of(step: Step, session: Session, person: ParticipantFacts, today: date) -> dict[str, Any]:
    """What the template of a step needs beside what every step has."""
    of_step = FACTS.get(step)
    return of_step(session, person, today) if of_step else {}


def _of_rules(session: Session, person: ParticipantFacts, _today: date) -> dict[str, Any]:
    rules = programmes.current_protocol(session, person.programme_id).rules
    return {"rules": rules, "consents": participants.consents(session, person.id)}


def _of_test(*_: object) -> dict[str, Any]:
    return {"questions": knowledge_test()[1]}


def _of_services(session: Session, person: ParticipantFacts, today: date) -> dict[str, Any]:
    given = services.given_to(session, person.id, on=today)
    amounts = {(service, state): quantity for service, state, quantity in given}
    return {"given": amounts, "request_id": uuid4(), "states_of": STATES}


def _of_stipend(session: Session, person: ParticipantFacts, _today: date) -> dict[str, Any]:
    """What she is owed in two sums: a line for each recruit would tell her who came, and when."""
    owed = stipends.owed_to(session, person.id)
    currency = programmes.programme(session, person.programme_id).currency
    own = sum(each.amount.minor for each in owed if each.expense is Account.EXPENSE_PRIMARY)
    total = sum(each.amount.minor for each in owed)
    prizes = sum(each.amount.minor for each in owed if each.expense is Account.EXPENSE_LOTTERY)
    waits = sum(each.amount.minor for each in stipends.reserved_for(session, person.id))
    expired = sum(each.amount.minor for each in expiry.expired_of(session, person.id))
    ready = answers.to_hand_over(session, person.id, programme_id=person.programme_id)
    sent = claims.on_its_way(session, person.id, currency=currency)
    still_sent = sent.amount.minor - sum(each.amount.minor for each in ready) if sent else 0
    return {
        "waits_in_batch": Money(waits, currency),
        "on_its_way": Money(still_sent, currency),
        "sent_since": sent.since if sent else None,
        "to_hand_over": ready,
        "expired": Money(expired, currency),
        "contact": contacts.contact_of(session, person.id),
        "own_card": claims.card_of(session, person.id),
        "owed": Money(total, currency),
        "for_taking_part": Money(own, currency),
        "for_teaching": Money(total - own - prizes, currency),
        "prizes": Money(prizes, currency),
        "tickets": lottery.tickets_of(session, person.programme_id, person.id).count,
        "came_back": coupons.came_back(session, person.id),
        "payment_id": uuid4(),
    }


@dataclass(frozen=True)
class PrintedCards:
    """What to do with the cards of a pad that was just given: each by the end of its digits."""

    first_day: date
    last_day: date
    tails: list[str]
    left_over: int


def _of_bundle(session: Session, person: ParticipantFacts, _today: date) -> dict[str, Any]:
    bundle_id = coupons.bundle_of(session, person.id)
    return {
        "bundle_id": bundle_id,
        "printed": _printed(session, person, bundle_id) if bundle_id else None,
        "has_pads": bundle_id is None and pads.has_blanks(session, person.programme_id),
        "may_have": person.standing is Standing.ENROLLED and person.trained_on is not None,
    }


def _printed(session: Session, person: ParticipantFacts, bundle_id: UUID) -> PrintedCards | None:
    cards = coupons.bundle(session, bundle_id, programme_id=person.programme_id).coupons
    size = pads.size_of(session, Code(cards[0].code))
    if size is None:
        return None
    days = cards[0].state
    tails = [each.code[-4:] for each in cards]
    return PrintedCards(days.usable_from, days.usable_until, tails, size - len(cards))


FACTS: Mapping[Step, Facts] = {
    Step.ELIGIBILITY: _of_rules,
    Step.CONSENT: _of_rules,
    Step.KNOWLEDGE_TEST: _of_test,
    Step.SERVICES: _of_services,
    Step.STIPEND: _of_stipend,
    Step.BUNDLE: _of_bundle,
    Step.DONE: _of_stipend,
}
