from app.core.errors import DomainError, Kind


class UnreadableEvent(DomainError):
    """It was not sealed to this server under this name, or is not whole. Nothing of it is kept: nobody vouches for it."""

    kind, code = Kind.INVALID, "unreadable_event"


class UnknownEvent(DomainError):
    """What a device wrote under its own key, but this version cannot make out. It is kept until someone looks."""

    kind, code = Kind.INVALID, "unknown_event"


class UnknownDelivery(DomainError):
    """There is nothing like it among what could not be booked, or not any more."""

    kind, code = Kind.NOT_FOUND, "unknown_delivery"
