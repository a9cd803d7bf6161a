"""Money that is missing: by site, by whoever handed it out, and what two people gave up."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_, translations
from app.core.money import Money
from app.domain.programmes import queries as programmes
from app.domain.shortages import actions, queries
from app.domain.shortages.queries import Loss
from app.domain.shortages.rules import Discrepancy
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.domain.stipends.queries import books_of
from app.domain.stipends.rules import receipt_text
from app.web import float_words
from app.web.cash_counts import books_at, minor_of
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.problems import STATUS
from app.web.table_files import Column, Unit, table_file
from app.web.templating import language_of, render
from app.web.wording import words_of

router = APIRouter(prefix="/stipends/floats", include_in_schema=False)

Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))]
Corrector = Annotated[Actor, Depends(allowed(Permission.CORRECT_LEDGER))]
Approver = Annotated[Actor, Depends(allowed(Permission.APPROVE_PAYOUT))]
Code = Annotated[str, Form(max_length=64)]
Amount = Annotated[str, Form(max_length=30)]
Reason = Annotated[str, Form(max_length=500)]
FileForm = Literal["csv", "xlsx", "pdf"]


@dataclass(frozen=True)
class LossesOf:
    """What one person handed out at one site without its being owed."""

    site_id: UUID
    staff_id: UUID | None
    times: int
    amount: Money


@router.get("/losses")
def show_losses(request: Request, db: Db, now: Now, actor: Reader) -> Response:
    """What is missing at each site, who handed out what was not owed, and what two people gave up."""
    return _losses_page(request, db, actor)


@router.get("/losses.{form}")
def take_losses(request: Request, db: Db, actor: Reader, form: FileForm) -> Response:
    language = language_of(request)
    say = translations(language).gettext
    with db.snapshot() as session:
        found = queries.losses(session, actor.programme_id)
        names = usernames(session, actor.programme_id)
        places = {each.id: each for each in programmes.sites(session, actor.programme_id)}
    columns = [
        Column("site", say(N_("Site"))),
        Column("day", say(N_("Day")), Unit.DAY),
        Column("receipt", say(N_("Receipt"))),
        Column("amount", say(N_("Amount")), Unit.MONEY),
        Column("by", say(N_("By"))),
    ]
    rows = [
        (
            places[each.site_id].code,
            each.on,
            receipt_text(each.receipt) if each.receipt else "",
            each.amount,
            names.get(each.paid_by, "") if each.paid_by else "",
        )
        for each in found
    ]
    title = say(N_("Handed out without being owed"))
    return table_file(form, "losses", title, columns, rows, language=language)


@router.post("/write-offs")
def ask_write_off(
    request: Request,
    db: Db,
    now: Now,
    actor: Corrector,
    act_id: Annotated[UUID, Form()],
    site: Code = "",
    account: Annotated[Discrepancy, Form()] = Discrepancy.CASH_VARIANCE,
    amount: Amount = "",
    reason: Reason = "",
) -> Response:
    """Ask for money that is missing to be given up; someone else decides."""
    typed = {"site": site, "account": account.value, "amount": amount, "reason": reason}
    try:
        with db.transaction() as session:
            books = books_at(session, actor, site, now)
            minor = minor_of(amount, books.currency)
            if queries.missing_minor(session, books.site_id, account) < 0:
                minor = -minor  # too much was found: it goes the other way
            actions.ask_write_off(
                session,
                books,
                account,
                minor,
                write_off_id=act_id,
                reason=reason,
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _losses_page(request, db, actor, problem=problem, typed=typed)
    return done("/stipends/floats/losses", "write_off_asked")


@router.post("/write-offs/{write_off_id}")
def decide_write_off(
    request: Request,
    db: Db,
    now: Now,
    actor: Approver,
    write_off_id: UUID,
    decision: Annotated[Literal["approve", "refuse"], Form()],
    note: Reason = "",
) -> Response:
    """Give the money up, or do not: never whoever asked."""
    try:
        with db.transaction() as session:
            asked = queries.write_off(session, write_off_id, programme_id=actor.programme_id)
            books, _ = books_of(session, actor.programme_id, asked.site_id, now=now)
            actions.decide_write_off(
                session,
                books,
                write_off_id,
                is_approved=decision == "approve",
                note=note,
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _losses_page(request, db, actor, problem=problem)
    code = "write_off_approved" if decision == "approve" else "write_off_refused"
    return done("/stipends/floats/losses", code)


def _losses_page(
    request: Request,
    db: Database,
    actor: Actor,
    *,
    problem: DomainError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    if problem and not actor.may(Permission.SEE_LEDGER):
        raise problem  # whoever decides need not see all that stands here
    with db.snapshot() as session:
        losses = queries.losses(session, actor.programme_id)
        context = {
            "missing": queries.missing(session, actor.programme_id),
            "losses": losses,
            "by_person": _by_person(losses),
            "write_offs": queries.write_offs(session, actor.programme_id),
            "places": {each.id: each for each in programmes.sites(session, actor.programme_id)},
            "clock": programmes.clock_of(session, actor.programme_id, actor.site_id),
            "names": usernames(session, actor.programme_id),
            "words": float_words,
            "receipt_text": receipt_text,
            "currency": programmes.programme(session, actor.programme_id).currency,
            "act_id": uuid4(),
            "typed": {"site": "", "account": "", "amount": "", "reason": "", **(typed or {})},
            "may_ask": actor.may(Permission.CORRECT_LEDGER),
            "may_approve": actor.may(Permission.APPROVE_PAYOUT),
            "problem": words_of(problem) if problem else "",
            "here": "/stipends/floats",
        }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "floats_losses.html", context, status=status)


def _by_person(losses: list[Loss]) -> list[LossesOf]:
    times: Counter[tuple[UUID, UUID | None]] = Counter()
    sums: dict[tuple[UUID, UUID | None], Money] = {}
    for each in losses:
        key = (each.site_id, each.paid_by)
        times[key] += 1
        sums[key] = sums[key] + each.amount if key in sums else each.amount
    found = [LossesOf(*key, times[key], sums[key]) for key in sums]
    return sorted(found, key=lambda each: -each.amount.minor)
