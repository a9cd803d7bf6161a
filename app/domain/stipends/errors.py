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


class FloatTooLow(DomainError):
    """A site's cash does not hold what is to be handed out; ``missing`` says how many minor units it lacks."""

    kind, code = Kind.CONFLICT, "float_too_low"


class PaymentTooLarge(DomainError):
    """More than the protocol lets a desk hand out at once."""

    kind, code = Kind.CONFLICT, "payment_too_large"


class AccrualChanged(DomainError):
    """What was to be paid was paid, sent, or taken back meanwhile."""

    kind, code = Kind.CONFLICT, "accrual_changed"
