from app.core.errors import DomainError, Kind


class NothingToWriteOff(DomainError):
    """More than is missing at the site, or nothing."""

    kind, code = Kind.CONFLICT, "nothing_to_write_off"


class UnknownWriteOff(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_write_off"


class WriteOffDecided(DomainError):
    kind, code = Kind.CONFLICT, "write_off_decided"


class OwnWriteOff(DomainError):
    """Whoever asks for money to be written off does not decide about it."""

    kind, code = Kind.FORBIDDEN, "own_write_off"
