from app.core.errors import DomainError, Kind


class UnknownPayoutBatch(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_payout_batch"


class UnknownPayoutLine(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_payout_line"


class BatchIdReused(DomainError):
    """The same id asked for something else: another batch needs another id."""

    kind, code = Kind.CONFLICT, "batch_id_reused"


class NothingToPrepare(DomainError):
    """Nobody of those asked for can be paid now."""

    kind, code = Kind.CONFLICT, "nothing_to_prepare"


class BadSelection(DomainError):
    """What was asked for cannot be prepared: no method, or an amount or a profile that is none."""

    kind, code = Kind.INVALID, "bad_selection"


class FourEyes(DomainError):
    """Whoever prepared, approved or released a batch has had her part in it."""

    kind, code = Kind.FORBIDDEN, "four_eyes"


class BatchMovedOn(DomainError):
    """The batch is no longer, or not yet, where this can be done; ``state`` says where it is."""

    kind, code = Kind.CONFLICT, "batch_moved_on"


class BatchChanged(DomainError):
    """The batch is not what was looked at, or what was approved."""

    kind, code = Kind.CONFLICT, "batch_changed"


class ApprovalMissing(DomainError):
    kind, code = Kind.CONFLICT, "approval_missing"


class SecondPersonThere(DomainError):
    """Somebody else could release this batch: nobody releases her own then."""

    kind, code = Kind.FORBIDDEN, "second_person_there"


class SelfReleaseOff(DomainError):
    """The protocol lets nobody release what she prepared."""

    kind, code = Kind.FORBIDDEN, "self_release_off"


class SelfReleaseTooEarly(DomainError):
    kind, code = Kind.CONFLICT, "self_release_too_early"


class NothingToReview(DomainError):
    """The batch was released by two people, or was looked at already."""

    kind, code = Kind.CONFLICT, "nothing_to_review"
