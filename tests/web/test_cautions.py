"""Cautions in words: every one has a text in every language, and none tells a count of a few people."""

import ast
import re
from pathlib import Path

import pytest

import analysis.cautions
from analysis.diagnostics import NOBODY
from analysis.notices import Notice
from app.core.i18n import languages
from app.web.figures.cautions import WORDS, told
from tests.analysis.test_diagnostics import CASES

GIVEN = [NOBODY] + [notice for caution, fires, *_ in CASES if (notice := caution(fires))]


def said(notice: Notice, language: str = "en") -> str:
    (text,) = told([notice], others="men" if language == "en" else "чоловіки", language=language)
    return text


def codes_in(folder: Path) -> set[str]:
    """The codes of the notices that modules make."""
    return {
        str(call.args[0].value)
        for path in folder.glob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "Notice"
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_caution_that_can_be_given_has_a_text_and_no_other() -> None:
    codes = codes_in(Path(analysis.cautions.__file__).parent)
    assert "few_waves" in codes
    assert codes | {NOBODY.code} == set(WORDS)


def test_every_text_has_a_case_here() -> None:
    assert {notice.code for notice in GIVEN} == set(WORDS)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("notice", GIVEN, ids=lambda notice: notice.code)
def test_a_text_is_filled_with_the_facts_in_each_language(notice: Notice, language: str) -> None:
    text = said(notice, language)
    assert text != notice.text or not notice.facts
    assert text[0].isupper()
    assert text.endswith(".")
    assert "%(" not in text
    assert "None" not in text


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("code", ["missing_network_size", "missing_trait", "barren_seeds"])
def test_a_count_of_a_few_people_is_not_told(code: str, n: int) -> None:
    text = said(Notice(code, "", {"n": n, "of": 90, "seeds": 9, "trait": "sex"}))
    assert "fewer than five" in text
    assert not re.search(r"\d", text)


def test_a_count_of_enough_people_is_told() -> None:
    assert "know: 1,234." in said(Notice("missing_network_size", "", {"n": 1234, "of": 5000}))


def test_groups_have_the_names_that_people_call_them() -> None:
    notice = Notice(
        "differential_activity", "", {"larger": "others", "smaller": "female", "times": 2.5}
    )
    assert said(notice).startswith("Men know 2.5 times as many people as women do")
    assert said(notice, "uk").count("жінки") == 1


def test_more_waves_than_anybody_counts_are_said_so() -> None:
    notice = Notice("short_of_equilibrium", "", {"waves": 3, "needed": None, "level": "female"})
    assert "more than 1,000 waves" in said(notice)


def test_the_words_of_cautions_accuse_nobody() -> None:
    for notice in GIVEN:
        assert not re.search(r"fraud|lie[ds]?\b|cheat|suspic|wrong", said(notice), re.IGNORECASE)
