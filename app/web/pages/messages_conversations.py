"""What telephones asked and what went out to them, by masked number and day. Whoever reads it is noted in the record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.domain.channels.events import Medium
from app.domain.channels.queries import channels_of
from app.domain.contacts.errors import BadNumber
from app.domain.contacts.rules import masked, read_msisdn, region_of
from app.domain.messages import queries as messages
from app.domain.messages.queries import SentFacts
from app.domain.messaging import queries
from app.domain.messaging.actions import note_read
from app.domain.messaging.queries import Exchange
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web import message_words
from app.web.deps import Db, Now, allowed
from app.web.forms import Fields
from app.web.templating import language_of, render
from app.web.wording import text_of

router = APIRouter(prefix="/messages/conversations", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_MESSAGES))]
SHOWN = timedelta(days=35)
MOST = 200


@dataclass(frozen=True)
class Turn:
    """One line: what a telephone asked and was shown, or what went out to it. ``what`` is English, to be translated."""

    on: date
    number: str
    medium: str
    what: str
    is_out: bool
    channel: str


@router.get("")
def show_conversations(request: Request, db: Db, now: Now, actor: Reader) -> Response:
    return _page(request, db, now, actor)


@router.post("")
def find_conversation(
    request: Request, db: Db, now: Now, actor: Reader, entered: Fields
) -> Response:
    """Those of one number. It comes in the body of a form, so that no address, log or history holds it."""
    with db.snapshot() as session:
        currency = programmes.programme(session, actor.programme_id).currency
        zone = programmes.clock_of(session, actor.programme_id, actor.site_id)
    try:
        number = read_msisdn(entered.get("number", ""), region_of(zone, currency))
    except BadNumber as refusal:
        return _page(request, db, now, actor, problem=refusal)
    return _page(request, db, now, actor, number=number)


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    *,
    number: str | None = None,
    problem: DomainError | None = None,
) -> Response:
    programme_id = actor.programme_id
    with db.transaction() as session:
        zone = programmes.clock_of(session, programme_id, None)
        since = local_date(now, zone) - SHOWN
        came = (
            queries.conversation_with(session, programme_id, number, since=since, most=MOST)
            if number
            else queries.conversations(session, programme_id, since=since, most=MOST)
        )
        sent = messages.sent_since(session, programme_id, since, msisdn=number, most=MOST)
        names = {each.id: each.name for each in channels_of(session, programme_id)}
        note_read(session, by=actor, is_one_number=number is not None, now=now)
    turns = _turns(came, sent, names)
    context = {
        "days": [(day, list(some)) for day, some in groupby(turns, key=lambda each: each.on)],
        "is_full": len(came) == MOST or len(sent) == MOST,
        "most": MOST,
        "shown": SHOWN.days,
        "number": masked(number) if number else "",
        "number_error": text_of(problem.code, language_of(request)) if problem else "",
        "here": "/messages/conversations",
    }
    return render(request, "messages_conversations.html", context, status=422 if problem else 200)


def _turns(
    came: Iterable[Exchange], sent: Iterable[SentFacts], names: Mapping[UUID, str]
) -> list[Turn]:
    """The newest day first; on each day in the order they are kept, for a day is all that is known of when."""
    turns = [
        Turn(
            each.on,
            each.number or "",
            each.medium.upper(),
            message_words.screen_name(each.screen),
            is_out=False,
            channel=names.get(each.channel_id, ""),
        )
        for each in came
    ]
    turns += [
        Turn(
            each.on,
            each.to,
            Medium.SMS.upper(),
            message_words.KINDS[each.kind],
            is_out=True,
            channel=names.get(each.channel_id, ""),
        )
        for each in sent
    ]
    return sorted(turns, key=lambda each: each.on, reverse=True)
