"""Ids of acts sort by time; ids of people and money say nothing of it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.ids import random_id, short_label, uuid7


def test_ids_made_one_after_another_sort_so_even_within_a_millisecond() -> None:
    made = [uuid7() for _ in range(2000)]

    assert made == sorted(made)
    assert {(each.version, each.variant) for each in made} == {(7, made[0].variant)}


def test_ids_made_at_once_all_differ() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = [
            each
            for batch in threads.map(lambda _: [uuid7() for _ in range(500)], range(8))
            for each in batch
        ]

    assert len(set(made)) == 4000


def test_ids_still_sort_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = uuid7()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000_000_000_000)

    assert uuid7() > before


def test_an_id_of_a_person_holds_no_time() -> None:
    assert random_id().version == 4


def test_a_label_has_no_character_that_is_mistaken_for_another() -> None:
    letters = set("".join(short_label() for _ in range(500)))

    assert not letters & set("01OIL")
