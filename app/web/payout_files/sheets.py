"""Rows of a file that somebody brought: text or a spreadsheet, taken apart without believing anything it says."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from defusedxml.ElementTree import iterparse
from openpyxl import load_workbook

from app.web.payout_files.faults import FileFault, FileFaultCode
from app.web.payout_files.profile import DELIMITERS

LARGEST = 1024 * 1024
LARGEST_UNPACKED = 16 * LARGEST
LARGEST_PART = (
    2 * LARGEST
)  # of what holds no cells: each style costs openpyxl as much time as a cell
MOST_CELLS = 300_000
MOST_PARTS = 200
MOST_ROWS = 12_000  # more than a batch has lines, with room for empty ones
WIDEST = 80
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MACROS = re.compile(r"vba|macrosheet|activex|\.bin$", re.IGNORECASE)
_HARMLESS = re.compile(r"printersettings", re.IGNORECASE)
_LINKS = re.compile(r"externallinks?/|connections\.xml|querytables/|embeddings/", re.IGNORECASE)
_SHEET = re.compile(r"/worksheets/[^/]+\.xml$", re.IGNORECASE)
_CELLS = re.compile(r"/worksheets/[^/]+\.xml$|/sharedstrings\.xml$", re.IGNORECASE)
_SEPARATOR = re.compile(r"sep=(.)\r?\n")


class Unreadable(Exception):
    """The file, or the rest of it, cannot be read."""

    def __init__(self, code: FileFaultCode, line_no: int = 0, **facts: object) -> None:
        super().__init__(code.value)
        self.fault = FileFault(line_no, code, facts)


@dataclass(frozen=True, slots=True)
class Seen:
    """A cell: its text, and what a spreadsheet held instead of text."""

    text: str
    value: Decimal | datetime | date | None = None
    is_formula: bool = False


Line = tuple[int, list[Seen]]
NOTHING = Seen("")


def lines_of(content: bytes, *, known: frozenset[str], preferred: str) -> Iterator[Line]:
    """The lines of a file that are not empty, with their numbers; the first is the heading.

    ``known`` are names of columns, by which the delimiter of a text is found; ``preferred`` is the profile's.

    Raises:
        Unreadable: at once, or when the reading comes to the place.
    """
    if len(content) > LARGEST:
        raise _too_large()
    if content.startswith(OLE):
        raise Unreadable(FileFaultCode.LOCKED_OR_OLD)
    if content.startswith(ZIP):
        yield from _rows_of_workbook(content)
    else:
        yield from _rows_of_text(_decoded(content), known, preferred)


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(FileFaultCode.NOT_TEXT) from None
    if "\x00" in text:
        raise Unreadable(FileFaultCode.NOT_TEXT)
    return text


def _rows_of_text(text: str, known: frozenset[str], preferred: str) -> Iterator[Line]:
    given, skipped = _SEPARATOR.match(text), 0
    if given:
        text, skipped = text[given.end() :], 1
    delimiter = given[1] if given else _delimiter(text, known, preferred)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (TypeError, ValueError):  # a line break or a quotation mark as delimiter
        raise Unreadable(FileFaultCode.NOT_TEXT) from None
    before = skipped
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield before + 1, [Seen(cell) for cell in cells]
            before = reader.line_num + skipped
    except csv.Error:
        raise Unreadable(FileFaultCode.BROKEN_QUOTES, before + 1) from None


def _delimiter(text: str, known: frozenset[str], preferred: str) -> str:
    """The one that finds most of the columns in the heading."""
    heading = next((line for line in text.splitlines() if line.strip()), "")

    def finds(delimiter: str) -> tuple[int, bool]:
        names = {name.strip().strip('"').casefold() for name in heading.split(delimiter)}
        return len(names & known), delimiter == preferred

    return max(DELIMITERS, key=finds)


def _rows_of_workbook(content: bytes) -> Iterator[Line]:
    """The rows of the first sheet.

    Whatever the file holds instead of what it should, openpyxl stumbles over it in one of many ways: there is no list
    of them, and none of them is ours.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            _check_parts(parts)
            holds_formula = _has_formula(parts)
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        rows = book.worksheets[0].iter_rows(max_row=MOST_ROWS + 1, max_col=WIDEST)
        told = False
        for number, row in enumerate(rows, start=1):
            cells = [_seen(cell) for cell in row]
            while cells and cells[-1] == NOTHING:
                cells.pop()
            told = told or any(cell.is_formula for cell in cells)
            if cells:
                yield number, cells
    except (Unreadable, GeneratorExit):
        raise
    except Exception:  # noqa: BLE001 - see above
        raise Unreadable(FileFaultCode.BROKEN_WORKBOOK) from None
    if holds_formula and not told:  # on another sheet, or far to the right
        raise Unreadable(FileFaultCode.FORMULA, column="…")


def _check_parts(parts: zipfile.ZipFile) -> None:
    """Refuse what would grow when it is unpacked, what is locked, and what does more than hold values."""
    infos = parts.infolist()
    if len(infos) > MOST_PARTS or sum(info.file_size for info in infos) > LARGEST_UNPACKED:
        raise _too_large()
    if any(info.flag_bits & 0x1 for info in infos):
        raise Unreadable(FileFaultCode.LOCKED_OR_OLD)
    if any(i.file_size > LARGEST_PART and not _CELLS.search(i.filename) for i in infos):
        raise _too_large()
    names = [info.filename for info in infos]
    if any(_LINKS.search(name) for name in names):
        raise Unreadable(FileFaultCode.EXTERNAL_LINKS)
    if any(_MACROS.search(name) and not _HARMLESS.search(name) for name in names):
        raise Unreadable(FileFaultCode.MACROS)
    if b"macroEnabled" in parts.read("[Content_Types].xml"):
        raise Unreadable(FileFaultCode.MACROS)


def _has_formula(parts: zipfile.ZipFile) -> bool:
    """Whether any sheet computes, seen or unseen. Raises: Unreadable, for more cells than ten thousand lines have."""
    cells, found = 0, False
    for name in parts.namelist():
        if not _SHEET.search(name):
            continue
        with parts.open(name) as sheet:
            for _, element in iterparse(sheet, events=("end",)):
                tag = element.tag.rpartition("}")[2]
                cells += tag == "c"
                found = found or tag == "f"
                if cells > MOST_CELLS:
                    raise _too_large()
                if tag == "row":
                    element.clear()
    return found


def _seen(cell: Any) -> Seen:
    value = cell.value
    if cell.data_type == "f":
        return Seen("", is_formula=True)
    match value:
        case None:
            return NOTHING
        case bool():
            return Seen(str(value).lower())
        case int():
            return Seen(str(value), Decimal(value))
        case float():
            # The shortest text that is this number: 7.5, but 0.30000000000000004.
            return Seen(repr(value), Decimal(repr(value)))
        case datetime() | date():
            return Seen(value.isoformat(), value)
        case _:
            return Seen(str(value))


def _too_large() -> Unreadable:
    mega = LARGEST_UNPACKED // (1024 * 1024)
    return Unreadable(FileFaultCode.TOO_LARGE, most=LARGEST // 1024, unpacked=mega)
