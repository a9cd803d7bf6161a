"""The RDSAT text layout.

Line 1: ``RDS``. Line 2: number of rows, coupons a person, the mark for a missing value, trait
names. Then a row a person: id, network size, own coupon, coupons issued, trait values; 0 stands for
none. Cells are parted by tabs, by commas or by blanks.

Source: the RDSAT 7 user manual (Spiller, Cameron & Heckathorn 2012), checked on nyjazz.rdsat.
"""

from collections.abc import Sequence

from analysis.errors import SampleError
from analysis.files.exchange import recruiters_from_coupons
from analysis.notices import Notice
from analysis.sample import Sample, build_sample

_BEFORE_COUPONS = 3


def read(text: str) -> Sample:
    r"""Read the RDSAT layout.

    >>> sample = read("RDS\n2 2 99 sex\n1 30 0 11 12 f\n2 0 12 21 22 99\n")
    >>> sample.recruiter.tolist(), sample.traits["sex"].codes.tolist(), sample.coupons.issued
    ([-1, 0], [0, -1], 4)
    """
    numbered = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not numbered or _cells(numbered[0][1], None)[:1] not in (["RDS"], ["rds"]):
        raise SampleError("not_rdsat", "The first line of an RDSAT file is RDS.", line=1)
    if len(numbered) < 2:
        raise _bad_second_line(2)
    line, second = numbered[1]
    delimiter = _delimiter(second)
    announced, coupons, mark, names = _header(_cells(second, delimiter), line)
    width = _BEFORE_COUPONS + coupons + len(names)
    rows = [_row(row, delimiter, width, at) for at, row in numbered[2:]]
    lines = [at for at, _ in numbered[2:]]
    _check_row_count(announced, len(rows), line)
    exchange = recruiters_from_coupons(
        [row[0] for row in rows],
        [_none_if_zero(row[2], mark) for row in rows],
        [[_none_if_zero(cell, mark) for cell in row[3 : 3 + coupons]] for row in rows],
        lines=lines,
        harmless_reuse=True,
    )
    return build_sample(
        [row[0] for row in rows],
        exchange.recruiter_ids,
        network_size=["" if row[1] == mark else row[1] for row in rows],
        traits={
            name: ["" if row[at] == mark else row[at] for row in rows]
            for at, name in enumerate(names, _BEFORE_COUPONS + coupons)
        },
        coupons=exchange.figures,
        notices=(*exchange.notices, *_more_rows(announced, len(rows))),
        lines=lines,
    )


def _delimiter(line: str) -> str | None:
    """Tab, else comma, else ``None`` for any blanks: the first that parts the three numbers."""
    for delimiter in ("\t", ","):
        if _is_header(_cells(line, delimiter)):
            return delimiter
    return None


def _is_header(cells: Sequence[str]) -> bool:
    return len(cells) >= 3 and all(cell.isdecimal() and len(cell) < 10 for cell in cells[:2])


def _cells(line: str, delimiter: str | None) -> list[str]:
    return [cell.strip().strip('"').strip() for cell in line.split(delimiter)]


def _header(cells: Sequence[str], line: int) -> tuple[int, int, str, list[str]]:
    if not _is_header(cells):
        raise _bad_second_line(line)
    names = list(cells[3:])
    while names and not names[-1]:
        names.pop()
    for name in names:
        if not name or names.count(name) > 1:
            raise SampleError(
                "duplicate_column" if name else "missing_column",
                f"Each trait on this line needs a name of its own; {name!r} is not.",
                line=line,
                column=name,
            )
    return int(cells[0]), int(cells[1]), cells[2], names


def _bad_second_line(line: int) -> SampleError:
    return SampleError(
        "bad_rdsat_header",
        "The second line must hold the number of rows, the number of coupons a person, the mark "
        "for a missing value, and the names of the traits.",
        line=line,
    )


def _row(text: str, delimiter: str | None, width: int, line: int) -> list[str]:
    cells = _cells(text, delimiter)
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) != width and "\t" not in text and len(text.split()) == width:
        cells = _cells(text, None)
    if len(cells) != width:
        raise SampleError(
            "wrong_column_count",
            f"This row has {len(cells)} values; by line 2 it should have {width}: id, network "
            f"size, own coupon, {width - _BEFORE_COUPONS} coupons and traits.",
            line=line,
            cells=len(cells),
            expected=width,
        )
    return cells


def _none_if_zero(cell: str, mark: str) -> str:
    return "" if cell in ("0", mark) else cell


def _check_row_count(announced: int, found: int, line: int) -> None:
    if found < announced:
        raise SampleError(
            "wrong_row_count",
            f"This line announces {announced:,} rows but the file has {found:,}: the end is "
            "missing. Get the whole file, or correct the number.",
            line=line,
            announced=announced,
            found=found,
        )


def _more_rows(announced: int, found: int) -> tuple[Notice, ...]:
    if found <= announced:
        return ()
    text = f"Line 2 announces {announced:,} rows but the file has {found:,}; all of them were read."
    return (Notice("more_rows", text, {"announced": announced, "found": found}),)
