from itertools import islice
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.domain.audit import queries as audit
from app.domain.programmes.queries import clock_of
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.web.deps import Db, allowed
from app.web.templating import render
from app.web.wording import ACTS

router = APIRouter(prefix="/audit", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_AUDIT))]
PAGE = 50
FAULTS_SHOWN = 20


@router.get("")
def show_record(
    request: Request, db: Db, actor: Reader, action: str = "", before: UUID | None = None
) -> Response:
    """The newest acts; ``before`` is the last entry of the page before this one."""
    with db.snapshot() as session:
        entries = audit.latest(
            session, actor.programme_id, action=action or None, before=before, most=PAGE + 1
        )
        context = {
            "entries": entries[:PAGE],
            "acts": audit.acts(session, actor.programme_id),
            "usernames": usernames(session, actor.programme_id),
            "clock": clock_of(session, actor.programme_id, actor.site_id),
        }
    context |= {
        "act_names": ACTS,
        "action": action,
        "is_first": before is None,
        "older": entries[PAGE - 1].id if len(entries) > PAGE else None,
    }
    return render(request, "audit.html", context)


@router.get("/chain")
def check_chain(request: Request, db: Db, _reader: Reader) -> Response:
    """Whether the record is as it was written, by going through all of it; a part of the page when it asks."""
    with db.snapshot() as session:
        faults = audit.faults(session)
        found = list(islice(faults, FAULTS_SHOWN))
        context = {
            "faults": found,
            "more": sum(1 for _ in faults),
            "chained": audit.chained(session),
            "waiting": audit.waiting(session),
        }
    is_part = request.headers.get("HX-Request") == "true"
    return render(request, "audit_chain_part.html" if is_part else "audit_chain.html", context)
