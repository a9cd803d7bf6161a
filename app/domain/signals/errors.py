from app.core.errors import DomainError, Kind


class UnknownSignal(DomainError):
    """It is no longer there: the records have moved on, or it was never there."""

    kind, code = Kind.NOT_FOUND, "unknown_signal"


class OwnSignal(DomainError):
    """Nobody sets aside what is about their own work."""

    kind, code = Kind.FORBIDDEN, "own_signal"
