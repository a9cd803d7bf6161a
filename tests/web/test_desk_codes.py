"""The browser judges codes as the server does: the same texts, given to both."""

import random
from pathlib import Path

from playwright.sync_api import Page

import app.web
from app.core.codes import (
    CODE_LENGTH,
    Code,
    MalformedCode,
    Token,
    new_code,
    new_token,
    read_scanned,
)

SCRIPT = Path(app.web.__file__).parent / "static" / "desk_codes.js"
UKRAINIAN = str.maketrans("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФІВАПРОЛДЯЧСМИТЬ")


def server(text: str) -> str:
    """What ``judge`` of the script should say."""
    try:
        read = read_scanned(text)
    except MalformedCode as error:
        return "slip" if error.reason == "check_digit" else ""
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
        *(token[:-1] for token in tokens),
        *(token[:-1] + "B" for token in tokens),
        "",
        "hello",
    ]


def test_the_browser_judges_as_the_server_does(page: Page) -> None:
    texts = some_texts()
    judged = page.evaluate(
        """async ([script, texts]) => {
            const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
            const { judge } = await import(address);
            return texts.map(judge);
        }""",
        [SCRIPT.read_text("utf-8"), texts],
    )

    assert dict(zip(texts, judged, strict=True)) == {text: server(text) for text in texts}
    assert {"code", "slip", "token", ""} == set(judged)
