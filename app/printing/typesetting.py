"""The one door to Typst: a source, its folder and its data in, PDF or PNG out.

Fonts come only from installed font packs, never from the machine, so a sheet looks the same everywhere.
"""

import re
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, TypeVar

import typst

FONT = "Noto Sans"
FONT_PACKS = "fontpkg.family"
_REMEMBERED = 10
_HERE = Path(__file__).parent
_PLACE = re.compile(r"┌─ (?P<file>[^\n]+?):(?P<line>\d+):\d+")


Source = TypeVar("Source", Path, bytes)


class TypesettingError(Exception):
    """Typst refused a source; ``file`` and ``line`` say where, when Typst knows."""

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line


@cache
def fonts() -> typst.Fonts:
    """Load the fonts of every installed font pack, once a process.

    Raises:
        TypesettingError: no font pack is installed.
    """
    folders = [Path(pack.load().ROOT) / "files" for pack in entry_points(group=FONT_PACKS)]
    if not folders:
        raise TypesettingError("no font pack is installed; fontpkg-noto-sans brings one")
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in folders],
    )


def typeset(
    source: Source,
    *,
    inputs: dict[str, str],
    form: Literal["pdf", "png"] = "pdf",
    pixels_an_inch: float = 72,
    standard: Literal["ua-1"] | None = None,
    strict: bool = False,
) -> bytes:
    """Set a source, given as its file or its text, with ``inputs`` as Typst's ``sys.inputs``.

    A file may read what lies in its own folder and nothing else. The result holds no date, so the same input
    gives the same bytes. With a ``standard`` it is tagged, and what the standard forbids is refused. ``strict`` refuses what Typst only warns of, such as a font that is not installed.

    Raises:
        TypesettingError: the source is wrong.
    """
    compiler = typst.Compiler(
        source,
        root=source.parent if isinstance(source, Path) else _HERE,
        font_paths=fonts(),
        ignore_system_fonts=True,
        sys_inputs=inputs,
    )
    try:
        pages, warnings = compiler.compile_with_warnings(
            format=form,
            ppi=pixels_an_inch,
            timestamp=0,
            pdf_tags=standard is not None,
            pdf_standards=[standard] if standard else [],
        )
    except typst.TypstError as refusal:
        raise _located(refusal) from refusal
    if strict and warnings:
        raise _located(warnings[0])
    if not isinstance(pages, bytes):
        raise TypesettingError("a picture must be one page")
    return pages


def forget() -> None:
    """Let go of the memory of earlier sheets, about a megabyte each.

    Typst remembers what it set until ten more compilations have passed, for editors that set a text again and again.
    """
    for _ in range(_REMEMBERED + 1):
        typst.compile(b"", font_paths=fonts(), ignore_system_fonts=True)


def _located(trouble: typst.TypstError | typst.TypstWarning) -> TypesettingError:
    message = ". ".join([trouble.message, *trouble.hints])
    place = _PLACE.search(trouble.diagnostic)
    if not place:
        return TypesettingError(message)
    return TypesettingError(message, file=Path(place["file"]).name, line=int(place["line"]))
