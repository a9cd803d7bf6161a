"""What people said by telephone without a name: answer it, set it aside, put what is urgent first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from babel import Locale
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError, Kind
from app.core.septets import pages_of
from app.domain.feedback import actions, queries
from app.domain.feedback.rules import LONGEST_ANSWER, FeedbackState
from app.domain.menu.rules import ROOM_FOR_ANSWER
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.printing.wording import telling_words
from app.telephone.lengths import Length, measure
from app.telephone.letters import to_ascii
from app.web.days import day_in
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.problems import STATUS
from app.web.templating import language_of, render
from app.web.wording import words_of

router = APIRouter(prefix="/messages/feedback", include_in_schema=False)
Answerer = Annotated[Actor, Depends(allowed(Permission.ANSWER_FEEDBACK))]
Words = Annotated[str, Form(max_length=4000)]
Seen = Annotated[str, Form(max_length=64)]
PAGE = 20


class TellingAnswer(DomainError):
    """An answer with a word that nobody should find on someone's telephone; ``words`` names it."""

    kind, code = Kind.INVALID, "telling_answer"


@dataclass(frozen=True)
class Reading:
    """How an answer reads on a telephone: the pages of its menu, and what it is as a message."""

    pages: list[str]
    length: Length

    @classmethod
    def of(cls, text: str, language: str) -> "Reading":
        pages = pages_of(text, ROOM_FOR_ANSWER)
        return cls([to_ascii(page, language) for page in pages], measure(text))


@router.get("")
def show_feedback(
    request: Request,
    db: Db,
    now: Now,
    actor: Answerer,
    state: FeedbackState = FeedbackState.WAITING,
    on: Annotated[str, Query(max_length=20)] = "",
    page: int = 1,
) -> Response:
    """What waits, urgent words first; or what was answered, or set aside. ``on`` leaves one day."""
    day, programme_id = day_in(on), actor.programme_id
    with db.snapshot() as session:
        counts = {
            each: queries.count(session, programme_id, each, on=day) for each in FeedbackState
        }
        pages = max(1, -(-counts[state] // PAGE))
        page = min(max(page, 1), pages)
        some = queries.said(session, programme_id, state, on=day, most=PAGE, skip=(page - 1) * PAGE)
        context = {
            "some": some,
            "state": state.value,
            "counts": {each.value: number for each, number in counts.items()},
            "on": day,
            "page": page,
            "pages": pages,
            "today": _today(session, actor, now),
            "names": usernames(session, programme_id),
            "spoken": _languages(request, session, actor),
        }
    return render(request, "feedback.html", context)


@router.get("/{feedback_id}")
def show_one(request: Request, db: Db, actor: Answerer, feedback_id: UUID) -> Response:
    return _one(request, db, actor, feedback_id)


@router.post("/{feedback_id}/look")
def look(
    request: Request, db: Db, actor: Answerer, feedback_id: UUID, text: Words = ""
) -> Response:
    """Show how an answer would read; nothing is kept."""
    return _one(request, db, actor, feedback_id, typed=text)


@router.post("/{feedback_id}/answer")
def answer(
    request: Request,
    db: Db,
    now: Now,
    actor: Answerer,
    feedback_id: UUID,
    text: Words = "",
    seen: Seen = "",
) -> Response:
    try:
        if told := telling_words(text):
            raise TellingAnswer(words=", ".join(told))
        with db.transaction() as session:
            actions.answer(session, feedback_id, text, seen=seen, by=actor, now=now)
    except DomainError as problem:
        if problem.kind is Kind.NOT_FOUND:
            raise
        return _one(request, db, actor, feedback_id, typed=text, problem=problem)
    return done(f"/messages/feedback/{feedback_id}", "feedback_answered")


@router.post("/{feedback_id}/close")
def close(
    request: Request, db: Db, now: Now, actor: Answerer, feedback_id: UUID, seen: Seen = ""
) -> Response:
    """Say that there is nothing to answer."""
    return _act(
        request,
        db,
        actor,
        feedback_id,
        "feedback_closed",
        lambda session: actions.close(session, feedback_id, seen=seen, by=actor, now=now),
    )


@router.post("/{feedback_id}/reopen")
def reopen(request: Request, db: Db, now: Now, actor: Answerer, feedback_id: UUID) -> Response:
    return _act(
        request,
        db,
        actor,
        feedback_id,
        "feedback_reopened",
        lambda session: actions.reopen(session, feedback_id, by=actor, now=now),
    )


@router.post("/{feedback_id}/urgent")
def mark_urgent(
    request: Request,
    db: Db,
    now: Now,
    actor: Answerer,
    feedback_id: UUID,
    urgent: Annotated[Literal["yes", "no"], Form()],
) -> Response:
    is_urgent = urgent == "yes"
    return _act(
        request,
        db,
        actor,
        feedback_id,
        "feedback_urgent" if is_urgent else "feedback_not_urgent",
        lambda session: actions.mark_urgent(session, feedback_id, is_urgent, by=actor, now=now),
    )


def _act(
    request: Request,
    db: Database,
    actor: Actor,
    feedback_id: UUID,
    said: str,
    act: Callable[[Session], None],
) -> Response:
    try:
        with db.transaction() as session:
            act(session)
    except DomainError as problem:
        if problem.kind is Kind.NOT_FOUND:
            raise
        return _one(request, db, actor, feedback_id, problem=problem)
    return done(f"/messages/feedback/{feedback_id}", said)


def _one(
    request: Request,
    db: Database,
    actor: Actor,
    feedback_id: UUID,
    *,
    typed: str | None = None,
    problem: DomainError | None = None,
) -> Response:
    with db.snapshot() as session:
        found = queries.feedback(session, actor.programme_id, feedback_id)
        names = usernames(session, actor.programme_id)
        spoken = _languages(request, session, actor)
    text = found.answer if typed is None else typed.strip()
    about_text = problem is not None and problem.kind is Kind.INVALID
    context = {
        "found": found,
        "text": text,
        "reading": Reading.of(text, found.language) if text else None,
        "is_draft": typed is not None and text != found.answer,
        "longest": LONGEST_ANSWER,
        "names": names,
        "spoken": spoken,
        "problem": words_of(problem) if problem and not about_text else "",
        "wrong": words_of(problem) if problem and about_text else "",
        "telling": problem.facts.get("words", "") if problem else "",
    }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "feedback_one.html", context, status=status)


def _today(session: Session, actor: Actor, now: datetime) -> object:
    return local_date(now, programmes.clock_of(session, actor.programme_id, actor.site_id))


def _languages(request: Request, session: Session, actor: Actor) -> dict[str, str]:
    """What the programme's languages are called in the reader's."""
    spoken = programmes.programme(session, actor.programme_id).languages
    reader = language_of(request)
    return {code: Locale(code).get_display_name(reader) or code for code in spoken}
