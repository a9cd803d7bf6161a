from app.core.errors import DomainError, Kind


class BadPin(DomainError):
    """Not four to six digits."""

    kind, code = Kind.INVALID, "bad_pin"


class WeakPin(DomainError):
    """One of those that are tried first."""

    kind, code = Kind.INVALID, "weak_pin"


class NotAClaimCard(DomainError):
    """What was scanned or typed can be no claim card; ``reason`` is that of ``core.codes``."""

    kind, code = Kind.INVALID, "not_a_claim_card"


class UnknownClaimCard(DomainError):
    """No card in use: never given, replaced or ended."""

    kind, code = Kind.NOT_FOUND, "unknown_claim_card"


class WrongPin(DomainError):
    """``left`` tells how many more tries there are."""

    kind, code = Kind.FORBIDDEN, "wrong_pin"


class PinLocked(DomainError):
    kind, code = Kind.FORBIDDEN, "pin_locked"


class TooManyMisses(DomainError):
    """Too many wrong cards and PINs at this site within the hour."""

    kind, code = Kind.TOO_MANY, "too_many_misses"


class NoClaimCard(DomainError):
    """She has no card in use."""

    kind, code = Kind.CONFLICT, "no_claim_card"


class NotHerCode(DomainError):
    """The code that was typed is not the one she gave."""

    kind, code = Kind.FORBIDDEN, "not_her_code"


class PinsDiffer(DomainError):
    """The PIN was typed twice, and differently."""

    kind, code = Kind.INVALID, "pins_differ"
