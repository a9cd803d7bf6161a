from app.core.errors import DomainError, Kind


class UnknownPad(DomainError):
    """What was scanned is on no pad that was printed for this programme."""

    kind, code = Kind.NOT_FOUND, "unknown_pad"


class PadAlreadyGiven(DomainError):
    """These cards are someone's already, or will be."""

    kind, code = Kind.CONFLICT, "pad_already_given"


class PadVoid(DomainError):
    """The pad was cancelled, as a lost one is."""

    kind, code = Kind.GONE, "pad_void"


class UnknownBatch(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_batch"


class BadBatch(DomainError):
    """So many pads, or cards on one, cannot be printed in one go."""

    kind, code = Kind.INVALID, "bad_batch"


class BatchStopped(DomainError):
    """The printing of a batch was stopped, and its pads are gone."""

    kind, code = Kind.CONFLICT, "batch_stopped"
