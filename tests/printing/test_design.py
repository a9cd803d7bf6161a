"""What a person who edits a design is told when it is wrong: what, in which file, on which line."""

from pathlib import Path
from shutil import copytree

import pytest

from app.printing.design import DESIGNS, Design, DesignError, design_names, find_design
from app.printing.sheet import sheet_pdf
from tests.printing.sheets import a_sheet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(copytree(DESIGNS / "classic", tmp_path / "ours"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(file: Path, words: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if words in line)


def test_there_are_designs_and_each_is_whole() -> None:
    assert {"classic", "card"} <= set(design_names())
    assert all({"uk", "en"} <= set(find_design(name).languages) for name in design_names())


@pytest.mark.parametrize("name", ["nowhere", "../classic", "", "classic/../card", "."])
def test_an_unknown_name_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(DesignError, match=r"^there is no design .*; there are: card, classic"):
        find_design(name)


def test_a_text_that_one_language_lacks_is_named_with_its_line(folder: Path) -> None:
    edit(folder / "texts.toml", 'lost = "Lost the card? Please come anyway."', "")
    with pytest.raises(DesignError) as refused:
        Design.load(folder)
    line = line_of(folder / "texts.toml", "[en]")
    assert str(refused.value) == f"ours/texts.toml, line {line}: [en] has no text 'lost'"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"Valid from {from} to {until}', '"Valid to {until}', "must hold {from} and {until}"),
        ('"Free of charge.', '"Free HIV tests.', "tells what the programme is about: hiv"),
        ('"Phone"', "12", "must be a text between quotation marks"),
        ('"en_GB"', '"klingon"', "is not a language that dates can be written in"),
    ],
)
def test_a_wrong_text_is_named_with_its_line(
    folder: Path, old: str, new: str, problem: str
) -> None:
    edit(folder / "texts.toml", old, new)
    with pytest.raises(DesignError) as refused:
        Design.load(folder)
    assert refused.value.line == line_of(folder / "texts.toml", new)
    assert problem in str(refused.value)
    assert "[en]" in str(refused.value)


def test_a_forgotten_quotation_mark_is_found_on_its_line(folder: Path) -> None:
    edit(folder / "texts.toml", 'card."\n', "card.\n")
    with pytest.raises(DesignError) as refused:
        Design.load(folder)
    assert refused.value.line == line_of(folder / "texts.toml", "with this card.")


@pytest.mark.parametrize("file", ["design.toml", "texts.toml", "sheet.typ"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(DesignError, match=f"^ours/{file}: the file is missing$"):
        Design.load(folder)


def test_a_file_in_an_old_encoding_is_named(folder: Path) -> None:
    (folder / "texts.toml").write_bytes('[uk]\nphone = "Телефон"\n'.encode("cp1251"))
    with pytest.raises(DesignError, match=r"^ours/texts.toml: the file is not saved as UTF-8$"):
        Design.load(folder)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("coupons = 3", 'coupons = "three"', "'coupons' must be a whole number"),
        ('name = "Classic"', "", "'name' must be a text"),
        ('# logo = "logo.svg"', "", "the logo 'none.svg' is missing"),
    ],
)
def test_a_wrong_setting_is_named(folder: Path, old: str, new: str, problem: str) -> None:
    edit(folder / "design.toml", old, new)
    if "logo" in problem:
        edit(folder / "design.toml", "[colours]", 'logo = "none.svg"\n[colours]')
    with pytest.raises(DesignError, match=f"^ours/design.toml.*: {problem}"):
        Design.load(folder)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("#let card-height", "#let x = (a: 1).b\n#let card-height", 'does not contain key "b"'),
        ("#let card-height", '#panic("oh")\n#let card-height', "panicked with: oh"),
        ("#let card-height", '#read("/etc/passwd")\n#let card-height', "not found"),
        (
            "#let card-height",
            '#read("../secret.toml")\n#let card-height',
            "escape the project root",
        ),
        ("texts.promise", "texts.promises", 'does not contain key "promises"'),
    ],
)
def test_a_slip_in_the_layout_is_told_with_its_line(
    folder: Path, old: str, new: str, problem: str
) -> None:
    (folder.parent / "secret.toml").write_text("secret = 1")
    edit(folder / "sheet.typ", old, new)
    with pytest.raises(DesignError) as refused:
        sheet_pdf([a_sheet()], Design.load(folder))
    assert problem in str(refused.value)
    assert refused.value.file == folder / "sheet.typ"
    assert refused.value.line == line_of(folder / "sheet.typ", new.splitlines()[0])


def test_a_font_that_is_not_installed_is_told_on_trial_and_stops_no_desk(folder: Path) -> None:
    edit(folder / "design.toml", "Noto Sans", "Comic Sans")
    with pytest.raises(DesignError, match="unknown font family: comic sans"):
        sheet_pdf([a_sheet()], Design.load(folder), strict=True)
    assert sheet_pdf([a_sheet()], Design.load(folder))


def test_packages_from_the_network_are_refused_before_they_are_asked_for(folder: Path) -> None:
    edit(folder / "sheet.typ", "#let data", '#import "@preview/cetz:0.3.0": *\n#let data')
    with pytest.raises(DesignError, match="packages from the network are not used"):
        Design.load(folder)


def test_a_language_added_to_the_words_is_printed_without_touching_the_layout(folder: Path) -> None:
    words = (folder / "texts.toml").read_text(encoding="utf-8")
    polish = words[words.index("[en]") :].replace("[en]", "[pl]").replace("en_GB", "pl")
    (folder / "texts.toml").write_text(words + "\n" + polish, encoding="utf-8")
    assert sheet_pdf([a_sheet(languages=("pl", "uk"))], Design.load(folder), strict=True)


def test_a_logo_is_printed(folder: Path) -> None:
    plain = sheet_pdf([a_sheet(coupons=1)], Design.load(folder))
    (folder / "logo.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="5" cy="5" r="4"/></svg>'
    )
    edit(folder / "design.toml", "[colours]", 'logo = "logo.svg"\n[colours]')
    assert sheet_pdf([a_sheet(coupons=1)], Design.load(folder), strict=True) != plain
