"""A csv that R's package RDS takes as an ``rds.data.frame``.

Header row; ``id``, ``recruiter.id``, ``network.size.variable``, then ``enrolled_at`` and traits. All
seeds share one recruiter id that is nobody's; ``NA`` is missing. In R::

    frame <- read.csv(FILE, colClasses = "character", check.names = FALSE, fileEncoding = "UTF-8")
    write.rdsobj(as.rds.data.frame(frame), "people.rdsobj")

Source: R package RDS, ``as.rds.data.frame``: "all seeds should be given the same recruiter.id".
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from analysis.errors import SampleError
from analysis.files.cells import day_cells, recruiter_cells, size_cells, trait_cells
from analysis.files.csv_file import (
    KNOWN,
    LOSES,
    keeps,
    reserves,
    sample_of,
    write_table,
)
from analysis.files.losses import Limits, refuse_losses
from analysis.files.table import known_name, read_table
from analysis.sample import Sample

MISSING = "NA"
SIZE_NAME = "network_size_variable"
SEED = "seed"


def read(text: str) -> Sample:
    """Read a csv of R's package RDS; a column ``network.size`` is taken too.

    Raises:
        SampleError: as for the csv layout; ``unknown_recruiter`` too where seeds have more than one
            recruiter id.

    >>> sample = read("id,recruiter.id,network.size.variable,sex\\n1,seed,20,NA\\n2,1,NA,f\\n")
    >>> sample.recruiter.tolist(), sample.network_size.tolist(), sample.traits["sex"].levels
    ([-1, 0], [20.0, nan], ('f',))
    """
    table = read_table(text, known=KNOWN | {SIZE_NAME}, needed=("id", "recruiter_id"))
    columns = {
        name: ["" if cell == MISSING else cell for cell in cells]
        for name, cells in table.columns.items()
    }
    if SIZE_NAME in columns:
        columns["network_size"] = columns.pop(SIZE_NAME)
    recruiter_ids = _without_seeds(columns["id"], columns["recruiter_id"], table.lines)
    return sample_of(replace(table, columns=columns), recruiter_ids, leave_out=("recruiter_id",))


def is_ours(header: frozenset[str]) -> bool:
    """Whether a header names the columns as R's package does.

    >>> is_ours(frozenset({"id", "recruiter_id", "network_size_variable"}))
    True
    """
    return {"id", "recruiter_id", SIZE_NAME} <= header and "network_size" not in header


def _without_seeds(
    ids: Sequence[str], recruiter_ids: Sequence[str], lines: Sequence[int]
) -> list[str]:
    people = set(ids)
    strangers = list(dict.fromkeys(each for each in recruiter_ids if each not in people))
    if len(strangers) > 1:
        raise SampleError(
            "unknown_recruiter",
            f"In this layout all seeds share one recruiter id that is nobody's, but both "
            f"{strangers[0]!r} and {strangers[1]!r} are nobody's. Correct one of them.",
            line=lines[recruiter_ids.index(strangers[1])],
            recruiter_id=strangers[1],
        )
    return [each if each in people else "" for each in recruiter_ids]


def write_rds(sample: Sample, path: Path) -> None:
    """Write a csv for R's package RDS. Coupon figures are not in it: it has no place for them.

    Raises:
        SampleError: ``unwritable`` for what would not be read back the same.
        OSError: if the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[12, None])
    >>> with TemporaryDirectory() as folder:
    ...     write_rds(sample, Path(folder, "people.csv"))
    ...     Path(folder, "people.csv").read_text()
    'id,recruiter.id,network.size.variable,enrolled_at\\na,seed,12,NA\\nb,a,NA,NA\\n'
    """
    refuse_losses(sample, LIMITS)
    taken = set(sample.ids)
    seed = next(name for i in range(len(taken) + 1) if (name := SEED + "-" * i) not in taken)
    write_table(
        path,
        ["id", "recruiter.id", "network.size.variable", "enrolled_at", *sample.traits],
        [
            sample.ids,
            recruiter_cells(sample, seed=seed),
            size_cells(sample.network_size, missing=MISSING),
            day_cells(sample.enrolled_on, missing=MISSING),
            *(trait_cells(trait, missing=MISSING) for trait in sample.traits.values()),
        ],
    )


LIMITS = Limits(
    "rds",
    lambda text: keeps(text) and text != MISSING,
    f"{LOSES}, and NA, which is missing in R",
    lambda name: reserves(name) or known_name(name) == SIZE_NAME,
)
