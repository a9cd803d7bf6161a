"""A telephone for staff to try: it walks the real menu, and the programme that answers it is made up.

Only the examples below are known, and they are no real cards: nothing typed here is looked up anywhere, so the page tells nobody
whether digits are a card's. Places and hours are the programme's own.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from app.core.clock import local_date
from app.core.crypto import Keyring
from app.core.i18n import N_, translations
from app.core.training import lesson_of, training_digits
from app.domain.channels.events import Medium
from app.domain.keywords import rules as keywords
from app.domain.menu import rules as menu
from app.domain.programmes.queries import SiteFacts
from app.domain.screens.rules import (
    WEEKDAYS,
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
    Screen,
    Setting,
    SiteHours,
    SiteLine,
    SiteList,
    Sites,
    State,
    StopMessages,
    Stopped,
    Told,
)
from app.telephone.lengths import Length, measure
from app.telephone.screens import text_of

OWN_CARD, PIN, RECEIPT = "000000005726", "4071", "0000005724"
ANSWER = N_(
    "Thank you for writing. The door is repaired, and on Tuesdays we are now open until eight in the evening."
)
PINS_MOST = 3
RETURNED, DUE_MINOR = 2, 50_000
USABLE_DAYS = 20

# Digits to try, and what a telephone is told of them.
EXAMPLES: Mapping[str, str] = {
    training_digits("good"): N_("A card that can be used."),
    training_digits("not_yet"): N_("A card that can be used from tomorrow on."),
    training_digits("used_before"): N_("A card that was used before: not usable."),
    training_digits("expired"): N_("A card that is out of date: not usable."),
    training_digits("ended"): N_("A card that was cancelled: not usable."),
    training_digits("unknown"): N_("Digits that are nobody's: not usable."),
    training_digits("mistyped"): N_("Digits with a slip of the finger: refused at once."),
}


@dataclass(frozen=True)
class Simulation:
    """A telephone in use. ``screen`` is None where nothing is shown yet, or no more."""

    medium: Medium
    state: State
    screen: Screen | None = None
    sent: str = ""
    wrong_pins: int = 0

    @property
    def text(self) -> str:
        return text_of(self.screen, self.state.language, self.medium) if self.screen else ""

    @property
    def length(self) -> Length:
        return measure(self.text)

    @property
    def is_over(self) -> bool:
        return self.screen is None or self.screen.ends


def dialled(medium: Medium, setting: Setting) -> Simulation:
    """A telephone as it is taken in the hand: the menu is open, or no message is written yet."""
    if medium is Medium.SMS:
        return Simulation(medium, State(setting.default_language, "sms"))
    return Simulation(medium, *menu.open_menu(setting))


def hung_up(phone: Simulation) -> Simulation:
    return replace(phone, screen=None, sent="")


def typed(
    phone: Simulation,
    text: str,
    *,
    setting: Setting,
    sites: Sequence[SiteFacts],
    currency: str,
    now: datetime,
) -> Simulation:
    """What the telephone shows once this was typed or written; a call that is over takes nothing more."""
    if phone.medium is Medium.SMS:
        (state, step), told = keywords.read_sms(text, setting), keywords.told
    elif phone.is_over:
        return phone
    else:
        (state, step), told = menu.press(phone.state, text, setting), menu.told
    wrong_pins = phone.wrong_pins
    while not isinstance(step, Screen):
        answer = _answer(step, state.language, sites, currency, wrong_pins, now)
        wrong_pins += answer == NotRight()
        state, step = told(state, step, answer)
    return Simulation(phone.medium, state, step, text, wrong_pins)


def to_text(phone: Simulation, keyring: Keyring, holder: str) -> str:
    """The telephone for a hidden field of a form, proven to be ours and ``holder``'s."""
    kept = {
        "medium": phone.medium.value,
        "state": phone.state.to_json(),
        "screen": phone.screen.to_json() if phone.screen else None,
        "wrong_pins": phone.wrong_pins,
    }
    body = base64.urlsafe_b64encode(json.dumps(kept, separators=(",", ":")).encode()).decode()
    return f"{body}.{_proof(body, keyring, holder)}"


def from_text(text: str, keyring: Keyring, holder: str) -> Simulation | None:
    """The telephone of a hidden field; None where it is not one that we gave to this holder."""
    body, _, proof = text.rpartition(".")
    if not hmac.compare_digest(proof.encode(), _proof(body, keyring, holder).encode()):
        return None
    try:
        kept: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
        screen = Screen.from_json(kept["screen"]) if kept["screen"] else None
        state = State.from_json(kept["state"])
        return Simulation(Medium(kept["medium"]), state, screen, "", kept["wrong_pins"])
    except (binascii.Error, ValueError, KeyError, TypeError):  # of an older version of this page
        return None


def _proof(body: str, keyring: Keyring, holder: str) -> str:
    return keyring.digest("simulated-telephone", holder, body).hex()


def _answer(
    ask: Ask,
    language: str,
    sites: Sequence[SiteFacts],
    currency: str,
    wrong_pins: int,
    now: datetime,
) -> Told:
    match ask:
        case CheckCoupon(code):
            return _coupon(lesson_of(code), now.date())
        case MyCard() if wrong_pins + 1 >= PINS_MOST and ask != MyCard(OWN_CARD, PIN):
            return Locked()
        case MyCard():
            is_right = ask == MyCard(OWN_CARD, PIN)
            return CardSays(RETURNED, DUE_MINOR, currency) if is_right else NotRight()
        case Sites():
            return SiteList(tuple(SiteLine(each.code, each.name) for each in sites))
        case Hours(code):
            site = _site(sites, code)
            if site is None:
                return NotUsable()
            return SiteHours(site.name, site.address, site.phone, site.opening_hours)
        case Announce(code, ahead):
            site = _site(sites, code)
            return _announced(site, ahead, now) if site else ClosedThen()
        case SayFeedback():
            return FeedbackKept(RECEIPT)
        case ReadAnswer(receipt):
            words = translations(language).gettext(ANSWER)
            return AnswerIs(words if receipt == RECEIPT else None)
        case StopMessages():
            return Stopped()


def _coupon(lesson: str | None, today: date) -> Told:
    until, tomorrow = today + timedelta(days=USABLE_DAYS), today + timedelta(days=1)
    match lesson:
        case "good":
            return CouponUsable(until)
        case "not_yet":
            return CouponUsable(until, since=tomorrow)
    return NotUsable()


def _announced(site: SiteFacts, ahead: int, now: datetime) -> Told:
    on: date = local_date(now, site.timezone) + timedelta(days=ahead)
    hours = site.opening_hours.get(WEEKDAYS[on.weekday()], "")
    is_closed = bool(site.opening_hours) and not hours
    return ClosedThen() if is_closed else Announced(on, hours)


def _site(sites: Sequence[SiteFacts], code: str) -> SiteFacts | None:
    return next((each for each in sites if each.code == code), None)
