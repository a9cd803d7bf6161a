from app.core.errors import DomainError, Kind


class UnknownDraw(DomainError):
    kind, code = Kind.NOT_FOUND, "unknown_draw"


class WeekNotOver(DomainError):
    kind, code = Kind.CONFLICT, "week_not_over"


class WeekDrawn(DomainError):
    """Another draw of the same week came first; there is only one."""

    kind, code = Kind.CONFLICT, "week_drawn"
