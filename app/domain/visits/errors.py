from app.core.errors import DomainError, Kind


class NotReadyForBundle(DomainError):
    kind, code = Kind.CONFLICT, "not_ready_for_bundle"


class WaitsForDecision(NotReadyForBundle):
    """Her code came before: what she may have waits until a person has decided who she is."""

    kind, code = Kind.CONFLICT, "waits_for_decision"


class NotReadyForStep(DomainError):
    kind, code = Kind.CONFLICT, "not_ready_for_step"


class TestAlreadyScored(DomainError):
    """A knowledge test is scored once and then locked."""

    kind, code = Kind.CONFLICT, "test_already_scored"


class BadAnswers(DomainError):
    kind, code = Kind.INVALID, "bad_answers"
