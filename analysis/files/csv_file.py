"""The csv layout: a row a person, with the id of her recruiter.

Header row; ``id``, ``recruiter_id`` (empty for a seed), then any of ``network_size``,
``enrolled_at`` (ISO 8601), ``site``, and traits: every other column. An empty cell is missing.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from analysis.files.cells import day_cells, recruiter_cells, size_cells, trait_cells
from analysis.files.losses import Limits, is_utf8, refuse_losses
from analysis.files.table import (
    DELIMITERS,
    LONGEST_CELL,
    Table,
    known_name,
    read_header,
    read_table,
)
from analysis.ids import NumberIds
from analysis.notices import Notice
from analysis.sample import CouponFigures, Sample, build_sample

DATE_NAMES = ("enrolled_at", "enrolled_on")
HEADER = ("id", "recruiter_id", "network_size", "enrolled_at")
MANY = 50_000
KNOWN = frozenset({"id", "recruiter_id", "network_size", "site", "own_coupon", *DATE_NAMES})


def header_of(text: str) -> frozenset[str]:
    """The names in the header, as the layouts know them.

    >>> sorted(header_of("ID,Recruiter.ID\\n1,\\n"))
    ['id', 'recruiter_id']
    """
    return frozenset(map(known_name, read_header(text)))


def read(text: str) -> Sample:
    """Read the csv layout.

    >>> sample = read("id,recruiter_id,network_size,sex\\n1,,20,m\\n2,1,,f\\n")
    >>> sample.recruiter.tolist(), sample.network_size.tolist(), list(sample.traits)
    ([-1, 0], [20.0, nan], ['sex'])
    """
    table = read_table(text, known=KNOWN, needed=("id", "recruiter_id"))
    return sample_of(table, table.columns["recruiter_id"], leave_out=("recruiter_id",))


def sample_of(
    table: Table,
    recruiter_ids: Sequence[str],
    *,
    leave_out: Sequence[str],
    coupons: CouponFigures | None = None,
    notices: tuple[Notice, ...] = (),
) -> Sample:
    """A sample of a table's columns, once it is known who recruited whom.

    >>> table = read_table("id,sex\\n1,f\\n2,m\\n", known=KNOWN, needed=("id",))
    >>> sample_of(table, ["", "1"], leave_out=()).recruiter.tolist()
    [-1, 0]
    """
    columns = dict(table.columns)
    ids = columns.pop("id")
    network_size = columns.pop("network_size", None)
    dates = [columns.pop(name) for name in DATE_NAMES if name in columns]
    coupon_columns = {"own_coupon"} | {name for name in columns if is_issued_column(name)}
    traits = {
        name: values
        for name, values in columns.items()
        if name not in coupon_columns and name not in leave_out
    }
    return build_sample(
        ids,
        recruiter_ids,
        network_size=network_size,
        enrolled_on=dates[0] if dates else None,
        traits=traits,
        coupons=coupons,
        notices=(*table.notices, *notices, *suspect_levels(traits)),
        lines=table.lines,
    )


def is_issued_column(name: str) -> bool:
    """Whether a column holds a coupon that was issued: ``coupon_1``, ``Coupon.2``, …

    >>> is_issued_column("Coupon 3"), is_issued_column("coupon_use")
    (True, False)
    """
    return known_name(name).removeprefix("coupon_").isdecimal() and known_name(name)[0] == "c"


def suspect_levels(traits: Mapping[str, Iterable[str]]) -> tuple[Notice, ...]:
    """Values that look as if they meant "missing", or one thing in two spellings.

    >>> [notice.code for notice in suspect_levels({"sex": ["f", "F", "m", ""]})]
    ['similar_levels']
    """
    found = []
    for name, values in traits.items():
        levels = set(values) - {""}
        marks = sorted(levels & {"NA", "N/A", "NULL", "null", "nan", "NaN", "None", "."})
        if marks:
            text = (
                f"Column {name!r} has the value {marks[0]!r}, which is read as a value like any "
                "other. If it means missing, leave those cells empty."
            )
            found.append(Notice("looks_missing", text, {"column": name, "value": marks[0]}))
        if len({level.casefold() for level in levels}) < len(levels):
            text = f"Column {name!r} has values that differ in nothing but capital letters."
            found.append(Notice("similar_levels", text, {"column": name}))
    return tuple(found)


def keeps(text: str) -> bool:
    r"""Whether a cell is read back as it was written: blanks round it and ``\r`` are not.

    >>> keeps("two words, and\nlines"), keeps(" f")
    (True, False)
    """
    is_whole = text == text.strip() and "\r" not in text and "\0" not in text
    return is_whole and len(text) <= LONGEST_CELL and is_utf8(text)


def reserves(name: str) -> bool:
    """Whether a column of that name has a meaning of its own, so that no trait can have it.

    >>> reserves("Network size"), reserves("site"), reserves("coupon_1"), reserves("sex")
    (True, False, True, False)
    """
    return (known_name(name) in KNOWN and name != "site") or is_issued_column(name)


LOSES = "blanks at its ends, carriage returns, NUL and what is longer than 131,072 letters"
LIMITS = Limits("csv", keeps, LOSES, reserves)


def write_csv(sample: Sample, path: Path) -> None:
    """Write a sample in the csv layout; what is missing becomes an empty cell.

    Coupon figures are not in it: the layout has no place for them.

    Raises:
        SampleError: ``unwritable`` for what would not be read back the same.
        OSError: if the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[12, None])
    >>> with TemporaryDirectory() as folder:
    ...     write_csv(sample, Path(folder, "people.csv"))
    ...     Path(folder, "people.csv").read_text()
    'id,recruiter_id,network_size,enrolled_at\\na,,12,\\nb,a,,\\n'
    """
    refuse_losses(sample, LIMITS)
    if isinstance(sample.ids, NumberIds) and len(sample) > MANY:
        from analysis.files import (
            large_csv_writing,  # pyarrow takes a while to import: only if it pays
        )

        if large_csv_writing.write(sample, path, header_row([*HEADER, *sample.traits])):
            return
    write_table(
        path,
        [*HEADER, *sample.traits],
        [
            sample.ids,
            recruiter_cells(sample),
            size_cells(sample.network_size),
            day_cells(sample.enrolled_on),
            *map(trait_cells, sample.traits.values()),
        ],
    )


def write_table(path: Path, names: Sequence[str], columns: Sequence[Sequence[str]]) -> None:
    """Write columns of cells under their names, quoted where it is needed.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_table(Path(folder, "t.csv"), ["id", "note"], [["1", "2"], ["a,b", "c"]])
    ...     Path(folder, "t.csv").read_text()
    'id,note\\n1,"a,b"\\n2,c\\n'
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header_row(names))
        csv.writer(file, lineterminator="\n").writerows(zip(*columns, strict=True))


def header_row(names: Sequence[str]) -> str:
    """The first row; in quotes where a name holds what could be taken for the delimiter.

    >>> header_row(["id", "age; years"])
    '"id","age; years"\\n'
    """
    row = io.StringIO()
    is_plain = not any(set(name) & set(DELIMITERS) for name in names)
    csv.writer(
        row, lineterminator="\n", quoting=csv.QUOTE_MINIMAL if is_plain else csv.QUOTE_ALL
    ).writerow(names)
    return row.getvalue()
