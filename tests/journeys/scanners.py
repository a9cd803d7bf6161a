"""Scanners that press keys: of any pace and layout, with what they are set to send before and after a code."""

from dataclasses import dataclass

from playwright.sync_api import CDPSession, Page

_KEYS = "QWERTYUIOPASDFGHJKLZXCVBNM]"
LAYOUTS = {
    "English": {},
    "Ukrainian": dict(zip(_KEYS, "ЙЦУКЕНГШЩЗФІВАПРОЛДЯЧСМИТЬЇ", strict=True)),
    "Russian": dict(zip(_KEYS, "ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬЪ", strict=True)),
}
SHIFT = 8


@dataclass(frozen=True)
class Scanner:
    """What it sends around a code, how fast, and the layout of the machine it is plugged into.

    ``pace`` is the milliseconds from key to key; ``ending`` a key, or none.
    """

    layout: str = "English"
    pace: int = 2
    prefix: str = ""
    ending: str = ""
    lower_case: bool = False

    def __str__(self) -> str:
        parts = [self.layout, f"{self.pace} ms", self.prefix, self.ending or "no ending"]
        return ", ".join([*filter(None, parts), *(["lower case"] if self.lower_case else [])])

    def scan(self, page: Page, text: str) -> None:
        """Press the keys of a code wherever the keyboard is."""
        keyboard = page.context.new_cdp_session(page)
        for character in self.prefix + text:
            self._press(keyboard, character)
            page.wait_for_timeout(self.pace)
        if self.ending:
            page.keyboard.press(self.ending)
        keyboard.detach()

    def _press(self, keyboard: CDPSession, character: str) -> None:
        written = LAYOUTS[self.layout].get(character, character)
        is_shifted = character.isalpha() and not self.lower_case
        key = written if is_shifted else written.lower()
        pressed = {
            "key": key,
            "code": _code_of(character),
            "modifiers": SHIFT if is_shifted else 0,
        }
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": key, **pressed})
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **pressed})


def _code_of(character: str) -> str:
    """The key of a keyboard, whatever is printed on it."""
    if character.isalpha():
        return f"Key{character.upper()}"
    return f"Digit{character}" if character.isdigit() else {"]": "BracketRight"}[character]


SCANNERS = (
    Scanner(),
    Scanner(ending="Enter"),
    Scanner(ending="Tab"),
    Scanner(pace=0, ending="Enter"),
    Scanner(pace=60, ending="Enter"),
    Scanner(prefix="]Q1", ending="Enter"),
    Scanner(lower_case=True),
    Scanner("Ukrainian"),
    Scanner("Ukrainian", ending="Enter"),
    Scanner("Ukrainian", pace=40, prefix="]Q1"),
    Scanner("Ukrainian", lower_case=True, ending="Tab"),
    Scanner("Russian", ending="Enter"),
    Scanner("Russian", pace=40, prefix="]Q1", ending="Enter"),
)
