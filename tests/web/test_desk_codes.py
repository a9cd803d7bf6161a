"""The browser judges codes as the server does: the same texts, given to both."""

import random
from pathlib import Path

from playwright.sync_api import Page

import app.web
from app.core.claim_names import is_own, new_claim_code, new_claim_token
from app.core.codes import (
    CODE_LENGTH,
    Code,
    MalformedCode,
    Token,
    check_digit,
    new_code,
    new_token,
    read_scanned,
)
from app.core.training import LESSONS, lesson_of, training_digits, training_token

SCRIPT = Path(app.web.__file__).parent / "static" / "desk_codes.js"
UKRAINIAN = str.maketrans("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФІВАПРОЛДЯЧСМИТЬ")


def server(text: str) -> str:
    """What ``judge`` of the script should say."""
    try:
        read = read_scanned(text)
    except MalformedCode as error:
        words = {"check_digit": "slip", "training": "training", "own_card": "own"}
        return words.get(error.reason, "")
    return {Code: "code", Token: "token"}[type(read)]


def some_texts() -> list[str]:
    chance = random.Random(7)
    codes = [new_code().digits for _ in range(100)]
    slips = [f"{chance.randrange(10**CODE_LENGTH):012}" for _ in range(200)]
    swapped = [code[:5] + code[6] + code[5] + code[7:] for code in codes]
    tokens = [new_token().text for _ in range(50)]
    return [
        *codes,
        *slips,
        *swapped,
        *(f"{code[:4]} {code[4:8]}-{code[8:]}" for code in codes),
        *(code[:-1] for code in codes),
        *tokens,
        *(token.lower() for token in tokens),
        *(token.translate(UKRAINIAN).lower() for token in tokens),
        *(f"https://card.example/{token}" for token in tokens),
        *(f"https://card.example/?c={token}" for token in tokens),
        *(f"]Q{number % 10}{token}" for number, token in enumerate(tokens)),
        *(f"Їй1{token.translate(UKRAINIAN)}" for token in tokens),
        *(f"]E0{token}" for token in tokens),
        *(token[:-1] for token in tokens),
        *(token[:-1] + "B" for token in tokens),
        "",
        "hello",
        *training_texts(),
        *own_texts(),
    ]


def own_texts() -> list[str]:
    codes = [new_claim_code().digits for _ in range(50)]
    tokens = [new_claim_token().text for _ in range(20)]
    return [
        *codes,
        *(f"{code[:4]} {code[4:8]} {code[8:]}" for code in codes),
        *tokens,
        *(token.lower() for token in tokens),
        *(token.translate(UKRAINIAN).lower() for token in tokens),
        *(f"https://card.example/?c={token}" for token in tokens),
        *(token[:-1] for token in tokens),
    ]


def some_fixed_texts() -> list[str]:
    codes, tokens = [new_code().digits for _ in range(20)], [new_token().text for _ in range(20)]
    return [
        *codes,
        *tokens,
        "",
        "99999999",
        "000000005742",
        "hello",
        *(each[:-1] for each in codes),
    ]


def training_texts() -> list[str]:
    chance = random.Random(8)
    names = [name(lesson, 7) for lesson in LESSONS for name in (training_digits, training_token)]
    bodies = [f"99999999{chance.randrange(1000):03}" for _ in range(50)]
    return [
        *names,
        *(name.lower() for name in names),
        *(name.translate(UKRAINIAN) for name in names),
        *(f"https://card.example/?c={name}" for name in names if name.startswith("C0")),
        *(body + check_digit(body) for body in bodies),
        *(body + str((int(check_digit(body)) + 1) % 10) for body in bodies),
        *("C0" + new_token().text[2:] for _ in range(20)),
        "C0TRAININGGAAAAAAAAAAAAAAAAA",
        "C0TRAININGZAAAAAAAAAAAAAAAAA",
        "C0TRAININGAAAAAAAAAAAAAAAAAB",
    ]


def told(page: Page, function: str, texts: list[str]) -> dict[str, object]:
    answers = page.evaluate(
        """async ([script, name, texts]) => {
            const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
            const module = await import(address);
            return texts.map(module[name]);
        }""",
        [SCRIPT.read_text("utf-8"), function, texts],
    )
    return dict(zip(texts, answers, strict=True))


def test_the_browser_judges_as_the_server_does(page: Page) -> None:
    texts = some_texts()
    judged = told(page, "judge", texts)

    assert judged == {text: server(text) for text in texts}
    assert {"code", "slip", "token", "training", "own", ""} == set(judged.values())


def test_the_browser_knows_the_digits_of_own_cards_as_the_server_does(page: Page) -> None:
    texts = [text for text in some_texts() if text.isascii() and text.isdigit()]
    told_own = told(page, "isOwn", texts)

    assert told_own == {text: is_own(text) for text in texts}
    assert set(told_own.values()) == {True, False}


def test_the_browser_knows_every_lesson_as_the_server_does(page: Page) -> None:
    texts = [*training_texts(), *some_fixed_texts()]
    lessons = told(page, "lessonOf", texts)

    assert lessons == {text: lesson_of(text) for text in texts}
    assert {*LESSONS, None} == set(lessons.values())
