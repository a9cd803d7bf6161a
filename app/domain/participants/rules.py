"""Facts about people, without their names."""

import unicodedata
from enum import StrEnum
from functools import cache

from app.domain.participants.errors import BadParticipant


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    PREFER_NOT_TO_SAY = "prefer_not_to_say"
    UNKNOWN = "unknown"


class Came(StrEnum):
    """How a person came to the programme."""

    SEED = "seed"
    RECRUIT = "recruit"
    WALK_IN = "walk_in"


class Standing(StrEnum):
    """Where a person stands. ``duplicate`` is someone who has another row; ``mistaken`` never was here at all."""

    ARRIVED = "arrived"
    ENROLLED = "enrolled"
    INELIGIBLE = "ineligible"
    DUPLICATE = "duplicate"
    MISTAKEN = "mistaken"


# Rows that stand for nobody: counted nowhere, and nobody's code is compared with theirs.
NOBODY = (Standing.DUPLICATE, Standing.MISTAKEN)


class Likeness(StrEnum):
    """Whom an arrival without a network may be: someone who came before, or the giver of her own card."""

    POSSIBLE_DUPLICATE = "possible_duplicate"
    POSSIBLE_SELF_RECRUITMENT = "possible_self_recruitment"


class SamePerson(StrEnum):
    """What a person can decide about someone whose code came before."""

    SAME = "same"
    NOT_THE_SAME = "not_the_same"


class EntryRoute(StrEnum):
    """Through whom a seed was found. The first women were reached through partners and friends."""

    OUTREACH = "outreach"
    MALE_PARTNER = "male_partner"
    FRIEND = "friend"
    SERVICE_CLIENT = "service_client"
    SELF = "self"
    OTHER = "other"


AGE_BANDS = ((0, 17, "under 18"), (18, 24, "18–24"), (25, 34, "25–34"), (35, 44, "35–44"))


@cache
def age_band(age: int | None) -> str | None:
    """The band an age is reported in.

    >>> [age_band(age) for age in (17, 24, 25, 60, None)]
    ['under 18', '18–24', '25–34', '45 and over', None]
    """
    if age is None:
        return None
    return next((name for low, high, name in AGE_BANDS if low <= age <= high), "45 and over")


def check_age(age: int | None) -> None:
    if age is not None and not 10 <= age <= 110:
        raise BadParticipant(field="age", reason="out_of_range")


def check_network_size(network_size: int | None) -> None:
    if network_size is not None and not 0 <= network_size <= 10_000:
        raise BadParticipant(field="network_size", reason="out_of_range")


# National transliteration of Ukrainian (Cabinet of Ministers resolution 55, 2010), word starts not told apart,
# with the Russian letters it lacks.
_LATIN = str.maketrans(
    {
        **dict(zip("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", [
            "a", "b", "v", "h", "g", "d", "e", "ie", "zh", "z", "y", "i", "i", "i", "k", "l", "m",
            "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "", "iu", "ia",
        ], strict=True)),
        "ё": "e", "ъ": "", "ы": "y", "э": "e",
    }
)  # fmt: skip


def normalise_uic(text: str) -> str:
    """A unique identifier code as it is compared: script, case, diacritics and punctuation folded.

    >>> normalise_uic(" Олена-07/85 ") == normalise_uic("OLENA 0785") == "olena0785"
    True

    Raises:
        BadParticipant: fewer than four letters or digits are left.
    """
    composed = unicodedata.normalize("NFC", text).casefold().translate(_LATIN)
    plain = unicodedata.normalize("NFKD", composed)
    folded = "".join(letter for letter in plain if letter.isalnum())
    if len(folded) < 4:
        raise BadParticipant(field="uic", reason="too_short")
    return folded
