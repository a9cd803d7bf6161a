"""What counts, handovers and movements of cash are called by people."""

from app.core.i18n import N_
from app.domain.cash_days.rules import Movement
from app.domain.counts.rules import CountKind
from app.domain.floats.rules import HandoverStep
from app.domain.shortages.rules import Discrepancy

COUNT_KINDS: dict[CountKind, str] = {
    CountKind.OPENING: N_("Opening"),
    CountKind.SPOT_CHECK: N_("Spot check"),
    CountKind.END_OF_DAY: N_("End of the day"),
    CountKind.HANDOVER: N_("Handover"),
}

# What each count is for, said where one is chosen.
COUNT_REASONS: dict[CountKind, str] = {
    CountKind.OPENING: N_(
        "You begin to work with this cash, and are responsible for it from now on."
    ),
    CountKind.SPOT_CHECK: N_("Someone wants to know whether it fits, at any time."),
    CountKind.END_OF_DAY: N_("The desk closes. It closes the report of the day."),
    CountKind.HANDOVER: N_(
        "You count, a colleague takes over and confirms with a log-in of their own."
    ),
}

STEPS: dict[HandoverStep, str] = {
    HandoverStep.DIFFERS: N_("The receiver counted something else"),
    HandoverStep.CONFIRMED: N_("Confirmed"),
    HandoverStep.WITHDRAWN: N_("Taken back"),
    HandoverStep.RECOUNTED: N_("Counted again"),
    HandoverStep.DECIDED: N_("Decided by a third person"),
}

MOVEMENTS: dict[Movement, str] = {
    Movement.FUNDED: N_("Put in by the programme"),
    Movement.FROM_BANK: N_("From the bank"),
    Movement.FROM_SITE: N_("From another site"),
    Movement.PAID: N_("Paid to people"),
    Movement.PAID_FOR_SITE: N_("Paid to people for another site"),
    Movement.PAID_BATCH: N_("Paid to people from a batch"),
    Movement.LOST: N_("Handed out without being owed"),
    Movement.COUNTED: N_("Found too much or too little by a count"),
    Movement.TO_SITE: N_("To another site"),
    Movement.TO_BANK: N_("To the bank"),
    Movement.OTHER: N_("Corrections"),
}

DISCREPANCIES: dict[Discrepancy, str] = {
    Discrepancy.CASH_VARIANCE: N_("Found by counting"),
    Discrepancy.CASH_LOSS: N_("Handed out without being owed"),
}
