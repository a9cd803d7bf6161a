"""How one provider's files look, out and back: data, read from TOML or from a programme's own version, and checked."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from app.core.i18n import N_
from app.domain.batches.rules import LineState
from app.printing.wording import telling_words
from app.web.complaints import EMPTY, TOO_LONG, Complaint, Complaints
from app.web.csv_file import FORMULA

FOLDER = Path(__file__).parent / "profiles"

MOST_COLUMNS = 40
LONGEST_NAME = 60
LONGEST_NARRATION = 60
LONGEST_TEXT = 200
MOST_WORDS = 30
DELIMITERS = (",", ";", "\t", "|")
DECIMAL_MARKS = (".", ",")
# Naive times are read in the profile's zone; what has an offset of its own keeps it.
TIMES = ("", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y%m%d%H%M%S")
COUNTRY = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
TRUNK = re.compile(r"[0-9]{0,2}", re.ASCII)

NAMES: Mapping[str, str] = {
    "neutral": N_("Neutral list"),
    "excel-121": N_("121, provider by Excel"),
    "hope": N_("HOPE, payment list"),
    "aggregator": N_("Payment aggregator"),
    "mpesa": N_("M-Pesa, payments to people"),
    "airtel": N_("Airtel, numbers without country code"),
}


class Form(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


class Amounts(StrEnum):
    """*Decimal* has the currency's own decimals, *minor* counts its smallest unit."""

    DECIMAL = "decimal"
    MINOR = "minor"


class Numbers(StrEnum):
    """How a phone number is written: +380501234567, 380501234567, or what a country writes at home."""

    E164 = "e164"
    WITHOUT_PLUS = "without_plus"
    NATIONAL = "national"


class Field(StrEnum):
    """What we know of a payment. There is no name among it, and none is ever sent."""

    BATCH_ID = "batch_id"
    LINE_NO = "line_no"
    PAYMENT_REF = "payment_ref"
    MSISDN = "msisdn"
    AMOUNT = "amount"
    CURRENCY = "currency"
    NARRATION = "narration"


class Role(StrEnum):
    """What a column of a file that comes back may be to us. A column with no role is never kept."""

    MATCH = "match"
    STATUS = "status"
    AMOUNT = "amount"
    CURRENCY = "currency"
    BATCH = "batch"
    RECEIPT = "receipt"
    TIME = "time"
    ERROR = "error"


NEEDED = (Role.MATCH, Role.STATUS, Role.AMOUNT)
"""Roles whose column, where the profile has one, may not be missing in the file."""

WORDS: Mapping[str, LineState] = {
    "paid": LineState.PAID,
    "failed": LineState.FAILED,
    "unknown": LineState.UNKNOWN,
    "waiting": LineState.SENT,
}


class BadProfile(ValueError):
    """A layout that cannot be used; ``complaints`` say what is wrong with which field."""

    def __init__(self, complaints: Complaints) -> None:
        super().__init__(", ".join(f"{name}: {each.text}" for name, each in complaints.items()))
        self.complaints = complaints


@dataclass(frozen=True, slots=True)
class OutColumn:
    """A column of theirs: one of our fields, or the same words in every line."""

    name: str
    field: Field | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Out:
    form: Form
    columns: tuple[OutColumn, ...]
    narration: str
    delimiter: str = ","
    amounts: Amounts = Amounts.DECIMAL
    numbers: Numbers = Numbers.E164
    country_code: str = ""
    trunk_prefix: str = ""

    def names_of(self, field: Field) -> tuple[str, ...]:
        """What their columns for a field of ours are called."""
        return tuple(column.name for column in self.columns if column.field is field)


@dataclass(frozen=True, slots=True)
class Back:
    """What comes back.

    Attributes:
        columns: by role, the name of their column; a role that is left out is not read.
        words: by word of theirs in lower case, what it says. An empty word is a cell with nothing in it.
        is_quantity: the amount decides by itself: −1 is failed, nothing is still waiting.
        refuses_success_messages: a line that was paid and yet has an error is refused.
    """

    columns: Mapping[Role, str]
    words: Mapping[str, LineState] = field(default_factory=dict)
    amounts: Amounts = Amounts.DECIMAL
    decimal_mark: str = "."
    is_quantity: bool = False
    refuses_success_messages: bool = False
    times: str = ""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Profile:
    """How a provider's files look.

    Attributes:
        key: what a batch remembers: this very version.
        slug: what the programme chooses by; its versions share it.
        name: in English for ours (see ``NAMES``), else as the programme wrote it.
        data: what it was read from, as JSON holds it.
    """

    key: str
    slug: str
    name: str
    out: Out
    back: Back
    data: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def is_own(self) -> bool:
        return self.key != self.slug


BAD_CHOICE = Complaint(N_("Please choose one of the list."))
LOOKS_LIKE_FORMULA = Complaint(N_("A spreadsheet would take this for a formula."))
NAMED_TWICE = Complaint(N_("Two columns have the same name."))
TELLING = N_("This says what the programme is about: %(words)s. Please choose neutral words.")
MISSING_FIELD = N_("The file needs columns for the payment reference and for the amount.")
TOO_MANY = N_("No more than %(most)s, please.")
NO_COUNTRY = Complaint(N_("Please give the country code in digits, such as 260."))
NO_TRUNK = Complaint(N_("No more than two digits, please."))
NO_OUTCOME = Complaint(N_("Please name the column of the status, or that of the amount."))
NO_WORDS = Complaint(N_("Please give at least one word each for what was paid and what failed."))
WORD_TWICE = N_("“%(word)s” stands for two things.")
QUANTITY_ALONE = Complaint(N_("Where the amount decides there is no column of the status."))
NO_ZONE = Complaint(N_("There is no such time zone."))


def read_profile(data: Mapping[str, Any], *, key: str, slug: str) -> Profile:
    """A layout from its data.

    Raises:
        BadProfile: with everything that is wrong.
    """
    wrong: Complaints = {}
    try:
        name = _text(data.get("name", ""))
        _line(wrong, "name", name, most=LONGEST_NAME)
        out = _out(data["out"], wrong)
        back = _back(data["back"], wrong)
    except (KeyError, TypeError, AttributeError, ValueError) as cause:
        raise BadProfile(wrong or {"name": BAD_CHOICE}) from cause
    if wrong:
        raise BadProfile(wrong)
    return Profile(key, slug, name, out, back, data)


def _out(data: Mapping[str, Any], wrong: Complaints) -> Out:
    columns = []
    for number, each in enumerate(data["columns"]):
        name, source = _text(each["name"]), _text(each.get("from", ""))
        text = _text(each.get("text", ""))
        _line(wrong, f"column_{number}", name, most=LONGEST_NAME)
        if source and source not in set(Field):
            wrong[f"from_{number}"] = BAD_CHOICE
            continue
        _line(wrong, f"text_{number}", text, most=LONGEST_TEXT, may_be_empty=True)
        columns.append(OutColumn(name, Field(source) if source else None, text))
    folded = [column.name.casefold() for column in columns]
    for number, name in enumerate(folded):
        if name in folded[:number]:
            wrong.setdefault(f"column_{number}", NAMED_TWICE)
    if len(columns) > MOST_COLUMNS:
        wrong["columns"] = Complaint(TOO_MANY, {"most": MOST_COLUMNS})
    found = {column.field for column in columns}
    if not {Field.PAYMENT_REF, Field.AMOUNT} <= found:
        wrong.setdefault("columns", Complaint(MISSING_FIELD))
    out = Out(
        form=_choice(wrong, "form", data.get("form", "csv"), Form),
        columns=tuple(columns),
        narration=_text(data.get("narration", "")),
        delimiter=_text(data.get("delimiter", ",")),
        amounts=_choice(wrong, "amounts", data.get("amounts", "decimal"), Amounts),
        numbers=_choice(wrong, "numbers", data.get("numbers", "e164"), Numbers),
        country_code=_text(data.get("country_code", "")),
        trunk_prefix=_text(data.get("trunk_prefix", "")),
    )
    _line(wrong, "narration", out.narration, most=LONGEST_NARRATION)
    if out.delimiter not in DELIMITERS:
        wrong["delimiter"] = BAD_CHOICE
    if out.numbers is Numbers.NATIONAL and not COUNTRY.fullmatch(out.country_code):
        wrong["country_code"] = NO_COUNTRY
    if not TRUNK.fullmatch(out.trunk_prefix):
        wrong["trunk_prefix"] = NO_TRUNK
    return out


def _back(data: Mapping[str, Any], wrong: Complaints) -> Back:
    columns = {role: name for role in Role if (name := _text(data.get(role.value, "")))}
    for role, name in columns.items():
        _line(wrong, role.value, name, most=LONGEST_NAME)
    folded = [name.casefold() for name in columns.values()]
    for number, role in enumerate(columns):
        if folded[number] in folded[:number]:
            wrong.setdefault(role.value, NAMED_TWICE)
    if Role.MATCH not in columns:
        wrong["match"] = EMPTY
    back = Back(
        columns=columns,
        words=_words(data.get("words", {}), wrong, is_needed=Role.STATUS in columns),
        amounts=_choice(wrong, "back_amounts", data.get("amounts", "decimal"), Amounts),
        decimal_mark=_text(data.get("decimal_mark", ".")),
        is_quantity=data.get("is_quantity", False) is True,
        refuses_success_messages=data.get("refuses_success_messages", False) is True,
        times=_text(data.get("times", "")),
        zone=_text(data.get("zone", "UTC")),
    )
    if Role.STATUS not in columns and Role.AMOUNT not in columns:
        wrong.setdefault("status", NO_OUTCOME)
    if back.is_quantity and (Role.STATUS in columns or Role.AMOUNT not in columns):
        wrong.setdefault("is_quantity", QUANTITY_ALONE)
    if back.decimal_mark not in DECIMAL_MARKS:
        wrong["decimal_mark"] = BAD_CHOICE
    if back.times not in TIMES:
        wrong["times"] = BAD_CHOICE
    if back.zone not in zones():
        wrong["zone"] = NO_ZONE
    return back


def _words(
    data: Mapping[str, Sequence[str]], wrong: Complaints, *, is_needed: bool
) -> Mapping[str, LineState]:
    words: dict[str, LineState] = {}
    for name, state in WORDS.items():
        given = data.get(name, ())
        if len(given) > MOST_WORDS:
            wrong[f"words_{name}"] = Complaint(TOO_MANY, {"most": MOST_WORDS})
        for word in map(folded_word, map(_text, given)):
            if len(word) > LONGEST_NAME:
                wrong[f"words_{name}"] = TOO_LONG
            if words.setdefault(word, state) is not state:
                wrong[f"words_{name}"] = Complaint(WORD_TWICE, {"word": word})
    if is_needed and not {LineState.PAID, LineState.FAILED} <= set(words.values()):
        wrong.setdefault("words_paid", NO_WORDS)
    return words


def folded_word(text: str) -> str:
    """A word of theirs without what no one means by it.

    >>> folded_word("  Not  Delivered ")
    'not delivered'
    """
    return " ".join(text.split()).casefold()


def _line(
    wrong: Complaints, name: str, text: str, *, most: int, may_be_empty: bool = False
) -> None:
    """Note what is wrong with words that stand in a file that leaves the house."""
    if not text and not may_be_empty:
        wrong[name] = EMPTY
    elif len(text) > most:
        wrong[name] = TOO_LONG
    elif text.startswith(FORMULA) or any(not character.isprintable() for character in text):
        wrong[name] = LOOKS_LIKE_FORMULA
    elif told := telling_words(text):
        wrong[name] = Complaint(TELLING, {"words": ", ".join(told)})


def _choice(wrong: Complaints, name: str, value: object, words: Any) -> Any:
    if value in set(words):
        return words(value)
    wrong[name] = BAD_CHOICE
    return next(iter(words))


def _text(value: object) -> str:
    """Raises: TypeError."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def built_in() -> Mapping[str, Profile]:
    """What comes with the program, by slug.

    A file among ``profiles/`` is never changed once a programme may have used it: batches remember it by its name.
    """
    found = {}
    for slug, name in NAMES.items():
        with (FOLDER / f"{slug}.toml").open("rb") as file:
            data = tomllib.load(file)
        found[slug] = read_profile({"name": name, **data}, key=slug, slug=slug)
    return found
