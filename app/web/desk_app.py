"""What the shell of the desk's app is rendered with: the same forms as the server's pages, filled with nobody."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.participants.rules import Came, Sex, Standing
from app.domain.programmes import queries as programmes
from app.domain.services.rules import STATES
from app.domain.visits.queries import knowledge_test
from app.domain.visits.rules import Progress, Step
from app.web import vocabulary
from app.web.forms import refill


@dataclass(frozen=True)
class Nobody:
    """A recruit of whom nothing is known, so that a form shows all its questions and no answer."""

    id: str = ""
    came: Came = Came.RECRUIT
    standing: Standing = Standing.ARRIVED
    sex: Sex = Sex.UNKNOWN
    age: int | None = None
    network_size: int | None = None
    never_reached_before: bool | None = None


_NOWHERE = Progress(
    came=Came.RECRUIT,
    standing=Standing.ARRIVED,
    screened=False,
    consented=None,
    tested=False,
    interviewed=False,
    trained=False,
    served=False,
    owed_minor=0,
    has_bundle=False,
)


def shell_context(session: Session, programme_id: UUID, language: str) -> dict[str, Any]:
    """What ``desk_app.html`` needs. Its forms are those of a programme and hold no person."""
    return {
        "language": language,
        "person": Nobody(),
        "how_far": _NOWHERE,
        "rules": programmes.current_protocol(session, programme_id).rules,
        "consents": {},
        "questions": knowledge_test()[1],
        "correct": None,
        "given": {},
        "states_of": STATES,
        "request_id": "",
        "csrf": "",
        "entered": refill(None),
        "words": vocabulary,
        "names": vocabulary.STEPS,
        "outcomes": vocabulary.OUTCOMES,
        "order": tuple(Step),
    }
