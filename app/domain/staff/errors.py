from app.core.errors import DomainError, Kind


class WrongLogIn(DomainError):
    """Says nothing of which half was wrong."""

    kind, code = Kind.UNAUTHENTICATED, "wrong_log_in"


class NotLoggedIn(DomainError):
    kind, code = Kind.UNAUTHENTICATED, "not_logged_in"


class NotAllowed(DomainError):
    kind, code = Kind.FORBIDDEN, "not_allowed"


class UsernameTaken(DomainError):
    kind, code = Kind.CONFLICT, "username_taken"


class WeakPassword(DomainError):
    kind, code = Kind.INVALID, "weak_password"


class UnknownStaff(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_staff"


class OwnLogIn(DomainError):
    """Nobody takes her own log-in away, so that a programme keeps someone who can give them."""

    kind, code = Kind.CONFLICT, "own_log_in"
