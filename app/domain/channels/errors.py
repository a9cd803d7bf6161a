from app.core.errors import DomainError, Kind


class UnknownChannel(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_channel"


class BadChannel(DomainError):
    """``field`` says what to look at, ``reason`` why."""

    kind, code = Kind.INVALID, "bad_channel"


class TooManySecrets(DomainError):
    """Two secrets are in use: one has to end before another is made."""

    kind, code = Kind.CONFLICT, "too_many_secrets"
