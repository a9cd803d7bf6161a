from app.core.errors import DomainError, Kind


class BadAppointmentDay(DomainError):
    """A day that is past or more than a year ahead."""

    kind, code = Kind.INVALID, "bad_appointment_day"


class NoAppointment(DomainError):
    """There is none that stands: it was kept, cancelled, or never made."""

    kind, code = Kind.NOT_FOUND, "no_appointment"


class NoInvitation(DomainError):
    """She did not agree to be invited to a second conversation."""

    kind, code = Kind.CONFLICT, "no_invitation"
