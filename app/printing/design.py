"""A coupon design: a folder of words, settings and a layout that programme staff edit without Python."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from babel import Locale, UnknownLocaleError

from app.printing.typesetting import TypesettingError, typeset
from app.printing.wording import telling_words

DESIGNS = Path(__file__).resolve().parents[2] / "coupon_templates"
SETTINGS, TEXTS, LAYOUT = "design.toml", "texts.toml", "sheet.typ"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")

Texts = Mapping[str, str]


class DesignError(Exception):
    """A design that cannot be printed; its text says what is wrong, in which file and on which line."""

    def __init__(self, message: str, *, file: Path | None = None, line: int | None = None) -> None:
        where = [f"{file.parent.name}/{file.name}"] if file else []
        if line:
            where.append(f"line {line}")
        super().__init__(f"{', '.join(where)}: {message}" if where else message)
        self.file = file
        self.line = line


@dataclass(frozen=True, slots=True)
class Design:
    """A design that was read and found whole."""

    folder: Path
    name: str
    description: str
    coupons: int
    settings: Mapping[str, Any]
    texts: Mapping[str, Texts]

    @classmethod
    def load(cls, folder: Path) -> "Design":
        """Read a design from its folder.

        Raises:
            DesignError: a file is missing or broken, a language lacks a text another one has, or a text tells
                what the programme is about.
        """
        settings = _read(folder / SETTINGS)
        texts = _read(folder / TEXTS)
        _check_settings(settings, folder / SETTINGS)
        _check_texts(texts, folder / TEXTS)
        _check_layout(folder / LAYOUT)
        return cls(
            folder=folder,
            name=settings["name"],
            description=settings["description"],
            coupons=settings["coupons"],
            settings=MappingProxyType(settings),
            texts=MappingProxyType(texts),
        )

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it has words for, in the order of its file."""
        return tuple(self.texts)

    def words(self, language: str) -> Texts:
        """Give the words in a language.

        Raises:
            DesignError: the design has none.
        """
        if language not in self.texts:
            message = f"has no words in {language!r}; add a part [{language}]"
            raise DesignError(message, file=self.folder / TEXTS)
        return self.texts[language]

    def text(self, language: str, key: str) -> str:
        """Give one text in a language.

        Raises:
            DesignError: the design has none.
        """
        words = self.words(language)
        if key not in words:
            file = self.folder / TEXTS
            start = _line_of(file, f"[{language}]")
            raise DesignError(f"[{language}] has no text {key!r}", file=file, line=start)
        return words[key]

    def check_room(self, coupons: int) -> None:
        """Refuse more coupons than stand on one page.

        Raises:
            DesignError: they would not fit.
        """
        if coupons > self.coupons:
            message = f"has room for {self.coupons} coupons on a page, not {coupons}"
            raise DesignError(message, file=self.folder / SETTINGS)

    def set_pages(self, data: str, *, strict: bool = False) -> bytes:
        """Set pages from data written as JSON, which reaches the layout as values and never as its source.

        Raises:
            DesignError: the layout is wrong.
        """
        try:
            return typeset(self.folder / LAYOUT, inputs={"data": data}, strict=strict)
        except TypesettingError as refusal:
            file = self.folder / (refusal.file or LAYOUT)
            raise DesignError(refusal.message, file=file, line=refusal.line) from refusal


def design_names(designs: Path = DESIGNS) -> tuple[str, ...]:
    """Name the designs there are."""
    return tuple(sorted(settings.parent.name for settings in designs.glob(f"*/{SETTINGS}")))


def find_design(name: str, designs: Path = DESIGNS) -> Design:
    """Load the design that has this name.

    Raises:
        DesignError: there is none, or it is broken.
    """
    if not _NAME.fullmatch(name) or name not in design_names(designs):
        known = ", ".join(design_names(designs)) or "none"
        raise DesignError(f"there is no design {name!r}; there are: {known}")
    return Design.load(designs / name)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DesignError("the file is missing", file=file) from None
    except UnicodeDecodeError:
        raise DesignError("the file is not saved as UTF-8", file=file) from None
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        message = _TOML_PLACE.sub("", str(error))
        raise DesignError(message, file=file, line=int(place[1]) if place else None) from None


def _check_settings(settings: Mapping[str, Any], file: Path) -> None:
    for key, kind in {
        "name": str,
        "description": str,
        "coupons": int,
        "font": str,
        "colours": dict,
    }.items():
        if not isinstance(settings.get(key), kind):
            what = {str: "a text", int: "a whole number", dict: "a part"}[kind]
            raise DesignError(f"{key!r} must be {what}", file=file, line=_line_of(file, key))
    logo = settings.get("logo")
    if logo is not None and not (file.parent / str(logo)).is_file():
        raise DesignError(f"the logo {logo!r} is missing", file=file, line=_line_of(file, "logo"))


def _check_texts(texts: Mapping[str, Any], file: Path) -> None:
    if not texts or not all(isinstance(words, dict) for words in texts.values()):
        raise DesignError("there must be a part for each language, such as [uk]", file=file)
    keys = dict.fromkeys(key for words in texts.values() for key in words)
    for language, words in texts.items():
        start = _line_of(file, f"[{language}]")
        for key in ("locale", "valid", *keys):
            if key not in words:
                raise DesignError(f"[{language}] has no text {key!r}", file=file, line=start)
        for key, text in words.items():
            for problem in _problems(key, text):
                line = _line_of(file, key, after=start or 0)
                raise DesignError(f"[{language}] {key!r} {problem}", file=file, line=line)


def _problems(key: str, text: object) -> Iterator[str]:
    if not isinstance(text, str):
        yield "must be a text between quotation marks"
        return
    if key == "locale" and not _is_locale(text):
        yield f"is not a language that dates can be written in: {text!r}"
    if key == "valid" and not all(name in text for name in ("{from}", "{until}")):
        yield "must hold {from} and {until}, where the dates go"
    if told := telling_words(text):
        yield f"tells what the programme is about: {', '.join(told)}"


def _check_layout(file: Path) -> None:
    if not file.is_file():
        raise DesignError("the file is missing", file=file)
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if re.search(r"#?(import|include)\b.*\"@", line):
            message = "packages from the network are not used: put what is needed into this folder"
            raise DesignError(message, file=file, line=number)


def _is_locale(text: str) -> bool:
    try:
        Locale.parse(text)
    except (ValueError, UnknownLocaleError):
        return False
    return True


def _line_of(file: Path, start: str, *, after: int = 0) -> int | None:
    """Find the line, from ``after`` on, that begins with a key or the head of a part."""
    lines = file.read_text(encoding="utf-8").splitlines()
    beginnings = re.compile(rf"\s*\[?{re.escape(start)}(?!\w)")
    found = (n for n, line in enumerate(lines, start=1) if n > after and beginnings.match(line))
    return next(found, None)
