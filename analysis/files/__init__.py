"""Recruitment files: one module a layout, and one door that finds out which it is.

>>> read_sample(b"id,recruiter_id,sex\\n1,,f\\n2,1,m\\n").recruiter.tolist()
[-1, 0]
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from analysis.errors import SampleError
from analysis.files import coupons_file, csv_file, rdsat_file
from analysis.files.csv_file import write_csv
from analysis.files.graphml_file import write_graphml
from analysis.files.text import decode
from analysis.sample import Sample

__all__ = ["FORMATS", "detect", "read_sample", "write_csv", "write_graphml"]

LARGE = 2_000_000  # bytes

FORMATS: Mapping[str, Callable[[str], Sample]] = {
    "csv": csv_file.read,
    "coupons": coupons_file.read,
    "rdsat": rdsat_file.read,
}


def read_sample(source: Path | bytes, *, layout: str = "auto") -> Sample:
    """Read a recruitment file in a layout of ``FORMATS``; ``auto`` looks at its beginning.

    Raises:
        SampleError: with the line and the reason. Nothing is read by halves.
        OSError: if the file cannot be opened.
    """
    if isinstance(source, Path) and layout in ("auto", "csv") and source.stat().st_size > LARGE:
        from analysis.files import large_csv  # pyarrow takes a while to import: only if it pays

        sample = large_csv.read(source)
        if sample is not None:
            return sample
    text = decode(source if isinstance(source, bytes) else source.read_bytes())
    name = detect(text) if layout == "auto" else layout
    if name not in FORMATS:
        known = ", ".join(["auto", *FORMATS])
        raise SampleError(
            "unknown_format", f"There is no layout {name!r}; choose one of {known}.", format=name
        )
    sample = FORMATS[name](text)
    if not len(sample):
        raise SampleError("no_participants", "The file has no people in it, only its header.")
    return sample


def detect(text: str) -> str:
    """Which layout a text has: ``rdsat``, ``coupons`` or ``csv``.

    >>> detect("RDS\\n1 3 0 sex\\n"), detect("id,own_coupon,coupon_1\\n")
    ('rdsat', 'coupons')
    """
    first_line = text.lstrip().partition("\n")[0]
    if first_line.strip().strip(',;"').casefold() == "rds":
        return "rdsat"
    header = csv_file.header_of(text)
    is_coupons = "own_coupon" in header and "recruiter_id" not in header
    return "coupons" if is_coupons else "csv"
