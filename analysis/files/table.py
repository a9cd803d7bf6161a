"""A delimited table with a header row, strict about anything that would change a figure."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from analysis.errors import SampleError
from analysis.notices import Notice, counted

DELIMITERS = ",;\t"
LONGEST_CELL = 131_072
_BATCH = 4_096


@dataclass(frozen=True)
class Table:
    """Columns of cells without blanks around them, and the line on which each row begins.

    Attributes:
        columns: by name; known names as in the contract, the rest as the header writes them.
        lines: (n,) lines of the file, counted from 1.

    >>> Table({"id": ["7", "8"]}, [2, 3]).columns["id"]
    ['7', '8']
    """

    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    notices: tuple[Notice, ...] = ()


def known_name(header: str) -> str:
    """A header as the layouts know it: small letters, with ``_`` for blanks, dots and hyphens.

    >>> known_name(" Recruiter.ID "), known_name("coupon-1")
    ('recruiter_id', 'coupon_1')
    """
    name = header.strip().casefold()
    return "".join("_" if c in " .-" else c for c in name)


def read_header(text: str) -> list[str]:
    """The cells of the first row that is not blank.

    >>> read_header("id;recruiter_id;age\\n")
    ['id', 'recruiter_id', 'age']
    """
    return next(_rows(text), (1, [""]))[1]


def read_table(text: str, *, known: frozenset[str], needed: Sequence[str]) -> Table:
    """Read a table whose first row names the columns.

    The delimiter is whichever of comma, semicolon and tab splits the header most. Blanks round a
    cell, blank rows and empty cells beyond the header mean nothing and are dropped. A row may stop
    early, as some spreadsheets leave out trailing empty cells, if all ``needed`` cells are there.

    Args:
        known: columns with a meaning, recognised whatever their case and blanks.
        needed: those of them that must be there, in the header and in every row.

    Raises:
        SampleError: ``missing_column``, ``duplicate_column``, ``wrong_column_count``,
            ``truncated_file`` or ``bad_quoting``.

    >>> table = read_table("ID;sex\\n1;f\\n\\n2\\n", known=frozenset({"id"}), needed=["id"])
    >>> table.columns, table.lines, [notice.code for notice in table.notices]
    ({'id': ['1', '2'], 'sex': ['f', '']}, [2, 4], ['short_rows'])
    """
    rows = _rows(text)
    header_line, header = next(rows)
    names = names_of(header, known, needed, header_line)
    width = len(names)
    least = 1 + max(names.index(name) for name in needed)
    cells: list[list[str]] = [[] for _ in names]
    lines: list[int] = []
    short: list[int] = []
    while batch := list(islice(rows, _BATCH)):
        for i, (line, row) in enumerate(batch):
            if len(row) != width:
                _check_width(row, least, width, line)
                if len(row) < width:
                    short.append(line)
                batch[i] = (line, [*row, *[""] * width][:width])
        lines += [line for line, _ in batch]
        for column, more in zip(cells, zip(*(row for _, row in batch), strict=True), strict=True):
            column += map(str.strip, more)
    if short and short[-1] == lines[-1] and not text.endswith("\n"):
        raise SampleError(
            "truncated_file",
            "The last row stops early and its line has no end: the file seems to be cut off.",
            line=lines[-1],
        )
    columns = {name: cells[i] for i, name in enumerate(names) if name}
    return Table(columns, lines, _notices(names, cells, len(short)))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, with its line; cells as they stand."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(
        io.StringIO(text), delimiter=delimiter_of(text), strict=True, skipinitialspace=True
    )
    line = 1
    try:
        for row in reader:
            if any(row) and any(map(str.strip, row)):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise SampleError(
            "bad_quoting",
            f"A quoted cell begins here that does not end as it should ({error}).",
            line=line,
        ) from None


def delimiter_of(text: str) -> str:
    """Whichever of comma, semicolon and tab splits the first row that is not blank the most.

    >>> delimiter_of("id;recruiter_id;age, years")
    ';'
    """
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    unquoted = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=unquoted.count)


def names_of(
    header: Sequence[str], known: frozenset[str], needed: Sequence[str], line: int
) -> list[str]:
    """The columns that a header names: known ones as the layouts know them, others as they stand.

    Raises:
        SampleError: ``missing_column`` or ``duplicate_column``.

    >>> names_of(["ID", "Sex "], frozenset({"id"}), ["id"], 1)
    ['id', 'Sex']
    """
    names = [known_name(name) if known_name(name) in known else name.strip() for name in header]
    for name in needed:
        if name not in names:
            raise SampleError(
                "missing_column",
                f"There is no column {name!r}. The first row must name the columns; this one names "
                f"{', '.join(repr(name) for name in names[:20])}.",
                line=line,
                column=name,
            )
    for name, times in Counter(names).items():
        if name and times > 1:
            raise SampleError(
                "duplicate_column",
                f"Two columns are called {name!r}. Give each its own name, or delete one.",
                line=line,
                column=name,
            )
    return names


def _check_width(row: Sequence[str], least: int, width: int, line: int) -> None:
    if len(row) < least or any(map(str.strip, row[width:])):
        raise SampleError(
            "wrong_column_count",
            f"This row has {counted(len(row), 'cell', 'cells')} where the header names {width}. "
            "A cell that holds the delimiter itself must stand in double quotes.",
            line=line,
            cells=len(row),
            expected=width,
        )


def _notices(
    names: Sequence[str], cells: Sequence[Sequence[str]], short: int
) -> tuple[Notice, ...]:
    found = []
    if any(not name and any(column) for name, column in zip(names, cells, strict=True)):
        found.append(
            Notice("unnamed_column", "A column without a name in the first row was left out.")
        )
    if short:
        rows = counted(short, "row stops", "rows stop")
        found.append(
            Notice("short_rows", f"{rows} early; the cells not there count as empty.", {"n": short})
        )
    return tuple(found)
