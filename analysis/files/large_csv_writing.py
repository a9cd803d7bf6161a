"""Writing the csv layout by the million."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from analysis.arrays import IntArray
from analysis.files.cells import size_cells
from analysis.ids import NumberIds
from analysis.sample import Sample

_ROWS = 250_000
_PLAIN = (pa.int64(), pa.int64(), pa.string(), pa.date32())
"""Types of the id, the recruiter's, the network size and the day; traits come after them."""


def write(sample: Sample, path: Path, header: str) -> bool:
    """Write the csv layout of people with numbers for ids; not where a cell needs quotes.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.columns import no_dates, no_sizes
    >>> sample = Sample(NumberIds(np.array([7, 8])), np.array([-1, 0]), no_sizes(2), no_dates(2))
    >>> with TemporaryDirectory() as folder:
    ...     write(sample, Path(folder, "a.csv"), "id,recruiter_id,network_size,enrolled_at\\n")
    ...     Path(folder, "a.csv").read_text()
    True
    'id,recruiter_id,network_size,enrolled_at\\n7,,,\\n8,7,,\\n'
    """
    if not isinstance(sample.ids, NumberIds) or any(map(_needs_quotes, _levels_of(sample))):
        return False
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as file:
        file.write(header.encode())
        names = [str(i) for i in range(len(_PLAIN) + len(sample.traits))]
        schema = pa.schema([(name, _written_type(i)) for i, name in enumerate(names)])
        with pyarrow.csv.CSVWriter(file, schema, write_options=options) as rows:
            for start in range(0, len(sample), _ROWS):
                columns = _rows(sample, sample.ids.numbers, slice(start, start + _ROWS))
                rows.write_table(pa.table(columns, schema=schema))
    return True


def _levels_of(sample: Sample) -> Iterator[str]:
    return (level for trait in sample.traits.values() for level in trait.levels)


def _needs_quotes(text: str) -> bool:
    return any(letter in text for letter in ',"\r\n')


def _written_type(column: int) -> pa.DataType:
    return _PLAIN[column] if column < len(_PLAIN) else pa.string()


def _rows(sample: Sample, numbers: IntArray, some: slice) -> list[pa.Array]:
    recruiter = sample.recruiter[some]
    sizes, place = np.unique(sample.network_size[some], return_inverse=True)
    return [
        pa.array(numbers[some], pa.int64()),
        pa.array(numbers[recruiter], pa.int64(), mask=recruiter < 0),
        _looked_up(place, size_cells(sizes)),
        pa.array(sample.enrolled_on[some]),
        *(_looked_up(trait.codes[some], [*trait.levels, ""]) for trait in sample.traits.values()),
    ]


def _looked_up(codes: IntArray, texts: Sequence[str]) -> pa.Array:
    """Texts by their place; -1 is the last."""
    places = pa.array(codes % len(texts), pa.int32())
    return pa.DictionaryArray.from_arrays(places, pa.array(texts, pa.string())).cast(pa.string())
