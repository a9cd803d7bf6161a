from app.core.errors import DomainError, Kind


class UnknownDevice(DomainError):
    """No device has this key. A server that was restored may not know it: it keeps what waits, and is enrolled anew."""

    kind, code = Kind.UNAUTHENTICATED, "unknown_device"


class DeviceRevoked(DomainError):
    """The device was locked, or its person left the staff: it wipes what it can read."""

    kind, code = Kind.UNAUTHENTICATED, "device_revoked"


class EnrolmentOver(DomainError):
    """Used before, too old, called off, or never given: which of them is not said."""

    kind, code = Kind.GONE, "enrolment_over"


class DeviceNotFound(DomainError):
    kind, code = Kind.NOT_FOUND, "device_not_found"


class BadDevice(DomainError):
    """``field`` says what to look at, ``reason`` why."""

    kind, code = Kind.INVALID, "bad_device"
