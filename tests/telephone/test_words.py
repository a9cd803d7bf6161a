"""The words of telephones: there for every screen, fit to be shown, and telling nobody what they are about."""

import re
from string import Formatter

import pytest

from app.core.i18n import languages, translations
from app.domain.channels.events import Medium
from app.domain.screens.rules import NotUsable, Screen, outcome
from app.printing.wording import telling_words
from app.telephone import screens, templates
from app.telephone.lengths import measure, septets
from app.telephone.screens import BY_SMS, NAVIGATION, NOTICES, OPTIONS, TEXTS, text_of
from app.telephone.templates import (
    LONGEST,
    TEMPLATES,
    BadTemplate,
    check_template,
    text_of_template,
)
from tests.menus import Telephone, every_screen, longest_hours

LANGUAGES = sorted(languages())
USSD, SMS = Medium.USSD, Medium.SMS

# Words that would tell whoever looks over a shoulder, and words that hurt; in Latin letters too.
FORBIDDEN = re.compile(
    r"""\b(drug|inject|syring|needle|addict|abus|junk|user|hiv|aids\b|std\b|sti\b|hepat|sex|prostit|women|woman|female
    |gender|condom|test(s|ed|ing)?\b|clinic|patient|client|harm|reduc|peer|recruit|coupon|reward|incentiv|stipend|cash|bonus
    |naloxon|methadon|police|crim
    |нарко|ін.?єк|шприц|голк|залежн|споживач|віл\b|снід|гепат|секс|прост|жінк|жіноч|презерв|тест|клінік|пацієнт|клієнт
    |шкод|рівн|рекрут|купон|винагород|стипенд|готівк|бонус|налокс|метадон|поліц|злочин
    |narko|iniek|shpryts|zalezhn|spozhyvach|vil\b|snid\b|zhink|zhinoch|prezerv|kupon|vynahorod)""",
    re.IGNORECASE | re.VERBOSE,
)


def all_texts() -> list[str]:
    ours = [*TEXTS.values(), *BY_SMS.values(), *NOTICES.values(), *OPTIONS.values(), NAVIGATION]
    return [*ours, *(each.text for each in TEMPLATES.values())]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_fits_with_the_longest_facts(language: str) -> None:
    for medium, screen in every_screen():
        text = text_of(screen, language, medium)
        if medium is USSD:
            assert text.isascii(), text
            assert 0 < septets(text) <= 160, text
        else:
            assert 0 < measure(text).parts <= 2, text


def test_all_texts_are_among_the_screens_that_are_measured() -> None:
    shown = every_screen()
    seen = "\n".join(text_of(screen, "en", medium) for medium, screen in shown)
    fixed = [re.split(r"%\(\w+\)s", text)[0] for text in all_texts()[: -len(TEMPLATES)]]

    assert [text for text in fixed if text not in seen] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_message_takes_two_parts_at_most(name: str, language: str) -> None:
    text = text_of_template(name, language, TEMPLATES[name].longest)

    assert measure(text).parts <= 2
    assert "{" not in text
    if "phone" in TEMPLATES[name].fields:
        assert LONGEST["phone"] in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_tells_what_it_is_about(language: str) -> None:
    for text in all_texts():
        said = translations(language).gettext(text)
        assert not FORBIDDEN.search(said), said
        assert not telling_words(said), said
    for medium, screen in every_screen():
        said = text_of(screen, language, medium)
        assert not FORBIDDEN.search(said), said


@pytest.mark.parametrize(
    "telling",
    ["Your HIV test is ready", "for women", "Тест на ВІЛ", "ваша винагорода", "Vash kupon"],
)
def test_words_that_tell_would_be_found(telling: str) -> None:
    assert FORBIDDEN.search(telling)


@pytest.mark.parametrize("medium", Medium)
def test_a_card_that_cannot_be_used_gets_these_words_and_no_others(medium: Medium) -> None:
    screen = outcome(NotUsable())

    assert text_of(screen, "en", medium) == "Not usable. Ask at the desk."
    assert text_of(screen, "uk", SMS) == "Недійсна. Запитайте в пункті."
    assert text_of(screen, "uk", USSD) == "Nediisna. Zapytaite v punkti."


def test_hours_numbers_and_amounts_are_never_cut() -> None:
    hours = longest_hours()
    for language in LANGUAGES:
        message = text_of(Telephone().write("HOURS 1"), language, SMS)
        for each in hours.hours.values():
            assert each.replace("–", "-") in message
        assert hours.phone in message
        assert hours.phone in text_of(Telephone().press("2", "1", "2"), language, USSD)
        says = text_of(Telephone().press("3", "000000005726", "4071"), language, USSD)
        assert re.sub(r"\D", "", says).endswith("39999999999")


def test_names_that_begin_alike_are_told_apart_by_their_ends() -> None:
    text = text_of(Telephone(sites=5).press("2"), "uk", USSD)

    names = [line[2:] for line in text.split("\n")[1:6]]
    assert len(set(names)) == 5


def test_hours_in_many_words_are_cut_before_the_keys_are() -> None:
    screen = Screen("hours", {"name": {"uk": "Пункт"}, "runs": [["mon", "sun", "щодня " * 60]]})

    text = text_of(screen, "uk", USSD)

    assert septets(text) <= 160
    assert text.endswith("0 Nazad 00 Pochatok")


def test_a_site_without_a_name_in_a_language_is_called_by_another() -> None:
    screen = Screen("way", {"name": {"en": "Berih"}, "address": {}, "phone": "1"})

    assert text_of(screen, "uk", SMS).startswith("Berih\n")


def test_a_latin_language_is_not_sent_in_costly_letters_for_a_dash() -> None:
    assert measure(text_of(Telephone(sites=1).write("HOURS"), "en", SMS)).encoding == "gsm7"


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_message_has_all_its_fields_in_every_language(name: str) -> None:
    for language in LANGUAGES:
        words = translations(language).gettext(TEMPLATES[name].text)
        asked = {field for _, field, _, _ in Formatter().parse(words) if field}
        assert asked == set(TEMPLATES[name].fields), language
        check_template(name, words)


@pytest.mark.parametrize(
    "words",
    ["Come {amount}", "Come {", "Come }", "{site!r}", "{site:>99999}", "{0}", "{}", "{site.x}"],
)
def test_words_that_cannot_be_filled_in_are_refused_and_never_sent(words: str) -> None:
    with pytest.raises(BadTemplate):
        check_template("reward_waiting", words)

    facts = TEMPLATES["reward_waiting"].longest
    assert text_of_template("reward_waiting", "en", facts, words) == text_of_template(
        "reward_waiting", "en", facts
    )


def test_a_programmes_own_words_are_filled_in() -> None:
    facts = {"site": {"en": "Berih"}, "phone": "123", "day": "2026-12-03"}

    assert (
        text_of_template("appointment", "en", facts, "See you on {day} at {site} {{:}}")
        == "See you on 3 December at Berih {:}"
    )


def test_a_message_never_says_an_amount() -> None:
    assert not {field for each in TEMPLATES.values() for field in each.fields} & {"amount", "due"}


def test_there_is_nothing_to_say_that_no_screen_says() -> None:
    assert set(screens.TEXTS) & set(screens.BY_SMS) == {"feedback_kept"}
    assert set(templates.LONGEST) == {field for each in TEMPLATES.values() for field in each.fields}
