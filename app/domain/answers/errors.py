from app.core.errors import DomainError, Kind


class UnknownAnswerFile(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_answer_file"


class LineSettled(DomainError):
    """What became of this line is known, or nothing was sent yet; ``state`` says which."""

    kind, code = Kind.CONFLICT, "line_settled"


class NotHandedOut(DomainError):
    """What goes to a phone is not handed out: the provider's answer settles it."""

    kind, code = Kind.CONFLICT, "not_handed_out"


class EvidenceNeeded(DomainError):
    """A line whose end nobody knew is settled with what shows it."""

    kind, code = Kind.INVALID, "evidence_needed"


class FileAlreadyApplied(DomainError):
    """The very same file was booked before."""

    kind, code = Kind.CONFLICT, "file_already_applied"


class AnswersRefused(DomainError):
    """A file with a fault changes nothing; ``faults`` counts them."""

    kind, code = Kind.INVALID, "answers_refused"


class AnswerFileDropped(DomainError):
    kind, code = Kind.GONE, "answer_file_dropped"
