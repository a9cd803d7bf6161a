"""Tables to take away keep what people typed as text, and money exact, in each of their three forms."""

import csv
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pypdfium2  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.core.money import Money
from app.web.csv_file import FORMULA
from app.web.table_files import (
    KINDS,
    MOST_ON_PAPER,
    Column,
    Row,
    TooLongForPaper,
    Unit,
    table_file,
)

COLUMNS = (
    Column("who", "Who"),
    Column("owed", "Owed", Unit.MONEY),
    Column("count", "Count", Unit.NUMBER),
    Column("since", "Since", Unit.DAY),
)
SEVEN_FIFTY = Money(750, "UAH")
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "=HYPERLINK(\"http://x\",\"y\")",
    "@SUM(A1:A9)",
    "-2+3",
    "+1+1",
    "\t=1+1",
    "\r=1+1",
    "a\nb",
    "|x",
    "%0A=1",
]  # fmt: skip


def rows_of(*texts: str, money: Money = SEVEN_FIFTY) -> list[Row]:
    return [(text, money, 3, date(2026, 3, 8)) for text in texts]


def body(
    kind: str, rows: Sequence[Row], *, language: str = "en", notes: Sequence[str] = ()
) -> bytes:
    answer = table_file(kind, "owed", "Owed", COLUMNS, rows, language=language, notes=notes)
    return bytes(answer.body)


def as_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


def as_sheet(content: bytes) -> Worksheet:
    return load_workbook(BytesIO(content)).worksheets[0]


def as_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_spreadsheet_takes_what_someone_typed_for_a_formula(text: str) -> None:
    (cell,) = (row[0] for row in as_csv(body("csv", rows_of(text)))[1:])
    assert cell.startswith("'") or not cell.startswith(FORMULA)
    found = as_sheet(body("xlsx", rows_of(text)))["A2"]
    assert found.data_type == "s"
    assert str(found.value).startswith("'") or not str(found.value).startswith(FORMULA)


@pytest.mark.parametrize("text", ["+254712345678", "0012", "00:30", "1e5", "٣٤", "TRUE", "#REF!"])
def test_texts_that_look_like_numbers_stay_texts_in_a_spreadsheet(text: str) -> None:
    cell = as_sheet(body("xlsx", rows_of(text)))["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")
    assert cell.quotePrefix


@pytest.mark.parametrize(
    ("money", "text", "number_format"),
    [
        (Money(750, "UAH"), "7.50", "#,##0.00"),
        (Money(-5, "UAH"), "-0.05", "#,##0.00"),
        (Money(12_345, "JPY"), "12345", "#,##0"),
        (Money(1_250, "KWD"), "1.250", "#,##0.000"),
        (Money(10**14 + 1, "UAH"), "1000000000000.01", "#,##0.00"),
    ],
)
def test_money_is_exact_in_its_own_decimals(money: Money, text: str, number_format: str) -> None:
    heads, row = as_csv(body("csv", rows_of("Kyiv", money=money)))
    assert (row[1], row[-1], heads[-1]) == (text, money.currency, "currency")
    sheet = as_sheet(body("xlsx", rows_of("Kyiv", money=money)))
    assert sheet["B1"].value == f"Owed, {money.currency}"
    assert Decimal(repr(sheet["B2"].value)) == money.major
    assert sheet["B2"].number_format == number_format


def test_amounts_of_several_currencies_name_theirs() -> None:
    rows = [*rows_of("Kyiv"), *rows_of("Tokyo", money=Money(7, "JPY"))]
    assert [row[-1] for row in as_csv(body("csv", rows))] == ["currency", "UAH", "JPY"]
    assert as_sheet(body("xlsx", rows))["B1"].value == "Owed"
    assert "¥7" in as_text(body("pdf", rows))


def test_a_spreadsheet_keeps_its_heading_in_sight_and_its_days_as_days() -> None:
    content = body("xlsx", rows_of("Kyiv"), notes=["Until the end of March."])
    sheet = as_sheet(content)
    assert sheet.freeze_panes == "A2"
    assert sheet["D2"].value == datetime(2026, 3, 8)  # noqa: DTZ001 - spreadsheets know no zones
    assert all(dimension.width >= 8 for dimension in sheet.column_dimensions.values())
    assert load_workbook(BytesIO(content)).worksheets[1]["A2"].value == "Until the end of March."


def test_moments_are_written_as_they_were_given() -> None:
    columns = (Column("at", "At", Unit.MOMENT),)
    rows = [(datetime(2026, 3, 8, 9, 30, tzinfo=UTC),)]
    made = {
        kind: bytes(table_file(kind, "t", "T", columns, rows, language="uk").body) for kind in KINDS
    }
    assert as_csv(made["csv"])[1] == ["2026-03-08T09:30:00+00:00"]
    assert as_sheet(made["xlsx"])["A2"].value == datetime(2026, 3, 8, 9, 30)  # noqa: DTZ001
    assert "08.03.26, 09:30" in as_text(made["pdf"])


def test_nothing_turns_the_line_it_stands_in_over() -> None:
    text = "paid\u202eton\x00\x1b\ud800"
    assert as_csv(body("csv", rows_of(text)))[1][0] == "paidton"
    assert as_sheet(body("xlsx", rows_of(text)))["A2"].value == "paidton"
    assert "paidton" in as_text(body("pdf", rows_of(text)))


def test_paper_has_a_title_notes_numbered_pages_and_its_heading_on_each() -> None:
    content = body(
        "pdf", rows_of(*(f"Account {n}" for n in range(90))), language="uk", notes=["Примітка"]
    )
    document = pypdfium2.PdfDocument(content)
    texts = [page.get_textpage().get_text_range() for page in document]
    assert len(texts) > 1
    assert "Примітка" in texts[0]
    for number, text in enumerate(texts, start=1):
        assert f"Сторінка {number} з {len(texts)}" in text
        assert "Owed, UAH" in text
    assert sum(text.count("7,50") for text in texts) == 90


def test_paper_takes_typed_markup_and_letters_no_font_has_as_they_are() -> None:
    text = '#include "x" $x$ *b* שלום 👩'
    assert '#include "x" $x$ *b*' in as_text(body("pdf", rows_of(text)))


def test_an_empty_table_says_so() -> None:
    assert "There is nothing in this table yet." in as_text(body("pdf", []))
    assert len(as_csv(body("csv", []))) == 1
    assert as_sheet(body("xlsx", [])).max_row == 1


def test_more_than_anyone_prints_is_refused_on_paper_only() -> None:
    rows = rows_of(*["Kyiv"] * (MOST_ON_PAPER + 1))
    with pytest.raises(TooLongForPaper):
        body("pdf", rows)
    assert len(as_csv(body("csv", rows))) == MOST_ON_PAPER + 2


def test_ten_thousand_rows_take_little_memory() -> None:
    rows = rows_of(*(f"+2547{n:08}" for n in range(10_000)))
    for kind in ("csv", "xlsx"):
        tracemalloc.start()
        body(kind, rows)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 24_000_000, kind


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_typed_can_be_taken_away(text: str) -> None:
    (cell,) = (row[0] for row in as_csv(body("csv", rows_of(text)))[1:])
    assert cell.startswith("'") or not cell.startswith(FORMULA)
    found = as_sheet(body("xlsx", rows_of(text)))["A2"]
    assert found.data_type in ("s", "n", "inlineStr")
    assert found.value is None or isinstance(found.value, str)
