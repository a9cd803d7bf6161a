"""The week's draw: what was promised before it, who may draw, and how anyone repeats it."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from app.domain.lottery import queries, rules
from app.domain.lottery.actions import draw
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.forms import Fields, identifier
from app.web.templating import render

router = APIRouter(prefix="/stipends/lottery", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER, Permission.DRAW_LOTTERY))]
Drawer = Annotated[Actor, Depends(allowed(Permission.DRAW_LOTTERY))]
WEEKS_SHOWN = 26


@router.get("")
def show_draws(request: Request, db: Db, now: Now, actor: Reader) -> Response:
    """The weeks that wait, the one that is open with its commitment, and those that were drawn."""
    with db.snapshot() as session:
        weeks = queries.weeks(session, actor.programme_id, now=now)
        schedule = programmes.current_protocol(session, actor.programme_id).rules.stipends
    context = {
        "waiting": [each for each in reversed(weeks) if each.is_over and not each.draw],
        "open": [each for each in weeks if not each.is_over and not each.draw],
        "drawn": [each for each in weeks if each.draw][:WEEKS_SHOWN],
        "has_lottery": schedule.kind == "lottery",
        "may_draw": actor.may(Permission.DRAW_LOTTERY),
        "draw_ids": {each.id: uuid4() for each in weeks},
        "week_days": rules.DAYS,
    }
    return render(request, "lottery.html", context)


@router.post("/{week_id}/draw")
def draw_week(db: Db, now: Now, actor: Drawer, week_id: UUID, entered: Fields) -> Response:
    """Draw a week that is over; the form's own id keeps a second press from asking twice."""
    draw_id = identifier(entered, "draw_id") or uuid4()
    with db.transaction() as session:
        draw(session, draw_id, week_id, by=actor, now=now)
    return done(f"/stipends/lottery/{draw_id}", "lottery_drawn")


@router.get("/{draw_id}")
def show_draw(request: Request, db: Db, actor: Reader, draw_id: UUID) -> Response:
    """One draw with everything that repeats it, repeated before the reader's eyes."""
    with db.snapshot() as session:
        found = queries.draw(session, actor.programme_id, draw_id)
        tickets = queries.tickets_drawn(session, draw_id)
        context: dict[str, Any] = {
            "usernames": usernames(session, actor.programme_id),
            "clock": programmes.clock_of(session, actor.programme_id, actor.site_id),
        }
    in_order = rules.in_order(found.seed, tickets)
    context |= {
        "draw": found,
        "sums": {
            place.ticket: rules.checksum(found.seed + place.ticket.hex) for place in found.places
        },
        "keeps_commitment": rules.commitment(found.seed) == found.commitment,
        "keeps_list": rules.checksum_of(tickets) == found.tickets_checksum,
        "keeps_order": in_order[: len(found.places)] == [place.ticket for place in found.places],
        "example": in_order[0].hex if in_order else "",
        "week_days": rules.DAYS,
    }
    return render(request, "lottery_draw.html", context)


@router.get("/{draw_id}/tickets.txt")
def take_tickets(db: Db, actor: Reader, draw_id: UUID) -> Response:
    """The list of tickets whose checksum the draw holds: a number a line, nothing else."""
    with db.snapshot() as session:
        found = queries.draw(session, actor.programme_id, draw_id)
        listed = rules.listed(queries.tickets_drawn(session, draw_id))
    name = f"tickets-{found.week.isoformat()}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return PlainTextResponse(listed, headers=headers)
