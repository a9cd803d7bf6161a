"""Any text in plain ASCII, for screens that show nothing else.

Ukrainian goes by the table of the Cabinet of Ministers of 27 January 2010 (No. 55): another letter at the start of a word for
є, ї, й, ю and я, *зг* as zgh, no soft sign and no apostrophe. What has no letters in Latin at all becomes a question mark, so
that a text is never empty.
"""

import re
import unicodedata
from collections.abc import Mapping

from app.telephone.lengths import is_gsm7

_UKRAINIAN: Mapping[str, str] = {
    **dict(zip("абвгґдезиіклмнопрстуф", "abvhgdezyiklmnoprstuf", strict=True)),
    "є": "ie",
    "ж": "zh",
    "ї": "i",
    "й": "i",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ю": "iu",
    "я": "ia",
    "ь": "",
}
_AT_THE_START = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
# Letters of its neighbours.
_OTHER_CYRILLIC = {
    "ё": "io",
    "ъ": "",
    "ы": "y",
    "э": "e",
    "ў": "u",
    "ђ": "d",
    "ј": "j",
    "љ": "lj",
    "њ": "nj",
    "ћ": "c",
    "џ": "dz",
    "ѓ": "g",
    "ќ": "k",
    "ѕ": "dz",
}
_SIGNS = {
    **dict.fromkeys("«»„“”″‟", '"'),
    **dict.fromkeys("‘’‚′‛ʼ`´", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
    "№": "No",
    "€": "EUR",
    "₴": "UAH",
    "£": "GBP",
    "•": "-",
    "·": "-",
    "×": "x",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
}
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])['’ʼ′](?=[^\W\d_])")
_ZGH = re.compile(r"(з)(г)", re.IGNORECASE)
_LONGEST = 4
NOTHING = "?"


def to_ascii(text: str, language: str) -> str:
    """A text in ASCII, upper and lower case kept; ``language`` decides what an apostrophe between letters is.

    >>> to_ascii("Згурський, Щербухи, Їжакевич, Мар’їне, Юрій", "uk")
    'Zghurskyi, Shcherbukhy, Yizhakevych, Marine, Yurii'
    >>> to_ascii("“Café” – 5 €…", "en"), to_ascii("ЗГОДА", "uk"), to_ascii("🙂", "en")
    ('"Cafe" - 5 EUR...', 'ZGHODA', '?')
    """
    text = unicodedata.normalize("NFC", text)
    if language in ("uk", "be"):
        text = _APOSTROPHE.sub("", text)
        text = _ZGH.sub(lambda found: found[1] + ("GH" if found[2].isupper() else "gh"), text)
    written = [_write(text, place) for place in range(len(text))]
    plain = "".join(written)
    return plain if plain.strip() or not text.strip() else NOTHING


def plain_signs(text: str) -> str:
    """Letters as they are, and typographic quotes, dashes and blanks that telephones lack as those they have.

    >>> plain_signs("“9–17”, café"), plain_signs("5 €")
    ('"9-17", café', '5 €')
    """
    return "".join(each if is_gsm7(each) else _sign(each) for each in text)


def _sign(character: str) -> str:
    return " " if character.isspace() else _SIGNS.get(character, character)


def _write(text: str, place: int) -> str:
    character = text[place]
    if character.isascii() and character != "`":
        return character if character.isprintable() or character == "\n" else " "
    low = character.lower()
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if low in _AT_THE_START and not _is_letter(before):
        latin = _AT_THE_START[low]
    elif low in _UKRAINIAN:
        latin = _UKRAINIAN[low]
    else:
        latin = _OTHER_CYRILLIC[low] if low in _OTHER_CYRILLIC else _folded(character)
    if character == low or not latin:
        return latin
    # A capital inside a word of capitals is written in capitals altogether.
    shouts = after.isupper() or (not _is_letter(after) and before.isupper())
    return latin.upper() if shouts else latin[0].upper() + latin[1:]


def _folded(character: str) -> str:
    """A sign or letter of any other script: its own replacement, its letters without marks, or a question mark."""
    sign = _SIGNS.get(character) or _SIGNS.get(character.lower())
    if sign:
        return sign
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf", "Cc"):
        return ""
    if character.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain.replace("`", "'")[:_LONGEST] or NOTHING


def _is_letter(character: str) -> bool:
    return bool(character) and (character.isalpha() or character in "'’ʼ")
