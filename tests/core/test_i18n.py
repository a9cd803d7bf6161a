"""The best of the languages there are, for whatever a browser says."""

import pytest

from app.core.i18n import negotiate


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("uk", "uk"),
        ("uk-UA,uk;q=0.9,en;q=0.8", "uk"),
        ("en;q=0.1, uk; q=0.2", "uk"),
        ("UK", "uk"),
        ("de, fr;q=0.9", "en"),
        ("uk;q=0", "en"),
        ("*", "en"),
        ("uk;q=nan, en;q=0.1", "en"),
        (";;;,,q=", "en"),
        ("uk;q=" + "9" * 400, "en"),
        ("x" * 100_000, "en"),
    ],
)
def test_the_wanted_language_is_taken_or_english(header: str, language: str) -> None:
    assert negotiate(header) == language
