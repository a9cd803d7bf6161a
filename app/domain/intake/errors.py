from app.core.errors import DomainError, Kind
from app.domain.coupons.errors import CouponRefused


class ScanIdReused(DomainError):
    """The same scan id with another coupon or site: a new scan needs a new id."""

    kind, code = Kind.CONFLICT, "scan_id_reused"


class LateReasonNeeded(DomainError):
    kind, code = Kind.INVALID, "late_reason_needed"


class PersonAlreadyHere(CouponRefused):
    """Someone who has arrived once brings another coupon: her visit goes on as it began."""

    kind, code = Kind.CONFLICT, "person_already_here"
