"""The menu of a telephone, as a pure state machine: what is pressed moves it, and it asks for the facts it needs.

``press`` gives the next screen, or an ask; whoever can answer the ask calls ``told`` with the answer, until a screen comes.
At most five options a screen, ``0`` back, ``00`` home, and three questions to any answer. Whatever is pressed, there is a
screen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from app.core.claim_names import is_own
from app.core.codes import is_well_formed, normalise
from app.core.septets import pages_of, shared_out
from app.domain.screens.rules import (
    PRIVATE,
    Announce,
    AnswerIs,
    Ask,
    CheckCoupon,
    ClosedThen,
    Hours,
    Json,
    MyCard,
    NotRight,
    Option,
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
    Told,
    is_receipt,
    outcome,
    runs_of,
    says_something,
)

MOST_OPTIONS = 5
LONGEST_WORDS = 1000
PIN_LENGTHS = range(4, 7)
# Septets that the telephone's own words leave on a screen of 160.
ROOM_FOR_HOURS = 64
ROOM_FOR_ANSWER = 96
HOME, BACK = "00", "0"

# The options of a place, and where each leads.
_MENUS: Mapping[str, Mapping[str, str]] = {
    "home": {
        "check_card": "coupon",
        "hours": "sites",
        "my_card": "own_card",
        "announce": "sites",
        "more": "more",
    },
    "more": {"say": "words", "read": "receipt", "language": "language", "stop": "stop"},
}
_OPTIONS: Mapping[str, Sequence[str]] = {
    **{where: tuple(names) for where, names in _MENUS.items()},
    "day": ("today", "tomorrow", "day_after"),
    "stop": ("yes_stop",),
}
_BACK_TO: Mapping[str, str] = {
    "hours": "sites",
    "way": "hours",
    "day": "sites",
    "pin": "own_card",
    "words": "more",
    "receipt": "more",
    "answer": "receipt",
    "language": "more",
    "stop": "more",
}
# What is said of an input that is none of what a place asks for; elsewhere: choose again.
_COMPLAINTS: Mapping[str, str] = {"pin": "pin", "words": "words", "receipt": "receipt"}
# Where a list goes on over several screens.
_PAGED = frozenset({"sites", "hours", "answer", "language"})

_T = TypeVar("_T")


def open_menu(setting: Setting) -> tuple[State, Screen]:
    return _home(setting.default_language)


def press(state: State, text: str, setting: Setting) -> Step:
    """What follows when this is typed. An empty text shows the place again."""
    try:
        return _pressed(state, text, setting)
    except KeyError:  # a place that an older version of this menu kept
        return _home(state.language)


def _pressed(state: State, text: str, setting: Setting) -> Step:
    typed = normalise(text[:LONGEST_WORDS]).strip("*#")
    if typed == HOME:
        return _home(state.language)
    if typed == BACK:
        return _back(state)
    if not typed:
        return _show(state)
    match state.where:
        case "home" | "more":
            return _chosen(state, typed, setting)
        case "coupon":
            if is_well_formed(typed):
                return state, CheckCoupon(typed)
            return _again(state, notice="own_card" if is_own(typed) else "mistyped")
        case "own_card":
            if is_own(typed):
                return _goto(state, "pin", code=typed)
            return _again(state, notice="coupon" if is_well_formed(typed) else "mistyped")
        case "pin" if _is_digits(typed, PIN_LENGTHS):
            return state, MyCard(state.values["code"], typed)
        case "sites":
            return _listed(state, typed, state.values["shown"], _at_site)
        case "language":
            return _listed(state, typed, state.values["shown"], lambda _, chosen: _home(chosen))
        case "hours":
            return _hours(state, typed)
        case "answer" if typed == "1" and state.values["more"]:
            return _turned(state, 1)
        case "day" if (chosen := _choice(typed, 3)) is not None:
            return state, Announce(state.values["site"], chosen)
        case "words" if says_something(text):
            return state, SayFeedback(text.strip()[:LONGEST_WORDS])
        case "receipt" if is_receipt(typed):
            return _goto(state, "answer", receipt=typed)
        case "stop" if typed == "1":
            return state, StopMessages()
    return _again(state, notice=_COMPLAINTS.get(state.where, "again"))


def told(state: State, ask: Ask, answer: Told) -> Step:
    """What follows from the answer to an ask: a screen, or (where one site is all there is) another ask."""
    match ask, answer:
        case Sites(), SiteList(sites):
            return _sites(state, sites)
        case Hours(), SiteHours():
            return _way(state, answer) if state.where == "way" else _opening(state, answer)
        case Hours(), _:
            return _nowhere(state)
        case MyCard(), NotRight():
            return _again(state, notice="not_right")
        case Announce(), ClosedThen():
            return _again(state, notice="closed")
        case ReadAnswer(), AnswerIs(None):
            return _goto(state, "receipt", notice="no_answer")
        case ReadAnswer(), AnswerIs(str() as text):
            return _answer(state, text)
    return State(state.language, "home"), outcome(answer)


def part_of(items: Sequence[_T], page: int) -> tuple[Sequence[_T], bool]:
    """What a page of a list shows, and whether there is more: at most five, with the line that leads on.

    >>> part_of("abcde", 0), part_of("abcdef", 0), part_of("abcdef", 1)
    (('abcde', False), ('abcd', True), ('ef', False))
    """
    rest = items[page * (MOST_OPTIONS - 1) :] or items
    return (rest, False) if len(rest) <= MOST_OPTIONS else (rest[: MOST_OPTIONS - 1], True)


def _chosen(state: State, typed: str, setting: Setting) -> Step:
    wanted = _MENUS[state.where]
    place = _choice(typed, len(wanted))
    if place is None:
        return _again(state, notice="again")
    wants = tuple(wanted)[place]
    if wants == "language":
        return _goto(state, "language", languages=list(setting.languages))
    return _goto(state, wanted[wants], **({"wants": wants} if wanted[wants] == "sites" else {}))


def _listed(
    state: State, typed: str, shown: Sequence[str], follow: Callable[[State, str], Step]
) -> Step:
    place = _choice(typed, len(shown) + state.values["more"])
    if place is None:
        return _again(state, notice="again")
    return _turned(state, 1) if place == len(shown) else follow(state, shown[place])


def _at_site(state: State, site: str) -> Step:
    values = {name: state.values[name] for name in ("wants", "page") if name in state.values}
    where = "day" if values["wants"] == "announce" else "hours"
    return _goto(state, where, list=values, site=site)


def _hours(state: State, typed: str) -> Step:
    more = state.values["more"]
    place = _choice(typed, 1 + more)
    if place is None:
        return _again(state, notice="again")
    if more and place == 0:
        return _turned(state, 1)
    return _goto(state, "way", **state.values)


def _turned(state: State, pages: int) -> Step:
    return _again(state, page=state.values.get("page", 0) + pages)


def _back(state: State) -> Step:
    if state.where in _PAGED and state.values.get("page", 0) > 0:
        return _turned(state, -1)
    where = _BACK_TO.get(state.where, "home")
    if where == "hours":
        return _goto(state, "hours", **state.values)
    if where == "sites":
        # Where one site is all there is, there was no list to go back to.
        listed = state.values["list"]
        return _goto(state, "sites", **listed) if listed else _home(state.language)
    return _goto(state, where)


def _home(language: str) -> tuple[State, Screen]:
    return _shown(State(language, "home"), "home", options=_options("home"))


def _goto(state: State, where: str, **values: Any) -> Step:
    return _show(State(state.language, where, values))


def _again(state: State, **changed: Any) -> Step:
    """The same place, with something changed or said."""
    return _show(State(state.language, state.where, {**state.values, **changed}))


def _show(state: State) -> Step:
    """The screen of a place, or what must be asked for it."""
    match state.where:
        case "sites":
            return state, Sites()
        case "hours" | "way":
            return state, Hours(state.values["site"])
        case "answer":
            return state, ReadAnswer(state.values["receipt"])
        case "language":
            return _languages(state)
        case "coupon" | "own_card" | "pin" | "words" | "receipt":
            return _shown(state, state.where)
        case "more" | "day" | "stop":
            return _shown(state, state.where, options=_options(state.where))
    return _shown(State(state.language, "home", state.values), "home", options=_options("home"))


def _shown(
    state: State, name: str, facts: Json | None = None, options: tuple[Option, ...] = ()
) -> tuple[State, Screen]:
    """A screen, with what is to be said about what was typed before; the state forgets that."""
    values = dict(state.values)
    notice = values.pop("notice", "")
    said = {"notice": notice} if notice else {}
    screen = Screen(name, {**(facts or {}), **said}, options, is_private=name in PRIVATE)
    return State(state.language, state.where, values), screen


def _options(where: str) -> tuple[Option, ...]:
    return _numbered(Option("", name) for name in _OPTIONS[where])


def _sites(state: State, sites: Sequence[SiteLine]) -> Step:
    if not sites:
        return _nowhere(state)
    if len(sites) == 1:
        where = "day" if state.values["wants"] == "announce" else "hours"
        return _goto(state, where, list={}, site=sites[0].id)
    shown, more = part_of(sites, state.values.get("page", 0))
    named = [Option("", "site", each.name) for each in shown]
    return _list(state, "sites", [each.id for each in shown], named, more)


def _nowhere(state: State) -> Step:
    return _shown(State(state.language, "nowhere"), "no_sites")


def _languages(state: State) -> Step:
    shown, more = part_of(state.values["languages"], state.values.get("page", 0))
    named = [Option("", "language_of", {"code": each}) for each in shown]
    return _list(state, "language", list(shown), named, more)


def _list(
    state: State, name: str, shown: list[str], named: list[Option], more: bool
) -> tuple[State, Screen]:
    lines = [*named, Option("", "next")] if more else named
    at = State(state.language, state.where, {**state.values, "shown": shown, "more": more})
    return _shown(at, name, options=_numbered(lines))


def _opening(state: State, site: SiteHours) -> Step:
    runs = runs_of(site.hours)
    counts = shared_out([f"{days[0]}-{days[1]}  {hours}" for *days, hours in runs], ROOM_FOR_HOURS)
    page = min(state.values.get("page", 0), max(len(counts) - 1, 0))
    start = sum(counts[:page])
    shown = runs[start : start + counts[page]] if counts else []
    more = page + 1 < len(counts)
    at = State(state.language, state.where, {**state.values, "more": more, "page": page})
    names = ("next", "way") if more else ("way",)
    return _shown(
        at,
        "hours",
        {"name": dict(site.name), "runs": [list(each) for each in shown]},
        _numbered(Option("", name) for name in names),
    )


def _way(state: State, site: SiteHours) -> Step:
    facts = {"name": dict(site.name), "address": dict(site.address), "phone": site.phone}
    return _shown(state, "way", facts)


def _answer(state: State, text: str) -> Step:
    pages = pages_of(text, ROOM_FOR_ANSWER)
    page = min(state.values.get("page", 0), len(pages) - 1)
    more = page + 1 < len(pages)
    at = State(state.language, state.where, {**state.values, "more": more, "page": page})
    return _shown(at, "answer", {"text": pages[page]}, _numbered([Option("", "next")] * more))


def _numbered(options: Iterable[Option]) -> tuple[Option, ...]:
    return tuple(replace(each, key=str(key)) for key, each in enumerate(options, 1))


def _choice(typed: str, most: int) -> int | None:
    """The place of an option that was typed, counted from 0."""
    is_key = len(typed) == 1 and typed in "123456789" and int(typed) <= most
    return int(typed) - 1 if is_key else None


def _is_digits(typed: str, lengths: range) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) in lengths
