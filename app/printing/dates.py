"""The days a coupon can be used, in words, as each language writes them."""

from datetime import date

from babel.dates import format_date, format_skeleton


def period_in_words(template: str, *, usable_from: date, usable_until: date, locale: str) -> str:
    """Put the first and the last day into a template that holds ``{from}`` and ``{until}``.

    The year is said once where both days lie in it.

    >>> days = {"usable_from": date(2026, 3, 12), "usable_until": date(2026, 4, 10)}
    >>> period_in_words("from {from} to {until}", locale="en_GB", **days)
    'from 12 March to 10 April 2026'
    >>> period_in_words("з {from} до {until}", locale="uk", **days)
    'з 12 березня до 10 квітня 2026 р.'
    """
    same_year = usable_from.year == usable_until.year
    first = _day(usable_from, locale) if same_year else _day_and_year(usable_from, locale)
    last = _day_and_year(usable_until, locale)
    return template.replace("{from}", first).replace("{until}", last)


def _day(day: date, locale: str) -> str:
    return format_skeleton("MMMMd", day, locale=locale)


def _day_and_year(day: date, locale: str) -> str:
    return format_date(day, format="long", locale=locale).replace("\N{NARROW NO-BREAK SPACE}", " ")
