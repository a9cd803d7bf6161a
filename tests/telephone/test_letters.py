"""Writing any text with the letters every telephone has."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.septets import most_septets
from app.telephone.lengths import is_gsm7, septets
from app.telephone.letters import plain_signs, to_ascii

# The examples of the table of 27 January 2010, letter by letter.
EXAMPLES = {
    "Алушта": "Alushta",
    "Андрій": "Andrii",
    "Борщагівка": "Borshchahivka",
    "Борисенко": "Borysenko",
    "Вінниця": "Vinnytsia",
    "Гадяч": "Hadiach",
    "Богдан": "Bohdan",
    "Згурський": "Zghurskyi",
    "Ґалаґан": "Galagan",
    "Ґорґани": "Gorgany",
    "Донецьк": "Donetsk",
    "Рівне": "Rivne",
    "Єнакієве": "Yenakiieve",
    "Гаєвич": "Haievych",
    "Короп’є": "Koropie",
    "Житомир": "Zhytomyr",
    "Закарпаття": "Zakarpattia",
    "Медвин": "Medvyn",
    "Іршава": "Irshava",
    "Їжакевич": "Yizhakevych",
    "Кадиївка": "Kadyivka",
    "Мар’їне": "Marine",
    "Йосипівка": "Yosypivka",
    "Стрий": "Stryi",
    "Наталія": "Nataliia",
    "Уляна": "Uliana",
    "Фастів": "Fastiv",
    "Харків": "Kharkiv",
    "Біла Церква": "Bila Tserkva",
    "Чернівці": "Chernivtsi",
    "Шостка": "Shostka",
    "Щербухи": "Shcherbukhy",
    "Гоща": "Hoshcha",
    "Гаращенко": "Harashchenko",
    "Юрій": "Yurii",
    "Корюківка": "Koriukivka",
    "Яготин": "Yahotyn",
    "Костянтин": "Kostiantyn",
    "Знам'янка": "Znamianka",
    "Феодосія": "Feodosiia",
}


@pytest.mark.parametrize(("name", "latin"), EXAMPLES.items())
def test_ukrainian_names_are_written_as_the_table_has_them(name: str, latin: str) -> None:
    assert to_ascii(name, "uk") == latin


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ЩОДНЯ З 9 ДО 17", "SHCHODNIA Z 9 DO 17"),
        ("Є", "Ye"),
        ("м. Київ, вул. Їжакевича, 5-Б", "m. Kyiv, vul. Yizhakevycha, 5-B"),
        ("Центр «Світанок» – пн–пт…", 'Tsentr "Svitanok" - pn-pt...'),
        ("Šiauliai, Łódź, Tõrva, naïve, Straße", "Siauliai, Lodz, Torva, naive, Strasse"),
        ("Ёлка, объезд, Быстрица, Эхо", "Iolka, obezd, Bystrytsa, Ekho"),
        ("12\u00a0345,60\u202f₴ №\u20095", "12 345,60 UAH No 5"),
        ("й\u0306 и\u0306", "y y"),
        ("ﬁne ½ ①", "fine 12 1"),
        ("۱۲۳ १२", "123 12"),
        ("naive `code`", "naive 'code'"),
        ("中文", "??"),
        ("\u200b\u200d", "?"),
        ("", ""),
    ],
)
def test_other_texts_are_folded_sensibly(text: str, plain: str) -> None:
    assert to_ascii(text, "uk") == plain


@given(st.text(min_size=1))
def test_no_text_becomes_empty_or_anything_but_plain_letters(text: str) -> None:
    plain = to_ascii(text, "uk")

    assert plain.isascii()
    assert is_gsm7(plain)
    assert plain.strip() or not text.strip()


@given(st.text())
def test_plain_text_stays_as_it_is(text: str) -> None:
    plain = to_ascii(text, "uk")

    assert to_ascii(plain, "en") == plain


def test_no_letter_takes_more_room_than_pages_are_cut_for() -> None:
    every = [chr(point) for point in range(32, sys.maxunicode + 1)]
    letters = [each for each in every if unicodedata.category(each) not in ("Cs", "Co", "Cn")]

    longer = [
        (each, text)
        for each in letters
        for text in (each, f"а{each}а", f"З{each}", f"{each}Я")
        if septets(to_ascii(text, "uk")) > most_septets(text)
    ]

    assert longer == []


def test_signs_that_telephones_lack_cost_a_message_no_third_of_its_room() -> None:
    assert plain_signs("Mon–Fri 9–17 “open”") == 'Mon-Fri 9-17 "open"'
    assert plain_signs("Café 5 € Ґ") == "Café 5 € Ґ"
