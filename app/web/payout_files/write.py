"""What goes out: one file for the program that pays, with every value checked, and one for people to look at.

The first is raw on purpose: an apostrophe before ``+254…`` would be part of the number. So nothing goes into it that was not
checked to be what its column says. The second is safe to open.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from uuid import UUID

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, WriteOnlyCell

from app.core.errors import DomainError, Kind
from app.core.i18n import N_, translations
from app.core.money import Money
from app.web.payout_files.profile import Amounts, Field, Form, Numbers, OutColumn, Profile
from app.web.table_files import MEDIA, Column, Table, Unit, money_format, xlsx_of

REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{3,63}", re.ASCII)
E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)

HEADS = (
    Column("line_no", N_("Line"), Unit.NUMBER),
    Column("payment_ref", N_("Payment reference")),
    Column("msisdn", N_("Phone number")),
    Column("amount", N_("Amount"), Unit.MONEY),
)


class CannotWrite(DomainError):
    """A payment that a provider's file cannot hold; ``reason`` says why and ``lines`` which."""

    kind, code = Kind.INVALID, "cannot_write_payments"


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment as it leaves the house: no person, no name."""

    line_no: int
    payment_ref: str
    msisdn: str | None
    amount: Money


@dataclass(frozen=True, slots=True)
class OutFile:
    content: bytes
    media_type: str
    name: str


def payment_file(profile: Profile, batch_id: UUID, lines: Sequence[PaymentLine]) -> OutFile:
    """The file a provider takes. The same lines give the same values in the same order.

    Raises:
        CannotWrite: a number is missing or of another country, an amount is none, or something stands twice.
    """
    _check(profile, lines)
    heads = [column.name for column in profile.out.columns]
    rows = [cells_of(profile, batch_id, line) for line in lines]
    form = profile.out.form
    content = (
        _csv(heads, rows, profile.out.delimiter)
        if form is Form.CSV
        else _xlsx(heads, rows, profile, lines)
    )
    return OutFile(content, MEDIA[form], f"payments-{batch_id.hex[-8:]}-{profile.slug}.{form}")


def cells_of(profile: Profile, batch_id: UUID, line: PaymentLine) -> list[str]:
    """A payment as the cells of the provider's columns."""
    return [_value(profile, column, batch_id, line) for column in profile.out.columns]


def people_file(batch_id: UUID, lines: Sequence[PaymentLine], *, language: str) -> OutFile:
    """The same payments for people: a spreadsheet that opens safely, with headings in their language."""
    gettext = translations(language).gettext
    table = Table(
        name=f"payments-{batch_id.hex[-8:]}",
        title=gettext(N_("Payments")),
        columns=tuple(Column(each.key, gettext(each.name), each.unit) for each in HEADS),
        rows=[(line.line_no, line.payment_ref, line.msisdn or "", line.amount) for line in lines],
    )
    return OutFile(xlsx_of(table, language), MEDIA["xlsx"], f"{table.name}.xlsx")


def _check(profile: Profile, lines: Sequence[PaymentLine]) -> None:
    """Raises: CannotWrite."""
    if not lines:
        raise CannotWrite(reason="nothing_to_send", lines=[])
    needs_number = bool(profile.out.names_of(Field.MSISDN))
    is_national = profile.out.numbers is Numbers.NATIONAL
    home = f"+{profile.out.country_code}"
    faults = {
        "bad_reference": [n for n in lines if not REFERENCE.fullmatch(n.payment_ref)],
        "bad_amount": [n for n in lines if n.amount.minor <= 0],
        "bad_number": [n for n in lines if n.msisdn and not E164.fullmatch(n.msisdn)],
        "other_country": [
            n
            for n in lines
            if needs_number and is_national and n.msisdn and not n.msisdn.startswith(home)
        ],
        "twice": _repeated(lines),
        "other_currency": [n for n in lines if n.amount.currency != lines[0].amount.currency],
    }
    for reason, found in faults.items():
        if found:
            raise CannotWrite(reason=reason, lines=[line.line_no for line in found])


def _repeated(lines: Sequence[PaymentLine]) -> list[PaymentLine]:
    seen: set[str | int] = set()
    found = []
    for line in lines:
        if line.payment_ref in seen or line.line_no in seen:
            found.append(line)
        seen |= {line.payment_ref, line.line_no}
    return found


def _value(profile: Profile, column: OutColumn, batch_id: UUID, line: PaymentLine) -> str:
    out = profile.out
    match column.field:
        case None:
            return column.text
        case Field.BATCH_ID:
            return str(batch_id)
        case Field.LINE_NO:
            return str(line.line_no)
        case Field.PAYMENT_REF:
            return line.payment_ref
        case Field.MSISDN:
            return number_text(line.msisdn or "", out.numbers, out.country_code, out.trunk_prefix)
        case Field.AMOUNT:
            minor = out.amounts is Amounts.MINOR
            return str(line.amount.minor if minor else line.amount.major)
        case Field.CURRENCY:
            return line.amount.currency
        case Field.NARRATION:
            return out.narration


def number_text(msisdn: str, numbers: Numbers, country_code: str, trunk_prefix: str) -> str:
    """A number as a provider writes it.

    >>> number_text("+260971234567", Numbers.NATIONAL, "260", ""), number_text("+254712345678", Numbers.NATIONAL, "254", "0")
    ('971234567', '0712345678')
    >>> number_text("+380501234567", Numbers.WITHOUT_PLUS, "", "")
    '380501234567'
    """
    if not msisdn or numbers is Numbers.E164:
        return msisdn
    if numbers is Numbers.WITHOUT_PLUS:
        return msisdn.removeprefix("+")
    return trunk_prefix + msisdn.removeprefix(f"+{country_code}")


def _csv(heads: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> bytes:
    """UTF-8 without a mark: programs take the mark for a part of the first column's name."""
    out = StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(heads)
    writer.writerows(rows)
    return out.getvalue().encode()


def _xlsx(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    profile: Profile,
    lines: Sequence[PaymentLine],
) -> bytes:
    """Every cell is text, so that no digit is lost, but amounts, which are exact numbers."""
    book = Workbook(write_only=True)
    book.properties.creator = ""
    sheet = book.create_sheet("Payments")
    sheet.append([_text_cell(sheet, head) for head in heads])
    amounts = {n for n, column in enumerate(profile.out.columns) if column.field is Field.AMOUNT}
    is_minor = profile.out.amounts is Amounts.MINOR
    for row, line in zip(rows, lines, strict=True):
        amount = line.amount.minor if is_minor else line.amount.major
        cells: list[Cell | None] = []
        for place, text in enumerate(row):
            if place in amounts:
                cell = WriteOnlyCell(sheet, amount)  # type: ignore[arg-type]
                cell.number_format = "0" if is_minor else money_format(line.amount)
                cells.append(cell)
            else:
                cells.append(_text_cell(sheet, text) if text else None)
        sheet.append(cells)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _text_cell(sheet: object, text: str) -> Cell:
    cell = WriteOnlyCell(sheet)  # type: ignore[arg-type]
    cell.value = text
    cell.data_type = "s"
    cell.number_format = "@"
    return cell
