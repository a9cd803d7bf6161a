from app.core.errors import DomainError, Kind


class BadNumber(DomainError):
    """Not a telephone number that exists where the programme works; the number itself is in no fact."""

    kind, code = Kind.INVALID, "bad_number"


class NumberNeeded(DomainError):
    """What goes to a telephone needs its number."""

    kind, code = Kind.INVALID, "number_needed"


class UnknownLanguage(DomainError):
    kind, code = Kind.INVALID, "unknown_language"
