from app.core.errors import DomainError, Kind


class BadCount(DomainError):
    """Not a number of coins or notes."""

    kind, code = Kind.INVALID, "bad_count"


class CountIdReused(DomainError):
    """The form's id came with another count: it was kept already as it was first."""

    kind, code = Kind.CONFLICT, "count_id_reused"


class MoneyMoved(DomainError):
    """Cash went in or out, or someone else counted, since the form was opened."""

    kind, code = Kind.CONFLICT, "money_moved"


class NotYourSite(DomainError):
    kind, code = Kind.FORBIDDEN, "not_your_site"


class NotTheHolder(DomainError):
    """Cash is handed over by whoever is responsible for it."""

    kind, code = Kind.CONFLICT, "not_the_holder"


class HandoverWaits(DomainError):
    """The cash of a site is on its way from one person to another."""

    kind, code = Kind.CONFLICT, "handover_waits"


class HandoverEnded(DomainError):
    kind, code = Kind.CONFLICT, "handover_ended"


class NotAReceiver(DomainError):
    """Oneself, someone who has left, or someone who may not count this site's cash."""

    kind, code = Kind.INVALID, "not_a_receiver"


class NotYourHandover(DomainError):
    """Only the receiver confirms, only the giver takes back, and neither decides what they disagree about."""

    kind, code = Kind.FORBIDDEN, "not_your_handover"


class UnknownHandover(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_handover"


class NothingToWriteOff(DomainError):
    """More than is missing at the site, or nothing."""

    kind, code = Kind.CONFLICT, "nothing_to_write_off"


class UnknownWriteOff(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_write_off"


class WriteOffDecided(DomainError):
    kind, code = Kind.CONFLICT, "write_off_decided"


class OwnWriteOff(DomainError):
    """Whoever asks for money to be written off does not decide about it."""

    kind, code = Kind.FORBIDDEN, "own_write_off"


class SameSite(DomainError):
    """Cash is carried from one site to another."""

    kind, code = Kind.INVALID, "same_site"
