from app.core.errors import DomainError, Kind


class ScanIdReused(DomainError):
    """The same scan id with another coupon or site: a new scan needs a new id."""

    kind, code = Kind.CONFLICT, "scan_id_reused"


class LateReasonNeeded(DomainError):
    kind, code = Kind.INVALID, "late_reason_needed"
