"""Recruitment files: one module a layout, and one door that finds out which it is.

>>> read_sample(b"id,recruiter_id,sex\\n1,,f\\n2,1,m\\n").recruiter.tolist()
[-1, 0]
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from analysis.errors import SampleError
from analysis.files import (
    coupons_file,
    csv_file,
    gexf_file,
    graphml_file,
    package_file,
    rds_file,
    rdsat_file,
)
from analysis.files.coupons_file import write_coupons
from analysis.files.csv_file import write_csv
from analysis.files.gexf_file import write_gexf
from analysis.files.graphml_file import write_graphml
from analysis.files.package_file import write_package
from analysis.files.rds_file import write_rds
from analysis.files.rdsat_file import write_rdsat
from analysis.files.text import decode
from analysis.sample import Sample

__all__ = [
    "FORMATS",
    "WITHOUT_COUPONS",
    "WRITERS",
    "detect",
    "read_sample",
    "write_csv",
    "write_sample",
]

LARGE = 2_000_000  # bytes

TEXTS: Mapping[str, Callable[[str], Sample]] = {
    "csv": csv_file.read,
    "coupons": coupons_file.read,
    "rdsat": rdsat_file.read,
    "rds": rds_file.read,
    "graphml": graphml_file.read,
    "gexf": gexf_file.read,
}


def _decoded(read: Callable[[str], Sample]) -> Callable[[bytes], Sample]:
    return lambda content: read(decode(content))


FORMATS: Mapping[str, Callable[[bytes], Sample]] = {
    **{name: _decoded(read) for name, read in TEXTS.items()},
    "datapackage": package_file.read,
}

WRITERS: Mapping[str, Callable[[Sample, Path], None]] = {
    "csv": write_csv,
    "coupons": write_coupons,
    "rdsat": write_rdsat,
    "rds": write_rds,
    "graphml": write_graphml,
    "gexf": write_gexf,
    "datapackage": write_package,
}


WITHOUT_COUPONS = frozenset({"csv", "rds"})


def read_sample(source: Path | bytes, *, layout: str = "auto") -> Sample:
    """Read a recruitment file in a layout of ``FORMATS``; ``auto`` looks at its beginning.

    Raises:
        SampleError: with the line and the reason. Nothing is read by halves.
        OSError: if the file cannot be opened.

    >>> read_sample(b"id,recruiter_id\\n7,\\n8,7\\n", layout="csv").recruiter.tolist()
    [-1, 0]
    """
    if isinstance(source, Path):
        sample = _at_once(source) if layout in ("auto", "csv") else None
        if sample is not None:
            return sample
        is_package = source.is_dir() and layout in ("auto", "datapackage")
        source = package_file.packed(source) if is_package else source.read_bytes()
    name = _layout_of(source) if layout == "auto" else layout
    sample = _of(FORMATS, name, "auto")(source)
    if not len(sample):
        raise SampleError("no_participants", "The file has no people in it, only its header.")
    return sample


def write_sample(sample: Sample, path: Path, *, layout: str) -> None:
    """Write a file in a layout of ``WRITERS``; what it cannot hold is refused, not left out.

    Raises:
        SampleError: ``unknown_format``, or ``unwritable`` for what would not be read back the same.
        OSError: if the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> sample = read_sample(b"id,recruiter_id\\n7,\\n8,7\\n")
    >>> with TemporaryDirectory() as folder:
    ...     write_sample(sample, Path(folder, "people.gexf"), layout="gexf")
    ...     read_sample(Path(folder, "people.gexf")).ids
    ('7', '8')
    """
    _of(WRITERS, layout)(sample, path)


def detect(text: str) -> str:
    """Which layout a text has, by its first line.

    >>> detect("RDS\\n1 3 0 sex\\n"), detect("id,own_coupon,coupon_1\\n"), detect("<gexf/>")
    ('rdsat', 'coupons', 'gexf')
    """
    beginning = text.lstrip()
    first_line = beginning.partition("\n")[0]
    if first_line.strip().strip(',;"').casefold() == "rds":
        return "rdsat"
    if beginning.startswith("<"):
        return "gexf" if "<gexf" in beginning[:2_000] else "graphml"
    header = csv_file.header_of(text)
    if rds_file.is_ours(header):
        return "rds"
    is_coupons = "own_coupon" in header and "recruiter_id" not in header
    return "coupons" if is_coupons else "csv"


def _at_once(file: Path) -> Sample | None:
    if not file.is_file() or file.stat().st_size <= LARGE:
        return None
    from analysis.files import large_csv  # pyarrow takes a while to import: only if it pays

    return large_csv.read(file)


def _layout_of(content: bytes) -> str:
    return "datapackage" if content.startswith(b"PK") else detect(decode(content))


Use = TypeVar("Use")


def _of(table: Mapping[str, Use], name: str, *also: str) -> Use:
    if name not in table:
        known = ", ".join([*also, *table])
        raise SampleError(
            "unknown_format", f"There is no layout {name!r}; choose one of {known}.", format=name
        )
    return table[name]
