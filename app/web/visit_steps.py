"""What is entered at each step of a visit, handed to the domain: one function a step, one line in the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.domain.participants import queries as participants
from app.domain.participants.rules import Sex, Standing
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.services import actions as services
from app.domain.services.actions import Given
from app.domain.services.rules import STATES, Service, State
from app.domain.staff.queries import Actor
from app.domain.visits import actions as visits
from app.domain.visits.errors import BadAnswers, NotReadyForStep
from app.domain.visits.queries import knowledge_test
from app.domain.visits.rules import Step
from app.web.forms import Entered, identifier, one_of, whole_number, yes_or_no
from app.web.vocabulary import BEST_HOURS, COMMODITIES, JOURNEYS, RELATIONSHIPS


@dataclass(frozen=True)
class Entry:
    """A filled-in step, and where, when and by whom."""

    session: Session
    participant_id: UUID
    entered: Entered
    place: SiteFacts
    by: Actor
    now: datetime


def screen(entry: Entry) -> None:
    """Eligibility. An age is believed over the tick that says she is an adult."""
    sex = one_of(entry.entered, "sex", [sex.value for sex in Sex])
    visits.screen(
        entry.session,
        entry.participant_id,
        sex=Sex(sex) if sex else Sex.UNKNOWN,
        age=whole_number(entry.entered, "age"),
        adult_confirmed=entry.entered.get("adult") == "yes",
        injected_recently=yes_or_no(entry.entered, "injected"),
        by=entry.by,
        now=entry.now,
    )


def ask_consent(entry: Entry) -> None:
    """A yes or no for each purpose. Raises: BadAnswers, when one was not asked."""
    rules = programmes.current_protocol(entry.session, entry.by.programme_id).rules
    answers = {
        purpose: yes_or_no(entry.entered, f"consent_{purpose}")
        for purpose in rules.consent_purposes
    }
    given = {purpose: answer for purpose, answer in answers.items() if answer is not None}
    if len(given) < len(answers):
        raise BadAnswers(missing=sorted(set(answers) - set(given)))
    visits.ask_consent(entry.session, entry.participant_id, given, by=entry.by, now=entry.now)


def take_test(entry: Entry) -> None:
    _, items = knowledge_test()
    chosen = {item.id: entry.entered.get(f"item_{item.id}", "") for item in items}
    answers = {item: option for item, option in chosen.items() if option}
    visits.take_knowledge_test(
        entry.session, entry.participant_id, answers, by=entry.by, now=entry.now
    )


def interview(entry: Entry) -> None:
    """What she tells, all of it as she likes."""
    lists = {"relationship": RELATIONSHIPS, "journey": JOURNEYS, "best_hours": BEST_HOURS}
    told = {name: one_of(entry.entered, name, words) for name, words in lists.items()}
    visits.interview(
        entry.session,
        entry.participant_id,
        network_size=whole_number(entry.entered, "network_size"),
        never_reached_before=yes_or_no(entry.entered, "never_reached"),
        answers={name: answer for name, answer in told.items() if answer},
        by=entry.by,
        now=entry.now,
    )


def serve(entry: Entry) -> None:
    """Everything she got: amounts of commodities, and a tick for each state of a test or referral."""
    person = participants.participant(
        entry.session, entry.participant_id, programme_id=entry.by.programme_id
    )
    if person.standing is Standing.MISTAKEN:
        raise NotReadyForStep(step=Step.SERVICES.value)
    services.give(
        entry.session,
        entry.participant_id,
        list(_ticked(entry.entered)),
        programme_id=entry.by.programme_id,
        site_id=entry.place.id,
        by=entry.by.staff_id,
        on=local_date(entry.now, entry.place.timezone),
        request_id=identifier(entry.entered, "request_id"),
    )


def train(entry: Entry) -> None:
    visits.train(entry.session, entry.participant_id, by=entry.by, now=entry.now)


def refuse(entry: Entry) -> None:
    """Raises: NotReadyForStep: nothing is entered at this step."""
    raise NotReadyForStep(step=Step.DONE.value)


ENTER: Mapping[Step, Callable[[Entry], None]] = {
    Step.ELIGIBILITY: screen,
    Step.CONSENT: ask_consent,
    Step.KNOWLEDGE_TEST: take_test,
    Step.INTERVIEW: interview,
    Step.SERVICES: serve,
    Step.STIPEND: refuse,
    Step.TRAINING: train,
    Step.BUNDLE: refuse,
    Step.DONE: refuse,
}


def _ticked(entered: Entered) -> list[Given]:
    given: list[Given] = []
    for service, states in STATES.items():
        if service in COMMODITIES:
            quantity = whole_number(entered, service.value) or 0
            if quantity:
                given.append((service, State.GIVEN, quantity))
            continue
        given += [(service, state, 1) for state in states if _is_ticked(entered, service, state)]
    return given


def _is_ticked(entered: Entered, service: Service, state: State) -> bool:
    return f"{service.value}.{state.value}" in entered
