"""Many sheets as one file."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.printing.design import find_design
from app.printing.joining import joined
from app.printing.sheet import sheet_pdf, sheet_pdfs
from tests.printing.sheets import a_sheet, look_at


def test_blocks_are_joined_into_one_file_in_their_order() -> None:
    sheets = [a_sheet() for _ in range(7)]

    pages = look_at(joined(sheet_pdfs(sheets, find_design("card"), block=3)))

    printed = [[symbol.text for symbol in page.symbols] for page in pages]
    assert printed == [[each.qr_text for each in sheet.coupons] for sheet in sheets]


def test_nothing_is_not_joined() -> None:
    with pytest.raises(ValueError, match="nothing to join"):
        joined([])


def test_two_threads_may_join_at_once() -> None:
    sheets = [[a_sheet() for _ in range(4)] for _ in range(4)]
    pdfs = [[sheet_pdf([sheet], find_design("classic")) for sheet in some] for some in sheets]

    with ThreadPoolExecutor(4) as threads:
        files = list(threads.map(joined, pdfs))

    for some, file in zip(sheets, files, strict=True):
        found = [symbol.text for page in look_at(file) for symbol in page.symbols]
        assert found == [each.qr_text for sheet in some for each in sheet.coupons]
