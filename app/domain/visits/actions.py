from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.clock import local_date
from app.core.codes import Code, Token
from app.core.db import put
from app.domain.coupons import actions as coupon_actions
from app.domain.coupons import queries as coupons
from app.domain.coupons.actions import Name
from app.domain.coupons.errors import TargetReached
from app.domain.coupons.queries import Bundle
from app.domain.pads import actions as pads
from app.domain.pads import queries as pad_queries
from app.domain.pads.rules import handed_over
from app.domain.participants import actions as participant_actions
from app.domain.participants import queries as participants
from app.domain.participants.models import Participant
from app.domain.participants.queries import Origin
from app.domain.participants.rules import (
    NOBODY,
    Came,
    EntryRoute,
    Sex,
    Standing,
    check_age,
    check_network_size,
)
from app.domain.programmes import queries as programmes
from app.domain.programmes.rules import coupons_in_bundle, usable_dates
from app.domain.rewards import actions as rewards
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.stipends import queries as stipends
from app.domain.visits import queries
from app.domain.visits.errors import (
    NotReadyForBundle,
    NotReadyForStep,
    TestAlreadyScored,
    WaitsForDecision,
)
from app.domain.visits.events import BundleIssued, VisitCompleted
from app.domain.visits.models import BaselineInterview, EligibilityScreening, KnowledgeTest
from app.domain.visits.rules import Step, ineligible_because, missing_for_bundle, score


def enrol_seed(
    session: Session,
    *,
    site: programmes.SiteFacts,
    sex: Sex,
    age: int,
    network_size: int | None,
    entry_route: EntryRoute,
    by: Actor,
    now: datetime,
    never_reached_before: bool | None = None,
    uic: str | None = None,
) -> UUID:
    """Enrol a seed whom staff have screened, asked for her consent and trained.

    Raises:
        BadParticipant, NotReadyForStep: under the protocol's age.
    """
    protocol = programmes.current_protocol(session, site.programme_id).rules
    if age < protocol.minimum_age:
        check_age(age)
        raise NotReadyForStep(step=Step.ELIGIBILITY.value, reasons=["under_age"])
    on = local_date(now, site.timezone)
    seed_id = participant_actions.enrol_seed(
        session,
        programme_id=site.programme_id,
        site_id=site.id,
        sex=sex,
        age=age,
        network_size=network_size,
        entry_route=entry_route,
        never_reached_before=never_reached_before,
        uic_digest=participants.uic_digest(session, site.programme_id, uic) if uic else None,
        on=on,
    )
    participant_actions.give_consent(
        session,
        seed_id,
        {"participation": True},
        programme_id=site.programme_id,
        version=protocol.consent_version,
        on=on,
    )
    record_act(session, "seed.enrolled", seed_id, by, now)
    return seed_id


def screen(
    session: Session,
    participant_id: UUID,
    *,
    sex: Sex,
    age: int | None,
    adult_confirmed: bool,
    injected_recently: bool | None,
    by: Actor,
    now: datetime,
) -> list[str]:
    """Judge eligibility; returns why she is not eligible, nothing when she is. She is served either way.

    Screening again before the interview replaces the answer: a slip of the pen must not exclude anyone.

    Raises:
        UnknownParticipant, BadParticipant, NotReadyForStep.
    """
    check_age(age)
    row = participants.lock(session, participant_id, programme_id=by.programme_id)
    if row.standing not in (Standing.ARRIVED, Standing.INELIGIBLE):
        raise NotReadyForStep(step=Step.ELIGIBILITY.value)
    on = _today(session, row, now)
    protocol = programmes.current_protocol(session, by.programme_id).rules
    reasons = ineligible_because(
        protocol, age=age, adult_confirmed=adult_confirmed, injected_recently=injected_recently
    )
    row.sex, row.age = sex, age
    row.standing = Standing.INELIGIBLE if reasons else Standing.ARRIVED
    screening = session.get(EligibilityScreening, participant_id)
    if screening is None:
        screening = EligibilityScreening(
            participant_id=participant_id, programme_id=by.programme_id
        )
        session.add(screening)
    screening.eligible, screening.reasons = not reasons, reasons
    screening.screened_on, screening.screened_by = on, by.staff_id
    session.flush()
    if reasons:
        _release_what_was_held(session, row, now=now, reason="not eligible")
    record_act(session, "visit.screened", participant_id, by, now)
    return reasons


def ask_consent(
    session: Session,
    participant_id: UUID,
    answers: Mapping[str, bool],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Keep her answers for each purpose under the current words. Raises: UnknownParticipant."""
    row = _ready_for(session, participant_id, Step.CONSENT, by)
    protocol = programmes.current_protocol(session, by.programme_id).rules
    participant_actions.give_consent(
        session,
        participant_id,
        answers,
        programme_id=by.programme_id,
        version=protocol.consent_version,
        on=_today(session, row, now),
    )
    if not answers.get("participation", True):
        _release_what_was_held(session, row, now=now, reason="no consent")
    record_act(session, "visit.consent_asked", participant_id, by, now)
    settle(
        session, row, by=by, now=now
    )  # of a visit that was complete before, should she agree again


def take_knowledge_test(
    session: Session,
    participant_id: UUID,
    answers: Mapping[str, str],
    *,
    by: Actor,
    now: datetime,
) -> int:
    """Score the test, once; returns the number of right answers.

    Raises:
        TestAlreadyScored, BadAnswers, NotReadyForStep, UnknownParticipant.
    """
    row = _ready_for(session, participant_id, Step.KNOWLEDGE_TEST, by)
    if queries.correct_answers(session, participant_id) is not None:
        raise TestAlreadyScored
    version, items = queries.knowledge_test()
    correct = score(answers, right={item.id: item.right for item in items})
    put(
        session,
        KnowledgeTest,
        {
            "participant_id": participant_id,
            "programme_id": by.programme_id,
            "version": version,
            "answers": dict(answers),
            "correct": correct,
            "items": len(items),
            "taken_on": _today(session, row, now),
            "taken_with": by.staff_id,
        },
    )
    record_act(session, "visit.test_scored", participant_id, by, now)
    settle(session, row, by=by, now=now)
    return correct


def interview(
    session: Session,
    participant_id: UUID,
    *,
    network_size: int | None,
    never_reached_before: bool | None,
    answers: Mapping[str, object],
    by: Actor,
    now: datetime,
) -> None:
    """Keep the baseline interview; with it the visit is complete and its rewards are owed.

    Raises:
        NotReadyForStep, BadParticipant, UnknownParticipant.
    """
    check_network_size(network_size)
    row = _ready_for(session, participant_id, Step.INTERVIEW, by)
    on = _today(session, row, now)
    held = session.scalar(
        select(BaselineInterview).where(BaselineInterview.participant_id == participant_id)
    )
    if held is None:
        held = BaselineInterview(participant_id=participant_id, programme_id=by.programme_id)
        session.add(held)
    held.answers, held.held_by, held.held_on = dict(answers), by.staff_id, on
    row.network_size, row.never_reached_before = network_size, never_reached_before
    session.flush()
    record_act(session, "visit.interviewed", participant_id, by, now)
    settle(session, row, by=by, now=now)


def settle(session: Session, row: Participant, *, by: Actor, now: datetime) -> None:
    """Enrol someone whose visit is complete, and owe what it earns. Settling again changes nothing.

    While a person has to decide who she is, nothing becomes owed.
    """
    if row.standing in NOBODY or participants.waits_for_decision(session, row.id):
        return
    how_far = queries.readiness(session, row)
    if not (how_far.screened and how_far.consented and how_far.interviewed):
        return
    if row.standing is Standing.ARRIVED:
        row.standing = Standing.ENROLLED
        session.flush()
        outbox.emit(session, VisitCompleted(str(row.id)), programme_id=row.programme_id, at=now)
    keep_promised_pad(session, row, by=by, now=now)
    origin = participants.origin_of(session, row)
    correct = queries.correct_answers(session, row.id)
    if origin is None or origin.recruiter_id is None or correct is None:
        return
    rewards.owe(session, row, origin, correct_answers=correct, by=by, now=now)


def train(session: Session, participant_id: UUID, *, by: Actor, now: datetime) -> None:
    """Note that she has learnt how to teach three peers. Raises: UnknownParticipant, NotReadyForStep."""
    row = _ready_for(session, participant_id, Step.TRAINING, by)
    participant_actions.note_trained(
        session, participant_id, programme_id=by.programme_id, on=_today(session, row, now)
    )
    record_act(session, "visit.trained", participant_id, by, now)
    keep_promised_pad(session, row, by=by, now=now)


def give_bundle(
    session: Session,
    participant_id: UUID,
    *,
    by: Actor,
    now: datetime,
    pad: Code | Token | None = None,
    given: int | None = None,
) -> Bundle:
    """Issue an eligible, consented, trained participant her one bundle, with the coupons' secrets.

    Without a ``pad`` the cards are new and yet to be printed. With any card of a pad they are those of the pad, ``given``
    of which she got: as many as the protocol gives, unless it is said. Days count from ``now`` either way.

    Raises:
        NotReadyForBundle: names the steps that are missing; a pad she has in her hands can be promised to her.
        BundleAlreadyIssued, TargetReached, UnknownParticipant.
        UnknownPad, PadAlreadyGiven, PadVoid.
    """
    row = participants.lock(session, participant_id, programme_id=by.programme_id)
    origin = _check_ready_for_bundle(session, row)
    on = _today(session, row, now)
    size = _size_of_bundle(session, row)
    names: list[Name] = []
    if pad is not None:
        coupon_actions.check_has_none(session, participant_id)
        if size == 0:
            raise TargetReached
        cards, scanned = pads.take(session, pad, programme_id=by.programme_id, on=on)
        size = min(max(1, size if given is None else given), len(cards))
        names = handed_over(cards, scanned, size)
    bundle = _issue(session, row, origin, size, names, on=on, by=by.staff_id)
    outbox.emit(session, BundleIssued(str(bundle.id)), programme_id=row.programme_id, at=now)
    record_act(session, "bundle.issued", bundle.id, by, now)
    return bundle


def keep_promised_pad(session: Session, row: Participant, *, by: Actor, now: datetime) -> None:
    """Make the pad someone was promised her bundle if she may have one now; its days count from when she got it."""
    if pad_queries.promised_to(session, row.id) is None or coupons.bundle_of(session, row.id):
        return
    try:
        origin = _check_ready_for_bundle(session, row)
    except NotReadyForBundle:
        return
    if _size_of_bundle(session, row) == 0:
        return
    kept = pads.keep_promise(session, row.id)
    assert kept is not None
    promise, names = kept
    bundle = _issue(session, row, origin, len(names), names, on=promise.on, by=promise.by)
    outbox.emit(session, BundleIssued(str(bundle.id)), programme_id=row.programme_id, at=now)
    record_act(session, "bundle.issued", bundle.id, by, now)


def _check_ready_for_bundle(session: Session, row: Participant) -> Origin:
    if participants.waits_for_decision(session, row.id):
        raise WaitsForDecision
    how_far = queries.readiness(session, row)
    origin = participants.origin_of(session, row)
    missing = missing_for_bundle(how_far)
    if missing or origin is None or row.wave is None:
        raise NotReadyForBundle(missing=[step.value for step in missing])
    return origin


def _size_of_bundle(session: Session, row: Participant) -> int:
    return coupons_in_bundle(
        programmes.current_protocol(session, row.programme_id).rules,
        reached=participants.reached(session, row.programme_id),
        target=programmes.programme(session, row.programme_id).target,
    )


def _issue(
    session: Session,
    row: Participant,
    origin: Origin,
    size: int,
    names: Sequence[Name],
    *,
    on: date,
    by: UUID,
) -> Bundle:
    site = programmes.site(session, row.site_id)
    protocol = programmes.current_protocol(session, row.programme_id)
    usable_from, usable_until = usable_dates(
        issued_on=on,
        activation_delay_days=_first(
            site.activation_delay_days, protocol.rules.activation_delay_days
        ),
        validity_days=_first(site.validity_days, protocol.rules.validity_days),
    )
    assert row.wave is not None
    return coupon_actions.issue_bundle(
        session,
        programme_id=row.programme_id,
        site_id=row.site_id,
        protocol_id=protocol.id,
        holder_id=row.id,
        holder_origin=origin,
        holder_wave=row.wave,
        size=size,
        usable_from=usable_from,
        usable_until=usable_until,
        on=on,
        by=by,
        names=names,
    )


def _release_what_was_held(
    session: Session, row: Participant, *, now: datetime, reason: str
) -> None:
    """This visit earns her recruiter nothing. Should the answer change, the reward is owed from expense."""
    books, _ = stipends.books_of(session, row.programme_id, row.site_id, now=now)
    rewards.take_back(session, books, row.id, reason=reason)


def _ready_for(session: Session, participant_id: UUID, step: Step, by: Actor) -> Participant:
    row = participants.lock(session, participant_id, programme_id=by.programme_id)
    how_far = queries.readiness(session, row)
    ready = how_far.screened and how_far.standing in (Standing.ARRIVED, Standing.ENROLLED)
    if step is not Step.CONSENT:
        ready = ready and bool(how_far.consented)
    if step in (Step.INTERVIEW, Step.TRAINING) and how_far.came is Came.RECRUIT:
        ready = ready and how_far.tested  # before staff teach her anything
    if not ready:
        raise NotReadyForStep(step=step.value)
    return row


def _today(session: Session, row: Participant, now: datetime) -> date:
    return local_date(now, programmes.site(session, row.site_id).timezone)


def _first(own: int | None, usual: int) -> int:
    return usual if own is None else own
