"""Languages: English in the code, every other as gettext catalogues in ``app/locales/<language>/*.po``.

The catalogues are read as they are written, so there is nothing to compile and nothing to forget to.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parents[1] / "locales"
SOURCE = "en"


@cache
def languages() -> dict[str, str]:
    """The languages there are, by code, each under its own name."""
    codes = [SOURCE, *sorted(each.name for each in LOCALES.iterdir() if each.is_dir())]
    return {code: (Locale(code).display_name or code).capitalize() for code in codes}


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The words of a language; English is the words of the code."""
    if language == SOURCE or language not in languages():
        return gettext.NullTranslations()
    merged = Catalog(locale=language)
    for file in sorted((LOCALES / language).glob("*.po")):
        with file.open("rb") as handle:
            for message in read_po(handle, locale=language):
                if message.id:
                    merged[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def negotiate(accept_language: str) -> str:
    """The best of the languages there are for an ``Accept-Language`` header.

    >>> negotiate("de;q=0.9, uk-UA;q=0.8, en;q=0.1")
    'uk'
    >>> negotiate("")
    'en'
    """
    wanted: list[tuple[float, int, str]] = []
    for part in accept_language.split(","):
        name, _, quality = (piece.strip() for piece in part.partition(";"))
        try:
            weight = float(quality.removeprefix("q=") or 1)
        except ValueError:
            continue
        if 0 < weight <= 1:  # zero means: anything but this
            wanted.append((-weight, len(wanted), name.split("-")[0].lower()))
    return next((code for _, _, code in sorted(wanted) if code in languages()), SOURCE)


def with_minus(number: str) -> str:
    """A number as print has it: below zero with a minus sign, where Unicode's patterns have a hyphen.

    >>> with_minus("-5.5")
    '−5.5'
    """
    return number.replace("-", "\N{MINUS SIGN}")


def N_(text: str) -> str:
    """Mark a text for translation where it stands, to be translated where it is shown."""
    return text
