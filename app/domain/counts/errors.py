from app.core.errors import DomainError, Kind


class BadCount(DomainError):
    """Not a number of coins or notes."""

    kind, code = Kind.INVALID, "bad_count"


class CountIdReused(DomainError):
    """The form's id came with another count: it was kept already as it was first."""

    kind, code = Kind.CONFLICT, "count_id_reused"
