"""What the words of the domain are called on screens: one line each, here in English and in every catalogue."""

from app.core.i18n import N_
from app.domain.alerts.rules import AlertKind
from app.domain.appointments.rules import AppointmentKind, AppointmentState, PartOfDay
from app.domain.conflicts.rules import Decision
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.rules import Flag
from app.domain.participants.rules import EntryRoute, Likeness, SamePerson, Sex
from app.domain.services.rules import Service, State
from app.domain.stipends.rules import Method, RewardState
from app.domain.visits.rules import Step

SEX: dict[Sex, str] = {
    Sex.FEMALE: N_("Woman"),
    Sex.MALE: N_("Man"),
    Sex.OTHER: N_("Other"),
    Sex.PREFER_NOT_TO_SAY: N_("Prefers not to say"),
    Sex.UNKNOWN: N_("Not known"),
}

ENTRY_ROUTES: dict[EntryRoute, str] = {
    EntryRoute.OUTREACH: N_("Outreach worker"),
    EntryRoute.MALE_PARTNER: N_("Male partner"),
    EntryRoute.FRIEND: N_("Friend"),
    EntryRoute.SERVICE_CLIENT: N_("Was a client before"),
    EntryRoute.SELF: N_("Came unasked"),
    EntryRoute.OTHER: N_("Another way"),
}

STEPS: dict[Step, str] = {
    Step.ELIGIBILITY: N_("Eligibility"),
    Step.CONSENT: N_("Consent"),
    Step.KNOWLEDGE_TEST: N_("Questions"),
    Step.INTERVIEW: N_("Interview"),
    Step.SERVICES: N_("Services"),
    Step.STIPEND: N_("Thank-you payment"),
    Step.TRAINING: N_("Training"),
    Step.BUNDLE: N_("Cards to pass on"),
    Step.DONE: N_("Done"),
}

COMMODITIES: dict[Service, str] = {
    Service.NEEDLES_AND_SYRINGES: N_("Needles and syringes"),
    Service.MALE_CONDOMS: N_("Male condoms"),
    Service.FEMALE_CONDOMS: N_("Female condoms"),
    Service.INFORMATION_MATERIALS: N_("Information materials"),
}

TALKS: dict[Service, str] = {
    Service.EDUCATION_CONDOM_NEGOTIATION: N_("Talking with a partner about condoms"),
    Service.EDUCATION_FEMALE_CONDOM: N_("Using a female condom"),
    Service.HEPATITIS_B_DOSE: N_("A dose of hepatitis B vaccine"),
}

TESTS: dict[Service, str] = {
    Service.HIV_TEST: N_("HIV test"),
    Service.STI_TEST: N_("Test for sexually transmitted infections"),
    Service.HEPATITIS_B_TEST: N_("Hepatitis B test"),
    Service.HEPATITIS_C_TEST: N_("Hepatitis C test"),
}

REFERRALS: dict[Service, str] = {
    Service.REFERRAL_ART: N_("HIV treatment"),
    Service.REFERRAL_OPIOID_AGONIST_TREATMENT: N_("Opioid agonist treatment"),
    Service.REFERRAL_ANTENATAL: N_("Care during pregnancy"),
    Service.REFERRAL_VIOLENCE_SUPPORT: N_("Support after violence"),
    Service.REFERRAL_LEGAL: N_("Legal help"),
}

STATES: dict[State, str] = {
    State.GIVEN: N_("Given"),
    State.OFFERED: N_("Offered"),
    State.TAKEN: N_("Taken"),
    State.RESULT_RECEIVED: N_("Heard the result"),
    State.MADE: N_("Made"),
    State.ACCOMPANIED: N_("Accompanied"),
    State.COMPLETED: N_("Completed"),
}

# What was answered to the reader of a scan: the codes of its refusals, and of its outcomes.
OUTCOMES: dict[str, str] = {
    "accepted": N_("Accepted"),
    "conflict": N_("Two people, one card"),
    "overruled": N_("Decided for another desk"),
    "taken_back": N_("Taken back"),
    "unknown_coupon": N_("Not known"),
    "not_yet_active": N_("Not usable yet"),
    "expired": N_("Past its last day"),
    "already_redeemed": N_("Used before"),
    "void": N_("Cancelled"),
    "lost": N_("Reported lost"),
    "wrong_programme": N_("Another programme's"),
    "self_recruitment": N_("The person's own"),
    "duplicate_participant": N_("Came before"),
    "person_already_here": N_("Here already"),
}

COUPON_STATES: dict[CouponStatus, str] = {
    CouponStatus.ISSUED: N_("Issued"),
    CouponStatus.REDEEMED: N_("Used"),
    CouponStatus.VOID: N_("Cancelled"),
    CouponStatus.LOST: N_("Reported lost"),
    CouponStatus.REFUSED: N_("Handed back"),
}

ENDINGS: dict[CouponStatus, str] = {
    CouponStatus.VOID: N_("Cancelled: it was printed or given by mistake"),
    CouponStatus.LOST: N_("Lost: its holder cannot find it"),
    CouponStatus.REFUSED: N_("Handed back: nobody wanted it"),
}

FLAGS: dict[Flag, str] = {
    Flag.OTHER_SITE: N_("The card was issued at another site."),
    Flag.CLOCK_AHEAD: N_("The device's clock was ahead."),
    Flag.CLOCK_BEHIND: N_("The device's clock was far behind."),
    Flag.LATE_UPLOAD: N_("It was sent more than five days after the scan."),
    Flag.ACCEPTED_LATE: N_("The card was accepted after its last day."),
    Flag.CLOCK_CORRECTED: N_("The times were corrected by how wrong the clock was."),
    Flag.UNREADABLE_UIC: N_("The person's code could not be read."),
    Flag.POSSIBLE_DUPLICATE: N_("Someone with the same code came before."),
    Flag.POSSIBLE_SELF_RECRUITMENT: N_("The card may have been the person's own."),
}

DECISIONS: dict[Decision, str] = {
    Decision.FIRST_STANDS: N_("For the first person"),
    Decision.SECOND_STANDS: N_("For the second person"),
}

LIKENESSES: dict[Likeness, str] = {
    Likeness.POSSIBLE_DUPLICATE: N_("Someone with the same code came before"),
    Likeness.POSSIBLE_SELF_RECRUITMENT: N_("Perhaps the person's own card"),
}

SAME_PERSON: dict[SamePerson, str] = {
    SamePerson.SAME: N_("The same person: counted once, and what this visit earned is reversed"),
    SamePerson.NOT_THE_SAME: N_("Not the same person: both count, and what waited becomes owed"),
}

REWARDS: dict[RewardState, str] = {
    RewardState.NONE: N_("none"),
    RewardState.HELD: N_("held"),
    RewardState.OWED: N_("owed, not paid yet"),
    RewardState.PAID: N_("paid"),
}

METHODS: dict[Method, str] = {
    Method.CASH: N_("Cash"),
    Method.MOBILE_MONEY: N_("Mobile money"),
    Method.AIRTIME: N_("Airtime"),
    Method.VOUCHER: N_("Voucher"),
}

# What a person is asked to agree to, purpose by purpose, as it is read out to her.
CONSENTS: dict[str, str] = {
    "participation": N_(
        "May we keep your answers from today, without your name, to see whether this programme helps people?"
    ),
    "follow_up": N_("May we invite you to a second conversation in a few months?"),
}

RELATIONSHIPS: dict[str, str] = {
    "friend": N_("A friend"),
    "partner": N_("A partner"),
    "relative": N_("A relative"),
    "acquaintance": N_("Someone I know"),
    "stranger": N_("Someone I did not know"),
    "prefer_not_to_say": N_("Prefers not to say"),
}

JOURNEYS: dict[str, str] = {
    "under_30": N_("Less than half an hour"),
    "30_to_60": N_("Half an hour to an hour"),
    "over_60": N_("More than an hour"),
    "prefer_not_to_say": N_("Prefers not to say"),
}

BEST_HOURS: dict[str, str] = {
    "morning": N_("Morning"),
    "afternoon": N_("Afternoon"),
    "evening": N_("Evening"),
    "women_only": N_("Hours for women only"),
    "prefer_not_to_say": N_("Prefers not to say"),
}

# What for, which part of the day, and what became of a day that was agreed on.
APPOINTMENTS: dict[AppointmentKind, str] = {
    AppointmentKind.VISIT: N_("A visit"),
    AppointmentKind.FOLLOW_UP: N_("A second conversation"),
}
PARTS_OF_DAY: dict[PartOfDay, str] = {
    PartOfDay.ANY: N_("any time"),
    PartOfDay.MORNING: N_("in the morning"),
    PartOfDay.AFTERNOON: N_("in the afternoon"),
    PartOfDay.EVENING: N_("in the evening"),
}
APPOINTMENT_STATES: dict[AppointmentState, str] = {
    AppointmentState.AGREED: N_("agreed"),
    AppointmentState.KEPT: N_("came"),
    AppointmentState.MISSED: N_("not come yet"),
    AppointmentState.CANCELLED: N_("taken back"),
}

# What calls someone on the staff to the pages.
ALERTS: dict[AlertKind, str] = {
    AlertKind.FLOAT_LOW: N_("a site's cash is low"),
    AlertKind.BATCH_WAITS: N_("a batch of payments waits for approval"),
    AlertKind.FEEDBACK_WAITS: N_("feedback waits for an answer"),
    AlertKind.MESSAGES_FAIL: N_("messages do not go out"),
}
