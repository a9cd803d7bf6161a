from app.core.errors import DomainError, Kind


class NothingSaid(DomainError):
    kind, code = Kind.INVALID, "nothing_said"


class TooMuchWaits(DomainError):
    """So much waits to be answered that no more is taken."""

    kind, code = Kind.TOO_MANY, "too_much_feedback_waits"


class UnknownFeedback(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_feedback"


class BadAnswer(DomainError):
    """An answer that is empty or too long."""

    kind, code = Kind.INVALID, "bad_answer"


class AnswerWasRead(DomainError):
    """An answer that was read stands as it was read."""

    kind, code = Kind.CONFLICT, "answer_was_read"


class AnswerChanged(DomainError):
    """Someone else answered meanwhile; ``state`` is how it stands now."""

    kind, code = Kind.CONFLICT, "answer_changed"
