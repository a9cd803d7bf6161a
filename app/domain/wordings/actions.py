from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import apart, put
from app.core.ids import uuid7
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.wordings import queries
from app.domain.wordings.errors import TemplateChanged
from app.domain.wordings.models import MessageTemplate


def write_template(
    session: Session,
    *,
    name: str,
    language: str,
    text: str,
    after: int,
    by: Actor,
    now: datetime,
) -> None:
    """Put a programme's own words in place of a template's; an empty text goes back to the program's.

    ``after`` is the number of the version that was looked at, 0 for none. The same words again change nothing. Whether the words
    can be filled in is for whoever knows the template.

    Raises:
        NotAllowed.
        TemplateChanged: someone else was quicker.
    """
    by.require(Permission.WRITE_TEMPLATES)
    found = queries.templates_of(session, by.programme_id).get((name, language))
    words = text.strip()
    if (found.text if found else "") == words:
        return
    number = found.number if found else 0
    if number != after:
        raise TemplateChanged(number=number)
    template_id = uuid7()
    row = {
        "id": template_id,
        "programme_id": by.programme_id,
        "name": name,
        "language": language,
        "number": number + 1,
        "text": words,
        "written_by": by.staff_id,
        "written_at": now,
    }
    try:
        with apart(session) as alone:
            put(alone, MessageTemplate, row)
    except IntegrityError:
        raise TemplateChanged(number=number + 1) from None
    record_act(session, "template.written", template_id, by, now, template=name, language=language)
