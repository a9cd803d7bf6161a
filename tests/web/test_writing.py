"""Numbers as pages and pictures write them: no share is written away, and below zero there is a minus."""

import pytest

from app.core.money import Money
from app.web.figures.words import writing
from app.web.templating import environment


@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_share_below_one_percent_is_not_written_as_none(language: str) -> None:
    percent = writing(language).percent
    told = [percent(share).replace("\xa0", " ") for share in (0.0, 0.004, 0.0099, 0.01, 0.304)]
    assert told == ["0 %", "<1 %", "<1 %", "1 %", "30 %"]


@pytest.mark.parametrize("language", ["en", "uk"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", -1234.5),
        ("percent", -0.1),
        ("money", Money(-500, "UAH")),
        ("amount", Money(-500, "UAH")),
    ],
)
def test_what_is_below_zero_has_a_minus_and_no_hyphen(
    language: str, name: str, value: float | Money
) -> None:
    told = environment(language).filters[name](value)
    assert "\N{MINUS SIGN}" in told
    assert "-" not in told
