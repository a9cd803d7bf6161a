from app.core.errors import DomainError, Kind


class UnknownProfile(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_payout_profile"


class ProfileChanged(DomainError):
    """Someone else changed it meanwhile; ``number`` is the version there is now."""

    kind, code = Kind.CONFLICT, "payout_profile_changed"
