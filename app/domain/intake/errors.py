from app.core.errors import DomainError, Kind


class ScanIdReused(DomainError):
    """The same scan id with another coupon or site: a new scan needs a new id."""

    kind, code = Kind.CONFLICT, "scan_id_reused"


class LateReasonNeeded(DomainError):
    kind, code = Kind.INVALID, "late_reason_needed"


class UnknownConflict(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_conflict"


class ConflictDecided(DomainError):
    kind, code = Kind.CONFLICT, "conflict_decided"


class ConflictCannotMove(DomainError):
    """The first person holds coupons of her own; her place in the chain can no longer be another's."""

    kind, code = Kind.CONFLICT, "conflict_cannot_move"


class ReasonNeeded(DomainError):
    kind, code = Kind.INVALID, "reason_needed"
