"""What is paid, and how: a proposal of other rules, what it comes to, and the second person's decision."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.i18n import N_
from app.core.money import Money
from app.domain.audit.errors import ReasonNeeded
from app.domain.programmes import actions
from app.domain.programmes import queries as programmes
from app.domain.programmes.errors import NothingChanges, ProposalOutdated
from app.domain.programmes.queries import CurrentProtocol, ProgrammeFacts, Proposal
from app.domain.programmes.rules import USUAL, Protocol
from app.domain.recruitment.queries import Outlook, load_outlook
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.web import protocol_form, reckoning
from app.web.complaints import EMPTY, TOO_LONG, Complaint, Complaints, in_words
from app.web.deps import Db, Now, allowed
from app.web.figures import schedule_pictures
from app.web.figures.words import gettext_of
from app.web.flash import done
from app.web.forms import Entered, Fields, identifier
from app.web.templating import language_of, render
from app.web.wording import text_of

router = APIRouter(prefix="/programme/stipends", include_in_schema=False)
Planner = Annotated[Actor, Depends(allowed(Permission.CHANGE_SCHEDULE))]
Approver = Annotated[Actor, Depends(allowed(Permission.APPROVE_SCHEDULE))]
LONGEST_NOTE = 2000
PROPOSALS_SHOWN = 20
GUESSES = {
    "women": N_("the share of women"),
    "under_25": N_("the share of people under 25"),
    "first_time": N_("how many were never reached before"),
    "correct": N_("how many answers are right"),
}
NOT_A_DAY = Complaint(N_("Please enter a day that has come, as year-month-day."))
NOT_ALONE = Complaint(N_("Please enter the committee's words with their day."))


@router.get("")
def ask_schedule(request: Request, db: Db, now: Now, actor: Planner, start: str = "") -> Response:
    """The rules about money as a form; ``start`` begins with our usual amounts of a kind of schedule."""
    with db.snapshot() as session:
        facts = _facts(session, actor, now)
    rules = facts["current"].rules
    if start in USUAL:
        rules = replace(rules, stipends=USUAL[start])
    typed = protocol_form.as_typed(rules, facts["programme"].currency, language_of(request))
    return _form(request, actor, facts, typed, rules)


@router.post("/example")
def reckon(request: Request, db: Db, now: Now, actor: Planner, entered: Fields) -> Response:
    """What the entered rules come to: the piece of the page alone where a script asks, else the whole page."""
    with db.snapshot() as session:
        facts = _facts(session, actor, now)
    rules, complaints = _read(entered, facts)
    if request.headers.get("HX-Request"):
        context = _reckoned(request, facts, entered, rules) | {"errors": complaints}
        return render(request, "stipend_schedule_reckoned.html", context)
    return _form(request, actor, facts, entered, rules, complaints)


@router.post("")
def propose(request: Request, db: Db, now: Now, actor: Planner, entered: Fields) -> Response:
    """Propose the entered rules, unless they were changed while the form was open."""
    refusal = ""
    with db.transaction() as session:
        facts = _facts(session, actor, now)
        rules, complaints = _read(entered, facts)
        committee_on, wrong = _committee(entered, facts["today"])
        complaints |= wrong
        if len(entered.get("note", "")) > LONGEST_NOTE:
            complaints["note"] = TOO_LONG
        proposal_id = identifier(entered, "proposal_id") or uuid4()
        is_outdated = entered.get("version") != str(facts["current"].version)
        known = any(each.id == proposal_id for each in facts["proposals"])
        if rules and not complaints and (known or not is_outdated):
            try:
                actions.propose(
                    session,
                    proposal_id,
                    rules,
                    programme_id=actor.programme_id,
                    note=entered.get("note", ""),
                    committee=entered.get("committee", ""),
                    committee_on=committee_on,
                    by=actor.staff_id,
                    now=now,
                )
                return _done(proposal_id, "proposal_made")
            except NothingChanges as error:
                refusal = error.code
    return _form(
        request, actor, facts, entered, rules, complaints, is_outdated=is_outdated, refusal=refusal
    )


@router.get("/proposals/{proposal_id}")
def show_proposal(
    request: Request, db: Db, now: Now, actor: Planner, proposal_id: UUID
) -> Response:
    return _proposal_page(request, db, now, actor, proposal_id)


@router.post("/proposals/{proposal_id}/approve")
def approve(
    request: Request, db: Db, now: Now, actor: Approver, proposal_id: UUID, entered: Fields
) -> Response:
    """Adopt what someone else proposed; the committee's words can be added."""
    with db.snapshot() as session:
        clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
    committee_on, wrong = _committee(entered, local_date(now, clock))
    if wrong:
        return _proposal_page(request, db, now, actor, proposal_id, entered, wrong)
    try:
        with db.transaction() as session:
            actions.approve(
                session,
                proposal_id,
                programme_id=actor.programme_id,
                committee=entered.get("committee", ""),
                committee_on=committee_on,
                by=actor.staff_id,
                now=now,
            )
    except ProposalOutdated as refusal:
        return _proposal_page(
            request, db, now, actor, proposal_id, entered, refusal=refusal.code, status=409
        )
    return _done(proposal_id, "proposal_approved")


@router.post("/proposals/{proposal_id}/reject")
def reject(
    request: Request, db: Db, now: Now, actor: Approver, proposal_id: UUID, entered: Fields
) -> Response:
    complaints: Complaints = {}
    try:
        with db.transaction() as session:
            actions.reject(
                session,
                proposal_id,
                programme_id=actor.programme_id,
                reason=entered.get("reason", "")[:LONGEST_NOTE],
                by=actor.staff_id,
                now=now,
            )
    except ReasonNeeded:
        complaints = {"reason": EMPTY}
    if complaints:
        return _proposal_page(request, db, now, actor, proposal_id, entered, complaints)
    return _done(proposal_id, "proposal_rejected")


@router.post("/proposals/{proposal_id}/withdraw")
def withdraw(db: Db, now: Now, actor: Planner, proposal_id: UUID, _entered: Fields) -> Response:
    with db.transaction() as session:
        actions.withdraw(
            session,
            proposal_id,
            programme_id=actor.programme_id,
            by=actor.staff_id,
            now=now,
        )
    return _done(proposal_id, "proposal_withdrawn")


def _facts(session: Session, actor: Actor, now: datetime) -> dict[str, Any]:
    clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
    today = local_date(now, clock)
    return {
        "programme": programmes.programme(session, actor.programme_id),
        "current": programmes.current_protocol(session, actor.programme_id),
        "proposals": programmes.proposals(session, actor.programme_id),
        "outlook": load_outlook(session, actor.programme_id, today=today),
        "usernames": usernames(session, actor.programme_id),
        "clock": clock,
        "today": today,
    }


def _read(entered: Entered, facts: dict[str, Any]) -> tuple[Protocol | None, Complaints]:
    return protocol_form.read_protocol(
        entered,
        facts["current"].rules,
        facts["programme"].currency,
        protocol_form.ABOUT_MONEY,
    )


def _committee(entered: Entered, today: date) -> tuple[date | None, Complaints]:
    """The day of the committee's words; both are given or neither."""
    words, day = entered.get("committee", ""), entered.get("committee_on", "")
    if len(words) > LONGEST_NOTE:
        return None, {"committee": TOO_LONG}
    if not day:
        return None, {"committee_on": NOT_A_DAY} if words else {}
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None, {"committee_on": NOT_A_DAY}
    if found > today:
        return None, {"committee_on": NOT_A_DAY}
    return (found, {}) if words else (None, {"committee": NOT_ALONE})


def _reckoned(
    request: Request, facts: dict[str, Any], entered: Entered, rules: Protocol | None
) -> dict[str, Any]:
    """What a piece of the page needs; without rules that can be read, what the rules in force come to."""
    current: CurrentProtocol = facts["current"]
    return _comes_to(
        request,
        facts["programme"],
        facts["outlook"],
        before=current.rules,
        after=rules or current.rules,
        entered=entered,
    ) | {"is_readable": rules is not None}


def _comes_to(
    request: Request,
    programme: ProgrammeFacts,
    outlook: Outlook,
    *,
    before: Protocol,
    after: Protocol,
    entered: Entered,
    names: tuple[str, str] = schedule_pictures.AS_ENTERED,
) -> dict[str, Any]:
    language, currency = language_of(request), programme.currency
    recruits = reckoning.recruits_entered(entered, after.knowledge_items)
    together = reckoning.on_one_day(entered)
    found = reckoning.projection(after.stipends, before.stipends, outlook, currency=currency)
    return {
        "programme": programme,
        "example": reckoning.example(
            after.stipends, before.stipends, recruits, together=together, currency=currency
        ),
        "projection": found,
        "schedule_names": names,
        "is_proposal": names == schedule_pictures.AS_PROPOSED,
        "schedule": after.stipends,
        "recruits": recruits,
        "together": together,
        "earned_for": reckoning.EARNED_FOR,
        "projection_prize": Money(after.stipends.lottery_prize, currency).text(language),
        "guessed_names": lambda names: _guessed(names, language),
        "pictures": [
            schedule_pictures.draw_costs_of_a_recruit(found, language, width, names)
            for width in (schedule_pictures.WIDE, schedule_pictures.NARROW)
        ],
    }


def _guessed(names: Iterable[str], language: str) -> list[str]:
    gettext = gettext_of(language)
    return [gettext(GUESSES[each]) for each in GUESSES if each in set(names)]


def _form(
    request: Request,
    actor: Actor,
    facts: dict[str, Any],
    typed: Entered,
    rules: Protocol | None,
    complaints: Complaints | None = None,
    *,
    is_outdated: bool = False,
    refusal: str = "",
) -> Response:
    language = language_of(request)
    current: CurrentProtocol = facts["current"]
    currency = facts["programme"].currency
    context: dict[str, Any] = {
        **{key: facts[key] for key in ("usernames", "clock")},
        "proposals": facts["proposals"][:PROPOSALS_SHOWN],
        "version": current.version,
        "groups": protocol_form.ABOUT_MONEY,
        "kinds": protocol_form.KINDS,
        "starts": list(USUAL),
        "items": current.rules.knowledge_items,
        "placeholders": protocol_form.placeholders(rules or current.rules, currency),
        "typed": typed,
        "errors": in_words(complaints or {}, language),
        "outdated": text_of("try_again", language) if is_outdated else "",
        "refusal": text_of(refusal, language) if refusal else "",
        "proposal_id": typed.get("proposal_id") or uuid4(),
        "may_approve": actor.may(Permission.APPROVE_SCHEDULE),
        "here": "/programme/stipends",
        **_reckoned(request, facts, typed, rules),
    }
    status = 409 if is_outdated else 422 if complaints or refusal else 200
    return render(request, "stipend_schedule.html", context, status=status)


def _proposal_page(
    request: Request,
    db: Db,
    now: datetime,
    actor: Actor,
    proposal_id: UUID,
    typed: Entered | None = None,
    complaints: Complaints | None = None,
    *,
    refusal: str = "",
    status: int = 200,
) -> Response:
    language = language_of(request)
    with db.snapshot() as session:
        facts = _facts(session, actor, now)
        found: Proposal = programmes.proposal(session, actor.programme_id, proposal_id)
    currency = facts["programme"].currency
    context = {
        **{key: facts[key] for key in ("usernames", "clock")},
        "proposal": found,
        "changes": protocol_form.changes(found.before, found.after, currency),
        "kinds": protocol_form.KINDS,
        "may_approve": actor.may(Permission.APPROVE_SCHEDULE)
        and found.proposed_by != actor.staff_id,
        "is_own": found.proposed_by == actor.staff_id,
        "typed": typed or {},
        "errors": in_words(complaints or {}, language),
        "refusal": text_of(refusal, language) if refusal else "",
        "here": f"/programme/stipends/proposals/{proposal_id}",
        "is_readable": True,
        **_comes_to(
            request,
            facts["programme"],
            facts["outlook"],
            before=found.before,
            after=found.after,
            entered={},
            names=schedule_pictures.AS_PROPOSED,
        ),
    }
    return render(request, "stipend_proposal.html", context, status=422 if complaints else status)


def _done(proposal_id: UUID, code: str) -> Response:
    return done(f"/programme/stipends/proposals/{proposal_id}", code)
