from app.core.errors import DomainError, Kind


class AlreadyReserved(DomainError):
    """What a person is owed waits in another batch."""

    kind, code = Kind.CONFLICT, "already_reserved"


class UnknownPayout(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_payout"


class PayoutSettled(DomainError):
    """What became of this money is known already."""

    kind, code = Kind.CONFLICT, "payout_settled"


class PayoutNotSettled(DomainError):
    """Money that nobody said had arrived cannot have come back."""

    kind, code = Kind.CONFLICT, "payout_not_settled"


class MoreThanOwed(DomainError):
    kind, code = Kind.INVALID, "more_than_owed"
