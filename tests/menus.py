"""A telephone in a hand, and a programme that answers what menus ask, with the longest facts there are."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

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
    CouponUsable,
    FeedbackKept,
    Hours,
    MyCard,
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
)
from app.telephone.templates import LONGEST

SETTING = Setting(("en", "uk"), "en")
COUPON, OWN_CARD, PIN, RECEIPT = "000000005724", "000000005726", "4071", "0000005724"
ANSWER = "Дякуємо, що написали! Ми полагодили двері; щовівторка відчинено до двадцятої години. " * 5
USUAL: Mapping[type, Told] = {
    CheckCoupon: CouponUsable(date(2026, 9, 30)),
    MyCard: CardSays(3, 99_999_999_99, "UAH"),
    Announce: Announced(date(2026, 9, 30), "09:00–13:00, 14:00–18:00"),
    SayFeedback: FeedbackKept(RECEIPT),
    ReadAnswer: AnswerIs(ANSWER),
    StopMessages: Stopped(),
}


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
