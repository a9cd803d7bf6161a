from app.core.errors import DomainError, Kind


class BadDay(DomainError):
    """A day that is past or too far ahead to be announced or agreed on."""

    kind, code = Kind.INVALID, "bad_day"
