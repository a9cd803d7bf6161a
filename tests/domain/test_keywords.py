"""What a text message asks for, in every language and spelling people use."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.channels.events import Medium
from app.domain.keywords.rules import WORDS, read_sms
from app.domain.screens.rules import (
    AnswerIs,
    CheckCoupon,
    Hours,
    NotUsable,
    ReadAnswer,
    SayFeedback,
    Screen,
    Setting,
    Sites,
    StopMessages,
)
from app.telephone.lengths import measure
from app.telephone.letters import to_ascii
from app.telephone.screens import text_of
from tests.menus import COUPON, OWN_CARD, RECEIPT, SETTING, Telephone


@pytest.mark.parametrize(
    "text",
    [
        COUPON,
        "0000 0000 5724",
        " 0000-0000-5724. ",
        "card 000000005724",
        "CARD: 0000 0000 5724",
        "Картка 000000005724",
        "kartka 000000005724",
        "٠٠٠٠٠٠٠٠٥٧٢٤",
    ],
)
def test_twelve_digits_check_a_card_with_or_without_a_word(text: str) -> None:
    telephone = Telephone()

    telephone.write(text)

    assert telephone.asked == [CheckCoupon(COUPON)]


@pytest.mark.parametrize("text", ["000000005725", "0000 0000 572", "CARD", "card hello"])
def test_a_mistyped_card_is_refused_without_asking_the_programme(text: str) -> None:
    telephone = Telephone()

    assert telephone.write(text).name == "sms_mistyped"
    assert telephone.asked == []


def test_digits_of_her_own_card_are_not_looked_up_by_message() -> None:
    telephone = Telephone()

    assert telephone.write(OWN_CARD).name == "sms_own_card"
    assert telephone.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop!",
        '"Stop".',
        "Stop please",
        "STOP sending me messages",
        "StopAll",
        "unsubscribe",
        "CANCEL",
        "END",
        "quit",
        "СТОП",
        "стоп, будь ласка",
        "Відписатися",
        "vidpysatysia",
        "Отписаться",
        "STОР",  # two letters of another alphabet
        "CTOП",
    ],
)
def test_words_that_opt_out_stop_messages(text: str) -> None:
    assert read_sms(text, SETTING)[1] == StopMessages()


@pytest.mark.parametrize("text", ["End of the street?", "Can you cancel my visit", "nonstop"])
def test_a_sentence_that_only_has_such_a_word_stops_nothing(text: str) -> None:
    assert read_sms(text, SETTING)[1] != StopMessages()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hours", "en"),
        ("Години", "uk"),
        ("hodyny", "uk"),
        ("АДРЕСА", "uk"),
        ("Where", "en"),
        ("ГРАФІК", "uk"),
        ("Коли?", "uk"),
        ("Годинa", "uk"),  # the last letter is a Latin one
    ],
)
def test_the_reply_is_in_the_language_of_the_word(text: str, language: str) -> None:
    telephone = Telephone(sites=2)

    screen = telephone.write(text)

    assert (screen.name, telephone.state.language) == ("sms_sites", language)


def test_a_language_the_programme_does_not_speak_changes_nothing() -> None:
    state, _ = read_sms("години", Setting(("en",), "en"))

    assert state.language == "en"


def test_hours_of_one_of_many_sites_are_asked_for_by_number() -> None:
    telephone = Telephone(sites=4)

    assert telephone.write("HOURS 3").name == "sms_hours"
    assert telephone.asked == [Sites(), Hours("site-2")]
    assert telephone.write("HOURS 9").name == "sms_sites"


def test_hours_of_the_only_site_come_at_once_and_of_none_kindly() -> None:
    assert Telephone(sites=1).write("години").name == "sms_hours"
    assert Telephone(sites=0).write("hours").name == "sms_no_sites"
    assert Telephone(answers={Hours: NotUsable()}).write("hours 1").name == "sms_no_sites"


def test_what_is_said_is_taken_as_it_was_written() -> None:
    telephone = Telephone()

    assert telephone.write("SAY The door\nwas locked: why?").name == "feedback_kept"
    telephone.write("сказати  Двері були зачинені.")

    assert telephone.asked == [
        SayFeedback("The door\nwas locked: why?"),
        SayFeedback("Двері були зачинені."),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [("SAY", "sms_say_what"), ("say ..", "sms_say_what"), ("READ", "sms_read_what")],
)
def test_a_word_without_its_content_is_told_how_to_write_it(text: str, name: str) -> None:
    telephone = Telephone()

    assert telephone.write(text).name == name
    assert telephone.asked == []


@pytest.mark.parametrize(
    "text", [f"READ {RECEIPT}", "читати 000 000 5724", "chytaty 000-000-5724."]
)
def test_an_answer_is_read_by_the_number_of_its_receipt(text: str) -> None:
    telephone = Telephone()

    telephone.write(text)

    assert telephone.asked == [ReadAnswer(RECEIPT)]


@pytest.mark.parametrize("language", ["READ", "ЧИТАТИ"])
def test_a_long_answer_comes_whole_in_several_messages(language: str) -> None:
    said = " ".join(f"слово{n}" for n in range(70))
    telephone = Telephone(answers={ReadAnswer: AnswerIs(said)})
    screen = telephone.write(f"{language} {RECEIPT}")
    read = [screen.facts["text"]]
    while "page" in screen.facts:
        reply = text_of(screen, telephone.state.language, Medium.SMS)
        # What the reply says to send is sent, as it stands there.
        screen = telephone.write(reply.rpartition("send ")[2] or reply.rpartition("\n")[2])
        if screen.name != "sms_answer":
            screen = telephone.write(reply[reply.rindex("CHYTATY") :])
        read.append(screen.facts["text"])

    assert len(read) > 2
    assert " ".join(read) == said


def test_nothing_to_read_is_said_in_one_way() -> None:
    telephone = Telephone(answers={ReadAnswer: AnswerIs(None)})

    assert telephone.write(f"READ {RECEIPT}").name == "sms_no_answer"


@pytest.mark.parametrize(
    ("text", "name", "language"),
    [
        ("LANG uk", "sms_help", "uk"),
        ("мова українська", "sms_help", "uk"),
        ("MOVA en", "sms_help", "en"),
        ("lang", "sms_languages", "en"),
        ("lang xx", "sms_languages", "en"),
    ],
)
def test_a_language_is_chosen_by_its_code_or_name(text: str, name: str, language: str) -> None:
    state, screen = read_sms(text, SETTING)

    assert isinstance(screen, Screen)
    assert (screen.name, state.language) == (name, language)


@pytest.mark.parametrize("text", ["", "   ", "👍", "what is this", "!!!", "123"])
def test_other_words_get_a_short_reply_and_are_nobody_elses_business(text: str) -> None:
    screen = Telephone().write(text)

    assert (screen.name, screen.is_private) == ("sms_unknown", True)


def test_only_bare_words_are_not_private() -> None:
    open_to_keep = {
        "sms_help",
        "sms_sites",
        "sms_hours",
        "sms_no_sites",
        "sms_languages",
        "stopped",
    }
    for text in (
        COUPON,
        "000000005725",
        OWN_CARD,
        "SAY hello you",
        f"READ {RECEIPT}",
        "HOURS",
        "STOP",
    ):
        screen = Telephone().write(text)
        assert screen.is_private is (screen.name not in open_to_keep), text


def test_every_word_is_known_in_latin_letters_too_where_a_reply_is_written_in_them() -> None:
    known = {word for words in WORDS.values() for group in words.values() for word in group.split()}

    for word in ("ГОДИНИ", "СКАЗАТИ", "ЧИТАТИ", "ДОПОМОГА", "МОВА", "СТОП"):
        assert word.lower() in known
        assert to_ascii(word, "uk").lower() in known


@given(text=st.text(max_size=200), sites=st.integers(0, 12))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_there_is_a_reply_of_two_parts_at_most(text: str, sites: int) -> None:
    telephone = Telephone(sites=sites)

    screen = telephone.write(text)

    assert screen.ends
    for language in SETTING.languages:
        assert 0 < measure(text_of(screen, language, Medium.SMS)).parts <= 2


@given(rest=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_stop_stops_whatever_follows(rest: str) -> None:
    assert read_sms(f"STOP {rest}", SETTING)[1] == StopMessages()
