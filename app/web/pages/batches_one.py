"""One batch: how far it has come, who signs what, and its payments one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import translations
from app.core.ids import tag_of
from app.domain.answers import queries as answers
from app.domain.answers.queries import AnswerFileFacts
from app.domain.audit.queries import Entry
from app.domain.batches import actions, queries
from app.domain.batches.errors import BatchChanged, UnknownPayoutBatch, UnknownPayoutLine
from app.domain.batches.queries import BatchFacts, LineFacts
from app.domain.batches.rules import (
    HANDED_OUT,
    MAY_CHANGE,
    OPEN,
    TO_A_PHONE,
    Act,
    BatchState,
    LineState,
)
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.rules import Method
from app.web.batch_path import Verdicts, path_of, why_not
from app.web.batch_words import BATCHES, LAPSED, LEFT_OUT, LINES, WHY_NOT
from app.web.deps import Db, Now
from app.web.flash import done
from app.web.pages.batches import Reader, names_of
from app.web.payout_files.in_use import profile_of, profiles
from app.web.payout_files.profile import Profile
from app.web.payout_files.sheets import LARGEST
from app.web.problems import STATUS
from app.web.templating import language_of, render
from app.web.vocabulary import METHODS
from app.web.wording import ACTS, text_of

router = APIRouter(prefix="/stipends/batches", include_in_schema=False)

LINES_A_PAGE = 50
UNKNOWN_SHOWN = 10
HANDS = "hands"  # the filter for what goes from hand to hand

Reason = Annotated[str, Form(max_length=500)]


@dataclass(frozen=True)
class GoesOut:
    """A file to send, or a list for the desk."""

    method: Method
    tally: queries.Tally
    profile: Profile | None


@dataclass(frozen=True)
class Told:
    """An act with a batch, in words."""

    at: datetime
    who: str
    text: str
    why: str


@router.get("/{batch_id}")
def show_batch(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    batch_id: UUID,
    state: str = "",
    method: str = "",
    page: int = 1,
) -> Response:
    return batch_page(request, db, now, actor, batch_id, state=state, method=method, page=page)


@router.post("/{batch_id}/approve")
def approve(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    batch_id: UUID,
    seen: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Approve what the form showed, and nothing else."""
    try:
        with db.transaction() as session:
            signed = actions.approve(session, batch_id, seen=seen, by=actor, now=now)
    except UnknownPayoutBatch:
        raise
    except DomainError as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    if signed.changed:
        return batch_page(request, db, now, actor, batch_id, problem=BatchChanged(reason="lapsed"))
    return back_to(batch_id, "batch_approved")


@router.post("/{batch_id}/release")
def release(request: Request, db: Db, now: Now, actor: Reader, batch_id: UUID) -> Response:
    """Let the money go; where something is not as it was approved, nothing goes."""
    try:
        with db.transaction() as session:
            signed = actions.release(session, batch_id, by=actor, now=now)
    except UnknownPayoutBatch:
        raise
    except DomainError as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    if signed.changed:
        lapsed, stale = BatchChanged(reason="lapsed"), signed.stale
        return batch_page(request, db, now, actor, batch_id, problem=lapsed, stale=stale)
    return back_to(batch_id, "batch_released")


@router.post("/{batch_id}/self-release")
def ask_self_release(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    batch_id: UUID,
    seen: Annotated[str, Form(max_length=64)] = "",
    reason: Reason = "",
) -> Response:
    """Where nobody else is there: ask to release one's own batch after a delay."""
    try:
        with db.transaction() as session:
            actions.ask_self_release(session, batch_id, seen=seen, reason=reason, by=actor, now=now)
    except UnknownPayoutBatch:
        raise
    except DomainError as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    return back_to(batch_id, "batch_self_release_asked")


@router.post("/{batch_id}/review")
def review(
    request: Request, db: Db, now: Now, actor: Reader, batch_id: UUID, note: Reason = ""
) -> Response:
    """Look at what someone released alone."""
    try:
        with db.transaction() as session:
            actions.review(session, batch_id, note=note, by=actor, now=now)
    except UnknownPayoutBatch:
        raise
    except DomainError as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    return back_to(batch_id, "batch_reviewed")


@router.post("/{batch_id}/void")
def void(
    request: Request, db: Db, now: Now, actor: Reader, batch_id: UUID, reason: Reason = ""
) -> Response:
    """Give a batch up before anything left."""
    try:
        with db.transaction() as session:
            actions.void(session, batch_id, reason=reason, by=actor, now=now)
    except UnknownPayoutBatch:
        raise
    except DomainError as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    return back_to(batch_id, "batch_voided")


@router.get("/{batch_id}/lines/{line_id}")
def show_line(
    request: Request, db: Db, now: Now, actor: Reader, batch_id: UUID, line_id: UUID
) -> Response:
    return line_page(request, db, now, actor, batch_id, line_id)


@router.post("/{batch_id}/remove")
def take_out(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    batch_id: UUID,
    line: Annotated[list[UUID], Form()] = [],  # noqa: B006 - never changed
    reason: Reason = "",
) -> Response:
    """Take payments out of a batch; whatever was approved is void then."""
    try:
        with db.transaction() as session:
            actions.take_out(session, batch_id, line, reason=reason, by=actor, now=now)
    except (UnknownPayoutBatch, UnknownPayoutLine):
        raise
    except DomainError as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    return back_to(batch_id, "batch_line_removed")


def batch_page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    batch_id: UUID,
    *,
    problem: DomainError | None = None,
    stale: Sequence[UUID] = (),
    earlier: AnswerFileFacts | None = None,
    state: str = "",
    method: str = "",
    page: int = 1,
) -> Response:
    """A batch, with what was refused if something was: ``stale`` are payments no longer owed, ``earlier`` the file booked before."""
    language = language_of(request)
    chosen = LineState(state) if state in set(LineState) else None
    states = [chosen] if chosen else []
    by_hand = method == HANDS
    methods = HANDED_OUT if by_hand else frozenset[Method]()
    with db.snapshot() as session:
        batch = queries.batch(session, batch_id, programme_id=actor.programme_id)
        can = queries.acts(session, batch, actor, now=now)
        found = _counted(session, batch, chosen, by_hand=by_hand)
        pages = max(1, -(-found // LINES_A_PAGE))
        page = min(max(page, 1), pages)
        lines = queries.lines(
            session,
            batch_id,
            states=states,
            methods=methods,
            limit=LINES_A_PAGE,
            offset=(page - 1) * LINES_A_PAGE,
        )
        unknown = _unknown(session, batch)
        names = names_of(session, actor)
        is_signed = can[Act.APPROVE] is None or can[Act.ASK_SELF_RELEASE] is None
        seen = queries.seen(session, batch_id, programme_id=actor.programme_id) if is_signed else ""
        history = queries.history(session, batch_id, programme_id=actor.programme_id)
        gone = [queries.line(session, batch_id, each) for each in stale]
        context = {
            **_signing(session, batch, can, actor, names, language),
            **_answers(session, batch, actor),
            "place": programmes.site(session, batch.site_id) if batch.site_id else None,
        }
        to_hand_out = _to_hand_out(session, batch) if can[Act.ANSWER] is None else 0
    may_pay = actor.may(Permission.PAY_STIPEND)
    context |= _words(batch, names) | {
        "problem": _problem(problem, batch, language),
        "seen": seen,
        "check_mark": marked(seen or batch.content or ""),
        "path": path_of(batch, names, translations(language).gettext),
        "lines": lines,
        "page": page,
        "pages": pages,
        "filter": _filter(chosen, by_hand=by_hand),
        "chosen_state": None if by_hand else chosen,
        "chosen_method": by_hand,
        "ticking": by_hand and may_pay and to_hand_out > 0,
        "to_hand_out": to_hand_out if may_pay else 0,
        "unknown": unknown[:UNKNOWN_SHOWN],
        "more_unknown": len(unknown) > UNKNOWN_SHOWN,
        "file_id": uuid4(),
        "stale": gone,
        "earlier": earlier,
        **told(history, names, language),
    }
    return render(
        request, "batches_one.html", context, status=STATUS[problem.kind] if problem else 200
    )


def line_page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    batch_id: UUID,
    line_id: UUID,
    *,
    problem: DomainError | None = None,
    entered: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    language = language_of(request)
    with db.snapshot() as session:
        batch = queries.batch(session, batch_id, programme_id=actor.programme_id)
        line = queries.line(session, batch_id, line_id)
        can = queries.acts(session, batch, actor, now=now)
        names = names_of(session, actor)
        place = programmes.site(session, line.site_id)
        clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
    context = _words(batch, names) | {
        "line": line,
        "place": place,
        "clock": clock,
        "completed_at": _moment(line.completed_at),
        "entered": entered,
        "problem": _problem(problem, batch, language),
        **_may(batch, line, can, actor),
    }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "batches_line.html", context, status=status)


def _moment(told: str | None) -> datetime | None:
    """A provider's time, where it is one."""
    try:
        found = datetime.fromisoformat(told or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def back_to(batch_id: UUID, said: str) -> Response:
    """The batch, from its top: what was said stands there."""
    return done(f"/stipends/batches/{batch_id}", said)


def marked(content: str) -> str:
    """The beginning of a batch's hash, in groups that two people can compare."""
    return " ".join(content[at : at + 4] for at in range(0, min(len(content), 16), 4)).upper()


def told(history: list[Entry], names: dict[UUID, str], language: str) -> dict[str, Any]:
    """What was done with a batch, and whether its approval has lapsed since it was last given."""
    say = translations(language).gettext
    acts = [_told(each, names, say) for each in history]
    lapsed = None
    for entry, act in zip(history, acts, strict=True):
        if entry.action == "batch.approvals_voided":
            lapsed = act
        elif entry.action in ("batch.approved", "batch.self_release_asked", "batch.voided"):
            lapsed = None
    return {"history": acts, "lapsed": lapsed}


def _told(entry: Entry, names: dict[UUID, str], say: Any) -> Told:
    facts = entry.facts
    why = str(facts.get("reason") or facts.get("note") or facts.get("evidence") or "")
    if entry.action == "batch.approvals_voided":
        why = say(LAPSED[code]) if (code := str(facts.get("why"))) in LAPSED else ""
    who = names.get(entry.staff_id, "–") if entry.staff_id else "–"
    text = ACTS.get(entry.action)
    return Told(entry.at, who, say(text) if text else entry.action, why)


def _signing(
    session: Session,
    batch: BatchFacts,
    can: Verdicts,
    actor: Actor,
    names: dict[UUID, str],
    language: str,
) -> dict[str, Any]:
    """What someone can do with a batch, or in words why not, and who can."""
    clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
    there = queries.others(session, batch)
    past = batch.signatures.approvals
    who_can = {
        Act.APPROVE: there.approvers - past,
        Act.RELEASE: there.payers - past,
        Act.REVIEW: there.approvers,
    }
    asked = {
        BatchState.DRAFT: [Act.APPROVE],
        BatchState.APPROVED: [Act.RELEASE],
    }.get(batch.state, [])
    if batch.signatures.is_self_release and batch.released_at and not batch.reviewed_at:
        asked = [Act.REVIEW]
    say = translations(language).gettext
    refused = [
        why_not(
            act,
            code,
            batch,
            actor,
            language=language,
            clock=clock,
            say=say,
            others=sorted(names[each] for each in who_can[act] - {actor.staff_id})[:6],
        )
        for act in asked
        if (code := can[act]) is not None
    ]
    payouts = programmes.current_protocol(session, actor.programme_id).rules.payouts
    unresolved = can[Act.RESOLVE] if batch.count(LineState.UNKNOWN) else None
    own = (
        why_not(Act.RESOLVE, unresolved, batch, actor, language=language, clock=clock, say=say)
        if unresolved
        else None
    )
    return {
        "resolve_why_not": own.text if own else "",
        "can": {act.value: verdict is None for act, verdict in can.items()},
        "why_not": refused,
        "clock": clock,
        "self_release_days": payouts.self_release_after_days,
    }


def _answers(session: Session, batch: BatchFacts, actor: Actor) -> dict[str, Any]:
    """The files that go out and those that came back."""
    is_out = batch.state in (BatchState.RELEASED, BatchState.CLOSED)
    if not is_out:
        return {"files": [], "answer_files": [], "profiles": [], "sent_to_phones": False}
    known = profiles(session, actor.programme_id)
    used = {
        method: profile_of(session, actor.programme_id, batch.profiles.get(method, known[0].key))
        for method in batch.by_method
        if method in TO_A_PHONE
    }
    files = [GoesOut(method, tally, used.get(method)) for method, tally in batch.by_method.items()]
    offered = {each.key: each for each in (*used.values(), *known)}
    return {
        "files": files if actor.may(Permission.RELEASE_PAYOUT) else [],
        "answer_files": answers.answer_files(session, batch.id),
        "profiles": list(offered.values()),
        "chosen_profile": next(iter(offered)),
        "sent_to_phones": bool(used),
        "most_megabytes": LARGEST // 1024 // 1024,
    }


def _may(batch: BatchFacts, line: LineFacts, can: Verdicts, actor: Actor) -> dict[str, bool]:
    is_unknown, answers_it = line.state is LineState.UNKNOWN, can[Act.ANSWER] is None
    hands_out = line.method in HANDED_OUT and actor.may(Permission.PAY_STIPEND)
    return {
        "can_take_out": can[Act.CHANGE] is None and line.state is LineState.WAITING,
        "can_resolve": can[Act.RESOLVE] is None and is_unknown,
        "own_release": can[Act.RESOLVE] == "four_eyes" and is_unknown,
        "can_hand_out": answers_it and hands_out and line.state in OPEN,
        "can_doubt": answers_it and line.state is LineState.SENT,
        "can_bounce": can[Act.RESOLVE] is None and bool(line.paid and line.paid.minor),
    }


def _counted(
    session: Session, batch: BatchFacts, chosen: LineState | None, *, by_hand: bool
) -> int:
    if by_hand:
        return queries.count_lines(
            session, batch.id, states=[chosen] if chosen else [], methods=HANDED_OUT
        )
    return batch.count(chosen) if chosen else batch.count(*LineState)


def _to_hand_out(session: Session, batch: BatchFacts) -> int:
    return queries.count_lines(session, batch.id, states=list(OPEN), methods=HANDED_OUT)


def _unknown(session: Session, batch: BatchFacts) -> list[LineFacts]:
    if not batch.count(LineState.UNKNOWN):
        return []
    return queries.lines(session, batch.id, states=[LineState.UNKNOWN], limit=UNKNOWN_SHOWN + 1)


def _filter(chosen: LineState | None, *, by_hand: bool) -> str:
    given = {"state": chosen.value if chosen else "", "method": HANDS if by_hand else ""}
    words = urlencode({name: value for name, value in given.items() if value})
    return f"{words}&" if words else ""


def _words(batch: BatchFacts, names: dict[UUID, str]) -> dict[str, Any]:
    return {
        "batch": batch,
        "name": tag_of(batch.id),
        "state": BATCHES[batch.state],
        "names": names,
        "methods": METHODS,
        "line_words": LINES,
        "left_out": LEFT_OUT,
        "is_live": batch.state in MAY_CHANGE,
    }


def _problem(problem: DomainError | None, batch: BatchFacts, language: str) -> str:
    """What was refused, in words of this page where it has some."""
    if problem is None:
        return ""
    part = str(problem.facts.get("part", ""))
    act = {BatchState.DRAFT: Act.APPROVE, BatchState.APPROVED: Act.RELEASE}.get(
        batch.state, Act.RESOLVE
    )
    if problem.code == "four_eyes" and (act, part) in WHY_NOT:
        return translations(language).gettext(WHY_NOT[act, part])
    return text_of(problem.code, language, reason=problem.facts.get("reason"))
