from app.core.errors import DomainError, Kind


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
