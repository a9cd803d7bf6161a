from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.domain.staff.errors import NotLoggedIn
from app.domain.staff.queries import Actor
from app.domain.visits.rules import Step
from app.web.deps import Db, Now, current_actor
from app.web.templating import render
from app.web.vocabulary import STEPS
from app.web.wording import ERRORS

router = APIRouter(include_in_schema=False)


async def perhaps(request: Request, db: Db, now: Now) -> Actor | None:
    """Whoever is logged in, so that her menu is there; the page is for everyone."""
    with suppress(NotLoggedIn):
        return await current_actor(request, db, now)
    return None


@router.get("/help")
def show_help(request: Request, _reader: Annotated[Actor | None, Depends(perhaps)]) -> Response:
    steps = [name for step, name in STEPS.items() if step is not Step.DONE]
    return render(request, "help.html", {"errors": ERRORS, "steps": steps})
