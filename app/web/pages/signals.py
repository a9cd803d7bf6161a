from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.programmes.queries import clock_of
from app.domain.signals.actions import note_exported, note_viewed, set_aside, take_up
from app.domain.signals.errors import UnknownSignal
from app.domain.signals.queries import LiveSignal, LiveSignals, signals_of
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.web.csv_file import csv_file
from app.web.deps import Db, Now, allowed
from app.web.figures.signals import RAREST, Line, line_of
from app.web.figures.words import WITHHELD, gettext_of
from app.web.flash import done
from app.web.problems import STATUS
from app.web.templating import language_of, render

router = APIRouter(prefix="/signals", include_in_schema=False)

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_SIGNALS))]


@router.get("")
def show_signals(request: Request, db: Db, now: Now, actor: Lead) -> Response:
    """Patterns that chance seldom makes, each with what may explain it."""
    return _page(request, db, now, actor)


@router.get("/patterns.csv")
def take_away(request: Request, db: Db, now: Now, actor: Lead) -> Response:
    language = language_of(request)
    _ = gettext_of(language)
    lines = [line_of(each, language) for each in _live(db, now, actor).signals]
    columns = [
        _("What was seen"),
        _("Counted"),
        _("Seen"),
        _("Expected"),
        _("Out of"),
        _("Chance alone: one such comparison in"),
        _("What may explain it"),
        _("Set aside"),
    ]
    with db.transaction() as session:
        note_exported(session, by=actor, now=now)
    return csv_file(
        "patterns",
        columns,
        (
            [
                line.title,
                line.counted,
                WITHHELD if line.observed is None else line.observed,
                line.expected,
                line.of,
                line.once_in,
                " ".join(line.explanations),
                _("yes") if line.found.is_aside else _("no"),
            ]
            for line in lines
        ),
    )


@router.post("/{key}/aside")
def put_aside(
    request: Request,
    db: Db,
    now: Now,
    actor: Lead,
    key: str,
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    try:
        found = _named(_live(db, now, actor), key)
        with db.transaction() as session:
            set_aside(session, found, note=note, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem, about=key)
    return _back("signal_aside")


@router.post("/{key}/again")
def take_up_again(request: Request, db: Db, now: Now, actor: Lead, key: str) -> Response:
    try:
        found = _named(_live(db, now, actor), key)
        with db.transaction() as session:
            take_up(session, found, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem)
    return _back("signal_again")


def _live(db: Database, now: datetime, actor: Actor) -> LiveSignals:
    with db.snapshot() as session:
        return signals_of(session, actor.programme_id, now=now)


def _named(live: LiveSignals, key: str) -> LiveSignal:
    found = next((each for each in live.signals if each.key == key), None)
    if found is None:
        raise UnknownSignal
    return found


def _back(said: str) -> Response:
    return done("/signals", said)


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    *,
    problem: DomainError | None = None,
    about: str = "",
) -> Response:
    live, language = _live(db, now, actor), language_of(request)
    lines = [line_of(each, language) for each in live.signals]
    with db.transaction() as session:
        note_viewed(session, by=actor, now=now)
        names = usernames(session, actor.programme_id)
        clock = clock_of(session, actor.programme_id, actor.site_id)
    context = {
        "live": live,
        "rarest": RAREST,
        "groups": _by_subject([line for line in lines if not line.found.is_aside]),
        "aside": [line for line in lines if line.found.is_aside],
        "usernames": names,
        "clock": clock,
        "problem": problem.code if problem else None,
        "about": about,
    }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "signals.html", context, status=status)


def _by_subject(lines: list[Line]) -> dict[str, list[Line]]:
    """Those about a site's days, about chains, and about colleagues."""
    groups: dict[str, list[Line]] = {"site": [], "chain": [], "staff": []}
    for line in lines:
        about = line.found
        groups["staff" if about.staff else "chain" if about.chains else "site"].append(line)
    return groups
