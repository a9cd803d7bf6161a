from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.money import Money
from app.domain.batches import queries as batches
from app.domain.batches.queries import BatchFacts, LineFacts
from app.domain.batches.rules import LineState
from app.domain.payouts.queries import payout_by_receipt
from app.domain.programmes import queries as programmes
from app.domain.spending import queries as spending
from app.domain.spending.queries import Chosen, Payment
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.domain.stipends.queries import is_loss
from app.domain.stipends.rules import ClaimedWith, Method, is_receipt, receipt_text
from app.web.days import Span
from app.web.deps import Db, allowed
from app.web.figures.words import gettext_of, site_name
from app.web.table_files import Cell, Column, Unit, table_file
from app.web.templating import language_of, render
from app.web.vocabulary import METHODS

router = APIRouter(prefix="/stipends/payouts", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_LEDGER))]
Word = Annotated[str, Query(max_length=40)]
PAGE = 50

# Handed out at a desk there is no line, and no doubt.
STATES: Mapping[LineState | None, tuple[str, str]] = {
    None: (N_("Handed out"), "good"),
    LineState.WAITING: (N_("Not sent yet"), ""),
    LineState.SENT: (N_("Sent, not confirmed"), "info"),
    LineState.PAID: (N_("Arrived"), "good"),
    LineState.PARTLY_PAID: (N_("Arrived in part"), "warn"),
    LineState.FAILED: (N_("Did not arrive"), "bad"),
    LineState.UNKNOWN: (N_("Nobody knows yet"), "bad"),
    LineState.REMOVED: (N_("Taken out"), ""),
}
CLAIMED: Mapping[ClaimedWith, str] = {
    ClaimedWith.VISIT: N_("During a visit"),
    ClaimedWith.CODE: N_("By saying the own code"),
    ClaimedWith.CARD: N_("With the own card and its PIN"),
    ClaimedWith.BATCH: N_("In a batch"),
}


@dataclass(frozen=True)
class Filter:
    """Which payments are asked for, in the words of the page's address; nothing is all of them."""

    site: str
    method: Method | None
    by: UUID | None
    span: Span

    @property
    def query(self) -> str:
        given = {
            "site": self.site,
            "method": self.method.value if self.method else "",
            "by": self.by.hex if self.by else "",
            "since": self.span.since.isoformat() if self.span.since else "",
            "until": self.span.until.isoformat() if self.span.until else "",
        }
        return urlencode({name: word for name, word in given.items() if word})

    def chosen(self, session: Session, programme_id: UUID) -> Chosen:
        """Raises: UnknownSite."""
        place = programmes.site_by_code(session, programme_id, self.site) if self.site else None
        return Chosen(
            site_id=place.id if place else None,
            method=self.method,
            paid_by=self.by,
            since=self.span.since,
            until=self.span.until,
        )


def _filter(
    site: Word = "", method: Word = "", by: Word = "", since: Word = "", until: Word = ""
) -> Filter:
    ways = {each.value: each for each in Method}
    try:
        who = UUID(by) if by else None
    except ValueError:
        who = None
    return Filter(site.strip(), ways.get(method), who, Span.of(since, until))


Filtered = Annotated[Filter, Depends(_filter)]


@dataclass(frozen=True)
class Step:
    """A step of a payment's way: what was done, by whom, when. ``who`` and ``at`` are empty while it is to come."""

    name: str
    who: str
    at: datetime | date | None


@router.get("")
def show_payouts(
    request: Request,
    db: Db,
    actor: Reader,
    chosen: Filtered,
    page: int = 1,
    receipt: Word = "",
) -> Response:
    """Payments by day, or the one with a number."""
    digits = "".join(receipt.split()).replace("-", "")
    page = min(max(page, 1), 10_000)
    with db.snapshot() as session:
        programme_id = actor.programme_id
        found = payout_by_receipt(session, programme_id, digits) if digits else None
        asked = chosen.chosen(session, programme_id)
        payments = spending.payments(
            session, programme_id, asked, limit=PAGE + 1, offset=(page - 1) * PAGE
        )
        total = spending.sum_of_payments(session, programme_id, asked)
        currency = programmes.programme(session, programme_id).currency
        context = _words(session, actor, language_of(request))
    if found:
        return RedirectResponse(f"/stipends/payouts/{found.id}", status_code=303)
    context |= {
        "chosen": chosen,
        "payments": payments[:PAGE],
        "total": total,
        "total_amount": Money(total.minor, currency),
        "page": page,
        "has_more": len(payments) > PAGE,
        "receipt": receipt,
        "is_mistyped": bool(digits) and not is_receipt(digits),
    }
    return render(request, "payouts.html", context, status=404 if digits else 200)


@router.get("/all.{kind}")
def take_payouts(
    request: Request,
    db: Db,
    actor: Reader,
    chosen: Filtered,
    kind: Literal["csv", "xlsx", "pdf"],
) -> Response:
    """Every payment that was asked for, not only those of the page."""
    language = language_of(request)
    _ = gettext_of(language)
    with db.snapshot() as session:
        asked = chosen.chosen(session, actor.programme_id)
        payments = spending.payments(session, actor.programme_id, asked, limit=None)
        sites = {each.id: each.code for each in programmes.sites(session, actor.programme_id)}
        staff = usernames(session, actor.programme_id)
    columns = [
        Column("receipt", _("Receipt")),
        Column("day", _("Day"), Unit.DAY),
        Column("site", _("Site")),
        Column("method", _("How")),
        Column("amount", _("Amount"), Unit.MONEY),
        Column("state", _("State")),
        Column("arrived", _("Arrived"), Unit.MONEY),
        Column("paid_by", _("Paid by")),
    ]
    is_for_programs = kind == "csv"
    rows: list[list[Cell]] = [
        [
            each.receipt if is_for_programs else receipt_text(each.receipt),
            each.paid_on,
            sites[each.site_id],
            each.method.value if is_for_programs else _(METHODS[each.method]),
            each.amount,
            (each.state.value if each.state else "handed_out")
            if is_for_programs
            else _(STATES[each.state][0]),
            each.paid,
            staff.get(each.paid_by, "–"),
        ]
        for each in payments
    ]
    return table_file(kind, "payouts", _("Payouts"), columns, rows, language=language)


@router.get("/{payout_id}")
def show_payout(request: Request, db: Db, actor: Reader, payout_id: UUID) -> Response:
    """One payment and its way. Nothing here says who got it."""
    with db.snapshot() as session:
        payment = spending.payment(session, actor.programme_id, payout_id)
        if payment is None:
            raise HTTPException(404)
        batch = line = None
        if payment.batch_id:
            batch = batches.batch(session, payment.batch_id, programme_id=actor.programme_id)
            line = batches.line(session, payment.batch_id, payout_id)
        context = _words(session, actor, language_of(request))
        staff = usernames(session, actor.programme_id)
        was_owed = not is_loss(session, payout_id)
        context["clock"] = programmes.clock_of(session, actor.programme_id, payment.site_id)
    context |= {
        "payment": payment,
        "line": line,
        "was_owed": was_owed,
        "path": _path(payment, batch, line, staff),
        "claimed": CLAIMED[payment.claimed_with],
        "is_moment": lambda at: isinstance(at, datetime),
    }
    return render(request, "payout.html", context)


def _path(
    payment: Payment,
    batch: BatchFacts | None,
    line: LineFacts | None,
    staff: Mapping[UUID, str],
) -> list[Step]:
    """The steps it has taken, in order."""

    def name(who: UUID | None) -> str:
        return staff.get(who, "–") if who else ""

    if batch is None or line is None:
        return [Step(N_("Handed out"), name(payment.paid_by), payment.paid_on)]
    by = batch.signatures
    steps = [
        Step(N_("Batch prepared"), name(by.prepared_by), batch.prepared_at),
        Step(N_("Approved"), name(by.approved_by), batch.approved_at),
        Step(N_("Approved a second time"), name(by.second_approved_by), batch.second_approved_at),
        Step(N_("Sent out"), name(by.released_by), batch.released_at),
        Step(N_("Looked at afterwards"), name(by.reviewed_by), batch.reviewed_at),
        Step(N_("Answer booked"), name(line.settled_by), line.settled_on),
    ]
    return [step for step in steps if step.at]


def _words(session: Session, actor: Actor, language: str) -> dict[str, object]:
    sites = programmes.sites(session, actor.programme_id)
    return {
        "sites": {each.id: each for each in sites},
        "site_names": {each.id: site_name(each, language) for each in sites},
        "staff": usernames(session, actor.programme_id),
        "methods": METHODS,
        "states": STATES,
    }
