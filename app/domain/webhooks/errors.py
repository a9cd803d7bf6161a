from app.core.errors import DomainError, Kind


class UnknownWebhook(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_webhook"


class BadWebhook(DomainError):
    """``field`` says what to look at, ``reason`` why."""

    kind, code = Kind.INVALID, "bad_webhook"


class TwoKeysAlready(DomainError):
    """A new key while an earlier one still signs: that one is ended first."""

    kind, code = Kind.CONFLICT, "two_webhook_keys"


class WebhookOff(DomainError):
    """Nothing is sent to an address that is switched off."""

    kind, code = Kind.CONFLICT, "webhook_off"


class NothingToSend(DomainError):
    """What was to be sent again is no longer kept."""

    kind, code = Kind.GONE, "webhook_body_gone"
