from app.core.errors import DomainError, Kind


class UnknownConflict(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_conflict"


class ConflictDecided(DomainError):
    kind, code = Kind.CONFLICT, "conflict_decided"


class ConflictCannotMove(DomainError):
    """The first person holds coupons of her own; her place in the chain can no longer be another's."""

    kind, code = Kind.CONFLICT, "conflict_cannot_move"
