"""A Frictionless tabular data package: a folder, or the same folder as a zip.

``datapackage.json`` describes ``participants.csv``: a row a person with ``pid``, ``recruiter_pid``
(empty for a seed), ``wave``, ``network_size``, ``enrolled_on`` and traits. ``pid`` is the primary key and
``recruiter_pid`` a foreign key into the same table. Figures of coupons, which the specification
has no word for, are a property ``coupons`` of the package.

Source: Frictionless Data, Tabular Data Package and Table Schema, version 1.
"""

import csv
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from analysis.errors import SampleError
from analysis.files.cells import day_cells, recruiter_cells, size_cells, trait_cells
from analysis.files.losses import Limits, is_utf8, refuse_losses
from analysis.files.table import LONGEST_CELL
from analysis.sample import CouponFigures, Sample, build_sample

ABOUT = "datapackage.json"
TABLE = "participants.csv"
FIELDS = {
    "pid": "string",
    "recruiter_pid": "string",
    "wave": "integer",
    "network_size": "number",
    "enrolled_on": "date",
}
LIMITS = Limits(
    "datapackage",
    lambda text: is_utf8(text) and "\0" not in text and len(text) <= LONGEST_CELL,
    "NUL, half letters and what is longer than 131,072 letters",
    FIELDS.__contains__,
)
_OF_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError)
_UNREADABLE = (*_OF_ZIP, ValueError, csv.Error)
_LARGEST = 2 << 30
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def write_package(sample: Sample, path: Path) -> None:
    """Write a data package: a zip where the name ends in ``.zip``, else a folder.

    Raises:
        SampleError: ``unwritable`` for what would not be read back the same.
        OSError: if it cannot be written, or a file of that name is in the way.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[12, None])
    >>> with TemporaryDirectory() as folder:
    ...     write_package(sample, Path(folder, "people.zip"))
    ...     read(Path(folder, "people.zip").read_bytes()).recruiter.tolist()
    [-1, 0]
    """
    refuse_losses(sample, LIMITS)
    files = {ABOUT: json.dumps(_about(sample), ensure_ascii=False, indent=2), TABLE: _table(sample)}
    if path.suffix == ".zip":
        path.write_bytes(_zipped({name: text.encode() for name, text in files.items()}))
        return
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name).write_bytes(text.encode())


def _about(sample: Sample) -> Mapping[str, object]:
    types = {**FIELDS, **dict.fromkeys(sample.traits, "string")}
    refers = {"fields": "recruiter_pid", "reference": {"resource": "", "fields": "pid"}}
    schema = {
        "fields": [{"name": name, "type": kind} for name, kind in types.items()],
        "missingValues": [""],
        "primaryKey": "pid",
        "foreignKeys": [refers],
    }
    resource = {
        "profile": "tabular-data-resource",
        "name": "participants",
        "path": TABLE,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    }
    figures = sample.coupons
    coupons = {} if figures is None else {"coupons": asdict(figures)}
    about = {"profile": "tabular-data-package", "name": "recruitment", "resources": [resource]}
    return {**about, **coupons}


def _table(sample: Sample) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # which makes it quote both of them in a cell
    writer.writerow([*FIELDS, *sample.traits])
    columns = [
        sample.ids,
        recruiter_cells(sample),
        sample.forest.wave.tolist(),
        size_cells(sample.network_size),
        day_cells(sample.enrolled_on),
        *map(trait_cells, sample.traits.values()),
    ]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def packed(folder: Path) -> bytes:
    """The package in a folder as a zip in memory, so that both are read by one way.

    Raises:
        SampleError: ``bad_package`` where there is none.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[12, None])
    >>> with TemporaryDirectory() as folder:
    ...     write_package(sample, Path(folder, "people"))
    ...     read(packed(Path(folder, "people"))).ids
    ('a', 'b')
    """
    files = {name: folder / name for name in (ABOUT, TABLE) if (folder / name).is_file()}
    return _zipped({name: file.read_bytes() for name, file in files.items()})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for name, each in files.items():
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, each)
    return content.getvalue()


def read(content: bytes) -> Sample:
    """Read a zipped package of ours; ``wave`` is worked out anew.

    Raises:
        SampleError: ``bad_package``, and as ``build_sample``.

    >>> from analysis.sample import build_sample
    >>> about = json.dumps(_about(build_sample([], [])))
    >>> rows = "pid,recruiter_pid,wave,network_size,enrolled_on\\r\\n7,,0,,\\r\\n8,7,1,,\\r\\n"
    >>> read(_zipped({ABOUT: about.encode(), TABLE: rows.encode()})).recruiter.tolist()
    [-1, 0]
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            about = json.loads(_file(package, ABOUT))
            rows = list(csv.reader(io.StringIO(_file(package, TABLE), newline=""), strict=True))
    except SampleError:
        raise
    except _UNREADABLE as error:
        raise _bad(f"it cannot be read ({error})") from None
    fields = _fields(about)
    if not rows or rows[0] != fields or any(len(row) != len(fields) for row in rows):
        raise _bad(f"the columns of {TABLE} are not those that {ABOUT} names")
    columns = {name: [row[i] for row in rows[1:]] for i, name in enumerate(fields)}
    return build_sample(
        columns["pid"],
        columns["recruiter_pid"],
        network_size=columns.get("network_size"),
        enrolled_on=columns.get("enrolled_on"),
        traits={name: cells for name, cells in columns.items() if name not in FIELDS},
        coupons=_figures(about),
    )


def _file(package: zipfile.ZipFile, name: str) -> str:
    if name not in package.namelist():
        raise _bad(f"it has no file {name}")
    if package.getinfo(name).file_size > _LARGEST:
        raise _bad(f"{name} is larger than {_LARGEST >> 30} GiB")
    return package.read(name).decode()


def _fields(about: object) -> list[str]:
    match about:
        case {"resources": [{"path": "participants.csv", "schema": {"fields": [*found]}}, *_]}:
            fields = [str(field.get("name")) for field in found if isinstance(field, dict)]
        case _:
            raise _bad(f"{ABOUT} does not describe {TABLE}")
    if len(set(fields)) < len(found) or not {"pid", "recruiter_pid"} <= set(fields):
        raise _bad("its people need 'pid' and 'recruiter_pid', and every column a name of its own")
    return fields


def _figures(about: object) -> CouponFigures | None:
    match about:
        case {"coupons": {"issued": int(issued), "redeemed": int(redeemed)}}:
            return CouponFigures(issued, redeemed)
    return None


def _bad(why: str) -> SampleError:
    return SampleError("bad_package", f"This data package is not one of recruitment: {why}.")
