"""Recruitment data whose figures were worked out by another program: R with the package RDS.

Our own data set lies in ``tests/reference/own`` and is always there. Others may not be copied into
the repository; they are used where they lie, in ``../shared/reference`` beside the checkout,
whenever that is there.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analysis.files import read_sample
from analysis.sample import Sample

ROOT = Path(__file__).parents[2]
OWN = ROOT / "tests" / "reference" / "own"
BESIDE = ROOT.parent / "shared" / "reference"

FILES = {
    "own_500": [OWN / "forest_500.csv", OWN / "forest_500_coupons.csv"],
    "khoury_amman": [BESIDE / "khoury_amman.csv", BESIDE / "khoury_amman_coupons.csv"],
    "nyjazz": [BESIDE / "nyjazz.csv", BESIDE / "nyjazz.rdsat"],
    "faux": [BESIDE / "faux.csv"],
    "fauxmadrona": [BESIDE / "fauxmadrona.csv"],
}
RDSAT_NAMES = {"Gender.MF.": "Gender(MF)", "Race.WBO.": "Race(WBO)"} | {
    "Airplay.yn.": "Airplay(yn)",
    "Union.yn.": "Union(yn)",
}


@dataclass(frozen=True)
class Known:
    """One file, and what R makes of it."""

    file: Path
    figures: dict[str, Any]

    def sample(self) -> Sample:
        return read_sample(self.file)

    def traits(self) -> list[tuple[str, dict[str, Any]]]:
        """The traits of this file that R has figures for, by the name they have in the file."""
        sample = self.sample()
        named = [
            (RDSAT_NAMES[name] if self.file.suffix == ".rdsat" else name, figures)
            for name, figures in self.figures["traits"].items()
        ]
        return [(name, figures) for name, figures in named if name in sample.traits]

    def __str__(self) -> str:
        return self.file.name


@cache
def known_datasets() -> tuple[Known, ...]:
    """Every file that is here: always our own, and those beside the checkout if they are there."""
    figures: dict[str, Any] = {}
    for folder in (OWN, BESIDE):
        path = folder / "reference.json"
        if path.exists():
            figures |= json.loads(path.read_text())["datasets"]
    return tuple(
        Known(file, figures[name])
        for name, files in FILES.items()
        for file in files
        if name in figures
    )
