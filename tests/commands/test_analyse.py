"""``pdi analyse`` and ``pdi simulate`` as a person or a script calls them."""

import argparse
import json
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from app.commands import analyse, simulate

OWN = Path(__file__).parents[1] / "reference" / "own" / "forest_500.csv"


def call(command: ModuleType, *words: str) -> int:
    """Parse the words as the command declares them, and run it."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    status: int = command.run(parser.parse_args(words))
    return status


def test_json_alone_goes_to_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(analyse, str(OWN), "--trait", "t2", "--json") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["participants"] == 500
    assert captured.err == ""


def test_every_option_of_the_contract_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--format csv --trait t2 --population-size 5000 --bootstrap 100 --seed 1"
    assert call(analyse, str(OWN), *options.split(), "--missing-degree", "maximum", "--json") == 0
    assert json.loads(capsys.readouterr().out)["network_size"]["missing_degree"] == "maximum"


def test_without_a_trait_it_says_which_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(analyse, str(OWN)) == 0
    captured = capsys.readouterr()
    assert "figures are by 't2'; --trait can choose another: t3" in captured.err
    assert "Composition by t2" in captured.out


def test_a_broken_file_is_refused_with_line_and_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cycle.csv"
    file.write_text("id,recruiter_id,sex\n1,2,f\n2,1,m\n")
    assert call(analyse, str(file), "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: line 2: ")
    assert captured.err.endswith("(cycle)\n")


def test_a_file_of_nothing_but_who_recruited_whom_is_analysed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, pictures = tmp_path / "bare.csv", tmp_path / "pictures"
    file.write_text("id,recruiter_id\n1,\n2,1\n3,1\n")
    assert call(analyse, str(file), "--json", "--plots", str(pictures)) == 0
    captured = capsys.readouterr()
    figures = json.loads(captured.out)
    assert (figures["participants"], figures["wave_counts"]) == (3, [1, 2])
    assert (figures["trait"], figures["levels"]) == (None, [])
    assert "there is no trait" in captured.err
    assert "there are no pictures" in captured.err
    assert not pictures.exists()
    assert call(analyse, str(file)) == 0
    assert "This sample has no trait" in capsys.readouterr().out


def test_a_file_whose_one_column_tells_everybody_apart_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "names.csv"
    rows = "".join(f"{i},,name {i}\n" for i in range(300))
    file.write_text(f"id,recruiter_id,name\n{rows}")
    assert call(analyse, str(file)) == 1
    assert "'name' has 300 different values, too many to be groups" in capsys.readouterr().err


def test_an_unknown_trait_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(analyse, str(OWN), "--trait", "sex") == 1
    assert "Traits in this sample: t2, t3." in capsys.readouterr().err


def test_a_file_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(analyse, "/nowhere/at/all.csv") == 1
    assert capsys.readouterr().err == "error: /nowhere/at/all.csv: No such file or directory\n"


@pytest.mark.parametrize("words", [["--bootstrap", "0"], ["--format", "xlsx"], ["--seed", "x"]])
def test_wrong_usage_exits_with_two(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        call(analyse, str(OWN), *words)
    assert caught.value.code == 2


def test_a_simulated_file_is_analysed_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, pictures = tmp_path / "forest.csv", tmp_path / "pictures"
    assert call(simulate, "--participants", "150", "--seed", "3", "--out", str(file)) == 0
    assert call(analyse, str(file), "--plots", str(pictures)) == 0
    assert "150 participants" in capsys.readouterr().out
    drawn = sorted(pictures.iterdir())
    assert len(drawn) == 10
    for picture in drawn:
        assert ElementTree.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        call(simulate, "--participants", "40", "--seed", "5", "--out", str(tmp_path / name))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
