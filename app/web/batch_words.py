"""What the words of batches are called on their pages: one line each, here in English and in every catalogue."""

from collections.abc import Mapping

from app.core.i18n import N_
from app.domain.answers.rules import FaultCode
from app.domain.batches.rules import Act, BatchState, LeftOut, LineState

# Each with its colour.
BATCHES: Mapping[BatchState, tuple[str, str]] = {
    BatchState.DRAFT: (N_("To be approved"), "warn"),
    BatchState.APPROVED: (N_("Approved, not sent yet"), "warn"),
    BatchState.RELEASED: (N_("On its way"), "info"),
    BatchState.CLOSED: (N_("Done"), "good"),
    BatchState.VOID: (N_("Void"), ""),
}
LINES: Mapping[LineState, tuple[str, str]] = {
    LineState.WAITING: (N_("not sent yet"), ""),
    LineState.SENT: (N_("on its way"), "info"),
    LineState.PAID: (N_("paid"), "good"),
    LineState.PARTLY_PAID: (N_("partly paid"), "warn"),
    LineState.FAILED: (N_("failed"), "bad"),
    LineState.UNKNOWN: (N_("nobody knows"), "bad"),
    LineState.REMOVED: (N_("taken out"), ""),
}

# Why someone has no line, and what can be done about it.
LEFT_OUT: Mapping[LeftOut, tuple[str, str]] = {
    LeftOut.WAITS_FOR_DECISION: (
        N_("May be the same person as someone else"),
        N_("A coupon manager decides under Conflicts; until then nothing is paid."),
    ),
    LeftOut.NO_NUMBER: (
        N_("No telephone number"),
        N_("The desk can note a number, or pay in cash, at the next visit."),
    ),
    LeftOut.OTHER_METHOD: (
        N_("Wants to be paid in another way"),
        N_("Tick that way above, or prepare another batch for it."),
    ),
    LeftOut.OTHER_SITE: (
        N_("Owed at another site"),
        N_("Tick that site above, or prepare another batch for it."),
    ),
    LeftOut.TOO_LITTLE: (
        N_("Owed less than the smallest payment"),
        N_("It stays owed until more is earned; a lower limit above takes it in."),
    ),
    LeftOut.TOO_RECENT: (
        N_("Owed since a later day"),
        N_("A later day above takes it in."),
    ),
    LeftOut.NO_ROOM: (
        N_("No room in this batch"),
        N_("Prepare another batch once this one is made."),
    ),
}

# What is wrong with a line of a file that came back, and what to do about it.
FAULTS: Mapping[str, tuple[str, str]] = {
    FaultCode.UNKNOWN_REF: (
        N_("Nobody here knows this reference."),
        N_("Please check that it is the whole reference, and that this file answers ours."),
    ),
    FaultCode.OTHER_BATCH: (
        N_("This reference belongs to another batch."),
        N_("Please bring this line back to the batch it belongs to."),
    ),
    FaultCode.TWICE: (
        N_("This reference stands in the file twice, first in line %(first)s."),
        N_("Please ask the provider which line is right, and take the other one out."),
    ),
    FaultCode.NOT_SENT: (
        N_("This payment was taken out of the batch, or was never sent."),
        N_("Please ask the provider why they know it."),
    ),
    FaultCode.WRONG_CURRENCY: (
        N_("The currency is not the one of the batch."),
        N_("Please ask the provider for the amounts in the currency that was sent."),
    ),
    FaultCode.WRONG_STATUS: (
        N_("This state is none that a payment can come back with."),
        N_(
            "Please add the word to the layout under Payment files, or ask the provider what it means."
        ),
    ),
    FaultCode.MORE_THAN_OWED: (
        N_("More was paid than was owed."),
        N_("Please ask the provider; what was paid too much cannot be booked as paid."),
    ),
    FaultCode.BELOW_ZERO: (
        N_("The amount is below zero."),
        N_("Please ask the provider what was paid."),
    ),
    FaultCode.AMOUNT_MISSING: (
        N_("The amount that was paid is missing."),
        N_("Please ask the provider what was paid."),
    ),
    FaultCode.CONTRADICTS_ITSELF: (
        N_("State and amount contradict each other."),
        N_("Please ask the provider which of them is right."),
    ),
    FaultCode.SETTLED_OTHERWISE: (
        N_("This payment was booked before with another result."),
        N_("If the money came back later, say so on the payment's own page."),
    ),
    FaultCode.NEEDS_A_PERSON: (
        N_("Nobody knew what became of this payment, so a file alone does not decide it."),
        N_("Please resolve it on the payment's own page, with what shows it."),
    ),
    FaultCode.TEXT_TOO_LONG: (
        N_("A receipt, a time or a message in this line is too long."),
        N_("Please make it shorter."),
    ),
}

# Why someone cannot do something now. What the rules call ``four_eyes`` is told by the part she had.
WHY_NOT: Mapping[tuple[Act, str], str] = {
    (Act.APPROVE, "prepared"): N_("You prepared this batch; someone else must approve it."),
    (Act.APPROVE, "approved"): N_("You approved this batch; a second person must approve it too."),
    (Act.RELEASE, "prepared"): N_("You prepared this batch; someone else must release it."),
    (Act.RELEASE, "approved"): N_("You approved this batch; someone else must release it."),
    (Act.APPROVE, "not_allowed"): N_("Your role does not approve batches."),
    (Act.RELEASE, "not_allowed"): N_("Your role does not release batches."),
    (Act.RELEASE, "self_release_too_early"): N_("You may release it yourself from %(moment)s on."),
    (Act.RELEASE, "second_person_there"): N_(
        "Someone else can release it by now, so you cannot release your own batch."
    ),
    (Act.RESOLVE, "released"): N_(
        "You released this batch; someone else must say what became of such a payment."
    ),
    (Act.REVIEW, "released"): N_("You released this batch; someone else must look at it."),
    (Act.RESOLVE, "not_allowed"): N_("Your role does not say what became of payments."),
    (Act.REVIEW, "not_allowed"): N_("Your role does not look at released batches."),
}

# Why an approval lapsed.
LAPSED: Mapping[str, str] = {
    "profiles": N_("Another file layout was chosen."),
    "lines_taken_out": N_("Lines were taken out."),
    "content": N_("The batch was not what had been approved."),
    "number_changed": N_("Someone in it gave another number, or took hers back."),
    "no_longer_owed": N_("Something in it was no longer owed as it had been."),
}
