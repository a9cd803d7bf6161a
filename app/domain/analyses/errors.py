from app.core.errors import DomainError, Kind


class UnknownAnalysis(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_analysis"


class BadAnalysis(DomainError):
    """Something was asked for in words that no analysis takes."""

    kind, code = Kind.INVALID, "bad_analysis"


class TooManyAnalyses(DomainError):
    """A programme has as many under way as may wait at once."""

    kind, code = Kind.TOO_MANY, "too_many_analyses"
