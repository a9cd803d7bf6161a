from app.core.errors import DomainError, Kind


class NotForYou(DomainError):
    """A kind of alert that leads to a page one may not open."""

    kind, code = Kind.FORBIDDEN, "alert_not_for_you"
