"""``pdi simulate --population``: recruitment through a population whose truth is written down."""

import json
from pathlib import Path

import pytest

from analysis.files import read_sample
from app.commands import simulate
from tests.commands.test_analyse import call

TOWN = [
    *("--population", "3000", "--share", "0.25", "--homophily", "1.5"),
    *("--activity", "0.8", "--degree-mean", "15"),
]


def test_the_truth_stands_beside_the_file(tmp_path: Path) -> None:
    file, truth = tmp_path / "survey.csv", tmp_path / "truth.json"
    words = ["--participants", "200", "--seeds-of", "male", "--truth", str(truth)]
    assert call(simulate, *TOWN, *words, "--out", str(file)) == 0
    known = json.loads(truth.read_text())
    assert (known["people"], known["trait"]) == (3000, "sex")
    assert known["shares"] == {"female": 0.25, "male": 0.75}
    assert known["homophily"] == pytest.approx(1.5, rel=0.03)
    assert known["activity"] == pytest.approx(0.8, rel=0.15)
    sample = read_sample(file)
    sex = sample.trait("sex")
    assert len(sample) == 200
    assert {sex.levels[code] for code in sex.codes[sample.forest.seeds]} == {"male"}
    assert 0 < sex.counts[0] < sex.counts[1]


def test_the_same_seed_writes_the_same_survey(tmp_path: Path) -> None:
    for name, seed in (("one", "5"), ("two", "5"), ("three", "6")):
        words = ["--participants", "50", "--seed", seed, "--out", str(tmp_path / name)]
        call(simulate, *TOWN, *words)
    one, two, three = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert one == two != three


def test_an_option_of_the_population_needs_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--participants", "9", "--degree-mean", "8", "--out", str(tmp_path / "none.csv")]
    assert call(simulate, *words) == 2
    assert capsys.readouterr().err == "error: --degree-mean needs --population\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--homophily", "0.1"], "fewer ties"),
        (["--participants", "9000"], "at most the population"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    out = ["--participants", "200", "--out", str(tmp_path / "none.csv")]
    assert call(simulate, *TOWN, *out, *words) == 1
    assert why in capsys.readouterr().err
    assert not (tmp_path / "none.csv").exists()
