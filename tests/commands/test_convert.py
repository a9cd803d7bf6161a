"""``pdi convert`` as a person calls it."""

import argparse
from pathlib import Path

import pytest

from analysis.files import WRITERS, read_sample
from app.commands import convert

OWN = Path(__file__).parents[1] / "reference" / "own" / "forest_500_coupons.csv"


def call(*words: str) -> int:
    """Parse the words as the command declares them, and run it."""
    parser = argparse.ArgumentParser()
    convert.add_arguments(parser)
    return convert.run(parser.parse_args(words))


@pytest.mark.parametrize("layout", WRITERS)
def test_a_file_is_converted_to_every_layout_and_back(
    layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    assert call(str(OWN), "--to", layout, "--out", str(there)) == 0
    captured = capsys.readouterr()
    assert captured.out == f"wrote 500 people to {there}\n"
    assert ("has no place for coupon figures" in captured.err) == (layout in ("csv", "rds"))
    assert call(str(there), "--format", layout, "--to", "csv", "--out", str(back)) == 0
    assert read_sample(back).recruiter.tolist() == read_sample(OWN).recruiter.tolist()


def test_a_data_package_is_a_folder_or_a_zip_of_it(tmp_path: Path) -> None:
    for name in ("folder", "package.zip"):
        assert call(str(OWN), "--to", "datapackage", "--out", str(tmp_path / name)) == 0
    folder, package = (read_sample(tmp_path / name) for name in ("folder", "package.zip"))
    assert sorted(each.name for each in (tmp_path / "folder").iterdir()) == [
        "datapackage.json",
        "participants.csv",
    ]
    assert folder.recruiter.tolist() == package.recruiter.tolist()
    assert folder.coupons == package.coupons == read_sample(OWN).coupons


def test_what_the_layout_cannot_hold_is_refused_and_no_file_is_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "people.csv", tmp_path / "people.rds"
    file.write_text("id,recruiter_id,sex\n1,,NA\n2,1,f\n")
    assert call(str(file), "--to", "rds", "--out", str(out)) == 1
    assert "The rds layout cannot hold the value of 'sex' 'NA'" in capsys.readouterr().err
    assert not out.exists()


def test_a_file_that_is_not_there_and_a_place_that_cannot_be_written_are_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("/nowhere/at/all.csv", "--to", "csv", "--out", str(tmp_path / "x")) == 1
    assert call(str(OWN), "--to", "csv", "--out", "/nowhere/at/all.csv") == 1
    said = "error: /nowhere/at/all.csv: No such file or directory\n"
    assert capsys.readouterr().err == said + said
