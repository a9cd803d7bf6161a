"""What can be wrong with a file that comes back: a stable code, and words for the person who brought it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.i18n import N_, translations


class FileFaultCode(StrEnum):
    # of the whole file
    EMPTY_FILE = "empty_file"
    TOO_LARGE = "too_large"
    NOT_TEXT = "not_text"
    LOCKED_OR_OLD = "locked_or_old"
    BROKEN_WORKBOOK = "broken_workbook"
    MACROS = "macros"
    EXTERNAL_LINKS = "external_links"
    BROKEN_QUOTES = "broken_quotes"
    WRONG_COLUMNS = "wrong_columns"
    COLUMN_TWICE = "column_twice"
    TOO_MANY_LINES = "too_many_lines"
    # of a line
    FORMULA = "formula"
    OTHER_CELLS = "other_cells"
    EMPTY_MATCH = "empty_match"
    TWICE = "twice"
    OTHER_BATCH = "other_batch"
    WRONG_CURRENCY = "wrong_currency"
    EMPTY_STATUS = "empty_status"
    UNKNOWN_STATUS = "unknown_status"
    AMOUNT_MISSING = "amount_missing"
    NOT_AN_AMOUNT = "not_an_amount"
    EXPONENT_NOTATION = "exponent_notation"
    TOO_MANY_DECIMALS = "too_many_decimals"
    FLOAT_AMOUNT = "float_amount"
    BAD_TIME = "bad_time"
    MESSAGE_ON_SUCCESS = "message_on_success"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class FileFault:
    """What is wrong with a line of a file; line 0 is the file itself. ``facts`` are cut short and safe to show."""

    line_no: int
    code: FileFaultCode
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """In a reader's language."""
        return translations(language).gettext(FAULTS[self.code]) % self.facts

    def advice(self, language: str) -> str:
        """What to do about it, where the text does not say so itself."""
        advice = ADVICE.get(self.code)
        return translations(language).gettext(advice) if advice else ""


FAULTS: Mapping[FileFaultCode, str] = {
    FileFaultCode.EMPTY_FILE: N_("The file is empty, or has no line below its heading."),
    FileFaultCode.TOO_LARGE: N_("The file is too large: at most %(most)s KB, unpacked %(unpacked)s MB."),
    FileFaultCode.NOT_TEXT: N_("This is neither a text file in UTF-8 nor a spreadsheet (XLSX). Please save it as one of these."),
    FileFaultCode.LOCKED_OR_OLD: N_("The spreadsheet is locked with a password, or of the old kind (XLS). Please save it as XLSX without a password."),
    FileFaultCode.BROKEN_WORKBOOK: N_("The spreadsheet cannot be read: it is damaged. Please save it again as XLSX."),
    FileFaultCode.MACROS: N_("The spreadsheet holds a program of its own (macros). Please save it as XLSX without it."),
    FileFaultCode.EXTERNAL_LINKS: N_("The spreadsheet takes values from other files. Please save it with values only."),
    FileFaultCode.BROKEN_QUOTES: N_("From here on the file cannot be read: a quotation mark is missing or too many."),
    FileFaultCode.WRONG_COLUMNS: N_("These columns are missing: %(columns)s."),
    FileFaultCode.COLUMN_TWICE: N_("The column “%(column)s” is there twice."),
    FileFaultCode.TOO_MANY_LINES: N_("The file has more than %(most)s lines."),
    FileFaultCode.FORMULA: N_("The column “%(column)s” holds a formula. Please bring the file with values only."),
    FileFaultCode.OTHER_CELLS: N_("The line has %(found)s cells, the heading %(expected)s."),
    FileFaultCode.EMPTY_MATCH: N_("The payment reference is missing."),
    FileFaultCode.TWICE: N_("The same payment reference stands in line %(first)s already."),
    FileFaultCode.OTHER_BATCH: N_("This line is of another batch."),
    FileFaultCode.WRONG_CURRENCY: N_("The currency is not %(currency)s."),
    FileFaultCode.EMPTY_STATUS: N_("The status is missing."),
    FileFaultCode.UNKNOWN_STATUS: N_("The layout does not know the status “%(word)s”."),
    FileFaultCode.AMOUNT_MISSING: N_("The amount is missing."),
    FileFaultCode.NOT_AN_AMOUNT: N_("“%(cell)s” is not an amount: digits, and one mark before the decimals."),
    FileFaultCode.EXPONENT_NOTATION: N_("“%(cell)s” is a number in short form: a spreadsheet has lost its digits."),
    FileFaultCode.TOO_MANY_DECIMALS: N_("“%(cell)s” has other decimals than %(currency)s: at most %(places)s."),
    FileFaultCode.FLOAT_AMOUNT: N_("“%(cell)s” is not exact in %(currency)s."),
    FileFaultCode.BAD_TIME: N_("“%(cell)s” is not a time as the layout has it."),
    FileFaultCode.MESSAGE_ON_SUCCESS: N_("The payment succeeded and yet has a message of an error."),
    FileFaultCode.TOO_LONG: N_("The column “%(column)s” holds more than %(most)s characters."),
}  # fmt: skip

ASK_AGAIN = N_("Please ask the provider for the file again.")
ASK_FOR_AMOUNT = N_("Please ask the provider for the exact amount.")
SPLIT = N_("Please split it into smaller files.")
ADVICE: Mapping[FileFaultCode, str] = {
    FileFaultCode.EMPTY_FILE: ASK_AGAIN,
    FileFaultCode.TOO_LARGE: SPLIT,
    FileFaultCode.BROKEN_QUOTES: ASK_AGAIN,
    FileFaultCode.WRONG_COLUMNS: N_("Please choose the layout that this file has, or ask the provider for these columns."),
    FileFaultCode.COLUMN_TWICE: N_("Please take one of them out."),
    FileFaultCode.TOO_MANY_LINES: SPLIT,
    FileFaultCode.OTHER_CELLS: N_("Please look for a separator that is missing in this line, or too many."),
    FileFaultCode.EMPTY_MATCH: N_("Please ask the provider which payment it is."),
    FileFaultCode.TWICE: N_("Please ask the provider which line is right, and take the other one out."),
    FileFaultCode.OTHER_BATCH: N_("Please bring this line back to the batch it belongs to."),
    FileFaultCode.WRONG_CURRENCY: N_("Please ask the provider for the amounts in the currency that was sent."),
    FileFaultCode.EMPTY_STATUS: N_("Please ask the provider what became of it."),
    FileFaultCode.UNKNOWN_STATUS: N_("Please add the word to the layout under Payment files, or ask the provider what it means."),
    FileFaultCode.AMOUNT_MISSING: N_("Please ask the provider what was paid."),
    FileFaultCode.NOT_AN_AMOUNT: N_("Please write it in digits alone, without a currency and without marks between thousands."),
    FileFaultCode.EXPONENT_NOTATION: ASK_FOR_AMOUNT,
    FileFaultCode.TOO_MANY_DECIMALS: ASK_FOR_AMOUNT,
    FileFaultCode.FLOAT_AMOUNT: ASK_FOR_AMOUNT,
    FileFaultCode.BAD_TIME: N_("Please correct it, or choose under Payment files how the layout writes times."),
    FileFaultCode.MESSAGE_ON_SUCCESS: N_("Please ask the provider which of them is right."),
    FileFaultCode.TOO_LONG: N_("Please make it shorter."),
}  # fmt: skip
