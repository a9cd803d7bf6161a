"""Payment files: what goes out is what was approved, what comes back is read exactly or refused with every fault."""

import csv
import time
import zipfile
from functools import cache
from io import BytesIO, StringIO
from typing import Any

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from app.core.money import Money
from app.domain.answers.rules import Answer
from app.domain.batches.rules import MOST_LINES, LineState
from app.printing.wording import telling_words
from app.web.payout_files.faults import FAULTS, FileFault, FileFaultCode
from app.web.payout_files.profile import BadProfile, Form, Profile, Role, built_in, read_profile
from app.web.payout_files.read import Reading, read_answers
from app.web.payout_files.sheets import LARGEST
from app.web.payout_files.write import CannotWrite, PaymentLine, payment_file, people_file
from tests.web.payments import BATCH, answered, as_csv, as_xlsx, opened, payments

PROFILES = sorted(built_in())
CURRENCIES = ("UAH", "JPY", "TND", "KWD")
NEUTRAL = built_in()["neutral"]
HEAD = ["payment_ref", "status", "provider_receipt", "amount_paid", "completed_at", "error"]


def read(content: bytes, profile: Profile = NEUTRAL, currency: str = "UAH") -> Reading:
    return read_answers(profile, content, batch_id=BATCH, currency=currency)


def faults(reading: Reading) -> list[tuple[int, str]]:
    return [(fault.line_no, fault.code.value) for fault in reading.faults]


def one(*cells: str, currency: str = "UAH") -> Reading:
    """A neutral file with one line."""
    return read(as_csv([HEAD, [*cells, *[""] * (len(HEAD) - len(cells))]]), currency=currency)


def variant(profile: Profile, **changes: dict[str, Any]) -> Profile:
    """A profile with some rules of its parts changed."""
    data: dict[str, Any] = {**profile.data}
    for part, given_rules in changes.items():
        data[part] = {**data[part], **given_rules}
    return read_profile(data, key="own-" + "0" * 32, slug=profile.slug)


# out


def test_the_neutral_file_is_exactly_what_was_agreed() -> None:
    lines = [
        PaymentLine(1, "P001QXZ7", "+254712345678", Money(750, "UAH")),
        PaymentLine(2, "0002QXZ7", "+380501234567", Money(25_005, "UAH")),
    ]
    file = payment_file(NEUTRAL, BATCH, lines)
    assert file.content.decode() == (
        "batch_id,line_no,payment_ref,msisdn,amount,currency,narration\r\n"
        f"{BATCH},1,P001QXZ7,+254712345678,7.50,UAH,Payment\r\n"
        f"{BATCH},2,0002QXZ7,+380501234567,250.05,UAH,Payment\r\n"
    )
    assert file.media_type == "text/csv; charset=utf-8"
    assert payment_file(NEUTRAL, BATCH, lines) == file


@pytest.mark.parametrize("slug", PROFILES)
@pytest.mark.parametrize("currency", CURRENCIES)
def test_every_amount_leaves_exactly(slug: str, currency: str) -> None:
    profile, lines = built_in()[slug], payments(currency)
    table = opened(payment_file(profile, BATCH, lines).content, profile.out.form)
    place = next(n for n, each in enumerate(profile.out.columns) if each.field == "amount")
    for row, line in zip(table[1:], lines, strict=True):
        assert Money.parse(row[place], currency) == line.amount
        if profile.out.form is Form.CSV and get_currency_precision(currency):
            assert len(row[place].partition(".")[2]) == get_currency_precision(currency)


@pytest.mark.parametrize("slug", PROFILES)
def test_a_file_that_leaves_holds_no_telling_word_and_no_name(slug: str) -> None:
    profile = built_in()[slug]
    table = opened(payment_file(profile, BATCH, payments()).content, profile.out.form)
    text = " ".join(cell for row in table for cell in row).replace("_", " ")
    assert telling_words(text) == ()
    assert (
        len(
            {
                tuple(row[n] for n, each in enumerate(profile.out.columns) if each.field is None)
                for row in table[1:]
            }
        )
        == 1
    )


@pytest.mark.parametrize(
    ("rules", "written"),
    [
        ({"numbers": "e164"}, "+260971234567"),
        ({"numbers": "without_plus"}, "260971234567"),
        ({"numbers": "national", "country_code": "260"}, "971234567"),
        ({"numbers": "national", "country_code": "260", "trunk_prefix": "0"}, "0971234567"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_number_is_written_as_the_provider_writes_it(
    rules: dict[str, str], written: str, form: str
) -> None:
    profile = variant(NEUTRAL, out={**rules, "form": form})
    line = PaymentLine(1, "P001QXZ7", "+260971234567", Money(750, "ZMW"))
    table = opened(payment_file(profile, BATCH, [line]).content, Form(form))
    assert table[1][3] == written


def test_a_number_of_another_country_is_never_cut_to_one_of_this() -> None:
    lines = [*payments("ZMW"), PaymentLine(9, "P009QXZ7", "+380501234567", Money(1, "ZMW"))]
    with pytest.raises(CannotWrite) as refusal:
        payment_file(built_in()["airtel"], BATCH, lines)
    assert refusal.value.facts == {"reason": "other_country", "lines": [9]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (PaymentLine(7, "=1+1", "+260971234567", Money(1, "UAH")), "bad_reference"),
        (PaymentLine(7, "P007QXZ7", "+26097 1234567", Money(1, "UAH")), "bad_number"),
        (PaymentLine(7, "P007QXZ7", "=cmd", Money(1, "UAH")), "bad_number"),
        (PaymentLine(7, "P007QXZ7", "+260971234567", Money(0, "UAH")), "bad_amount"),
        (PaymentLine(7, "P007QXZ7", "+260971234567", Money(1, "EUR")), "other_currency"),
        (PaymentLine(7, "P001QXZ7", "+260971234567", Money(1, "UAH")), "twice"),
    ],
)
def test_nothing_leaves_that_is_not_what_its_column_says(line: PaymentLine, reason: str) -> None:
    with pytest.raises(CannotWrite) as refusal:
        payment_file(NEUTRAL, BATCH, [*payments(), line])
    assert refusal.value.facts == {"reason": reason, "lines": [7]}


def test_the_file_for_people_opens_safely_and_keeps_every_digit() -> None:
    sheet = load_workbook(
        BytesIO(people_file(BATCH, payments(), language="uk").content)
    ).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [
        "Рядок",
        "Номер виплати",
        "Номер телефону",
        "Сума, UAH",
    ]
    assert (sheet["C2"].value, sheet["C2"].data_type) == ("+260970000012", "s")
    assert (sheet["D2"].value, sheet["D2"].number_format) == (7.5, "#,##0.00")


# out and back


@pytest.mark.parametrize("slug", PROFILES)
@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("back", ["csv", "xlsx", "semicolons", "utf-16"])
def test_what_a_provider_fills_in_comes_back_exactly(slug: str, currency: str, back: str) -> None:
    profile, lines = built_in()[slug], payments(currency)
    table = opened(payment_file(profile, BATCH, lines).content, profile.out.form)
    said = [
        (LineState.PAID, lines[0].amount),
        (LineState.FAILED, None),
        (LineState.SENT, None),
        (LineState.PAID, lines[3].amount),
    ]
    if LineState.SENT not in profile.back.words.values() and not profile.back.is_quantity:
        said[2] = (LineState.FAILED, None)
    filled = answered(profile, table, lambda n: said[n])
    content = {
        "csv": lambda: as_csv(filled),
        "xlsx": lambda: as_xlsx(filled),
        "semicolons": lambda: as_csv(filled, delimiter=";", encoding="utf-8-sig"),
        "utf-16": lambda: as_csv(filled, delimiter="\t", encoding="utf-16"),
    }[back]()

    reading = read(content, profile, currency)

    assert reading.faults == ()
    assert [answer.payment_ref for answer in reading.answers] == [
        line.payment_ref for line in lines
    ]
    assert [answer.line_no for answer in reading.answers] == [2, 3, 4, 5]
    for answer, (state, paid) in zip(reading.answers, said, strict=True):
        by_amount = profile.back.is_quantity and state is LineState.PAID
        assert answer.status == (None if by_amount else state)
        if Role.AMOUNT in profile.back.columns and paid:
            assert answer.paid_minor == paid.minor


@pytest.mark.parametrize("slug", PROFILES)
def test_a_receivers_name_and_number_are_not_kept(slug: str) -> None:
    profile = built_in()[slug]
    table = opened(payment_file(profile, BATCH, payments()).content, profile.out.form)
    filled = answered(profile, table, lambda _: (LineState.FAILED, None))
    reading = read(as_csv(filled), profile)
    assert "Olena" not in repr(reading)
    assert "97 123" not in repr(reading.answers)
    assert "ReceiverPartyPublicName" in reading.left_out
    assert [answer.error for answer in reading.answers] == ["Number ••• is closed"] * 4


def test_words_of_a_status_are_read_whatever_their_case() -> None:
    table = [
        HEAD,
        ["A", " Paid", "", "1.00"],
        ["B", "REJECTED"],
        ["C", "timeout"],
        ["D", ""],
        ["E", "Pending"],
    ]
    states = [answer.status for answer in read(as_csv(table)).answers]
    assert states == ["paid", "failed", "unknown", "sent", "sent"]


def test_what_was_delivered_decides_where_there_is_no_status() -> None:
    hope = built_in()["hope"]
    table = [
        ["payment_id", "delivered_quantity"],
        ["A", "7.50"],
        ["B", "0"],
        ["C", "-1"],
        ["D", ""],
        ["E", "-1.00"],
    ]
    answers = read(as_csv(table), hope).answers
    assert [(each.status, each.paid_minor) for each in answers] == [
        (None, 750),
        (None, 0),
        (LineState.FAILED, 0),
        (LineState.SENT, None),
        (LineState.FAILED, 0),
    ]


def test_a_message_on_success_is_refused_where_the_provider_refuses_it() -> None:
    table = [
        ["referenceId", "status", "errorMessage"],
        ["A", "success", "odd"],
        ["B", "error", "closed"],
        ["C", "success", ""],
    ]
    reading = read(as_csv(table), built_in()["excel-121"])
    assert faults(reading) == [(2, "message_on_success")]
    assert [answer.payment_ref for answer in reading.answers] == ["B", "C"]
    mpesa = read(
        as_csv(
            [
                ["OriginatorConversationID", "ResultCode", "TransactionAmount", "ResultDesc"],
                ["A", "0", "1", "Processed"],
            ]
        ),
        built_in()["mpesa"],
    )
    assert (mpesa.faults, mpesa.answers[0].error) == ((), "")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("02.03.2026 15:30:05", "2026-03-02T12:30:05+00:00"),
        ("", ""),
    ],
)
def test_a_time_without_a_zone_is_read_in_the_providers(written: str, kept: str) -> None:
    heads = [
        "OriginatorConversationID",
        "ResultCode",
        "TransactionAmount",
        "TransactionCompletedDateTime",
    ]
    reading = read(as_csv([heads, ["A", "0", "1.00", written]]), built_in()["mpesa"])
    assert [answer.completed_at for answer in reading.answers] == [kept]


def test_a_time_that_is_none_is_a_fault() -> None:
    assert (
        one("A", "paid", "", "1.00", "2026-03-02T10:00:00+02:00").answers[0].completed_at
        == "2026-03-02T08:00:00+00:00"
    )
    assert one("A", "paid", "", "1.00", "2026-03-02").answers[0].completed_at == "2026-03-02"
    for text in ("yesterday", "31.02.2026", "0001-01-01T00:00:00+14:00", "2026-13-01"):
        assert faults(one("A", "paid", "", "1.00", text)) == [(2, "bad_time")], text


# faults


AMOUNTS = [
    ("7.505", "UAH", "too_many_decimals"),
    ("7.500", "UAH", "too_many_decimals"),
    ("7.1", "JPY", "too_many_decimals"),
    ("1.2345", "KWD", "too_many_decimals"),
    ("7,50", "UAH", "not_an_amount"),
    ("1 000.00", "UAH", "not_an_amount"),
    ("1,000.00", "UAH", "not_an_amount"),
    ("7.", "UAH", "not_an_amount"),
    (".5", "UAH", "not_an_amount"),
    ("seven", "UAH", "not_an_amount"),
    ("٧.٥", "UAH", "not_an_amount"),
    ("NaN", "UAH", "not_an_amount"),
    ("inf", "UAH", "not_an_amount"),
    ("UAH 7.50", "UAH", "not_an_amount"),
    ("1234567890123", "UAH", "not_an_amount"),
    ("7.5e2", "UAH", "exponent_notation"),
    ("1E+3", "UAH", "exponent_notation"),
    ("", "UAH", "amount_missing"),
]


@pytest.mark.parametrize(("amount", "currency", "code"), AMOUNTS)
def test_an_amount_is_exact_or_refused(amount: str, currency: str, code: str) -> None:
    reading = one("A", "paid", "", amount, currency=currency)
    assert (faults(reading), reading.answers) == ([(2, code)], ())


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        (7.5, "UAH", 750),
        (7, "UAH", 700),
        (500.0, "JPY", 500),
        (1.234, "KWD", 1234),
        (0.29, "UAH", 29),
    ],
)
def test_a_number_of_a_spreadsheet_counts_if_it_is_exact(
    value: float, currency: str, minor: int
) -> None:
    reading = read(as_xlsx([HEAD, ["A", "paid", "", value]]), currency=currency)
    assert [answer.paid_minor for answer in reading.answers] == [minor]


@pytest.mark.parametrize(
    ("value", "currency", "code"),
    [
        (1.0000001, "UAH", "float_amount"),
        (7.505, "UAH", "float_amount"),
        (0.5, "JPY", "float_amount"),
        (1e300, "UAH", "not_an_amount"),
        (True, "UAH", "not_an_amount"),
        ("7,5", "UAH", "not_an_amount"),
    ],
)
def test_a_number_of_a_spreadsheet_that_is_not_exact_is_refused(
    value: object, currency: str, code: str
) -> None:
    reading = read(as_xlsx([HEAD, ["A", "paid", "", value]]), currency=currency)
    assert faults(reading) == [(2, code)]


def test_the_noise_of_a_computed_number_is_told() -> None:
    plain = as_xlsx([HEAD, ["A", "paid", "", 0.3]])
    with zipfile.ZipFile(BytesIO(plain)) as parts:
        text = parts.read("xl/worksheets/sheet1.xml")
    noisy = text.replace(b"<v>0.3</v>", b"<v>0.30000000000000004</v>")
    assert noisy != text
    assert read(plain).answers[0].paid_minor == 30
    assert faults(read(_replaced(plain, "xl/worksheets/sheet1.xml", noisy))) == [
        (2, "float_amount")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        " =1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "+254712345678",
        "＝1",
        "=cmd|' /C calc'!A0",
        "-2",
    ],
)
@pytest.mark.parametrize("column", range(7))
def test_a_formula_is_refused_in_whatever_column_it_stands(text: str, column: int) -> None:
    cells = ["A", "paid", "R1", "1.00", "", "", "free"]
    cells[column] = text
    for content in (as_csv([[*HEAD, "remark"], cells]), _typed_xlsx([[*HEAD, "remark"], cells])):
        found = faults(read(content))
        if text == "-2":  # a number; judged where its column has a meaning
            assert (2, "formula") not in found
        else:
            assert (2, "formula") in found, text


def test_a_formula_of_a_spreadsheet_is_refused_wherever_it_is() -> None:
    table: list[list[object]] = [[*HEAD, "remark"], ["A", "paid", "", 1, "", "", "=1+1"]]
    assert faults(read(as_xlsx(table))) == [(2, "formula")]
    far: list[list[object]] = [[*HEAD], ["A", "paid", "", 1, *[""] * 96, "=1+1"]]
    assert (0, "formula") in faults(read(as_xlsx(far)))
    book = load_workbook(BytesIO(as_xlsx([HEAD, ["A", "paid", "", 1]])))
    book.create_sheet("more")["A1"] = "=1+1"
    out = BytesIO()
    book.save(out)
    assert faults(read(out.getvalue())) == [(0, "formula")]


def test_a_plus_may_begin_a_phone_number_and_nothing_else() -> None:
    table = [[*HEAD, "msisdn"], ["A", "paid", "", "1.00", "", "", "+254712345678"]]
    assert read(as_csv(table)).faults == ()
    table[1][-1] = "+254712345678+1"
    assert faults(read(as_csv(table))) == [(2, "formula")]


def test_every_fault_of_a_file_is_told_with_its_line() -> None:
    table = [
        [*HEAD, "currency", "batch_id"],
        ["A", "paid", "", "1.00", "", "", "UAH", str(BATCH)],
        ["B", "paid", "", "7.5e1", "someday", "", "EUR", str(BATCH)],
        ["", "gone", "", "", "", "", "UAH", "another"],
        ["A", "failed", "", "", "", "", "uah", BATCH.hex],
        ["C", "paid", "", "1.00", "", "", "", "", "shifted"],
        ["D", "paid", "", "1.00", "", "", "", ""],
        ["", "", "", "", "", "", "", ""],
        ["E", "", "", "=1", "", "x" * 501, "", ""],
    ]
    reading = read(as_csv(table))
    assert faults(reading) == [
        (3, "wrong_currency"),
        (3, "exponent_notation"),
        (3, "bad_time"),
        (4, "empty_match"),
        (4, "other_batch"),
        (4, "unknown_status"),
        (5, "twice"),
        (6, "other_cells"),
        (9, "formula"),
        (9, "not_an_amount"),
        (9, "too_long"),
    ]
    assert [answer.payment_ref for answer in reading.answers] == ["A", "D"]
    assert [fault.facts["first"] for fault in reading.faults if fault.code == "twice"] == [2]


def test_line_numbers_are_those_an_editor_shows() -> None:
    content = (
        'payment_ref,status,amount_paid,error\n\nA,paid,1.00,\nB,failed,,"two\nlines"\nC,oops,,\n'
    )
    reading = read(content.encode())
    assert [answer.line_no for answer in reading.answers] == [3, 4]
    assert faults(reading) == [(6, "unknown_status")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n  \n", "empty_file"),
        (b"payment_ref,status,amount_paid\n", "empty_file"),
        (b"\x00\x01\x02", "not_text"),
        ("номер".encode("cp1251"), "not_text"),
        (b"\xff\xfe\x00", "not_text"),
        ("payment_ref,status,amount_paid\nA,paid,1.00".encode("utf-16-le"), "not_text"),
        (b"%PDF-1.7 ...", "wrong_columns"),
        (b"payment_reference,status,amount_paid\nA,paid,1", "wrong_columns"),
        (b"payment_ref,status,amount\nA,paid,1", "wrong_columns"),
        (b"payment_ref,status,status,amount_paid\nA,paid,paid,1", "column_twice"),
        (b"payment_ref,status,amount_paid,=1+1\nA,paid,1,2", "formula"),
        (b'payment_ref,status,amount_paid\nA,paid,"1', "broken_quotes"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "locked_or_old"),
        (b"PK\x03\x04 not really", "broken_workbook"),
        (b"a" * (LARGEST + 1), "too_large"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(content: bytes, code: str) -> None:
    reading = read(content)
    assert [fault for _, fault in faults(reading)] == [code]
    assert reading.answers == ()


def test_every_missing_column_is_named() -> None:
    (fault,) = read(b"ref,amount\nA,1").faults
    assert fault.facts == {"columns": "payment_ref, status, amount_paid"}
    assert fault.text("uk") == "Бракує стовпців: payment_ref, status, amount_paid."


def test_too_many_lines_are_refused() -> None:
    content = b"payment_ref,status,amount_paid\n" + b"".join(
        b"P%d,paid,1\n" % n for n in range(MOST_LINES + 1)
    )
    assert (MOST_LINES + 2, "too_many_lines") in faults(read(content))


def test_what_a_spreadsheet_brings_beside_values_is_refused() -> None:
    plain = as_xlsx([HEAD, ["A", "paid", "", 1]])
    assert faults(read(_with_part(plain, "xl/vbaProject.bin", b"x"))) == [(0, "macros")]
    assert faults(read(_with_part(plain, "xl/externalLinks/externalLink1.xml", b"<x/>"))) == [
        (0, "external_links")
    ]
    assert faults(read(_with_part(plain, "xl/connections.xml", b"<x/>"))) == [(0, "external_links")]
    assert read(_with_part(plain, "xl/printerSettings/printerSettings1.bin", b"x")).faults == ()


def test_a_spreadsheet_that_grows_when_it_is_unpacked_is_refused() -> None:
    plain = as_xlsx([HEAD, ["A", "paid", "", 1]])
    bomb = _with_part(plain, "xl/media/a.xml", b"\x00" * (17 * 1024 * 1024))
    assert len(bomb) < LARGEST
    assert faults(read(bomb)) == [(0, "too_large")]


def test_a_spreadsheet_with_entities_of_its_own_is_refused() -> None:
    evil = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    plain = as_xlsx([HEAD, ["A", "paid", "", 1]])
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"):
        with zipfile.ZipFile(BytesIO(plain)) as parts:
            text = parts.read(part)
        start = text.index(b"?>") + 2 if text.startswith(b"<?xml") else 0
        assert faults(read(_replaced(plain, part, text[:start] + evil + text[start:]))) == [
            (0, "broken_workbook")
        ]


def test_a_spreadsheet_that_claims_a_million_columns_is_read_quickly() -> None:
    plain = as_xlsx([HEAD, ["A", "paid", "", 1]])
    with zipfile.ZipFile(BytesIO(plain)) as parts:
        text = parts.read("xl/worksheets/sheet1.xml").decode()
    wide = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(3, 9000))
    text = text.replace(
        "</sheetData>", f'{wide}<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
    )
    text = text.replace('ref="A1:F2"', 'ref="A1:XFD1048576"')
    began = time.process_time()
    reading = read(_replaced(plain, "xl/worksheets/sheet1.xml", text.encode()))
    assert [answer.payment_ref for answer in reading.answers] == ["A"]
    assert time.process_time() - began < 10


def test_a_spreadsheet_with_more_cells_or_styles_than_anyone_needs_is_refused_quickly() -> None:
    plain = as_xlsx([HEAD, ["A", "paid", "", 1]])
    with zipfile.ZipFile(BytesIO(plain)) as parts:
        sheet, styles = (parts.read(f"xl/{name}.xml") for name in ("worksheets/sheet1", "styles"))
    cells = b"<row>" + b"<c><v>1</v></c>" * 1_400 + b"</row>"
    many = sheet.replace(b"</sheetData>", cells * 600 + b"</sheetData>")
    style = b'<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    styled = styles.replace(b"</cellXfs>", style * 250_000 + b"</cellXfs>")
    for name, content in (("worksheets/sheet1", many), ("styles", styled)):
        file = _replaced(plain, f"xl/{name}.xml", content)
        began = time.process_time()
        assert faults(read(file)) == [(0, "too_large")]
        assert time.process_time() - began < 5


def test_ten_thousand_answers_are_read_in_a_few_seconds() -> None:
    table = [
        HEAD,
        *([f"P{n:05}QXZ", "paid", f"R{n}", "7.50", "2026-03-02", ""] for n in range(MOST_LINES)),
    ]
    for content in (as_csv(table), as_xlsx(table)):
        began = time.process_time()
        reading = read(content)
        assert (len(reading.answers), reading.faults) == (MOST_LINES, ())
        assert time.process_time() - began < 12


# whatever comes


@cache
def sound(which: str) -> bytes:
    rows = [HEAD, ["A", "paid", "R1", "1.00", "2026-03-02", ""]]
    return as_csv(rows) if which == "csv" else as_xlsx(rows)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(PROFILES))
def test_no_bytes_make_it_fall(content: bytes, slug: str) -> None:
    _is_answer_or_fault(read(content, built_in()[slug]))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=8), max_size=6),
    st.sampled_from(",;\t|"),
)
def test_no_table_makes_it_fall(table: list[list[str]], delimiter: str) -> None:
    out = StringIO()
    csv.writer(out, delimiter=delimiter).writerows([HEAD, *table])
    reading = read(out.getvalue().encode("utf-8", "surrogatepass"))
    _is_answer_or_fault(reading)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(["csv", "xlsx"]))
def test_no_damage_makes_it_fall(data: st.DataObject, which: str) -> None:
    content = bytearray(sound(which))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    _is_answer_or_fault(read(bytes(content[: data.draw(st.integers(1, len(content)))])))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_inside_a_spreadsheet_makes_it_fall(data: st.DataObject) -> None:
    plain = sound("xlsx")
    with zipfile.ZipFile(BytesIO(plain)) as parts:
        name = data.draw(st.sampled_from(sorted(parts.namelist())))
        text = bytearray(parts.read(name))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + data.draw(st.integers(0, 6))] = data.draw(
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from([b"<f>1</f>", b'"', b"9" * 30, b"-", b"<row>", b"&a;", b"1e999"]),
        )
    )
    _is_answer_or_fault(read(_replaced(plain, name, bytes(text))))


def test_every_fault_has_words() -> None:
    assert set(FAULTS) == set(FileFaultCode)


@pytest.mark.parametrize("code", FileFaultCode)
def test_every_fault_says_what_to_do(code: FileFaultCode) -> None:
    advice = FileFault(2, code).advice("en")
    assert ("Please" in FAULTS[code]) != ("Please" in advice)
    assert bool(advice) == bool(FileFault(2, code).advice("uk"))


def _is_answer_or_fault(reading: Reading) -> None:
    assert reading.answers or reading.faults
    assert all(isinstance(answer, Answer) and answer.payment_ref for answer in reading.answers)
    for fault in reading.faults:
        assert fault.text("uk")
        assert fault.text("en")
    assert not {fault.line_no for fault in reading.faults} & {
        answer.line_no for answer in reading.answers
    }


def _typed_xlsx(table: list[list[str]]) -> bytes:
    """Every cell text, also one that looks like a formula."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row, cells in enumerate(table, start=1):
        for column, text in enumerate(cells, start=1):
            cell = sheet.cell(row, column)
            cell.value = text
            cell.data_type = "s"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _with_part(workbook: bytes, name: str, content: bytes) -> bytes:
    out = BytesIO(workbook)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, content)
    return out.getvalue()


def _replaced(workbook: bytes, name: str, content: bytes) -> bytes:
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(workbook)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            new.writestr(info.filename, content if info.filename == name else old.read(info))
    return out.getvalue()


def test_a_layout_that_cannot_be_used_says_what_is_wrong_with_each_field() -> None:
    data: dict[str, Any] = {
        "name": "",
        "out": {
            "form": "doc",
            "narration": "HIV stipend",
            "numbers": "national",
            "columns": [
                {"name": "ref", "from": "payment_ref"},
                {"name": "REF", "from": "amount"},
                {"name": "=x", "text": "=1+1"},
            ],
        },
        "back": {
            "status": "state",
            "zone": "Nowhere",
            "words": {"paid": ["ok"], "failed": ["OK "]},
        },
    }
    with pytest.raises(BadProfile) as refusal:
        read_profile(data, key="x", slug="x")
    assert set(refusal.value.complaints) == {
        "name", "form", "narration", "country_code", "column_1", "column_2", "text_2", "match", "zone", "words_failed", "words_paid",
    }  # fmt: skip


@pytest.mark.parametrize(
    "data", [{}, {"name": "x", "out": {}, "back": {}}, {"out": 7, "back": 7}, {"name": 1}]
)
def test_a_layout_that_is_none_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(BadProfile):
        read_profile(data, key="x", slug="x")
