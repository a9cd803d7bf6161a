"""Walking the menu of a telephone: where each key leads, and that none leads nowhere."""

import json
from datetime import date

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.domain.channels.events import Medium
from app.domain.menu.rules import MOST_OPTIONS
from app.domain.screens.rules import (
    Announce,
    AnswerIs,
    CheckCoupon,
    ClosedThen,
    CouponUsable,
    Hours,
    Locked,
    MyCard,
    NotRight,
    NotUsable,
    ReadAnswer,
    SayFeedback,
    Screen,
    Setting,
    SiteHours,
    Sites,
    State,
    StopMessages,
)
from app.telephone.lengths import septets
from app.telephone.screens import TEXTS, text_of
from tests.menus import COUPON, OWN_CARD, PIN, RECEIPT, SETTING, WAYS, WORDS, Telephone


@pytest.mark.parametrize("name", WAYS)
def test_every_screen_is_at_most_three_answers_away(name: str) -> None:
    keys = WAYS[name]

    assert Telephone().press(*keys).name == name if keys else Telephone().screen.name == name
    assert len(keys) <= 3


def test_every_screen_with_words_can_be_come_to() -> None:
    elsewhere = {"not_usable", "locked", "no_sites"}  # by other answers, below
    elsewhere |= {"try_later", "test_message"}  # from no menu
    variants = {"coupon_usable_later", "hours_unknown", "card_says_nothing_due", "announced_hours"}

    assert set(TEXTS) == set(WAYS) | elsewhere | variants


@pytest.mark.parametrize("name", WAYS)
def test_from_everywhere_two_noughts_lead_home(name: str) -> None:
    telephone = Telephone()
    telephone.press(*WAYS[name])

    assert telephone.press("00").name == "home"


@pytest.mark.parametrize(
    ("keys", "back"),
    [
        (("1",), "home"),
        (("2",), "home"),
        (("2", "1"), "sites"),
        (("2", "1", "2"), "hours"),
        (("3", OWN_CARD), "own_card"),
        (("4", "1"), "sites"),
        (("5",), "home"),
        (("5", "1"), "more"),
        (("5", "2", RECEIPT), "receipt"),
        (("5", "3"), "more"),
        (("5", "4"), "more"),
        ((), "home"),
    ],
)
def test_nought_leads_one_screen_back(keys: tuple[str, ...], back: str) -> None:
    assert Telephone().press(*keys, "0").name == back


def test_digits_of_any_script_and_spaces_are_read() -> None:
    telephone = Telephone()

    telephone.press("١", "0000 0000-5724#")

    assert telephone.asked == [CheckCoupon(COUPON)]


@pytest.mark.parametrize("typed", ["000000005725", "5724", "card", "0000000057240"])
def test_a_mistyped_code_is_refused_without_asking_the_programme(typed: str) -> None:
    telephone = Telephone()

    screen = telephone.press("1", typed)

    assert telephone.asked == []
    assert (screen.name, screen.facts, screen.ends) == ("coupon", {"notice": "mistyped"}, False)
    assert telephone.press(COUPON).name == "coupon_usable"


def test_two_digits_swapped_are_no_coupon() -> None:
    telephone = Telephone()

    assert "notice" in telephone.press("1", "000000005742").facts
    assert telephone.asked == []


def test_the_two_kinds_of_cards_are_told_apart_without_asking_the_programme() -> None:
    telephone = Telephone()

    assert telephone.press("1", OWN_CARD).facts == {"notice": "own_card"}
    assert telephone.press("00", "3", COUPON).facts == {"notice": "coupon"}
    assert telephone.asked == []


def test_a_coupon_that_cannot_be_used_ends_the_call_with_nothing_more() -> None:
    screen = Telephone(answers={CheckCoupon: NotUsable()}).press("1", COUPON)

    assert screen == Screen("not_usable", ends=True, is_private=True)


def test_a_wrong_pin_may_be_typed_again_and_tells_nothing_of_the_card() -> None:
    telephone = Telephone(answers={MyCard: NotRight()})

    screen = telephone.press("3", OWN_CARD, "1111")

    assert (screen.name, screen.facts) == ("pin", {"notice": "not_right"})
    telephone.press(PIN)
    assert telephone.asked == [MyCard(OWN_CARD, "1111"), MyCard(OWN_CARD, PIN)]


@pytest.mark.parametrize("typed", ["123", "1234567", "12a4", "****"])
def test_what_can_be_no_pin_costs_no_try(typed: str) -> None:
    telephone = Telephone()

    telephone.press("3", OWN_CARD, typed)

    assert telephone.asked == []


@pytest.mark.parametrize(
    ("ask", "keys"),
    [
        (CheckCoupon, ("1", COUPON)),
        (MyCard, ("3", OWN_CARD, PIN)),
        (Announce, ("4", "1", "2")),
        (SayFeedback, ("5", "1", WORDS)),
        (ReadAnswer, ("5", "2", RECEIPT)),
    ],
)
def test_whoever_was_wrong_too_often_is_sent_to_the_desk(ask: type, keys: tuple[str, ...]) -> None:
    screen = Telephone(answers={ask: Locked()}).press(*keys)

    assert (screen.name, screen.ends) == ("locked", True)


def test_digits_pins_and_words_are_in_no_repr_and_on_private_screens_only() -> None:
    telephone = Telephone()
    for keys in (("1", COUPON), ("3", OWN_CARD, PIN), ("5", "1", WORDS), ("5", "2", RECEIPT)):
        telephone.dial()
        for key in keys:
            assert key in ("1", "2", "3", "5") or telephone.screen.is_private
            telephone.press(key)
            told = f"{telephone.state!r} {telephone.screen!r} {telephone.asked!r}"
            assert not [each for each in (COUPON, OWN_CARD, PIN, WORDS, RECEIPT) if each in told]
        assert telephone.screen.is_private


def test_one_site_is_not_asked_for() -> None:
    telephone = Telephone(sites=1)

    assert telephone.press("2").name == "hours"
    assert telephone.press("0").name == "home"
    assert telephone.press("4").name == "day"
    assert telephone.press("0").name == "home"


def test_without_a_site_there_is_still_a_way_back() -> None:
    telephone = Telephone(sites=0)

    assert telephone.press("2").name == "no_sites"
    assert telephone.press("7").name == "home"
    assert Telephone(answers={Hours: NotUsable()}).press("2", "1").name == "no_sites"


def test_many_sites_are_paged_forth_and_back() -> None:
    telephone = Telephone(sites=11)

    telephone.press("2", "5", "5")
    assert [each.words["en"][-2:] for each in telephone.screen.options if each.words] == [
        " 8",
        " 9",
        "10",
    ]
    telephone.press("2")
    assert telephone.asked[-1] == Hours("site-9")
    assert telephone.press("0").options[0].words == telephone.press("9").options[0].words
    telephone.press("0", "0")
    assert [each.key for each in telephone.screen.options] == ["1", "2", "3", "4", "5"]
    assert telephone.press("0").name == "home"


def test_hours_that_take_several_screens_are_turned_like_pages() -> None:
    telephone = Telephone()
    seen = []

    telephone.press("2", "1")
    while telephone.screen.options[0].name == "next":
        seen += telephone.screen.facts["runs"]
        telephone.press("1")
    seen += telephone.screen.facts["runs"]

    assert [first for first, _, _ in seen] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert telephone.press("0").facts["runs"] != seen[-1:]


def test_a_long_answer_is_read_page_by_page_and_none_of_it_is_lost() -> None:
    said = "word " * 90
    telephone = Telephone(answers={ReadAnswer: AnswerIs(said)})
    read = [telephone.press("5", "2", RECEIPT).facts["text"]]
    while telephone.screen.options:
        read.append(telephone.press("1").facts["text"])

    assert " ".join(read) == said.strip()


def test_a_number_without_an_answer_may_be_typed_again() -> None:
    telephone = Telephone(answers={ReadAnswer: AnswerIs(None)})

    assert telephone.press("5", "2", RECEIPT).facts == {"notice": "no_answer"}
    assert telephone.press("0000005742").facts == {"notice": "receipt"}
    assert telephone.asked == [ReadAnswer(RECEIPT)]


def test_a_day_that_is_closed_asks_for_another() -> None:
    telephone = Telephone(answers={Announce: ClosedThen()})

    assert telephone.press("4", "2", "3").facts == {"notice": "closed"}
    assert telephone.asked[-1] == Announce("site-1", 2)


def test_a_language_is_kept_until_the_end_of_the_call() -> None:
    telephone = Telephone()

    assert telephone.press("5", "3", "2").name == "home"
    assert telephone.state.language == "uk"
    assert text_of(telephone.screen, telephone.state.language, Medium.USSD).startswith("Vitaiemo")
    telephone.press("1", "00")
    assert telephone.state.language == "uk"


def test_messages_stop_only_after_a_question() -> None:
    telephone = Telephone()

    telephone.press("5", "4", "2", "", "0")
    assert StopMessages() not in telephone.asked
    telephone.press("4", "1")
    assert telephone.asked == [StopMessages()]


@pytest.mark.parametrize("typed", ["*", "#", "", "1", "…", "\x00"])
def test_a_key_pressed_by_mistake_is_no_message(typed: str) -> None:
    telephone = Telephone()

    telephone.press("5", "1", typed)

    assert telephone.asked == []


def test_a_place_that_no_longer_is_shows_the_beginning() -> None:
    for where in ("a_place_of_an_older_version", "hours", "answer", "language", "pin"):
        telephone = Telephone()
        telephone.state = State("en", where, {"page": 7})

        assert telephone.press("1234" if where == "pin" else "1").name == "home"


TYPED = st.one_of(
    st.sampled_from(["0", "00", "", *"12345679", "*", "#", "*2#", "٣", "१", "0 0", "👍", "\x00"]),
    st.sampled_from([COUPON, OWN_CARD, PIN, RECEIPT, WORDS, "9999 9999 0006"]),
    st.text(max_size=40),
    st.text(alphabet="0123456789*#", max_size=14),
)
ANSWERS = st.fixed_dictionaries(
    {
        Sites: st.none(),
        Hours: st.sampled_from([None, NotUsable(), SiteHours({}, {}, "", {})]),
        CheckCoupon: st.sampled_from(
            [None, NotUsable(), Locked(), CouponUsable(date(2026, 9, 30), date(2026, 9, 1))]
        ),
        MyCard: st.sampled_from([None, NotRight(), Locked()]),
        Announce: st.sampled_from([None, ClosedThen(), Locked()]),
        SayFeedback: st.sampled_from([None, Locked()]),
        ReadAnswer: st.sampled_from([None, AnswerIs(None), AnswerIs(""), AnswerIs("щ" * 300)]),
        StopMessages: st.sampled_from([None, Locked()]),
    }
)


class AnyKeys(RuleBasedStateMachine):
    """Someone who presses whatever there is, in a programme that answers however it may."""

    @initialize(
        sites=st.integers(0, 12),
        languages=st.sampled_from([("en", "uk"), ("uk",), tuple("abcdefg")]),
    )
    def dial(self, sites: int, languages: tuple[str, ...]) -> None:
        setting = Setting(languages, languages[0])
        self.telephone = Telephone(sites=sites, setting=setting)

    @rule(typed=TYPED, answers=ANSWERS)
    def press(self, typed: str, answers: dict[type, object]) -> None:
        self.telephone.answers = {ask: told for ask, told in answers.items() if told}  # type: ignore[misc]
        self.telephone.press(typed)

    @rule(typed=st.lists(st.sampled_from("012345"), min_size=2, max_size=6))
    def walk(self, typed: list[str]) -> None:
        self.telephone.press(*typed)

    @invariant()
    def a_screen_is_shown_that_can_be_left(self) -> None:
        screen = self.telephone.screen
        if screen.ends:
            assert not screen.options
            self.telephone.dial()
        keys = [each.key for each in screen.options]
        assert keys == [str(key) for key in range(1, len(keys) + 1)]
        assert len(keys) <= MOST_OPTIONS
        assert Screen.from_json(json.loads(json.dumps(screen.to_json()))) == screen

    @invariant()
    def it_fits_a_screen_in_every_language(self) -> None:
        for language in (*SETTING.languages, "pl"):
            text = text_of(self.telephone.screen, language, Medium.USSD)
            assert text.isascii()
            assert 0 < septets(text) <= 160

    @invariant()
    def home_is_two_noughts_away(self) -> None:
        elsewhere = Telephone(sites=self.telephone.sites, setting=self.telephone.setting)
        elsewhere.state = self.telephone.state
        assert elsewhere.press("00").name == "home"


TestAnyKeys = AnyKeys.TestCase
TestAnyKeys.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
