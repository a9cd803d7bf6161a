from app.core.errors import DomainError, Kind


class CouponRefused(DomainError):
    """A scan that redeems nothing. The person is served all the same."""


class UnknownCoupon(CouponRefused):
    kind, code = Kind.NOT_FOUND, "unknown_coupon"


class MistypedCode(CouponRefused):
    kind, code = Kind.INVALID, "mistyped_code"


class CouponNotYetActive(CouponRefused):
    kind, code = Kind.CONFLICT, "not_yet_active"


class CouponExpired(CouponRefused):
    kind, code = Kind.GONE, "expired"


class CouponAlreadyRedeemed(CouponRefused):
    """Says when, never by whom."""

    kind, code = Kind.CONFLICT, "already_redeemed"


class CouponVoid(CouponRefused):
    kind, code = Kind.GONE, "void"


class CouponLost(CouponRefused):
    kind, code = Kind.GONE, "lost"


class WrongProgramme(CouponRefused):
    kind, code = Kind.CONFLICT, "wrong_programme"


class SelfRecruitment(CouponRefused):
    kind, code = Kind.CONFLICT, "self_recruitment"


class DuplicateParticipant(CouponRefused):
    kind, code = Kind.CONFLICT, "duplicate_participant"


class UnknownBundle(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_bundle"


class BundleAlreadyIssued(DomainError):
    kind, code = Kind.CONFLICT, "bundle_already_issued"


class TargetReached(DomainError):
    kind, code = Kind.CONFLICT, "target_reached"


class CouponIsFinal(DomainError):
    """Redeemed, void, lost and refused coupons stay so."""

    kind, code = Kind.CONFLICT, "coupon_is_final"
