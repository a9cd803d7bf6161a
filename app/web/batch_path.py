"""Where a batch has got to, for whom it waits, and in words why someone cannot go on with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from gettext import NullTranslations
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from app.core.i18n import N_
from app.domain.batches.queries import BatchFacts
from app.domain.batches.rules import Act, BatchState, LineState
from app.domain.staff.queries import Actor
from app.web.batch_words import WHY_NOT
from app.web.wording import text_of

DONE, CURRENT, SKIPPED, STOPPED, AHEAD = "done", "current", "skipped", "stopped", ""
Verdicts = Mapping[Act, str | None]


@dataclass(frozen=True)
class Step:
    """A station of a batch; ``look`` says whether it lies behind or ahead."""

    name: str
    look: str
    who: str = ""
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class WhyNot:
    """Why someone cannot do what comes next, and who can."""

    text: str
    others: tuple[str, ...] = ()


def path_of(
    batch: BatchFacts, names: Mapping[UUID, str], say: Callable[[str], str]
) -> tuple[Step, ...]:
    """The stations of a batch in their order, said in a language."""
    signed, state = batch.signatures, batch.state
    is_void = state is BatchState.VOID
    is_out = state in (BatchState.RELEASED, BatchState.CLOSED)

    def person(who: UUID | None) -> str:
        return names.get(who, "–") if who else ""

    def station(
        ahead: str, behind: str, who: UUID | None, at: datetime | None, *, is_next: bool
    ) -> Step:
        look = DONE if at else CURRENT if is_next and not is_void else AHEAD
        return Step(say(behind if at else ahead), look, person(who), at)

    alone = signed.is_self_release and not signed.approved_by
    steps = [
        Step(say(N_("Prepared")), DONE, person(signed.prepared_by), batch.prepared_at),
        Step(say(N_("Approval")), SKIPPED, note=say(N_("nobody else was there")))
        if alone
        else station(
            N_("Approval"),
            N_("Approved"),
            signed.approved_by,
            batch.approved_at,
            is_next=state is BatchState.DRAFT,
        ),
    ]
    if signed.needs_second or signed.second_approved_by:
        steps.append(
            station(
                N_("Second approval"),
                N_("Second approval"),
                signed.second_approved_by,
                batch.second_approved_at,
                is_next=state is BatchState.DRAFT and signed.approved_by is not None,
            )
        )
    if is_void:
        return (
            *steps,
            Step(
                say(N_("Void")),
                STOPPED,
                person(batch.voided_by),
                batch.voided_at,
                batch.void_reason or "",
            ),
        )
    steps.append(
        station(
            N_("Release"),
            N_("Released"),
            signed.released_by,
            batch.released_at,
            is_next=state is BatchState.APPROVED,
        )
    )
    known = batch.count(LineState.PAID, LineState.PARTLY_PAID, LineState.FAILED)
    all_known = batch.closed_at is not None
    answers = say(N_("%(known)s of %(all)s known")) % {"known": known, "all": batch.total.count}
    steps.append(
        Step(
            say(N_("Answers")),
            DONE if all_known else CURRENT if is_out else AHEAD,
            note=answers if is_out else "",
        )
    )
    steps.append(Step(say(N_("Closed")), DONE if all_known else AHEAD, at=batch.closed_at))
    if signed.is_self_release:
        steps.append(
            station(
                N_("A look by someone else"),
                N_("Looked at by someone else"),
                signed.reviewed_by,
                batch.reviewed_at,
                is_next=all_known,
            )
        )
    return tuple(steps)


def waits_for(
    batch: BatchFacts, can: Verdicts, actor: Actor, translate: NullTranslations
) -> tuple[str, bool]:
    """What a batch waits for, as someone is told, and whether it is her it waits for."""
    say, signed = translate.gettext, batch.signatures
    mine = signed.prepared_by == actor.staff_id
    if can[Act.REVIEW] is None:
        return say(N_("Waits for you to look at it: one person prepared and released it.")), True
    match batch.state:
        case BatchState.DRAFT:
            if can[Act.APPROVE] is None:
                return say(N_("Waits for your approval.")), True
            if mine:
                return say(N_("You prepared it, so someone else approves it.")), False
            if actor.staff_id in signed.approvals:
                return say(N_("You approved it; a second person approves it too.")), False
            return say(N_("Waits for an approval.")), False
        case BatchState.APPROVED:
            if can[Act.RELEASE] is None:
                return say(N_("Waits for you to release it.")), True
            if mine:
                return say(N_("You prepared it, so someone else releases it.")), False
            if actor.staff_id in signed.approvals:
                return say(N_("You approved it, so someone else releases it.")), False
            return say(N_("Waits for someone to release it.")), False
        case BatchState.RELEASED:
            unknown, sent = batch.count(LineState.UNKNOWN), batch.count(LineState.SENT)
            if unknown:
                text = translate.ngettext(
                    "Nobody knows what became of %(num)s payment: someone has to find out.",
                    "Nobody knows what became of %(num)s payments: someone has to find out.",
                    unknown,
                )
                return text % {"num": unknown}, can[Act.ANSWER] is None
            text = translate.ngettext(
                "Waits for the answer to %(num)s payment.",
                "Waits for the answers to %(num)s payments.",
                sent,
            )
            return text % {"num": sent}, False
        case _:
            return "", False


def why_not(
    act: Act,
    code: str,
    batch: BatchFacts,
    actor: Actor,
    *,
    language: str,
    clock: str,
    say: Callable[[str], str],
    others: Sequence[str] = (),
) -> WhyNot:
    """Why someone cannot do what a batch waits for."""
    signed = batch.signatures
    if code == "four_eyes":
        if act in (Act.REVIEW, Act.RESOLVE):
            code = "released"
        else:
            code = "prepared" if actor.staff_id == signed.prepared_by else "approved"
    text = WHY_NOT.get((act, code))
    if text is None:
        return WhyNot(text_of(code, language), tuple(others))
    moment = ""
    if signed.not_before:
        moment = format_datetime(
            signed.not_before, "d MMMM y, HH:mm", tzinfo=ZoneInfo(clock), locale=language
        )
    return WhyNot(say(text) % {"moment": moment} if "%(" in text else say(text), tuple(others))
