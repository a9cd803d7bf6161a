"""The csv layout by the million: read at once where it is well formed, and left alone where not.

The careful reader knows what to say about an irregular file; this one knows only what a regular one
looks like. At the first thing out of the ordinary it gives up, and the careful reader begins anew,
so that a file is read or refused the same by both.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.csv

from analysis.arrays import DateArray, FloatArray
from analysis.columns import codes_of, dates_of, no_dates, no_sizes, sizes_of
from analysis.errors import SampleError
from analysis.files import rds_file
from analysis.files.arrow_columns import CODED, Irregular, coded, each_once, people
from analysis.files.csv_file import DATE_NAMES, KNOWN, is_issued_column, suspect_levels
from analysis.files.table import delimiter_of, known_name, names_of
from analysis.sample import Sample, Trait

_LONGEST_HEADER = 65_536
_BLOCK = 4 << 20


def read(path: Path) -> Sample | None:
    """Read the csv layout; ``None`` where anything is out of the ordinary, however harmless.

    Out of the ordinary are quotes, blanks round a cell, blank rows, cells too few or too many,
    coupon columns, the columns of R's package RDS, ids of other letters than ASCII's, and of course
    whatever is refused.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.csv").write_text("id,recruiter_id\\n7,\\n8,7\\n")
    ...     Path(folder, "b.csv").write_text('id,recruiter_id\\n"7",\\n8,7\\n')
    ...     read(Path(folder, "a.csv")).recruiter.tolist()
    ...     read(Path(folder, "b.csv")) is None
    23
    25
    [-1, 0]
    True
    """
    try:
        return _sample_of(_columns(path))
    except (Irregular, SampleError, pa.ArrowException):
        return None


def _columns(path: Path) -> dict[str, pa.ChunkedArray]:
    with path.open("rb") as file:
        header = re.match(rb"[^\r\n]*(?=[\r\n])", file.read(_LONGEST_HEADER))
    if header is None or b'"' in header[0] or b"\0" in header[0]:
        raise Irregular
    names, delimiter = _header(header[0])
    table = pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=1, block_size=_BLOCK),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, quote_char=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: _type_of(name) for name in names}
        ),
    )
    return dict(zip(names, table.columns, strict=True))


def _header(line: bytes) -> tuple[list[str], str]:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Irregular from None
    if not text.strip():
        raise Irregular
    delimiter = delimiter_of(text)
    names = names_of(text.split(delimiter), KNOWN, ("id", "recruiter_id"), 1)
    if any(name in ("", "own_coupon") or is_issued_column(name) for name in names):
        raise Irregular
    if rds_file.is_ours(frozenset(map(known_name, names))):
        raise Irregular
    return names, delimiter


def _type_of(name: str) -> pa.DataType:
    return pa.string() if name in ("id", "recruiter_id") else CODED


def _sample_of(columns: dict[str, pa.ChunkedArray]) -> Sample:
    """Columns are taken out of the dictionary as they are worked out, so that their memory is free."""
    others = [name for name in columns if name not in ("id", "recruiter_id")]
    rest_of_columns = {name: columns.pop(name) for name in others}
    with ThreadPoolExecutor(1) as beside:
        rest = beside.submit(_rest, rest_of_columns)
        ids, recruiter = people(columns.pop("id"), columns.pop("recruiter_id"))
        sizes, days, traits = rest.result()
    sample = Sample(
        ids=ids,
        recruiter=recruiter,
        network_size=sizes[0] if sizes else no_sizes(len(ids)),
        enrolled_on=days[0] if days else no_dates(len(ids)),
        traits=MappingProxyType(traits),
        notices=suspect_levels({name: trait.levels for name, trait in traits.items()}),
    )
    _ = sample.forest  # refused here, where the careful reader can still name the circle
    return sample


def _rest(
    columns: dict[str, pa.ChunkedArray],
) -> tuple[Sequence[FloatArray], Sequence[DateArray], dict[str, Trait]]:
    """Network sizes and days, where there are such columns, and the traits."""
    sizes = [
        each_once(columns.pop(name), sizes_of) for name in ("network_size",) if name in columns
    ]
    days = [each_once(columns.pop(name), dates_of) for name in DATE_NAMES if name in columns]
    return sizes, days, {name: _trait(columns.pop(name)) for name in list(columns)}


def _trait(column: pa.ChunkedArray) -> Trait:
    values, codes = coded(column)
    levels, places = codes_of(values)
    return Trait(levels, places[codes])
