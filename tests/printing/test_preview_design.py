"""The command that shows an editor what a change does."""

import argparse
from pathlib import Path
from shutil import copytree

import pytest

from app.commands import preview_design
from app.core.codes import MalformedCode, read_scanned
from app.printing.design import DESIGNS, design_names
from tests.printing.sheets import look_at


def preview(*words: str) -> int:
    parser = argparse.ArgumentParser()
    preview_design.add_arguments(parser)
    return preview_design.run(parser.parse_args(words))


def is_a_coupon(text: str) -> bool:
    try:
        read_scanned(text)
    except MalformedCode:
        return False
    return True


@pytest.mark.parametrize("name", design_names())
def test_every_card_of_a_preview_is_marked_as_a_sample(name: str, tmp_path: Path) -> None:
    file = tmp_path / "preview.pdf"
    assert preview(name, str(file)) == 0
    pages = look_at(file.read_bytes())
    assert [len(page.symbols) for page in pages] == [3, 2, 3]
    assert [page.text.count("SAMPLE") for page in pages] == [3, 2, 3]
    assert not any(is_a_coupon(each.text) for page in pages for each in page.symbols)


def test_one_language_can_be_previewed_alone(tmp_path: Path) -> None:
    file = tmp_path / "preview.pdf"
    assert preview("classic", str(file), "--language", "en") == 0
    assert "Ласкаво" not in look_at(file.read_bytes())[0].text


def test_a_wrong_design_is_told_with_file_and_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(copytree(DESIGNS / "card", tmp_path / "ours"))
    (folder / "sheet.typ").write_text("#let x = 1\n#y\n")
    assert preview("ours", str(tmp_path / "out.pdf"), "--designs", str(tmp_path)) == 1
    assert capsys.readouterr().err == "ours/sheet.typ, line 2: unknown variable: y\n"
    assert not (tmp_path / "out.pdf").exists()
