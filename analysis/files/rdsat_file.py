"""The RDSAT text layout.

Line 1: ``RDS``. Line 2: number of rows, coupons a person, the mark for a missing value, trait
names. Then a row a person: id, network size, own coupon, coupons issued, trait values; 0 stands for
none. Cells are parted by tabs, by commas or by blanks. RDSAT knows no dates: a column
``enrolled_at`` is ours.

Source: the RDSAT 7 user manual (Spiller, Cameron & Heckathorn 2012), checked on nyjazz.rdsat.
"""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from analysis.errors import SampleError
from analysis.files.cells import day_cells, size_cells, trait_cells
from analysis.files.exchange import recruiters_from_coupons
from analysis.files.issuing import coupons_of
from analysis.files.losses import Limits, is_utf8, refuse_losses, unwritable
from analysis.notices import Notice
from analysis.sample import Sample, build_sample

_BEFORE_COUPONS = 3
DATE_NAME = "enrolled_at"


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
    traits = {
        name: ["" if row[at] == mark else row[at] for row in rows]
        for at, name in enumerate(names, _BEFORE_COUPONS + coupons)
    }
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
        enrolled_on=traits.pop(DATE_NAME, None),
        traits=traits,
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


def write_rdsat(sample: Sample, path: Path) -> None:
    """Write a sample in the RDSAT layout, parted by tabs, its figures of coupons included.

    The mark for a missing value is 0, or where 0 is a value the first of -1, -2, … that is none.
    Numbers of coupons are given anew, see ``issuing.coupons_of``.

    Raises:
        SampleError: ``unwritable`` for what would not be read back the same.
        OSError: if the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[12, None])
    >>> with TemporaryDirectory() as folder:
    ...     write_rdsat(sample, Path(folder, "people.rdsat"))
    ...     Path(folder, "people.rdsat").read_text()
    'RDS\\n2\\t1\\t0\\na\\t12\\ta\\tb\\nb\\t0\\tb\\t0\\n'
    """
    refuse_losses(sample, LIMITS)
    coupons = coupons_of(sample, "rdsat", may_share=True)
    if sample.coupons is None and "0" in coupons.own:
        raise unwritable("rdsat", "the id '0'", "where coupons are not known it stands for none")
    levels = {level for trait in sample.traits.values() for level in trait.levels}
    mark = _mark(levels | (set(coupons.own) if sample.coupons is None else set()))
    dates = {DATE_NAME: day_cells(sample.enrolled_on, missing=mark)}
    traits = {name: trait_cells(trait, missing=mark) for name, trait in sample.traits.items()}
    columns = traits if np.isnat(sample.enrolled_on).all() else dates | traits
    rows = zip(
        sample.ids,
        size_cells(sample.network_size, missing=mark),
        _zero_if_none(coupons.own),
        *map(_zero_if_none, zip(*coupons.given, strict=True)),
        *columns.values(),
        strict=True,
    )
    header = [str(len(sample)), str(coupons.most), mark, *columns]
    text = "".join("\t".join(row) + "\n" for row in [("RDS",), header, *rows])
    path.write_text(text, encoding="utf-8", newline="\n")


def _keeps(text: str) -> bool:
    bare = text.strip().strip('"').strip()
    return bool(text == bare and is_utf8(text) and not set(text) & set("\t\n\r\0"))


LIMITS = Limits(
    "rdsat",
    _keeps,
    "blanks and double quotes at its ends, tabs, line ends and NUL",
    lambda name: name == DATE_NAME,
)


def _mark(taken: set[str]) -> str:
    candidates = (str(-number) for number in itertools.count())
    return next(mark for mark in candidates if mark not in taken)


def _zero_if_none(cells: Iterable[str]) -> list[str]:
    return [cell or "0" for cell in cells]
