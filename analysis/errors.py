"""What can be wrong with recruitment records."""


class SampleError(ValueError):
    """Recruitment records that cannot be analysed as they stand.

    Nothing is guessed and nothing is dropped: a record that contradicts another is refused, because
    a silently repaired forest gives wrong figures without anyone noticing.

    Attributes:
        code: stable, for programs and translations (``repeated_id``, ``cycle``, …).
        message: what is wrong and what to do, in English.
        line: the line of the file, counted from 1; ``None`` where there is no file or no one line.
        facts: the values the message names, for a text in another language.

    >>> error = SampleError("repeated_id", "The id 7 is there twice.", line=9, id="7")
    >>> str(error)
    'line 9: The id 7 is there twice. (repeated_id)'
    """

    def __init__(self, code: str, message: str, *, line: int | None = None, **facts: object):
        self.code = code
        self.message = message
        self.line = line
        self.facts = facts
        where = "" if line is None else f"line {line}: "
        super().__init__(f"{where}{message} ({code})")
