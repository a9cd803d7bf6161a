from app.core.errors import DomainError, Kind


class UnknownParticipant(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_participant"


class BadParticipant(DomainError):
    kind, code = Kind.INVALID, "bad_participant"
