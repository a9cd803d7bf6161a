from app.core.errors import DomainError, Kind


class UnknownScan(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_scan"


class UndoOver(DomainError):
    """A desk takes its own scan back within minutes; after that someone else has to."""

    kind, code = Kind.FORBIDDEN, "undo_over"


class HoldsCoupons(DomainError):
    """She has coupons of her own: her place in the chain can no longer be taken back."""

    kind, code = Kind.CONFLICT, "holds_coupons"
