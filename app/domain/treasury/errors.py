from app.core.errors import DomainError, Kind


class UnknownEntry(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_entry"


class EntryNotReversible(DomainError):
    """Not an entry that is corrected by hand: it was corrected before, or follows from something else."""

    kind, code = Kind.CONFLICT, "entry_not_reversible"


class SameSite(DomainError):
    """Cash is carried from one site to another."""

    kind, code = Kind.INVALID, "same_site"
