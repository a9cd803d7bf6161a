"""What was entered on a device, in the words of the forms it was entered in: one line a field, in ``LABELS``."""

from collections.abc import Callable, Iterator, Mapping

from app.core.i18n import N_
from app.domain.services.rules import STATES, Service
from app.domain.visits.rules import Step
from app.web import vocabulary as words

Translate = Callable[[str], str]

KINDS: dict[str, str] = {
    "arrival": N_("Someone came"),
    "fee": N_("Money was handed out"),
    "undo": N_("A scan was taken back"),
    **{step.value: text for step, text in words.STEPS.items()},
}

LABELS: dict[str, str] = {
    "coupon": N_("Card ending in"),
    "uic": N_("The person's code"),
    "late_reason": N_("Reason"),
    "sex": N_("Sex"),
    "age": N_("Age in years"),
    "adult": N_("Old enough, by their own word"),
    "injected": N_("Have you injected drugs in the past 6 months?"),
    "network_size": N_("How many people who inject drugs do you know?"),
    "never_reached": N_("Is this the first time that a programme like this has reached you?"),
    "relationship": N_("How do you know the person who gave you the card?"),
    "journey": N_("How long did it take you to come here?"),
    "best_hours": N_("Which hours suit you best?"),
    "given": N_("Cards handed over"),
    "minor": N_("Amount, in the smallest unit"),
    **{f"consent_{purpose}": text for purpose, text in words.CONSENTS.items()},
    **{service.value: text for service, text in words.COMMODITIES.items()},
}

CHOSEN: dict[str, Mapping[str, str]] = {
    "sex": {sex.value: text for sex, text in words.SEX.items()},
    "relationship": words.RELATIONSHIPS,
    "journey": words.JOURNEYS,
    "best_hours": words.BEST_HOURS,
}
SAID = {"yes": N_("Yes"), "no": N_("No"), "unknown": N_("Prefers not to say")}
SERVICES: dict[Service, str] = words.TALKS | words.TESTS | words.REFERRALS
ITEM = "item_"


def in_words(entered: Mapping[str, str], translate: Translate) -> Iterator[tuple[str, str]]:
    """Each answer with its question, as a person reads them; what is only for the machine is left out.

    Of a card the last four characters are enough to find it, and answers to the test are only counted.
    """
    for name, value in entered.items():
        if name in LABELS and value:
            yield translate(LABELS[name]), _value(name, value, translate)
    for service, text in SERVICES.items():
        for state in STATES[service]:
            if f"{service.value}.{state.value}" in entered:
                yield translate(text), translate(words.STATES[state])
    answered = sum(name.startswith(ITEM) and bool(value) for name, value in entered.items())
    if answered:
        yield translate(words.STEPS[Step.KNOWLEDGE_TEST]), str(answered)


def _value(name: str, value: str, translate: Translate) -> str:
    if name == "coupon":
        return f"…{value[-4:]}"
    text = CHOSEN.get(name, SAID).get(value)
    return translate(text) if text else value
