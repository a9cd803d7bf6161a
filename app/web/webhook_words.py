"""What other systems are told, in words: a line a type, a state, a cause."""

from app.core.i18n import N_
from app.domain.webhooks.queries import EndpointFacts
from app.domain.webhooks.rules import TEST_TYPE, OffBecause, Problem, State

# What happened, and what of it is told.
TYPES: dict[str, tuple[str, str]] = {
    "coupon.redeemed": (
        N_("A card was redeemed"),
        N_("The number of the scan and the day. Not whose card it was, nor who came with it."),
    ),
    "visit.completed": (
        N_("A first visit is complete"),
        N_("The person's number and the day. Not who invited the person, and no cards."),
    ),
    "float.low": (
        N_("A site's cash is low"),
        N_("The number of the site and the day. No amount."),
    ),
    "payout_batch.released": (
        N_("A batch of payments was released"),
        N_("The number of the batch. Nobody who is in it, and no amount."),
    ),
    "payout_batch.closed": (
        N_("All payments of a batch are settled"),
        N_("The number of the batch. Nobody who is in it, and no amount."),
    ),
    "message.delivered": (
        N_("A message arrived"),
        N_("The number of the message and the day. Neither whose it was nor what it said."),
    ),
    "message.failed": (
        N_("A message did not arrive"),
        N_("The number of the message and the day. Neither whose it was nor what it said."),
    ),
    TEST_TYPE: (N_("A test"), N_("Nothing.")),
}

STATES: dict[State, tuple[str, str]] = {
    State.WAITING: (N_("Waits"), "info"),
    State.DELIVERED: (N_("Was taken"), "good"),
    State.FAILED: (N_("Not taken"), "bad"),
}

PROBLEMS: dict[Problem, str] = {
    Problem.NO_ADDRESS: N_("nobody knows this name"),
    Problem.NOT_PUBLIC: N_("the name leads to an address that is not public"),
    Problem.UNREACHABLE: N_("no connection"),
    Problem.TIMEOUT: N_("no answer in time"),
    Problem.CERTIFICATE: N_("the certificate is not valid for this name"),
    Problem.GARBLED: N_("an answer that could not be read"),
}

OFF: dict[OffBecause, str] = {
    OffBecause.BY_PERSON: N_("Someone switched it off."),
    OffBecause.GONE: N_(
        "The other system said that it wants nothing more, so it was switched off."
    ),
    OffBecause.FAILING: N_("It took nothing for three days, so it was switched off."),
}


def condition(endpoint: EndpointFacts) -> tuple[str, str]:
    """How an endpoint is, and the colour of it."""
    if not endpoint.is_on:
        return N_("Off"), "bad" if endpoint.off_because is not OffBecause.BY_PERSON else ""
    if endpoint.failing_since:
        return N_("Takes nothing just now"), "warn"
    return (
        (N_("Takes what we send"), "good")
        if endpoint.succeeded_at
        else (N_("Nothing sent yet"), "info")
    )
