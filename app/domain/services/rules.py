"""What a visit can give: commodities, education, tests, referrals."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.services.errors import BadService


class Service(StrEnum):
    NEEDLES_AND_SYRINGES = "needles_and_syringes"
    MALE_CONDOMS = "male_condoms"
    FEMALE_CONDOMS = "female_condoms"
    INFORMATION_MATERIALS = "information_materials"
    EDUCATION_CONDOM_NEGOTIATION = "education_condom_negotiation"
    EDUCATION_FEMALE_CONDOM = "education_female_condom"
    HIV_TEST = "hiv_test"
    STI_TEST = "sti_test"
    HEPATITIS_B_TEST = "hepatitis_b_test"
    HEPATITIS_C_TEST = "hepatitis_c_test"
    HEPATITIS_B_DOSE = "hepatitis_b_dose"
    REFERRAL_ART = "referral_art"
    REFERRAL_OPIOID_AGONIST_TREATMENT = "referral_opioid_agonist_treatment"
    REFERRAL_ANTENATAL = "referral_antenatal"
    REFERRAL_VIOLENCE_SUPPORT = "referral_violence_support"
    REFERRAL_LEGAL = "referral_legal"


class State(StrEnum):
    GIVEN = "given"
    OFFERED = "offered"
    TAKEN = "taken"
    RESULT_RECEIVED = "result_received"
    MADE = "made"
    ACCOMPANIED = "accompanied"
    COMPLETED = "completed"


_TEST = (State.OFFERED, State.TAKEN, State.RESULT_RECEIVED)
_REFERRAL = (State.MADE, State.ACCOMPANIED, State.COMPLETED)

STATES: Mapping[Service, tuple[State, ...]] = {
    service: _TEST
    if service.value.endswith("_test")
    else _REFERRAL
    if service.value.startswith("referral_")
    else (State.GIVEN,)
    for service in Service
}

MOST = 1_000


def check_service(service: Service, state: State, quantity: int) -> None:
    """Raises: BadService."""
    if state not in STATES[service]:
        raise BadService(service=service.value, reason="state")
    if not 0 < quantity <= MOST:
        raise BadService(service=service.value, reason="quantity")
