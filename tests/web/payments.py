"""Payments that go out and the provider's side of it: what it does with our file before it comes back."""

import csv
from collections.abc import Callable, Sequence
from io import BytesIO, StringIO
from uuid import UUID

from openpyxl import Workbook, load_workbook

from app.core.money import Money
from app.domain.batches.rules import LineState
from app.web.payout_files.profile import Form, Profile, Role
from app.web.payout_files.write import PaymentLine

BATCH = UUID("0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
NUMBERS = ("+260971234567", "+260970000012", "+260955555555", "+260961112223")
Table = list[list[str]]


def payments(
    currency: str = "UAH", amounts: Sequence[int] = (750, 25_000, 5, 123_456)
) -> list[PaymentLine]:
    return [
        PaymentLine(
            line_no, f"P{line_no:03}QXZ7", NUMBERS[line_no % len(NUMBERS)], Money(minor, currency)
        )
        for line_no, minor in enumerate(amounts, start=1)
    ]


def opened(content: bytes, form: Form, delimiter: str = ",") -> Table:
    """A file as a provider's program reads it: the text of every cell."""
    if form is Form.CSV:
        return list(csv.reader(StringIO(content.decode(), newline=""), delimiter=delimiter))
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    return [
        ["" if cell is None else str(cell) for cell in row]
        for row in sheet.iter_rows(values_only=True)
    ]


def as_csv(table: Table, *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    out = StringIO()
    csv.writer(out, delimiter=delimiter).writerows(table)
    return out.getvalue().encode(encoding)


def as_xlsx(table: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in table:
        sheet.append(list(row))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def answered(
    profile: Profile, table: Table, say: Callable[[int], tuple[LineState, Money | None]]
) -> Table:
    """What a provider gives back: our columns, filled in, beside columns of its own that are none of our business."""
    columns = profile.back.columns
    extra = [name for name in columns.values() if name not in table[0]]
    heads = [*table[0], *extra, "ReceiverPartyPublicName"]
    place = {role: heads.index(name) for role, name in columns.items()}
    filled = [heads]
    for number, row in enumerate(table[1:]):
        cells = [*row, *[""] * (len(extra)), "Olena Kovalenko"]
        state, paid = say(number)
        words = {state: word for word, state in profile.back.words.items()}
        if Role.STATUS in place:
            cells[place[Role.STATUS]] = words.get(state, "")
        if Role.AMOUNT in place:
            cells[place[Role.AMOUNT]] = "" if paid is None else str(paid.major)
            if profile.back.is_quantity and state is LineState.FAILED:
                cells[place[Role.AMOUNT]] = "-1"
        if Role.RECEIPT in place:
            cells[place[Role.RECEIPT]] = f"R{number}"
        if Role.ERROR in place and state is LineState.FAILED:
            cells[place[Role.ERROR]] = "Number +260 97 123 45 67 is closed"
        filled.append(cells)
    return filled
