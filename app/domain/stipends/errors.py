from app.core.errors import DomainError, Kind


class NothingToPay(DomainError):
    kind, code = Kind.CONFLICT, "nothing_to_pay"


class RewardAlreadyPaid(DomainError):
    kind, code = Kind.CONFLICT, "reward_already_paid"


class BadAmount(DomainError):
    kind, code = Kind.INVALID, "bad_amount"


class PaymentIdReused(DomainError):
    """The same payment id with another person or amount: a new payment needs a new id."""

    kind, code = Kind.CONFLICT, "payment_id_reused"
