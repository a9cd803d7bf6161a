"""The order of a visit, who is eligible, and how a knowledge test is scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.participants.rules import Came, Standing
from app.domain.programmes.rules import Protocol
from app.domain.visits.errors import BadAnswers


class Step(StrEnum):
    """What comes next at the desk, in this order. The test comes before any teaching by staff."""

    ELIGIBILITY = "eligibility"
    CONSENT = "consent"
    KNOWLEDGE_TEST = "knowledge_test"
    INTERVIEW = "interview"
    SERVICES = "services"
    STIPEND = "stipend"
    TRAINING = "training"
    BUNDLE = "bundle"
    DONE = "done"


@dataclass(frozen=True)
class Readiness:
    """What decides which steps someone is ready for."""

    came: Came
    standing: Standing
    screened: bool
    consented: bool | None
    tested: bool
    interviewed: bool
    trained: bool


@dataclass(frozen=True)
class Progress(Readiness):
    """How far a visit has come."""

    served: bool
    owed_minor: int
    has_bundle: bool

    def done(self) -> dict[Step, bool]:
        """Which steps are behind her."""
        return {
            Step.ELIGIBILITY: self.screened,
            Step.CONSENT: self.consented is not None,
            Step.KNOWLEDGE_TEST: self.tested,
            Step.INTERVIEW: self.interviewed,
            Step.SERVICES: self.served,
            Step.STIPEND: self.owed_minor == 0,
            Step.TRAINING: self.trained,
            Step.BUNDLE: self.has_bundle,
            Step.DONE: False,
        }


def steps(progress: Progress) -> tuple[Step, ...]:
    """The steps of this person's visit.

    A walk-in is served, but was taught by nobody and gets no coupons. A seed was screened, asked and trained
    before she was enrolled.
    """
    ends = (Step.SERVICES, Step.DONE)
    if progress.standing is Standing.MISTAKEN:
        return (Step.DONE,)
    if progress.came is Came.SEED:
        return (Step.SERVICES, Step.STIPEND, Step.BUNDLE, Step.DONE)
    if progress.standing in (Standing.INELIGIBLE, Standing.DUPLICATE):
        return (Step.ELIGIBILITY, *ends)
    if progress.consented is False:
        return (Step.ELIGIBILITY, Step.CONSENT, *ends)
    if progress.came is Came.WALK_IN:
        return (Step.ELIGIBILITY, Step.CONSENT, Step.INTERVIEW, *ends)
    return tuple(Step)


def next_step(progress: Progress, *, after: Step | None = None) -> Step:
    """The first step that is not done; one that may be left out is passed by naming it as ``after``."""
    done = progress.done()
    order = list(Step)
    passed = order.index(after) if after else -1
    may_pass = {Step.SERVICES, Step.STIPEND}
    return next(
        step
        for step in steps(progress)
        if not done[step] and not (step in may_pass and order.index(step) <= passed)
    )


def openable(progress: Progress) -> set[Step]:
    """The steps a desk may turn to: those behind her, the next, and what can be given at any time.

    Screening and consent can be corrected until the interview. Services, which teach, wait for the test.
    """
    done, upcoming = progress.done(), next_step(progress)
    gets_no_cards = progress.standing is Standing.INELIGIBLE or progress.consented is False
    untaught = bool(progress.consented) and progress.came is Came.WALK_IN
    complete = progress.interviewed or progress.came is Came.SEED
    may_serve = gets_no_cards or untaught or progress.tested or complete
    done[Step.STIPEND] = False
    if progress.interviewed:
        done[Step.ELIGIBILITY] = done[Step.CONSENT] = False
    at_any_time = {Step.SERVICES, Step.DONE} if may_serve else set()
    at_last = {Step.STIPEND, Step.TRAINING, Step.BUNDLE} if complete else set()
    opened = {upcoming, *at_any_time, *at_last}
    return {step for step in steps(progress) if done[step] or step in opened}


def missing_for_bundle(progress: Readiness) -> list[Step]:
    """What someone still has to do before she can have coupons."""
    needed = {
        Step.ELIGIBILITY: progress.standing is Standing.ENROLLED,
        Step.CONSENT: bool(progress.consented),
        Step.TRAINING: progress.trained,
    }
    if progress.came is Came.RECRUIT:
        needed |= {Step.KNOWLEDGE_TEST: progress.tested, Step.INTERVIEW: progress.interviewed}
    return [step for step in Step if needed.get(step) is False]


def ineligible_because(
    protocol: Protocol, *, age: int | None, adult_confirmed: bool, injected_recently: bool | None
) -> list[str]:
    """Why a person is not eligible; nothing when she is. Whether she was reached before plays no part."""
    adult = age >= protocol.minimum_age if age is not None else adult_confirmed
    return ([] if adult else ["under_age"]) + (
        [] if injected_recently else ["not_recently_injected"]
    )


def score(answers: Mapping[str, str], *, right: Mapping[str, str]) -> int:
    """How many of the items were answered rightly.

    Raises:
        BadAnswers: an item is missing or is not of this test.
    """
    if set(answers) != set(right):
        raise BadAnswers(missing=sorted(set(right) - set(answers)))
    return sum(answers[item] == right[item] for item in right)
