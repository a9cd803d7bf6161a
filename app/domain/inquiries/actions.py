from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.domain.announcements.actions import announce
from app.domain.claims.actions import try_card_by_telephone
from app.domain.coupons.queries import came_back
from app.domain.feedback import actions as feedback
from app.domain.feedback.errors import NothingSaid, TooMuchWaits
from app.domain.feedback.rules import read_receipt
from app.domain.inquiries import queries
from app.domain.inquiries.rules import Caller, hours_on
from app.domain.limits.actions import count_miss, may_try
from app.domain.opt_outs.actions import opt_out
from app.domain.programmes import queries as programmes
from app.domain.screens.rules import (
    Announce,
    Announced,
    AnswerIs,
    Ask,
    CardSays,
    CheckCoupon,
    ClosedThen,
    CouponUsable,
    FeedbackKept,
    Hours,
    Locked,
    MyCard,
    NotRight,
    NotUsable,
    ReadAnswer,
    SayFeedback,
    Sites,
    StopMessages,
    Stopped,
    Told,
)
from app.domain.stipends.queries import owed_to


def answer(session: Session, ask: Ask, caller: Caller) -> Told:
    """What a telephone is told. Whatever is wrong with a code or a PIN sounds the same, costs the same and is counted.

    It must be committed with the answer: a wrong code counts, and some asks do something.
    """
    match ask:
        case CheckCoupon(code):
            return _check_coupon(session, code, caller)
        case MyCard(code, pin):
            return _my_card(session, code, pin, caller)
        case ReadAnswer(receipt):
            return _read_answer(session, receipt, caller)
        case SayFeedback(text):
            return _say(session, text, caller)
        case Announce(site, day):
            return _announce(session, site, day, caller)
        case Hours(site):
            return queries.site_hours(session, caller.programme_id, site)
        case Sites():
            return queries.site_list(session, caller.programme_id)
        case StopMessages():
            opt_out(session, caller.programme_id, caller.msisdn, _today(session, caller))
            return Stopped()


def _check_coupon(session: Session, code: str, caller: Caller) -> CouponUsable | NotUsable | Locked:
    if not _may_try(session, caller):
        return Locked()
    told = queries.coupon_says(session, caller.programme_id, code, now=caller.at)
    if isinstance(told, NotUsable):
        _count_miss(session, caller)
    return told


def _my_card(session: Session, code: str, pin: str, caller: Caller) -> CardSays | NotRight | Locked:
    """Counts and amounts, never which, who or when."""
    if not _may_try(session, caller):
        return Locked()
    person = try_card_by_telephone(session, code, pin, programme_id=caller.programme_id)
    if person is None:
        _count_miss(session, caller)
        return NotRight()
    due = owed_to(session, person)
    currency = programmes.programme(session, caller.programme_id).currency
    return CardSays(
        came_back(session, person) or 0, sum(each.amount.minor for each in due), currency
    )


def _read_answer(session: Session, receipt: str, caller: Caller) -> AnswerIs | Locked:
    if read_receipt(receipt) is None:
        return AnswerIs(None)
    if not _may_try(session, caller):
        return Locked()
    found = feedback.read_answer(session, caller.programme_id, receipt, on=_today(session, caller))
    if found is None:
        _count_miss(session, caller)
    return AnswerIs(found.text if found else None)


def _say(session: Session, text: str, caller: Caller) -> FeedbackKept | Locked:
    try:
        receipt = feedback.say(
            session,
            caller.programme_id,
            text,
            language=caller.language,
            on=_today(session, caller),
        )
    except (NothingSaid, TooMuchWaits):
        return Locked()
    return FeedbackKept(receipt)


def _announce(session: Session, code: str, ahead: int, caller: Caller) -> Announced | ClosedThen:
    site = queries.site_of(session, caller.programme_id, code)
    if site is None:
        return ClosedThen()
    day = local_date(caller.at, site.timezone) + timedelta(days=ahead)
    hours = hours_on(site.opening_hours, day)
    if hours is None:
        return ClosedThen()
    announce(session, site.id, day, caller.digest, now=caller.at)
    return Announced(day, hours)


def _may_try(session: Session, caller: Caller) -> bool:
    return may_try(
        session,
        caller.programme_id,
        channel_id=caller.channel_id,
        caller=caller.digest,
        now=caller.at,
    )


def _count_miss(session: Session, caller: Caller) -> None:
    count_miss(
        session,
        caller.programme_id,
        channel_id=caller.channel_id,
        caller=caller.digest,
        now=caller.at,
    )


def _today(session: Session, caller: Caller) -> date:
    return local_date(caller.at, programmes.clock_of(session, caller.programme_id, None))
