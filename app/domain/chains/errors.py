from app.core.errors import DomainError, Kind


class UnknownChain(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_chain"
