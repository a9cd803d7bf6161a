"""What goes out to telephones: the channels and how they are, what waits, what failed and what to do about it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from app.core.clock import local_date
from app.domain.limits.queries import locked_channels
from app.domain.messages import actions, queries
from app.domain.messages.errors import NotToSendAgain
from app.domain.messages.rules import MessageState
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.traffic.queries import DayCounts, days_of
from app.web import message_words
from app.web.channel_health import conditions_of
from app.web.deps import Db, Now, allowed
from app.web.figures.message_pictures import DAYS, NARROW, WIDE, draw_messages, every_day
from app.web.flash import done
from app.web.templating import language_of, render

router = APIRouter(prefix="/messages", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_MESSAGES))]
Sender = Annotated[Actor, Depends(allowed(Permission.SEND_AGAIN))]
MOST = 50
UNDER_WAY = (MessageState.LEASED, MessageState.SENDING)


@router.get("")
def show_messages(request: Request, db: Db, now: Now, actor: Reader) -> Response:
    """How the channels are, what waits, and what needs someone."""
    programme_id = actor.programme_id
    with db.snapshot() as session:
        zone = programmes.clock_of(session, programme_id, actor.site_id)
        today = local_date(now, programmes.clock_of(session, programme_id, None))
        conditions = conditions_of(session, programme_id, now=now)
        counts = queries.counts(session, programme_id)
        waiting = queries.queue_of(session, programme_id, most=MOST)
        failed = queries.failures(session, programme_id, most=MOST)
        cancelled = queries.cancelled(session, programme_id)
        oldest = queries.oldest_waiting(session, programme_id)
        locked = locked_channels(session, programme_id, now=now)
        days = days_of(session, programme_id, since=today - timedelta(days=DAYS - 1))
    whole = every_day(days, today)
    context = {
        "conditions": conditions,
        "locked": locked,
        "busy": [each for each in conditions if not each.is_quiet],
        "quiet": [each for each in conditions if each.is_quiet],
        "counts": counts,
        "under_way": sum(counts[each] for each in UNDER_WAY),
        "waiting": waiting,
        "failed": failed,
        "cancelled": cancelled,
        "oldest": oldest,
        "days": whole,
        "pictures": _pictures(whole, language_of(request)) if days else None,
        "today": today,
        "now": now,
        "zone": zone,
        "words": message_words,
        "here": "/messages",
    }
    return render(request, "messages.html", context)


@router.post("/{message_id}/again")
def send_again(db: Db, now: Now, actor: Sender, message_id: UUID) -> Response:
    """Have a message sent again. Asking twice is asking once."""
    with db.transaction() as session:
        try:
            actions.resend(session, message_id, by=actor, now=now)
        except NotToSendAgain:
            found = queries.message(session, actor.programme_id, message_id)
            if found.state not in (MessageState.WAITING, *UNDER_WAY, MessageState.SENT):
                raise
    return done("/messages", "message_sent_again")


@router.post("/{message_id}/cancel")
def cancel(db: Db, now: Now, actor: Sender, message_id: UUID) -> Response:
    """Call a message off that has not left."""
    with db.transaction() as session:
        actions.cancel(session, message_id, by=actor, now=now)
    return done("/messages", "message_cancelled")


def _pictures(days: Sequence[DayCounts], language: str) -> tuple[Markup, Markup]:
    return Markup(draw_messages(days, language, WIDE)), Markup(
        draw_messages(days, language, NARROW)
    )
