"""Payouts that go out in a batch: prepared by one, approved by another, released by a third."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import translations
from app.core.ids import tag_of
from app.core.money import Money, NotAnAmount
from app.domain.batches import actions, queries
from app.domain.batches.errors import BadSelection
from app.domain.batches.queries import BatchFacts
from app.domain.batches.rules import TO_A_PHONE, Selection
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.domain.stipends.rules import Method
from app.web.batch_path import waits_for
from app.web.batch_words import BATCHES, LEFT_OUT, LINES
from app.web.complaints import NOT_A_DAY, NOT_AN_AMOUNT, Complaints, in_words
from app.web.deps import Db, Now, allowed
from app.web.payout_files.in_use import profiles
from app.web.problems import STATUS
from app.web.templating import language_of, render
from app.web.vocabulary import METHODS
from app.web.wording import text_of

router = APIRouter(prefix="/stipends/batches", include_in_schema=False)

Reader = Annotated[Actor, Depends(allowed(Permission.APPROVE_PAYOUT))]
Preparer = Annotated[Actor, Depends(allowed(Permission.PREPARE_PAYOUT))]
PAGE = 20
PHONES = tuple(method for method in Method if method in TO_A_PHONE)


@dataclass(frozen=True)
class Listed:
    """A batch as the list shows it."""

    batch: BatchFacts
    by: str
    waits: str
    is_yours: bool

    @property
    def name(self) -> str:
        return tag_of(self.batch.id)

    @property
    def state(self) -> tuple[str, str]:
        return BATCHES[self.batch.state]

    @property
    def counts(self) -> list[tuple[tuple[str, str], int]]:
        """How many of its lines have come how far, once some have left."""
        if self.batch.released_at is None:
            return []
        return [(LINES[state], tally.count) for state, tally in self.batch.by_state.items()]


@dataclass(frozen=True)
class Asked:
    """Whom someone wants to pay, as her form said it."""

    site: Sequence[str]
    method: Sequence[str]
    at_least: str
    owed_by: str
    profiles: Mapping[Method, str]

    def complaints(self, currency: str) -> Complaints:
        found: Complaints = {}
        try:
            Money.parse(self.at_least or "0", currency)
        except NotAnAmount:
            found["at_least"] = NOT_AN_AMOUNT
        try:
            date.fromisoformat(self.owed_by or "2000-01-01")
        except ValueError:
            found["owed_by"] = NOT_A_DAY
        return found

    def selection(self, session: Session, programme_id: UUID, currency: str) -> Selection:
        """Raises: UnknownSite, BadSelection."""
        if not set(self.method) <= set(Method):
            raise BadSelection(field="methods")
        sites = [programmes.site_by_code(session, programme_id, code).id for code in self.site]
        return Selection(
            frozenset(Method(each) for each in self.method),
            frozenset(sites),
            Money.parse(self.at_least or "0", currency).minor,
            date.fromisoformat(self.owed_by) if self.owed_by else None,
        )


@router.get("")
def show_batches(request: Request, db: Db, now: Now, actor: Reader, page: int = 1) -> Response:
    """What waits for whom, and what became of the rest."""
    page = min(max(page, 1), 10_000)
    translate = translations(language_of(request))
    with db.snapshot() as session:
        found = queries.batches(
            session, actor.programme_id, limit=PAGE + 1, offset=(page - 1) * PAGE
        )
        names = names_of(session, actor)
        listed = []
        for batch in found[:PAGE]:
            can = queries.acts(session, batch, actor, now=now)
            waits, is_yours = waits_for(batch, can, actor, translate)
            by = names.get(batch.signatures.prepared_by, "–")
            listed.append(Listed(batch, by, waits, is_yours))
        context = {
            "found": listed,
            "waiting": queries.waiting(session, actor.programme_id),
            "page": page,
            "has_more": len(found) > PAGE,
            "clock": programmes.clock_of(session, actor.programme_id, actor.site_id),
            "methods": METHODS,
            "may_prepare": actor.may(Permission.PREPARE_PAYOUT),
        }
    return render(request, "batches.html", context)


@router.get("/prepare")
def look_before(
    request: Request,
    db: Db,
    actor: Preparer,
    look: str = "",
    site: Annotated[list[str], Query()] = [],  # noqa: B006 - never changed
    method: Annotated[list[str], Query()] = [],  # noqa: B006
    at_least: Annotated[str, Query(max_length=30)] = "",
    owed_by: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Who would be paid how much, who would be left out and why; nothing is made."""
    asked = Asked(
        site,
        method if look else list(METHODS),
        at_least.strip(),
        owed_by,
        _profiles(request.query_params.get),
    )
    return _prepare_page(request, db, actor, asked, is_look=bool(look))


@router.post("/prepare")
def prepare(
    request: Request,
    db: Db,
    now: Now,
    actor: Preparer,
    batch_id: Annotated[UUID, Form()],
    site: Annotated[list[str], Form()] = [],  # noqa: B006
    method: Annotated[list[str], Form()] = [],  # noqa: B006
    at_least: Annotated[str, Form(max_length=30)] = "",
    owed_by: Annotated[str, Form(max_length=10)] = "",
    profile_mobile_money: Annotated[str, Form(max_length=60)] = "",
    profile_airtime: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Make the batch; the form's own id keeps a second press from making another."""
    given = {"mobile_money": profile_mobile_money, "airtime": profile_airtime}
    layouts = _profiles(lambda name, _: given[name.removeprefix("profile_")])
    asked = Asked(site, method, at_least.strip(), owed_by, layouts)
    try:
        with db.transaction() as session:
            currency = programmes.programme(session, actor.programme_id).currency
            if asked.complaints(currency):
                raise BadSelection
            selection = asked.selection(session, actor.programme_id, currency)
            actions.prepare(
                session, batch_id, selection, profiles=asked.profiles, by=actor, now=now
            )
    except DomainError as problem:
        return _prepare_page(request, db, actor, asked, problem=problem)
    return RedirectResponse(f"/stipends/batches/{batch_id}", 303)


def _prepare_page(
    request: Request,
    db: Database,
    actor: Actor,
    asked: Asked,
    *,
    is_look: bool = True,
    problem: DomainError | None = None,
) -> Response:
    language, outlook = language_of(request), None
    with db.snapshot() as session:
        currency = programmes.programme(session, actor.programme_id).currency
        wrong = asked.complaints(currency)
        known = profiles(session, actor.programme_id)
        if is_look and not wrong and problem is None:
            try:
                selection = asked.selection(session, actor.programme_id, currency)
                if not selection.methods:
                    raise BadSelection(field="methods", reason="no_method")
                outlook = queries.look_before(session, actor.programme_id, selection)
            except DomainError as refusal:
                problem = refusal
        rules = programmes.current_protocol(session, actor.programme_id).rules.payouts
        places = programmes.sites(session, actor.programme_id)
    tallies = outlook.people.values() if outlook else ()
    context = {
        "asked": asked,
        "places": places,
        "methods": METHODS,
        "phones": PHONES,
        "profiles": known,
        "currency": currency,
        "outlook": outlook,
        "people": sum(each.count for each in tallies),
        "total": sum((each.amount for each in tallies), Money(0, currency)),
        "second_from": Money(rules.second_approval_from, currency)
        if rules.second_approval_from
        else None,
        "left_out": LEFT_OUT,
        "batch_id": uuid4(),
        "errors": in_words(wrong, language),
        "error": text_of(problem.code, language, reason=problem.facts.get("reason"))
        if problem
        else "",
    }
    status = STATUS[problem.kind] if problem else 422 if wrong else 200
    return render(request, "batches_prepare.html", context, status=status)


def _profiles(given: Callable[[str, str], str]) -> dict[Method, str]:
    """Which layout was chosen for each way to a phone."""
    found = {method: given(f"profile_{method.value}", "")[:60] for method in PHONES}
    return {method: key for method, key in found.items() if key}


def names_of(session: Session, actor: Actor) -> dict[UUID, str]:
    """Everyone on the staff by name, who left among them."""
    return usernames(session, actor.programme_id)
