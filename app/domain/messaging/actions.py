from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, update
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import random_id
from app.core.telephone_numbers import number_digest
from app.domain.attempts.actions import report
from app.domain.audit.actions import record
from app.domain.channels.events import (
    Delivery,
    GatewayEvent,
    HungUp,
    Inbound,
    OptedOut,
    Pressed,
)
from app.domain.channels.queries import ChannelFacts
from app.domain.inquiries.actions import answer
from app.domain.inquiries.rules import Caller
from app.domain.keywords import rules as keywords
from app.domain.limits.actions import may_reply
from app.domain.menu import rules as menu
from app.domain.messages.actions import queue_reply
from app.domain.messaging import queries, rules
from app.domain.messaging.models import ProviderEvent, RawCall, UssdSession
from app.domain.messaging.queries import KeptSession
from app.domain.messaging.rules import Conversation, Reply, Turn
from app.domain.opt_outs.actions import opt_out
from app.domain.screens.rules import Ask, Hours, Screen, Setting, Sites, State, Step, Told, last
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor

# A reply that is a message of its own is worth nothing when the conversation is long over.
REPLY_LIFE = timedelta(minutes=10)

# Made once: on the way of every turn, building a statement costs more than running it.
_GO_ON = (
    update(UssdSession)
    .where(UssdSession.id == bindparam("session"))
    .values({name: bindparam(name) for name in ("caller_digest", "touched_at", "sealed_contents")})
)

Follow = Callable[[State, Ask, Told], Step]


@dataclass(frozen=True)
class Here:
    """The channel something came by, the languages of its programme, and the call itself, where it may be kept."""

    channel: ChannelFacts
    setting: Setting
    replies_inline: bool
    now: datetime
    raw: Mapping[str, Any] | None = field(default=None, repr=False)


def receive(session: Session, here: Here, event: GatewayEvent) -> Reply | None:
    """Do what a provider's event asks for, once, and give what the telephone is shown; None for nothing.

    The same event again does nothing and gives the same answer. Of two at the same moment one fails on the unique key of
    what it writes: whoever opened the transaction begins it again, and finds what the other has written.

    Raises: IntegrityError.
    """
    match event:
        case Pressed():
            return _turn(session, here, event)
        case Inbound():
            return _text(session, here, event)
        case HungUp(session_id):
            _hang_up(session, here, session_id)
        case Delivery():
            _report(session, here, event)
        case OptedOut():
            _opt_out(session, here, event)
    return None


def forget_old(session: Session, *, now: datetime) -> int:
    """Forget what has served: calls after three days, sessions after one, events after 35; returns how much it was."""
    today = now.date()
    old = (
        delete(RawCall).where(RawCall.heard_on < today - rules.KEEP_CALLS),
        delete(UssdSession).where(UssdSession.touched_at < now - rules.KEEP_SESSIONS),
        delete(ProviderEvent).where(ProviderEvent.heard_on < today - rules.KEEP_EVENTS),
    )
    return sum(session.execute(each).rowcount for each in old)  # type: ignore[attr-defined]


def scrub(session: Session, *, now: datetime) -> int:
    """Forget what was answered to those who gave no name, minutes after; returns how often."""
    over = (
        update(ProviderEvent)
        .where(ProviderEvent.scrub_at <= now)
        .values(sealed_contents=None, scrub_at=None),
        delete(UssdSession).where(
            UssdSession.caller_digest.is_(None), UssdSession.touched_at <= now - rules.SCRUB
        ),
    )
    return sum(session.execute(each).rowcount for each in over)  # type: ignore[attr-defined]


def _turn(session: Session, here: Here, event: Pressed) -> Reply:
    keyring, channel = keyring_of(session), here.channel
    digest = queries.session_digest(keyring, channel.id, event.session_id)
    owner = keyring.digest("ussd-owner", event.session_id, event.sender).hex()
    typed = keyring.digest("ussd-input", event.session_id, event.text).hex()
    kept = queries.lock_session(session, channel.id, digest)
    before = kept.conversation if kept else None
    if before and before.owner != owner:  # another telephone under this name: nothing of it is hers
        before = None
    age = here.now - kept.touched_at if kept else timedelta(0)
    turn = rules.turn_of(before, event, last_input=typed, age=age)
    if before and turn is Turn.REPEAT:
        return Reply(before.screen, before.state.language)
    caller = _caller(session, here, event.sender)
    if turn is not Turn.NEXT:
        before = None
    state, screen, asked = _played(
        session, here, caller, _step(session, here, event, turn, before, caller), menu.told
    )
    after = _after(before, state, screen, asked, event, typed=typed, owner=owner)
    _keep_session(session, here, kept, digest, after, caller)
    had_secrets = after.was_private or any(
        map(rules.has_digits, (event.text, *(event.history or ())))
    )
    if not had_secrets:
        _keep_call(session, here)
    return Reply(screen, state.language)


def _step(
    session: Session,
    here: Here,
    event: Pressed,
    turn: Turn,
    before: Conversation | None,
    caller: Caller,
) -> Step:
    if before:
        return menu.press(before.state, event.text, here.setting)
    if turn is Turn.RECOVER:
        return _recovered(session, here, event.history or (), caller)
    place = queries.place_of(session, here.channel.id, caller.digest, now=here.now)
    if place:
        return menu.press(place, "", here.setting)
    return menu.open_menu(here.setting)


def _recovered(session: Session, here: Here, history: tuple[str, ...], caller: Caller) -> Step:
    """Where all that was typed leads, as long as that is nobody else's business and does nothing; else the beginning."""
    beginning = menu.open_menu(here.setting)
    state, screen = beginning
    for typed in history:
        step = menu.press(state, typed, here.setting)
        asked = step[1]
        if not isinstance(asked, Sites | Hours | Screen):
            return beginning
        state, screen, asks = _played(session, here, caller, step, menu.told)
        if (
            screen.is_private
            or screen.ends
            or not all(isinstance(each, Sites | Hours) for each in asks)
        ):
            return beginning
    return state, screen


def _played(
    session: Session, here: Here, caller: Caller, step: Step, told: Follow
) -> tuple[State, Screen, list[Ask]]:
    """Ask the programme until there is a screen."""
    asked: list[Ask] = []
    state, shown = step
    while not isinstance(shown, Screen):
        asked.append(shown)
        reply = answer(session, shown, replace(caller, language=state.language))
        state, shown = told(state, shown, reply)
    return state, shown, asked


def _after(
    before: Conversation | None,
    state: State,
    screen: Screen,
    asked: list[Ask],
    event: Pressed,
    *,
    typed: str,
    owner: str,
) -> Conversation:
    is_anonymous = bool(before and before.is_anonymous) or any(map(rules.is_anonymous, asked))
    place = before.place if before else None
    if not screen.is_private and not screen.ends:
        place = state
    trail = (*(before.trail if before else ()), screen.name)
    return Conversation(
        state,
        screen,
        typed,
        owner,
        turn=event.turn,
        event_id=event.event_id,
        sender=None if is_anonymous else event.sender,
        place=None if is_anonymous else place,
        was_private=screen.is_private or bool(before and before.was_private),
        is_anonymous=is_anonymous,
        trail=() if is_anonymous else trail[-rules.LONGEST_TRAIL :],
    )


def _keep_session(
    session: Session,
    here: Here,
    kept: KeptSession | None,
    digest: bytes,
    after: Conversation,
    caller: Caller,
) -> None:
    row_id = kept.id if kept else random_id()
    values = {
        "caller_digest": None if after.is_anonymous else caller.digest,
        "touched_at": here.now,
        "sealed_contents": queries.seal(keyring_of(session), UssdSession, row_id, after.to_json()),
    }
    if kept:
        session.connection().execute(_GO_ON, {"session": row_id, **values})
        return
    key = {
        "id": row_id,
        "programme_id": here.channel.programme_id,
        "channel_id": here.channel.id,
        "digest": digest,
    }
    put(session, UssdSession, key | values)


def _text(session: Session, here: Here, event: Inbound) -> Reply | None:
    digest = queries.event_digest(keyring_of(session), here.channel.id, "inbound", event.event_id)
    told = queries.was_told(session, here.channel.id, digest)
    if told:
        return queries.reply_in(session, *told) if here.replies_inline else None
    if not rules.is_telephone(event.sender, own=here.channel.sender):
        _keep_event(session, here, digest)
        return None
    caller = _caller(session, here, event.sender)
    step = keywords.read_sms(event.text, here.setting)
    state, screen, asked = _played(session, here, caller, step, keywords.told)
    reply = Reply(screen, state.language)
    is_answered = may_reply(session, here.channel.programme_id, number=caller.digest, now=here.now)
    row_id = random_id()
    if is_answered and not here.replies_inline:
        queue_reply(
            session,
            programme_id=here.channel.programme_id,
            channel_id=here.channel.id,
            to=event.sender,
            screen=screen.to_json(),
            language=state.language,
            cause=row_id,
            expires_at=here.now + REPLY_LIFE,
            now=here.now,
        )
    is_anonymous = any(map(rules.is_anonymous, asked)) or screen.name in rules.ANONYMOUS
    contents = {
        "screen": screen.to_json(),
        "language": state.language,
        "is_answered": is_answered,
    }
    if not is_anonymous:
        contents |= {"from": event.sender, "at": here.now.isoformat()}
    _keep_event(
        session,
        here,
        digest,
        row_id=row_id,
        caller=None if is_anonymous else caller.digest,
        contents=contents,
    )
    if not (screen.is_private or is_anonymous or rules.has_digits(event.text)):
        _keep_call(session, here)
    return reply if is_answered and here.replies_inline else None


def _opt_out(session: Session, here: Here, event: OptedOut) -> None:
    digest = queries.event_digest(keyring_of(session), here.channel.id, "opt-out", event.event_id)
    if queries.was_told(session, here.channel.id, digest):
        return
    opt_out(session, here.channel.programme_id, event.sender, here.now.date())
    contents = {
        "from": event.sender,
        "at": here.now.isoformat(),
        "screen": last("stopped").to_json(),
        "language": here.channel.language,
        "is_answered": False,
    }
    caller = _caller(session, here, event.sender)
    _keep_event(session, here, digest, caller=caller.digest, contents=contents)


def _report(session: Session, here: Here, event: Delivery) -> None:
    digest = queries.event_digest(keyring_of(session), here.channel.id, "report", event.event_id)
    if queries.was_told(session, here.channel.id, digest):
        return
    report(session, here.channel.id, event, now=here.now)
    _keep_event(session, here, digest)
    _keep_call(session, here)


def _hang_up(session: Session, here: Here, session_id: str) -> None:
    """What was said without a name is gone with the call; where someone was in the menu waits for her a while."""
    digest = queries.session_digest(keyring_of(session), here.channel.id, session_id)
    session.execute(
        delete(UssdSession).where(
            UssdSession.channel_id == here.channel.id,
            UssdSession.digest == digest,
            UssdSession.caller_digest.is_(None),
        )
    )


def _keep_event(
    session: Session,
    here: Here,
    digest: bytes,
    *,
    row_id: UUID | None = None,
    caller: bytes | None = None,
    contents: Mapping[str, Any] | None = None,
) -> None:
    row_id = row_id or random_id()
    sealed = (
        queries.seal(keyring_of(session), ProviderEvent, row_id, contents) if contents else None
    )
    put(
        session,
        ProviderEvent,
        {
            "id": row_id,
            "programme_id": here.channel.programme_id,
            "channel_id": here.channel.id,
            "digest": digest,
            "heard_on": here.now.date(),
            "scrub_at": rules.scrub_at(here.now) if contents and caller is None else None,
            "caller_digest": caller,
            "sealed_contents": sealed,
        },
    )


def _keep_call(session: Session, here: Here) -> None:
    if here.raw is None:
        return
    row_id = random_id()
    put(
        session,
        RawCall,
        {
            "id": row_id,
            "programme_id": here.channel.programme_id,
            "channel_id": here.channel.id,
            "heard_on": here.now.date(),
            "sealed_contents": queries.seal(keyring_of(session), RawCall, row_id, here.raw),
        },
    )


def _caller(session: Session, here: Here, msisdn: str) -> Caller:
    programme_id = here.channel.programme_id
    digest = number_digest(session, programme_id, msisdn)
    return Caller(programme_id, here.channel.id, msisdn, digest, here.channel.language, here.now)


def note_read(session: Session, *, by: Actor, is_one_number: bool, now: datetime) -> None:
    """Note that someone read conversations, of everyone or of one number; which number stays out of the record."""
    record_act(
        session,
        "conversations.read",
        by.programme_id,
        by,
        now,
        of="one_number" if is_one_number else "all",
    )


def note_calls_read(session: Session, channel: ChannelFacts, *, now: datetime) -> None:
    """Note that someone at the machine read what a provider sent, as it came."""
    record(
        session,
        "channel.calls_read",
        subject=channel.id,
        staff_id=None,
        programme_id=channel.programme_id,
        at=now,
    )
