from app.core.errors import DomainError, Kind


class BadService(DomainError):
    kind, code = Kind.INVALID, "bad_service"
