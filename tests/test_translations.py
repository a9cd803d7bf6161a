"""Every text of every page and message is there in every language, with the same places for what is put in."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import app
from app.core.errors import every_error
from app.core.i18n import LOCALES, SOURCE, languages
from app.domain.staff.rules import Role
from app.domain.stipends.rules import Account
from app.web import problems
from app.web.wording import ABOUT_ACCOUNTS, ACCOUNTS, ACTS, ERRORS, ROLES

APP = Path(app.__file__).parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {
    "**/templates/**.html": {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "silent": "false"}
}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
PLACE = re.compile(r"%\((\w+)\)[sd]")
OTHERS = sorted(set(languages()) - {SOURCE})

Text = str | tuple[str, ...]


@cache
def texts() -> dict[Text, str]:
    """Every text to translate, and where it stands."""
    found = extract_from_dir(APP, METHODS, options_map=OPTIONS, keywords=KEYWORDS)
    return {text: f"{name}:{line}" for name, line, text, _, _ in found}


def entries(language: str) -> Iterator[tuple[Path, Message]]:
    for path in sorted((LOCALES / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    yield path, message


@cache
def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """By English singular: every form of the translation."""
    return {_first(each.id): _forms(each.string) for _, each in entries(language)}


def test_texts_are_found_in_templates_and_in_python() -> None:
    where = " ".join(texts().values())
    assert "web/templates/header.html" in where
    assert "web/wording.py" in where


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    missing = {
        where: text
        for text, where in texts().items()
        if not all(catalogue(language).get(_first(text), ("",)))
    }
    assert missing == {}


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_no_page_says(language: str) -> None:
    said = {_first(text) for text in texts()}
    assert [
        (path.name, each.id) for path, each in entries(language) if _first(each.id) not in said
    ] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    for _, message in entries(language):
        for form in _forms(message.string):
            assert places(form) == places(_first(message.id)), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_is_translated_in_one_way(language: str) -> None:
    translated: dict[str, tuple[str, ...]] = {}
    for path, message in entries(language):
        forms = _forms(message.string)
        assert translated.setdefault(_first(message.id), forms) == forms, (path.name, message.id)


@pytest.mark.parametrize("language", OTHERS)
def test_counted_texts_have_every_form_of_the_language(language: str) -> None:
    for text in texts():
        if isinstance(text, tuple):
            assert len(catalogue(language)[text[0]]) == forms_of(language), text


def test_every_refusal_has_a_text() -> None:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        importlib.import_module(module.name)
    codes = {each.code for each in every_error()} | set(problems.HTTP_CODES.values())
    # What problems.py answers by itself.
    codes |= set(re.findall(r'"([a-z_]+)", \{', Path(problems.__file__).read_text("utf-8")))

    assert codes - set(ERRORS) == set()


def test_every_role_and_account_has_a_name() -> None:
    assert set(ROLES) == set(Role)
    assert set(ACCOUNTS) == set(ABOUT_ACCOUNTS) == set(Account)


def test_every_recorded_act_has_a_name() -> None:
    recorded = {
        act
        for path in (APP / "domain").rglob("actions.py")
        for act in re.findall(r'"([a-z_]+\.[a-z_]+)"', path.read_text("utf-8"))
    }
    assert "coupon.redeemed" in recorded
    assert recorded - set(ACTS) == set()


def places(text: str) -> list[str]:
    return sorted(set(PLACE.findall(text)) - {"num"})


def forms_of(language: str) -> int:
    path = next((LOCALES / language).glob("*.po"))
    with path.open("rb") as file:
        return read_po(file, locale=language).num_plurals


def _first(text: object) -> str:
    return str(text[0]) if isinstance(text, tuple) else str(text)


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text or ""),)
