from app.core.errors import DomainError, Kind


class UnknownMessage(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_message"


class NotToSendAgain(DomainError):
    """It has not failed, its time is over, or its words were already forgotten."""

    kind, code = Kind.CONFLICT, "not_to_send_again"


class MessageUnderWay(DomainError):
    """Too late to cancel: it is leaving or has left."""

    kind, code = Kind.CONFLICT, "message_under_way"
