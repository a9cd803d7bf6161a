"""Facts as a telephone shows them: days, amounts, names in a language, and a long name cut to what fits."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, get_day_names
from babel.numbers import format_currency

from app.core.i18n import SOURCE
from app.core.money import Money
from app.domain.screens.rules import WEEKDAYS

CUT = ".."


def words_in(words: Mapping[str, str] | str, language: str) -> str:
    """What something is called in a language, or else in the first that has a word for it."""
    if isinstance(words, str):
        return words
    return words.get(language) or next((each for each in words.values() if each), "")


def day(on: str, language: str) -> str:
    """
    >>> day("2026-12-03", "en"), day("2026-12-03", "uk")
    ('3 December', '3 грудня')
    """
    return str(format_date(date.fromisoformat(on), "d MMMM", locale=locale_of(language)))


def money(minor: int, currency: str, language: str) -> str:
    """An amount with the code of its currency, which every telephone can show.

    >>> money(1240, "UAH", "en"), money(123456700, "UAH", "uk")
    ('12.40 UAH', '1 234 567,00 UAH')
    """
    amount = Money(minor, currency).major
    locale = locale_of(language)
    shown = format_currency(amount, currency, format="#,##0.00 ¤¤", locale=locale)
    return " ".join(str(shown).split())


def weekdays(first: str, last: str, language: str) -> str:
    """
    >>> weekdays("mon", "fri", "en"), weekdays("sat", "sat", "uk")
    ('Mon-Fri', 'Сб')
    """
    names = get_day_names("abbreviated", locale=locale_of(language))
    said = [names[WEEKDAYS.index(each)].rstrip(".") for each in (first, last)]
    said = [each[:1].upper() + each[1:] for each in said]
    return said[0] if first == last else "-".join(said)


def name_of_language(code: str) -> str:
    """
    >>> name_of_language("uk"), name_of_language("xx")
    ('Українська', 'xx')
    """
    try:
        return (Locale.parse(code).display_name or code).capitalize()
    except (UnknownLocaleError, ValueError):
        return code


def grouped(digits: str) -> str:
    """
    >>> grouped("0000005724")
    '000 000 5724'
    """
    head, tail = digits[:-4], digits[-4:]
    groups = [head[max(end - 3, 0) : end] for end in range(len(head), 0, -3)]
    return " ".join([*reversed(groups), tail])


def locale_of(language: str) -> str:
    return language if _is_locale(language) else SOURCE


def fitted(
    write: Callable[[int], str], fits: Callable[[str], bool], longest: int, shortest: int
) -> str:
    """The text with as much of its long names as fits, or with the shortest; ``write`` is told how long a name may be."""
    text = write(longest)
    if fits(text) or longest <= shortest:
        return text
    best, too_long = shortest, longest
    while too_long - best > 1:
        middle = (best + too_long) // 2
        if fits(write(middle)):
            best = middle
        else:
            too_long = middle
    return write(best)


def cut(text: str, limit: int) -> str:
    """The beginning and the end of what is too long: names that begin alike are told apart by their ends.

    >>> cut("Community Centre, Saltivka", 20), cut("Berih", 20)
    ('Community Ce..ltivka', 'Berih')
    """
    if len(text) <= limit:
        return text
    kept = limit - len(CUT)
    tail = kept // 3
    return text[: kept - tail].rstrip() + CUT + text[-tail:].lstrip()


@cache
def _is_locale(language: str) -> bool:
    try:
        return Locale.parse(language) is not None
    except (UnknownLocaleError, ValueError):
        return False
