"""What goes out to telephones: the channels and how they are, what waits, what failed and what to do about it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.deps import allowed
from app.web.templating import render

router = APIRouter(prefix="/messages", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_MESSAGES))]


@router.get("")
def show_messages(request: Request, actor: Reader) -> Response:
    return render(request, "messages.html")
