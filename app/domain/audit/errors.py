from app.core.errors import DomainError, Kind


class ReasonNeeded(DomainError):
    """An act that someone may ask about later, without the reason that is kept with it."""

    kind, code = Kind.INVALID, "reason_needed"
