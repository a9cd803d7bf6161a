"""What leaves the house for a batch, what comes back, and what became of payments that no file settles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_, translations
from app.core.ids import tag_of
from app.core.money import Money, NotAnAmount
from app.domain.answers import actions, queries
from app.domain.answers.errors import FileAlreadyApplied, UnknownAnswerFile
from app.domain.answers.queries import Change, Preview
from app.domain.answers.rules import Fault, FileState
from app.domain.batches import queries as batches
from app.domain.batches.actions import note_file_taken
from app.domain.batches.errors import UnknownPayoutBatch, UnknownPayoutLine
from app.domain.batches.queries import BatchFacts, Tally
from app.domain.batches.rules import HANDED_OUT, TO_A_PHONE, LineState
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.errors import BadAmount
from app.domain.stipends.rules import Method
from app.web.batch_words import FAULTS, LINES
from app.web.deps import Db, Now, allowed
from app.web.pages.batches import Reader, names_of
from app.web.pages.batches_one import Reason, back_to, batch_page, line_page
from app.web.payout_files.in_use import profile_of, profiles
from app.web.payout_files.read import Reading, read_answers
from app.web.payout_files.sheets import LARGEST
from app.web.payout_files.write import OutFile, PaymentLine, payment_file, people_file
from app.web.problems import STATUS
from app.web.table_files import Column, Unit, table_file
from app.web.templating import language_of, render
from app.web.vocabulary import METHODS
from app.web.wording import text_of

router = APIRouter(prefix="/stipends/batches", include_in_schema=False)

Clerk = Annotated[Actor, Depends(allowed(Permission.RELEASE_PAYOUT))]
UPLOADS = f"{router.prefix}/answers"
BODY_LIMIT = LARGEST + 64 * 1024  # the form around the file
CHANGES_A_PAGE = 50
FAULTS_SHOWN = 200


@dataclass(frozen=True)
class Wrong:
    """A fault of a file, in words."""

    line_no: int
    text: str
    advice: str


@router.get("/{batch_id}/payments/{method}.file")
def take_payments(db: Db, now: Now, actor: Clerk, batch_id: UUID, method: Method) -> Response:
    """The file a provider takes; who took it is kept."""
    with db.transaction() as session:
        batch, lines, key = _outgoing(session, actor, batch_id, method, TO_A_PHONE)
        profile = profile_of(session, actor.programme_id, key)
        file = payment_file(profile, batch.id, lines)
        note_file_taken(session, batch_id, method=method, profile=key, by=actor, now=now)
    return _download(file, f"{tag_of(batch.id)}-{method.value}-{profile.slug}")


@router.get("/{batch_id}/people/{method}.xlsx")
def take_for_people(
    request: Request, db: Db, now: Now, actor: Clerk, batch_id: UUID, method: Method
) -> Response:
    """The same payments in a spreadsheet that opens safely; who took it is kept."""
    with db.transaction() as session:
        batch, lines, _ = _outgoing(session, actor, batch_id, method, TO_A_PHONE)
        note_file_taken(session, batch_id, method=method, profile="people", by=actor, now=now)
    file = people_file(batch.id, lines, language=language_of(request))
    return _download(file, f"{tag_of(batch.id)}-{method.value}")


@router.get("/{batch_id}/list/{method}.{form}")
def take_list(
    request: Request,
    db: Db,
    now: Now,
    actor: Clerk,
    batch_id: UUID,
    method: Method,
    form: Literal["pdf", "xlsx", "csv"],
) -> Response:
    """What is handed out at a desk, with room to tick."""
    language = language_of(request)
    say = translations(language).gettext
    with db.transaction() as session:
        batch, lines, _ = _outgoing(session, actor, batch_id, method, HANDED_OUT)
        note_file_taken(session, batch_id, method=method, profile="list", by=actor, now=now)
    title = say("Batch %(name)s") % {"name": tag_of(batch.id)} + " · " + say(METHODS[method])
    columns = [
        Column("line_no", say("Line"), Unit.NUMBER),
        Column("payment_ref", say("Reference")),
        Column("amount", say("Amount"), Unit.MONEY),
        Column("handed_over", say(N_("Handed over on"))),
    ]
    rows = [(line.line_no, line.payment_ref, line.amount, "") for line in lines]
    name = f"batch-{tag_of(batch.id)}-{method.value}"
    return table_file(form, name, title, columns, rows, language=language)


@router.post("/answers")
def look_at_answers(
    request: Request,
    db: Db,
    now: Now,
    actor: Clerk,
    batch_id: Annotated[UUID, Form()],
    file_id: Annotated[UUID, Form()],
    file: Annotated[UploadFile, File()],
    profile: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Read a file that came back and show what it would change; with a mistake in it nothing is kept."""
    content = file.file.read(LARGEST + 1)
    try:
        with db.snapshot() as session:
            batch = batches.batch(session, batch_id, programme_id=actor.programme_id)
            layout = profile_of(session, actor.programme_id, profile)
        # Seconds for a large file, in which no desk may have to wait for the database.
        reading = read_answers(layout, content, batch_id=batch_id, currency=batch.currency)
        with db.transaction() as session:
            shown = actions.preview(
                session,
                file_id,
                batch_id,
                reading.answers,
                sha256=queries.digest_of(content),
                profile=layout.key,
                faults=[Fault(each.line_no, each.code, each.facts) for each in reading.faults],
                by=actor,
                now=now,
            )
    except UnknownPayoutBatch:
        raise
    except FileAlreadyApplied as problem:
        return _booked_before(request, db, now, actor, batch_id, content, problem)
    except DomainError as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    if shown.faults:
        return _answers_page(request, db, actor, shown, reading=reading, status=422)
    return RedirectResponse(f"/stipends/batches/{batch_id}/answers/{shown.file_id}", 303)


@router.get("/{batch_id}/answers/{file_id}")
def show_answers(
    request: Request, db: Db, actor: Clerk, batch_id: UUID, file_id: UUID, page: int = 1
) -> Response:
    """What a file would change as things stand now, or has changed."""
    with db.snapshot() as session:
        shown = _preview(session, actor, batch_id, file_id)
    return _answers_page(request, db, actor, shown, page=page)


@router.post("/{batch_id}/answers/{file_id}/book")
def book(
    request: Request, db: Db, now: Now, actor: Clerk, batch_id: UUID, file_id: UUID
) -> Response:
    """Book all that a file says, or nothing of it."""
    try:
        with db.transaction() as session:
            _preview(session, actor, batch_id, file_id)
            actions.apply(session, file_id, by=actor, now=now)
    except (UnknownAnswerFile, UnknownPayoutBatch):
        raise
    except DomainError as problem:
        with db.snapshot() as session:
            shown = _preview(session, actor, batch_id, file_id)
        return _answers_page(request, db, actor, shown, problem=problem)
    return back_to(batch_id, "answers_booked")


@router.post("/{batch_id}/answers/{file_id}/drop")
def drop(
    request: Request, db: Db, now: Now, actor: Clerk, batch_id: UUID, file_id: UUID
) -> Response:
    """Put a file away that was only looked at."""
    try:
        with db.transaction() as session:
            _preview(session, actor, batch_id, file_id)
            actions.drop(session, file_id, by=actor, now=now)
    except FileAlreadyApplied as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    return back_to(batch_id, "answers_dropped")


@router.post("/{batch_id}/handed")
def hand_out(
    request: Request,
    db: Db,
    now: Now,
    actor: Clerk,
    batch_id: UUID,
    outcome: Annotated[Literal["handed_over", "not_collected"], Form()],
    line: Annotated[list[UUID], Form()] = [],  # noqa: B006 - never changed
    all: Annotated[str, Form(max_length=1)] = "",  # noqa: A002 - the form's own word
) -> Response:
    """Note what was handed over, or not collected: of the lines that are ticked, or of all that are open."""
    act = actions.hand_over if outcome == "handed_over" else actions.not_collected
    if not line and not all:
        return RedirectResponse(f"/stipends/batches/{batch_id}?state=sent&method=hands#lines", 303)
    try:
        with db.transaction() as session:
            act(session, batch_id, None if all else line, by=actor, now=now)
    except (UnknownPayoutBatch, UnknownPayoutLine):
        raise
    except DomainError as problem:
        return batch_page(request, db, now, actor, batch_id, problem=problem)
    return back_to(batch_id, f"batch_{outcome}")


@router.post("/{batch_id}/lines/{line_id}/unknown")
def doubt(
    request: Request, db: Db, now: Now, actor: Clerk, batch_id: UUID, line_id: UUID
) -> Response:
    """Say that nobody knows what became of a payment."""
    try:
        with db.transaction() as session:
            actions.mark_unknown(session, batch_id, [line_id], by=actor, now=now)
    except (UnknownPayoutBatch, UnknownPayoutLine):
        raise
    except DomainError as problem:
        return line_page(request, db, now, actor, batch_id, line_id, problem=problem)
    return RedirectResponse(f"/stipends/batches/{batch_id}/lines/{line_id}", 303)


@router.post("/{batch_id}/lines/{line_id}/resolve")
def resolve(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    batch_id: UUID,
    line_id: UUID,
    outcome: Annotated[Literal["paid", "partly_paid", "failed"], Form()],
    paid: Annotated[str, Form(max_length=30)] = "",
    evidence: Reason = "",
) -> Response:
    """Say what became of a payment nobody knew about, and how one knows."""
    try:
        with db.transaction() as session:
            amount = batches.line(session, batch_id, line_id).amount
            minor = {"paid": amount.minor, "failed": 0}.get(outcome)
            if minor is None:
                minor = _part(paid, amount)
            actions.resolve(
                session, batch_id, line_id, paid_minor=minor, evidence=evidence, by=actor, now=now
            )
    except (UnknownPayoutBatch, UnknownPayoutLine):
        raise
    except DomainError as problem:
        entered = {"outcome": outcome, "paid": paid, "evidence": evidence}
        return line_page(
            request, db, now, actor, batch_id, line_id, problem=problem, entered=entered
        )
    return back_to(batch_id, "batch_line_resolved")


@router.post("/{batch_id}/lines/{line_id}/bounced")
def bounce(
    request: Request,
    db: Db,
    now: Now,
    actor: Reader,
    batch_id: UUID,
    line_id: UUID,
    reason: Reason = "",
) -> Response:
    """Money that had arrived came back."""
    try:
        with db.transaction() as session:
            actions.bounce(session, batch_id, line_id, evidence=reason, by=actor, now=now)
    except (UnknownPayoutBatch, UnknownPayoutLine):
        raise
    except DomainError as problem:
        return line_page(request, db, now, actor, batch_id, line_id, problem=problem)
    return back_to(batch_id, "batch_line_came_back")


def _part(text: str, amount: Money) -> int:
    """Raises: BadAmount."""
    try:
        return Money.parse(text, amount.currency).minor
    except NotAnAmount:
        raise BadAmount(minor=0) from None


def _outgoing(
    session: Session, actor: Actor, batch_id: UUID, method: Method, among: frozenset[Method]
) -> tuple[BatchFacts, list[PaymentLine], str]:
    """What goes out by a method, and in which layout."""
    batch = batches.batch(session, batch_id, programme_id=actor.programme_id)
    if method not in among or method not in batch.by_method:
        raise HTTPException(404)
    lines = [
        PaymentLine(each.line_no, each.payment_ref, each.msisdn, each.amount)
        for each in batches.outgoing(session, batch_id, method)
    ]
    usual = profiles(session, actor.programme_id)[0].key
    return batch, lines, batch.profiles.get(method, usual)


def _download(file: OutFile, name: str) -> Response:
    """A file under a name that tells those of one batch apart: each goes to another provider."""
    form = file.name.rpartition(".")[2]
    headers = {"Content-Disposition": f'attachment; filename="payments-{name}.{form}"'}
    return Response(file.content, media_type=file.media_type, headers=headers)


def _preview(session: Session, actor: Actor, batch_id: UUID, file_id: UUID) -> Preview:
    """Raises: UnknownAnswerFile."""
    shown = queries.preview_of(session, file_id, programme_id=actor.programme_id)
    if shown.batch_id != batch_id:
        raise UnknownAnswerFile
    return shown


def _booked_before(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    batch_id: UUID,
    content: bytes,
    problem: FileAlreadyApplied,
) -> Response:
    """The same file once more: when and by whom it was booked."""
    with db.snapshot() as session:
        earlier = queries.applied_file(session, actor.programme_id, queries.digest_of(content))
    return batch_page(request, db, now, actor, batch_id, problem=problem, earlier=earlier)


def _answers_page(
    request: Request,
    db: Database,
    actor: Actor,
    shown: Preview,
    *,
    page: int = 1,
    reading: Reading | None = None,
    problem: DomainError | None = None,
    status: int = 200,
) -> Response:
    language = language_of(request)
    with db.snapshot() as session:
        batch = batches.batch(session, shown.batch_id, programme_id=actor.programme_id)
        names = names_of(session, actor)
        clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
        files = queries.answer_files(session, batch.id)
    booked = next(
        (each for each in files if each.id == shown.file_id and each.state is FileState.APPLIED),
        None,
    )
    faults = [] if booked else _faults(shown, reading, language)
    is_open = shown.state is FileState.PREVIEWED and not faults
    changes = list(shown.changes)
    pages = max(1, -(-len(changes) // CHANGES_A_PAGE))
    page = min(max(page, 1), pages)
    context: dict[str, Any] = {
        "batch": batch,
        "name": tag_of(batch.id),
        "names": names,
        "clock": clock,
        "line_words": LINES,
        "problem": text_of(problem.code, language) if problem else "",
        "booked": booked,
        "is_refused": bool(faults),
        "faults": faults[:FAULTS_SHOWN],
        "fault_count": len(faults),
        "news": len(shown.news),
        "unchanged": len(changes) - len(shown.news),
        "silent": shown.silent,
        "after": _after(shown.changes if booked else shown.news, batch.currency),
        "owed_again": _owed_again(shown.changes if booked else shown.news, batch.currency),
        "left_out": reading.left_out if reading else (),
        "may_book": is_open and bool(shown.news),
        "may_drop": is_open,
        "file_id": shown.file_id,
        "changes": changes[(page - 1) * CHANGES_A_PAGE : page * CHANGES_A_PAGE]
        if not faults
        else [],
        "page": page,
        "pages": pages,
        "money_of": lambda minor: Money(minor, batch.currency),
    }
    if problem:
        status = STATUS[problem.kind]
    return render(request, "batches_answers.html", context, status=status)


def _after(changes: Sequence[Change], currency: str) -> Mapping[LineState, Tally]:
    """What the lines that change become: how many, and how much was sent to them."""
    found: dict[LineState, Tally] = {}
    for state in LineState:
        amounts = [each.amount.minor for each in changes if each.after.state is state]
        if amounts:
            found[state] = Tally(len(amounts), Money(sum(amounts), currency))
    return found


def _owed_again(changes: Sequence[Change], currency: str) -> Money:
    """What was sent and not paid: it becomes owed once more."""
    missing = (
        each.amount.minor - each.after.paid_minor
        for each in changes
        if each.after.paid_minor is not None
    )
    return Money(sum(missing), currency)


def _faults(shown: Preview, reading: Reading | None, language: str) -> list[Wrong]:
    """Every fault in the order of the file's lines, its reader's and those of the batch."""
    say = translations(language).gettext
    by_reader = {(each.line_no, each.code.value) for each in reading.faults} if reading else set()
    found = [
        Wrong(each.line_no, each.text(language), each.advice(language))
        for each in (reading.faults if reading else ())
    ]
    for fault in shown.faults:
        if (fault.line_no, fault.code) not in by_reader:
            text, advice = FAULTS[fault.code]
            found.append(Wrong(fault.line_no, say(text) % fault.facts, say(advice)))
    return sorted(found, key=lambda each: each.line_no)
