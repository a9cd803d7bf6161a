from app.core.errors import DomainError, Kind


class UnknownProgramme(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_programme"


class UnknownSite(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_site"


class BadProtocol(DomainError):
    kind, code = Kind.INVALID, "bad_protocol"


class BadSite(DomainError):
    kind, code = Kind.INVALID, "bad_site"
