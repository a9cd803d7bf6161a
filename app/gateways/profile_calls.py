"""What a provider's call says, read as its profile tells."""

from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import parse_qsl

from app.domain.channels.events import (
    Delivery,
    GatewayEvent,
    HungUp,
    Inbound,
    OptedOut,
    Pressed,
)
from app.gateways.adapter import Call, Unreadable
from app.gateways.numbers import msisdn
from app.gateways.profile import Hooked, Path, Profile, Test
from app.gateways.reading import MOST_FIELDS, WORD, Json, at, parse_json, plain
from app.gateways.words import code, our_id, state_in, whole

LONGEST_TEXT = 10_000


def sources(part: Hooked, call: Call) -> list[dict[str, Json]]:
    """Where to look for the fields of each event: its own, those of the body around it, those of the address."""
    outer = source(part, call)
    if part.each is None:
        return [outer]
    listed = at(outer, *part.each)
    if not isinstance(listed, list):
        raise Unreadable("no list of events")
    items = [item for item in listed if isinstance(item, dict)]
    if len(items) < len(listed):
        raise Unreadable("the list does not hold objects")
    return [{**outer, **item} for item in items]


def source(part: Hooked, call: Call) -> dict[str, Json]:
    """The fields of a call by name. Raises: Unreadable."""
    if len(call.query) > MOST_FIELDS:
        raise Unreadable("too many fields")
    address = _by_name(call.query)
    # A provider may ask one of the two ways although its profile allows both.
    if call.method == "GET" or part.format == "query":
        return address
    return {**address, **(_form(call.body) if part.format == "form" else _object(call.body))}


def pressed(profile: Profile, source: Json) -> Sequence[GatewayEvent]:
    part = profile.ussd
    if part is None:
        raise Unreadable("the profile has no ussd")
    session = _word(source, part.session)
    if holds(part.hangs_up, source):
        return [HungUp(session)]
    is_new = holds(part.opens, source) if part.opens else None
    # A first turn brings what was dialled, or nothing.
    typed = "" if is_new and part.input == "last" else _text(source, part.text)
    history: tuple[str, ...] | None = None
    if part.input == "history":
        dialled = plain(source, *part.dialled) if part.dialled else ""
        history = typed_since(typed, dialled, part.separator)
        is_new = not history if is_new is None else is_new
        typed = history[-1] if history else ""
    number = msisdn(plain(source, *part.sender), profile.region)
    if number is None:
        return []  # an operator may hide it; without it there is nobody to talk to
    return [
        Pressed(
            session_id=session,
            sender=number,
            text="" if is_new else typed,
            is_new=is_new,
            turn=whole(plain(source, *part.turn).strip()) if part.turn else None,
            history=() if is_new and history is not None else history,
            event_id=_word(source, part.id) if part.id else "",
        )
    ]


def typed_since(text: str, dialled: str, separator: str) -> tuple[str, ...]:
    """What was typed after the code that was dialled.

    >>> typed_since("1*2", "", "*"), typed_since("*415*33*1#", "*415*33#", "*"), typed_since("", "", "*")
    (('1', '2'), ('1',), ())
    """
    typed, code_dialled = text.strip(), dialled.strip().strip("*#")
    if code_dialled:
        typed = typed.strip("*#")
        if typed == code_dialled or typed.startswith(code_dialled + separator):
            typed = typed.removeprefix(code_dialled).removeprefix(separator)
    return tuple(typed.split(separator)) if typed else ()


def received(profile: Profile, source: Json) -> Sequence[GatewayEvent]:
    part = profile.inbound
    if part is None:
        raise Unreadable("the profile has no inbound")
    written = plain(source, *part.sender).strip()
    if not written:
        raise Unreadable("no sender")
    sender = msisdn(written, profile.region)
    if sender is None:
        return []  # an operator's advertisement: nobody waits for an answer
    event_id = _joined(source, part.id)
    if holds(part.stops, source):
        return [OptedOut(event_id, sender)]
    to = plain(source, *part.to) if part.to else ""
    return [Inbound(event_id, sender, _text(source, part.text), to)]


def reported(profile: Profile, source: Json) -> Sequence[GatewayEvent]:
    part = profile.status
    if part is None:
        raise Unreadable("the profile has no status")
    state = state_in(part.words, plain(source, *part.state).strip().lower())
    ours = our_id(plain(source, *part.ours).strip()) if part.ours else None
    theirs = plain(source, *part.theirs).strip() if part.theirs else ""
    if theirs and not WORD.fullmatch(theirs):
        raise Unreadable("the id is no identifier")
    if ours is None and not theirs:
        raise Unreadable("a report of no message")
    error = plain(source, *part.error).strip() if part.error else ""
    return [
        Delivery(
            event_id=f"{ours or theirs}:{state}",
            state=state,
            our_id=ours,
            provider_id=theirs,
            error=code(error),
            is_opted_out=error.lower() in part.opted_out,
            cost=code(plain(source, *part.cost)) if part.cost else "",
        )
    ]


def holds(test: Test | None, source: Json) -> bool:
    return test is not None and plain(source, *test.field).strip().lower() in test.words


def _by_name(pairs: Sequence[tuple[str, str]]) -> dict[str, Json]:
    """What comes twice has no value: whichever we took, another reader might take the other."""
    fields: dict[str, Json] = {}
    for name, value in pairs:
        fields[name] = None if name in fields else value
    return fields


def _form(body: bytes) -> dict[str, Json]:
    try:
        text = body.decode()
        return _by_name(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise Unreadable("not a form") from None  # the cause would repeat what was sent


def _object(body: bytes) -> dict[str, Json]:
    try:
        parsed = parse_json(body)
    except ValueError:
        raise Unreadable("not JSON") from None
    if not isinstance(parsed, dict):
        raise Unreadable("not an object")
    return parsed


def _word(source: Json, path: Path) -> str:
    value = plain(source, *path).strip()
    if not WORD.fullmatch(value):
        raise Unreadable("no identifier where the profile says")
    return value


def _text(source: Json, path: Path) -> str:
    """A text that is not there at all is a profile that does not fit, and no empty text."""
    if at(source, *path) is None:
        raise Unreadable("no text where the profile says")
    text = plain(source, *path)
    if len(text) > LONGEST_TEXT:
        raise Unreadable("the text is too long")
    return text


def _joined(source: Json, paths: Sequence[Path]) -> str:
    """An id of one field as it is; of several, a digest, for one of them may be a number."""
    if len(paths) == 1:
        return _word(source, paths[0])
    values = [plain(source, *path) for path in paths]
    if not all(values):
        raise Unreadable("a part of the id is missing")
    return sha256("\0".join(values).encode()).hexdigest()
