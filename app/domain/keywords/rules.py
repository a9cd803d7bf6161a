"""What a text message asks for, by its first word, in every language: Ukrainian in its own letters and in Latin ones.

By a text message alone nothing changes but STOP: the sender's number is a hint. So a language is chosen by the language of the
word that was sent, and nothing is remembered from one message to the next.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from app.core.claim_names import is_own
from app.core.codes import CODE_LENGTH, is_well_formed, normalise
from app.core.septets import pages_of
from app.domain.screens.rules import (
    AnswerIs,
    Ask,
    CheckCoupon,
    Hours,
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
    last,
    outcome,
    runs_of,
    says_something,
)

LONGEST_SMS = 1600
LONGEST_WORDS = 1000
MOST_SITES = 9
# Septets of an answer in a reply of two parts.
ROOM_FOR_ANSWER = 240

# By what is wanted and language; "" is any. Opt-out words that are also said in a sentence count only where they stand alone.
WORDS: Mapping[str, Mapping[str, str]] = {
    "stop": {
        "": "stop stopall optout unsubscribe стоп",
        "uk": "відписатися відписати відписка відпишіть vidpysatysia vidpyska отписаться отписка",
    },
    "stop_alone": {
        "": "cancel end quit revoke remove",
        "uk": "скасувати вимкнути припинити кінець skasuvaty vymknuty prypynyty",
    },
    "card": {
        "en": "card check code coupon",
        "uk": "картка карта картку перевірити код kartka karta kartku pereviryty kod",
    },
    "hours": {
        "en": "hours hour open opening time times when where address schedule",
        "uk": "години година графік розклад час коли де адреса адресу відкрито hodyny hodyna hrafik "
        "rozklad chas koly de adresa",
    },
    "help": {
        "": "?",
        "en": "help info menu hi hello start",
        "uk": "допомога довідка інфо меню привіт dopomoha dovidka",
    },
    "say": {
        "en": "say tell write feedback complaint",
        "uk": "сказати написати відгук скарга skazaty napysaty vidhuk skarha",
    },
    "read": {
        "en": "read answer reply",
        "uk": "читати прочитати відповідь chytaty vidpovid",
    },
    "language": {"en": "lang language", "uk": "мова mova"},
}
# What languages are called by those who type them, beside their codes.
_LANGUAGES: Mapping[str, str] = {
    "english": "en",
    "eng": "en",
    "англійська": "en",
    "ukrainian": "uk",
    "ukr": "uk",
    "ua": "uk",
    "українська": "uk",
    "укр": "uk",
    "ukrainska": "uk",
}
_BY_WORD: Mapping[str, tuple[str, str]] = {
    word: (wants, language)
    for wants, by_language in WORDS.items()
    for language, words in by_language.items()
    for word in words.split()
}
# Letters that look alike, where a word was typed under two layouts.
_ALIKE = ("аеіорсухтнкмв", "aeiopcyxthkmb")
_LOOKS_LATIN, _LOOKS_CYRILLIC = str.maketrans(*_ALIKE), str.maketrans(*reversed(_ALIKE))
_AROUND = " .,;:!?\"'«»“”()"
_WORD = re.compile(r"\W*(\w+|\?)\W*(.*)", re.DOTALL)


def read_sms(text: str, setting: Setting) -> Step:
    """What a text message asks for, or the screen that answers it at once. The state is for :func:`told` only."""
    text = unicodedata.normalize("NFC", text[:LONGEST_SMS]).strip()
    state = State(setting.default_language, "sms")
    if _is_mostly_digits(text):
        return _card(state, _digits(text))
    found = _WORD.fullmatch(text)
    first, rest = (found[1].casefold(), found[2].strip()) if found else ("", "")
    wants, language = _wanted(first)
    if language in setting.languages:
        state = State(language, "sms")
    match wants:
        case "stop":
            return state, StopMessages()
        case "stop_alone" if not rest:
            return state, StopMessages()
        case "card":
            return _card(state, _digits(rest))
        case "hours":
            number = _digits(rest)
            chosen = int(number) if _is_digits(number, range(1, 3)) else 0
            return State(state.language, "sms", {"chosen": chosen}), Sites()
        case "help":
            return _reply(state, "sms_help")
        case "say":
            if says_something(rest):
                return state, SayFeedback(rest[:LONGEST_WORDS])
            return _reply(state, "sms_say_what")
        case "read":
            return _read(state, rest)
        case "language":
            return _language(state, rest, setting)
    return _reply(state, "sms_unknown")


def told(state: State, ask: Ask, answer: Told) -> Step:
    """What follows from the answer to an ask: the reply, or (for hours) one more ask."""
    match ask, answer:
        case Sites(), SiteList(sites):
            return _sites(state, sites)
        case Hours(), SiteHours():
            facts = {
                "name": dict(answer.name),
                "address": dict(answer.address),
                "phone": answer.phone,
                "runs": [list(each) for each in runs_of(answer.hours)],
            }
            return _reply(state, "sms_hours", facts)
        case Hours(), _:
            return _reply(state, "sms_no_sites")
        case ReadAnswer(), AnswerIs(None):
            return _reply(state, "sms_no_answer")
        case ReadAnswer(receipt), AnswerIs(str() as words):
            return _answer(state, receipt, words)
    return state, outcome(answer)


def _wanted(word: str) -> tuple[str, str]:
    spellings = (word, word.translate(_LOOKS_LATIN), word.translate(_LOOKS_CYRILLIC))
    known = (_BY_WORD[each] for each in spellings if each in _BY_WORD)
    return next(known, ("", ""))


def _card(state: State, digits: str) -> Step:
    if is_well_formed(digits):
        return state, CheckCoupon(digits)
    return _reply(state, "sms_own_card" if is_own(digits) else "sms_mistyped")


def _read(state: State, rest: str) -> Step:
    """``READ 123 456 789``, and ``READ 123456789 2`` for what follows."""
    receipt, _, page = rest.rpartition(" ")
    if not (is_receipt(_digits(receipt)) and _is_digits(_digits(page), range(1, 2))):
        receipt, page = rest, "1"
    receipt = _digits(receipt)
    if not is_receipt(receipt):
        return _reply(state, "sms_read_what")
    return State(state.language, "sms", {"page": max(int(_digits(page)), 1)}), ReadAnswer(receipt)


def _language(state: State, rest: str, setting: Setting) -> Step:
    word = rest.casefold()
    code = _LANGUAGES.get(word, word)
    if code in setting.languages:
        return _reply(State(code, "sms"), "sms_help")
    named = [Option(each, "language_of", {"code": each}) for each in setting.languages]
    return state, Screen("sms_languages", options=tuple(named), ends=True)


def _sites(state: State, sites: tuple[SiteLine, ...]) -> Step:
    chosen = state.values.get("chosen", 0)
    if not sites:
        return _reply(state, "sms_no_sites")
    if len(sites) == 1:
        return state, Hours(sites[0].id)
    if 0 < chosen <= len(sites):
        return state, Hours(sites[chosen - 1].id)
    lines = enumerate(sites[:MOST_SITES], 1)
    options = tuple(Option(str(key), "site", each.name) for key, each in lines)
    return state, Screen("sms_sites", options=options, ends=True)


def _answer(state: State, receipt: str, words: str) -> Step:
    pages = pages_of(words, ROOM_FOR_ANSWER)
    page = min(state.values.get("page", 1), len(pages))
    more = {"receipt": receipt, "page": page + 1} if page < len(pages) else {}
    return _reply(state, "sms_answer", {"text": pages[page - 1], **more})


def _reply(state: State, name: str, facts: Mapping[str, Any] | None = None) -> Step:
    return state, last(name, facts)


def _is_mostly_digits(text: str) -> bool:
    """Whether this is meant as a card's digits, right or wrong: no letters, and about as many of them."""
    digits = _digits(text)
    near = range(CODE_LENGTH - 3, CODE_LENGTH + 4)
    return _is_digits(digits, near)


def _digits(text: str) -> str:
    return normalise(text.strip(_AROUND))


def _is_digits(typed: str, lengths: range) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) in lengths
