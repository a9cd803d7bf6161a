"""A layout as a form: what stands in its fields, and what was entered as a layout again."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.i18n import N_, translations
from app.web.payout_files.profile import (
    LONGEST_NAME,
    MOST_COLUMNS,
    NAMES,
    WORDS,
    Amounts,
    Field,
    Form,
    Numbers,
    Profile,
    Role,
)

EMPTY_ROWS = 3
FIXED = "text"  # in place of one of our fields

FORMS: Mapping[Form, str] = {Form.CSV: N_("Text (CSV)"), Form.XLSX: N_("Spreadsheet (XLSX)")}
AMOUNTS: Mapping[Amounts, str] = {
    Amounts.DECIMAL: N_("7.50, with decimals"),
    Amounts.MINOR: N_("750, in the smallest unit"),
}
NUMBERS: Mapping[Numbers, str] = {
    Numbers.E164: N_("+380501234567, whole"),
    Numbers.WITHOUT_PLUS: N_("380501234567, without the plus"),
    Numbers.NATIONAL: N_("501234567, without country code"),
}
DELIMITERS: Mapping[str, tuple[str, str]] = {
    "comma": (",", N_("Comma")),
    "semicolon": (";", N_("Semicolon")),
    "tab": ("\t", N_("Tab")),
    "bar": ("|", N_("Vertical bar")),
}
MARKS: Mapping[str, str] = {".": N_("7.50, a point"), ",": N_("7,50, a comma")}
TIMES: Mapping[str, str] = {
    "": N_("2026-03-31 15:30, as standards have it"),
    "%d.%m.%Y %H:%M:%S": "31.03.2026 15:30:00",
    "%d/%m/%Y %H:%M:%S": "31/03/2026 15:30:00",
    "%m/%d/%Y %H:%M:%S": "03/31/2026 15:30:00",
    "%Y%m%d%H%M%S": "20260331153000",
}
FIELDS: Mapping[str, str] = {
    FIXED: N_("The same words in every line"),
    Field.PAYMENT_REF: N_("Payment reference"),
    Field.MSISDN: N_("Phone number"),
    Field.AMOUNT: N_("Amount"),
    Field.CURRENCY: N_("Currency"),
    Field.NARRATION: N_("What the payment is called"),
    Field.LINE_NO: N_("Number of the line"),
    Field.BATCH_ID: N_("Number of the batch"),
}
ROLES: Mapping[Role, str] = {
    Role.MATCH: N_("Our payment reference"),
    Role.STATUS: N_("Status"),
    Role.AMOUNT: N_("Amount that was paid"),
    Role.CURRENCY: N_("Currency"),
    Role.RECEIPT: N_("The provider's receipt"),
    Role.TIME: N_("When it was done"),
    Role.ERROR: N_("What went wrong"),
    Role.BATCH: N_("Number of the batch"),
}
SAID: Mapping[str, str] = {
    "paid": N_("These words say that it was paid"),
    "failed": N_("These words say that it failed"),
    "unknown": N_("These words say that nobody knows"),
    "waiting": N_("These words say that it is still on its way"),
}

Row = tuple[str, str, str]


def as_typed(data: Mapping[str, Any], language: str) -> dict[str, str]:
    """What stands in the fields to begin with, but for the columns (see ``rows_of``)."""
    name, out, back = data["name"], data["out"], data["back"]
    given = back.get("words", {})
    return {
        "name": translations(language).gettext(name) if name else "",
        "form": out.get("form", "csv"),
        "delimiter": next(
            word for word, (mark, _) in DELIMITERS.items() if mark == out.get("delimiter", ",")
        ),
        "amounts": out.get("amounts", "decimal"),
        "numbers": out.get("numbers", "e164"),
        "country_code": out.get("country_code", ""),
        "trunk_prefix": out.get("trunk_prefix", ""),
        "narration": out.get("narration", ""),
        **{role.value: back.get(role.value, "") for role in Role},
        **{f"words_{name}": "\n".join(filter(None, given.get(name, ()))) for name in WORDS},
        "empty_waits": "yes" if "" in given.get("waiting", ()) else "",
        "back_amounts": back.get("amounts", "decimal"),
        "decimal_mark": back.get("decimal_mark", "."),
        "is_quantity": "yes" if back.get("is_quantity") else "",
        "refuses_success_messages": "yes" if back.get("refuses_success_messages") else "",
        "times": back.get("times", ""),
        "zone": back.get("zone", "UTC"),
    }


def rows_of(data: Mapping[str, Any]) -> list[Row]:
    """The columns that go out: what each is called, where it comes from, and its words; with room for more."""
    rows: list[Row] = [
        (each.get("name", ""), each.get("from", FIXED), each.get("text", ""))
        for each in data["out"]["columns"]
    ]
    room = min(EMPTY_ROWS, MOST_COLUMNS - len(rows))
    return rows + [("", FIXED, "")] * room


def data_of(entered: Mapping[str, str], *, slug: str, language: str) -> dict[str, Any]:
    """The layout that was entered, as it would be kept; whether it can be used is not looked at here."""
    name = entered.get("name", "")
    ours = NAMES.get(slug, "")
    delimiter = DELIMITERS.get(entered.get("delimiter", "comma"), ("", ""))[0]
    words = {
        word: [
            line.strip() for line in entered.get(f"words_{word}", "").splitlines() if line.strip()
        ]
        for word in WORDS
    }
    if entered.get("empty_waits"):
        words["waiting"].insert(0, "")
    return {
        "name": ours if ours and name == translations(language).gettext(ours) else name,
        "out": {
            "form": entered.get("form", ""),
            "delimiter": delimiter,
            "amounts": entered.get("amounts", ""),
            "numbers": entered.get("numbers", ""),
            "country_code": entered.get("country_code", "").removeprefix("+"),
            "trunk_prefix": entered.get("trunk_prefix", ""),
            "narration": entered.get("narration", ""),
            "columns": _columns(entered),
        },
        "back": {
            **{role.value: entered.get(role.value, "") for role in Role},
            "words": words,
            "amounts": entered.get("back_amounts", ""),
            "decimal_mark": entered.get("decimal_mark", ""),
            "is_quantity": bool(entered.get("is_quantity")),
            "refuses_success_messages": bool(entered.get("refuses_success_messages")),
            "times": entered.get("times", ""),
            "zone": entered.get("zone", ""),
        },
    }


def whole(profile: Profile) -> dict[str, Any]:
    """A layout with every rule in it, as a form would keep it: two that say the same are equal."""
    typed = as_typed(profile.data, "en")
    for number, (name, source, text) in enumerate(rows_of(profile.data)):
        typed |= {f"column_{number}": name, f"from_{number}": source, f"text_{number}": text}
    return data_of(typed, slug=profile.slug, language="en")


def _columns(entered: Mapping[str, str]) -> Sequence[dict[str, str]]:
    """Every column that has a name or words; a row that was emptied is taken out."""
    found = []
    for number in range(MOST_COLUMNS + EMPTY_ROWS):
        name, text = entered.get(f"column_{number}", ""), entered.get(f"text_{number}", "")
        source = entered.get(f"from_{number}", FIXED)
        if not name and (source != FIXED or not text):
            continue
        fixed = source == FIXED
        found.append(
            {
                "name": name[: 2 * LONGEST_NAME],
                "from": "" if fixed else source,
                "text": text if fixed else "",
            }
        )
    return found
