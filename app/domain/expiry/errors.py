from app.core.errors import DomainError, Kind


class NotExpired(DomainError):
    """This money is not, or no longer, among what has expired."""

    kind, code = Kind.CONFLICT, "not_expired"


class WrittenOffAlone(DomainError):
    """Whoever proposed to write money off cannot decide it as well."""

    kind, code = Kind.FORBIDDEN, "written_off_alone"
