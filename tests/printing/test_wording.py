"""The words that must not stand on a card, in the forms they take."""

import pytest

from app.printing.wording import telling_words


@pytest.mark.parametrize(
    "text",
    [
        "Drugs",
        "people who inject",
        "HIV",
        "AIDS centre",
        "sex work",
        "Harm Reduction",
        "for women",
        "women only",
        "STI",
        "наркотики",
        "Наркологія",
        "ВІЛ",
        "тест на ВІЛ.",
        "СНІДу",
        "ін'єкції",
        "ін’єкційних",
        "секс-робота",
        "лише для жінок",
        "Тільки жінки",
        "шприци",
        "опіоїдна",
        "ВИЧ",
        "женщинам",
    ],
)
def test_a_telling_word_is_found(text: str) -> None:
    assert telling_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "Центр «Затишок»",
        "вул. Артема, сніданок, віллу, артіль",
        "Essex street, aidsfree",
        "Free of charge. The card works once.",
        "Картка діє один раз. Документи не потрібні.",
        "м. Жмеринка, вул. Голосіївська",
    ],
)
def test_an_ordinary_word_is_left_alone(text: str) -> None:
    assert telling_words(text) == ()
