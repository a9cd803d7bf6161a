from app.core.errors import DomainError, Kind


class TemplateChanged(DomainError):
    """Someone else wrote it meanwhile; ``number`` is the version there is now."""

    kind, code = Kind.CONFLICT, "template_changed"
