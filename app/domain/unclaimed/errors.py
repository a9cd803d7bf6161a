from app.core.errors import DomainError, Kind


class UnknownWriteOff(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_write_off"


class WriteOffDecided(DomainError):
    kind, code = Kind.CONFLICT, "write_off_decided"


class WriteOffChanged(DomainError):
    """Some of what was asked for has been restored or written off since."""

    kind, code = Kind.CONFLICT, "write_off_changed"
