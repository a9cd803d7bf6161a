"""Every pair of text and ground in the style sheet can be read: WCAG AA, light and dark; in high contrast AAA."""

import re
from pathlib import Path

import pytest

import app.web

CSS = (Path(app.web.__file__ or "").parent / "static" / "app.css").read_text("utf-8")
TEXT = [
    *((ink, ground) for ink in ("ink", "soft-ink") for ground in ("paper", "card", "sunk")),
    *((ink, ground) for ink in ("brand", "brand-strong") for ground in ("paper", "card", "brand-wash")),
    *((kind, f"{kind}-wash") for kind in ("good", "warn", "bad", "info", "neutral")),
    *(("ink", f"{kind}-wash") for kind in ("good", "warn", "bad", "info", "brand")),
    *((f"on-{colour}", f"verdict-{colour}") for colour in ("green", "orange", "red", "grey")),
    ("on-brand", "brand"),
    ("on-brand", "brand-strong"),
    ("bad", "card"),
    ("good", "paper"),
    ("soft-ink", "warn-wash"),
]  # fmt: skip
EDGES = [
    *(("field-line", ground) for ground in ("paper", "card", "sunk")),
    *(("accent", ground) for ground in ("paper", "card", "sunk")),
]


DARK, HIGH = "@media (prefers-color-scheme: dark)", ':root[data-contrast="high"]'
MODES = {
    "light": (4.5, 3.0),
    "dark": (4.5, 3.0),
    "light and high": (7.0, 4.5),
    "dark and high": (7.0, 4.5),
}  # the least contrast of text, and of edges


def tokens(mode: str) -> dict[str, str]:
    """The colours of a mode; it keeps what it does not change of those it rests on."""
    light, dark, high, dark_and_high = re.split(
        rf"^ *(?:{re.escape(DARK)} \{{\n  :root|{re.escape(HIGH)}|{re.escape(DARK)} \{{\n  {re.escape(HIGH)}) \{{",
        CSS.split("/* Elements */", 1)[0],
        flags=re.MULTILINE,
    )
    layers = {
        "light": [light],
        "dark": [light, dark],
        "light and high": [light, high],
        "dark and high": [light, dark, high, dark_and_high],
    }
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", "".join(layers[mode])))


def luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2, definition of relative luminance."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio.

    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(mode: str, ink: str, ground: str) -> None:
    colours, (least, _) = tokens(mode), MODES[mode]
    assert contrast(colours[ink], colours[ground]) >= least


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_of_fields_and_of_the_focus_can_be_seen(mode: str, edge: str, ground: str) -> None:
    colours, (_, least) = tokens(mode), MODES[mode]
    assert contrast(colours[edge], colours[ground]) >= least


def test_only_tokens_name_colours() -> None:
    rules = CSS.split("/* Elements */", 1)[1].split("@media print", 1)[0]
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {
        "#e2a24a",
        "#b5522d",
        "#ffffff",
        "#25302e",
    }
