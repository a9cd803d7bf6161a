"""Tables to take away: one description of a table becomes CSV for programs, XLSX for spreadsheets, or PDF for paper.

Whatever people typed stays text in each of them: no spreadsheet takes it for a formula, and no zero or plus is lost at
its beginning.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from io import BytesIO, StringIO

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from fastapi import Response
from openpyxl import Workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.cell.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from app.core.errors import DomainError, Kind
from app.core.i18n import N_, translations, with_minus
from app.core.money import Money
from app.printing.table import PrintedTable, table_pdf
from app.web.csv_file import FORMULA, safe

KINDS = ("csv", "xlsx", "pdf")
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
EMPTY = N_("There is nothing in this table yet.")
PAGE_OF = N_("Page {page} of {pages}")

MOST_ON_PAPER = 2_000
LONGEST_CELL = 32_767  # what a spreadsheet takes
NARROWEST, WIDEST = 8, 48
TALLEST_LOOK = 500  # rows by which a column's width is chosen
# Controls that XML cannot hold, halves of characters, and what turns the reading direction of its surroundings over.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u202a-\u202e]")
_NUMBER_LIKE = re.compile(r"[+-]?[0-9]+", re.ASCII)


class TooLongForPaper(DomainError):
    """More rows than anybody prints: setting ten thousand takes a gigabyte of memory."""

    kind, code = Kind.INVALID, "too_long_for_paper"


class Unit(StrEnum):
    """What the cells of a column are: ``str``; ``Money``; ``int``, ``float`` or ``Decimal``; ``date``; ``datetime``.

    Moments come in the zone in which they are to be read.
    """

    TEXT = "text"
    MONEY = "money"
    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` is its name for programs, ``name`` the one for people, in their language and without a currency."""

    key: str
    name: str
    unit: Unit = Unit.TEXT


Cell = str | int | float | Decimal | Money | date | datetime | None
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """A table to take away.

    Attributes:
        name: the file's, without its ending.
        title: in the reader's language.
        notes: what to know of it, in the reader's language: XLSX keeps them on a sheet of their own, CSV leaves them out.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of {self.name!r} has other columns than the table")

    def currency_of(self, column: int) -> str | None:
        """The one currency of a column of money, or none where there are several."""
        found = {cell.currency for row in self.rows if isinstance(cell := row[column], Money)}
        return found.pop() if len(found) == 1 else None


def table_file(
    kind: str,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    language: str,
    notes: Sequence[str] = (),
) -> Response:
    """A download. ``kind`` is one of ``KINDS``; a route declares it as ``Literal["csv", "xlsx", "pdf"]``.

    Raises: TooLongForPaper.
    """
    table = Table(name, title, tuple(columns), rows, tuple(notes))
    content = {"csv": _csv, "xlsx": xlsx_of, "pdf": _pdf}[kind](table, language)
    return Response(
        content,
        media_type=MEDIA[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
    )


def _csv(table: Table, language: str) -> bytes:
    """In UTF-8, with the mark that tells a spreadsheet so. Money has its currency in a last column."""
    money = [n for n, column in enumerate(table.columns) if column.unit is Unit.MONEY]
    keys = [column.key for column in table.columns]
    adds_currency = bool(money) and "currency" not in keys
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([*keys, "currency"] if adds_currency else keys)
    for row in table.rows:
        cells = [_csv_cell(cell) for cell in row]
        if adds_currency:
            found = {cell.currency for n in money if isinstance(cell := row[n], Money)}
            cells.append(" ".join(sorted(found)))
        writer.writerow(cells)
    return out.getvalue().encode("utf-8-sig")


def _csv_cell(cell: Cell) -> str:
    match cell:
        case Money():
            return str(cell.major)
        case date():
            return cell.isoformat()
        case str():
            return safe(printable(cell))
        case _:
            return safe(cell)


def xlsx_of(table: Table, language: str) -> bytes:
    """A spreadsheet whose heading stays in sight."""
    book = Workbook(write_only=True)
    book.properties.creator = ""
    book.properties.title = printable(table.title)
    sheet = book.create_sheet(sheet_name(table.title))
    sheet.freeze_panes = "A2"
    if language in ("ar", "fa", "he", "ur", "ps"):
        sheet.sheet_view.rightToLeft = True
    heads = _heads(table)
    for number, width in enumerate(_widths(table, heads, language), start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    bold, wrapped = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    top = []
    for head in heads:
        cell = text_cell(sheet, head)
        cell.font, cell.alignment = bold, wrapped
        top.append(cell)
    sheet.append(top)
    for row in table.rows:
        sheet.append([_xlsx_cell(sheet, cell) for cell in row])
    if table.notes:
        about = book.create_sheet(sheet_name(translations(language).gettext(N_("Notes"))))
        about.column_dimensions["A"].width = 100
        for note in (table.title, *table.notes):
            line = text_cell(about, note)
            line.alignment = wrapped
            about.append([line])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _xlsx_cell(sheet: object, value: Cell) -> SheetCell | None:
    match value:
        case None:
            return None
        case str():
            return text_cell(sheet, value)
        case Money():
            cell = WriteOnlyCell(sheet, value.major)  # type: ignore[arg-type]
            cell.number_format = money_format(value)
            return cell
        case datetime():
            cell = WriteOnlyCell(sheet, value.replace(tzinfo=None, microsecond=0))  # type: ignore[arg-type]
            cell.number_format = "yyyy-mm-dd hh:mm"
            return cell
        case date():
            cell = WriteOnlyCell(sheet, value)  # type: ignore[arg-type]
            cell.number_format = "yyyy-mm-dd"
            return cell
        case _:
            return WriteOnlyCell(sheet, value)  # type: ignore[arg-type]


def text_cell(sheet: object, text: str) -> SheetCell:
    """A cell that is text and stays text when someone edits it: ``+254…`` and leading zeros survive.

    What looks like a formula gets an apostrophe of its own, since the next program to save it as CSV forgets the type.
    """
    text = printable(text)
    if text.startswith(FORMULA) and not _NUMBER_LIKE.fullmatch(text):
        text = f"'{text}"
    cell = WriteOnlyCell(sheet)  # type: ignore[arg-type]
    cell.value = text[:LONGEST_CELL]
    cell.data_type = "s"
    cell.number_format = "@"
    cell.quotePrefix = True
    return cell


def money_format(value: Money) -> str:
    """A spreadsheet's own format for amounts of a currency.

    >>> money_format(Money(100, "UAH")), money_format(Money(100, "JPY")), money_format(Money(100, "KWD"))
    ('#,##0.00', '#,##0', '#,##0.000')
    """
    places = -int(value.major.as_tuple().exponent)
    return "#,##0" + ("." + "0" * places if places else "")


def printable(text: str) -> str:
    """Without what no file can hold, or what makes a line read otherwise than it is written.

    >>> printable("a\\x00b\\u202ec")
    'abc'
    """
    return _UNPRINTABLE.sub("", text)


def sheet_name(title: str) -> str:
    """A name that spreadsheets take: 31 characters, none of theirs.

    >>> sheet_name("Owed [2026/03]: all")
    'Owed 2026 03 all'
    """
    cleaned = " ".join(re.sub(r"[\[\]:*?/\\']", " ", printable(title)).split())
    return cleaned[:31].strip() or "1"


def _heads(table: Table) -> list[str]:
    """The names of the columns, with the currency where a column has only one."""
    return [
        f"{column.name}, {currency}" if (currency := table.currency_of(n)) else column.name
        for n, column in enumerate(table.columns)
    ]


def _pdf(table: Table, language: str) -> bytes:
    if len(table.rows) > MOST_ON_PAPER:
        raise TooLongForPaper(rows=len(table.rows), most=MOST_ON_PAPER)
    gettext = translations(language).gettext
    single = [table.currency_of(n) is not None for n in range(len(table.columns))]
    return table_pdf(
        PrintedTable(
            language=language,
            title=printable(table.title),
            notes=tuple(map(printable, table.notes)),
            running=printable(table.title),
            page_of=gettext(PAGE_OF),
            empty=gettext(EMPTY),
            columns=tuple(map(printable, _heads(table))),
            numbers=tuple(column.unit in (Unit.MONEY, Unit.NUMBER) for column in table.columns),
            rows=[
                tuple(
                    in_words(cell, language, names_currency=not one)
                    for cell, one in zip(row, single, strict=True)
                )
                for row in table.rows
            ],
        )
    )


def in_words(cell: Cell, language: str, *, names_currency: bool = True) -> str:
    """A cell as a person reads it."""
    match cell:
        case None:
            return ""
        case str():
            return printable(cell)
        case Money():
            if names_currency:
                return with_minus(cell.text(language))
            return with_minus(format_decimal(cell.major, money_format(cell), locale=language))
        case datetime():
            return format_datetime(cell, "short", tzinfo=cell.tzinfo, locale=language)
        case date():
            return format_date(cell, "medium", locale=language)
        case _:
            return with_minus(format_decimal(cell, locale=language))


def _widths(table: Table, heads: Sequence[str], language: str) -> list[int]:
    """In characters, by the heads' longest words and the first rows."""
    look = table.rows[:TALLEST_LOOK]
    return [
        min(
            WIDEST,
            max(
                NARROWEST,
                *(len(word) + 2 for word in head.split()),
                *(len(in_words(row[n], language, names_currency=False)) + 2 for row in look),
            ),
        )
        for n, head in enumerate(heads)
    ]
