"""A telephone in a hand, and a programme that answers what menus ask, with the longest facts there are."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from app.domain.channels.events import Medium
from app.domain.keywords import rules as keywords
from app.domain.menu import rules as menu
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
    Step,
    StopMessages,
    Stopped,
    Told,
    last,
)
from app.telephone.templates import LONGEST

SETTING = Setting(("en", "uk"), "en")
COUPON, OWN_CARD, PIN, RECEIPT = "000000005724", "000000005726", "4071", "0000005724"
WORDS = "The door was locked on Tuesday."
ANSWER = "Дякуємо, що написали! Ми полагодили двері; щовівторка відчинено до двадцятої години. " * 5
USUAL: Mapping[type, Told] = {
    CheckCoupon: CouponUsable(date(2026, 9, 30)),
    MyCard: CardSays(3, 99_999_999_99, "UAH"),
    Announce: Announced(date(2026, 9, 30), "09:00–13:00, 14:00–18:00"),
    SayFeedback: FeedbackKept(RECEIPT),
    ReadAnswer: AnswerIs(ANSWER),
    StopMessages: Stopped(),
}

# Every screen, and the keys that lead there from the beginning.
WAYS: dict[str, tuple[str, ...]] = {
    "home": (),
    "more": ("5",),
    "coupon": ("1",),
    "coupon_usable": ("1", COUPON),
    "sites": ("2",),
    "hours": ("2", "1"),
    "way": ("2", "1", "2"),
    "own_card": ("3",),
    "pin": ("3", OWN_CARD),
    "card_says": ("3", OWN_CARD, PIN),
    "day": ("4", "1"),
    "announced": ("4", "1", "1"),
    "words": ("5", "1"),
    "feedback_kept": ("5", "1", WORDS),
    "receipt": ("5", "2"),
    "answer": ("5", "2", RECEIPT),
    "language": ("5", "3"),
    "stop": ("5", "4"),
    "stopped": ("5", "4", "1"),
}
# What else may be told, and the keys that ask for it.
OTHERWISE: tuple[tuple[tuple[str, ...], Told], ...] = (
    (("1", COUPON), NotUsable()),
    (("1", COUPON), Locked()),
    (("1", COUPON), CouponUsable(date(2026, 9, 30), date(2026, 9, 10))),
    (("2",), SiteList(())),
    (("2", "1"), SiteHours(LONGEST["site"], LONGEST["site"], LONGEST["phone"], {})),
    (("3", OWN_CARD, PIN), NotRight()),
    (("3", OWN_CARD, PIN), CardSays(0, 0, "UAH")),
    (("3", OWN_CARD, PIN), CardSays(3, 9_999_999_999, "KES")),
    (("4", "1", "1"), ClosedThen()),
    (("4", "1", "1"), Announced(date(2026, 9, 30))),
    (("5", "2", RECEIPT), AnswerIs(None)),
)
WRITTEN = (
    *(COUPON, "000000005725", OWN_CARD, "HELP", "hm", "HOURS", "HOURS 1", "SAY", f"SAY {WORDS}"),
    *("READ", f"READ {RECEIPT}", "LANG", "STOP"),
)


def every_screen() -> list[tuple[Medium, Screen]]:
    """All that can be shown, with the longest facts: by every way, after every mistake, and in answer to every word."""
    shown = [Telephone(sites=11).press(*keys) for keys in WAYS.values() if keys]
    shown += [Telephone().press(*keys, "no number") for keys in WAYS.values() if keys]
    shown += [Telephone().dial(), Telephone().press("7")]
    shown += [Telephone().press("1", OWN_CARD), Telephone().press("3", COUPON)]
    shown += [Telephone().press("5", "1", "!")]
    written = [Telephone(sites=11).write(text) for text in WRITTEN]
    for keys, told in OTHERWISE:
        ask = _ask_of(keys)
        shown.append(Telephone(answers={ask: told}).press(*keys))
        for text in WRITTEN:
            written.append(Telephone(answers={ask: told}).write(text))
    by_menu = [(Medium.USSD, each) for each in shown]
    unasked = [(medium, last(name)) for medium in Medium for name in ("try_later", "test_message")]
    return [*by_menu, *((Medium.SMS, each) for each in written), *unasked]


def _ask_of(keys: tuple[str, ...]) -> type:
    telephone = Telephone()
    telephone.press(*keys)
    return type(telephone.asked[-1])


def site_lines(count: int) -> SiteList:
    names = [{code: f"{name}, {n}" for code, name in LONGEST["site"].items()} for n in range(count)]
    return SiteList(tuple(SiteLine(f"site-{n}", name) for n, name in enumerate(names)))


def longest_hours() -> SiteHours:
    """Every day has other hours, with a pause."""
    hours = {day: f"09:00–12:45, 13:{n}0–18:30" for n, day in enumerate(WEEKDAYS)}
    return SiteHours(LONGEST["site"], LONGEST["site"], LONGEST["phone"], hours)


@dataclass
class Telephone:
    """Someone walking the menu, or writing a message. ``answers`` are told in place of the usual ones."""

    sites: int = 3
    answers: Mapping[type, Told] = field(default_factory=dict)
    setting: Setting = SETTING
    asked: list[Ask] = field(default_factory=list)
    state: State = field(init=False)
    screen: Screen = field(init=False)

    def __post_init__(self) -> None:
        self.dial()

    def dial(self) -> Screen:
        self.state, self.screen = menu.open_menu(self.setting)
        return self.screen

    def press(self, *typed: str) -> Screen:
        """Each state goes through JSON, as it does between two turns."""
        for each in typed:
            kept = State.from_json(json.loads(json.dumps(self.state.to_json())))
            assert kept == self.state
            self._follow(menu.press(kept, each, self.setting), menu.told)
        return self.screen

    def write(self, text: str) -> Screen:
        self._follow(keywords.read_sms(text, self.setting), keywords.told)
        return self.screen

    def _follow(self, step: Step, told: Callable[[State, Ask, Told], Step]) -> None:
        state, what = step
        for _ in range(3):
            if isinstance(what, Screen):
                break
            self.asked.append(what)
            state, what = told(state, what, self._answer(what))
        assert isinstance(what, Screen), "asks without end"
        self.state, self.screen = state, what

    def _answer(self, ask: Ask) -> Told:
        if type(ask) in self.answers:
            return self.answers[type(ask)]
        match ask:
            case Sites():
                return site_lines(self.sites)
            case Hours():
                return longest_hours()
        return USUAL[type(ask)]
